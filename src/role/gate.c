/* SPDX-License-Identifier: Apache-2.0 */
/* gate: reads what clients send and says what core answers.
 *
 * This process can talk to core, to its clients and to the supervisor over
 * descriptors that it was given, and take connections from one listening socket.
 * It holds no key, opens no file, connects to nobody and decides nothing.  */
#include "role/gate.h"

#include "base/cursor.h"
#include "codec/cbor.h"
#include "os/memory.h"
#include "role/confine.h"
#include "role/log.h"
#include "role/role.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

constexpr uint32_t tick_ms = 500;
constexpr uint64_t farewell_ms = 2000; /* to tell clients that core is gone */
constexpr size_t control_max = 64;     /* a frame of the supervisor */
constexpr size_t to_core_small = 64 << 10;
constexpr size_t to_core_max = 4 * FH_FRAME_MAX;
constexpr int accept_burst = 16;       /* connections taken before others get a turn */

static int fail(const char *what, const char *cure)
{
	fh_log(FH_LOG_PRIORITY_ERROR, "gate", "%s; %s", what, cure);
	return 2;
}

static size_t memory_size(void)
{
	size_t client = sizeof(struct fh_client) + 3 * FH_CLIENT_SMALL + 256;

	return FH_CONNECTIONS_MAX * (client + 1024) + FH_INFLIGHT_MAX * sizeof(struct fh_pending)
	     + FH_FRAME_MAX + to_core_small + FH_DOCUMENT_MAX + (1 << 20);
}

static fh_err take_memory(struct fh_gate *g)
{
	struct fh_arena *m = &g->memory;
	size_t places = FH_INFLIGHT_MAX - 1;

	g->in_count.max = FH_LARGE_MAX;
	g->out_count.max = FH_LARGE_MAX;
	g->core_count.max = 1;
	if (fh_arena_map(memory_size(), m) != FH_ERR_OK
	    || fh_arena_map(FH_ANSWER_MAX, &g->text) != FH_ERR_OK)
		return FH_ERR_NOMEM;
	g->clients = fh_arena_array(m, FH_CONNECTIONS_MAX, sizeof(*g->clients));
	g->pending = fh_arena_array(m, places, sizeof(*g->pending));
	g->live = fh_arena_array(m, FH_SESSIONS_MAX, sizeof(*g->live));
	g->document = fh_arena_space(m, FH_DOCUMENT_MAX);
	if (g->clients == nullptr || g->pending == nullptr || g->live == nullptr
	    || g->document == nullptr)
		return FH_ERR_NOMEM;
	for (size_t i = places; i-- > 0;) {
		g->pending[i].next = g->free;
		g->free = &g->pending[i];
	}
	return fh_queue_open(to_core_small, to_core_max, &g->core_count, m, &g->to_core);
}

static bool has_place(const struct fh_gate *g)
{
	return g->spare != nullptr || g->clients_n < FH_CONNECTIONS_MAX;
}

static void accept_some(void *gate, bool readable, bool writable)
{
	struct fh_gate *g = gate;
	const int one = 1;
	bool more = has_place(g);

	(void)readable;
	(void)writable;
	for (int i = 0; more && i < accept_burst; i++) {
		int fd = accept4(g->listen_fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED))
			return;
		if (fd >= 0)
			(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		more = fd >= 0 && fh_gate_client_open(g, fh_fd_of(fd)) == FH_ERR_OK
		    && has_place(g);
	}
	if (!more) /* until a connection closes, or the next tick */
		fh_watch_want(g->listen_watch, /* readable= */ false, /* writable= */ false);
}

/* The supervisor's frame: the item 1, and a connection.  */
static fh_err take_connection(struct fh_gate *g, struct fh_span frame)
{
	struct fh_cursor c = fh_cursor_of(frame);
	uint64_t what = fh_cbor_uint(&c);
	struct fh_fd fd = fh_pipe_take_fd(&g->control);

	if (fh_cursor_end(&c) != FH_ERR_OK || what != FH_GATE_CONNECTION || g->network
	    || fh_fd_get(fd) < 0) {
		fh_fd_drop(&fd);
		return FH_ERR_FORMAT;
	}
	(void)!fh_gate_client_open(g, fd); /* one too many is closed */
	return FH_ERR_OK;
}

static void control_ready(void *gate, bool readable, bool writable)
{
	struct fh_gate *g = gate;
	struct fh_span frame;

	(void)writable;
	if (!readable)
		return;
	fh_err e = fh_pipe_receive(&g->control);

	if (e == FH_ERR_STATE)
		return;
	while (e == FH_ERR_OK) {
		e = fh_pipe_next(&g->control, &frame);
		if (e == FH_ERR_OK)
			e = take_connection(g, frame);
	}
	if (e == FH_ERR_MISSING)
		return;
	g->code = e == FH_ERR_CLOSED ? g->code
				     : fail("the supervisor's frame makes no sense",
					    "this is a defect; restart freehold");
	fh_loop_stop(g->loop);
}

static void tick(void *gate)
{
	struct fh_gate *g = gate;
	uint64_t now = fh_loop_now_ms(g->loop);

	fh_gate_expire(g, now);
	fh_gate_clients_tick(g, now);
	if (g->listen_watch != nullptr && has_place(g))
		fh_watch_want(g->listen_watch, /* readable= */ true, /* writable= */ false);
	if (!g->core_gone || (!fh_gate_clients_drained(g) && now - g->gone_ms < farewell_ms))
		return;
	g->code = fail("core is gone, so nothing can be decided", "see its message above");
	fh_loop_stop(g->loop);
}

static fh_err watch_all(struct fh_gate *g)
{
	fh_err e = fh_loop_open(FH_CONNECTIONS_MAX + 8, &g->memory, &g->loop);

	if (e == FH_ERR_OK)
		e = fh_pipe_open(FH_FD_CORE, FH_FRAME_MAX, &g->memory, &g->core);
	if (e == FH_ERR_OK)
		e = fh_pipe_open(FH_FD_CONTROL, control_max, &g->memory, &g->control);
	if (e == FH_ERR_OK)
		e = fh_loop_watch(g->loop, FH_FD_CORE, fh_gate_core_ready, g, &g->core_watch);
	if (e == FH_ERR_OK)
		e = fh_loop_watch(g->loop, FH_FD_CONTROL, control_ready, g, &g->control_watch);
	if (e == FH_ERR_OK && g->network)
		e = fh_loop_watch(g->loop, FH_FD_FIRST, accept_some, g, &g->listen_watch);
	if (e == FH_ERR_OK)
		e = fh_loop_every(g->loop, tick_ms, tick, g);
	if (e != FH_ERR_OK)
		return e;
	fh_watch_want(g->core_watch, /* readable= */ true, /* writable= */ false);
	fh_watch_want(g->control_watch, /* readable= */ true, /* writable= */ false);
	if (g->network)
		fh_watch_want(g->listen_watch, /* readable= */ true, /* writable= */ false);
	return FH_ERR_OK;
}

/* "network HOST:PORT ..." or "peer".  */
static fh_err read_words(struct fh_gate *g, int argc, char **argv)
{
	g->listen_fd = -1;
	if (argc == 2 && strcmp(argv[1], "peer") == 0)
		return FH_ERR_OK;
	if (argc < 3 || strcmp(argv[1], "network") != 0
	    || (size_t)argc - 2 > FH_AUTHORITIES_MAX)
		return FH_ERR_FORMAT;
	g->network = true;
	g->listen_fd = FH_FD_FIRST;
	for (int i = 2; i < argc; i++)
		g->authorities.name[g->authorities.names++] = fh_span_str(argv[i]);
	return FH_ERR_OK;
}

int fh_role_gate(int argc, char **argv)
{
	struct fh_confinement what = { .role = FH_ROLE_GATE };
	struct fh_trace t = { 0 };
	struct fh_gate g = { 0 };
	int landlock;

	if (fh_confine(&what, &landlock, &t) != FH_ERR_OK)
		return fail(t.what[0] != '\0' ? t.what : "cannot be confined",
			    t.cure[0] != '\0' ? t.cure : "a kernel with seccomp is needed");
	if (read_words(&g, argc, argv) != FH_ERR_OK)
		return fail("words are `network HOST:PORT ...` or `peer`",
			    "this role is started by freehold serve");
	if (take_memory(&g) != FH_ERR_OK || watch_all(&g) != FH_ERR_OK)
		return fail("cannot set up its memory and descriptors",
			    "this role is started by freehold serve");
	fh_loop_run(g.loop);
	return g.code;
}
