/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/decision.h"

#include "policy/evaluate.h"
#include "policy/index.h"

/* The policies of one effect that are satisfied: how many, and those that come
 * first in the text, in that order.  */
struct satisfied {
	uint32_t policy[FH_POLICY_REASONS_MAX];
	size_t n;
	size_t total;
};

/* One decision while it is made.  */
struct deciding {
	const struct fh_policy_set *set;
	const struct fh_schema_action *action;
	const struct fh_circumstances *now;
	struct fh_evaluation v;
	struct satisfied permits; /* effective ones */
	struct satisfied unleased; /* satisfied, but the lease is not live */
	struct satisfied unfunded; /* satisfied, but a budget does not suffice */
	struct satisfied forbids;
	struct satisfied erred;   /* forbids that could not be evaluated */
	struct fh_charge *charge; /* of effective permits, each budget once; in scratch */
	size_t charges;
	bool fallback;
	uint64_t retain_ms;
	fh_err e;
};

const char *fh_reason_text(enum fh_reason r)
{
	static const char *const text[] = {
#define FH_REASON_ROW(name, words) [FH_REASON_##name] = words,
		FH_REASON_LIST(FH_REASON_ROW)
#undef FH_REASON_ROW
	};

	return (unsigned)r < FH_REASON_COUNT ? text[r] : "unknown reason";
}

struct fh_verdict fh_verdict_settle(enum fh_answer answer)
{
	return (struct fh_verdict){ answer == FH_ANSWER_YES ? FH_VERDICT_ALLOWS : 0 };
}

struct fh_decision fh_decision_refused(enum fh_reason why)
{
	return (struct fh_decision){ .verdict = fh_verdict_settle(FH_ANSWER_NO),
				     .reason = why == FH_REASON_PERMITTED ? FH_REASON_FAILED
									  : why };
}

/* Policies are found in any order; few are, so insertion keeps them sorted.  */
static void record(struct satisfied *s, uint32_t policy)
{
	size_t i = s->n;

	s->total++;
	if (s->n == FH_POLICY_REASONS_MAX && policy > s->policy[s->n - 1])
		return;
	if (s->n < FH_POLICY_REASONS_MAX)
		s->n++;
	else
		i--;
	for (; i > 0 && s->policy[i - 1] > policy; i--)
		s->policy[i] = s->policy[i - 1];
	s->policy[i] = policy;
}

/* The request's entity of variable SIDE is, or is in, UP.  */
static bool is_in(const struct deciding *d, enum fh_variable side, const struct fh_entity_key *up)
{
	const struct fh_entity *e = d->v.entity[side];

	return fh_entity_key_equal(&d->v.key[side], up) ||
	       (e != nullptr && fh_entity_has_ancestor(e, up));
}

static bool side_matches(const struct deciding *d, enum fh_variable side, const struct fh_scope *s,
			 uint64_t hash)
{
	const struct fh_entity_key *self = &d->v.key[side];
	struct fh_entity_key named = { .hash = hash };

	if (s->entities_n > 0)
		named.uid = s->entities[0];
	switch (s->kind) {
	case FH_SCOPE_ANY:
		return true;
	case FH_SCOPE_EQUAL:
		return fh_entity_key_equal(self, &named);
	case FH_SCOPE_IN:
		return is_in(d, side, &named);
	case FH_SCOPE_IS:
		return fh_span_equal(self->uid.type, s->type);
	case FH_SCOPE_IS_IN:
		return fh_span_equal(self->uid.type, s->type) && is_in(d, side, &named);
	}
	return false;
}

/* The request's action is, or is in, ACTION.  */
static bool action_in(const struct deciding *d, uint32_t action)
{
	for (uint32_t i = 0; i < d->action->ancestors_n; i++) {
		if (d->action->ancestors[i] == action)
			return true;
	}
	return false;
}

/* A policy whose list names several of the request's action groups is found once
 * for each of them; only the first counts.  */
static bool action_matches(const struct deciding *d, const struct fh_policy *p,
			   const struct fh_index_entry *found)
{
	const struct fh_index_rule *rule = &d->set->index->rules[found->policy];

	if (p->action.kind == FH_SCOPE_ANY)
		return true;
	if (p->action.kind == FH_SCOPE_EQUAL)
		return rule->actions[0] == d->action->ancestors[0];
	for (uint32_t i = 0; i < found->listed; i++) {
		if (action_in(d, rule->actions[i]))
			return false;
	}
	return action_in(d, rule->actions[found->listed]);
}

/* --- permits that are effective ------------------------------------------ */

static struct fh_charge charge_of(const struct deciding *d, const struct fh_limits *l,
				  const struct fh_limit *x)
{
	static const enum fh_variable whom[] = {
		[FH_PER_PRINCIPAL] = FH_VARIABLE_PRINCIPAL,
		[FH_PER_RESOURCE] = FH_VARIABLE_RESOURCE,
		[FH_PER_ACTION] = FH_VARIABLE_ACTION,
	};

	return (struct fh_charge){
		.budget = fh_budget_hash(l, x, d->v.key[whom[x->per]].uid),
		.period_ms = x->period_ms,
		.count = x->count,
		.amount = d->now->amount[x->unit],
		.unit = x->unit,
	};
}

static bool suffices(const struct deciding *d, const struct fh_charge *c)
{
	return d->now->suffices != nullptr && d->now->suffices(d->now->context, c);
}

/* Adds CHARGE unless its budget is charged already.  */
static void add_charge(struct deciding *d, const struct fh_charge *charge)
{
	for (size_t i = 0; i < d->charges; i++) {
		if (fh_hash_equal(&d->charge[i].budget, &charge->budget))
			return;
	}
	if (d->charge == nullptr)
		d->charge = fh_arena_array(d->v.arena, FH_CHARGES_MAX, sizeof(*d->charge));
	if (d->charge == nullptr || d->charges == FH_CHARGES_MAX)
		d->e = d->charge == nullptr ? FH_ERR_NOMEM : FH_ERR_LIMIT;
	else
		d->charge[d->charges++] = *charge;
}

/* The permit POLICY, which is satisfied: does it count?  */
static void try_permit(struct deciding *d, uint32_t policy)
{
	const struct fh_limits *l = &d->set->limits[policy];
	struct fh_charge charge[FH_LIMITS_MAX];

	if (!d->now->leased && !l->fallback) {
		record(&d->unleased, policy);
		return;
	}
	for (size_t i = 0; i < l->n; i++) {
		charge[i] = charge_of(d, l, &l->limit[i]);
		if (!suffices(d, &charge[i])) {
			record(&d->unfunded, policy);
			return;
		}
	}
	for (size_t i = 0; i < l->n; i++)
		add_charge(d, &charge[i]);
	d->fallback |= l->fallback;
	if (l->retain_ms > 0 && (d->retain_ms == 0 || l->retain_ms < d->retain_ms))
		d->retain_ms = l->retain_ms;
	record(&d->permits, policy);
}

/* The conditions of P, whose scope matches.  */
static void try_conditions(struct deciding *d, const struct fh_policy *p, uint32_t policy)
{
	struct fh_fault fault = { 0 };
	bool satisfied = p->conditions_n == 0;

	if (!satisfied && d->e == FH_ERR_OK)
		d->e = fh_conditions_evaluate(&d->v, p, &satisfied, &fault);
	if (satisfied && p->forbids)
		record(&d->forbids, policy);
	else if (satisfied)
		try_permit(d, policy);
	else if (p->forbids && fault.kind != FH_FAULT_NONE)
		record(&d->erred, policy);
}

static void try_policy(struct deciding *d, const struct fh_index_entry *found)
{
	const struct fh_policy *p = &d->set->policies[found->policy];
	const struct fh_index_rule *rule = &d->set->index->rules[found->policy];

	if (action_matches(d, p, found) &&
	    side_matches(d, FH_VARIABLE_PRINCIPAL, &p->principal, rule->principal_hash) &&
	    side_matches(d, FH_VARIABLE_RESOURCE, &p->resource, rule->resource_hash))
		try_conditions(d, p, found->policy);
}

/* Tries what hangs under ACTION and the entity with hash ENTITY.  */
static void try_key(struct deciding *d, uint32_t action, enum fh_index_side side, uint64_t entity)
{
	const struct fh_policy_index *x = d->set->index;
	uint64_t key = fh_index_key(action, side, entity);

	for (uint32_t i = x->bucket[key & x->mask]; i != 0; i = x->entries[i - 1].next) {
		if (x->entries[i - 1].key == key)
			try_policy(d, &x->entries[i - 1]);
	}
}

/* Tries what hangs under ACTION and what the request's entity of variable SIDE is
 * or is in.  */
static void try_side(struct deciding *d, uint32_t action, enum fh_variable side,
		     enum fh_index_side key)
{
	const struct fh_entity *e = d->v.entity[side];

	try_key(d, action, key, d->v.key[side].hash);
	for (uint32_t i = 0; e != nullptr && i < e->ancestors_n; i++) {
		if (i == 0 || e->ancestors[i]->hash != e->ancestors[i - 1]->hash)
			try_key(d, action, key, e->ancestors[i]->hash);
	}
}

static void try_action(struct deciding *d, uint32_t action)
{
	try_key(d, action, FH_INDEX_NEITHER, 0);
	try_side(d, action, FH_VARIABLE_PRINCIPAL, FH_INDEX_PRINCIPAL);
	try_side(d, action, FH_VARIABLE_RESOURCE, FH_INDEX_RESOURCE);
}

static void try_all(struct deciding *d)
{
	try_action(d, FH_SCHEMA_NONE);
	for (uint32_t i = 0; i < d->action->ancestors_n; i++)
		try_action(d, d->action->ancestors[i]);
}

/* Default deny; forbid wins, and so does one that could not be evaluated.  */
static enum fh_reason reason_of(const struct deciding *d, const struct satisfied **which)
{
	const struct {
		const struct satisfied *s;
		enum fh_reason reason;
	} order[] = {
		{ &d->forbids, FH_REASON_FORBIDDEN }, { &d->erred, FH_REASON_FORBID_ERRED },
		{ &d->permits, FH_REASON_PERMITTED }, { &d->unfunded, FH_REASON_NO_QUOTA },
		{ &d->unleased, FH_REASON_NO_LEASE },
	};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		*which = order[i].s;
		if (order[i].s->total > 0)
			return order[i].reason;
	}
	return FH_REASON_NO_PERMIT;
}

/* Member by member: most decisions have nothing to say in the largest.  */
static void conclude(const struct deciding *d, struct fh_decision *out)
{
	const struct satisfied *s;
	bool permitted;

	out->reason = reason_of(d, &s);
	permitted = out->reason == FH_REASON_PERMITTED;
	out->verdict = fh_verdict_settle(permitted ? FH_ANSWER_YES : FH_ANSWER_NO);
	out->determining_n = s->n;
	out->determining_total = s->total;
	for (size_t i = 0; i < s->n; i++)
		out->determining[i] = d->set->policies[s->policy[i]].id;
	out->charges = permitted ? d->charges : 0;
	for (size_t i = 0; i < out->charges; i++)
		out->charge[i] = d->charge[i];
	out->fallback = permitted && d->fallback;
	out->retain_ms = permitted ? d->retain_ms : 0;
}

static bool lists_type(const uint32_t *types, uint32_t n, uint32_t type)
{
	for (uint32_t i = 0; i < n; i++) {
		if (types[i] == type)
			return true;
	}
	return false;
}

/* Whether R is a request the schema knows; UNDECIDED if so.  */
static enum fh_reason type_request(const struct fh_schema *s, const struct fh_request *r,
				   uint32_t action)
{
	if (action == FH_SCHEMA_NONE || s->actions[action].principals_n == 0)
		return FH_REASON_UNKNOWN_ACTION;
	const struct fh_schema_action *a = &s->actions[action];

	if (!lists_type(a->principals, a->principals_n,
			fh_schema_find_type(s, r->principal.type)))
		return FH_REASON_WRONG_PRINCIPAL;
	if (!lists_type(a->resources, a->resources_n, fh_schema_find_type(s, r->resource.type)))
		return FH_REASON_WRONG_RESOURCE;
	return FH_REASON_UNDECIDED;
}

fh_err fh_policy_decide(const struct fh_policy_set *set, const struct fh_request *r,
			const struct fh_circumstances *now, struct fh_arena *scratch,
			struct fh_decision *out)
{
	struct deciding d = { .set = set, .now = now };
	size_t taken = scratch == nullptr ? 0 : scratch->n;

	if (set == nullptr) {
		*out = fh_decision_refused(FH_REASON_NO_POLICY);
		return FH_ERR_OK;
	}
	uint32_t action = fh_schema_find_action(&set->schema, r->action);
	enum fh_reason untyped = type_request(&set->schema, r, action);

	if (untyped != FH_REASON_UNDECIDED) {
		*out = fh_decision_refused(untyped);
		return FH_ERR_OK;
	}
	d.e = fh_evaluation_begin(&d.v, r->principal, r->action, r->resource, r->context,
				  &r->entities, scratch);
	d.action = &set->schema.actions[action];
	if (d.e == FH_ERR_OK)
		try_all(&d);
	if (d.e == FH_ERR_OK)
		conclude(&d, out);
	scratch->n = taken; /* nothing in *OUT looks there */
	return d.e;
}
