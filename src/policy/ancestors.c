/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/ancestors.h"

#include "base/limits.h"

constexpr uint32_t few = 16; /* up to here a scan beats a table */

static bool same(const struct fh_ancestor *x, struct fh_entity_uid e, uint64_t hash)
{
	return x->hash == hash && fh_entity_equal(x->uid, e);
}

bool fh_ancestors_have(const struct fh_ancestors *s, struct fh_entity_uid e, uint64_t hash)
{
	if (s->slot == nullptr) {
		for (uint32_t i = 0; i < s->n; i++) {
			if (same(&s->list[i], e, hash))
				return true;
		}
		return false;
	}
	for (uint32_t i = (uint32_t)hash & s->mask; s->slot[i] != 0; i = (i + 1) & s->mask) {
		if (same(&s->list[s->slot[i] - 1], e, hash))
			return true;
	}
	return false;
}

static void enter(struct fh_ancestors *s, uint32_t place)
{
	uint32_t i = (uint32_t)s->list[place].hash & s->mask;

	while (s->slot[i] != 0)
		i = (i + 1) & s->mask;
	s->slot[i] = place + 1;
}

/* Doubles the room; the table, at most half full, grows with it.  */
static fh_err grow(struct fh_ancestors *s, struct fh_arena *a)
{
	struct fh_ancestors larger = { .n = s->n, .room = s->room == 0 ? few : 2 * s->room };

	larger.list = fh_arena_array(a, larger.room, sizeof(*larger.list));
	if (larger.list == nullptr)
		return FH_ERR_NOMEM;
	for (uint32_t i = 0; i < s->n; i++)
		larger.list[i] = s->list[i];
	if (larger.room > few) {
		larger.slot = fh_arena_array(a, 2 * larger.room, sizeof(*larger.slot));
		if (larger.slot == nullptr)
			return FH_ERR_NOMEM;
		larger.mask = 2 * larger.room - 1;
		for (uint32_t i = 0; i < s->n; i++)
			enter(&larger, i);
	}
	*s = larger;
	return FH_ERR_OK;
}

static fh_err add(struct fh_ancestors *s, struct fh_entity_uid e, struct fh_arena *a)
{
	uint64_t hash = fh_entity_hash(e);

	if (fh_ancestors_have(s, e, hash))
		return FH_ERR_OK;
	if (s->n == FH_ENTITIES_MAX)
		return FH_ERR_LIMIT;
	fh_err done = s->n == s->room ? grow(s, a) : FH_ERR_OK;

	if (done != FH_ERR_OK)
		return done;
	s->list[s->n++] = (struct fh_ancestor){ e, hash };
	if (s->slot != nullptr)
		enter(s, s->n - 1);
	return FH_ERR_OK;
}

fh_err fh_ancestors_collect(struct fh_entity_uid e, const struct fh_parent_source *source,
			    struct fh_arena *a, struct fh_ancestors *out)
{
	struct fh_entity_uid parent[FH_POLICY_PARENTS_MAX];
	struct fh_ancestors s = { 0 };
	fh_err done = add(&s, e, a);

	for (uint32_t i = 0; done == FH_ERR_OK && i < s.n; i++) {
		size_t n = 0;

		done = source->parents(source->context, s.list[i].uid, parent,
				       FH_POLICY_PARENTS_MAX, &n);
		if (done == FH_ERR_OK && n > FH_POLICY_PARENTS_MAX)
			done = FH_ERR_LIMIT;
		for (size_t k = 0; done == FH_ERR_OK && k < n; k++)
			done = add(&s, parent[k], a);
	}
	if (done == FH_ERR_OK)
		*out = s;
	return done;
}
