/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_INDEX_H
#define FH_POLICY_INDEX_H

#include "policy/set.h"

/* Where a policy is found.  Each one hangs under its action (or each action of
 * its list, or FH_SCHEMA_NONE for any) and one entity of its scope: that of the
 * resource if it names one, else that of the principal, else none.  So a decision
 * asks once for each pair of an action and an entity that the request is in.  */

enum fh_index_side {
	FH_INDEX_NEITHER = 0,
	FH_INDEX_PRINCIPAL,
	FH_INDEX_RESOURCE,
};

struct fh_index_entry {
	uint64_t key;    /* fh_index_key() */
	uint32_t policy; /* index into the set */
	uint32_t listed; /* which of the policy's actions this entry is for */
	uint32_t next;   /* next entry of the bucket plus one, or 0 */
};

/* What a decision needs of a policy beside its scope.  */
struct fh_index_rule {
	const uint32_t *actions; /* of the scope, as indices into the schema */
	uint64_t principal_hash; /* of the scope's entities, if any */
	uint64_t resource_hash;
};

struct fh_policy_index {
	struct fh_index_rule *rules;    /* one for each policy */
	struct fh_index_entry *entries;
	uint32_t *bucket;               /* first entry plus one, or 0 */
	uint32_t entries_n;
	uint32_t mask;                  /* number of buckets, a power of two, minus one */
};

static inline uint64_t fh_index_key(uint32_t action, enum fh_index_side side, uint64_t entity)
{
	uint64_t h = (entity ^ (uint64_t)action << 8 ^ (uint64_t)side) *
		     UINT64_C(0x9e3779b97f4a7c15);

	return h ^ h >> 32;
}

/* Builds the index of SET, whose RULES have their actions.  FH_ERR_NOMEM.  */
fh_err fh_policy_index_build(const struct fh_policy_set *set, struct fh_index_rule *rules,
			     struct fh_arena *a, const struct fh_policy_index **out);

#endif
