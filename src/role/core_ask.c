/* SPDX-License-Identifier: Apache-2.0 */
/* What gates ask: identify, type, decide, record; then, and only behind the
 * entry, a permit or a refusal.  */
#include "role/core.h"

#include "base/utf8.h"
#include "codec/cbor.h"
#include "crypto/sign.h"
#include "policy/mapping.h"

#include <string.h>

/* One request on its way through core.  */
struct request {
	size_t gate;
	const struct fh_ask *ask;
	struct fh_core_actor actor;
	struct fh_entity_uid action;
	struct fh_entity_uid resource;
	struct fh_value context;  /* what of them policies read */
	struct fh_span arguments; /* a CBOR map, or empty */
	struct fh_span client;    /* session id, or empty */
	struct fh_decision decision;
	uint64_t index;           /* of its entry */
};

void fh_core_reply(struct fh_core *c, size_t i, const struct fh_reply *r)
{
	struct fh_core_gate *g = &c->gate[i];
	size_t cap = r->body.n + 4096 + FH_REPLY_POLICIES_MAX * FH_NAME_MAX;
	uint8_t *p = fh_arena_space(&c->scratch, cap);
	struct fh_builder b = fh_builder_of(p, p == nullptr ? 0 : cap);

	if (!g->used)
		return;
	fh_reply_put(&b, r);
	/* A gate that does not take its answers is cut off rather than waited for.  */
	if (b.bad || fh_core_gate_say(g, fh_builder_span(&b)) != FH_ERR_OK)
		g->cut = true;
}

/* --- entries about requests ------------------------------------------- */

/* {"uid", "grade", "executable"} in deterministic order.  */
static fh_err add_identity(struct fh_core *c, struct fh_fields *f, const struct request *r)
{
	const struct fh_peer *peer = &c->gate[r->gate].peer;
	uint8_t *p = fh_arena_space(&c->scratch, 128);
	struct fh_builder b = fh_builder_of(p, p == nullptr ? 0 : 128);
	bool has_executable = !peer->network && peer->executable.n > 0;

	fh_cbor_put_map(&b, 1 + (peer->network ? 0u : 1u) + (has_executable ? 1u : 0u));
	if (!peer->network) {
		fh_cbor_put_text(&b, FH_SPAN_LIT("uid"));
		fh_cbor_put_uint(&b, peer->uid);
	}
	fh_cbor_put_text(&b, FH_SPAN_LIT("grade"));
	fh_cbor_put_text(&b, fh_span_str(r->actor.grade));
	if (has_executable) {
		fh_cbor_put_text(&b, FH_SPAN_LIT("executable"));
		fh_cbor_put_bytes(&b, peer->executable);
	}
	return b.bad ? FH_ERR_NOMEM
		     : fh_core_field(c, f, FH_FIELD_IDENTITY, fh_builder_span(&b));
}

/* [allowed, reason, [policy id...]]  */
static fh_err add_decision(struct fh_core *c, struct fh_fields *f, const struct request *r)
{
	const struct fh_decision *d = &r->decision;
	size_t cap = 64 + d->determining_n * (FH_NAME_MAX + 8);
	uint8_t *p = fh_arena_space(&c->scratch, cap);
	struct fh_builder b = fh_builder_of(p, p == nullptr ? 0 : cap);

	fh_cbor_put_array(&b, 3);
	fh_cbor_put_bool(&b, fh_allows(d->verdict));
	fh_cbor_put_text(&b, fh_span_str(fh_reason_code(d->reason)));
	fh_cbor_put_array(&b, d->determining_n);
	for (size_t i = 0; i < d->determining_n; i++)
		fh_cbor_put_text(&b, fh_utf8_first(d->determining[i], FH_NAME_MAX));
	return b.bad ? FH_ERR_NOMEM
		     : fh_core_field(c, f, FH_FIELD_DECISION, fh_builder_span(&b));
}

static fh_err add_who(struct fh_core *c, struct fh_fields *f, const struct request *r)
{
	struct fh_entity_uid actor = fh_entity_uid_of(FH_TYPE_ACTOR, r->actor.name);
	fh_err e = fh_core_field_entity(c, f, FH_FIELD_ACTOR, actor);

	return e == FH_ERR_OK ? add_identity(c, f, r) : e;
}

static fh_err append_intent(struct fh_core *c, struct request *r)
{
	char class[FH_CLASS_MAX + 1];
	struct fh_fields f = { 0 };
	fh_err e = add_who(c, &f, r);

	if (e == FH_ERR_OK)
		e = fh_core_field_entity(c, &f, FH_FIELD_ACTION, r->action);
	if (e == FH_ERR_OK)
		e = fh_core_field_entity(c, &f, FH_FIELD_RESOURCE, r->resource);
	if (e == FH_ERR_OK)
		e = add_decision(c, &f, r);
	if (e == FH_ERR_OK && r->arguments.n > 0)
		e = fh_core_field_large(c, &f, FH_FIELD_ARGUMENTS, r->arguments);
	if (e == FH_ERR_OK)
		e = fh_core_field_text(c, &f, FH_FIELD_SERVER, r->ask->server);
	if (e == FH_ERR_OK && r->client.n > 0)
		e = fh_core_field_bytes(c, &f, FH_FIELD_CLIENT, r->client);
	if (e == FH_ERR_OK && fh_allows(r->decision.verdict))
		e = fh_core_field_opened(c, &f, &r->decision);
	if (e == FH_ERR_OK)
		e = fh_core_append_about(c, r->actor.name, FH_ENTRY_INTENT,
					 fh_core_class(c, r->decision.retain_ms, class), &f,
					 &r->index);
	return e;
}

/* --- refusals --------------------------------------------------------- */

static void reply_refused(struct fh_core *c, const struct request *r, const char *code,
			  const char *text)
{
	struct fh_span said = fh_span_str(text);
	struct fh_reply reply = {
		.status = FH_REPLY_REFUSED,
		.exchange = r->ask->exchange,
		.index = r->index,
		.reason = fh_span_str(code),
		.text = r->index == FH_NO_INDEX ? fh_core_flood_text(c, said) : said,
	};

	fh_core_reply(c, r->gate, &reply);
}

/* {"tool", "reason", "suppressed"} in deterministic order.  */
static fh_err add_detail(struct fh_core *c, struct fh_fields *f, const struct request *r,
			 const char *code, uint64_t suppressed)
{
	size_t cap = 128 + r->ask->tool.n + strlen(code);
	uint8_t *p = fh_arena_space(&c->scratch, cap);
	struct fh_builder b = fh_builder_of(p, p == nullptr ? 0 : cap);

	fh_cbor_put_map(&b, 3);
	fh_cbor_put_text(&b, FH_SPAN_LIT("tool"));
	fh_cbor_put_text(&b, r->ask->tool);
	fh_cbor_put_text(&b, FH_SPAN_LIT("reason"));
	fh_cbor_put_text(&b, fh_span_str(code));
	fh_cbor_put_text(&b, FH_SPAN_LIT("suppressed"));
	fh_cbor_put_uint(&b, suppressed);
	return b.bad ? FH_ERR_NOMEM : fh_core_field(c, f, FH_FIELD_DETAIL, fh_builder_span(&b));
}

/* Refuses a message that never became an action, and records that.  */
static fh_err refuse(struct fh_core *c, struct request *r, const char *code, const char *text)
{
	char class[FH_CLASS_MAX + 1];
	struct fh_core_gate *g = &c->gate[r->gate];
	struct fh_fields f = { 0 };

	r->index = FH_NO_INDEX;
	if (fh_core_flood(c, r->gate, &r->actor, r->ask, code)) {
		if (r->ask->kind != FH_ASK_REFUSED)
			reply_refused(c, r, code, text);
		return FH_ERR_OK;
	}
	fh_err e = add_who(c, &f, r);

	if (e == FH_ERR_OK)
		e = fh_core_field_text(c, &f, FH_FIELD_SERVER, r->ask->server);
	if (e == FH_ERR_OK)
		e = add_detail(c, &f, r, code, g->suppressed);
	if (e == FH_ERR_OK)
		e = fh_core_append_about(c, r->actor.name, FH_ENTRY_REFUSAL, fh_core_class(c, 0,
			class), &f,
					 &r->index);
	if (e != FH_ERR_OK)
		return e;
	c->metrics.counted += g->suppressed;
	g->suppressed = 0;
	if (r->ask->kind != FH_ASK_REFUSED)
		reply_refused(c, r, code, text);
	return FH_ERR_OK;
}

/* --- decisions -------------------------------------------------------- */

void fh_core_reply_denied(struct fh_core *c, size_t gate, const struct fh_ask *ask,
			  const struct fh_decision *d, uint64_t index, struct fh_span session)
{
	struct fh_span said = fh_span_str(fh_reason_text(d->reason));
	struct fh_reply reply = {
		.status = FH_REPLY_REFUSED,
		.exchange = ask->exchange,
		.index = index,
		.session = session,
		.reason = fh_span_str(fh_reason_code(d->reason)),
		.text = index == FH_NO_INDEX ? fh_core_flood_text(c, said) : said,
	};

	for (size_t i = 0; i < d->determining_n && i < FH_REPLY_POLICIES_MAX; i++)
		reply.policy[reply.policies++] = fh_utf8_first(d->determining[i], FH_NAME_MAX);
	fh_core_reply(c, gate, &reply);
}

static void reply_denied(struct fh_core *c, const struct request *r)
{
	fh_core_reply_denied(c, r->gate, r->ask, &r->decision, r->index, r->client);
}

static void decide(struct fh_core *c, struct request *r)
{
	r->decision = fh_core_decide(c, &r->actor, r->action, r->resource, r->context,
				     r->arguments.n);
}

/* Records what was decided; *ALLOWED tells whether to go on.  The refusal, if it is
 * one, has been put into the gate's outbox.  */
static fh_err record(struct fh_core *c, struct request *r, bool *allowed)
{
	*allowed = false;
	if (fh_core_full(c) != nullptr)
		return refuse(c, r, fh_core_full(c), fh_core_full_text(c));
	if (!fh_allows(r->decision.verdict)
	    && fh_core_flood(c, r->gate, &r->actor, r->ask, fh_reason_code(r->decision.reason))) {
		r->index = FH_NO_INDEX;
		reply_denied(c, r);
		return FH_ERR_OK;
	}
	fh_err e = append_intent(c, r);

	if (e != FH_ERR_OK)
		return e;
	*allowed = fh_allows(r->decision.verdict);
	if (!*allowed)
		reply_denied(c, r);
	return FH_ERR_OK;
}

/* --- initialize ------------------------------------------------------- */

/* The intent to start the server: the device acts, and the operator's server
 * statement is what allows it.  */
static fh_err append_start(struct fh_core *c, const struct request *r,
			   const struct fh_server *server, struct fh_core_session *s)
{
	char class[FH_CLASS_MAX + 1];
	char device[2 * FH_HASH_SIZE], policy[FH_NAME_MAX];
	struct fh_builder hex = FH_BUILDER_ARRAY(device), id = FH_BUILDER_ARRAY(policy);
	struct fh_fields f = { 0 };
	struct request start = *r;

	fh_builder_hex(&hex, fh_hash_span(&c->device_id));
	fh_builder_text(&id, "statement ");
	fh_builder_decimal(&id, server->sequence);
	start.decision = (struct fh_decision){
		.verdict = fh_verdict_settle(FH_ANSWER_YES),
		.reason = FH_REASON_PERMITTED,
		.determining_n = 1,
		.determining = { fh_builder_span(&id) },
	};
	fh_err e = fh_core_field_entity(c, &f, FH_FIELD_ACTOR,
					fh_entity_uid_of(FH_TYPE_DEVICE, fh_builder_span(&hex)));

	if (e == FH_ERR_OK)
		e = fh_core_field_entity(c, &f, FH_FIELD_ACTION,
					 fh_entity_uid_of(FH_TYPE_ACTION,
							  FH_SPAN_LIT(FH_ACTION_SERVER_START)));
	if (e == FH_ERR_OK)
		e = fh_core_field_entity(c, &f, FH_FIELD_RESOURCE, r->resource);
	if (e == FH_ERR_OK)
		e = add_decision(c, &f, &start);
	if (e == FH_ERR_OK)
		e = fh_core_field_text(c, &f, FH_FIELD_SERVER, r->ask->server);
	if (e == FH_ERR_OK)
		e = fh_core_field_bytes(c, &f, FH_FIELD_CLIENT, r->client);
	if (e == FH_ERR_OK)
		e = fh_core_field_opened(c, &f, &start.decision);
	if (e == FH_ERR_OK)
		e = fh_core_append(c, FH_ENTRY_INTENT, fh_core_class(c, 0, class), &f,
				   &s->start_index);
	return e;
}

static fh_err order_start(struct fh_core *c, const struct fh_server *server,
			  const struct fh_core_session *s)
{
	size_t cap = (FH_SERVER_ARGUMENTS_MAX + 2 * FH_SERVER_ENVIRONMENT_MAX) * (FH_PATH_MAX + 8);
	struct fh_start *start = fh_arena_take(&c->scratch, sizeof(*start));
	uint8_t *p = fh_arena_space(&c->scratch, cap);
	struct fh_builder b = fh_builder_of(p, cap);

	if (start == nullptr || p == nullptr)
		return FH_ERR_NOMEM;
	start->index = s->start_index;
	start->session = FH_SPAN_ARRAY(s->id);
	start->arguments = fh_texts(server->body.command, start->argument, FH_SERVER_ARGUMENTS_MAX);
	start->environments = fh_text_pairs(server->body.environment, start->environment,
					    FH_SERVER_ENVIRONMENT_MAX);
	start->directory = server->body.directory;
	start->uid = server->body.uid;
	start->gid = server->body.gid;
	start->executable = server->body.executable;
	fh_start_put(&b, start);
	return b.bad ? FH_ERR_LIMIT : fh_outbox_put(&c->reach_out, fh_builder_span(&b));
}

static fh_err ask_initialize(struct fh_core *c, struct request *r)
{
	const struct fh_server *server = fh_chain_server(&c->chain, r->ask->server);
	const struct fh_pins_held *pins = fh_chain_pins(&c->chain, r->ask->server);
	bool allowed;

	if (server == nullptr)
		return refuse(c, r, "unknown-server",
			      "no statement of the operator names such a server");
	r->action = fh_entity_uid_of(FH_TYPE_ACTION, FH_SPAN_LIT(FH_ACTION_MCP_INITIALIZE));
	r->resource = fh_entity_uid_of(FH_TYPE_SERVER, r->ask->server);
	r->arguments = r->ask->params;
	if (r->arguments.n > FH_CORE_PARAMS_MAX)
		return refuse(c, r, "too-large", "the initialize parameters are too large");
	struct fh_core_session *s = fh_core_session_new(c, r->gate, r->actor.name);

	if (s == nullptr)
		return refuse(c, r, "too-many-sessions",
			      "too many sessions of this actor, or of all, are open; close some");
	r->client = FH_SPAN_ARRAY(s->id);
	decide(c, r);
	fh_err e = record(c, r, &allowed);

	if (e == FH_ERR_OK && allowed)
		e = append_start(c, r, server, s);
	if (e == FH_ERR_OK && allowed)
		e = order_start(c, server, s);
	if (e != FH_ERR_OK || !allowed) {
		s->state = FH_SESSION_FREE;
		return e;
	}
	s->principal_sequence = r->actor.sequence;
	s->server_sequence = server->sequence;
	s->pins_sequence = pins == nullptr ? 0 : pins->sequence;
	s->open_exchange = r->ask->exchange;
	s->open_index = r->index;
	s->open_reserve = fh_core_reserve(c, &r->decision, r->action, r->arguments.n);
	s->open_fallback = r->decision.fallback;
	s->open_retain_ms = r->decision.retain_ms;
	s->params_n = r->arguments.n;
	memcpy(s->params, r->arguments.p, r->arguments.n);
	s->server_n = r->ask->server.n;
	memcpy(s->server, r->ask->server.p, r->ask->server.n);
	return FH_ERR_OK;
}

/* --- calls ------------------------------------------------------------ */

static fh_err permit(struct fh_core *c, struct fh_core_session *s, const struct request *r,
		     enum fh_permit_kind kind)
{
	struct fh_permit p = { .kind = kind, .index = r->index, .tool = r->ask->tool,
			       .body = r->ask->params, .progress = r->ask->progress };
	size_t cap = p.body.n + FH_NAME_MAX + 64;
	uint8_t *bytes = fh_arena_space(&c->scratch, cap);
	struct fh_builder b = fh_builder_of(bytes, bytes == nullptr ? 0 : cap);

	for (size_t i = 0; i < FH_CORE_CALLS_MAX; i++) {
		if (s->call[i].index != FH_NO_INDEX)
			continue;
		s->call[i] = (struct fh_core_call){
			.index = r->index,
			.exchange = r->ask->exchange,
			.list = kind == FH_PERMIT_LIST,
			.progress = r->ask->progress,
			.fallback = r->decision.fallback,
			.retain_ms = r->decision.retain_ms,
			.reserve = fh_core_reserve(c, &r->decision, r->action, r->arguments.n),
		};
		fh_permit_put(&b, &p);
		if (b.bad)
			return FH_ERR_NOMEM;
		if (fh_outbox_put(&s->out, fh_builder_span(&b)) == FH_ERR_OK)
			return FH_ERR_OK;
		return fh_core_session_end(c, s, FH_OUTCOME_FAILED,
					   "the tool server takes no more");
	}
	return FH_ERR_LIMIT;
}

static bool busy(const struct fh_core_session *s)
{
	for (size_t i = 0; i < FH_CORE_CALLS_MAX; i++) {
		if (s->call[i].index == FH_NO_INDEX)
			return false;
	}
	return true;
}

/* The live session that R names, with the server it was opened on; refuses
 * otherwise.  */
static struct fh_core_session *session_of(struct fh_core *c, struct request *r, fh_err *e)
{
	struct fh_core_session *s =
		fh_core_session_find(c, r->gate, r->ask->session, r->actor.name);

	*e = FH_ERR_OK;
	if (s == nullptr || !fh_span_equal(fh_span_of(s->server, s->server_n), r->ask->server)) {
		*e = refuse(c, r, "unknown-session", "no such session; initialize again");
		return nullptr;
	}
	if (busy(s)) {
		*e = refuse(c, r, "too-many-calls", "too many calls of this session are open");
		return nullptr;
	}
	r->client = FH_SPAN_ARRAY(s->id);
	return s;
}

static fh_err record_and_permit(struct fh_core *c, struct request *r, struct fh_core_session *s,
				enum fh_permit_kind kind)
{
	bool allowed;
	fh_err e = record(c, r, &allowed);

	if (e != FH_ERR_OK || !allowed)
		return e;
	return permit(c, s, r, kind);
}

static fh_err ask_list(struct fh_core *c, struct request *r)
{
	fh_err e;
	struct fh_core_session *s = session_of(c, r, &e);

	if (s == nullptr)
		return e;
	r->action = fh_entity_uid_of(FH_TYPE_ACTION, FH_SPAN_LIT(FH_ACTION_MCP_LIST));
	r->resource = fh_entity_uid_of(FH_TYPE_SERVER, r->ask->server);
	decide(c, r);
	return record_and_permit(c, r, s, FH_PERMIT_LIST);
}

static fh_err ask_call(struct fh_core *c, struct request *r)
{
	struct fh_trace why = { 0 };
	struct fh_wire_call call = { 0 };
	enum fh_reason untyped;
	fh_err e;
	struct fh_core_session *s = session_of(c, r, &e);

	if (s == nullptr)
		return e;
	if (!c->policy_ready)
		return refuse(c, r, "no-policy", "no policy is in force");
	r->arguments = r->ask->params;
	e = fh_wire_call_type(&c->policy.schema, r->ask->server, r->ask->tool, r->arguments,
			      &c->scratch, &call, &untyped, &why);
	if (e != FH_ERR_OK)
		return e;
	if (untyped != FH_REASON_PERMITTED)
		return refuse(c, r, fh_reason_code(untyped), why.what);
	r->action = call.action;
	r->resource = call.resource;
	r->context = call.context;
	decide(c, r);
	/* Checking can take core's time, so only what is permitted gets that far.  */
	if (fh_allows(r->decision.verdict)) {
		const char *against =
			fh_core_pins_obstacle(c, s, r->ask->tool, r->arguments, &why);

		if (against != nullptr)
			return refuse(c, r, against, why.what);
	}
	return record_and_permit(c, r, s, FH_PERMIT_CALL);
}

/* --- the rest --------------------------------------------------------- */

static fh_err ask_cancel(struct fh_core *c, const struct request *r)
{
	uint8_t bytes[64];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	for (size_t i = 0; i < FH_SESSIONS_MAX; i++) {
		struct fh_core_session *s = &c->session[i];

		if (s->state != FH_SESSION_LIVE || s->gate != r->gate)
			continue;
		for (size_t k = 0; k < FH_CORE_CALLS_MAX; k++) {
			struct fh_permit p = { .kind = FH_PERMIT_CANCEL,
					       .index = s->call[k].index };

			if (p.index == FH_NO_INDEX || s->call[k].exchange != r->ask->target)
				continue;
			fh_permit_put(&b, &p);
			/* When it is full, the server takes nothing anyway.  */
			(void)!fh_outbox_put(&s->out, fh_builder_span(&b));
			return FH_ERR_OK;
		}
	}
	return FH_ERR_OK; /* answered already */
}

static fh_err ask_end(struct fh_core *c, struct request *r)
{
	/* Who knows the session's id may end it: a client that went away before it got
	 * its answer cannot show its credential any more.  */
	struct fh_core_session *s =
		fh_core_session_find(c, r->gate, r->ask->session, (struct fh_span){ 0 });
	struct fh_reply reply = { .status = FH_REPLY_RESULT, .exchange = r->ask->exchange,
				  .index = FH_NO_INDEX };

	if (s == nullptr)
		return refuse(c, r, "unknown-session", "no such session");
	fh_err e = fh_core_session_end(c, s, FH_OUTCOME_CANCELLED, "the client ended the session");

	if (e == FH_ERR_OK)
		fh_core_reply(c, r->gate, &reply);
	return e;
}

static fh_err ask_health(struct fh_core *c, const struct request *r)
{
	const char *why = c->lost != nullptr ? c->lost : fh_core_full(c);
	struct fh_reply reply = { .status = why != nullptr ? FH_REPLY_FAILED : FH_REPLY_RESULT,
				  .exchange = r->ask->exchange, .index = FH_NO_INDEX };

	if (why != nullptr)
		reply.reason = fh_span_str(why);
	fh_core_reply(c, r->gate, &reply);
	return FH_ERR_OK;
}

/* {"nonce", "origin"}, or {"nonce", "object", "origin", "secret"}.  */
static bool read_question(struct fh_span params, struct fh_core_question *q)
{
	struct fh_cursor c = fh_cursor_of(params);
	size_t n = fh_cbor_map(&c, 4);
	bool right = n == 2 || n == 4;

	right &= fh_span_equal(fh_cbor_text(&c, FH_NAME_MAX), FH_SPAN_LIT("nonce"));
	q->nonce = fh_cbor_bytes(&c, FH_QUOTE_NONCE_MAX);
	if (n == 4) {
		right &= fh_span_equal(fh_cbor_text(&c, FH_NAME_MAX), FH_SPAN_LIT("object"));
		q->object = fh_cbor_bytes(&c, FH_CREDENTIAL_OBJECT_MAX);
		right &= q->object.n > 0;
	}
	right &= fh_span_equal(fh_cbor_text(&c, FH_NAME_MAX), FH_SPAN_LIT("origin"));
	q->origin = fh_cbor_text(&c, FH_QUOTE_ORIGIN_MAX);
	if (n == 4) {
		right &= fh_span_equal(fh_cbor_text(&c, FH_NAME_MAX), FH_SPAN_LIT("secret"));
		q->secret = fh_cbor_bytes(&c, FH_CREDENTIAL_SEED_MAX);
	}
	return fh_cursor_end(&c) == FH_ERR_OK && right && q->nonce.n > 0;
}

static fh_err ask_quote(struct fh_core *c, struct request *r)
{
	struct fh_reply reply = { .status = FH_REPLY_RESULT, .exchange = r->ask->exchange };
	struct fh_core_question q = { 0 };
	struct fh_span json;

	if (!read_question(r->ask->params, &q))
		return FH_ERR_FORMAT;
	if (!c->measured)
		return refuse(c, r, "no-tpm", "this machine has no TPM that could quote");
	if (fh_core_full(c) != nullptr)
		return refuse(c, r, fh_core_full(c), fh_core_full_text(c));
	if (!fh_core_live_allowed(c))
		return refuse(c, r, "too-many-quotes", "the TPM is slow; ask again later");
	fh_err e = fh_core_live(c, &q, &json, &reply.index);

	if (e == FH_ERR_SIGNATURE || e == FH_ERR_FORMAT || e == FH_ERR_UNSUPPORTED)
		return refuse(c, r, "credential-refused",
			      "it was not made for this TPM and its AK");
	if (e == FH_ERR_TPM)
		return refuse(c, r, "quote-failed", "the TPM did not quote");
	e = fh_core_chip_lost(c, e);
	if (e == FH_ERR_OK && c->lost != nullptr)
		return refuse(c, r, c->lost, "this machine has lost its chip");
	if (e != FH_ERR_OK)
		return e;
	uint8_t *p = fh_arena_space(&c->scratch, json.n + 16);
	struct fh_builder body = fh_builder_of(p, p == nullptr ? 0 : json.n + 16);

	fh_cbor_put_bytes(&body, json);
	reply.body = fh_builder_span(&body);
	if (body.bad)
		return FH_ERR_NOMEM;
	fh_core_reply(c, r->gate, &reply);
	return FH_ERR_OK;
}

/* What a gate refused itself.  It names a reason code; anything else is not what
 * gates say.  */
static fh_err refused_by_gate(struct fh_core *c, struct request *r)
{
	char code[FH_REASON_MAX + 1] = { 0 };
	struct fh_span said = r->ask->tool;

	if (said.n == 0 || said.n > FH_REASON_MAX)
		return FH_ERR_FORMAT;
	for (size_t i = 0; i < said.n; i++) {
		uint8_t b = said.p[i];

		if (!(b >= 'a' && b <= 'z') && !(b >= '0' && b <= '9') && b != '-' && b != '.')
			return FH_ERR_FORMAT;
		code[i] = (char)b;
	}
	return refuse(c, r, code, "");
}

/* What a machine without its chip does no more.  */
static bool takes_chip(enum fh_ask_kind kind)
{
	return kind == FH_ASK_INITIALIZE || kind == FH_ASK_LIST || kind == FH_ASK_CALL
	       || kind == FH_ASK_QUOTE || kind == FH_ASK_QUESTION || kind == FH_ASK_OPEN
	       || kind == FH_ASK_PRUNE;
}

static fh_err dispatch(struct fh_core *c, struct request *r)
{
	if (!r->actor.known && r->ask->kind != FH_ASK_HEALTH)
		return refuse(c, r, "unknown-credential", "no actor has this credential");
	if (c->lost != nullptr && takes_chip(r->ask->kind))
		return refuse(c, r, c->lost, "this machine has lost its chip, so nothing is "
			      "permitted (freehold status)");
	switch (r->ask->kind) {
	case FH_ASK_INITIALIZE:
		return ask_initialize(c, r);
	case FH_ASK_LIST:
		return ask_list(c, r);
	case FH_ASK_CALL:
		return ask_call(c, r);
	case FH_ASK_CANCEL:
		return ask_cancel(c, r);
	case FH_ASK_END:
		return ask_end(c, r);
	case FH_ASK_HEALTH:
		return ask_health(c, r);
	case FH_ASK_QUOTE:
		return ask_quote(c, r);
	case FH_ASK_RECORD:
		return fh_core_record_part(c, r->gate, r->ask);
	case FH_ASK_QUESTION:
		return fh_core_question(c, r->gate, r->ask, &r->actor);
	case FH_ASK_WITNESS:
		return fh_core_witness(c, r->gate, r->ask);
	case FH_ASK_OPEN:
		return fh_core_open(c, r->gate, r->ask, &r->actor);
	case FH_ASK_PRUNE:
		return fh_core_prune_ask(c, r->gate, r->ask, &r->actor);
	case FH_ASK_REFUSED:
		break;
	}
	return refused_by_gate(c, r);
}

fh_err fh_core_refuse(struct fh_core *c, size_t i, const struct fh_ask *ask,
		      const struct fh_core_actor *actor, const char *code, const char *text)
{
	struct request r = { .gate = i, .ask = ask, .index = FH_NO_INDEX, .actor = *actor,
			     .context = fh_value_none() };

	return refuse(c, &r, code, text);
}

fh_err fh_core_field_asker(struct fh_core *c, struct fh_fields *f, size_t i,
			   const struct fh_core_actor *actor)
{
	const struct request r = { .gate = i, .actor = *actor };

	return add_who(c, f, &r);
}

fh_err fh_core_field_decision(struct fh_core *c, struct fh_fields *f,
			      const struct fh_decision *d)
{
	const struct request r = { .decision = *d };

	return add_decision(c, f, &r);
}

fh_err fh_core_ask_flush(struct fh_core *c, size_t i)
{
	struct fh_core_gate *g = &c->gate[i];
	struct fh_ask none = { .kind = FH_ASK_REFUSED };
	struct request r = { .gate = i, .ask = &none, .index = FH_NO_INDEX,
			     .actor = fh_core_anonymous() };

	if (g->suppressed == 0 || fh_core_full(c) != nullptr)
		return FH_ERR_OK;
	g->refusals = 0; /* this entry is the one that says how many were left out */
	fh_arena_reset(&c->scratch);
	return refuse(c, &r, "suppressed", "");
}

fh_err fh_core_ask(struct fh_core *c, size_t i, struct fh_span frame)
{
	struct fh_core_gate *g = &c->gate[i];
	struct fh_ask ask;
	fh_err e = fh_ask_read(frame, &ask);

	if (e != FH_ERR_OK)
		return FH_ERR_FORMAT;
	if (ask.exchange <= g->last_exchange)
		return FH_ERR_FORMAT;
	g->last_exchange = ask.exchange;
	struct request r = { .gate = i, .ask = &ask, .index = FH_NO_INDEX,
			     .actor = fh_core_identify(c, g, ask.bearer) };

	return dispatch(c, &r);
}
