/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_INDEX_H
#define FH_POLICY_INDEX_H

#include "policy/rule.h"
#include "policy/schema.h"

/* Where a policy is found: in the list of one entity of its scope, that of the resource if it
 * names one, else that of the principal, else none.  So a decision looks through one list for
 * each entity that the request is in and that policies name.  In a list a policy stands once for
 * each of its actions.  */

enum fh_index_side {
	FH_INDEX_NEITHER = 0,
	FH_INDEX_PRINCIPAL,
	FH_INDEX_RESOURCE,
};

struct fh_index_entry {
	uint32_t action; /* its number plus one; 0 is any */
	uint32_t policy; /* index into the rules */
	uint32_t listed; /* which of the rule's actions it is */
};

/* One action of the schema as decisions use it.  */
struct fh_index_action {
	struct fh_entity entity;
	uint32_t self;        /* its number, or FH_UNNAMED */
	struct fh_numbers in; /* and of everything it is in, itself included */
};

struct fh_policy_index {
	const struct fh_index_entry *entries;  /* list after list; in each by action */
	const uint32_t *first;                 /* of each list, and one more */
	const struct fh_index_action *actions; /* one for each of the schema */
};

/* The list of the entity NUMBER of SIDE.  */
static inline uint32_t fh_index_list(enum fh_index_side side, uint32_t number)
{
	return side == FH_INDEX_NEITHER ? 0 : 2 * number + (uint32_t)side;
}

/* Builds the index of RULES for requests as S has them.  FH_ERR_NOMEM.  */
fh_err fh_policy_index_build(const struct fh_rules *rules, const struct fh_schema *s,
			     struct fh_arena *a, const struct fh_policy_index **out);

#endif
