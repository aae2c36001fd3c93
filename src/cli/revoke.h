/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_REVOKE_H
#define FH_CLI_REVOKE_H

#include "cli/signing.h"

/* Opens state and keys, and signs that WHAT with ID is revoked.  Returns the
 * exit status.  */
int fh_revoke(const struct fh_cli *cli, const struct fh_usage *u, const struct fh_arguments *a,
	      enum fh_statement_kind what, struct fh_span id);

/* The same with what was opened before; ID has at most FH_NAME_MAX bytes.  */
int fh_revoke_next(const struct fh_cli *cli, const struct fh_arguments *a, struct fh_state *state,
		   const struct fh_signing *signing, enum fh_statement_kind what,
		   struct fh_span id);

#endif
