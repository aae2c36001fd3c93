/* SPDX-License-Identifier: Apache-2.0 */
#include "role/spawn.h"

#include "base/limits.h"
#include "os/file.h"
#include "role/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

constexpr size_t arguments_max = 12;
constexpr int first_fd = 3;
constexpr int parking = 100; /* above all fixed places: descriptors are put here first */

fh_err fh_spawn_pair(int pair[2])
{
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0 ? FH_ERR_OK
									     : fh_errno_err(errno);
}

/* Puts fds[i] at 3 + i.  Moved out of the way first, because a source may stand
 * where another belongs.  */
static bool place(const int *fds, size_t n)
{
	int parked[FH_SPAWN_FDS_MAX];

	for (size_t i = 0; i < n; i++) {
		parked[i] = fds[i] < 0 ? -1 : fcntl(fds[i], F_DUPFD, parking);
		if (fds[i] >= 0 && parked[i] < 0)
			return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (fds[i] < 0)
			(void)close(first_fd + (int)i);
		else if (dup2(parked[i], first_fd + (int)i) < 0)
			return false;
	}
	return close_range((unsigned)(first_fd + (int)n), ~0u, 0) == 0;
}

/* The child: never returns.  */
static void become(const char *const *argv, const int *fds, size_t n, pid_t parent)
{
	char log[64];
	const char *environment[] = { "LC_ALL=C", "TSS2_LOG=all+NONE", log, nullptr };
	int nowhere = open("/dev/null", O_RDWR);

	const char *level = getenv(FH_LOG_VARIABLE);

	(void)snprintf(log, sizeof(log), "%s=%s", FH_LOG_VARIABLE, level == nullptr ? "" : level);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || nowhere < 0)
		_exit(127);
	if (dup2(nowhere, STDIN_FILENO) < 0 || dup2(nowhere, STDOUT_FILENO) < 0 || !place(fds, n))
		_exit(127);
	sigset_t none;

	/* Ctrl-C goes to the whole group; roles end when the supervisor has ended core
	 * in order.  */
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, nullptr);
	(void)execve("/proc/self/exe", (char *const *)argv, (char *const *)environment);
	_exit(127);
}

fh_err fh_spawn_role(const char *name, const char *const *argument, const int *fds, size_t n,
		     pid_t *pid)
{
	const char *argv[arguments_max] = { "freehold", "role", name };
	pid_t parent = getpid();

	for (size_t i = 0; argument != nullptr && argument[i] != nullptr; i++) {
		if (i + 4 >= arguments_max)
			return FH_ERR_LIMIT;
		argv[3 + i] = argument[i];
	}
	if (n > FH_SPAWN_FDS_MAX)
		return FH_ERR_LIMIT;
	pid_t child = fork();

	if (child < 0)
		return fh_errno_err(errno);
	if (child == 0)
		become(argv, fds, n, parent);
	*pid = child;
	return FH_ERR_OK;
}
