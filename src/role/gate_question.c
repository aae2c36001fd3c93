/* SPDX-License-Identifier: Apache-2.0 */
/* AuthZEN's Authorization API: questions become one typed item for core, and what core says
 * becomes JSON.  docs/spec/AUTHZEN.  */
#include "role/gate.h"

#include "codec/json.h"
#include "wire/authzen.h"

/* What the request of C is called by who sent it; empty if it is not, or too long.  */
static struct fh_span request_id(const struct fh_client *c)
{
	struct fh_span id;

	return fh_http_find(&c->http.request, "x-request-id", &id) == 1
			       && id.n <= FH_HTTP_REQUEST_ID_MAX
		       ? id
		       : (struct fh_span){ 0 };
}

void fh_gate_question_refuse(struct fh_client *c, uint16_t status, struct fh_span reason,
			     struct fh_span text, const char *allow)
{
	uint8_t memory[2048];
	struct fh_builder b = FH_BUILDER_ARRAY(memory);

	fh_builder_text(&b, "{\"error\":{\"reason\":");
	fh_json_put_string(&b, reason);
	fh_builder_text(&b, ",\"text\":");
	fh_json_put_string(&b, text);
	fh_builder_text(&b, "}}\n");
	struct fh_http_response r = { .status = status, .challenge = status == 401,
				      .retry_s = status == 429 ? 1 : 0,
				      .allow = allow, .request_id = request_id(c),
				      .body = fh_builder_span(&b) };

	fh_gate_http_respond(c, &r);
}

static void refuse(struct fh_client *c, uint16_t status, const char *reason, const char *text)
{
	fh_gate_question_refuse(c, status, fh_span_str(reason), fh_span_str(text),
				/* allow= */ nullptr);
}

/* Core records what the gate itself refused.  */
static void report(struct fh_client *c, const struct fh_route *route, const char *reason)
{
	struct fh_ask a = { .kind = FH_ASK_REFUSED, .bearer = route->bearer,
			    .tool = fh_span_str(reason) };

	(void)!fh_gate_ask(c->gate, &a, /* client= */ nullptr, (struct fh_span){ 0 });
}

/* Which id an over-long one was, nobody could be told.  */
static bool id_fits(const struct fh_client *c)
{
	struct fh_span id;
	size_t n = fh_http_find(&c->http.request, "x-request-id", &id);

	return n == 0 || (n == 1 && id.n <= FH_HTTP_REQUEST_ID_MAX);
}

void fh_gate_question(struct fh_client *c, const struct fh_route *route)
{
	struct fh_ask a = { .kind = FH_ASK_QUESTION, .bearer = route->bearer };
	struct fh_trace t = { 0 };
	struct fh_builder params;
	fh_err e = fh_gate_renew_scratch(c->gate);

	if (!id_fits(c)) {
		report(c, route, "request-id");
		refuse(c, 400, "request-id", "X-Request-ID must be one line of at most 256 bytes");
		return;
	}
	params = fh_builder_of(e == FH_ERR_OK ? fh_arena_space(&c->gate->scratch,
							       FH_AUTHZEN_PARAMS_MAX) : nullptr,
			       FH_AUTHZEN_PARAMS_MAX);
	if (params.p == nullptr) {
		refuse(c, 500, "busy", "no memory for this request");
		return;
	}
	e = fh_authzen_read(route->api, c->http.request.body, &c->gate->scratch, &params, &t);
	if (e != FH_ERR_OK) {
		report(c, route, "malformed-question");
		refuse(c, e == FH_ERR_NOMEM ? 500 : 400, "malformed-question", t.what);
		return;
	}
	a.params = fh_builder_span(&params);
	e = fh_gate_ask(c->gate, &a, c, (struct fh_span){ 0 });
	if (e == FH_ERR_FULL)
		refuse(c, 429, "busy", "too many requests are waiting; try again in a second");
	else if (e != FH_ERR_OK)
		refuse(c, 500, "decision-unreachable", "the process that decides is not there");
}

static uint16_t status_of(struct fh_span reason)
{
	static const struct {
		const char *reason;
		uint16_t status;
	} rows[] = {
		{ "unknown-credential", 401 },
		{ "no-credential", 401 },
		{ "not-granted", 403 },
		{ "unknown-page", 400 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (fh_span_equal(reason, fh_span_str(rows[i].reason)))
			return rows[i].status;
	}
	return 500; /* it could not be decided */
}

void fh_gate_question_answer(struct fh_client *c, const struct fh_reply *r)
{
	struct fh_builder b = fh_builder_of(c->gate->text.p, FH_ANSWER_MAX);
	struct fh_http_response out = { .status = 200, .request_id = request_id(c) };

	if (r->status != FH_REPLY_RESULT) {
		fh_gate_question_refuse(c, status_of(r->reason), r->reason, r->text,
					/* allow= */ nullptr);
		return;
	}
	if (fh_json_from_cbor(r->body, &b) != FH_ERR_OK) {
		refuse(c, 500, "bad-answer", "the answer cannot be said as JSON");
		return;
	}
	out.body = fh_builder_span(&b);
	fh_gate_http_respond(c, &out);
}

/* The API is spoken over HTTPS, so that is what it is found at: whoever ends TLS in front of
 * the gate passes on the name it was asked by.  */
static void put_url(struct fh_builder *b, const char *name, struct fh_span host,
		    const char *path)
{
	fh_json_put_name(b, name);
	fh_builder_text(b, "\"https://");
	fh_builder_bytes(b, host); /* one of our names: nothing in it needs an escape */
	fh_builder_text(b, path);
	fh_builder_text(b, "\"");
}

void fh_gate_questions(struct fh_client *c)
{
	uint8_t memory[2048];
	struct fh_builder b = FH_BUILDER_ARRAY(memory);
	struct fh_http_response out = { .status = 200, .request_id = request_id(c),
					.head_only = c->http.request.method == FH_HTTP_HEAD };
	struct fh_span host;

	(void)fh_http_find(&c->http.request, "host", &host);
	fh_builder_text(&b, "{");
	put_url(&b, "policy_decision_point", host, "");
	put_url(&b, "access_evaluation_endpoint", host, FH_ROUTE_QUESTION_PREFIX "evaluation");
	put_url(&b, "access_evaluations_endpoint", host, FH_ROUTE_QUESTION_PREFIX "evaluations");
	put_url(&b, "search_subject_endpoint", host, FH_ROUTE_QUESTION_PREFIX "search/subject");
	put_url(&b, "search_resource_endpoint", host, FH_ROUTE_QUESTION_PREFIX "search/resource");
	put_url(&b, "search_action_endpoint", host, FH_ROUTE_QUESTION_PREFIX "search/action");
	fh_builder_text(&b, "}\n");
	out.body = fh_builder_span(&b);
	if (b.bad)
		refuse(c, 500, "bad-answer", "the answer is too long");
	else
		fh_gate_http_respond(c, &out);
}
