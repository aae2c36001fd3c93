/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_POLICIES_H
#define FH_POLICY_POLICIES_H

#include "policy/ast.h"
#include "policy/problem.h"

/* Whole documents of Cedar policies.  */

/* Parses TEXT, called NAME in the trace, of at most MAX bytes.  *OUT looks into A
 * only.  Ids are "policy0", "policy1", ...  FH_ERR_FORMAT (syntax), FH_ERR_CONFLICT
 * (two annotations of one name), FH_ERR_LIMIT, FH_ERR_NOMEM; *T (may be NULL) names
 * "NAME:LINE:COLUMN", says what is wrong and what to do.  */
fh_err fh_policies_parse(struct fh_span text, size_t max, const char *name, struct fh_arena *a,
			 struct fh_policies *out, struct fh_trace *t);

/* The same, but goes on behind the next `;` after what is wrong, which PROBLEMS gets; *OUT
 * has the policies that are right.  An error is about the whole text.  */
fh_err fh_policies_parse_all(struct fh_span text, size_t max, const char *name,
			     struct fh_arena *a, struct fh_policies *out,
			     struct fh_problems *problems, struct fh_trace *t);

/* Parses TEXT as one expression; otherwise as fh_policies_parse().  */
fh_err fh_expr_parse(struct fh_span text, struct fh_arena *a, const struct fh_expr **out,
		     struct fh_trace *t);

/* Type::"id" in TEXT, as fh_entity_put() writes it; *OUT looks into A.  FH_ERR_FORMAT for anything
 * else, FH_ERR_NOMEM.  */
fh_err fh_entity_parse(struct fh_span text, struct fh_arena *a, struct fh_entity_uid *out);

/* The policy ID that TEMPLATE becomes with PRINCIPAL and RESOURCE in its slots.
 * NULL for a slot that it does not have; FH_ERR_FORMAT if that does not match its
 * slots, FH_ERR_NOMEM.  */
fh_err fh_policy_link(const struct fh_policy *template, struct fh_span id,
		      const struct fh_entity_uid *principal,
		      const struct fh_entity_uid *resource, struct fh_arena *a,
		      struct fh_policy *out);

#endif
