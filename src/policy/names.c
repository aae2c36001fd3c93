/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/names.h"

#include <string.h>

static void enter(struct fh_names *s, uint32_t number)
{
	uint32_t i = (uint32_t)s->key[number]->hash & (s->slots - 1);

	while (s->slot[i].number != 0)
		i = (i + 1) & (s->slots - 1);
	s->slot[i] = (struct fh_names_slot){ fh_names_mark(s->key[number]), number + 1 };
}

/* Twice the room; what was there before is lost to the arena, which is no more than there
 * is now.  */
static fh_err grow(struct fh_names *s, struct fh_arena *a)
{
	uint32_t slots = s->slots == 0 ? 16 : 2 * s->slots;
	struct fh_names_slot *slot = fh_arena_array(a, slots, sizeof(*slot));
	const struct fh_entity_key **key = fh_arena_array(a, slots / 2, sizeof(*key));

	if (slots == 0 || slot == nullptr || key == nullptr)
		return FH_ERR_NOMEM;
	if (s->n > 0)
		memcpy(key, s->key, s->n * sizeof(*key));
	s->key = key;
	s->slot = slot;
	s->slots = slots;
	for (uint32_t i = 0; i < s->n; i++)
		enter(s, i);
	return FH_ERR_OK;
}

fh_err fh_names_put(struct fh_names *s, const struct fh_entity_key *e, struct fh_arena *a,
		    uint32_t *out)
{
	uint32_t number = fh_names_find(s, e);
	fh_err done = FH_ERR_OK;

	if (number == FH_UNNAMED) {
		if (2 * s->n == s->slots)
			done = grow(s, a);
		if (done != FH_ERR_OK)
			return done;
		number = s->n++;
		s->key[number] = e;
		enter(s, number);
	}
	*out = number;
	return FH_ERR_OK;
}
