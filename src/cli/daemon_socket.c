/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/daemon_socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static int fail_to_connect(const char *path)
{
	switch (errno) {
	case ENOENT:
	case ECONNREFUSED:
		return fh_cli_fail(FH_ERR_MISSING, path, "the daemon is not running",
				   "start it with freehold serve, or name its socket with "
				   "--socket");
	case EACCES:
	case EPERM:
		return fh_cli_fail(FH_ERR_PERMISSION, path, "this user may not connect",
				   "ask the operator for access to the socket");
	default:
		return fh_cli_fail(FH_ERR_IO, path, strerror(errno), nullptr);
	}
}

static int connect_to(const char *path, struct fh_fd *out)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	FH_OWN(fh_fd) fd = fh_fd_of(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));

	if (strlen(path) >= sizeof(at.sun_path))
		return fh_cli_fail(FH_ERR_LIMIT, path, "the path is too long for a socket",
				   "use one of at most 107 bytes");
	memcpy(at.sun_path, path, strlen(path));
	if (fh_fd_get(fd) < 0
	    || connect(fh_fd_get(fd), (struct sockaddr *)&at, sizeof(at)) != 0)
		return fail_to_connect(path);
	*out = fd;
	fd = (struct fh_fd){ 0 };
	return FH_EXIT_YES;
}

/* --socket, the configuration, or the place in the state directory.  */
static int choose_path(const struct fh_cli *cli, const struct fh_arguments *a,
		       char out[FH_DAEMON_PATH_MAX])
{
	const char *given = fh_argument(a, "socket");
	int n;

	if (given == nullptr && cli->config.socket[0] != '\0')
		given = cli->config.socket;
	n = given != nullptr ? snprintf(out, FH_DAEMON_PATH_MAX, "%s", given)
			     : snprintf(out, FH_DAEMON_PATH_MAX, "%s/socket", cli->config.state);
	if (n < 0 || (size_t)n >= FH_DAEMON_PATH_MAX)
		return fh_cli_fail(FH_ERR_LIMIT, "--socket", "the path is too long", nullptr);
	return FH_EXIT_YES;
}

int fh_daemon_connect(const struct fh_cli *cli, const struct fh_arguments *a,
		      char path[FH_DAEMON_PATH_MAX], struct fh_fd *out)
{
	int done = choose_path(cli, a, path);

	return done == FH_EXIT_YES ? connect_to(path, out) : done;
}
