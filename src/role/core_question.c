/* SPDX-License-Identifier: Apache-2.0 */
/* Questions: who asks, whether he may, what the policy says, and the entry about it, or that
 * too many are answered no.  Nothing is done and nothing is charged.  docs/spec/AUTHZEN.  */
#include "role/core.h"

#include "base/decimal.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "codec/cbor.h"
#include "entry/called.h"
#include "entry/counted.h"
#include "wire/authzen.h"

/* One request on its way through core.  */
struct asking {
	size_t gate;
	const struct fh_ask *ask;
	const struct fh_core_actor *actor;
	struct fh_authzen z;
	struct fh_builder body; /* the answer, CBOR that becomes the JSON */
	uint64_t index;         /* of the last entry about it */
	size_t work;            /* policies that were asked so far */
};

static fh_err refuse(struct fh_core *c, const struct asking *k, const char *code,
		     const char *text)
{
	return fh_core_refuse(c, k->gate, k->ask, k->actor, code, text);
}

static struct fh_builder room(struct fh_core *c, size_t n)
{
	uint8_t *p = fh_arena_space(&c->scratch, n);

	return fh_builder_of(p, p == nullptr ? 0 : n);
}

static fh_err reply(struct fh_core *c, const struct asking *k)
{
	struct fh_reply r = { .status = FH_REPLY_RESULT, .exchange = k->ask->exchange,
			      .index = k->index, .body = fh_builder_span(&k->body) };

	if (k->body.bad)
		return FH_ERR_LIMIT;
	fh_core_reply(c, k->gate, &r);
	return FH_ERR_OK;
}

/* With whose erasure the answer to Q goes: the actor's that it is about, or the asker's.  Of
 * names that the chain does not know, an asker could have keys made without end.  */
static struct fh_span about(const struct fh_core *c, const struct asking *k,
			    const struct fh_question *q)
{
	bool known = fh_span_equal(q->subject.type, FH_SPAN_LIT(FH_TYPE_ACTOR))
		     && fh_chain_actor(&c->chain, q->subject.id) != nullptr;

	return known ? q->subject.id : k->actor->name;
}

/* --- decisions -------------------------------------------------------- */

/* The question as it was asked.  */
static fh_err add_question(struct fh_core *c, struct fh_fields *f,
			   const struct fh_authzen_item *item)
{
	struct fh_builder b = room(c, item->bytes.n + 32);

	fh_cbor_put_map(&b, 1);
	fh_cbor_put_text(&b, FH_SPAN_LIT("question"));
	fh_builder_bytes(&b, item->bytes);
	return b.bad ? FH_ERR_NOMEM
		     : fh_core_field_large(c, f, FH_FIELD_ARGUMENTS, fh_builder_span(&b));
}

/* Of a call that is malformed there may be one of the two.  */
static bool is_call(const struct fh_authzen_item *item)
{
	return item->call.n > 0 || item->question.function.n > 0;
}

/* Arguments as those of a tool's call, and beside them, so that arguments that are too large
 * to be kept do not take it along, what leads from the model's call to this entry.  */
static fh_err add_call(struct fh_core *c, struct fh_fields *f, const struct fh_authzen_item *item)
{
	const struct fh_question *q = &item->question;
	struct fh_span why = item->malformed.n > 0 ? item->malformed : q->unreadable;
	const struct fh_called called = { item->call, why, q->function };
	struct fh_builder b = room(c, FH_CALLED_MAX);
	fh_err e = FH_ERR_OK;

	fh_called_put(&b, &called);
	if (why.n == 0)
		e = fh_core_field_large(c, f, FH_FIELD_ARGUMENTS, q->arguments);
	if (e == FH_ERR_OK && b.bad)
		e = FH_ERR_NOMEM;
	return e == FH_ERR_OK ? fh_core_field(c, f, FH_FIELD_DETAIL, fh_builder_span(&b)) : e;
}

static fh_err append_decision(struct fh_core *c, struct asking *k,
			      const struct fh_authzen_item *item, const struct fh_decision *d)
{
	const struct fh_question *q = &item->question;
	char class[FH_CLASS_MAX + 1];
	bool whole = item->malformed.n == 0, named = q->action.id.n > 0;
	struct fh_fields f = { 0 };
	fh_err e = fh_core_field_asker(c, &f, k->gate, k->actor);

	if (e == FH_ERR_OK && named)
		e = fh_core_field_entity(c, &f, FH_FIELD_ACTION, q->action);
	if (e == FH_ERR_OK && named)
		e = fh_core_field_entity(c, &f, FH_FIELD_RESOURCE, q->resource);
	if (e == FH_ERR_OK)
		e = fh_core_field_decision(c, &f, d);
	if (e == FH_ERR_OK)
		e = is_call(item) ? add_call(c, &f, item) : add_question(c, &f, item);
	if (e == FH_ERR_OK && whole)
		e = fh_core_field_entity(c, &f, FH_FIELD_SUBJECT, q->subject);
	return e == FH_ERR_OK ? fh_core_append_about(c, about(c, k, q), FH_ENTRY_ANSWER,
						     fh_core_class(c, d->retain_ms, class), &f,
						     &k->index)
			      : e;
}

/* {"context": {? "call", ? "text", "reason", ? "record", "policies"}, "decision"}, with RECORD if
 * it has an entry of its own.  */
static void put_decision(struct asking *k, const struct fh_authzen_item *item,
			 const struct fh_decision *d, struct fh_span why, bool record)
{
	struct fh_builder *b = &k->body;
	size_t n = d->determining_n < FH_REPLY_POLICIES_MAX ? d->determining_n
							    : FH_REPLY_POLICIES_MAX;

	fh_cbor_put_map(b, 2);
	fh_cbor_put_text(b, FH_SPAN_LIT("context"));
	fh_cbor_put_map(b, 2 + (item->call.n > 0) + (why.n > 0) + record);
	if (item->call.n > 0) {
		fh_cbor_put_text(b, FH_SPAN_LIT("call"));
		fh_cbor_put_text(b, item->call);
	}
	if (why.n > 0) {
		fh_cbor_put_text(b, FH_SPAN_LIT("text"));
		fh_cbor_put_text(b, why);
	}
	fh_cbor_put_text(b, FH_SPAN_LIT("reason"));
	fh_cbor_put_text(b, fh_span_str(fh_reason_code(d->reason)));
	if (record) {
		fh_cbor_put_text(b, FH_SPAN_LIT("record"));
		fh_cbor_put_uint(b, k->index);
	}
	fh_cbor_put_text(b, FH_SPAN_LIT("policies"));
	fh_cbor_put_array(b, n);
	for (size_t i = 0; i < n; i++)
		fh_cbor_put_text(b, fh_utf8_first(d->determining[i], FH_NAME_MAX));
	fh_cbor_put_text(b, FH_SPAN_LIT("decision"));
	fh_cbor_put_bool(b, fh_allows(d->verdict));
}

/* Decides ITEM, records that or counts it, and says it; *YES is the decision.  */
static fh_err answer_one(struct fh_core *c, struct asking *k, struct fh_authzen_item *item,
			 bool *yes)
{
	struct fh_decision d = fh_decision_refused(FH_REASON_MALFORMED);
	size_t mark = c->scratch.n;
	struct fh_trace t = { 0 };
	struct fh_span why = item->malformed;

	if (why.n == 0 && k->work >= FH_AUTHZEN_WORK_MAX) {
		d = fh_decision_refused(FH_REASON_TOO_MUCH_WORK);
	} else if (why.n == 0) {
		d = fh_core_decide_question(c, &item->question, &t);
		k->work += d.tried + 1;
		if (t.what[0] != '\0')
			why = fh_utf8_first(fh_span_str(t.what), FH_TRACE_TEXT_MAX);
	}
	*yes = fh_allows(d.verdict);
	bool counted = !*yes && fh_core_flood_answer(c, k->gate, k->actor, item->bytes,
						     fh_reason_code(d.reason));
	fh_err e = counted ? FH_ERR_OK : append_decision(c, k, item, &d);

	c->scratch.n = mark;
	if (counted)
		why = fh_core_flood_text(c, why);
	if (e == FH_ERR_OK)
		put_decision(k, item, &d, why, /* record= */ !counted);
	return e;
}

/* How many of the answers there are the semantic decides, so they are counted in advance:
 * they are put behind each other, and the head in front of them.  */
static fh_err answer_several(struct fh_core *c, struct asking *k)
{
	struct fh_builder whole = k->body;
	const enum fh_authzen_semantic s = k->z.semantic;
	size_t answers = 0;
	bool over = false;
	fh_err e = FH_ERR_OK;

	k->body = room(c, FH_AUTHZEN_ANSWER_MAX);
	for (size_t i = 0; e == FH_ERR_OK && i < k->z.questions && !over; i++) {
		struct fh_authzen_item item;
		bool yes = false;

		e = fh_authzen_next(&k->z, &item);
		if (e == FH_ERR_OK)
			e = answer_one(c, k, &item, &yes);
		over = yes ? s == FH_AUTHZEN_PERMIT_FIRST : s == FH_AUTHZEN_DENY_FIRST;
		answers++;
	}
	fh_cbor_put_map(&whole, 1);
	fh_cbor_put_text(&whole, FH_SPAN_LIT("evaluations"));
	fh_cbor_put_array(&whole, answers);
	fh_builder_bytes(&whole, fh_builder_span(&k->body));
	whole.bad |= k->body.bad;
	k->body = whole;
	return e == FH_ERR_OK ? reply(c, k) : e;
}

/* --- searches --------------------------------------------------------- */

/* The places of what may be found, in an order that the policy statement and the chain fix;
 * a page begins at one.  */
struct finding {
	struct fh_authzen_item item;
	struct fh_entity_uid *sought; /* in the item's question */
	size_t place;                 /* of the next */
	size_t at;                    /* in the chain */
	bool spent;                   /* more may be found, with work of another request */
};

/* What the policy's schema calls NAME is an actor or a server: the chain names those.  */
static bool is_type(const struct finding *s, const char *name)
{
	return fh_span_equal(s->sought->type, fh_span_str(name));
}

/* The next entity of the type sought, into the question; false at the end.  */
static bool next_entity(struct fh_core *c, struct finding *s)
{
	const struct fh_entities *all = &c->policy.entities;
	const struct fh_schema *schema = &c->policy.schema;
	uint32_t type = fh_schema_find_type(schema, s->sought->type);

	if (is_type(s, FH_TYPE_ACTOR)) {
		const struct fh_actor *a = fh_chain_actor_next(&c->chain, &s->at);

		s->sought->id = a == nullptr ? (struct fh_span){ 0 } : a->body.name;
		s->place++;
		return a != nullptr;
	}
	if (is_type(s, FH_TYPE_SERVER)) {
		const struct fh_server *server = fh_chain_server_next(&c->chain, &s->at);

		s->sought->id = server == nullptr ? (struct fh_span){ 0 } : server->body.name;
		s->place++;
		return server != nullptr;
	}
	if (type != FH_SCHEMA_NONE && schema->types[type].choices_n > 0) {
		const struct fh_schema_type *t = &schema->types[type];

		s->sought->id = s->place < t->choices_n ? t->choices[s->place]
							: (struct fh_span){ 0 };
		return s->place++ < t->choices_n;
	}
	while (s->place < all->n) {
		const struct fh_entity_uid uid = all->list[s->place++].key.uid;

		if (!fh_span_equal(uid.type, s->sought->type))
			continue;
		s->sought->id = uid.id;
		return true;
	}
	return false;
}

static bool next_action(const struct fh_core *c, struct finding *s)
{
	const struct fh_schema *schema = &c->policy.schema;

	while (s->place < schema->actions_n) {
		const struct fh_schema_action *a = &schema->actions[s->place++];

		if (a->principals_n == 0)
			continue;
		*s->sought = a->uid;
		return true;
	}
	return false;
}

/* The next that SUBJECT may, that may, or that it may be done to; false at the end, or where the
 * work is used up.  */
static bool next_found(struct fh_core *c, struct asking *k, struct finding *s)
{
	struct fh_question *q = &s->item.question;

	while (!s->spent
	       && (k->z.api == FH_AUTHZEN_ACTIONS ? next_action(c, s) : next_entity(c, s))) {
		struct fh_decision d;

		if (k->z.api == FH_AUTHZEN_SUBJECTS
		    && !fh_asks_about(k->actor->asks, q->subject.type, q->subject.id))
			continue;
		d = fh_core_decide_question(c, q, /* trace= */ nullptr);
		k->work += d.tried + 1;
		s->spent = k->work >= FH_AUTHZEN_WORK_MAX;
		if (fh_allows(d.verdict))
			return true;
	}
	return false;
}

/* {"id", "type"}, or {"name"}  */
static void put_found(struct fh_core *c, struct fh_builder *b, const struct asking *k,
		      const struct finding *s)
{
	bool action = k->z.api == FH_AUTHZEN_ACTIONS;

	fh_cbor_put_map(b, action ? 1 : 2);
	fh_cbor_put_text(b, action ? FH_SPAN_LIT("name") : FH_SPAN_LIT("id"));
	if (action) {
		struct fh_builder name = room(c, s->sought->type.n + s->sought->id.n + 4);

		fh_action_name_put(&name, *s->sought);
		fh_cbor_put_text(b, fh_builder_span(&name));
		b->bad |= name.bad;
		return;
	}
	fh_cbor_put_text(b, s->sought->id);
	fh_cbor_put_text(b, FH_SPAN_LIT("type"));
	fh_cbor_put_text(b, s->sought->type);
}

/* A token names a place, of one chain head and so of one order of places.  */
static void put_token(const struct fh_core *c, struct fh_builder *b, size_t place)
{
	fh_builder_hex(b, fh_span_of(c->chain.head.hash.bytes, 8));
	fh_builder_text(b, "-");
	fh_builder_decimal(b, place);
}

/* Goes on from TOKEN; false if it is none of now.  */
static bool go_to(struct fh_core *c, const struct asking *k, struct finding *s,
		  struct fh_span token)
{
	uint8_t bytes[FH_AUTHZEN_TOKEN_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	size_t dash = fh_span_find(token, '-');
	uint64_t place = 0;

	if (token.n == 0)
		return true;
	if (fh_decimal_read(fh_span_skip(token, dash + 1), &place) != FH_ERR_OK)
		return false;
	put_token(c, &b, place);
	if (b.bad || !fh_span_equal(fh_builder_span(&b), token))
		return false;
	if (k->z.api == FH_AUTHZEN_ACTIONS
	    || !(is_type(s, FH_TYPE_ACTOR) || is_type(s, FH_TYPE_SERVER)))
		s->place = place;
	while (s->place < place && next_entity(c, s))
		;
	return true;
}

static fh_err append_found(struct fh_core *c, struct asking *k, struct fh_span results)
{
	char class[FH_CLASS_MAX + 1];
	struct fh_fields f = { 0 };
	fh_err e = fh_core_field_asker(c, &f, k->gate, k->actor);

	if (e == FH_ERR_OK)
		e = fh_core_field_large(c, &f, FH_FIELD_ARGUMENTS, k->ask->params);
	if (e == FH_ERR_OK)
		e = fh_core_field_large(c, &f, FH_FIELD_RESULT, results);
	return e == FH_ERR_OK ? fh_core_append_about(c, k->actor->name, FH_ENTRY_ANSWER,
						     fh_core_class(c, 0, class), &f, &k->index)
			      : e;
}

/* {"page": {"count", "next_token"}, "results": RESULTS}  */
static void put_page(struct fh_core *c, struct asking *k, struct fh_span results, size_t n,
		     bool more, size_t place)
{
	uint8_t bytes[FH_AUTHZEN_TOKEN_MAX];
	struct fh_builder token = FH_BUILDER_ARRAY(bytes);

	if (more)
		put_token(c, &token, place);
	fh_cbor_put_map(&k->body, 2);
	fh_cbor_put_text(&k->body, FH_SPAN_LIT("page"));
	fh_cbor_put_map(&k->body, 2);
	fh_cbor_put_text(&k->body, FH_SPAN_LIT("count"));
	fh_cbor_put_uint(&k->body, n);
	fh_cbor_put_text(&k->body, FH_SPAN_LIT("next_token"));
	fh_cbor_put_text(&k->body, fh_builder_span(&token));
	fh_cbor_put_text(&k->body, FH_SPAN_LIT("results"));
	fh_builder_bytes(&k->body, results);
}

static fh_err search(struct fh_core *c, struct asking *k)
{
	struct finding s = { 0 };
	struct fh_builder found = room(c, FH_AUTHZEN_ANSWER_MAX);
	struct fh_builder results = room(c, FH_AUTHZEN_ANSWER_MAX);
	size_t n = 0, place = 0;
	bool more = false;
	fh_err e = fh_authzen_next(&k->z, &s.item);

	s.sought = k->z.api == FH_AUTHZEN_SUBJECTS    ? &s.item.question.subject
		   : k->z.api == FH_AUTHZEN_RESOURCES ? &s.item.question.resource
						      : &s.item.question.action;
	if (e != FH_ERR_OK)
		return e;
	if (!go_to(c, k, &s, k->z.token))
		return refuse(c, k, "unknown-page",
			      "the page token is none, or of before something was signed");
	while (c->policy_ready && next_found(c, k, &s)) {
		more = n == k->z.limit;
		if (more)
			break;
		put_found(c, &found, k, &s);
		place = s.place;
		n++;
	}
	if (!more && s.spent) { /* the page ends here, and the next goes on behind */
		more = true;
		place = s.place;
	}
	fh_cbor_put_array(&results, n);
	fh_builder_bytes(&results, fh_builder_span(&found));
	if (found.bad || results.bad)
		return FH_ERR_NOMEM;
	bool counted = n == 0 && fh_core_flood_answer(c, k->gate, k->actor, s.item.bytes,
						      FH_COUNTED_FOUND_NOTHING);

	if (!counted)
		e = append_found(c, k, fh_builder_span(&results));
	if (e != FH_ERR_OK)
		return e;
	put_page(c, k, fh_builder_span(&results), n, more, place);
	return reply(c, k);
}

/* --- who may ask ------------------------------------------------------ */

/* Whether K's actor may ask about everybody whom it names; *E if it names nobody rightly.  A
 * search for subjects of a type that there is not finds none, whoever asks.  */
static bool granted(const struct fh_core *c, const struct asking *k, fh_err *e)
{
	struct fh_authzen z = k->z;
	bool all = true;

	for (size_t i = 0; *e == FH_ERR_OK && i < k->z.questions; i++) {
		struct fh_authzen_item item;
		const struct fh_entity_uid *subject = &item.question.subject;

		*e = fh_authzen_next(&z, &item);
		if (*e != FH_ERR_OK || item.malformed.n > 0)
			continue;
		if (k->z.api == FH_AUTHZEN_SUBJECTS && c->policy_ready
		    && fh_schema_find_type(&c->policy.schema, subject->type) == FH_SCHEMA_NONE)
			continue;
		all = all && fh_asks_about(k->actor->asks, subject->type, subject->id);
	}
	if (*e == FH_ERR_OK)
		*e = fh_cursor_end(&z.list);
	return all;
}

fh_err fh_core_question(struct fh_core *c, size_t gate, const struct fh_ask *ask,
			const struct fh_core_actor *actor)
{
	struct asking k = { .gate = gate, .ask = ask, .actor = actor, .index = FH_NO_INDEX };
	struct fh_authzen_item item;
	fh_err e = fh_authzen_begin(ask->params, &k.z);
	bool may = e == FH_ERR_OK && granted(c, &k, &e), yes;

	if (e != FH_ERR_OK)
		return FH_ERR_FORMAT;
	if (!actor->identified)
		return refuse(c, &k, "no-credential", "who asks must show a credential");
	if (!may)
		return refuse(c, &k, "not-granted",
			      "the operator has not granted asking about this subject");
	if (fh_core_full(c) != nullptr)
		return refuse(c, &k, fh_core_full(c), fh_core_full_text(c));
	k.body = room(c, FH_AUTHZEN_ANSWER_MAX);
	if (k.z.api == FH_AUTHZEN_EVALUATIONS)
		return answer_several(c, &k);
	if (k.z.api != FH_AUTHZEN_EVALUATION)
		return search(c, &k);
	e = fh_authzen_next(&k.z, &item);
	if (e == FH_ERR_OK)
		e = answer_one(c, &k, &item, &yes);
	return e == FH_ERR_OK ? reply(c, &k) : e;
}
