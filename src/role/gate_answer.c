/* SPDX-License-Identifier: Apache-2.0 */
#include "role/gate.h"

#include <string.h>

#include "codec/cbor.h"
#include "codec/json.h"
#include "wire/progress.h"

void fh_gate_say(struct fh_client *c, const struct fh_say *say)
{
	if (c->stream.watch == nullptr)
		return; /* it left while core was being lost */
	if (c->gate->network)
		fh_gate_http_say(c, say);
	else
		fh_gate_line_say(c, say);
}

/* Memory for one JSON text.  What is said is copied to the client's queue
 * before the next text is written.  */
static struct fh_builder page(struct fh_gate *g)
{
	return fh_builder_of(g->text.p, FH_ANSWER_MAX);
}

static void put_no(struct fh_builder *b, struct fh_span id, bool call,
		   const struct fh_mcp_refusal *no)
{
	if (call)
		fh_mcp_put_refused_call(b, id, no);
	else
		fh_mcp_put_error(b, id, no);
}

void fh_gate_refuse(struct fh_client *client, struct fh_span id, bool call, uint16_t status,
		    int64_t code, const char *reason, const char *text)
{
	struct fh_builder b = page(client->gate);
	struct fh_mcp_refusal no = { .code = code, .reason = fh_span_str(reason),
				     .text = fh_span_str(text), .record = UINT64_MAX };

	put_no(&b, id, call, &no);
	struct fh_say say = { .status = status, .json = fh_builder_span(&b) };

	fh_gate_say(client, &say);
}

static bool is_over(const struct fh_reply *r)
{
	return fh_span_equal(r->reason, FH_SPAN_LIT("unknown-session"));
}

/* Credentials and sessions are HTTP's own business to refuse.  */
static uint16_t status_of(const struct fh_reply *r)
{
	if (r->status == FH_REPLY_RESULT || r->status == FH_REPLY_ERROR)
		return 200;
	if (is_over(r))
		return 404;
	return fh_span_equal(r->reason, FH_SPAN_LIT("unknown-credential")) ? 401 : 200;
}

/* In a session that is over nothing was asked that a policy could refuse.  */
static void answer_no(struct fh_pending *p, const struct fh_reply *r, struct fh_builder *b)
{
	bool over = is_over(r);
	struct fh_mcp_refusal no = { .code = over ? FH_MCP_CODE_ORDER
					     : r->status == FH_REPLY_REFUSED ? FH_MCP_CODE_REFUSED
									     : FH_MCP_CODE_FAILED,
				     .reason = r->reason, .text = r->text, .policy = r->policy,
				     .policies = r->policies, .record = r->index };

	put_no(b, fh_span_of(p->id, p->id_n), p->kind == FH_ASK_CALL && !over, &no);
}

void fh_gate_say_ended(struct fh_client *client, const struct fh_reply *r)
{
	uint8_t memory[FH_TRACE_TEXT_MAX + 1024];
	struct fh_builder text = FH_BUILDER_ARRAY(memory), b = page(client->gate);

	fh_builder_text(&text, "the session is over: ");
	fh_builder_bytes(&text, r->text);
	const struct fh_mcp_refusal no = { .code = FH_MCP_CODE_FAILED, .reason = r->reason,
					   .text = fh_builder_span(&text),
					   .record = UINT64_MAX };

	fh_mcp_put_error(&b, (struct fh_span){ 0 }, &no);
	const struct fh_say say = { .json = fh_builder_span(&b) };

	fh_gate_say(client, &say);
}

static fh_err write_answer(struct fh_pending *p, const struct fh_reply *r, struct fh_builder *b)
{
	struct fh_span id = fh_span_of(p->id, p->id_n);

	switch (r->status) {
	case FH_REPLY_RESULT:
		if (p->kind == FH_ASK_INITIALIZE)
			return fh_mcp_put_initialized(b, id, fh_span_of(p->server, p->server_n),
						      r->body);
		return fh_mcp_put_result(b, id, r->body);
	case FH_REPLY_ERROR:
		return fh_mcp_put_server_error(b, id, r->body);
	default:
		answer_no(p, r, b);
		return b->bad ? FH_ERR_LIMIT : FH_ERR_OK;
	}
}

/* What cannot be passed on is not: nobody owes it.  */
void fh_gate_progress(struct fh_gate *g, const struct fh_pending *p, const struct fh_reply *r)
{
	struct fh_builder b = page(g);

	if (p->token_n == 0
	    || fh_mcp_put_progress(&b, fh_span_of(p->id + p->id_n, p->token_n), r->body)
		       != FH_ERR_OK)
		return;
	const struct fh_say say = { .status = 200, .json = fh_builder_span(&b), .more = true };

	fh_gate_say(p->client, &say);
}

static void answer_health(struct fh_client *c, const struct fh_reply *r)
{
	struct fh_say say = { .status = 200, .json = FH_SPAN_LIT("{\"status\":\"ok\"}") };

	struct fh_builder b = page(c->gate);
	bool named = fh_span_equal(r->reason, FH_SPAN_LIT("record-full"))
		     || fh_span_equal(r->reason, FH_SPAN_LIT("keys-full"))
		     || fh_span_starts(r->reason, FH_SPAN_LIT("chip-"));

	if (r->status != FH_REPLY_RESULT) {
		say.status = 503;
		fh_builder_text(&b, "{\"status\":");
		fh_json_put_string(&b, named ? r->reason : FH_SPAN_LIT("unreachable"));
		fh_builder_text(&b, "}");
		say.json = fh_builder_span(&b);
	}
	fh_gate_say(c, &say);
}

static void answer_end(struct fh_client *c, const struct fh_reply *r)
{
	struct fh_say say = { .status = r->status == FH_REPLY_RESULT ? 204 : status_of(r) };

	say.challenge = say.status == 401;
	if (say.status == 200) /* neither done nor a matter of credential or session */
		say.status = r->status == FH_REPLY_REFUSED ? 403 : 503;
	fh_gate_say(c, &say);
}

/* A quote, or an error on HTTP's level; one too many may ask again.  */
static void answer_quote(struct fh_client *c, const struct fh_reply *r)
{
	struct fh_builder b = page(c->gate);
	struct fh_cursor cursor = fh_cursor_of(r->body);
	struct fh_say say = { .status = 200, .json = fh_cbor_bytes(&cursor, FH_JSON_MAX) };

	if (r->status != FH_REPLY_RESULT || fh_cursor_end(&cursor) != FH_ERR_OK) {
		fh_builder_text(&b, "{\"error\":{\"reason\":");
		fh_json_put_string(&b, r->reason);
		fh_builder_text(&b, ",\"text\":");
		fh_json_put_string(&b, r->text);
		fh_builder_text(&b, "}}\n");
		say.json = fh_builder_span(&b);
		say.status = 503;
	}
	if (fh_span_equal(r->reason, FH_SPAN_LIT("no-tpm")))
		say.status = 404;
	if (fh_span_equal(r->reason, FH_SPAN_LIT("credential-refused")))
		say.status = 403;
	if (fh_span_equal(r->reason, FH_SPAN_LIT("too-many-quotes"))) {
		say.status = 429;
		say.retry_s = FH_LIVE_INTERVAL_MS / 1000;
	}
	fh_gate_say(c, &say);
}

/* A peer connection is its session; over the network the client names it.  */
static void note_stage(struct fh_client *c, const struct fh_pending *p, const struct fh_reply *r)
{
	if (p->kind != FH_ASK_INITIALIZE)
		return;
	if (r->status == FH_REPLY_RESULT) {
		c->stage = FH_CLIENT_OPEN;
		memcpy(c->session, r->session.p, FH_SESSION_ID_SIZE);
	} else if (c->stage == FH_CLIENT_OPENING) {
		c->stage = FH_CLIENT_NEW;
	}
}

void fh_gate_answer(struct fh_gate *g, struct fh_pending *p, const struct fh_reply *r)
{
	struct fh_client *c = p->client;
	struct fh_builder b = page(g);

	if (p->kind == FH_ASK_HEALTH) {
		answer_health(c, r);
		return;
	}
	if (p->kind == FH_ASK_QUOTE) {
		answer_quote(c, r);
		return;
	}
	if (p->kind == FH_ASK_RECORD) {
		fh_gate_record_answer(c, r);
		return;
	}
	if (p->kind == FH_ASK_QUESTION) {
		fh_gate_question_answer(c, r);
		return;
	}
	if (p->kind == FH_ASK_OPEN || p->kind == FH_ASK_PRUNE) {
		fh_gate_opening_answer(c, r);
		return;
	}
	if (p->kind == FH_ASK_WITNESS) {
		fh_gate_witness_answer(c, r);
		return;
	}
	if (p->kind == FH_ASK_END) {
		answer_end(c, r);
		return;
	}
	note_stage(c, p, r);
	if (write_answer(p, r, &b) != FH_ERR_OK) {
		fh_gate_refuse(c, fh_span_of(p->id, p->id_n), p->kind == FH_ASK_CALL, 200,
			       FH_MCP_CODE_FAILED, "bad-answer",
			       "the tool server's answer cannot be passed on as JSON");
		return;
	}
	struct fh_say say = { .status = status_of(r), .json = fh_builder_span(&b) };

	say.challenge = say.status == 401;
	if (p->kind == FH_ASK_INITIALIZE && r->status == FH_REPLY_RESULT)
		say.session = r->session;
	fh_gate_say(c, &say);
}
