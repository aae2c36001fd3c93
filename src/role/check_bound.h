/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_CHECK_BOUND_H
#define FH_ROLE_CHECK_BOUND_H

#include "base/limits.h"
#include "crypto/hash.h"

/* How much work core does to check the arguments of one caller.  A check may take
 * FH_SCHEMA_STEPS_MAX, which is a fifth of a second in which core does nothing else; so a
 * caller whose checks took as much has to wait until the time has paid for it.  All zero:
 * nobody has asked for anything.  */

constexpr size_t FH_CHECK_CALLERS_MAX = FH_SESSIONS_MAX; /* remembered at one time */
constexpr uint64_t FH_CHECK_STEPS_PER_MS = 2000; /* of one caller: 0.02 of core's time */

struct fh_check_bound {
	struct {
		struct fh_hash who;
		uint64_t steps;  /* taken and not paid for at AT_MS */
		uint64_t at_ms;  /* boot clock */
	} caller[FH_CHECK_CALLERS_MAX];
};

/* WHO may have arguments checked at NOW_MS: he owes less than the steps of one check, so
 * he never owes more than those of two.  */
bool fh_check_allowed(const struct fh_check_bound *b, struct fh_span who, uint64_t now_ms);

/* A check for WHO has taken STEPS.  The caller who owes least is forgotten for a new one.  */
void fh_check_taken(struct fh_check_bound *b, struct fh_span who, uint64_t steps,
		    uint64_t now_ms);

#endif
