/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_MAPPING_H
#define FH_POLICY_MAPPING_H

#include "policy/schema.h"

/* From a tool call on the wire to a typed action and resource, as the schema's
 * @mcp and @resource say.  */

struct fh_wire_action {
	struct fh_entity_uid uid;        /* the action */
	enum fh_resource_kind kind;      /* how its resource is found */
	struct fh_span pointer;          /* JSON Pointer into the arguments */
	struct fh_span resource_type;    /* the type of its resource */
};

/* The action that the call SERVER/TOOL stands for; the spans look into S.
 * FH_ERR_UNKNOWN if the schema does not map the call.  */
fh_err fh_wire_action(const struct fh_schema *s, struct fh_span server, struct fh_span tool,
		      struct fh_wire_action *out);

/* The resource of action W called on SERVER with ARGUMENTS, one CBOR item that
 * has been checked (or an empty span: no arguments).  Without @resource it is
 * Server::"SERVER".  The id is copied into A.  What is missing, no text or not
 * canonical is refused by name, never repaired: FH_ERR_FORMAT, FH_ERR_LIMIT.  */
fh_err fh_wire_resource(const struct fh_wire_action *w, struct fh_span server,
			struct fh_span arguments, struct fh_arena *a,
			struct fh_entity_uid *out, struct fh_trace *t);

#endif
