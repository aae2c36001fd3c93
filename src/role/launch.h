/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_LAUNCH_H
#define FH_ROLE_LAUNCH_H

#include "base/trace.h"
#include "role/permit.h"

#include <sys/types.h>

/* Starting a tool server: under the user the operator named, with the command,
 * environment and directory of the `server` statement and nothing else.  */

/* Starts S with IN and OUT as its standard input and output.  Without the
 * capability to change users, a server that names another user is refused, and
 * one that names ours runs inside Landlock: its directory, and the system's
 * programs and libraries to read.  FH_ERR_SIGNATURE if its program is not the
 * one that the statement's digest names.  */
fh_err fh_launch(const struct fh_start *s, int in, int out, pid_t *pid, struct fh_trace *t);

/* Kills the process group of server PID, which runs as UID.  */
void fh_launch_kill(pid_t pid, uint32_t uid);

#endif
