/* SPDX-License-Identifier: Apache-2.0 */
/* What two documents answer differently.  */
#include "policy/analyse_schema.h"
#include "policy/analyse_space.h"

struct comparing {
	const struct fh_policy_set *old;
	const struct fh_policy_set *new;
	const bool *alike; /* by type of the new schema */
	bool foreign;      /* some are not */
	bool listed_apart; /* they list different entities */
	struct fh_arena *arena;
	uint64_t work;
	fh_err (*next)(void *context, const struct fh_difference *x);
	void *context;
};

/* --- both know the environment -------------------------------------------------- */

static void differ_when(struct fh_space *s, enum fh_when when, struct fh_difference *out)
{
	const struct fh_wanted wider = { when, 0, 1 }, narrower = { when, 1, 0 };
	struct fh_formulas *f = &s->symbols.f;
	uint32_t old = s->side[0].allowed[when], new = s->side[1].allowed[when];

	out->in[when].wider = fh_space_find(s, fh_formula_and(f, new, fh_formula_not(old)),
					    &wider, &out->in[when].added);
	out->in[when].narrower = fh_space_find(s, fh_formula_and(f, old, fh_formula_not(new)),
					       &narrower, &out->in[when].removed);
}

/* Compares what OLD and NEW (one may be NULL) say at PLACE of SCHEMA.  */
static fh_err compare(struct comparing *c, const struct fh_schema *schema,
		      const struct fh_place *place, const struct fh_policy_set *old,
		      const struct fh_policy_set *new)
{
	size_t taken = c->arena->n;
	struct fh_difference x = { 0 };
	struct fh_space s;
	struct fh_place at = *place;

	at.foreign = c->foreign && old != nullptr && new != nullptr;
	at.listed_apart = c->listed_apart;
	fh_err e = fh_space_begin(&s, schema, &at, old, new, c->arena, &c->work);

	x.environment = s.environment;
	for (int w = 0; e == FH_ERR_OK && w < FH_WHEN_COUNT; w++)
		differ_when(&s, (enum fh_when)w, &x);
	if (e == FH_ERR_OK)
		e = c->next(c->context, &x);
	fh_space_end(&s, &c->work);
	c->arena->n = taken;
	return e;
}

/* --- they mean different things by it --------------------------------------------- */

/* What one document says in the environment, by itself.  Its examples stay in the arena.  */
static fh_err look_alone(struct comparing *c, const struct fh_policy_set *set,
			 const struct fh_place *place, enum fh_found *found,
			 struct fh_example *example)
{
	size_t taken = c->arena->n;
	struct fh_space s;
	fh_err e = fh_space_begin(&s, &set->schema, place, set, nullptr, c->arena, &c->work);
	bool some = false;

	for (int w = 0; e == FH_ERR_OK && w < FH_WHEN_COUNT; w++) {
		const struct fh_wanted yes = { (enum fh_when)w, 1, -1 };

		found[w] = fh_space_find(&s, s.side[0].allowed[w], &yes, &example[w]);
		some |= found[w] == FH_FOUND_EXAMPLE;
	}
	fh_space_end(&s, &c->work);
	if (!some)
		c->arena->n = taken;
	return e;
}

/* A request is one thing under the old schema and another under the new one.  Only where
 * one side allows nothing at all can the other be compared with it.  */
static fh_err compare_apart(struct comparing *c, const struct fh_place *old,
			    const struct fh_place *new, struct fh_span redeclared)
{
	enum fh_found before[FH_WHEN_COUNT], after[FH_WHEN_COUNT];
	struct fh_example gone[FH_WHEN_COUNT], came[FH_WHEN_COUNT];
	const struct fh_schema *s = &c->new->schema;
	size_t taken = c->arena->n;
	struct fh_difference x = {
		.environment = { s->actions[new->action].uid, s->types[new->principal].name,
				 s->types[new->resource].name },
		.redeclared = redeclared,
	};
	fh_err e = look_alone(c, c->old, old, before, gone);

	if (e == FH_ERR_OK)
		e = look_alone(c, c->new, new, after, came);
	for (int w = 0; e == FH_ERR_OK && w < FH_WHEN_COUNT; w++) {
		if (before[w] == FH_FOUND_NONE || after[w] == FH_FOUND_NONE) {
			x.in[w].wider = after[w];
			x.in[w].narrower = before[w];
		}
		x.in[w].added = came[w];
		x.in[w].removed = gone[w];
	}
	if (e == FH_ERR_OK)
		e = c->next(c->context, &x);
	c->arena->n = taken;
	return e;
}

/* --- which environments there are ---------------------------------------------------- */

static bool lists(const uint32_t *list, uint32_t n, uint32_t x)
{
	for (uint32_t i = 0; i < n; i++) {
		if (list[i] == x)
			return true;
	}
	return false;
}

/* Where S has the environment that FROM has at PLACE; false: nowhere.  */
static bool find_place(const struct fh_schema *s, const struct fh_schema *from,
		       const struct fh_place *place, struct fh_place *out)
{
	*out = (struct fh_place){
		fh_schema_find_action(s, from->actions[place->action].uid),
		fh_schema_find_type(s, from->types[place->principal].name),
		fh_schema_find_type(s, from->types[place->resource].name),
	};
	if (out->action == FH_SCHEMA_NONE)
		return false;
	const struct fh_schema_action *a = &s->actions[out->action];

	return lists(a->principals, a->principals_n, out->principal) &&
	       lists(a->resources, a->resources_n, out->resource);
}

/* A type, or the action, that the two places do not have alike; or empty.  */
static struct fh_span redeclared(const struct comparing *c, const struct fh_place *old,
				 const struct fh_place *new)
{
	const struct fh_schema *s = &c->new->schema;
	const struct fh_schema_action *action = &s->actions[new->action];

	if (!c->alike[new->principal])
		return s->types[new->principal].name;
	if (!c->alike[new->resource])
		return s->types[new->resource].name;
	if (!fh_type_alike(&c->old->schema, s, c->alike, action->context,
			   c->old->schema.actions[old->action].context))
		return action->uid.id;
	return (struct fh_span){ 0 };
}

static fh_err visit_new(void *context, const struct fh_place *place)
{
	struct comparing *c = context;
	struct fh_place before;

	if (!find_place(&c->old->schema, &c->new->schema, place, &before))
		return compare(c, &c->new->schema, place, nullptr, c->new);
	struct fh_span changed = redeclared(c, &before, place);

	if (changed.n > 0)
		return compare_apart(c, &before, place, changed);
	return compare(c, &c->new->schema, place, c->old, c->new);
}

static fh_err visit_old(void *context, const struct fh_place *place)
{
	struct comparing *c = context;
	struct fh_place after;

	if (find_place(&c->new->schema, &c->old->schema, place, &after))
		return FH_ERR_OK; /* it was visited */
	return compare(c, &c->old->schema, place, c->old, nullptr);
}

/* All that A lists B lists alike.  Actions are among them, and are no matter.  */
static bool lists_all(const struct fh_schema *s, const struct fh_entities *a,
		      const struct fh_entities *b)
{
	for (uint32_t i = 0; i < a->n; i++) {
		const struct fh_entity *x = &a->list[i], *y = fh_entities_find(b, &x->key);

		if (fh_schema_find_action(s, x->key.uid) != FH_SCHEMA_NONE)
			continue;
		if (y == nullptr || !fh_entity_is_like(x, y))
			return false;
	}
	return true;
}

fh_err fh_policy_differences(const struct fh_policy_set *old, const struct fh_policy_set *new,
			     struct fh_arena *a,
			     fh_err (*next)(void *context, const struct fh_difference *x),
			     void *context)
{
	size_t taken = a->n;
	struct comparing c = { .old = old, .new = new, .arena = a, .work = FH_ANALYSIS_WORK_MAX,
			       .alike = fh_schema_alike(&old->schema, &new->schema, a),
			       .next = next, .context = context };
	fh_err e = c.alike == nullptr ? FH_ERR_NOMEM : FH_ERR_OK;

	for (uint32_t i = 0; e == FH_ERR_OK && i < new->schema.types_n; i++)
		c.foreign |= !c.alike[i];
	c.listed_apart = !lists_all(&old->schema, &old->entities, &new->entities) ||
			 !lists_all(&new->schema, &new->entities, &old->entities);
	if (e == FH_ERR_OK)
		e = fh_place_each(&new->schema, visit_new, &c);
	if (e == FH_ERR_OK)
		e = fh_place_each(&old->schema, visit_old, &c);
	a->n = taken;
	return e;
}
