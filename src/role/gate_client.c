/* SPDX-License-Identifier: Apache-2.0 */
#include "role/gate.h"

/* What one message of a peer may take, its line feed included; a network
 * connection keeps only what was received and not yet parsed.  */
static size_t in_max(const struct fh_gate *g)
{
	return g->network ? FH_CLIENT_SMALL : FH_JSON_MAX + 1;
}

/* Room for one answer of the largest size behind what already waits.  */
constexpr size_t out_max = FH_ANSWER_MAX + (1 << 20);

/* A place that was never used.  Memory is taken when it is first needed, and
 * kept: pages of places that no client ever had stay untouched.  */
static fh_err new_place(struct fh_gate *g, struct fh_client **out)
{
	struct fh_client *c;
	fh_err e;

	if (g->clients_n == FH_CONNECTIONS_MAX)
		return FH_ERR_FULL;
	c = fh_arena_take(&g->memory, sizeof(*c));
	if (c == nullptr)
		return FH_ERR_FULL;
	e = fh_stream_prepare(&c->stream, in_max(g), out_max, &g->in_count, &g->out_count,
			      &g->memory);
	if (e == FH_ERR_OK && g->network)
		e = fh_http_prepare(&c->http, &g->in_count, &g->memory);
	if (e != FH_ERR_OK)
		return e;
	c->gate = g;
	c->stream.owner = c;
	c->stream.heard = g->network ? fh_gate_http_heard : fh_gate_line_heard;
	c->stream.closed = fh_gate_client_closed;
	g->clients[g->clients_n++] = c;
	*out = c;
	return FH_ERR_OK;
}

fh_err fh_gate_client_open(struct fh_gate *g, struct fh_fd fd)
{
	struct fh_client *c = g->spare;
	fh_err e = FH_ERR_OK;

	if (c != nullptr)
		g->spare = c->next;
	else
		e = new_place(g, &c);
	if (e != FH_ERR_OK) {
		fh_fd_drop(&fd);
		return e;
	}
	c->generation++;
	c->outstanding = 0;
	c->since_ms = fh_loop_now_ms(g->loop);
	if (g->network)
		fh_gate_http_open(c);
	else
		fh_gate_line_open(c);
	e = fh_stream_open(&c->stream, g->loop, fd);
	if (e != FH_ERR_OK) {
		c->next = g->spare;
		g->spare = c;
	}
	return e;
}

void fh_gate_client_closed(void *client)
{
	struct fh_client *c = client;
	struct fh_gate *g = c->gate;
	struct fh_ask end = { .kind = FH_ASK_END, .session = FH_SPAN_ARRAY(c->session),
			      .server = fh_span_of(c->server, c->server_n) };

	fh_gate_forget(g, c, /* cancelled= */ !g->network);
	if (g->network)
		fh_http_stop(&c->http);
	else if (c->stage == FH_CLIENT_OPEN)
		(void)!fh_gate_ask(g, &end, /* client= */ nullptr, (struct fh_span){ 0 });
	c->next = g->spare;
	g->spare = c;
	if (g->listen_watch != nullptr)
		fh_watch_want(g->listen_watch, /* readable= */ true, /* writable= */ false);
}

static bool has_large(const struct fh_client *c)
{
	return c->stream.watch != nullptr && c->stream.out.large.p != nullptr;
}

/* Cuts off who has had a large answer waiting longest, unless that is not long.  */
static bool cut_slowest(struct fh_gate *g)
{
	struct fh_client *slowest = nullptr;

	for (size_t i = 0; i < g->clients_n; i++) {
		if (has_large(g->clients[i])
		    && (slowest == nullptr || g->clients[i]->large_ms < slowest->large_ms))
			slowest = g->clients[i];
	}
	if (slowest == nullptr || fh_loop_now_ms(g->loop) - slowest->large_ms < FH_CLIENT_LARGE_MS)
		return false;
	fh_stream_close(&slowest->stream);
	return true;
}

fh_err fh_gate_reserve(struct fh_client *client, size_t n)
{
	struct fh_queue *out = &client->stream.out;
	bool was_large = has_large(client);
	fh_err e = fh_queue_reserve(out, n);

	if (e == FH_ERR_FULL && cut_slowest(client->gate))
		e = fh_queue_reserve(out, n);
	if (!was_large && has_large(client))
		client->large_ms = fh_loop_now_ms(client->gate->loop);
	return e;
}

void fh_gate_clients_tick(struct fh_gate *g, uint64_t now_ms)
{
	for (size_t i = 0; i < g->clients_n; i++) {
		struct fh_client *c = g->clients[i];

		if (c->stream.watch == nullptr || fh_stream_expire(&c->stream, now_ms))
			continue;
		if (g->network)
			fh_gate_http_tick(c, now_ms);
		else
			fh_gate_line_tick(c, now_ms);
	}
}

bool fh_gate_clients_drained(const struct fh_gate *g)
{
	for (size_t i = 0; i < g->clients_n; i++)
		if (g->clients[i]->stream.watch != nullptr
		    && fh_queue_span(&g->clients[i]->stream.out).n > 0)
			return false;
	return true;
}
