/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_DAEMON_SOCKET_H
#define FH_CLI_DAEMON_SOCKET_H

#include "base/own.h"
#include "cli/command.h"
#include "os/file.h"

/* The running daemon's socket for clients: who connects is what the kernel says of him.  */

#define FH_SOCKET_OPTION                                                                           \
	{ "socket", 0, false, "PATH", "the daemon's socket for clients" }

constexpr size_t FH_DAEMON_PATH_MAX = FH_PATH_MAX + 8;

/* Connects to --socket, the configuration's, or the one in the state directory; PATH is
 * which.  FH_EXIT_YES, or the status after saying why not.  */
int fh_daemon_connect(const struct fh_cli *cli, const struct fh_arguments *a,
		      char path[FH_DAEMON_PATH_MAX], struct fh_fd *out);

#endif
