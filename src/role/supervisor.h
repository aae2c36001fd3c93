/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_SUPERVISOR_H
#define FH_ROLE_SUPERVISOR_H

#include "base/limits.h"
#include "base/trace.h"
#include "freehold/error.h"

/* `freehold serve`: owns the listening sockets and the state's lock, starts the
 * roles, names the peers of Unix connections, and reads nothing that a client
 * or a tool server says.  */

struct fh_serve {
	char state[FH_PATH_MAX];  /* the state directory */
	char socket[FH_PATH_MAX]; /* Unix socket of clients; empty: none */
	char address[128];        /* ADDRESS:PORT for HTTP; empty: none; port 0: any free one */
	char ca_file[FH_PATH_MAX]; /* authorities of witnesses in the place of the system's; empty:
				   * those */
	char tcti[256];           /* which TPM, unless the state was made without one */
};

/* Serves until SIGTERM or SIGINT, which end in order (FH_ERR_OK), or until a
 * role dies or something cannot be set up, which T explains.  */
fh_err fh_supervise(const struct fh_serve *what, struct fh_trace *t);

#endif
