/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_MAPPING_H
#define FH_POLICY_MAPPING_H

#include "policy/decision.h"
#include "policy/value.h"

/* From a call on the wire to a typed action and resource, as the schema's @mcp, @openai and
 * @resource say.  */

struct fh_wire_action {
	struct fh_entity_uid uid;        /* the action */
	enum fh_resource_kind kind;      /* how its resource is found */
	struct fh_span pointer;          /* JSON Pointer into the arguments */
	const struct fh_schema_type *resource; /* the type of its resource */
	const struct fh_type *context;   /* what of the arguments policies may read: a RECORD */
};

/* The action that the call SERVER/TOOL stands for; the spans look into S.
 * FH_ERR_UNKNOWN if the schema does not map the call, or SERVER is empty.  */
fh_err fh_wire_action(const struct fh_schema *s, struct fh_span server, struct fh_span tool,
		      struct fh_wire_action *out);

/* The same of the call of FUNCTION that a model asks for.  There is no server then.  */
fh_err fh_wire_function(const struct fh_schema *s, struct fh_span function,
			struct fh_wire_action *out);

/* The resource of action W called on SERVER with ARGUMENTS, one CBOR item that
 * has been checked (or an empty span: no arguments).  Without @resource it is
 * Server::"SERVER".  The id is copied into A.  What is missing, no text or not
 * canonical is refused by name, never repaired: FH_ERR_FORMAT, FH_ERR_LIMIT; so is an id
 * that an enumerated type does not have.  */
fh_err fh_wire_resource(const struct fh_wire_action *w, struct fh_span server,
			struct fh_span arguments, struct fh_arena *a,
			struct fh_entity_uid *out, struct fh_trace *t);

/* The context of action W called with ARGUMENTS: of each attribute that W's context declares
 * the argument of that name, of the type that is declared (policy/value_cbor.h), an entity
 * being the text of its id.  An argument of another type, or one that is required and missing,
 * is refused by name and never passed over, so that no policy is asked about less than is sent:
 * FH_ERR_CONFLICT, FH_ERR_LIMIT for more than FH_CONTEXT_MAX bytes, FH_ERR_NOMEM.
 * *OUT looks into A, S and ARGUMENTS.  */
fh_err fh_wire_context(const struct fh_schema *s, const struct fh_wire_action *w,
		       struct fh_span arguments, struct fh_arena *a, struct fh_value *out,
		       struct fh_trace *t);

/* A call as what policies are asked about.  */
struct fh_wire_call {
	struct fh_entity_uid action, resource;
	struct fh_value context;
};

/* All of that at once, of TOOL on SERVER, or of the function TOOL if SERVER is empty.  *WHY:
 * PERMITTED, which says no more than that the call has the types of the schema, or why it has
 * not, and then *T says what is wrong and *OUT is as before.  FH_ERR_NOMEM.  */
fh_err fh_wire_call_type(const struct fh_schema *s, struct fh_span server, struct fh_span tool,
			 struct fh_span arguments, struct fh_arena *a, struct fh_wire_call *out,
			 enum fh_reason *why, struct fh_trace *t);

#endif
