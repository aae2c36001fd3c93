/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/part.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/boot.h"
#include "role/keeper.h"

constexpr size_t words_max = 8;

static void must(bool so, const char *what)
{
	if (so)
		return;
	(void)fprintf(stderr, "# the test cannot be set up: %s: %s\n", what, strerror(errno));
	exit(99);
}

static void become(const struct fh_house *h, const char *const *argv, const int *fds, size_t n)
{
	int parked[16], log = open(h->log, O_WRONLY | O_CREAT | O_APPEND, 0600);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)dup2(log, 2);
	for (size_t i = 0; i < n; i++)
		parked[i] = fds[i] < 0 ? -1 : fcntl(fds[i], F_DUPFD, 100);
	for (size_t i = 0; i < n; i++) {
		if (parked[i] < 0)
			(void)close(3 + (int)i);
		else
			(void)dup2(parked[i], 3 + (int)i);
	}
	(void)close_range(3 + (unsigned)n, ~0u, 0);
	(void)execv(argv[0], (char *const *)argv);
	_exit(127);
}

pid_t fh_part_start(const struct fh_house *h, const char *const *words, const int *fds, size_t n)
{
	const char *argv[words_max] = { h->freehold, "role" };

	for (size_t i = 0; words[i] != nullptr; i++)
		argv[2 + i] = words[i];
	pid_t pid = fork();

	must(pid >= 0, "fork");
	if (pid == 0)
		become(h, argv, fds, n);
	return pid;
}

pid_t fh_part_keeper(const struct fh_house *h, int *core)
{
	static const char *const name[] = { "signed", "device", "session", "counter",
					    "witnessed", "data.0", "data.1" };
	constexpr size_t files = sizeof(name) / sizeof(name[0]);
	char boot[2 * FH_HASH_SIZE + 1] = { 0 }, path[2 * FH_HOUSE_PATH];
	struct fh_builder b = fh_builder_of(boot, sizeof(boot) - 1);
	const char *const words[] = { "keeper", "soft", boot, nullptr };
	int fds[2 + files] = { -1 }, pair[2];
	struct fh_hash id;

	must(fh_boot_id(&id) == FH_ERR_OK, "boot id");
	fh_builder_hex(&b, fh_hash_span(&id));
	fh_part_pair(pair);
	fds[1] = pair[1];
	for (size_t i = 0; i < files; i++) {
		(void)snprintf(path, sizeof(path), "%s/keys/%s", h->state, name[i]);
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

		must(fd >= 0, path);
		fds[FH_KEEPER_SIGNED - 3 + i] = fd;
	}
	pid_t pid = fh_part_start(h, words, fds, 2 + files);

	for (size_t i = 1; i < 2 + files; i++)
		(void)close(fds[i]);
	*core = pair[0];
	return pid;
}

void fh_part_end(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, nullptr, 0);
}

void fh_part_pair(int pair[2])
{
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0, "socketpair");
}

bool fh_part_send(int fd, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	while (n > 0) {
		ssize_t done = send(fd, p, n, MSG_NOSIGNAL);

		if (done <= 0)
			return false;
		p += done;
		n -= (size_t)done;
	}
	return true;
}

bool fh_part_hear(struct fh_pipe *p, int ms, struct fh_span *out)
{
	struct pollfd f = { .fd = p->fd, .events = POLLIN };

	for (;;) {
		fh_err e = fh_pipe_next(p, out);

		if (e != FH_ERR_MISSING)
			return e == FH_ERR_OK;
		if (poll(&f, 1, ms) <= 0 || fh_pipe_receive(p) != FH_ERR_OK)
			return false;
	}
}

bool fh_part_cut_off(int fd, int ms)
{
	struct pollfd f = { .fd = fd, .events = POLLIN };
	char bytes[4096];

	while (poll(&f, 1, ms) > 0) {
		if (read(fd, bytes, sizeof(bytes)) <= 0)
			return true;
	}
	return false;
}

size_t fh_part_descriptors(pid_t pid)
{
	char path[64];
	size_t n = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	DIR *d = opendir(path);

	must(d != nullptr, path);
	while (readdir(d) != nullptr)
		n++;
	(void)closedir(d);
	return n;
}
