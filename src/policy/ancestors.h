/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_ANCESTORS_H
#define FH_POLICY_ANCESTORS_H

#include "base/arena.h"
#include "policy/entity.h"

/* An entity and everything it is in, directly or not: what Cedar's `in` means,
 * which is reflexive and transitive.  Circles end, since each is visited once.  */

struct fh_ancestor {
	struct fh_entity_uid uid;
	uint64_t hash; /* fh_entity_hash() */
};

struct fh_ancestors {
	struct fh_ancestor *list; /* the entity itself first */
	uint32_t n;
	uint32_t room;
	uint32_t *slot;           /* hash table of places plus one, once there are many */
	uint32_t mask;
};

/* Collects them from SOURCE into A.  FH_ERR_LIMIT above FH_ENTITIES_MAX,
 * FH_ERR_NOMEM, or what SOURCE returned.  */
fh_err fh_ancestors_collect(struct fh_entity_uid e, const struct fh_parent_source *source,
			    struct fh_arena *a, struct fh_ancestors *out);

/* E, with hash HASH, is among them.  */
bool fh_ancestors_have(const struct fh_ancestors *s, struct fh_entity_uid e, uint64_t hash);

#endif
