/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_ACTIVATE_H
#define FH_CLI_ACTIVATE_H

#include "cli/state.h"

/* The device's end of enrolment: takes the operator's answer FILE, read from
 * PATH, into STATE.  The TPM must hold this machine's device key and open the
 * credential; only then, and only if every statement in the answer is accepted,
 * is anything added.  Tells what happened and returns the exit status.  */
int fh_activate(const struct fh_cli *cli, struct fh_state *state, struct fh_span file,
		const char *path);

#endif
