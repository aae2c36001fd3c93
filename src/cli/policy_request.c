/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/policy_request.h"

#include "base/utf8.h"
#include "codec/cbor.h"
#include "codec/lookup.h"
#include "entry/called.h"
#include "policy/policies.h"
#include "policy/value_cbor.h"
#include "wire/authzen.h"

static const struct fh_span anonymous = FH_TEXT_INIT("anonymous");

/* --- reading ---------------------------------------------------------------------- */

static struct fh_span value_of(const struct fh_fields *f, enum fh_field_id id)
{
	const struct fh_field *field = fh_fields_get(f, id);

	return field != nullptr ? field->value : (struct fh_span){ 0 };
}

static fh_err read_entity(const struct fh_fields *f, enum fh_field_id id, struct fh_arena *a,
			  struct fh_entity_uid *out, struct fh_trace *t)
{
	fh_err e = fh_entity_parse(fh_fields_text(f, id, /* key= */ nullptr), a, out);

	if (e != FH_ERR_OK)
		fh_trace_what(t, "its %s cannot be read", fh_field_text(id));
	return e;
}

/* [allowed, reason, [policy id...]]  */
static fh_err read_decision(const struct fh_fields *f, struct fh_past_request *r,
			    struct fh_trace *t)
{
	struct fh_cursor c = fh_cursor_of(value_of(f, FH_FIELD_DECISION));

	fh_cbor_array_exact(&c, 3);
	r->allowed = fh_cbor_bool(&c);
	r->reason = fh_cbor_text(&c, FH_NAME_MAX);
	r->policies = fh_cbor_array(&c, FH_POLICY_REASONS_MAX);
	for (size_t i = 0; i < r->policies && !fh_cursor_bad(&c); i++)
		r->policy[i] = fh_cbor_text(&c, FH_NAME_MAX);
	fh_err e = fh_cursor_end(&c);

	if (e != FH_ERR_OK)
		fh_trace_what(t, "its decision cannot be read");
	return e == FH_ERR_OK ? e : FH_ERR_FORMAT;
}

uint64_t fh_past_size(struct fh_span item, bool *whole)
{
	struct fh_cursor c = fh_cursor_of(item);

	*whole = true;
	if (item.n == 0 || fh_cbor_peek(&c) != FH_CBOR_ARRAY)
		return item.n;
	fh_cbor_array_exact(&c, 2);
	uint64_t length = fh_cbor_uint(&c);

	(void)fh_cbor_bytes_exact(&c, FH_HASH_SIZE);
	*whole = fh_cursor_end(&c) != FH_ERR_OK;
	return *whole ? item.n : length;
}

static void read_arguments(const struct fh_fields *f, struct fh_past_request *r)
{
	struct fh_span value = value_of(f, FH_FIELD_ARGUMENTS);
	bool whole;

	r->sent = fh_past_size(value, &whole);
	if (whole)
		r->arguments = value;
}

/* The grade is of the entry, for a credential may have had another owner before; who is only
 * asked about is whom the chain knows by that name.  */
static void read_groups(const struct fh_past *p, struct fh_past_request *r)
{
	struct fh_span names[FH_POLICY_PARENTS_MAX];
	const struct fh_actor *a = nullptr;

	if (fh_span_equal(r->principal.type, FH_SPAN_LIT(FH_TYPE_ACTOR))
	    && (r->is_answer || !fh_span_equal(r->grade, anonymous)))
		a = fh_chain_actor(&p->state.chain, r->principal.id);
	if (a == nullptr || a->body.groups.n == 0)
		return;
	r->groups_n = fh_texts(a->body.groups, names, FH_POLICY_PARENTS_MAX);
	for (size_t i = 0; i < r->groups_n; i++)
		r->groups[i] = fh_entity_uid_of(FH_TYPE_TEAM, names[i]);
}

bool fh_past_is_search(const struct fh_leaf *l, const struct fh_fields *f)
{
	return l->kind == FH_ENTRY_ANSWER && fh_fields_get(f, FH_FIELD_RESULT) != nullptr;
}

/* The question in R's arguments, unless they were too large to be kept.  */
static fh_err read_question(struct fh_past_request *r, struct fh_trace *t)
{
	struct fh_span item = fh_cbor_map_get(r->arguments, "question");
	struct fh_authzen z = { .api = FH_AUTHZEN_EVALUATIONS, .questions = 1,
				.list = fh_cursor_of(item) };
	struct fh_authzen_item read;
	fh_err e = fh_past_arguments_lost(r) ? FH_ERR_OK : fh_authzen_next(&z, &read);

	if (e == FH_ERR_OK && !fh_past_arguments_lost(r)) {
		r->question = read.question;
		r->malformed = read.malformed;
	}
	if (e != FH_ERR_OK)
		fh_trace_what(t, "its question cannot be read");
	return e == FH_ERR_OK ? e : FH_ERR_FORMAT;
}

/* The call of a function that the answer F is about; FH_ERR_MISSING if it is about none.  */
static fh_err read_call(const struct fh_fields *f, struct fh_past_request *r, struct fh_trace *t)
{
	struct fh_called called;
	fh_err e = fh_called_read(f, &called);

	if (e == FH_ERR_FORMAT)
		fh_trace_what(t, "its call cannot be read");
	if (e != FH_ERR_OK)
		return e;
	r->call = called.call;
	r->question.function = called.function;
	if (fh_fields_get(f, FH_FIELD_SUBJECT) == nullptr)
		r->malformed = called.unreadable;
	else
		r->question.unreadable = called.unreadable;
	r->question.arguments = r->arguments;
	return FH_ERR_OK;
}

/* Who asked, and about whom; of a malformed question there is no more.  */
static fh_err read_answer(const struct fh_fields *f, struct fh_past_request *r,
			  struct fh_arena *a, struct fh_trace *t)
{
	fh_err e = read_entity(f, FH_FIELD_ACTOR, a, &r->asker, t);

	if (e == FH_ERR_OK)
		e = read_call(f, r, t);
	if (e == FH_ERR_MISSING)
		e = read_question(r, t);
	if (e == FH_ERR_OK && r->malformed.n == 0)
		e = read_entity(f, FH_FIELD_SUBJECT, a, &r->principal, t);
	if (r->call.n > 0)
		r->question.subject = r->principal;
	return e;
}

fh_err fh_past_request(const struct fh_past *p, const struct fh_leaf *l, const struct fh_fields *f,
		       struct fh_arena *a, struct fh_past_request *out, struct fh_trace *t)
{
	*out = (struct fh_past_request){ .leaf = l, .is_answer = l->kind == FH_ENTRY_ANSWER };
	read_arguments(f, out);
	fh_err e = out->is_answer ? read_answer(f, out, a, t)
				  : read_entity(f, FH_FIELD_ACTOR, a, &out->principal, t);

	bool named = out->malformed.n == 0
		     && (out->call.n == 0 || fh_fields_get(f, FH_FIELD_ACTION) != nullptr);

	if (e == FH_ERR_OK && named)
		e = read_entity(f, FH_FIELD_ACTION, a, &out->action, t);
	if (e == FH_ERR_OK && named)
		e = read_entity(f, FH_FIELD_RESOURCE, a, &out->resource, t);
	if (e == FH_ERR_OK)
		e = read_decision(f, out, t);
	if (e != FH_ERR_OK)
		return e;
	out->grade = fh_fields_text(f, FH_FIELD_IDENTITY, "grade");
	out->server = fh_fields_text(f, FH_FIELD_SERVER, /* key= */ nullptr);
	out->by_statement = !out->is_answer
			    && fh_span_equal(out->principal.type, FH_SPAN_LIT(FH_TYPE_DEVICE));
	read_groups(p, out);
	return FH_ERR_OK;
}

/* --- asking again ----------------------------------------------------------------- */

/* R's context as the schema of SET reads it from its arguments.  */
static fh_err read_context(const struct fh_past_request *r, const struct fh_policy_set *set,
			   struct fh_arena *a, struct fh_value *out)
{
	uint32_t action = fh_schema_find_action(&set->schema, r->action);
	const struct fh_type *type = action == FH_SCHEMA_NONE
					     ? nullptr
					     : set->schema.actions[action].context;

	*out = fh_value_none();
	if (type == nullptr || type->n == 0)
		return FH_ERR_OK;
	if (fh_past_arguments_lost(r))
		return FH_ERR_MISSING;
	return fh_record_of_arguments(&set->schema, r->arguments, type, a, out,
				      /* t= */ nullptr);
}

/* R, which was a question, asked again; a call is typed anew.  */
static fh_err ask_again(const struct fh_past_request *r, const struct fh_policy_set *set,
			const struct fh_known_entities *known, struct fh_question_room *room,
			struct fh_arena *a, struct fh_request *out, enum fh_reason *why)
{
	struct fh_question *q = fh_arena_take(a, sizeof(*q));

	if (q == nullptr)
		return FH_ERR_NOMEM;
	*q = r->question;
	fh_err e = fh_question_type(&set->schema, q, a, why, /* t= */ nullptr);

	if (e != FH_ERR_OK)
		return e;
	if (*why != FH_REASON_PERMITTED)
		return FH_ERR_CONFLICT;
	*why = FH_REASON_MALFORMED;
	return fh_question_request(set, q, known, room, a, out, /* t= */ nullptr);
}

fh_err fh_past_asked(const struct fh_past_request *r, const struct fh_policy_set *set,
		     struct fh_question_room *room, struct fh_arena *a, struct fh_request *out,
		     enum fh_reason *why)
{
	const struct fh_known_entities known = {
		.schema = &set->schema, .principal = r->principal, .groups = r->groups,
		.groups_n = r->groups_n, .listed = &set->entities
	};
	struct fh_value context;

	*why = FH_REASON_MALFORMED;
	if (r->malformed.n > 0)
		return FH_ERR_CONFLICT;
	if (r->is_answer && fh_past_arguments_lost(r))
		return FH_ERR_MISSING;
	if (r->is_answer)
		return ask_again(r, set, &known, room, a, out, why);
	*why = FH_REASON_MALFORMED_CONTEXT;
	fh_err e = read_context(r, set, a, &context);

	room->known = known;
	*out = (struct fh_request){ r->principal, r->action, r->resource, context,
				    fh_known_entities_source(&room->known) };
	return e;
}

enum fh_reason fh_past_obstacle(struct fh_past *p, const struct fh_past_request *r,
				struct fh_time now)
{
	struct fh_moment moment = fh_past_moment(p, now);
	enum fh_reason against = fh_moment_obstacle(&moment);
	const struct fh_actor *a;

	if (against == FH_REASON_PERMITTED && !p->policy_ready)
		against = FH_REASON_NO_POLICY;
	if (against != FH_REASON_PERMITTED || !r->is_answer
	    || !fh_span_equal(r->principal.type, FH_SPAN_LIT(FH_TYPE_ACTOR))
	    || fh_span_equal(r->principal.id, anonymous))
		return against;
	a = fh_chain_actor(&p->state.chain, r->principal.id);
	return a == nullptr || (a->body.expires && fh_time_ended(now, a->body.expires_ms))
		       ? FH_REASON_UNKNOWN_ACTOR
		       : FH_REASON_PERMITTED;
}

static enum fh_funds always(void *context, const struct fh_charge *charge)
{
	(void)context;
	(void)charge;
	return FH_FUNDS_SUFFICE;
}

/* Core makes a refusal of every error but those that end it.  */
static fh_err decide(struct fh_past *p, const struct fh_request *asked,
		     const struct fh_circumstances *now, struct fh_decision *out)
{
	fh_err e = fh_policy_decide(&p->policy, asked, now, &p->state.scratch, out);

	if (e == FH_ERR_NOMEM)
		return e;
	if (e != FH_ERR_OK)
		*out = fh_decision_refused(FH_REASON_FAILED);
	return FH_ERR_OK;
}

static bool same_answer(const struct fh_decision *a, const struct fh_decision *b)
{
	if (a->reason != b->reason || a->determining_n != b->determining_n)
		return false;
	for (size_t i = 0; i < a->determining_n; i++) {
		if (!fh_span_equal(a->determining[i], b->determining[i]))
			return false;
	}
	return true;
}

/* Without the fold: an answer that is the same with all budgets full and with all empty is
 * certain all the same.  */
static fh_err decide_unfolded(struct fh_past *p, const struct fh_request *asked,
			      struct fh_circumstances now, struct fh_decision *out,
			      const char **unknown)
{
	struct fh_decision none;

	now.funds = nullptr;
	fh_err e = decide(p, asked, &now, &none);

	now.funds = always;
	if (e == FH_ERR_OK)
		e = decide(p, asked, &now, out);
	if (e == FH_ERR_OK && !same_answer(out, &none))
		*unknown = "an entry before cannot be read, so the use of budgets is not known";
	return e;
}

fh_err fh_past_decide(struct fh_past *p, const struct fh_past_request *r, struct fh_time now,
		      struct fh_decision *out, const char **unknown)
{
	struct fh_moment moment = fh_past_moment(p, now);
	const struct fh_circumstances circumstances =
		fh_moment_circumstances(&moment, fh_past_amount(r));
	enum fh_reason against = fh_past_obstacle(p, r, now), why = FH_REASON_MALFORMED;
	struct fh_question_room room;
	struct fh_request asked;
	fh_err e = FH_ERR_CONFLICT;

	*unknown = nullptr;
	if (r->is_answer && fh_span_equal(r->reason, fh_span_str(fh_reason_code(
							     FH_REASON_TOO_MUCH_WORK)))) {
		*out = fh_decision_refused(FH_REASON_TOO_MUCH_WORK); /* others took it */
		return FH_ERR_OK;
	}
	fh_arena_reset(&p->state.scratch);
	if (against == FH_REASON_PERMITTED)
		e = fh_past_asked(r, &p->policy, &room, &p->state.scratch, &asked, &why);
	if (e == FH_ERR_OK)
		return p->fold_known ? decide(p, &asked, &circumstances, out)
				     : decide_unfolded(p, &asked, circumstances, out, unknown);
	if (r->malformed.n > 0)
		against = FH_REASON_MALFORMED; /* that is seen first */
	else if (e == FH_ERR_MISSING)
		*unknown = "its arguments were too large to be recorded";
	else if (against == FH_REASON_PERMITTED && r->is_answer)
		against = why;
	else if (against == FH_REASON_PERMITTED)
		*unknown = "its arguments do not make the context that the schema declares";
	*out = fh_decision_refused(*unknown != nullptr ? FH_REASON_UNDECIDED : against);
	return e == FH_ERR_NOMEM ? e : FH_ERR_OK;
}

bool fh_past_same(const struct fh_past_request *r, const struct fh_decision *d)
{
	if (r->allowed != fh_allows(d->verdict) || r->policies != d->determining_n
	    || !fh_span_equal(r->reason, fh_span_str(fh_reason_code(d->reason))))
		return false;
	for (size_t i = 0; i < r->policies; i++) {
		if (!fh_span_equal(r->policy[i], fh_utf8_first(d->determining[i], FH_NAME_MAX)))
			return false;
	}
	return true;
}

fh_err fh_past_decide_again(struct fh_past *p, const struct fh_past_request *r,
			    struct fh_decision *out, const char **unknown, bool *same)
{
	struct fh_decision earlier;
	const char *unsure;
	fh_err e = fh_past_decide(p, r, r->leaf->time, out, unknown);

	*same = e == FH_ERR_OK && *unknown == nullptr && fh_past_same(r, out);
	if (e != FH_ERR_OK || *same || p->next == 0)
		return e;
	e = fh_past_decide(p, r, p->before, &earlier, &unsure);
	if (e == FH_ERR_OK && unsure == nullptr && fh_past_same(r, &earlier)) {
		*out = earlier;
		*same = true;
		*unknown = nullptr;
	}
	return e;
}
