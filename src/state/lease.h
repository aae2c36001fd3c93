/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_STATE_LEASE_H
#define FH_STATE_LEASE_H

#include "base/time.h"
#include "chain/lease.h"

/* Until when the operator lets a device go on.  Every policy says how long it permits
 * without another word of his; a lease, signed later, takes the place of that.  */

/* What is remembered of the leases that were taken: the last.  All zero: none.  */
struct fh_lease_taken {
	uint64_t counter;
	uint64_t issued_ms;
	uint64_t begins_ms, ends_ms;
};

/* That L is taken; it has been judged.  */
struct fh_lease_taken fh_lease_take(const struct fh_lease *l);

/* What is in force.  */
struct fh_lease_term {
	bool own;            /* the policy's own, not of a lease */
	uint64_t begins_ms;  /* compare with lo */
	uint64_t ends_ms;    /* compare with hi; at the latest when the policy expires */
};

/* Of C's policy P and the last lease LAST the one that the operator signed later.  A policy
 * without a lease (of before there were any) has one that ends when it expires.  */
struct fh_lease_term fh_lease_term(const struct fh_chain *c, const struct fh_policy_held *p,
				   const struct fh_lease_taken *last);

static inline bool fh_lease_live(const struct fh_lease_term *x, struct fh_time now)
{
	return fh_time_begun(now, x->begins_ms) && !fh_time_ended(now, x->ends_ms);
}

#endif
