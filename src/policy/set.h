/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_SET_H
#define FH_POLICY_SET_H

#include "policy/ast.h"
#include "policy/entities.h"
#include "policy/limit.h"
#include "policy/problem.h"
#include "policy/rule.h"
#include "policy/schema.h"

/* A policy document, checked against its schema and indexed so that a decision
 * looks only at policies that name what the request names.  */

struct fh_policy_index; /* policy/index.h */

struct fh_policy_set {
	struct fh_schema schema;
	const struct fh_policy *policies;    /* in the order of the text */
	size_t policies_n;
	const struct fh_limits *limits;      /* one for each policy */
	struct fh_rules rules;               /* the same policies, as they are evaluated */
	const struct fh_policy_index *index; /* where they are found */
	struct fh_entities entities;         /* that the document lists, and the actions */
};

/* Parses, checks and compiles a policy document: the policies CEDAR under the
 * schema SCHEMA.  Signing and loading both call this, so nothing can be signed
 * that is not understood in the same way later.  *OUT looks into A only.
 *
 * FH_ERR_FORMAT (syntax), FH_ERR_UNSUPPORTED (templates, and annotations that
 * are not evaluated yet),
 * FH_ERR_UNKNOWN (a name the schema does not declare), FH_ERR_CONFLICT (declared
 * twice, or can never apply), FH_ERR_LIMIT, FH_ERR_NOMEM; *T (may be NULL) names
 * "policy:LINE:COLUMN" or "schema:LINE:COLUMN", says why and what to do.  */
fh_err fh_policy_check(struct fh_span cedar, struct fh_span schema, struct fh_arena *a,
		       struct fh_policy_set *out, struct fh_trace *t);

/* The same with ENTITIES, a text in Cedar's JSON (policy/entities_json.h), or empty.  They
 * are of types that the schema declares, none of them a path: those are in what their text
 * says.  The trace then names "entities:LINE:COLUMN".  *OUT looks into that text, too.  */
fh_err fh_policy_check_all(struct fh_span cedar, struct fh_span schema, struct fh_span entities,
			   struct fh_arena *a, struct fh_policy_set *out, struct fh_trace *t);

/* The same, but goes on after what is wrong, and PROBLEMS, whose memory is of A, gets all
 * that is; the error is that of its first.  */
fh_err fh_policy_check_problems(struct fh_span cedar, struct fh_span schema,
				struct fh_span entities, struct fh_arena *a,
				struct fh_policy_set *out, struct fh_problems *problems);

/* Arena that is enough for every document within the limits.  */
constexpr size_t FH_POLICY_ARENA = 64 << 20;

#endif
