/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_RULE_H
#define FH_POLICY_RULE_H

#include "policy/evaluate.h"

/* Policies as evaluations use them: made once, so that asking them takes little work and
 * no memory but what a condition's own sets and records need.  */

/* What the scope says about one of principal, action and resource.  */
struct fh_rule_scope {
	enum fh_scope_kind kind;
	uint32_t n;              /* entities of EQUAL, IN and IS_IN: any of them will do */
	const uint32_t *numbers; /* of these */
	struct fh_span type;     /* of IS and IS_IN */
};

struct fh_rule {
	struct fh_rule_scope scope[3];         /* by enum fh_variable */
	const struct fh_condition *conditions; /* all must hold, in this order */
	size_t conditions_n;
	const struct fh_policy *policy;        /* what it was made of */
};

struct fh_rules {
	const struct fh_rule *list; /* one for each policy, in their order */
	size_t n;
	struct fh_names names;      /* what their numbers mean */
};

/* Makes the rules of P, which they look into as long as they live.  A template has one that
 * must not be asked.  FH_ERR_NOMEM.  */
fh_err fh_rules_compile(const struct fh_policies *p, struct fh_arena *a, struct fh_rules *out);

/* The request is one that the scope of R lets through.  */
bool fh_rule_matches(const struct fh_evaluation *v, const struct fh_rule *r);

/* Whether the conditions of R, whose scope matches, are satisfied, or a fault (then they are
 * not).  Memory is given back.  Errors as fh_expr_evaluate().  */
fh_err fh_rule_evaluate(struct fh_evaluation *v, const struct fh_rule *r, bool *satisfied,
			struct fh_fault *fault);

#endif
