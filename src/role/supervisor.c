/* SPDX-License-Identifier: Apache-2.0 */
/* Everything this process can do: start the roles with the descriptors they are
 * meant to have, name the peers of Unix connections, and end.  It reads nothing
 * that a client or a tool server says.  The death of core, keeper, reach or the
 * network gate ends it with a failure, because none can stand in for another;
 * the service manager starts all of them again.  */
#include "role/supervisor.h"

#include "role/confine.h"
#include "role/log.h"
#include "role/supervisor_private.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

constexpr int stop_ms = 15000;    /* core's time to end in order */
constexpr int reach_ms = 5000;    /* reach's, to end all tool servers */
constexpr int aftermath_ms = 100; /* for others to die of a role's death */
constexpr int cause_ms = 5000;    /* for a role to die whose closing others died of */

/* --- telling the service manager -------------------------------------- */

/* The protocol of sd_notify(3): one datagram to $NOTIFY_SOCKET.  */
static void notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t n = path == nullptr ? 0 : strlen(path);

	if (n == 0 || n >= sizeof(a.sun_path))
		return;
	memcpy(a.sun_path, path, n);
	if (a.sun_path[0] == '@')
		a.sun_path[0] = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	FH_OWN(fh_fd) owned = fh_fd_of(fd);

	(void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&a,
		      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
}

/* --- the death of roles ----------------------------------------------- */

/* A gate of one peer takes only its own connections with it.  */
static void forget_gate(struct fh_supervisor *s, pid_t pid)
{
	for (size_t i = 0; i < FH_GATES_MAX; i++) {
		if (s->gate[i].pid != pid)
			continue;
		fh_fd_drop(&s->gate[i].control);
		s->gate[i] = (struct supervised_gate){ 0 };
	}
}

/* A death that ends serve.  */
struct death {
	const char *role; /* NULL: none */
	int status;       /* as waitpid() gives it */
	size_t rank;      /* the lowest is told */
};

/* When one role dies those that talk to it end, too, and may be reaped before
 * it.  The cause is one that was killed, or else the one that fewest depend
 * upon.  */
static void bury(struct fh_supervisor *s, pid_t pid, int status, struct death *cause)
{
	static const char *const name[] = { "keeper", "core", "reach", "the network gate" };
	pid_t *const role[] = { &s->keeper, &s->core, &s->reach, &s->network };
	constexpr size_t n = sizeof(role) / sizeof(role[0]);
	constexpr size_t core = 1;

	forget_gate(s, pid);
	for (size_t i = 0; i < n; i++) {
		if (*role[i] != pid)
			continue;
		*role[i] = 0; /* the number may soon be another's */
		/* Core ends first when all is to end, and the others because of it.  */
		if (s->stopping && WIFEXITED(status) && (i != core || WEXITSTATUS(status) == 0))
			continue;
		size_t rank = i;

		if (!WIFSIGNALED(status))
			rank += WEXITSTATUS(status) != 0 ? n : 2 * n;
		if (cause->role == nullptr || rank < cause->rank)
			*cause = (struct death){ name[i], status, rank };
	}
}

/* Another child ends soon.  A role that ended in order did so because another is
 * ending, which may have its reason to write to the disk first: that one is waited
 * for, lest its answer be taken for a failure.  */
static bool more_deaths(const struct fh_supervisor *s, const struct death *cause)
{
	bool effect = WIFEXITED(cause->status) && WEXITSTATUS(cause->status) == 0;
	struct pollfd f = { .fd = s->signals, .events = POLLIN };
	struct signalfd_siginfo info;

	if (poll(&f, 1, effect ? cause_ms : aftermath_ms) <= 0)
		return false;
	while (read(s->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		;
	return true;
}

/* Core has checked, and the answer was no: another start would say the same.  */
static bool refused(const struct death *cause)
{
	return strcmp(cause->role, "core") == 0 && WIFEXITED(cause->status)
	       && WEXITSTATUS(cause->status) == 1;
}

static fh_err reap(struct fh_supervisor *s, struct fh_trace *t)
{
	struct death cause = { 0 };
	int status;
	pid_t pid;

	do {
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
			bury(s, pid, status, &cause);
	} while (cause.role != nullptr && more_deaths(s, &cause));
	if (cause.role == nullptr)
		return FH_ERR_OK;
	fh_trace_where(t, "%s", cause.role);
	if (refused(&cause)) {
		fh_trace_what(t, "refused to serve in this state");
		fh_trace_cure(t, "its own message above names the state and what cures it; so does "
			      "`freehold status`");
		return FH_ERR_UNAPPROVED;
	}
	if (WIFSIGNALED(cause.status))
		fh_trace_what(t, "was killed by signal %d", WTERMSIG(cause.status));
	else
		fh_trace_what(t, "ended with status %d", WEXITSTATUS(cause.status));
	fh_trace_cure(t, WIFSIGNALED(cause.status)
				 ? "find out who killed it (memory?); start freehold again"
				 : "its own message above says why; start freehold again");
	return FH_ERR_CLOSED;
}

/* --- the loop --------------------------------------------------------- */

static fh_err on_signal(struct fh_supervisor *s, struct fh_trace *t)
{
	struct signalfd_siginfo info;

	while (read(s->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			s->stopping = true;
	}
	return reap(s, t);
}

static fh_err on_core(struct fh_supervisor *s)
{
	enum fh_control_order order;
	struct fh_peer peer;
	struct fh_span frame;
	fh_err e = fh_pipe_receive(&s->control);

	if (e == FH_ERR_CLOSED) /* its end is reaped and explained there */
		s->core_silent = true;
	while (e == FH_ERR_OK && (e = fh_pipe_next(&s->control, &frame)) == FH_ERR_OK) {
		e = fh_control_read(frame, &order, &peer);
		if (e != FH_ERR_OK || order != FH_CONTROL_READY || s->ready)
			return FH_ERR_FORMAT;
		s->ready = true;
	}
	return e == FH_ERR_MISSING || e == FH_ERR_CLOSED ? FH_ERR_OK : e;
}

static fh_err wait_turn(struct fh_supervisor *s, int timeout, struct fh_trace *t)
{
	bool accepting = s->ready && !s->stopping && s->unix_socket.plus_one > 0;
	struct pollfd f[] = {
		{ .fd = s->signals, .events = POLLIN },
		{ .fd = s->core_silent ? -1 : s->control.fd, .events = POLLIN },
		{ .fd = accepting ? fh_fd_get(s->unix_socket) : -1, .events = POLLIN },
	};
	fh_err e = FH_ERR_OK;

	if (poll(f, 3, timeout) < 0 && errno != EINTR)
		return FH_ERR_IO;
	if (f[0].revents != 0)
		e = on_signal(s, t);
	if (e == FH_ERR_OK && f[1].revents != 0)
		e = on_core(s);
	if (e == FH_ERR_OK && f[2].revents != 0)
		fh_supervisor_accept(s);
	return e;
}

/* Core ends first, with the record in order; the rest has nothing to lose.  */
static fh_err stop(struct fh_supervisor *s, struct fh_trace *t)
{
	uint8_t bytes[16];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	fh_err e;

	notify("STOPPING=1");
	fh_control_put(&b, FH_CONTROL_STOP, /* peer= */ nullptr);
	e = fh_frame_send(s->control.fd, fh_builder_span(&b), /* pass= */ -1);
	for (int waited = 0; e == FH_ERR_OK && s->core > 0 && waited < stop_ms; waited += 100)
		e = wait_turn(s, 100, t);
	if (e == FH_ERR_OK && s->core > 0) {
		fh_trace_where(t, "core");
		fh_trace_what(t, "did not end in %d s", stop_ms / 1000);
		return FH_ERR_TIMEOUT;
	}
	return e;
}

/* Reach ends by itself without core, and only it finds what tool servers have
 * started.  */
static void await_reach(struct fh_supervisor *s)
{
	constexpr int step_ms = 10;

	for (int waited = 0; s->reach > 0 && waited < reach_ms; waited += step_ms) {
		if (waitpid(s->reach, nullptr, WNOHANG) != 0)
			s->reach = 0;
		else
			(void)poll(/* fds= */ nullptr, 0, step_ms);
	}
	if (s->reach > 0)
		(void)kill(s->reach, SIGKILL);
}

static void kill_all(struct fh_supervisor *s)
{
	pid_t all[] = { s->core, s->network, s->keeper };

	for (size_t i = 0; i < 3; i++) {
		if (all[i] > 0)
			(void)kill(all[i], SIGKILL);
	}
	for (size_t i = 0; i < FH_GATES_MAX; i++) {
		if (s->gate[i].pid > 0)
			(void)kill(s->gate[i].pid, SIGKILL);
	}
	await_reach(s);
	while (waitpid(-1, nullptr, 0) > 0 || errno == EINTR)
		;
}

static fh_err run(struct fh_supervisor *s, struct fh_trace *t)
{
	fh_err e = fh_supervisor_start_core(s, t);

	while (e == FH_ERR_OK && !s->stopping && !s->ready)
		e = wait_turn(s, /* timeout= */ -1, t);
	if (e == FH_ERR_OK && s->ready)
		e = fh_supervisor_start_network(s, t);
	if (e == FH_ERR_OK && s->ready) {
		notify("READY=1");
		fh_log(FH_LOG_PRIORITY_NOTICE, "serve", "ready%s%s", s->url[0] ? "; " : "", s->url);
	}
	while (e == FH_ERR_OK && !s->stopping)
		e = wait_turn(s, /* timeout= */ -1, t);
	return e == FH_ERR_OK ? stop(s, t) : e;
}

static fh_err watch_signals(struct fh_supervisor *s)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, nullptr) != 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return FH_ERR_IO;
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signals < 0 ? FH_ERR_IO : FH_ERR_OK;
}

fh_err fh_supervise(const struct fh_serve *what, struct fh_trace *t)
{
	struct fh_confinement confinement = { .role = FH_ROLE_SUPERVISOR };
	FH_OWN(fh_supervisor) s = { .what = what };
	int landlock;
	fh_err e = fh_supervisor_open(&s, t);

	if (e == FH_ERR_OK)
		e = watch_signals(&s);
	if (e == FH_ERR_OK)
		e = fh_confine(&confinement, &landlock, t);
	if (e == FH_ERR_OK)
		e = run(&s, t);
	kill_all(&s);
	if (what->socket[0] != '\0' && s.unix_socket.plus_one > 0)
		(void)unlink(what->socket);
	return e;
}
