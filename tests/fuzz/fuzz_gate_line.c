/* SPDX-License-Identifier: Apache-2.0 */
/* What a peer says over its connection, in two parts: the line that names its server, and messages,
 * or a reader's line, and what is to be opened.  Nothing gets past the first line but a name that
 * is one, or a reader; nobody else's memory is touched.  */
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/memory.h"
#include "role/gate.h"
#include "wire/open_ask.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

constexpr size_t watches = 1024;
constexpr size_t inputs_per_turn = watches / 4; /* closed watches come back when the loop runs */
constexpr size_t places = FH_INFLIGHT_MAX - 1;

static void must(bool good)
{
	if (!good)
		abort();
}

/* The first tick may come before the loop has looked at anything.  */
static void end_turn(void *gate)
{
	static unsigned ticks;

	if (++ticks % 2 == 0)
		fh_loop_stop(((struct fh_gate *)gate)->loop);
}

/* A peer gate whose core takes everything and never answers; *CORE is core's end.  */
static void open_gate(struct fh_gate *g, int *core)
{
	/* Not mapped: the leak checker would not find libuv's memory from there.  */
	static alignas(max_align_t) uint8_t memory[16 << 20];
	int pair[2];

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
	*core = pair[1];
	*g = (struct fh_gate){ .listen_fd = -1, .in_count.max = 1, .out_count.max = 1,
			       .core_count.max = 1 };
	g->memory = fh_arena_of(memory, sizeof(memory));
	must(fh_arena_map(FH_ANSWER_MAX, &g->text) == FH_ERR_OK);
	must(fh_arena_map(FH_ANSWER_MAX, &g->scratch) == FH_ERR_OK);
	g->clients = fh_arena_array(&g->memory, FH_CONNECTIONS_MAX, sizeof(*g->clients));
	g->pending = fh_arena_array(&g->memory, places, sizeof(*g->pending));
	g->live = fh_arena_array(&g->memory, FH_SESSIONS_MAX, sizeof(*g->live));
	must(g->clients != nullptr && g->pending != nullptr && g->live != nullptr);
	must(fh_queue_open(64 << 10, 4 * FH_FRAME_MAX, &g->core_count, &g->memory, &g->to_core) ==
	     FH_ERR_OK);
	must(fh_loop_open(watches, &g->memory, &g->loop) == FH_ERR_OK);
	must(fh_pipe_open(pair[0], FH_FRAME_MAX, &g->memory, &g->core) == FH_ERR_OK);
	must(fh_loop_watch(g->loop, pair[0], fh_gate_core_ready, g, &g->core_watch) == FH_ERR_OK);
	must(fh_loop_every(g->loop, 1, end_turn, g) == FH_ERR_OK);
}

/* Nothing is under way, as at first.  */
static void settle(struct fh_gate *g, int core)
{
	uint8_t thrown_away[4096];

	while (recv(core, thrown_away, sizeof(thrown_away), MSG_DONTWAIT) > 0)
		;
	fh_queue_clear(&g->to_core);
	g->free = nullptr;
	for (size_t i = places; i-- > 0;) {
		g->pending[i].exchange = 0;
		g->pending[i].client = nullptr;
		g->pending[i].next = g->free;
		g->free = &g->pending[i];
	}
}

static void say(struct fh_client *c, struct fh_span part)
{
	if (c->stream.watch == nullptr || c->stream.closing)
		return;
	must(fh_queue_put(&c->stream.in, part) == FH_ERR_OK);
	fh_gate_line_heard(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static struct fh_gate g;
	static int core;
	static size_t inputs;
	struct fh_span all = fh_span_of(bytes, n);
	int peer[2];

	if (n > FH_JSON_MAX)
		return 0;
	if (g.loop == nullptr)
		open_gate(&g, &core);
	settle(&g, core);
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, peer) == 0);
	must(fh_gate_client_open(&g, fh_fd_of(peer[0])) == FH_ERR_OK);

	struct fh_client *c = g.clients[0];

	say(c, fh_span_first(all, n / 2));
	say(c, fh_span_skip(all, n / 2));
	if (c->stage == FH_CLIENT_READER) {
		must(fh_span_starts(all, fh_span_str(FH_OPEN_ASK_HELLO)));
		must(c->server_n == 0);
	} else if (c->stage != FH_CLIENT_HELLO) {
		must(fh_span_starts(all, fh_span_str(FH_GATE_HELLO)));
		must(fh_route_is_name(fh_span_of(c->server, c->server_n)));
	}
	if (c->stream.watch != nullptr)
		fh_stream_close(&c->stream);
	(void)close(peer[1]);
	if (++inputs % inputs_per_turn == 0)
		fh_loop_run(g.loop);
	return 0;
}
