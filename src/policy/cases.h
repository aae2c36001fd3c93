/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_CASES_H
#define FH_POLICY_CASES_H

#include "base/limits.h"
#include "policy/value_json.h"

/* Files of requests with the decisions that are expected of them, as `policy test` runs them.
 * docs/spec/POLICY, "Tests".  */

constexpr size_t FH_CASES_TEXT_MAX = 4 << 20;       /* bytes of a file */
constexpr uint32_t FH_CASES_MAX = 10000;            /* tests in it */
constexpr uint64_t FH_CASE_BEFORE_MAX = 1000000;    /* requests before the one that is tested */
constexpr int FH_CASES_DEPTH_MAX = 64;              /* of arguments */

/* One test.  What it does not say is zero.  */
struct fh_case {
	struct fh_json_place at;    /* where it begins */
	struct fh_span name;
	struct fh_span actor;
	struct fh_span teams[FH_POLICY_PARENTS_MAX];
	size_t teams_n;
	struct fh_span server, tool; /* a call; a function has no server; or else: */
	struct fh_span arguments;    /* of it, JSON; empty: none */
	struct fh_entity_uid action, resource;
	const struct fh_json *context; /* of an action that is no call; or NULL */
	bool unleased;               /* the lease is not live */
	uint64_t before;             /* how often the same was asked before ... */
	uint64_t later_ms;           /* ... and how long before */
	struct fh_span expect;       /* "permitted", "refused", or a reason's code */
	const struct fh_json *policies; /* array of texts: those that must determine it; or NULL */
};

struct fh_cases {
	const struct fh_case *list;
	uint32_t n;                  /* at least 1 */
};

/* Reads TEXT, called NAME in the trace.  *OUT looks into A and into TEXT.  What is not known,
 * missing or contradictory is refused: FH_ERR_FORMAT, FH_ERR_CONFLICT, FH_ERR_LIMIT,
 * FH_ERR_NOMEM; *T (may be NULL) names "NAME:LINE:COLUMN".  */
fh_err fh_cases_read(struct fh_span text, const char *name, struct fh_arena *a,
		     struct fh_cases *out, struct fh_trace *t);

/* Arena that is enough for every file.  */
constexpr size_t FH_CASES_ARENA = 256 << 20;

#endif
