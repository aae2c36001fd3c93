/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_POLICY_SUPPOSED_H
#define FH_CLI_POLICY_SUPPOSED_H

#include "cli/policy_request.h"

/* What would have been decided of a record's requests if another policy had been in force from
 * its beginning to its end.  Its budgets are counted anew: what it permits is charged, and what
 * the record says about outcomes is given back.  A request that only it permits has no outcome;
 * it counts as one call, and as many bytes as it may take at most.  The lease is live where it
 * was live, and where no policy was in force.  */

struct fh_supposed_call; /* one that waits for its outcome */

struct fh_supposed {
	const struct fh_policy_set *set;
	struct fh_fold fold;
	bool fold_known;   /* no entry so far that might be charged could not be replayed */
	bool limited;      /* SET has budgets at all */
	struct fh_supposed_call *call;
};

constexpr size_t FH_SUPPOSED_ARENA = FH_FOLD_ARENA + (8 << 20);

/* Begins with SET, which must outlive it.  FH_ERR_NOMEM.  */
fh_err fh_supposed_begin(const struct fh_policy_set *set, struct fh_arena *a,
			 struct fh_supposed *out);

/* What became of a request under the other policy.  */
struct fh_supposition {
	const char *unknown;         /* why it cannot be said; or NULL, and then: */
	const char *refusal;         /* refused before any policy, with this code; or NULL, and */
	struct fh_decision decision; /* decided */
};

/* What becomes of R, which is charged if it is permitted.  P is as it was then.  Memory is of
 * P's scratch.  FH_ERR_NOMEM.  */
fh_err fh_supposed_decide(struct fh_supposed *s, struct fh_past *p,
			  const struct fh_past_request *r, struct fh_supposition *out);

/* Gives back what the outcome with fields F says was not used.  */
void fh_supposed_outcome(struct fh_supposed *s, const struct fh_fields *f);

/* The other schema maps the call TOOL on SERVER, to the same action and resource as that of P
 * did, or to another; or does not map it.  */
enum fh_mapping_change { FH_MAPPED_NOT = 0, FH_MAPPED_SAME, FH_MAPPED_OTHERWISE };
enum fh_mapping_change fh_supposed_maps(const struct fh_supposed *s, const struct fh_past *p,
				struct fh_span server, struct fh_span tool);

#endif
