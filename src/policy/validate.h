/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_VALIDATE_H
#define FH_POLICY_VALIDATE_H

#include "policy/ast.h"
#include "policy/problem.h"
#include "policy/schema.h"

/* Cedar's validator: under a schema, can a policy's evaluation err?  What it accepts can
 * only overflow, or read what an entity that does not exist would have.  */

struct fh_validation {
	const struct fh_schema *schema;
	struct fh_arena *arena;  /* gets back all but *ACTIONS */
	const struct fh_lexer *lex; /* its name and trace are what refusals go to */
	bool permissive;         /* types may be wider: Cedar's permissive mode */
	struct fh_problems *problems; /* get all that is wrong; NULL: the first ends it */
	uint64_t steps;          /* taken so far, for all policies: FH_VALIDATION_STEPS_MAX */
};

/* Begins one in *V; what it points to must outlive it.  */
static inline void fh_validation_begin(struct fh_validation *v, const struct fh_schema *schema,
				       struct fh_arena *a, const struct fh_lexer *lex)
{
	*v = (struct fh_validation){ .schema = schema, .arena = a, .lex = lex };
}

/* Checks that P (which may be a template) names only what the schema declares, conditions
 * included, that its scope lets some request through, and that its conditions have the
 * type Bool in every request that gets so far.  *ACTIONS gets the indices of the actions
 * P's scope names, from V's arena.  *IDLE: no request can satisfy it, though it is valid.
 *
 * With V->problems all of them are noted, and what is returned is that there are any.
 *
 * FH_ERR_UNKNOWN (a name, an attribute or a tag that is not declared), FH_ERR_CONFLICT (can never
 * apply, or a type that does not fit), FH_ERR_FORMAT (a path or a text of an extension type),
 * FH_ERR_LIMIT (steps, capabilities), FH_ERR_NOMEM; the trace says which.  */
fh_err fh_policy_validate(struct fh_validation *v, const struct fh_policy *p,
			  const uint32_t **actions, bool *idle);

/* E, of which the trace says why, as fh_problems_note() has it.  */
static inline fh_err fh_validation_note(const struct fh_validation *v, fh_err e)
{
	return fh_problems_note(v->problems, e, v->lex->trace);
}

/* What validate_names.c does of it: every entity, entity type and action that P names
 * is declared.  */
fh_err fh_policy_check_names(const struct fh_validation *v, const struct fh_policy *p,
			     uint32_t *actions);

/* And validate_scope.c: how actions, principals and resources pass P's scope.  NAMED
 * are its actions.  */
bool fh_scope_passes_action(const struct fh_schema *s, const struct fh_policy *p,
			    const uint32_t *named, uint32_t action);
bool fh_scope_passes_type(const struct fh_schema *s, const struct fh_scope *side, uint32_t type);

/* Refuses a P that no action lets through.  */
fh_err fh_policy_check_possible(const struct fh_validation *v, const struct fh_policy *p,
				const uint32_t *named);

#endif
