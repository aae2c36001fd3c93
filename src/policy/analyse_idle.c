/* SPDX-License-Identifier: Apache-2.0 */
/* Limits that do not limit.  Every permit that is effective allows, so what one permit's
 * limit takes away another permit may still give.  */
#include "policy/analyse_space.h"

/* What is known of one policy's limit after the environments so far.  */
struct limit_state {
	bool met;     /* it permits something somewhere */
	bool needed;  /* it is needed, or that is not known */
	uint32_t by;  /* a permit that may cover it by itself, or UINT32_MAX */
};

struct idling {
	const struct fh_policy_set *set;
	struct fh_arena *arena;
	uint64_t work;
	struct limit_state *state[2]; /* by FH_IDLE_QUOTA or FH_IDLE_LEASE, by policy */
	bool *countless;              /* by policy: FH_IDLE_BUDGETS */
	bool *uncharged;              /* by policy: FH_IDLE_FUNCTIONS */
	bool naming;                  /* in the second round: by is looked for */
};

static bool has_limit(const struct fh_limits *l, int what)
{
	return what == FH_IDLE_QUOTA ? l->n > 0 : !l->fallback;
}

/* What POLICY permits and no forbid denies.  */
static uint32_t permitted(struct fh_space *s, uint32_t policy)
{
	const struct fh_space_side *side = &s->side[0];

	return fh_formula_and(&s->symbols.f, side->permit[policy], fh_formula_not(side->denied));
}

static bool is_proved_empty(struct fh_space *s, uint32_t x)
{
	const struct fh_wanted any = { FH_WHEN_USUAL, -1, -1 };
	struct fh_example unused;
	size_t taken = s->arena->n;
	enum fh_found found = fh_space_find(s, x, &any, &unused);

	s->arena->n = taken;
	return found == FH_FOUND_NONE;
}

/* A request is found that makes X true and is allowed.  */
static bool is_shown(struct fh_space *s, uint32_t x)
{
	const struct fh_wanted allowed = { FH_WHEN_USUAL, 1, -1 };
	struct fh_example unused;
	size_t taken = s->arena->n;
	enum fh_found found = fh_space_find(s, x, &allowed, &unused);

	s->arena->n = taken;
	return found == FH_FOUND_EXAMPLE;
}

/* --- covered ---------------------------------------------------------------- */

/* Without POLICY, permits that have no such limit permit all the same here.  */
static bool is_covered(struct fh_space *s, uint32_t policy, int what)
{
	enum fh_when when = what == FH_IDLE_QUOTA ? FH_WHEN_UNFUNDED : FH_WHEN_UNLEASED;
	uint32_t rest = fh_formula_and(&s->symbols.f, permitted(s, policy),
				       fh_formula_not(s->side[0].allowed[when]));

	return is_proved_empty(s, rest);
}

static void look_at(struct idling *x, struct fh_space *s, uint32_t policy, int what)
{
	struct limit_state *state = &x->state[what][policy];

	if (state->needed || s->side[0].permit[policy] == FH_FORMULA_NO ||
	    is_proved_empty(s, permitted(s, policy)))
		return;
	state->met = true;
	state->needed = !is_covered(s, policy, what);
}

/* The first permit from STATE->by on that covers POLICY here, too.  */
static void look_for_one(struct idling *x, struct fh_space *s, uint32_t policy, int what)
{
	struct limit_state *state = &x->state[what][policy];
	const uint32_t *permit = s->side[0].permit;

	if (!state->met || state->needed || permit[policy] == FH_FORMULA_NO)
		return;
	for (; state->by < x->set->policies_n; state->by++) {
		if (x->set->policies[state->by].forbids ||
		    has_limit(&x->set->limits[state->by], what))
			continue;
		uint32_t rest = fh_formula_and(&s->symbols.f, permitted(s, policy),
					       fh_formula_not(permit[state->by]));

		if (is_proved_empty(s, rest))
			return;
	}
}

/* --- counted per resource ------------------------------------------------------ */

/* POLICY permits resources that nothing names, so any number of them.  */
static bool names_no_resource(struct fh_space *s, uint32_t policy)
{
	uint32_t x = permitted(s, policy), resource = FH_TERM_NONE, n = s->symbols.t.n;

	for (uint32_t i = 0; i < n; i++) {
		const struct fh_term *t = &s->symbols.t.term[i];

		if (t->kind == FH_TERM_VARIABLE && t->which == FH_VARIABLE_RESOURCE)
			resource = i;
	}
	for (uint32_t i = 0; i < n && resource != FH_TERM_NONE; i++) {
		const struct fh_term *t = &s->symbols.t.term[i];

		if (t->kind == FH_TERM_CONSTANT && t->value.kind == FH_VALUE_ENTITY)
			x = fh_formula_and(&s->symbols.f, x,
					   fh_formula_not(fh_symbols_equal(&s->symbols, resource,
									   i)));
	}
	return is_shown(s, x);
}

static void look_at_budgets(struct idling *x, struct fh_space *s, uint32_t policy)
{
	const struct fh_limits *l = &x->set->limits[policy];

	for (size_t i = 0; i < l->n && !x->countless[policy]; i++) {
		if (l->limit[i].per == FH_PER_RESOURCE)
			x->countless[policy] = names_no_resource(s, policy);
	}
}

/* --- functions ------------------------------------------------------------------ */

static bool is_function(const struct fh_schema *s, uint32_t action)
{
	for (uint32_t i = 0; i < s->calls_n; i++) {
		if (s->calls[i].action == action && s->calls[i].server.n == 0)
			return true;
	}
	return false;
}

static void look_at_functions(struct idling *x, struct fh_space *s, uint32_t policy)
{
	if (x->set->limits[policy].n > 0 && !x->uncharged[policy])
		x->uncharged[policy] = is_shown(s, permitted(s, policy));
}

/* --- environments --------------------------------------------------------------- */

static fh_err visit(void *context, const struct fh_place *place)
{
	struct idling *x = context;
	size_t taken = x->arena->n;
	bool named = x->set->schema.actions[place->action].kind == FH_RESOURCE_SERVER;
	bool function = is_function(&x->set->schema, place->action);
	struct fh_space s;
	fh_err e = fh_space_begin(&s, &x->set->schema, place, x->set, nullptr, x->arena,
				  &x->work);

	for (uint32_t i = 0; e == FH_ERR_OK && i < x->set->policies_n; i++) {
		for (int what = 0; what < 2; what++) {
			if (x->set->policies[i].forbids || !has_limit(&x->set->limits[i], what))
				continue;
			if (x->naming)
				look_for_one(x, &s, i, what);
			else
				look_at(x, &s, i, what);
		}
		if (!x->naming && !named)
			look_at_budgets(x, &s, i);
		if (!x->naming && function)
			look_at_functions(x, &s, i);
	}
	fh_space_end(&s, &x->work);
	x->arena->n = taken;
	return e;
}

static fh_err tell(const struct idling *x,
		   fh_err (*next)(void *context, const struct fh_idle *x), void *context)
{
	fh_err e = FH_ERR_OK;

	for (uint32_t i = 0; e == FH_ERR_OK && i < x->set->policies_n; i++) {
		for (int what = 0; e == FH_ERR_OK && what < 2; what++) {
			const struct limit_state *state = &x->state[what][i];
			const struct fh_idle idle = {
				(enum fh_idle_limit)what, i,
				state->by < x->set->policies_n ? state->by : UINT32_MAX };

			if (state->met && !state->needed)
				e = next(context, &idle);
		}
		if (e == FH_ERR_OK && x->countless[i])
			e = next(context,
				 &(struct fh_idle){ FH_IDLE_BUDGETS, i, UINT32_MAX });
		if (e == FH_ERR_OK && x->uncharged[i])
			e = next(context,
				 &(struct fh_idle){ FH_IDLE_FUNCTIONS, i, UINT32_MAX });
	}
	return e;
}

fh_err fh_policy_idle_limits(const struct fh_policy_set *set, struct fh_arena *a,
			     fh_err (*next)(void *context, const struct fh_idle *x),
			     void *context)
{
	size_t taken = a->n;
	struct idling x = {
		.set = set, .arena = a, .work = FH_ANALYSIS_WORK_MAX,
		.state = { fh_arena_array(a, set->policies_n, sizeof(struct limit_state)),
			   fh_arena_array(a, set->policies_n, sizeof(struct limit_state)) },
		.countless = fh_arena_array(a, set->policies_n, sizeof(bool)),
		.uncharged = fh_arena_array(a, set->policies_n, sizeof(bool)),
	};
	fh_err e = x.state[0] == nullptr || x.state[1] == nullptr || x.countless == nullptr
				   || x.uncharged == nullptr
			   ? FH_ERR_NOMEM
			   : fh_place_each(&x.set->schema, visit, &x);

	x.naming = true;
	if (e == FH_ERR_OK)
		e = fh_place_each(&x.set->schema, visit, &x);
	if (e == FH_ERR_OK)
		e = tell(&x, next, context);
	a->n = taken;
	return e;
}
