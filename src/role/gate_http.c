/* SPDX-License-Identifier: Apache-2.0 */
#include "role/gate.h"

#include "codec/json.h"

/* Network connections: one request is read, answered, and only then the next
 * is looked at, so that pipelined answers are in order.  A connection that goes
 * away cancels nothing (MCP 2025-11-25, basic/transports); its answer is dropped.  */

constexpr size_t head_room = 1024 + FH_HTTP_REQUEST_ID_MAX; /* of the response lines we write */

/* All of the answer is queued: the next request may come.  */
static void answered(struct fh_client *c)
{
	c->stream.paused = false;
	c->stream.closing = !c->keep_alive;
	if (c->working)
		return;
	fh_gate_http_heard(c);
	fh_stream_update(&c->stream);
}

/* Queues R.  A client for whose answer there is no memory just now is cut off: it
 * cannot take that for an answer.  */
static void queue_response(struct fh_client *c, struct fh_http_response *r)
{
	struct fh_queue *q = &c->stream.out;

	r->keep_alive = c->keep_alive;
	if (fh_gate_reserve(c, head_room + r->body.n) != FH_ERR_OK) {
		fh_stream_close(&c->stream);
		return;
	}
	struct fh_builder b = fh_builder_of(q->p + q->n, q->cap - q->n);

	fh_http_put_response(&b, r);
	if (b.bad) {
		fh_stream_close(&c->stream);
		return;
	}
	q->n += b.n;
	answered(c);
}

/* An answer of which parts come before it is a stream of events (MCP 2025-11-25,
 * "Streamable HTTP").  It begins with the first of them, so that who is told nothing is answered
 * as ever, and ends with the answer.  */
static void queue_event(struct fh_client *c, const struct fh_say *say)
{
	struct fh_http_response head = { .status = 200, .keep_alive = c->keep_alive,
					 .type = "text/event-stream", .chunked = true };
	struct fh_queue *q = &c->stream.out;

	if (fh_gate_reserve(c, head_room + say->json.n) != FH_ERR_OK) {
		fh_stream_close(&c->stream);
		return;
	}
	struct fh_builder b = fh_builder_of(q->p + q->n, q->cap - q->n);

	if (!c->events)
		fh_http_put_response(&b, &head);
	fh_http_put_event(&b, say->json);
	if (!say->more)
		fh_http_put_last_chunk(&b);
	if (b.bad) {
		fh_stream_close(&c->stream);
		return;
	}
	q->n += b.n;
	c->events = say->more;
	if (!say->more)
		answered(c);
	else if (!c->working)
		fh_stream_update(&c->stream);
}

void fh_gate_http_say(struct fh_client *c, const struct fh_say *say)
{
	if (say->more || c->events) {
		queue_event(c, say);
		return;
	}
	struct fh_http_response r = { .status = say->status, .challenge = say->challenge,
				      .session = say->session, .body = say->json,
				      .retry_s = say->retry_s };

	queue_response(c, &r);
}

void fh_gate_http_respond(struct fh_client *c, struct fh_http_response *r)
{
	if (c->stream.watch != nullptr) /* or it left while core was being lost */
		queue_response(c, r);
}

static void refuse(struct fh_client *c, uint16_t status, const char *reason, const char *text,
		   const char *allow)
{
	uint8_t memory[1024];
	struct fh_builder b = FH_BUILDER_ARRAY(memory);

	fh_http_put_problem(&b, reason, text);
	struct fh_http_response r = { .status = status, .allow = allow,
				      .challenge = status == 401, .retry_s = status == 503 ? 1 : 0,
				      .body = fh_builder_span(&b) };

	queue_response(c, &r);
}

void fh_gate_http_refuse(struct fh_client *c, uint16_t status, struct fh_span reason,
			 struct fh_span text)
{
	uint8_t memory[2048];
	struct fh_builder b = FH_BUILDER_ARRAY(memory);

	fh_builder_text(&b, "{\"error\":{\"reason\":");
	fh_json_put_string(&b, reason);
	fh_builder_text(&b, ",\"text\":");
	fh_json_put_string(&b, text);
	fh_builder_text(&b, "}}\n");
	struct fh_http_response r = { .status = status, .body = fh_builder_span(&b) };

	fh_gate_http_respond(c, &r);
}

static void ask_core(struct fh_client *c, struct fh_ask *a)
{
	if (fh_gate_ask(c->gate, a, c, (struct fh_span){ 0 }) != FH_ERR_OK)
		refuse(c, 503, "decision-unreachable", "the process that decides is not there",
		       /* allow= */ nullptr);
}

/* What the gate refuses of a governed path is recorded as well.  */
static void report(struct fh_client *c, const struct fh_route *route)
{
	struct fh_ask a = { .kind = FH_ASK_REFUSED, .bearer = route->bearer,
			    .server = route->server, .tool = fh_span_str(route->reason) };

	if (route->server.n > 0)
		(void)!fh_gate_ask(c->gate, &a, /* client= */ nullptr, (struct fh_span){ 0 });
}

static void say_document(struct fh_client *c)
{
	struct fh_http_response r = fh_gate_document_answer(c->gate, &c->http.request);

	if (r.status == 503)
		refuse(c, 503, "no-document", "there is none yet; ask again",
		       /* allow= */ nullptr);
	else
		queue_response(c, &r);
}

static void ask_quote(struct fh_client *c)
{
	uint8_t bytes[FH_GATE_QUESTION_MAX];
	struct fh_builder params = FH_BUILDER_ARRAY(bytes);
	uint16_t status;
	const char *reason = fh_gate_quote_read(c->gate, c->http.request.body, &params, &status);
	struct fh_ask a = { .kind = FH_ASK_QUOTE, .params = fh_builder_span(&params) };

	if (reason == nullptr)
		ask_core(c, &a);
	else
		refuse(c, status, reason,
		       "answered is {\"nonce\": hex of 8 to 64 bytes, \"origin\": http:// and a"
		       " name of this machine}", /* allow= */ nullptr);
}

static void ask_record(struct fh_client *c)
{
	uint8_t bytes[FH_GATE_QUESTION_MAX];
	struct fh_builder params = FH_BUILDER_ARRAY(bytes);
	struct fh_ask a = { .kind = FH_ASK_RECORD };

	if (!fh_gate_record_read(&c->http.request, &params)) {
		refuse(c, 404, "not-found", "there are checkpoint, tile/L/N, tile/entries/N,"
		       " payload/INDEX, receipt and witnessed", /* allow= */ nullptr);
		return;
	}
	a.params = fh_builder_span(&params);
	ask_core(c, &a);
}

static void ask_witness(struct fh_client *c)
{
	struct fh_builder params = { 0 };
	struct fh_ask a = { .kind = FH_ASK_WITNESS };

	if (!fh_gate_witness_read(c->gate, &c->http.request, &params)) {
		refuse(c, 404, "not-found", "there are add-checkpoint, and checkpoint of a log",
		       /* allow= */ nullptr);
		return;
	}
	a.params = fh_builder_span(&params);
	ask_core(c, &a);
}

static void act(struct fh_client *c)
{
	struct fh_route route;

	fh_route(&c->http.request, &c->gate->authorities, &route);
	struct fh_ask a = { .bearer = route.bearer, .server = route.server };

	if (route.has_session)
		a.session = FH_SPAN_ARRAY(route.session);
	c->keep_alive = c->http.request.keep_alive && !c->stream.ended;
	switch (route.kind) {
	case FH_ROUTE_MESSAGE:
		fh_gate_message(c, c->http.request.body, &a);
		break;
	case FH_ROUTE_END:
		a.kind = FH_ASK_END;
		ask_core(c, &a);
		break;
	case FH_ROUTE_HEALTH:
		a.kind = FH_ASK_HEALTH;
		ask_core(c, &a);
		break;
	case FH_ROUTE_DOCUMENT:
		say_document(c);
		break;
	case FH_ROUTE_QUOTE:
		ask_quote(c);
		break;
	case FH_ROUTE_RECORD:
		ask_record(c);
		break;
	case FH_ROUTE_QUESTION:
		fh_gate_question(c, &route);
		break;
	case FH_ROUTE_QUESTIONS:
		fh_gate_questions(c);
		break;
	case FH_ROUTE_WITNESS:
		ask_witness(c);
		break;
	default:
		if (route.api != 0) {
			fh_gate_question_refuse(c, route.status, fh_span_str(route.reason),
						fh_span_str(route.text), route.allow);
			break;
		}
		report(c, &route);
		refuse(c, route.status, route.reason, route.text, route.allow);
	}
}

static void go_on(struct fh_client *c)
{
	if (!c->http.expects)
		return;
	c->http.expects = false;
	if (fh_queue_put(&c->stream.out, FH_SPAN_LIT("HTTP/1.1 100 Continue\r\n\r\n")) != FH_ERR_OK)
		fh_stream_close(&c->stream);
}

/* One step; the connection goes on unless it is paused, closing or closed.  */
static void take(struct fh_client *c)
{
	bool fresh = c->http.whole || !c->http.begun;
	size_t used;

	if (fresh)
		c->since_ms = fh_loop_now_ms(c->gate->loop);
	enum fh_http_step step = fh_http_feed(&c->http, fh_queue_span(&c->stream.in), &used);

	fh_queue_skip(&c->stream.in, used);
	if (step == FH_HTTP_WHOLE) {
		c->stream.paused = true;
		act(c);
	} else if (step == FH_HTTP_MORE) {
		go_on(c);
	} else {
		c->keep_alive = false;
		refuse(c, c->http.status, c->http.reason, c->http.why, /* allow= */ nullptr);
	}
}

void fh_gate_http_heard(void *client)
{
	struct fh_client *c = client;
	struct fh_stream *s = &c->stream;

	c->working = true;
	while (s->watch != nullptr && !s->paused && !s->closing && fh_queue_span(&s->in).n > 0)
		take(c);
	c->working = false;
	if (s->watch == nullptr || !s->ended)
		return;
	if (s->paused)
		c->keep_alive = false; /* the answer is still owed */
	else
		s->closing = true;
}

void fh_gate_http_open(struct fh_client *c)
{
	fh_http_start(&c->http);
	c->keep_alive = false;
	c->working = false;
	c->events = false;
}

void fh_gate_http_tick(struct fh_client *c, uint64_t now_ms)
{
	struct fh_stream *s = &c->stream;
	bool reading = c->http.begun && !c->http.whole;

	if (fh_queue_span(&s->out).n > 0 || (!reading && !s->paused)) {
		if (now_ms - s->moved_ms > FH_HTTP_IDLE_MS)
			fh_stream_close(s);
		return;
	}
	if (!reading || s->closing || now_ms - c->since_ms <= FH_HTTP_REQUEST_MS)
		return;
	c->keep_alive = false;
	refuse(c, 408, "too-slow", "the request did not arrive in time", /* allow= */ nullptr);
}
