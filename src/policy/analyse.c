/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/analyse.h"

#include "policy/analyse_space.h"

/* One environment after the other.  */
struct visiting {
	const struct fh_policy_set *set;
	struct fh_arena *arena;
	uint64_t work;
	fh_err (*next)(void *context, const struct fh_allowance *x);
	void *context;
};

/* The permits that are satisfied by something, as far as their formulas tell.  */
static fh_err list_permits(struct fh_space *s, struct fh_allowance *out)
{
	const struct fh_space_side *side = &s->side[0];
	uint32_t *list = fh_arena_array(s->arena, side->set->policies_n, sizeof(*list));

	if (list == nullptr)
		return FH_ERR_NOMEM;
	for (uint32_t i = 0; i < side->set->policies_n; i++) {
		if (side->permit[i] != FH_FORMULA_NO)
			list[out->permits_n++] = i;
	}
	out->permits = list;
	return FH_ERR_OK;
}

/* What is allowed WHEN; what is not is asked for only where something is.  */
static void allowed_when(struct fh_space *s, enum fh_when when, struct fh_allowance *out)
{
	const struct fh_wanted yes = { when, 1, -1 }, no = { when, 0, -1 };
	uint32_t allowed = s->side[0].allowed[when];
	struct fh_example unused;

	out->in[when].allowed = fh_space_find(s, allowed, &yes, &out->in[when].example);
	out->in[when].refused = FH_FOUND_EXAMPLE;
	if (out->in[when].allowed != FH_FOUND_NONE)
		out->in[when].refused =
			fh_space_find(s, fh_formula_not(allowed), &no, &unused);
}

static fh_err visit(struct visiting *v, const struct fh_place *place)
{
	size_t taken = v->arena->n;
	struct fh_allowance x = { 0 };
	struct fh_space s;
	fh_err e = fh_space_begin(&s, &v->set->schema, place, v->set, nullptr, v->arena,
				  &v->work);

	if (e == FH_ERR_OK)
		e = list_permits(&s, &x);
	x.environment = s.environment;
	for (int w = 0; e == FH_ERR_OK && w < FH_WHEN_COUNT; w++)
		allowed_when(&s, (enum fh_when)w, &x);
	if (e == FH_ERR_OK)
		e = v->next(v->context, &x);
	fh_space_end(&s, &v->work);
	v->arena->n = taken;
	return e;
}

fh_err fh_policy_allowances(const struct fh_policy_set *set, struct fh_arena *a,
			    fh_err (*next)(void *context, const struct fh_allowance *x),
			    void *context)
{
	struct visiting v = { set, a, FH_ANALYSIS_WORK_MAX, next, context };
	fh_err e = FH_ERR_OK;

	for (uint32_t i = 0; e == FH_ERR_OK && i < set->schema.actions_n; i++) {
		const struct fh_schema_action *action = &set->schema.actions[i];
		uint32_t n = action->principals_n * action->resources_n;

		for (uint32_t k = 0; e == FH_ERR_OK && k < n; k++) {
			const struct fh_place at = {
				i, action->principals[k / action->resources_n],
				action->resources[k % action->resources_n], false };

			e = visit(&v, &at);
		}
	}
	return e;
}
