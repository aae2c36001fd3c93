/* SPDX-License-Identifier: Apache-2.0 */
#include "state/lease.h"

struct fh_lease_taken fh_lease_take(const struct fh_lease *l)
{
	return (struct fh_lease_taken){
		.counter = l->counter,
		.issued_ms = l->issued_ms,
		.begins_ms = l->begins_ms,
		.ends_ms = fh_lease_end(l->begins_ms, l->duration_ms),
	};
}

/* The policy's own begins whenever it is taken: only its end is of interest.  */
static struct fh_lease_term own_term(const struct fh_policy_held *p, uint64_t issued_ms)
{
	return (struct fh_lease_term){
		.own = true,
		.ends_ms = p->body.lease_ms == 0 ? p->body.expires_ms
						 : fh_lease_end(issued_ms, p->body.lease_ms),
	};
}

struct fh_lease_term fh_lease_term(const struct fh_chain *c, const struct fh_policy_held *p,
				   const struct fh_lease_taken *last)
{
	uint64_t issued_ms = fh_chain_issued_at(c, p->sequence);
	struct fh_lease_term x = own_term(p, issued_ms);

	if (last->counter > 0 && last->issued_ms >= issued_ms)
		x = (struct fh_lease_term){ .begins_ms = last->begins_ms,
					    .ends_ms = last->ends_ms };
	if (x.ends_ms > p->body.expires_ms)
		x.ends_ms = p->body.expires_ms;
	return x;
}
