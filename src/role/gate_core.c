/* SPDX-License-Identifier: Apache-2.0 */
#include "role/gate.h"

#include "base/cursor.h"

#include <string.h>

/* An exchange number is a counter and the place of what waits for it, so that
 * numbers rise and an answer finds its place at once.  The last place stands for
 * "nobody waits".  */
constexpr uint64_t places = FH_INFLIGHT_MAX;
constexpr uint64_t no_place = places - 1;

static void flush_core(struct fh_gate *g)
{
	if (g->core_gone)
		return;
	if (fh_queue_send(&g->to_core, g->core.fd) != FH_ERR_OK) {
		fh_gate_lose_core(g);
		return;
	}
	fh_watch_want(g->core_watch, /* readable= */ true, fh_queue_span(&g->to_core).n > 0);
}

/* Length, then the frame, straight into the queue.  */
static fh_err put_frame(struct fh_gate *g, const struct fh_ask *a)
{
	size_t most = 64 + FH_NAME_MAX * 2 + FH_BEARER_MAX + FH_SESSION_ID_SIZE + a->params.n;
	fh_err e = fh_queue_reserve(&g->to_core, most);

	if (e != FH_ERR_OK)
		return FH_ERR_FULL;
	struct fh_builder b = fh_builder_of(g->to_core.p + g->to_core.n, most);
	struct fh_builder head = b;

	fh_builder_be32(&b, 0);
	fh_ask_put(&b, a);
	if (b.bad)
		return FH_ERR_LIMIT;
	fh_builder_be32(&head, (uint32_t)(b.n - 4));
	g->to_core.n += b.n;
	return FH_ERR_OK;
}

static void keep(struct fh_gate *g, const struct fh_ask *a, struct fh_client *client,
		 struct fh_span id, struct fh_span token)
{
	struct fh_pending *p = g->free;

	g->free = p->next;
	p->exchange = a->exchange;
	p->kind = a->kind;
	p->client = client;
	p->generation = client->generation;
	p->until_ms = fh_loop_now_ms(g->loop) + FH_HEALTH_MS;
	p->has_session = a->session.n == FH_SESSION_ID_SIZE;
	if (p->has_session)
		memcpy(p->session, a->session.p, FH_SESSION_ID_SIZE);
	p->server_n = a->server.n <= FH_NAME_MAX ? a->server.n : 0;
	if (p->server_n > 0)
		memcpy(p->server, a->server.p, p->server_n);
	p->id_n = id.n <= FH_MCP_ID_MAX ? id.n : 0;
	if (p->id_n > 0)
		memcpy(p->id, id.p, p->id_n);
	p->token_n = token.n <= FH_MCP_ID_MAX - p->id_n ? token.n : 0;
	if (p->token_n > 0)
		memcpy(p->id + p->id_n, token.p, p->token_n);
	client->outstanding++;
}

fh_err fh_gate_ask_call(struct fh_gate *g, struct fh_ask *a, struct fh_client *client,
			struct fh_span id, struct fh_span token)
{
	uint64_t place = no_place;

	if (g->core_gone)
		return FH_ERR_CLOSED;
	if (client != nullptr && g->free == nullptr)
		return FH_ERR_FULL;
	if (client != nullptr)
		place = (uint64_t)(g->free - g->pending);
	a->exchange = (g->counter + 1) * places + place;
	fh_err e = put_frame(g, a);

	if (e != FH_ERR_OK)
		return e;
	g->counter++;
	if (client != nullptr)
		keep(g, a, client, id, token);
	flush_core(g);
	return FH_ERR_OK;
}

fh_err fh_gate_ask(struct fh_gate *g, struct fh_ask *a, struct fh_client *client,
		   struct fh_span id)
{
	return fh_gate_ask_call(g, a, client, id, (struct fh_span){ 0 });
}

static void release(struct fh_gate *g, struct fh_pending *p)
{
	if (p->client != nullptr)
		p->client->outstanding--;
	*p = (struct fh_pending){ .next = g->free };
	g->free = p;
}

uint64_t fh_gate_find(struct fh_gate *g, struct fh_span session, struct fh_span id)
{
	for (size_t i = 0; i < no_place; i++) {
		const struct fh_pending *p = &g->pending[i];

		if (p->exchange != 0 && p->client != nullptr && p->has_session
		    && fh_span_equal(FH_SPAN_ARRAY(p->session), session)
		    && fh_span_equal(fh_span_of(p->id, p->id_n), id))
			return p->exchange;
	}
	return 0;
}

static void cancel(struct fh_gate *g, const struct fh_pending *p)
{
	struct fh_ask a = { .kind = FH_ASK_CANCEL, .target = p->exchange,
			    .server = fh_span_of(p->server, p->server_n) };

	if (p->has_session)
		a.session = FH_SPAN_ARRAY(p->session);
	(void)!fh_gate_ask(g, &a, /* client= */ nullptr, (struct fh_span){ 0 });
}

void fh_gate_forget(struct fh_gate *g, struct fh_client *client, bool cancelled)
{
	for (size_t i = 0; i < no_place && client->outstanding > 0; i++) {
		struct fh_pending *p = &g->pending[i];

		if (p->exchange == 0 || p->client != client
		    || p->generation != client->generation)
			continue;
		p->client = nullptr;
		client->outstanding--;
		if (cancelled)
			cancel(g, p);
	}
}

bool fh_gate_session_lives(const struct fh_gate *g, struct fh_span session)
{
	for (size_t i = 0; i < g->lives; i++)
		if (fh_span_equal(FH_SPAN_ARRAY(g->live[i]), session))
			return true;
	return false;
}

/* Only answers to ping depend on this list, so a full one loses nothing else.  */
static void note_session(struct fh_gate *g, struct fh_span session)
{
	if (session.n == FH_SESSION_ID_SIZE && g->lives < FH_SESSIONS_MAX)
		memcpy(g->live[g->lives++], session.p, FH_SESSION_ID_SIZE);
}

static void drop_session(struct fh_gate *g, struct fh_span session)
{
	for (size_t i = 0; i < g->lives; i++) {
		if (!fh_span_equal(FH_SPAN_ARRAY(g->live[i]), session))
			continue;
		memmove(g->live[i], g->live[--g->lives], FH_SESSION_ID_SIZE);
		return;
	}
}

/* A session whose client went away before it could be told.  */
static void end_unclaimed(struct fh_gate *g, const struct fh_pending *p,
			  const struct fh_reply *r)
{
	struct fh_ask a = { .kind = FH_ASK_END, .session = r->session,
			    .server = fh_span_of(p->server, p->server_n) };

	(void)!fh_gate_ask(g, &a, /* client= */ nullptr, (struct fh_span){ 0 });
}

static void settle(struct fh_gate *g, struct fh_pending *p, const struct fh_reply *r)
{
	bool opened = p->kind == FH_ASK_INITIALIZE && r->status == FH_REPLY_RESULT;

	if (opened && r->session.n != FH_SESSION_ID_SIZE) {
		fh_gate_lose_core(g); /* core must name the session */
		return;
	}
	if (p->client == nullptr) {
		if (opened)
			end_unclaimed(g, p, r);
		release(g, p);
		return;
	}
	if (opened)
		note_session(g, r->session);
	if (p->kind == FH_ASK_END && p->has_session)
		drop_session(g, FH_SPAN_ARRAY(p->session));
	struct fh_pending answered = *p;

	release(g, p);
	fh_gate_answer(g, &answered, r);
}

static void take_reply(struct fh_gate *g, struct fh_span frame)
{
	struct fh_reply r;

	if (fh_reply_read(frame, &r) != FH_ERR_OK) {
		fh_gate_lose_core(g); /* nothing it says can be trusted any more */
		return;
	}
	if (r.status == FH_REPLY_ENDED) {
		drop_session(g, r.session);
		fh_gate_end_session(g, &r);
		return;
	}
	if (r.status == FH_REPLY_DOCUMENT) {
		if (fh_gate_document_take(g, r.body) != FH_ERR_OK)
			fh_gate_lose_core(g);
		return;
	}
	uint64_t place = r.exchange % places;
	struct fh_pending *p = &g->pending[place];

	if (place == no_place || r.exchange == 0 || p->exchange != r.exchange)
		return;
	if (r.status != FH_REPLY_PROGRESS)
		settle(g, p, &r);
	else if (p->client != nullptr)
		fh_gate_progress(g, p, &r);
}

static void take_replies(struct fh_gate *g)
{
	struct fh_span frame;
	fh_err e = fh_pipe_receive(&g->core);

	if (e == FH_ERR_STATE)
		return;
	while (e == FH_ERR_OK && !g->core_gone) {
		e = fh_pipe_next(&g->core, &frame);
		if (e == FH_ERR_OK)
			take_reply(g, frame);
	}
	if (e != FH_ERR_OK && e != FH_ERR_MISSING)
		fh_gate_lose_core(g);
}

void fh_gate_core_ready(void *gate, bool readable, bool writable)
{
	struct fh_gate *g = gate;

	if (readable && !g->core_gone)
		take_replies(g);
	if (writable)
		flush_core(g);
}

static void answer_all(struct fh_gate *g, const struct fh_reply *r)
{
	for (size_t i = 0; i < no_place; i++) {
		struct fh_pending p = g->pending[i];

		if (p.exchange == 0)
			continue;
		release(g, &g->pending[i]);
		if (p.client != nullptr)
			fh_gate_answer(g, &p, r);
	}
}

void fh_gate_lose_core(struct fh_gate *g)
{
	struct fh_reply r = { .status = FH_REPLY_FAILED, .index = FH_NO_INDEX,
			      .reason = FH_SPAN_LIT("decision-unreachable"),
			      .text = FH_SPAN_LIT("the process that decides is gone") };

	if (g->core_gone)
		return;
	g->core_gone = true;
	g->gone_ms = fh_loop_now_ms(g->loop);
	fh_watch_close(g->core_watch);
	answer_all(g, &r);
}

void fh_gate_expire(struct fh_gate *g, uint64_t now_ms)
{
	struct fh_reply r = { .status = FH_REPLY_FAILED, .index = FH_NO_INDEX,
			      .reason = FH_SPAN_LIT("timeout") };

	for (size_t i = 0; i < no_place; i++) {
		struct fh_pending p = g->pending[i];

		if (p.exchange == 0 || p.kind != FH_ASK_HEALTH || now_ms < p.until_ms)
			continue;
		release(g, &g->pending[i]);
		if (p.client != nullptr)
			fh_gate_answer(g, &p, &r);
	}
}
