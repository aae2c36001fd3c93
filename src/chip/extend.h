/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CHIP_EXTEND_H
#define FH_CHIP_EXTEND_H

#include "base/trace.h"
#include "crypto/bank.h"
#include "freehold/error.h"

/* Extends a PCR of the TPM behind a descriptor, with two commands made by hand: what
 * runs in an initramfs is to be one static file, without tpm2-tss.  */

/* Which of fh_banks PCR has in this TPM.  FH_ERR_UNSUPPORTED if it has none of them;
 * FH_ERR_IO, or FH_ERR_TPM with a trace.  */
fh_err fh_extend_banks(int tpm, unsigned pcr, bool active[static FH_BANKS_PLAIN],
		       struct fh_trace *t);

/* Extends PCR by DIGEST[i] in each bank I that is ACTIVE; errors alike.  */
fh_err fh_extend(int tpm, unsigned pcr, const bool active[static FH_BANKS_PLAIN],
		 const struct fh_digest digest[static FH_BANKS_PLAIN], struct fh_trace *t);

#endif
