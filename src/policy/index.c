/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/index.h"

/* Never 0.  A document names fewer entities than it has bytes, so they take 30 bits.  */
static uint64_t key_of(uint32_t action, enum fh_index_side side, uint32_t number)
{
	static_assert(FH_POLICY_TEXT_MAX < 1u << 29);
	return (uint64_t)(action + 1) << 32 | (number + 1) << 2 | ((uint32_t)side + 1);
}

static uint32_t place_of(const struct fh_index_place *place, uint32_t mask, uint64_t key)
{
	uint64_t h = key * UINT64_C(0x9e3779b97f4a7c15);
	uint32_t i = (uint32_t)(h >> 32) & mask;

	while (place[i].key != key && place[i].key != 0)
		i = (i + 1) & mask;
	return i;
}

struct fh_index_place fh_policy_index_find(const struct fh_policy_index *x, uint32_t action,
					   enum fh_index_side side, uint32_t number)
{
	return x->place[place_of(x->place, x->mask, key_of(action, side, number))];
}

static uint32_t entries_of(const struct fh_rule *r)
{
	const struct fh_rule_scope *action = &r->scope[FH_VARIABLE_ACTION];

	return action->kind == FH_SCOPE_ANY ? 1 : action->n;
}

static enum fh_index_side side_of(const struct fh_rule *r)
{
	if (r->scope[FH_VARIABLE_RESOURCE].n > 0)
		return FH_INDEX_RESOURCE;
	return r->scope[FH_VARIABLE_PRINCIPAL].n > 0 ? FH_INDEX_PRINCIPAL : FH_INDEX_NEITHER;
}

static uint32_t action_of(const struct fh_rule *r, uint32_t listed)
{
	const struct fh_rule_scope *action = &r->scope[FH_VARIABLE_ACTION];

	return action->kind == FH_SCOPE_ANY ? FH_UNNAMED : action->numbers[listed];
}

/* The key of entry LISTED of R.  */
static uint64_t entry_key(const struct fh_rule *r, uint32_t listed)
{
	static const enum fh_variable of[] = { [FH_INDEX_PRINCIPAL] = FH_VARIABLE_PRINCIPAL,
					       [FH_INDEX_RESOURCE] = FH_VARIABLE_RESOURCE };
	enum fh_index_side side = side_of(r);
	uint32_t number = side == FH_INDEX_NEITHER ? FH_UNNAMED : r->scope[of[side]].numbers[0];

	return key_of(action_of(r, listed), side, number);
}

/* Counts the entries of each place, and writes them to ENTRIES, if there are any.  */
static void count(const struct fh_rules *rules, struct fh_index_place *place, uint32_t mask,
		  struct fh_index_entry *entries)
{
	for (uint32_t i = 0; i < rules->n; i++) {
		for (uint32_t k = 0; k < entries_of(&rules->list[i]); k++) {
			uint64_t key = entry_key(&rules->list[i], k);
			struct fh_index_place *p = &place[place_of(place, mask, key)];

			p->key = key;
			if (entries != nullptr)
				entries[p->first + p->n] = (struct fh_index_entry){ i, k };
			p->n++;
		}
	}
}

/* How many entries each place has is known: gives each its part of them.  */
static void divide(struct fh_index_place *place, uint32_t mask)
{
	uint32_t first = 0;

	for (uint32_t i = 0; i <= mask; i++) {
		place[i].first = first;
		first += place[i].n;
		place[i].n = 0;
	}
}

static void note_sides(const struct fh_rules *rules, uint8_t *sides)
{
	for (size_t i = 0; i < rules->n; i++) {
		const struct fh_rule *r = &rules->list[i];

		for (uint32_t k = 0; k < entries_of(r); k++)
			sides[action_of(r, k) + 1] |= (uint8_t)(1 << side_of(r));
	}
}

/* The entity of the I-th action of S with its groups, and the numbers of both.  */
static fh_err make_action(const struct fh_schema *s, uint32_t i, const struct fh_names *names,
			  struct fh_arena *a, struct fh_index_action *out)
{
	uint32_t n = s->actions[i].ancestors_n; /* the first is itself */
	struct fh_entity_key *key = fh_arena_array(a, n, sizeof(*key));
	const struct fh_entity_key **up = fh_arena_array(a, n, sizeof(*up));
	uint32_t *numbers = fh_arena_array(a, n, sizeof(*numbers));

	if (key == nullptr || up == nullptr || numbers == nullptr)
		return FH_ERR_NOMEM;
	for (uint32_t k = 0; k < n; k++) {
		key[k] = fh_entity_key_of(s->actions[s->actions[i].ancestors[k]].uid);
		up[k] = &key[k];
		numbers[out->in.n] = fh_names_find(names, &key[k]);
		out->in.n += numbers[out->in.n] == FH_UNNAMED ? 0 : 1;
	}
	out->self = fh_names_find(names, &key[0]);
	out->in.list = numbers;
	out->entity = (struct fh_entity){ .key = key[0], .attributes = fh_value_none(),
					  .tags = fh_value_none(), .ancestors = up + 1 };
	out->entity.ancestors_n = fh_entity_keys_sort(up + 1, n - 1);
	return FH_ERR_OK;
}

static fh_err make_actions(const struct fh_schema *s, const struct fh_names *names,
			   struct fh_arena *a, const struct fh_index_action **out)
{
	struct fh_index_action *actions = fh_arena_array(a, s->actions_n, sizeof(*actions));
	fh_err e = actions == nullptr ? FH_ERR_NOMEM : FH_ERR_OK;

	for (uint32_t i = 0; e == FH_ERR_OK && i < s->actions_n; i++)
		e = make_action(s, i, names, a, &actions[i]);
	*out = actions;
	return e;
}

fh_err fh_policy_index_build(const struct fh_rules *rules, const struct fh_schema *s,
			     struct fh_arena *a, const struct fh_policy_index **out)
{
	struct fh_policy_index *x = fh_arena_take(a, sizeof(*x));
	size_t n = 0, places = 8;

	for (size_t i = 0; i < rules->n; i++)
		n += entries_of(&rules->list[i]);
	while (places < 2 * n)
		places *= 2;
	struct fh_index_place *place = fh_arena_array(a, places, sizeof(*place));
	struct fh_index_entry *entries = fh_arena_array(a, n, sizeof(*entries));
	uint8_t *sides = fh_arena_take(a, (size_t)rules->names.n + 1);

	if (x == nullptr || place == nullptr || entries == nullptr || sides == nullptr)
		return FH_ERR_NOMEM;
	*x = (struct fh_policy_index){ .entries = entries, .place = place, .sides = sides,
				       .mask = (uint32_t)places - 1 };
	count(rules, place, x->mask, nullptr);
	divide(place, x->mask);
	count(rules, place, x->mask, entries);
	note_sides(rules, sides);
	*out = x;
	return make_actions(s, &rules->names, a, &x->actions);
}
