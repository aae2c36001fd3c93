/* SPDX-License-Identifier: Apache-2.0 */
/* Readers of the record: a line that names what is to be opened, or pruned, becomes one typed item
 * for core, and what core says becomes a line of JSON.  docs/spec/DOOR, "Readers".  */
#include "role/gate.h"

#include "codec/json.h"
#include "wire/open_ask.h"
#include "wire/prune_ask.h"

/* {"error": {"reason", "text", "refused", ? "record", "policies"}}; what is not refused could not
 * be decided, or not be carried out.  */
static void say_no(struct fh_client *c, const struct fh_reply *r)
{
	struct fh_builder b = fh_builder_of(c->gate->text.p, FH_ANSWER_MAX);

	fh_builder_text(&b, "{\"error\":{\"reason\":");
	fh_json_put_string(&b, r->reason);
	fh_builder_text(&b, ",\"text\":");
	fh_json_put_string(&b, r->text);
	fh_builder_text(&b, ",\"refused\":");
	fh_builder_text(&b, r->status == FH_REPLY_REFUSED ? "true" : "false");
	if (r->index != FH_NO_INDEX) {
		fh_builder_text(&b, ",\"record\":");
		fh_builder_decimal(&b, r->index);
	}
	fh_builder_text(&b, ",\"policies\":[");
	for (size_t i = 0; i < r->policies; i++) {
		fh_builder_text(&b, i > 0 ? "," : "");
		fh_json_put_string(&b, r->policy[i]);
	}
	fh_builder_text(&b, "]}}");
	struct fh_say say = { .json = fh_builder_span(&b) };

	fh_gate_say(c, &say);
}

static void refuse(struct fh_client *c, enum fh_reply_status status, const char *reason,
		   const char *text)
{
	const struct fh_reply r = { .status = status, .index = FH_NO_INDEX,
				    .reason = fh_span_str(reason), .text = fh_span_str(text) };

	say_no(c, &r);
}

/* What LINE asks core for, with its map in PARAMS.  FH_ERR_FORMAT; *T says what is wrong.  */
static fh_err read_line(struct fh_span line, struct fh_ask *a, struct fh_builder *params,
			struct fh_trace *t)
{
	struct fh_open_ask o;
	uint64_t from;
	fh_err e = FH_ERR_OK;

	if (fh_prune_ask_is(line)) {
		a->kind = FH_ASK_PRUNE;
		e = fh_prune_ask_parse(line, &from);
		if (e == FH_ERR_OK)
			fh_prune_ask_put(params, from);
		else
			fh_trace_what(t, "the number of an entry follows");
	} else {
		a->kind = FH_ASK_OPEN;
		e = fh_open_ask_parse(line, &o, t);
		if (e == FH_ERR_OK)
			fh_open_ask_put(params, &o);
	}
	a->params = fh_builder_span(params);
	return e;
}

void fh_gate_opening(struct fh_client *c, struct fh_span line)
{
	uint8_t bytes[FH_OPEN_ASK_PARAMS_MAX];
	struct fh_builder params = FH_BUILDER_ARRAY(bytes);
	struct fh_ask a = { 0 };
	struct fh_trace t = { 0 };

	if (read_line(line, &a, &params, &t) != FH_ERR_OK) {
		struct fh_ask told = { .kind = FH_ASK_REFUSED,
				       .tool = FH_SPAN_LIT("malformed-opening") };

		(void)!fh_gate_ask(c->gate, &told, /* client= */ nullptr, (struct fh_span){ 0 });
		refuse(c, FH_REPLY_REFUSED, "malformed-opening", t.what);
		return;
	}
	/* One after the other: an answer can be as large as any.  */
	fh_err e = c->outstanding > 0 ? FH_ERR_FULL
				      : fh_gate_ask(c->gate, &a, c, (struct fh_span){ 0 });

	if (e == FH_ERR_CLOSED)
		refuse(c, FH_REPLY_FAILED, "decision-unreachable",
		       "the process that decides is gone");
	else if (e != FH_ERR_OK)
		refuse(c, FH_REPLY_FAILED, "busy", "wait for the answer to the request before");
}

void fh_gate_opening_answer(struct fh_client *c, const struct fh_reply *r)
{
	struct fh_builder b = fh_builder_of(c->gate->text.p, FH_ANSWER_MAX);

	if (r->status != FH_REPLY_RESULT) {
		say_no(c, r);
		return;
	}
	fh_builder_text(&b, "{\"record\":");
	fh_builder_decimal(&b, r->index);
	fh_builder_text(&b, ",\"result\":");
	if (fh_json_from_cbor(r->body, &b) != FH_ERR_OK) {
		refuse(c, FH_REPLY_FAILED, "bad-answer", "the answer cannot be said as JSON");
		return;
	}
	fh_builder_text(&b, "}");
	struct fh_say say = { .json = fh_builder_span(&b) };

	fh_gate_say(c, &say);
}
