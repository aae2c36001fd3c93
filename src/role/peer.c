/* SPDX-License-Identifier: Apache-2.0 */
#include "role/peer.h"

#include "os/file.h"
#include "role/digest.h"

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

fh_err fh_peer_of(int fd, struct fh_peer_identity *out)
{
	struct ucred who;
	socklen_t n = sizeof(who);
	char path[64];

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) != 0)
		return FH_ERR_IO;
	FH_OWN(fh_fd) pidfd = pidfd_of(fd, who.pid);
	struct fh_peer_identity p = { .uid = who.uid, .gid = who.gid };

	(void)snprintf(path, sizeof(path), "/proc/%ld/exe", (long)who.pid);
	int program = open(path, O_RDONLY | O_CLOEXEC);
	FH_OWN(fh_fd) owned = program < 0 ? (struct fh_fd){ 0 } : fh_fd_of(program);

	/* Alive after the program was opened: what was opened is its program.  */
	if (!alive(pidfd))
		return FH_ERR_CLOSED;
	if (program >= 0)
		p.has_executable = fh_digest_of_fd(program, &p.executable) == FH_ERR_OK;
	*out = p;
	return FH_ERR_OK;
}
