/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_ENTITIES_H
#define FH_POLICY_ENTITIES_H

#include "base/arena.h"
#include "policy/value.h"

/* Entities with their attributes, tags and ancestors.  */

/* So many ancestors are looked through faster than searched.  */
constexpr uint32_t FH_ANCESTORS_FEW = 8;

struct fh_entity {
	struct fh_entity_key key;
	struct fh_value attributes; /* RECORD */
	struct fh_value tags;       /* RECORD */
	const struct fh_entity_key *const *ancestors; /* all but itself, each once; by hash
							 ascending if more than few */
	const struct fh_entity_key *const *parents;   /* the direct ones */
	uint32_t ancestors_n;
	uint32_t parents_n;
};

/* Where an evaluation asks for entities.  */
struct fh_entity_source {
	/* The entity E in *OUT, or NULL if there is none.  It must live as long as the
	 * evaluation; memory may be taken from A.  */
	fh_err (*find)(const void *context, const struct fh_entity_key *e, struct fh_arena *a,
		       const struct fh_entity **out);
	const void *context; /* handed to find() */
};

/* E is UP, or has it among its ancestors.  */
bool fh_entity_in(const struct fh_entity *e, const struct fh_entity_key *up);

/* E has UP among its ancestors.  */
bool fh_entity_has_ancestor(const struct fh_entity *e, const struct fh_entity_key *up);

/* A and B are the same: uid, attributes, tags and direct parents.  */
bool fh_entity_is_like(const struct fh_entity *a, const struct fh_entity *b);

/* Puts the N keys in the order that fh_entity.ancestors has, and each in once; how
 * many there are then.  */
uint32_t fh_entity_keys_sort(const struct fh_entity_key **keys, uint32_t n);

/* A fixed number of entities.  */
struct fh_entities {
	struct fh_entity *list;
	uint32_t n;
	uint32_t *slot; /* hash table of places plus one; 0 is free */
	uint32_t mask;  /* number of slots, a power of two, minus one */
};

/* The entity E of S, or NULL.  */
const struct fh_entity *fh_entities_find(const struct fh_entities *s,
					 const struct fh_entity_key *e);

/* Room for ROOM entities in the empty *S.  FH_ERR_NOMEM.  */
fh_err fh_entities_room(struct fh_entities *s, uint32_t room, struct fh_arena *a);

/* Adds E, whose ancestors are not set yet; there must be room.  An entity that is
 * held already in the same form is passed over; FH_ERR_CONFLICT if in another.  */
fh_err fh_entities_add(struct fh_entities *s, const struct fh_entity *e);

/* Computes the ancestors of all entities.  FH_ERR_CONFLICT if one is in itself, and
 * *WHICH tells which; FH_ERR_LIMIT above FH_CLOSURE_MAX, FH_ERR_NOMEM.  */
fh_err fh_entities_close(struct fh_entities *s, struct fh_arena *a, uint32_t *which);

/* A source over S, which must outlive it.  */
struct fh_entity_source fh_entities_source(const struct fh_entities *s);

#endif
