/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/index.h"

/* An entry that has no place yet.  */
struct loose {
	struct fh_index_entry entry;
	uint32_t list;
};

static bool names_action(const struct fh_rule *r)
{
	return r->policy->action.kind != FH_SCOPE_ANY;
}

static uint32_t entries_of(const struct fh_rule *r)
{
	return names_action(r) ? r->actions_n : 1;
}

static uint32_t list_of(const struct fh_rule *r)
{
	if (r->resource != FH_UNNAMED)
		return fh_index_list(FH_INDEX_RESOURCE, r->resource);
	return fh_index_list(r->principal != FH_UNNAMED ? FH_INDEX_PRINCIPAL : FH_INDEX_NEITHER,
			     r->principal);
}

static void put_all(const struct fh_rules *rules, struct loose *out)
{
	for (uint32_t i = 0; i < rules->n; i++) {
		const struct fh_rule *r = &rules->list[i];

		for (uint32_t k = 0; k < entries_of(r); k++) {
			uint32_t action = names_action(r) ? r->actions[k] + 1 : 0;

			*out++ = (struct loose){ { action, i, k }, list_of(r) };
		}
	}
}

/* Makes counts, of which there are N, into where the first of each comes.  */
static void add_up(uint32_t *first, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t count = first[i];

		first[i] = sum;
		sum += count;
	}
}

/* Puts the N entries IN by action into OUT; PLACE has a zero for each action.  */
static void order_by_action(const struct loose *in, size_t n, uint32_t *place, size_t places,
			    struct loose *out)
{
	for (size_t i = 0; i < n; i++)
		place[in[i].entry.action]++;
	add_up(place, places);
	for (size_t i = 0; i < n; i++)
		out[place[in[i].entry.action]++] = in[i];
}

/* And these by list into OUT, leaving them as they are in each.  FIRST has a zero for each
 * list and one more.  */
static void order_by_list(const struct loose *in, size_t n, uint32_t *first, size_t lists,
			  struct fh_index_entry *out)
{
	for (size_t i = 0; i < n; i++)
		first[in[i].list + 1]++;
	add_up(first + 1, lists);
	for (size_t i = 0; i < n; i++)
		out[first[in[i].list + 1]++] = in[i].entry;
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

static fh_err build(const struct fh_rules *rules, struct fh_arena *a, struct fh_policy_index *x)
{
	size_t n = 0, lists = 2 * (size_t)rules->names.n + 1, actions = (size_t)rules->names.n + 1;

	for (size_t i = 0; i < rules->n; i++)
		n += entries_of(&rules->list[i]);
	struct fh_index_entry *entries = fh_arena_array(a, n, sizeof(*entries));
	uint32_t *first = fh_arena_array(a, lists + 1, sizeof(*first));
	size_t taken = a->n;
	struct loose *loose = fh_arena_array(a, 2 * n, sizeof(*loose));
	uint32_t *place = fh_arena_array(a, actions, sizeof(*place));

	if (entries == nullptr || first == nullptr || loose == nullptr || place == nullptr)
		return FH_ERR_NOMEM;
	put_all(rules, loose);
	order_by_action(loose, n, place, actions, loose + n);
	order_by_list(loose + n, n, first, lists, entries);
	a->n = taken;
	x->entries = entries;
	x->first = first;
	return FH_ERR_OK;
}

fh_err fh_policy_index_build(const struct fh_rules *rules, const struct fh_schema *s,
			     struct fh_arena *a, const struct fh_policy_index **out)
{
	struct fh_policy_index *x = fh_arena_take(a, sizeof(*x));
	fh_err e = x == nullptr ? FH_ERR_NOMEM : build(rules, a, x);

	if (e == FH_ERR_OK)
		e = make_actions(s, &rules->names, a, &x->actions);
	*out = x;
	return e;
}
