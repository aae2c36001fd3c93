/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/policy_supposed.h"

#include "cli/policy_charge.h"
#include "codec/cbor.h"
#include "entry/told.h"
#include "policy/mapping.h"
#include "state/reserve.h"

struct fh_supposed_call {
	uint64_t index_plus_one; /* 0: free */
	struct fh_reserve reserve; /* what of its charges may be given back */
};

static bool has_limits(const struct fh_policy_set *set)
{
	for (size_t i = 0; i < set->policies_n; i++) {
		if (set->limits[i].n > 0)
			return true;
	}
	return false;
}

fh_err fh_supposed_begin(const struct fh_policy_set *set, struct fh_arena *a,
			 struct fh_supposed *out)
{
	*out = (struct fh_supposed){
		.set = set,
		.fold_known = true,
		.limited = has_limits(set),
		.call = fh_arena_array(a, FH_INFLIGHT_MAX, sizeof(*out->call)),
	};
	return out->call == nullptr ? FH_ERR_NOMEM : fh_fold_begin(a, &out->fold);
}

/* --- which request it would have been --------------------------------------------- */

static bool same_choices(const struct fh_schema_type *a, const struct fh_schema_type *b)
{
	for (uint32_t i = 0; i < a->choices_n && i < b->choices_n; i++) {
		if (!fh_span_equal(a->choices[i], b->choices[i]))
			return false;
	}
	return a->choices_n == b->choices_n;
}

static bool same_mapping(const struct fh_wire_action *a, const struct fh_wire_action *b)
{
	return fh_entity_equal(a->uid, b->uid) && a->kind == b->kind
	       && fh_span_equal(a->pointer, b->pointer)
	       && fh_span_equal(a->resource->name, b->resource->name)
	       && same_choices(a->resource, b->resource);
}

enum fh_mapping_change fh_supposed_maps(const struct fh_supposed *s, const struct fh_past *p,
				struct fh_span server, struct fh_span tool)
{
	struct fh_wire_action then, now;

	if (fh_wire_action(&s->set->schema, server, tool, &now) != FH_ERR_OK)
		return FH_MAPPED_NOT;
	if (!p->policy_ready
	    || fh_wire_action(&p->policy.schema, server, tool, &then) != FH_ERR_OK)
		return FH_MAPPED_OTHERWISE;
	return same_mapping(&then, &now) ? FH_MAPPED_SAME : FH_MAPPED_OTHERWISE;
}

static const char lost[] = "its arguments were too large to be recorded";

/* A request as the other schema has it.  */
struct mapped {
	enum { MAPPED, REFUSED, UNKNOWN } what;
	const char *why; /* the refusal's code, or what is unknown */
	struct fh_entity_uid action, resource;
};

/* The request R if the call was TOOL.  */
static struct mapped map_tool(const struct fh_supposed *s, struct fh_past *p,
			      const struct fh_past_request *r, struct fh_span tool)
{
	struct mapped m = { .what = MAPPED, .action = r->action, .resource = r->resource };
	enum fh_mapping_change mapping = fh_supposed_maps(s, p, r->server, tool);
	struct fh_trace why = { 0 };
	struct fh_wire_action w;

	if (mapping == FH_MAPPED_SAME)
		return m;
	if (mapping == FH_MAPPED_NOT)
		return (struct mapped){ .what = REFUSED, .why = "tool-not-in-schema" };
	if (fh_past_arguments_lost(r))
		return (struct mapped){ .what = UNKNOWN,
					.why = lost };
	if (fh_wire_action(&s->set->schema, r->server, tool, &w) != FH_ERR_OK)
		return (struct mapped){ .what = REFUSED, .why = "tool-not-in-schema" };
	m.action = w.uid;
	if (fh_wire_resource(&w, r->server, r->arguments, &p->state.scratch, &m.resource, &why)
	    != FH_ERR_OK)
		return (struct mapped){ .what = REFUSED, .why = "malformed-resource" };
	return m;
}

static bool same_mapped(const struct mapped *a, const struct mapped *b)
{
	return a->what == b->what
	       && (a->what != MAPPED || (fh_entity_equal(a->action, b->action)
					 && fh_entity_equal(a->resource, b->resource)));
}

/* The record names the action and not the tool: every tool that stood for it is tried, and
 * all must come to the same.  */
static struct mapped map_request(const struct fh_supposed *s, struct fh_past *p,
				 const struct fh_past_request *r)
{
	const struct fh_schema *then = &p->policy.schema;
	struct mapped m = { .what = MAPPED, .action = r->action, .resource = r->resource };
	uint32_t action = p->policy_ready ? fh_schema_find_action(then, r->action)
					  : FH_SCHEMA_NONE;
	bool any = false;

	for (uint32_t i = 0; action != FH_SCHEMA_NONE && i < then->calls_n; i++) {
		const struct fh_schema_call *c = &then->calls[i];

		if (c->action != action || !fh_span_equal(c->server, r->server))
			continue;
		struct mapped one = map_tool(s, p, r, c->tool);

		if (any && !same_mapped(&m, &one))
			return (struct mapped){ .what = UNKNOWN, .why = "several tools stood for "
						"its action, and the record does not say which" };
		m = one;
		any = true;
	}
	return m;
}

/* --- deciding --------------------------------------------------------------------- */

static enum fh_funds funds(void *context, const struct fh_charge *c)
{
	struct fh_supposed *s = context;

	return fh_fold_funds(&s->fold, c, s->fold.lo_ms);
}

static void close_call(struct fh_supposed *s, uint64_t intent, const struct fh_effect *e)
{
	if (s->fold_known)
		s->fold_known = fh_fold_suppose_outcome(&s->fold, intent, e) == FH_ERR_OK;
}

/* Opens the intent R with the charges of D; what can be given back is remembered, if the record
 * will say so.  */
static void charge(struct fh_supposed *s, const struct fh_past_request *r,
		   const struct fh_decision *d)
{
	struct fh_supposed_call *call = &s->call[r->leaf->index % FH_INFLIGHT_MAX];
	const struct fh_effect none = { 0 };

	*call = (struct fh_supposed_call){
		.reserve = fh_reserve_of(&s->set->schema, d, r->action, r->sent) };
	if (s->fold_known)
		s->fold_known = fh_fold_suppose_intent(&s->fold, r->leaf, d) == FH_ERR_OK;
	if (r->allowed)
		call->index_plus_one = r->leaf->index + 1;
	else
		close_call(s, r->leaf->index, &none);
}

static fh_err decide(struct fh_supposed *s, struct fh_past *p, const struct fh_past_request *r,
		     const struct fh_request *asked, struct fh_decision *out)
{
	struct fh_moment moment = fh_past_moment(p, r->leaf->time);
	struct fh_circumstances now = fh_moment_circumstances(&moment, fh_past_amount(r));
	enum fh_reason against = fh_past_obstacle(p, r, r->leaf->time);

	if (against == FH_REASON_DEVICE_REVOKED || against == FH_REASON_UNKNOWN_ACTOR) {
		*out = fh_decision_refused(against);
		return FH_ERR_OK;
	}
	if (r->leaf->time.lo_ms > s->fold.lo_ms)
		s->fold.lo_ms = r->leaf->time.lo_ms;
	now.leased |= against != FH_REASON_PERMITTED;
	now.funds = funds;
	now.context = s;
	fh_err e = fh_policy_decide(s->set, asked, &now, &p->state.scratch, out);

	if (e != FH_ERR_OK && e != FH_ERR_NOMEM)
		*out = fh_decision_refused(FH_REASON_FAILED);
	return e == FH_ERR_NOMEM ? e : FH_ERR_OK;
}

/* What the record says of budgets goes on only if R can be decided.  */
static void not_known(struct fh_supposed *s, const struct fh_past_request *r, const char *why,
		      struct fh_supposition *out)
{
	out->unknown = why;
	s->fold_known &= r->is_answer; /* an answer is charged nothing */
}

/* R as the other schema has it: mapped anew if it was a call.  */
static void map(struct fh_supposed *s, struct fh_past *p, struct fh_past_request *r,
		struct fh_supposition *out)
{
	const struct mapped m = r->is_answer ? (struct mapped){ .what = MAPPED, .action = r->action,
								.resource = r->resource }
					     : map_request(s, p, r);

	if (m.what == REFUSED)
		out->refusal = m.why;
	if (m.what == UNKNOWN)
		not_known(s, r, m.why, out);
	else if (m.what == MAPPED && !s->fold_known && s->limited)
		out->unknown = "an entry before could not be replayed, so the use of budgets is "
			       "not known";
	r->action = m.action;
	r->resource = m.resource;
}

fh_err fh_supposed_decide(struct fh_supposed *s, struct fh_past *p,
			  const struct fh_past_request *r, struct fh_supposition *out)
{
	struct fh_past_request mapped = *r;
	struct fh_question_room room;
	struct fh_request asked;
	enum fh_reason why;

	fh_arena_reset(&p->state.scratch);
	*out = (struct fh_supposition){ 0 };
	map(s, p, &mapped, out);
	if (out->unknown != nullptr || out->refusal != nullptr)
		return FH_ERR_OK;
	fh_err e = fh_past_asked(&mapped, s->set, &room, &p->state.scratch, &asked, &why);

	if (e == FH_ERR_NOMEM)
		return e;
	if (e == FH_ERR_MISSING)
		not_known(s, r, lost, out);
	else if (e != FH_ERR_OK && r->is_answer)
		out->decision = fh_decision_refused(why);
	else if (e != FH_ERR_OK)
		out->refusal = fh_reason_code(why);
	if (e != FH_ERR_OK)
		return FH_ERR_OK;
	e = decide(s, p, &mapped, &asked, &out->decision);
	if (e == FH_ERR_OK && fh_allows(out->decision.verdict) && !r->is_answer)
		charge(s, &mapped, &out->decision);
	return e;
}

/* --- outcomes ---------------------------------------------------------------------- */

static struct fh_span value_of(const struct fh_fields *f, enum fh_field_id id)
{
	const struct fh_field *field = fh_fields_get(f, id);

	return field != nullptr ? field->value : (struct fh_span){ 0 };
}

void fh_supposed_outcome(struct fh_supposed *s, const struct fh_fields *f)
{
	struct fh_cursor intent = fh_cursor_of(value_of(f, FH_FIELD_INTENT));
	uint64_t index = fh_cbor_uint(&intent);
	struct fh_span word = fh_fields_text(f, FH_FIELD_STATUS, /* key= */ nullptr);
	struct fh_supposed_call *call = &s->call[index % FH_INFLIGHT_MAX];
	struct fh_effect back = { 0 };
	bool whole;

	if (fh_cursor_bad(&intent) || call->index_plus_one != index + 1)
		return;
	if (fh_span_equal(word, FH_SPAN_LIT("result"))
	    || fh_span_equal(word, FH_SPAN_LIT("error"))) {
		struct fh_span result = value_of(f, FH_FIELD_RESULT);
		struct fh_told told;

		(void)!fh_told_read(f, &told); /* it need have told nothing */
		size_t size = fh_past_size(result, &whole) + told.bytes;

		back = fh_reserve_settle(&call->reserve, size,
					 whole ? result : (struct fh_span){ 0 });
		/* Of a result that was too large to keep nobody knows what it said.  */
		if (!whole && call->reserve.at_n > 0)
			s->fold_known = false;
	}
	close_call(s, index, &back);
	call->index_plus_one = 0;
}
