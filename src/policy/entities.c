/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/entities.h"

#include "base/sort.h"

/* The first of E's ancestors whose hash is not below HASH, if they are more than few.  */
static uint32_t first_of(const struct fh_entity *e, uint64_t hash)
{
	uint32_t low = 0, high = e->ancestors_n;

	while (e->ancestors_n > FH_ANCESTORS_FEW && low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (e->ancestors[middle]->hash < hash)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool fh_entity_has_ancestor(const struct fh_entity *e, const struct fh_entity_key *up)
{
	bool few = e->ancestors_n <= FH_ANCESTORS_FEW;

	for (uint32_t i = first_of(e, up->hash); i < e->ancestors_n; i++) {
		if (fh_entity_key_equal(e->ancestors[i], up))
			return true;
		if (!few && e->ancestors[i]->hash != up->hash)
			return false;
	}
	return false;
}

bool fh_entity_in(const struct fh_entity *e, const struct fh_entity_key *up)
{
	return fh_entity_key_equal(&e->key, up) || fh_entity_has_ancestor(e, up);
}

const struct fh_entity *fh_entities_find(const struct fh_entities *s,
					 const struct fh_entity_key *e)
{
	uint32_t i = (uint32_t)e->hash & s->mask;

	for (; s->slot != nullptr && s->slot[i] != 0; i = (i + 1) & s->mask) {
		if (fh_entity_key_equal(&s->list[s->slot[i] - 1].key, e))
			return &s->list[s->slot[i] - 1];
	}
	return nullptr;
}

static fh_err find(const void *context, const struct fh_entity_key *e, struct fh_arena *a,
		   const struct fh_entity **out)
{
	(void)a;
	*out = fh_entities_find(context, e);
	return FH_ERR_OK;
}

struct fh_entity_source fh_entities_source(const struct fh_entities *s)
{
	return (struct fh_entity_source){ find, s };
}

static int order_keys(const void *a, const void *b)
{
	const struct fh_entity_key *const *x = a, *const *y = b;
	int order = (*x)->hash < (*y)->hash ? -1 : (*x)->hash > (*y)->hash;

	if (order == 0)
		order = fh_span_compare((*x)->uid.type, (*y)->uid.type);
	return order != 0 ? order : fh_span_compare((*x)->uid.id, (*y)->uid.id);
}

uint32_t fh_entity_keys_sort(const struct fh_entity_key **keys, uint32_t n)
{
	uint32_t kept = 0;

	fh_sort(keys, n, sizeof(*keys), order_keys);
	for (uint32_t i = 0; i < n; i++) {
		if (kept == 0 || order_keys(&keys[kept - 1], &keys[i]) != 0)
			keys[kept++] = keys[i];
	}
	return kept;
}
