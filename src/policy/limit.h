/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_LIMIT_H
#define FH_POLICY_LIMIT_H

#include "base/limits.h"
#include "base/trace.h"
#include "crypto/hash.h"
#include "policy/ast.h"
#include "policy/entity.h"

/* What a signed policy says in annotations, because Cedar has no words for it:
 * how often, for how long, and what survives without the operator's lease.  They
 * stand on permits only and narrow them only.  docs/spec/POLICY, "Limits".  */

/* What is counted.  Part of the format: append.  */
enum fh_unit {
	FH_UNIT_CALLS = 0, /* permitted requests */
	FH_UNIT_BYTES,     /* of arguments and result */
	FH_UNIT_TOKENS,    /* that the tool server says it used */
	FH_UNITS,
};

/* For whom it is counted apart.  Part of the format: append.  */
enum fh_limit_per {
	FH_PER_ALL = 0,
	FH_PER_PRINCIPAL,
	FH_PER_RESOURCE,
	FH_PER_ACTION,
};

/* One part of a @quota: at most COUNT in any time of PERIOD_MS.  */
struct fh_limit {
	uint64_t count;
	uint64_t period_ms;
	enum fh_unit unit;
	enum fh_limit_per per;
	uint8_t name[6];        /* what its budgets have in common; fh_limit_name() */
};

/* The annotations of one permit; all zero for a policy without any.  */
struct fh_limits {
	struct fh_span budget;  /* whose use it is: @budget's name, or the policy's id */
	bool shared;            /* the first of the two */
	bool fallback;          /* permits without a live lease, too */
	uint64_t retain_ms;     /* entries are kept no longer; 0: as is usual */
	const struct fh_limit *limit;
	size_t n;               /* at most FH_LIMITS_MAX */
};

/* What a request takes from one budget.  */
struct fh_charge {
	struct fh_hash budget;  /* fh_budget_hash() */
	bool renamed;           /* its use may be remembered as `older`, too: */
	struct fh_hash older;   /* fh_budget_hash_older() */
	uint64_t period_ms;
	uint64_t count;         /* at most so many in that time; not part of what is recorded */
	uint64_t amount;        /* what is taken, in UNIT */
	enum fh_unit unit;
};

/* What a budget has for a charge.  Only the second of them permits.  */
enum fh_funds {
	FH_FUNDS_USED_UP = 0,
	FH_FUNDS_SUFFICE,
	FH_FUNDS_NO_ROOM,  /* it would suffice, but what is taken could not be remembered */
};

/* Reads the annotations of P beside @id into *OUT, whose memory is of A.  A word on
 * a forbid, a text that is not understood and a @quota whose use could not be
 * remembered are refused: FH_ERR_CONFLICT, FH_ERR_FORMAT, FH_ERR_LIMIT; FH_ERR_UNSUPPORTED
 * for an annotation that nothing evaluates.  T (may be NULL) says what and where.  */
fh_err fh_limits_read(const struct fh_policy *p, struct fh_arena *a, struct fh_limits *out,
		      struct fh_trace *t);

/* Each unit as a @quota has it: "calls", "bytes", "tokens".  */
const char *fh_unit_text(enum fh_unit u);

/* All of the N permits that share a budget say the same @quota; FH_ERR_CONFLICT.
 * Working memory is of A.  */
fh_err fh_limits_agree(const struct fh_policy *policies, const struct fh_limits *limits, size_t n,
		       struct fh_arena *a, struct fh_trace *t);

/* The name under which the use of L's limit X by WHOM is remembered: another amount in a
 * later policy goes on counting, another period or unit begins anew.  WHOM is ignored
 * where nobody is counted apart.  It begins with 00 00 00 02 and X's name, so that it can be
 * seen how many budgets one limit has (docs/spec/LEAF, "Effect").  */
struct fh_hash fh_budget_hash(const struct fh_limits *l, const struct fh_limit *x,
			      struct fh_entity_uid whom);

/* The same as it was called before state directories of format 3, when that could not be seen;
 * whether ID is such a name; whether two budgets are of one limit.  */
struct fh_hash fh_budget_hash_older(const struct fh_limits *l, const struct fh_limit *x,
				    struct fh_entity_uid whom);
bool fh_budget_is_older(const struct fh_hash *id);
bool fh_budget_same_limit(const struct fh_hash *a, const struct fh_hash *b);

/* Fills in X's name, X being a limit of L, whose budget is known.  */
void fh_limit_name(const struct fh_limits *l, struct fh_limit *x);

#endif
