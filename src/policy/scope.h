/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_SCOPE_H
#define FH_POLICY_SCOPE_H

#include "policy/entity.h"
#include "policy/lexer.h"

/* One Cedar policy: its effect, its annotations and its scope.  */

/* What the scope says about one of principal, action and resource.  */
enum fh_scope_kind {
	FH_SCOPE_ANY = 0, /* nothing: matches everything */
	FH_SCOPE_EQUAL,   /* == E */
	FH_SCOPE_IN,      /* in E, or action in [E, ...] */
	FH_SCOPE_IS,      /* is T */
	FH_SCOPE_IS_IN,   /* is T in E */
};

struct fh_scope {
	enum fh_scope_kind kind;
	struct fh_span type;                  /* T, of IS and IS_IN */
	const struct fh_entity_uid *entities; /* E: one, or for an action's list any number */
	const struct fh_position *where;      /* where each of them stands */
	size_t entities_n;
	struct fh_position at;                /* of the word principal, action or resource */
	struct fh_position type_at;           /* of T */
};

struct fh_policy {
	struct fh_span id;     /* @id, or "policyN" with its place from 0 */
	bool forbids;          /* forbid, not permit */
	struct fh_scope principal;
	struct fh_scope action;
	struct fh_scope resource;
	struct fh_position at; /* of permit or forbid */
};

/* Reads one policy, the POSITIONth from 0, from LEX.  Refused with the errors
 * and the trace of fh_policy_check().  */
fh_err fh_policy_parse(struct fh_lexer *lex, size_t position, struct fh_arena *a,
		       struct fh_policy *out);

#endif
