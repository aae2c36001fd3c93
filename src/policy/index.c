/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/index.h"

static size_t entries_of(const struct fh_policy *p)
{
	return p->action.kind == FH_SCOPE_ANY ? 1 : p->action.entities_n;
}

static uint64_t entity_hash(const struct fh_scope *s)
{
	return s->entities_n > 0 ? fh_entity_hash(s->entities[0]) : 0;
}

static uint64_t policy_key(const struct fh_policy *p, const struct fh_index_rule *rule,
			   uint32_t action)
{
	if (p->resource.entities_n > 0)
		return fh_index_key(action, FH_INDEX_RESOURCE, rule->resource_hash);
	if (p->principal.entities_n > 0)
		return fh_index_key(action, FH_INDEX_PRINCIPAL, rule->principal_hash);
	return fh_index_key(action, FH_INDEX_NEITHER, 0);
}

static void insert(struct fh_policy_index *x, const struct fh_policy *p, uint32_t policy,
		   uint32_t listed)
{
	const struct fh_index_rule *rule = &x->rules[policy];
	uint32_t action = p->action.kind == FH_SCOPE_ANY ? FH_SCHEMA_NONE : rule->actions[listed];
	uint64_t key = policy_key(p, rule, action);
	uint32_t *bucket = &x->bucket[key & x->mask];

	x->entries[x->entries_n++] = (struct fh_index_entry){ key, policy, listed, *bucket };
	*bucket = x->entries_n;
}

fh_err fh_policy_index_build(const struct fh_policy_set *set, struct fh_index_rule *rules,
			     struct fh_arena *a, const struct fh_policy_index **out)
{
	struct fh_policy_index *x = fh_arena_take(a, sizeof(*x));
	size_t n = 0, buckets = 8;

	if (x == nullptr)
		return FH_ERR_NOMEM;
	for (size_t i = 0; i < set->policies_n; i++)
		n += entries_of(&set->policies[i]);
	while (buckets < 2 * n)
		buckets *= 2;
	x->rules = rules;
	x->entries = fh_arena_array(a, n, sizeof(*x->entries));
	x->bucket = fh_arena_array(a, buckets, sizeof(*x->bucket));
	if (x->entries == nullptr || x->bucket == nullptr)
		return FH_ERR_NOMEM;
	x->mask = (uint32_t)buckets - 1;
	for (uint32_t i = 0; i < set->policies_n; i++) {
		rules[i].principal_hash = entity_hash(&set->policies[i].principal);
		rules[i].resource_hash = entity_hash(&set->policies[i].resource);
		for (uint32_t k = 0; k < entries_of(&set->policies[i]); k++)
			insert(x, &set->policies[i], i, k);
	}
	*out = x;
	return FH_ERR_OK;
}
