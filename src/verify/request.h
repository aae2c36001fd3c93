/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_VERIFY_REQUEST_H
#define FH_VERIFY_REQUEST_H

#include "chain/approval.h"
#include "chain/request.h"

/* The boot state that a request to be enrolled shows (docs/spec/ENROLMENT), for whoever
 * is about to approve it.  R was read by fh_request_read().  FH_ERR_MISSING if it shows
 * none, FH_ERR_SIGNATURE if its quote is not by its own attestation key, about this
 * machine and chain at enrolment, over the values it carries; T says which.
 * FH_ERR_CRYPTO, FH_ERR_NOMEM.  */
fh_err fh_request_state(const struct fh_request *r, struct fh_pcr_state *out, struct fh_trace *t);

#endif
