/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_EVALUATE_H
#define FH_POLICY_EVALUATE_H

#include "base/limits.h"
#include "policy/ast.h"
#include "policy/entities.h"
#include "policy/names.h"

/* What expressions and policies are in one request: exactly Cedar.  Nothing here
 * decides; policy/authorize.h and policy/decision.h do.  */

/* What went wrong in an expression.  One row each: name, text for people.  */
#define FH_FAULT_LIST(X)                                                  \
	X(NONE, "no error")                                               \
	X(TYPE, "a value of the wrong type")                              \
	X(OVERFLOW, "an integer that does not fit into 64 bits")          \
	X(NO_ENTITY, "an entity that does not exist")                     \
	X(NO_ATTRIBUTE, "an attribute that does not exist")               \
	X(NO_TAG, "a tag that does not exist")                            \
	X(ARGUMENTS, "the wrong number of arguments")                     \
	X(EXTENSION, "a text that is no value of the extension type")

enum fh_fault_kind {
#define FH_FAULT_ROW(name, text) FH_FAULT_##name,
	FH_FAULT_LIST(FH_FAULT_ROW)
#undef FH_FAULT_ROW
	FH_FAULT_COUNT
};

/* An error in Cedar's sense: part of the answer, not a failure to give one.  */
struct fh_fault {
	enum fh_fault_kind kind;
	struct fh_position at;
};

/* The text for people of K: static, never NULL.  */
const char *fh_fault_text(enum fh_fault_kind k);

/* F of the N values X in *OUT, or a fault; FH_ERR_NOMEM.  */
fh_err fh_function_apply(enum fh_function f, const struct fh_value *x, uint32_t n,
			 struct fh_arena *a, struct fh_value *out, enum fh_fault_kind *fault);

/* One request, and what is looked up for all of its policies.  */
struct fh_evaluation {
	struct fh_value variable[4];            /* by enum fh_variable */
	struct fh_entity_key key[3];            /* of principal, action and resource */
	const struct fh_entity *entity[3];      /* the same; NULL: there is none */
	uint32_t self[3];                       /* their numbers, and those of what each is or */
	struct fh_numbers in[3];                /* is in, once fh_evaluation_number() was asked */
	const struct fh_entity_source *source;
	struct fh_arena *arena;                 /* all memory comes from there */
	struct fh_fault fault;                  /* the first */
	fh_err e;                               /* FH_ERR_OK, or why nothing can be said */
};

/* Begins one in *V, which refers to itself and must not move.  CONTEXT is a
 * record.  SOURCE and A must outlive it.  Errors are the source's.  */
fh_err fh_evaluation_begin(struct fh_evaluation *v, struct fh_entity_uid principal,
			   struct fh_entity_uid action, struct fh_entity_uid resource,
			   struct fh_value context, const struct fh_entity_source *source,
			   struct fh_arena *a);

/* The same where ACTION is known as an entity, which the source is not asked for.  */
fh_err fh_evaluation_begin_as(struct fh_evaluation *v, struct fh_entity_uid principal,
			      const struct fh_entity *action, struct fh_entity_uid resource,
			      struct fh_value context, const struct fh_entity_source *source,
			      struct fh_arena *a);

/* Looks up the number of variable I (not the context), and of all it is in.  FH_ERR_NOMEM.  */
fh_err fh_evaluation_number(struct fh_evaluation *v, const struct fh_names *names,
			    enum fh_variable i);

/* The value of E in *OUT, or a fault.  An error is FH_ERR_NOMEM or what the source
 * returned: then nothing is known.  */
fh_err fh_expr_evaluate(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out,
			struct fh_fault *fault);

#endif
