/* SPDX-License-Identifier: Apache-2.0 */
#include "role/peer.h"

#include "os/file.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

/* The peer's pidfd: from the socket where the kernel gives it (6.5), otherwise
 * opened by number, which the liveness check below makes safe enough only if
 * the process has lived since it connected.  */
static struct fh_fd pidfd_of(int fd, pid_t pid)
{
	int pidfd = -1;
	socklen_t n = sizeof(pidfd);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &n) != 0)
		pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	return pidfd < 0 ? (struct fh_fd){ 0 } : fh_fd_of(pidfd);
}

static bool alive(struct fh_fd pidfd)
{
	struct pollfd f = { .fd = fh_fd_get(pidfd), .events = POLLIN };

	return pidfd.plus_one > 0 && poll(&f, 1, /* timeout= */ 0) == 0;
}

static fh_err credentials(int fd, struct ucred *out)
{
	socklen_t n = sizeof(*out);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, out, &n) == 0 ? FH_ERR_OK : FH_ERR_IO;
}

fh_err fh_peer_name(int fd, struct fh_peer_identity *out)
{
	struct ucred who;
	fh_err e = credentials(fd, &who);

	if (e == FH_ERR_OK)
		*out = (struct fh_peer_identity){ .uid = who.uid, .gid = who.gid };
	return e;
}

fh_err fh_peer_look(int fd, struct fh_digests *seen, struct fh_peer_identity *who)
{
	struct ucred c;
	char path[64];
	fh_err e = credentials(fd, &c);

	if (e != FH_ERR_OK)
		return e;
	FH_OWN(fh_fd) pidfd = pidfd_of(fd, c.pid);

	(void)snprintf(path, sizeof(path), "/proc/%ld/exe", (long)c.pid);
	int program = open(path, O_RDONLY | O_CLOEXEC);
	FH_OWN(fh_fd) owned = program < 0 ? (struct fh_fd){ 0 } : fh_fd_of(program);

	/* Alive after the program was opened: what was opened is its program.  */
	if (!alive(pidfd))
		return FH_ERR_CLOSED;
	if (program >= 0)
		who->has_executable = fh_digests_of_fd(seen, program, &who->executable)
				      == FH_ERR_OK;
	return FH_ERR_OK;
}
