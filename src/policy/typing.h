/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_TYPING_H
#define FH_POLICY_TYPING_H

#include "base/builder.h"
#include "policy/schema.h"

/* How types relate, as Cedar's validator has it.  All of it counts what it does, for
 * two types can share so many parts that comparing them would take for ever.  */
struct fh_typing {
	const struct fh_schema *schema;
	struct fh_arena *arena; /* types that are made go there */
	bool strict;            /* no width subtyping, no unions of entity types */
	uint64_t steps_left;
	fh_err e;               /* FH_ERR_OK, FH_ERR_LIMIT (steps) or FH_ERR_NOMEM */
};

/* Counts one step: whether it may be taken.  */
bool fh_typing_step(struct fh_typing *t);

/* Every value of A is one of B.  False after an error.  */
bool fh_type_is_within(struct fh_typing *t, const struct fh_type *a, const struct fh_type *b);

/* The least type that A and B are within, or NULL: there is none, or an error.  */
const struct fh_type *fh_type_join(struct fh_typing *t, const struct fh_type *a,
				   const struct fh_type *b);

/* No value is of both A and B.  False if that is not known.  */
bool fh_types_are_apart(const struct fh_type *a, const struct fh_type *b);

/* What is known about the attribute NAME of the entity or record type X.  */
struct fh_type_attribute {
	const struct fh_type *type; /* NULL: it is not known */
	bool required;
	bool possible;              /* some value may have it */
};

struct fh_type_attribute fh_type_attribute(struct fh_typing *t, const struct fh_type *x,
					   struct fh_span name);

/* X is a set of entities, or the empty set.  */
bool fh_type_is_entities(const struct fh_type *x);

/* Writes X as people write it in a schema.  */
void fh_type_write(const struct fh_schema *s, const struct fh_type *x, struct fh_builder *b);

#endif
