/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/analyse_change.h"

/* --- annotations --------------------------------------------------------------- */

/* The policy called ID, by index, or SET's number of policies.  */
static size_t find_policy(const struct fh_policy_set *set, struct fh_span id)
{
	size_t i = 0;

	while (i < set->policies_n && !fh_span_equal(set->policies[i].id, id))
		i++;
	return i;
}

static bool holds(const struct fh_limits *l, const struct fh_limit *x)
{
	for (size_t i = 0; i < l->n; i++) {
		if (l->limit[i].count == x->count && l->limit[i].period_ms == x->period_ms &&
		    l->limit[i].unit == x->unit && l->limit[i].per == x->per)
			return true;
	}
	return false;
}

static bool same_quota(const struct fh_limits *a, const struct fh_limits *b)
{
	for (size_t i = 0; i < a->n; i++) {
		if (!holds(b, &a->limit[i]))
			return false;
	}
	return a->n == b->n;
}

static bool same_budget(const struct fh_limits *a, const struct fh_limits *b)
{
	return a->shared == b->shared && (!a->shared || fh_span_equal(a->budget, b->budget));
}

static fh_err tell(const struct fh_policy *old, const struct fh_policy *new, const char *name,
		   fh_err (*next)(void *context, const struct fh_limit_change *x), void *context)
{
	const struct fh_limit_change x = {
		.id = new != nullptr ? new->id : old->id,
		.name = fh_span_str(name),
		.before = old == nullptr ? nullptr : fh_policy_annotation(old, fh_span_str(name)),
		.after = new == nullptr ? nullptr : fh_policy_annotation(new, fh_span_str(name)),
	};

	return next(context, &x);
}

/* What differs between policy A of OLD and B of NEW; either may be none.  */
static fh_err compare(const struct fh_policy_set *old, size_t a, const struct fh_policy_set *new,
		      size_t b,
		      fh_err (*next)(void *context, const struct fh_limit_change *x), void *context)
{
	const struct fh_limits none = { 0 };
	const struct fh_policy *p = a < old->policies_n ? &old->policies[a] : nullptr;
	const struct fh_policy *q = b < new->policies_n ? &new->policies[b] : nullptr;
	const struct fh_limits *x = p == nullptr ? &none : &old->limits[a];
	const struct fh_limits *y = q == nullptr ? &none : &new->limits[b];
	fh_err e = FH_ERR_OK;

	if (!same_quota(x, y))
		e = tell(p, q, "quota", next, context);
	if (e == FH_ERR_OK && !same_budget(x, y))
		e = tell(p, q, "budget", next, context);
	if (e == FH_ERR_OK && x->fallback != y->fallback)
		e = tell(p, q, "fallback", next, context);
	if (e == FH_ERR_OK && x->retain_ms != y->retain_ms)
		e = tell(p, q, "retain", next, context);
	return e;
}

fh_err fh_policy_limit_changes(const struct fh_policy_set *old, const struct fh_policy_set *new,
			       fh_err (*next)(void *context, const struct fh_limit_change *x),
			       void *context)
{
	fh_err e = FH_ERR_OK;

	for (size_t i = 0; e == FH_ERR_OK && i < new->policies_n; i++)
		e = compare(old, find_policy(old, new->policies[i].id), new, i, next, context);
	for (size_t i = 0; e == FH_ERR_OK && i < old->policies_n; i++) {
		if (find_policy(new, old->policies[i].id) == new->policies_n)
			e = compare(old, i, new, new->policies_n, next, context);
	}
	return e;
}

/* --- calls ------------------------------------------------------------------------ */

static const struct fh_schema_action *action_of(const struct fh_schema *s,
						const struct fh_schema_call *call)
{
	uint32_t i = fh_schema_find_call(s, call->server, call->tool);

	return i == FH_SCHEMA_NONE ? nullptr : &s->actions[s->calls[i].action];
}

static bool same_call(const struct fh_schema_action *a, const struct fh_schema_action *b)
{
	return a != nullptr && b != nullptr && fh_entity_equal(a->uid, b->uid) &&
	       a->kind == b->kind && fh_span_equal(a->pointer, b->pointer);
}

fh_err fh_policy_call_changes(const struct fh_policy_set *old, const struct fh_policy_set *new,
			      fh_err (*next)(void *context, const struct fh_call_change *x),
			      void *context)
{
	const struct fh_schema *side[] = { &new->schema, &old->schema };
	fh_err e = FH_ERR_OK;

	for (int k = 0; k < 2; k++) {
		for (uint32_t i = 0; e == FH_ERR_OK && i < side[k]->calls_n; i++) {
			const struct fh_schema_call *call = &side[k]->calls[i];
			const struct fh_call_change x = { call->server, call->tool,
							  action_of(side[1], call),
							  action_of(side[0], call) };

			if (same_call(x.before, x.after) || (k == 1 && x.after != nullptr))
				continue;
			e = next(context, &x);
		}
	}
	return e;
}
