/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_ENTITIES_JSON_H
#define FH_POLICY_ENTITIES_JSON_H

#include "base/trace.h"
#include "policy/entities.h"
#include "policy/schema.h"

/* Entities and contexts in Cedar's JSON:
 *
 *	[ { "uid": {"type": T, "id": I}, "attrs": {...}, "parents": [...], "tags": {...} } ]
 *
 * Stricter than Cedar in one thing: a member that means nothing is refused, not passed
 * over.  Parents need not be entities of the document.  Refused: two different entities
 * of one uid, an entity that is in itself (FH_ERR_CONFLICT), what is beyond
 * FH_ENTITIES_JSON_MAX, FH_ENTITIES_LIST_MAX and FH_CLOSURE_MAX (FH_ERR_LIMIT),
 * anything else that is malformed (FH_ERR_FORMAT), FH_ERR_NOMEM.  The results look into
 * A and into TEXT; *T (may be NULL) names "NAME:LINE:COLUMN".  */

fh_err fh_entities_read(struct fh_span text, const char *name, struct fh_arena *a,
			struct fh_entities *out, struct fh_trace *t);

fh_err fh_context_read(struct fh_span text, const char *name, struct fh_arena *a,
		       struct fh_value *out, struct fh_trace *t);

/* The same under a SCHEMA: shorter, as policy/conform.h says, and refused unless they
 * conform (FH_ERR_UNKNOWN, FH_ERR_CONFLICT).  Entities get the schema's actions as well; a
 * context is of TYPE.  */

fh_err fh_entities_read_as(struct fh_span text, const char *name, const struct fh_schema *schema,
			   struct fh_arena *a, struct fh_entities *out, struct fh_trace *t);

fh_err fh_context_read_as(struct fh_span text, const char *name, const struct fh_schema *schema,
			  const struct fh_type *type, struct fh_arena *a, struct fh_value *out,
			  struct fh_trace *t);

#endif
