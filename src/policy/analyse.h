/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_ANALYSE_H
#define FH_POLICY_ANALYSE_H

#include "policy/analyse_example.h"
#include "policy/decision.h"

/* What a policy document could ever allow, and how two of them differ: for all requests,
 * not for some.  Every answer is a proof or an example that fh_policy_decide() confirms;
 * what is neither is "unknown", and says so.
 *
 * Asked for each environment: an action, a principal's type and a resource's.  Assumed of
 * requests and entities: that they are as the schema declares them, that nothing is in
 * itself, and that whoever is in a group is in the groups that it is in.  */

/* In which circumstances something is allowed.  What a quota or the lease takes away is
 * what is not allowed in the second or the third.  */
enum fh_when {
	FH_WHEN_USUAL = 0, /* the lease is live and every budget suffices */
	FH_WHEN_UNLEASED,  /* the lease has ended */
	FH_WHEN_UNFUNDED,  /* every quota is used up */
	FH_WHEN_COUNT
};

enum fh_found {
	FH_FOUND_UNKNOWN = 0, /* neither was found */
	FH_FOUND_NONE,        /* proved: no request is like that */
	FH_FOUND_EXAMPLE,     /* confirmed: this one is */
};

/* Which one is asked about.  */
struct fh_environment {
	struct fh_entity_uid action;
	struct fh_span principal; /* the types' names */
	struct fh_span resource;
};

constexpr uint64_t FH_ANALYSIS_WORK_MAX = UINT64_C(1) << 30;    /* some fifteen seconds */
constexpr uint64_t FH_ENVIRONMENT_WORK_MAX = UINT64_C(1) << 27; /* so that one leaves some */
constexpr size_t FH_ANALYSIS_ARENA = 256 << 20; /* reserved; mostly a tenth is touched */

/* --- what is allowed -------------------------------------------------------- */

struct fh_allowance {
	struct fh_environment environment;
	struct {
		enum fh_found allowed;    /* something is */
		enum fh_found refused;    /* something is not */
		struct fh_example example;
	} in[FH_WHEN_COUNT];
	const uint32_t *permits;      /* that can apply here, by their indices */
	uint32_t permits_n;
};

/* --- what differs ------------------------------------------------------------- */

/* From one document to the next.  */
struct fh_difference {
	struct fh_environment environment;
	struct {
		enum fh_found wider;    /* something is allowed that was not */
		enum fh_found narrower; /* something was allowed that is not */
		struct fh_example added;
		struct fh_example removed;
	} in[FH_WHEN_COUNT];
	struct fh_span redeclared; /* a type that both declare, not alike; or empty */
};

/* Tells NEXT the answers for each environment of SET, in the order of the schema.  What it
 * is told lives until it returns; an error ends the analysis.  Working memory is of A.
 * FH_ERR_NOMEM, or NEXT's.  */
fh_err fh_policy_allowances(const struct fh_policy_set *set, struct fh_arena *a,
			    fh_err (*next)(void *context, const struct fh_allowance *x),
			    void *context);

/* The same for the environments of both: those of NEW first.  */
fh_err fh_policy_differences(const struct fh_policy_set *old, const struct fh_policy_set *new,
			     struct fh_arena *a,
			     fh_err (*next)(void *context, const struct fh_difference *x),
			     void *context);

/* --- limits that do not limit -------------------------------------------------- */

enum fh_idle_limit {
	FH_IDLE_QUOTA = 0, /* its @quota: another permit without one covers the permit */
	FH_IDLE_LEASE,     /* the lease: a permit that is @fallback covers it */
	FH_IDLE_BUDGETS,   /* it is counted per resource, of which callers name any number */
	FH_IDLE_FUNCTIONS, /* models call it as a function, which is only asked about */
};

/* The first two are proved for all requests.  The others are those of some action, and shown by
 * a request: a resource that no policy names is permitted, whose name comes from the call; or
 * what is permitted is a function's, too, and an answer is charged nothing.  */
struct fh_idle {
	enum fh_idle_limit what;
	uint32_t policy; /* whose limit it is */
	uint32_t by;     /* the permit that covers it; UINT32_MAX: only several together do */
};

fh_err fh_policy_idle_limits(const struct fh_policy_set *set, struct fh_arena *a,
			     fh_err (*next)(void *context, const struct fh_idle *x),
			     void *context);

#endif
