/* SPDX-License-Identifier: Apache-2.0 */
#include "role/gate.h"

#include "wire/open_ask.h"

#include <string.h>

/* Connections of a kernel-named peer: a line that names the server, then one
 * JSON-RPC message per line (MCP 2025-11-25, stdio).  The connection is the
 * session.  Answers come in any order.  */

/* What waited for the answer to initialize is heard once there is one.  */
static void go_on(struct fh_client *c)
{
	if (!c->stream.paused || c->stage == FH_CLIENT_OPENING)
		return;
	c->stream.paused = false;
	fh_gate_line_heard(c);
}

void fh_gate_line_say(struct fh_client *c, const struct fh_say *say)
{
	if (say->json.n == 0)
		return;
	if (fh_gate_reserve(c, say->json.n + 1) != FH_ERR_OK
	    || fh_queue_put(&c->stream.out, say->json) != FH_ERR_OK
	    || fh_queue_put(&c->stream.out, FH_SPAN_LIT("\n")) != FH_ERR_OK) {
		fh_stream_close(&c->stream); /* it reads too little, or the gate is full */
		return;
	}
	if (c->outstanding == 0 && (c->over || c->stream.ended))
		c->stream.closing = true;
	go_on(c);
	if (!c->working)
		fh_stream_update(&c->stream);
}

static void refuse(struct fh_client *c, const char *reason, const char *text)
{
	c->over = true;
	fh_gate_refuse(c, (struct fh_span){ 0 }, /* call= */ false, 400, FH_MCP_CODE_ORDER, reason,
		       text);
	c->stream.closing = true;
}

static void greet(struct fh_client *c, struct fh_span line)
{
	struct fh_span hello = fh_span_str(FH_GATE_HELLO);
	struct fh_span name = fh_span_skip(line, hello.n);

	if (fh_span_equal(line, FH_SPAN_LIT(FH_OPEN_ASK_HELLO))) {
		c->stage = FH_CLIENT_READER;
		return;
	}
	if (!fh_span_starts(line, hello) || !fh_route_is_name(name)) {
		refuse(c, "bad-hello", "the first line must be \"" FH_GATE_HELLO "NAME\" or \""
		       FH_OPEN_ASK_HELLO "\"");
		return;
	}
	memcpy(c->server, name.p, name.n);
	c->server_n = name.n;
	c->stage = FH_CLIENT_NEW;
}

static void take_line(struct fh_client *c, struct fh_span line)
{
	struct fh_ask a = { .server = fh_span_of(c->server, c->server_n) };

	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line = fh_span_first(line, line.n - 1);
	if (c->stage == FH_CLIENT_HELLO) {
		greet(c, line);
		return;
	}
	if (c->stage == FH_CLIENT_READER) {
		fh_gate_opening(c, line);
		return;
	}
	if (c->stage == FH_CLIENT_OPEN)
		a.session = FH_SPAN_ARRAY(c->session);
	if (line.n > 0)
		fh_gate_message(c, line, &a);
}

static void take_lines(struct fh_client *c)
{
	struct fh_stream *s = &c->stream;

	while (s->watch != nullptr && !s->closing) {
		struct fh_span waiting = fh_queue_span(&s->in);
		size_t n = fh_span_find(waiting, '\n');

		if (n == waiting.n)
			break;
		take_line(c, fh_span_first(waiting, n));
		if (s->paused) /* it waits */
			break;
		if (s->watch != nullptr)
			fh_queue_skip(&s->in, n + 1);
	}
}

/* The client says no more.  One that only closed its sending half still gets
 * what it asked for.  */
static void finish(struct fh_client *c)
{
	if (fh_stream_hung_up(&c->stream))
		fh_stream_close(&c->stream);
	else if (c->outstanding == 0)
		c->stream.closing = true;
}

void fh_gate_line_heard(void *client)
{
	struct fh_client *c = client;
	struct fh_stream *s = &c->stream;

	c->working = true;
	take_lines(c);
	c->working = false;
	if (s->watch == nullptr || s->closing || s->paused)
		return;
	if (fh_queue_span(&s->in).n > FH_JSON_MAX)
		refuse(c, "too-large", "the line is longer than any message may be");
	else if (s->ended)
		finish(c);
}

void fh_gate_line_open(struct fh_client *c)
{
	c->stage = FH_CLIENT_HELLO;
	c->over = false;
	c->working = false;
	c->server_n = 0;
}

void fh_gate_end_session(struct fh_gate *g, const struct fh_reply *r)
{
	for (size_t i = 0; i < g->clients_n; i++) {
		struct fh_client *c = g->clients[i];

		if (g->network || c->stream.watch == nullptr || c->stage != FH_CLIENT_OPEN
		    || !fh_span_equal(FH_SPAN_ARRAY(c->session), r->session))
			continue;
		c->over = true;
		fh_gate_say_ended(c, r);
	}
}

void fh_gate_line_tick(struct fh_client *c, uint64_t now_ms)
{
	struct fh_stream *s = &c->stream;
	bool stuck = fh_queue_span(&s->out).n > 0 && now_ms - s->moved_ms > FH_HTTP_IDLE_MS;
	bool mute = c->stage == FH_CLIENT_HELLO && now_ms - c->since_ms > FH_CLIENT_HELLO_MS;
	bool gone = s->ended && fh_stream_hung_up(s);

	if (stuck || mute || gone)
		fh_stream_close(s);
}
