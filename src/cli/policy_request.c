/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/policy_request.h"

#include "base/utf8.h"
#include "codec/cbor.h"
#include "codec/lookup.h"
#include "policy/policies.h"
#include "policy/value_cbor.h"

/* --- reading ---------------------------------------------------------------------- */

static struct fh_span value_of(const struct fh_fields *f, enum fh_field_id id)
{
	const struct fh_field *field = fh_fields_get(f, id);

	return field != nullptr ? field->value : (struct fh_span){ 0 };
}

struct fh_span fh_past_text(const struct fh_fields *f, enum fh_field_id id, const char *key)
{
	struct fh_span value = value_of(f, id);
	struct fh_cursor c = fh_cursor_of(key == nullptr ? value : fh_cbor_map_get(value, key));

	return fh_cbor_text(&c, FH_PAYLOAD_MAX);
}

fh_err fh_past_entity(struct fh_span text, struct fh_arena *a, struct fh_entity_uid *out)
{
	const struct fh_expr *x;
	fh_err e = fh_expr_parse(text, a, &x, /* t= */ nullptr);

	if (e != FH_ERR_OK)
		return e == FH_ERR_NOMEM ? e : FH_ERR_FORMAT;
	if (x->kind != FH_EXPR_ENTITY)
		return FH_ERR_FORMAT;
	*out = x->entity->uid;
	return FH_ERR_OK;
}

static fh_err read_entity(const struct fh_fields *f, enum fh_field_id id, struct fh_arena *a,
			  struct fh_entity_uid *out, struct fh_trace *t)
{
	fh_err e = fh_past_entity(fh_past_text(f, id, /* key= */ nullptr), a, out);

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

/* The grade is of the entry, for a credential may have had another owner before.  */
static void read_groups(const struct fh_past *p, struct fh_past_request *r)
{
	struct fh_span names[FH_POLICY_PARENTS_MAX];
	const struct fh_actor *a = nullptr;

	if (fh_span_equal(r->principal.type, FH_SPAN_LIT(FH_TYPE_ACTOR))
	    && !fh_span_equal(r->grade, FH_SPAN_LIT("anonymous")))
		a = fh_chain_actor(&p->state.chain, r->principal.id);
	if (a == nullptr || a->body.groups.n == 0)
		return;
	r->groups_n = fh_texts(a->body.groups, names, FH_POLICY_PARENTS_MAX);
	for (size_t i = 0; i < r->groups_n; i++)
		r->groups[i] = fh_entity_uid_of(FH_TYPE_TEAM, names[i]);
}

fh_err fh_past_context(const struct fh_past_request *r, const struct fh_policy_set *set,
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

/* The context as the policy of then read it.  */
static fh_err read_context(const struct fh_past *p, struct fh_past_request *r, struct fh_arena *a,
			   struct fh_trace *t)
{
	fh_err e = FH_ERR_OK;

	r->context = fh_value_none();
	if (p->policy_ready && !r->by_statement)
		e = fh_past_context(r, &p->policy, a, &r->context);
	r->context_lost = e == FH_ERR_MISSING;
	if (e == FH_ERR_OK || e == FH_ERR_MISSING || e == FH_ERR_NOMEM)
		return e == FH_ERR_NOMEM ? e : FH_ERR_OK;
	fh_trace_what(t, "its arguments do not make the context that the schema declares");
	return FH_ERR_FORMAT;
}

fh_err fh_past_request(const struct fh_past *p, const struct fh_leaf *l, const struct fh_fields *f,
		       struct fh_arena *a, struct fh_past_request *out, struct fh_trace *t)
{
	*out = (struct fh_past_request){ .leaf = l };
	fh_err e = read_entity(f, FH_FIELD_ACTOR, a, &out->principal, t);

	if (e == FH_ERR_OK)
		e = read_entity(f, FH_FIELD_ACTION, a, &out->action, t);
	if (e == FH_ERR_OK)
		e = read_entity(f, FH_FIELD_RESOURCE, a, &out->resource, t);
	if (e == FH_ERR_OK)
		e = read_decision(f, out, t);
	if (e != FH_ERR_OK)
		return e;
	out->grade = fh_past_text(f, FH_FIELD_IDENTITY, "grade");
	out->server = fh_past_text(f, FH_FIELD_SERVER, /* key= */ nullptr);
	out->by_statement = fh_span_equal(out->principal.type, FH_SPAN_LIT(FH_TYPE_DEVICE));
	read_arguments(f, out);
	read_groups(p, out);
	return read_context(p, out, a, t);
}

/* --- asking again ----------------------------------------------------------------- */

struct fh_request fh_past_asked(const struct fh_past_request *r, const struct fh_policy_set *set,
				struct fh_known_entities *known)
{
	*known = (struct fh_known_entities){ .schema = &set->schema, .principal = r->principal,
					     .groups = r->groups, .groups_n = r->groups_n,
					     .listed = &set->entities };
	return (struct fh_request){ r->principal, r->action, r->resource, r->context,
				    fh_known_entities_source(known) };
}

static enum fh_funds always(void *context, const struct fh_charge *charge)
{
	(void)context;
	(void)charge;
	return FH_FUNDS_SUFFICE;
}

/* Core makes a refusal of every error but those that end it.  */
static fh_err decide(struct fh_past *p, const struct fh_past_request *r,
		     const struct fh_circumstances *now, struct fh_decision *out)
{
	struct fh_known_entities known;
	const struct fh_request asked = fh_past_asked(r, &p->policy, &known);

	fh_arena_reset(&p->state.scratch);
	fh_err e = fh_policy_decide(&p->policy, &asked, now, &p->state.scratch, out);

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
static fh_err decide_unfolded(struct fh_past *p, const struct fh_past_request *r,
			      struct fh_circumstances now, struct fh_decision *out, bool *certain)
{
	struct fh_decision none;

	now.funds = nullptr;
	fh_err e = decide(p, r, &now, &none);

	now.funds = always;
	if (e == FH_ERR_OK)
		e = decide(p, r, &now, out);
	*certain = e == FH_ERR_OK && same_answer(out, &none);
	return e;
}

fh_err fh_past_decide(struct fh_past *p, const struct fh_past_request *r, struct fh_time now,
		      struct fh_decision *out, bool *certain)
{
	struct fh_moment moment = fh_past_moment(p, now);
	const struct fh_circumstances circumstances = fh_moment_circumstances(&moment, r->sent);
	enum fh_reason against = fh_moment_obstacle(&moment);

	if (against == FH_REASON_PERMITTED && !p->policy_ready)
		against = FH_REASON_NO_POLICY;
	*certain = true;
	if (against != FH_REASON_PERMITTED) {
		*out = fh_decision_refused(against);
		return FH_ERR_OK;
	}
	*certain = !r->context_lost;
	if (r->context_lost) {
		*out = fh_decision_refused(FH_REASON_UNDECIDED);
		return FH_ERR_OK;
	}
	return p->fold_known ? decide(p, r, &circumstances, out)
			     : decide_unfolded(p, r, circumstances, out, certain);
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
			    struct fh_decision *out, bool *certain, bool *same)
{
	struct fh_decision earlier;
	bool sure;
	fh_err e = fh_past_decide(p, r, r->leaf->time, out, certain);

	*same = e == FH_ERR_OK && *certain && fh_past_same(r, out);
	if (e != FH_ERR_OK || *same || p->next == 0)
		return e;
	e = fh_past_decide(p, r, p->before, &earlier, &sure);
	if (e == FH_ERR_OK && sure && fh_past_same(r, &earlier)) {
		*out = earlier;
		*same = *certain = true;
	}
	return e;
}
