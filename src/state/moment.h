/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_STATE_MOMENT_H
#define FH_STATE_MOMENT_H

#include "policy/decision.h"
#include "state/fold.h"
#include "state/lease.h"

/* What a decision depends on beside policies and request, at one moment of one device: what
 * the chain says then, the last lease, what is used of budgets, the time.  Core decides by
 * it, and whoever asks afterwards why a decision was as it was puts the same together from
 * the record.  */
struct fh_moment {
	const struct fh_chain *chain;
	struct fh_hash device;              /* its id */
	const struct fh_lease_taken *lease; /* the last that was taken */
	struct fh_fold *fold;
	struct fh_time now;
};

/* What stands against any decision at all, or FH_REASON_PERMITTED.  */
enum fh_reason fh_moment_obstacle(const struct fh_moment *m);

/* The lease in force is live; false without a policy.  */
bool fh_moment_leased(const struct fh_moment *m);

/* Those of a request with SENT bytes of arguments.  They refer to M, which must not change
 * before the decision is made.  */
struct fh_circumstances fh_moment_circumstances(struct fh_moment *m, size_t sent);

#endif
