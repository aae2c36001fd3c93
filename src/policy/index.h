/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_INDEX_H
#define FH_POLICY_INDEX_H

#include "policy/rule.h"
#include "policy/schema.h"

/* Where a policy is found.  Each one hangs under its action (or each action of its list, or
 * FH_UNNAMED for any) and one entity of its scope: that of the resource if it names one, else
 * that of the principal, else none.  So a decision asks once for each pair of an action and an
 * entity that the request is in and that policies name.  */

enum fh_index_side {
	FH_INDEX_NEITHER = 0,
	FH_INDEX_PRINCIPAL,
	FH_INDEX_RESOURCE,
};

/* Some entries that follow one another.  */
struct fh_index_place {
	uint64_t key; /* action, side and entity; 0 is a free place */
	uint32_t first;
	uint32_t n;
};

struct fh_index_entry {
	uint32_t policy; /* index into the rules */
	uint32_t listed; /* which of the rule's actions this entry is for */
};

/* One action of the schema as decisions use it.  */
struct fh_index_action {
	struct fh_entity entity;
	uint32_t self;        /* its number, or FH_UNNAMED */
	struct fh_numbers in; /* and of everything it is in, itself included */
};

struct fh_policy_index {
	const struct fh_index_entry *entries; /* those of one place in the policies' order */
	const struct fh_index_place *place;   /* by a hash of the key */
	const uint8_t *sides;                 /* a bit for each side that hangs under an action, by
						 its number plus one */
	const struct fh_index_action *actions; /* one for each of the schema */
	uint32_t mask;                        /* number of places, a power of two, minus one */
};

/* Builds the index of RULES for requests as S has them.  FH_ERR_NOMEM.  */
fh_err fh_policy_index_build(const struct fh_rules *rules, const struct fh_schema *s,
			     struct fh_arena *a, const struct fh_policy_index **out);

/* The entries under ACTION and the entity NUMBER of SIDE.  */
struct fh_index_place fh_policy_index_find(const struct fh_policy_index *x, uint32_t action,
					   enum fh_index_side side, uint32_t number);

/* Whether there are any of that SIDE.  */
static inline bool fh_policy_index_has(const struct fh_policy_index *x, uint32_t action,
				       enum fh_index_side side)
{
	return x->sides[action + 1] >> side & 1; /* FH_UNNAMED plus one is 0 */
}

#endif
