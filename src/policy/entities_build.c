/* SPDX-License-Identifier: Apache-2.0 */
/* Making a fixed number of entities, and closing their hierarchy: once, so that
 * `in` is one look-up.  */
#include "policy/entities.h"

#include "base/limits.h"

fh_err fh_entities_room(struct fh_entities *s, uint32_t room, struct fh_arena *a)
{
	uint32_t slots = 8;

	while (slots < 2 * room)
		slots *= 2;
	struct fh_entities made = { .list = fh_arena_array(a, room, sizeof(*made.list)),
				    .slot = fh_arena_array(a, slots, sizeof(*made.slot)),
				    .mask = slots - 1 };

	if (made.list == nullptr || made.slot == nullptr)
		return FH_ERR_NOMEM;
	*s = made;
	return FH_ERR_OK;
}

/* Their parents are sorted, so the same ones stand in the same places.  */
bool fh_entity_is_like(const struct fh_entity *a, const struct fh_entity *b)
{
	bool equal = fh_entity_key_equal(&a->key, &b->key) && a->parents_n == b->parents_n &&
		     fh_value_equal(&a->attributes, &b->attributes) &&
		     fh_value_equal(&a->tags, &b->tags);

	for (uint32_t i = 0; equal && i < a->parents_n; i++)
		equal = fh_entity_equal(a->parents[i]->uid, b->parents[i]->uid);
	return equal;
}

fh_err fh_entities_add(struct fh_entities *s, const struct fh_entity *e)
{
	const struct fh_entity *held = fh_entities_find(s, &e->key);

	if (held != nullptr)
		return fh_entity_is_like(held, e) ? FH_ERR_OK : FH_ERR_CONFLICT;
	uint32_t i = (uint32_t)e->key.hash & s->mask;

	while (s->slot[i] != 0)
		i = (i + 1) & s->mask;
	s->list[s->n] = *e;
	s->slot[i] = ++s->n;
	return FH_ERR_OK;
}

enum walk {
	WALK_NEW = 0,
	WALK_OPEN, /* on the stack: to meet it again is a circle */
	WALK_DONE,
};

struct closing {
	struct fh_entities *s;
	struct fh_arena *arena;
	uint8_t *state;    /* enum walk of each entity */
	uint32_t *stack;   /* entities that are open, each a parent of the one below */
	uint32_t *parent;  /* of each entity on the stack, which parent is next */
	uint32_t depth;
	size_t looked_at;  /* ancestors, up to FH_CLOSURE_MAX */
};

/* The ancestors of E, whose parents are done.  */
static fh_err gather(struct closing *c, struct fh_entity *e)
{
	size_t n = e->parents_n, taken = c->arena->n, k = 0;

	for (uint32_t i = 0; i < e->parents_n; i++) {
		const struct fh_entity *up = fh_entities_find(c->s, e->parents[i]);

		n += up == nullptr ? 0 : up->ancestors_n;
	}
	c->looked_at += n;
	if (c->looked_at > FH_CLOSURE_MAX)
		return FH_ERR_LIMIT;
	const struct fh_entity_key **all = fh_arena_array(c->arena, n, sizeof(*all));

	if (all == nullptr)
		return FH_ERR_NOMEM;
	for (uint32_t i = 0; i < e->parents_n; i++) {
		const struct fh_entity *up = fh_entities_find(c->s, e->parents[i]);

		all[k++] = e->parents[i];
		for (uint32_t m = 0; up != nullptr && m < up->ancestors_n; m++)
			all[k++] = up->ancestors[m];
	}
	e->ancestors_n = fh_entity_keys_sort(all, (uint32_t)n);
	e->ancestors = all;
	c->arena->n = taken; /* what doubles took is given back */
	return fh_arena_space(c->arena, e->ancestors_n * sizeof(*all)) == nullptr ? FH_ERR_NOMEM
										  : FH_ERR_OK;
}

static void open_entity(struct closing *c, uint32_t i)
{
	c->state[i] = WALK_OPEN;
	c->parent[i] = 0;
	c->stack[c->depth++] = i;
}

/* One step with the entity on top: its next parent, or its end.  */
static fh_err step(struct closing *c, uint32_t *which)
{
	uint32_t top = c->stack[c->depth - 1];
	struct fh_entity *e = &c->s->list[top];

	if (c->parent[top] == e->parents_n) {
		c->depth--;
		c->state[top] = WALK_DONE;
		return gather(c, e);
	}
	const struct fh_entity *up = fh_entities_find(c->s, e->parents[c->parent[top]++]);

	if (up == nullptr)
		return FH_ERR_OK;
	uint32_t i = (uint32_t)(up - c->s->list);

	if (c->state[i] == WALK_OPEN) {
		*which = i;
		return FH_ERR_CONFLICT;
	}
	if (c->state[i] == WALK_NEW)
		open_entity(c, i);
	return FH_ERR_OK;
}

fh_err fh_entities_close(struct fh_entities *s, struct fh_arena *a, uint32_t *which)
{
	struct closing c = { .s = s, .arena = a,
			     .state = fh_arena_array(a, s->n, sizeof(*c.state)),
			     .stack = fh_arena_array(a, s->n, sizeof(*c.stack)),
			     .parent = fh_arena_array(a, s->n, sizeof(*c.parent)) };
	fh_err e = c.state == nullptr || c.stack == nullptr || c.parent == nullptr ? FH_ERR_NOMEM
										  : FH_ERR_OK;

	for (uint32_t i = 0; e == FH_ERR_OK && i < s->n; i++) {
		if (c.state[i] == WALK_NEW)
			open_entity(&c, i);
		while (e == FH_ERR_OK && c.depth > 0)
			e = step(&c, which);
	}
	return e;
}
