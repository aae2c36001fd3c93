/* SPDX-License-Identifier: Apache-2.0 */
/* Everything this process can do: start the tool servers that core names, each
 * with a worker of its own, and end them.  It reads orders of core and nothing
 * that a tool server says.  It cannot be bound to files, because what it starts
 * inherits that; it gives up tracing, mounting and the like for itself and for
 * every tool server.  */
#include "role/reach.h"

#include "os/clock.h"
#include "os/memory.h"
#include "role/confine.h"
#include "role/frame.h"
#include "role/launch.h"
#include "role/log.h"
#include "role/permit.h"
#include "role/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

constexpr uint64_t last_words_ms = 2000; /* for a worker to read what its dead server said */
constexpr uint64_t finish_ms = 2000;     /* for what was killed to die, at our end */
constexpr int tick_ms = 100;
constexpr size_t orphans_max = 1024; /* killed at one time; the death of any brings the next */

/* One running tool server with its worker.  */
struct running {
	uint8_t session[FH_SESSION_ID_SIZE];
	pid_t server;     /* 0: this slot is free, or the server is gone */
	pid_t worker;     /* 0: gone */
	uint32_t uid;
	uint64_t gone_ms; /* when the server died, boot clock */
	bool courier;     /* the worker is one, and has no server */
};

struct reach {
	struct fh_arena memory;
	struct fh_pipe core;
	struct running running[FH_SESSIONS_MAX];
	uint64_t last_index; /* orders to start only rise */
	int children;        /* signalfd of SIGCHLD */
	const char *ca_file; /* a courier's; NULL: none */
};

static struct running *find(struct reach *r, struct fh_span session)
{
	for (size_t i = 0; i < FH_SESSIONS_MAX; i++) {
		struct running *x = &r->running[i];

		if ((x->server > 0 || x->worker > 0)
		    && fh_span_equal(FH_SPAN_ARRAY(x->session), session))
			return x;
	}
	return nullptr;
}

static struct running *find_free(struct reach *r)
{
	for (size_t i = 0; i < FH_SESSIONS_MAX; i++) {
		if (r->running[i].server == 0 && r->running[i].worker == 0)
			return &r->running[i];
	}
	return nullptr;
}

static void end(struct running *x)
{
	if (x->worker > 0)
		(void)kill(x->worker, SIGKILL);
	if (x->server > 0)
		fh_launch_kill(x->server, x->uid);
}

/* --- starting --------------------------------------------------------- */

static void close_pair(int pair[2])
{
	for (size_t i = 0; i < 2; i++) {
		if (pair[i] >= 0)
			(void)close(pair[i]);
	}
}

static fh_err start_both(struct running *x, const struct fh_start *s, const int core[2],
			 const int to[2], const int from[2], struct fh_trace *t)
{
	int fds[] = { -1, core[1], from[0], to[1] };
	fh_err e = fh_launch(s, to[0], from[1], &x->server, t);

	if (e != FH_ERR_OK)
		return e;
	e = fh_spawn_role("worker", /* argument= */ nullptr, fds, 4, &x->worker);
	if (e == FH_ERR_OK)
		return e;
	fh_launch_kill(x->server, s->uid);
	return e;
}

/* Starts server and worker; core's end of the worker's pair is core[0].  */
static fh_err start(struct running *x, const struct fh_start *s, int core[2], struct fh_trace *t)
{
	int to[2] = { -1, -1 }, from[2] = { -1, -1 };
	fh_err e = fh_spawn_pair(core);

	if (e == FH_ERR_OK && (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0))
		e = fh_errno_err(errno);
	if (e == FH_ERR_OK)
		e = start_both(x, s, core, to, from, t);
	close_pair(to);
	close_pair(from);
	return e;
}

static fh_err report(struct reach *r, struct fh_span session, bool running, const char *text,
		     int pass)
{
	uint8_t bytes[1280];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_started s = { session, running, fh_span_str(text) };

	fh_started_put(&b, &s);
	return fh_frame_send(r->core.fd, fh_builder_span(&b), pass);
}

static fh_err on_start(struct reach *r, const struct fh_start *s)
{
	struct running *x = find_free(r);
	struct fh_trace t = { 0 };
	int core[2] = { -1, -1 };
	char text[FH_TRACE_TEXT_MAX + FH_TRACE_WHERE_MAX + 4];
	fh_err e = FH_ERR_LIMIT;

	if (s->index <= r->last_index && r->last_index != 0)
		return FH_ERR_STATE;
	r->last_index = s->index;
	if (x != nullptr) {
		*x = (struct running){ .uid = s->uid };
		memcpy(x->session, s->session.p, FH_SESSION_ID_SIZE);
		e = start(x, s, core, &t);
	}
	if (e == FH_ERR_OK) {
		e = report(r, s->session, true, "", core[0]);
	} else {
		if (x != nullptr)
			*x = (struct running){ 0 };
		(void)snprintf(text, sizeof(text), "%s: %s", t.where,
			       t.what[0] ? t.what : fh_err_text(e));
		e = report(r, s->session, false, text, /* pass= */ -1);
	}
	close_pair(core);
	return e;
}

/* A courier has no tool server, and needs no permit: what it carries is not an action.  */
static fh_err on_courier(struct reach *r, struct fh_span session)
{
	struct running *x = find_free(r);
	int core[2] = { -1, -1 };
	fh_err e = x == nullptr ? FH_ERR_LIMIT : fh_spawn_pair(core);

	if (e == FH_ERR_OK) {
		const char *argument[] = { r->ca_file, nullptr };
		const int fds[] = { -1, core[1] };

		*x = (struct running){ .courier = true };
		memcpy(x->session, session.p, FH_SESSION_ID_SIZE);
		e = fh_spawn_role("courier", argument, fds, 2, &x->worker);
	}
	e = e == FH_ERR_OK ? report(r, session, true, "", core[0])
			   : report(r, session, false, fh_err_text(e), /* pass= */ -1);
	close_pair(core);
	return e;
}

/* --- ending ----------------------------------------------------------- */

static bool is_ours(const struct reach *r, pid_t pid)
{
	for (size_t i = 0; i < FH_SESSIONS_MAX; i++) {
		if (r->running[i].server == pid || r->running[i].worker == pid)
			return true;
	}
	return false;
}

/* What tool servers have left behind became our children.  Which server left a
 * process does not show, so when one of UID has ended all of UID's are killed.
 * The kernel decides what is UID's: a process can hide that from /proc.  */
static void kill_orphans(const struct reach *r, uint32_t uid)
{
	pid_t orphan[orphans_max];
	char path[64], word[16];
	size_t n = 0;

	(void)snprintf(path, sizeof(path), "/proc/self/task/%ld/children", (long)getpid());
	FILE *f = fopen(path, "re");

	if (f == nullptr)
		return;
	while (n < orphans_max && fscanf(f, "%15s", word) == 1) {
		pid_t pid = (pid_t)strtol(word, nullptr, 10);

		if (pid > 1 && !is_ours(r, pid))
			orphan[n++] = pid;
	}
	(void)fclose(f);
	if (n > 0)
		fh_launch_kill_all(orphan, n, uid);
}

/* PID of user UID is dead and not yet reaped, so that its number and its group's
 * are still its own.  A worker's death ends its server; a server's death ends
 * its pipe, which its worker sees.  */
static void on_death(struct reach *r, pid_t pid, uint32_t uid)
{
	for (size_t i = 0; i < FH_SESSIONS_MAX; i++) {
		struct running *x = &r->running[i];

		if (x->worker == pid) {
			x->worker = 0;
			end(x);
			return;
		}
		if (x->server == pid) {
			fh_launch_kill(pid, x->uid);
			x->server = 0;
			x->gone_ms = fh_clock_boot_ms();
			uid = x->uid;
			break;
		}
	}
	kill_orphans(r, uid);
}

static void reap(struct reach *r)
{
	struct signalfd_siginfo info;
	siginfo_t dead = { 0 };

	(void)!read(r->children, &info, sizeof(info));
	while (waitid(P_ALL, 0, &dead, WEXITED | WNOHANG | WNOWAIT) == 0 && dead.si_pid > 0) {
		on_death(r, dead.si_pid, dead.si_uid);
		(void)waitid(P_PID, (id_t)dead.si_pid, &dead, WEXITED | WNOHANG);
		dead = (siginfo_t){ 0 };
	}
}

/* Ends the workers whose server died and left its pipe to somebody; false if
 * there are none whose server died.  */
static bool end_workers(struct reach *r)
{
	uint64_t now = fh_clock_boot_ms();
	bool any = false;

	for (size_t i = 0; i < FH_SESSIONS_MAX; i++) {
		struct running *x = &r->running[i];

		if (x->server > 0 || x->worker == 0 || x->courier)
			continue;
		any = true;
		if (now - x->gone_ms >= last_words_ms)
			end(x);
	}
	return any;
}

/* Ends all of them, and what they left behind.  */
static void finish(struct reach *r)
{
	uint64_t until = fh_clock_boot_ms() + finish_ms;
	siginfo_t any = { 0 };

	for (size_t i = 0; i < FH_SESSIONS_MAX; i++)
		end(&r->running[i]);
	while (waitid(P_ALL, 0, &any, WEXITED | WNOHANG | WNOWAIT) == 0
	       && fh_clock_boot_ms() < until) {
		struct pollfd f = { .fd = r->children, .events = POLLIN };

		(void)poll(&f, 1, tick_ms);
		reap(r);
	}
}

static fh_err on_order(struct reach *r, struct fh_span frame)
{
	struct fh_start *s = fh_arena_take(&r->memory, sizeof(*s));
	enum fh_reach_order order;

	if (s == nullptr)
		return FH_ERR_NOMEM;
	fh_err e = fh_reach_order_read(frame, &order, s);

	if (e != FH_ERR_OK)
		return e;
	if (order == FH_REACH_START)
		return on_start(r, s);
	if (order == FH_REACH_COURIER)
		return on_courier(r, s->session);
	struct running *x = find(r, s->session);

	if (x != nullptr)
		end(x);
	return FH_ERR_OK;
}

static fh_err on_core(struct reach *r)
{
	struct fh_span frame;
	fh_err e = fh_pipe_receive(&r->core);

	while (e == FH_ERR_OK && (e = fh_pipe_next(&r->core, &frame)) == FH_ERR_OK) {
		size_t mark = r->memory.n;

		e = on_order(r, frame);
		r->memory.n = mark;
	}
	return e == FH_ERR_MISSING ? FH_ERR_OK : e;
}

static fh_err serve(struct reach *r)
{
	struct pollfd f[] = { { .fd = r->core.fd, .events = POLLIN },
			      { .fd = r->children, .events = POLLIN } };
	fh_err e = FH_ERR_OK;

	while (e == FH_ERR_OK) {
		if (poll(f, 2, end_workers(r) ? tick_ms : -1) < 0)
			continue;
		if (f[1].revents != 0)
			reap(r);
		if (f[0].revents != 0)
			e = on_core(r);
	}
	finish(r);
	return e;
}

static fh_err watch_children(struct reach *r)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, nullptr) != 0
	    || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
		return FH_ERR_IO;
	r->children = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return r->children < 0 ? FH_ERR_IO : FH_ERR_OK;
}

int fh_role_reach(int argc, char **argv)
{
	struct fh_confinement what = { .role = FH_ROLE_REACH };
	struct reach r = { .ca_file = argc > 1 ? argv[1] : nullptr };
	struct fh_trace t = { 0 };
	int landlock;

	fh_err e = fh_confine(&what, &landlock, &t);

	if (e == FH_ERR_OK)
		e = fh_arena_map(FH_FRAME_MAX + (1 << 20), &r.memory);
	if (e == FH_ERR_OK)
		e = fh_pipe_open(FH_FD_CORE, FH_FRAME_MAX, &r.memory, &r.core);
	if (e == FH_ERR_OK)
		e = watch_children(&r);
	if (e == FH_ERR_OK)
		e = serve(&r);
	if (e == FH_ERR_CLOSED)
		return 0;
	fh_log_error("reach", e, &t);
	return 2;
}
