/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CHIP_TPM2_TPM2_H
#define FH_CHIP_TPM2_TPM2_H

#include "base/arena.h"
#include "chip/chip.h"

/* A TPM 2.0 as the chip, through tpm2-tss's ESYS.  docs/spec/CHIP.md lists all
 * that is made in the TPM and why.
 *
 * Opening may load a library and connect; afterwards nothing is opened, so
 * that the keeper can be confined then.  After FH_ERR_IO the connection is
 * spent: every further call fails so, too, and the chip is to be closed.  */

/* Opens the TPM that TCTI names ("device:/dev/tpmrm0", "swtpm:path=/..."; paths
 * absolute).  The chip's state is taken from ARENA.  Before any thread exists,
 * because it may set TSS2_LOG in the environment.  TRACE (may be NULL) says
 * what failed: FH_ERR_IO if there is no TPM, FH_ERR_PERMISSION if its owner
 * authorisation is needed, FH_ERR_UNSUPPORTED for a TPM without P-256, SHA-256
 * or AES-128, FH_ERR_TPM otherwise.  */
fh_err fh_chip_tpm2_open(const char *tcti, struct fh_arena *arena, struct fh_trace *trace,
			 struct fh_chip *out);

#endif
