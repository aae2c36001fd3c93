/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_NAMES_H
#define FH_POLICY_NAMES_H

#include "base/arena.h"
#include "policy/entity.h"

/* The entities that policies name, each with a number.  What a request brings is looked
 * up once; from then on comparing with what is named is comparing numbers, and what has
 * none equals nothing that is named.  */

/* Not a number of anything.  */
constexpr uint32_t FH_UNNAMED = UINT32_MAX;

struct fh_names_slot {
	uint32_t mark;   /* upper half of the hash, so that other texts are rarely looked at */
	uint32_t number; /* plus one; 0 is free */
};

/* All zero is empty.  */
struct fh_names {
	const struct fh_entity_key **key; /* by number */
	struct fh_names_slot *slot;
	uint32_t n;
	uint32_t slots; /* a power of two, at least twice as many as numbers; or 0 */
};

/* The number of E in *OUT, a new one if it has none.  E must live as long as S.
 * FH_ERR_NOMEM.  */
fh_err fh_names_put(struct fh_names *s, const struct fh_entity_key *e, struct fh_arena *a,
		    uint32_t *out);

static inline uint32_t fh_names_mark(const struct fh_entity_key *e)
{
	return (uint32_t)(e->hash >> 32);
}

/* The number of E, or FH_UNNAMED.  */
static inline uint32_t fh_names_find(const struct fh_names *s, const struct fh_entity_key *e)
{
	uint32_t mark = fh_names_mark(e), mask = s->slots - 1;

	if (s->slots == 0)
		return FH_UNNAMED;
	for (uint32_t i = (uint32_t)e->hash & mask; s->slot[i].number != 0; i = (i + 1) & mask) {
		uint32_t number = s->slot[i].number - 1;

		if (s->slot[i].mark == mark && fh_entity_key_equal(s->key[number], e))
			return number;
	}
	return FH_UNNAMED;
}

/* Some numbers, each once.  */
struct fh_numbers {
	const uint32_t *list;
	uint32_t n;
};

static inline bool fh_numbers_have(const struct fh_numbers *s, uint32_t number)
{
	for (uint32_t i = 0; i < s->n; i++) {
		if (s->list[i] == number)
			return true;
	}
	return false;
}

#endif
