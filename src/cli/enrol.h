/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_ENROL_H
#define FH_CLI_ENROL_H

#include "cli/state.h"

/* Makes this machine's device key for STATE's chain, seals seed || chain id ||
 * device id to the chip into keys/device, and makes the chip's start counter.
 * NO_TPM: without a chip, grade none.  The `device` body, with the proof of
 * possession, is written to *BODY in STATE's memory.  */
fh_err fh_enrol(const struct fh_cli *cli, struct fh_state *state, const char *name, bool no_tpm,
		struct fh_span *body, struct fh_trace *t);

#endif
