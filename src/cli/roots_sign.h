/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_ROOTS_SIGN_H
#define FH_CLI_ROOTS_SIGN_H

#include "cli/roots_files.h"
#include "cli/state.h"

/* `roots sign`, and what was signed.  */

int fh_roots_sign(struct fh_cli *cli, int argc, char **argv);

/* The roots that the chain of CLI's state directory names, in memory of STATE, which is to be
 * dropped in any case.  FH_ERR_MISSING if there are none.  */
fh_err fh_roots_signed(const struct fh_cli *cli, struct fh_state *state, struct fh_roots_files *out,
		       struct fh_trace *t);

#endif
