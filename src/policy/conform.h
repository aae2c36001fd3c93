/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_CONFORM_H
#define FH_POLICY_CONFORM_H

#include "policy/entities.h"
#include "policy/schema.h"
#include "policy/value_json.h"

/* Entities, contexts and requests as a schema declares them.  Since the schema says of
 * what type a value is, JSON may be shorter: an entity as {"type": T, "id": I}, a value
 * of an extension type as the text its constructor takes, or as {"fn": F, "arg": A}.  */

/* The JSON value J as one of type X of S.  Refused: what has another type, lacks what it must
 * have, or has what is not declared (FH_ERR_CONFLICT); and as fh_value_read().  */
fh_err fh_value_read_as(const struct fh_json_document *d, const struct fh_schema *s,
			const struct fh_json *j, const struct fh_type *x, struct fh_value *out);

/* E, read from J, is declared: its type is, its type has such ids, and can be in the
 * types of its parents.  FH_ERR_UNKNOWN, FH_ERR_CONFLICT.  */
fh_err fh_entity_check(const struct fh_json_document *d, const struct fh_schema *s,
		       const struct fh_json *j, const struct fh_entity *e);

/* The actions of S that are not in ALL are added to it; there must be room.
 * FH_ERR_NOMEM.  */
fh_err fh_entities_add_actions(struct fh_entities *all, const struct fh_schema *s,
			       struct fh_arena *a);

/* The action E, whose ancestors are computed, is in what S says.  */
bool fh_action_conforms(const struct fh_schema *s, const struct fh_entity *e);

/* S declares the action, and that it applies to such a principal and resource; *OUT is
 * the action's index.  FH_ERR_UNKNOWN, FH_ERR_CONFLICT; *T (may be NULL) names "request".  */
fh_err fh_request_check(const struct fh_schema *s, struct fh_entity_uid principal,
			struct fh_entity_uid action, struct fh_entity_uid resource,
			uint32_t *out, struct fh_trace *t);

#endif
