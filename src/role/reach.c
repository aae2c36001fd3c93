/* SPDX-License-Identifier: Apache-2.0 */
/* Everything this process can do: start the tool servers that core names, each
 * with a worker of its own, and end them.  It reads orders of core and nothing
 * that a tool server says.  It cannot be bound to files, because what it starts
 * inherits that; it gives up tracing, mounting and the like for itself and for
 * every tool server.  */
#include "role/reach.h"

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
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* One running tool server with its worker.  */
struct running {
	uint8_t session[FH_SESSION_ID_SIZE];
	pid_t server; /* 0: this slot is free, or the server is gone */
	pid_t worker; /* 0: gone */
	uint32_t uid;
};

struct reach {
	struct fh_arena memory;
	struct fh_pipe core;
	struct running running[FH_SESSIONS_MAX];
	uint64_t last_index; /* orders to start only rise */
	int children;        /* signalfd of SIGCHLD */
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

/* --- ending ----------------------------------------------------------- */

/* A worker's death ends its server; a server's death ends its pipe, which its
 * worker sees.  */
static void reap(struct reach *r)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	(void)!read(r->children, &info, sizeof(info));
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (size_t i = 0; i < FH_SESSIONS_MAX; i++) {
			struct running *x = &r->running[i];

			if (x->server == pid)
				x->server = 0;
			if (x->worker == pid) {
				x->worker = 0;
				end(x);
			}
		}
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
		if (poll(f, 2, /* timeout= */ -1) < 0)
			continue;
		if (f[1].revents != 0)
			reap(r);
		if (f[0].revents != 0)
			e = on_core(r);
	}
	for (size_t i = 0; i < FH_SESSIONS_MAX; i++)
		end(&r->running[i]);
	return e;
}

static fh_err watch_children(struct reach *r)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, nullptr) != 0)
		return FH_ERR_IO;
	r->children = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return r->children < 0 ? FH_ERR_IO : FH_ERR_OK;
}

int fh_role_reach(int argc, char **argv)
{
	struct fh_confinement what = { .role = FH_ROLE_REACH };
	struct reach r = { 0 };
	struct fh_trace t = { 0 };
	int landlock;

	(void)argc;
	(void)argv;
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
