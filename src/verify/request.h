/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_VERIFY_REQUEST_H
#define FH_VERIFY_REQUEST_H

#include "base/arena.h"
#include "chain/approval.h"
#include "chain/request.h"
#include "verify/firmware.h"

/* The boot state that a request to be enrolled shows (docs/spec/ENROLMENT), for whoever
 * is about to approve it.  R was read by fh_request_read().  FH_ERR_MISSING if it shows
 * none, FH_ERR_SIGNATURE if its quote is not by its own attestation key, about this
 * machine and chain at enrolment, over the values it carries; T says which.
 * FH_ERR_CRYPTO, FH_ERR_NOMEM.  */
fh_err fh_request_state(const struct fh_request *r, struct fh_pcr_state *out, struct fh_trace *t);

/* The version of its TPM's firmware that the same quote tells; errors as fh_request_state().  */
fh_err fh_request_firmware(const struct fh_request *r, struct fh_firmware_seen *out,
			   struct fh_trace *t);

/* What the TPM of R certifies of its device key (docs/spec/ENROLMENT), for the operators whom
 * GENESIS, the statement file of R's chain, names.  FH_ERR_MISSING if nothing, FH_ERR_SIGNATURE
 * if it is not so; T says why.  FH_ERR_CRYPTO, FH_ERR_NOMEM.  SCRATCH is reset.  */
fh_err fh_request_certified(const struct fh_request *r, struct fh_span genesis,
			    struct fh_arena *memory, struct fh_arena *scratch,
			    struct fh_trace *t);

#endif
