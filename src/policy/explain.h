/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_EXPLAIN_H
#define FH_POLICY_EXPLAIN_H

#include "policy/decision.h"
#include "policy/evaluate.h"

/* Why a decision was as it was, for people: what each policy of a set makes of a request,
 * and what stands between it and a permit.  Nothing here decides; policy/decision.h has
 * decided, and this must not contradict it.  docs/spec/POLICY, "Decision".  */

/* What becomes of one policy, from the closest to having its effect.  */
enum fh_effectuality {
	FH_EFFECTIVE = 0,   /* a forbid that is satisfied, or a permit that counts */
	FH_ROOMLESS,        /* a permit that is satisfied, but a budget could not be remembered */
	FH_UNFUNDED,        /* a permit that is satisfied, but a budget does not suffice */
	FH_UNLEASED,        /* ... but the lease is not live */
	FH_ERRED,           /* its scope matches and a condition cannot be evaluated */
	FH_UNSATISFIED,     /* a clause or a condition does not hold */
};
/* "effective", "too-many-budgets", "no-quota", "no-lease", "erred", "unsatisfied".  */
const char *fh_effectuality_code(enum fh_effectuality e);

/* One policy in one request.  */
struct fh_explained {
	uint32_t policy;             /* its place in the set */
	enum fh_effectuality what;
	bool matches[3];             /* clause of principal, action and resource */
	uint32_t misses;             /* clauses and conditions that do not hold */
	/* The first condition that does not hold or errs, by its place; or none (nullptr).  */
	const struct fh_condition *condition;
	const struct fh_expr *part;  /* of it: the smallest part that makes it so */
	struct fh_fault fault;       /* FH_FAULT_NONE: it does not hold */
	/* UNFUNDED or ROOMLESS: the first that makes it so, */
	const struct fh_limit *limit;
	struct fh_charge charge;     /* and what it would be charged */
};

/* What policy I of SET makes of R in the circumstances NOW, in *OUT.  R is a request that
 * SET's schema knows.  Working memory is of SCRATCH and given back.  FH_ERR_UNKNOWN
 * if the schema does not know the action, FH_ERR_NOMEM, or what the source of entities
 * returned: then nothing is known.  */
fh_err fh_policy_explain(const struct fh_policy_set *set, uint32_t i, const struct fh_request *r,
			 const struct fh_circumstances *now, struct fh_arena *scratch,
			 struct fh_explained *out);

/* A lacks less than B to have its effect: fewer clauses and conditions, and of as many rather
 * conditions.  The action counts most: a permit for another is of no use to who asks.  */
bool fh_explained_nearer(const struct fh_explained *a, const struct fh_explained *b);

/* The policy's text in TEXT, from its first annotation to its semicolon: whole lines, the
 * first of which is number *LINE.  Working memory is of SCRATCH and given back.
 * FH_ERR_FORMAT if TEXT is another, FH_ERR_NOMEM.  */
fh_err fh_policy_text(const struct fh_policy *p, struct fh_span text, struct fh_arena *scratch,
		      struct fh_span *out, uint32_t *line);

#endif
