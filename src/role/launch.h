/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_LAUNCH_H
#define FH_ROLE_LAUNCH_H

#include "base/trace.h"
#include "role/permit.h"

#include <sys/types.h>

/* Starting a tool server: under the user the operator named, with the command,
 * environment and directory of the `server` statement and nothing else.  */

/* Starts S with IN and OUT as its standard input and output.  Without the
 * capability to change users, a server that names another user or group is
 * refused.  One that names our user runs inside Landlock: its directory, and the
 * system's programs and libraries to read.  FH_ERR_SIGNATURE if its program is
 * not the one that the statement's digest names; a program so named must be one
 * that only root or we can change.  FH_ERR_TIMEOUT after FH_SERVER_LAUNCH_MS.  A
 * child that failed is killed and left to be reaped by the caller.  */
fh_err fh_launch(const struct fh_start *s, int in, int out, pid_t *pid, struct fh_trace *t);

/* Kills PID[N], of which a negative one is a process group, as UID where we may
 * not.  None may have been reaped, or its number could be another's.  */
void fh_launch_kill_all(const pid_t *pid, size_t n, uint32_t uid);

/* Kills server PID, which runs as UID, with its process group.  */
void fh_launch_kill(pid_t pid, uint32_t uid);

#endif
