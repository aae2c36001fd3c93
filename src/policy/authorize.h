/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_AUTHORIZE_H
#define FH_POLICY_AUTHORIZE_H

#include "policy/rule.h"

/* Cedar's answer to one request, for all policies of a document: allow iff some
 * permit and no forbid is satisfied.  A policy with a fault does not apply.
 * (Freehold's own decision is stricter and made in policy/decision.h.)  */

struct fh_policy_error {
	const struct fh_policy *policy;
	struct fh_fault fault;
};

struct fh_response {
	bool allowed;
	/* The satisfied forbids, or else the satisfied permits, in the text's order.  */
	const struct fh_policy **reasons;
	size_t reasons_n;
	struct fh_policy_error *errors;
	size_t errors_n;
};

/* Asks all policies of RULES but templates, in V, which is begun; what *OUT holds comes from
 * A.  Errors as fh_expr_evaluate().  */
fh_err fh_authorize(const struct fh_rules *rules, struct fh_evaluation *v, struct fh_arena *a,
		    struct fh_response *out);

#endif
