/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_POLICY_PAST_H
#define FH_CLI_POLICY_PAST_H

#include "cli/record_read.h"
#include "cli/state.h"
#include "policy/set.h"
#include "state/moment.h"

/* A record read from its beginning, so that each entry is met together with what was in force
 * when it was written: the chain as the record holds it, the lease, what was used of budgets.
 * Statements are taken as core took them, signatures included; of the record itself nothing is
 * verified.  */

struct fh_past {
	struct fh_state state;       /* its chain: that of the entry that is being met */
	struct fh_opened *opened;    /* what was opened of sealed entries, or NULL; the caller's */
	struct fh_hash device;       /* whose record it is */
	struct fh_lease_taken lease; /* the last that was taken */
	struct fh_fold fold;
	bool fold_known;             /* every entry so far could be read */
	uint64_t lost;               /* if not, the first that could not */
	bool lost_pruned;            /* which was pruned: nothing opens it any more */
	bool pruned;                 /* so was the entry that is being met */
	struct fh_policy_set policy; /* the policy in force, compiled, if policy_ready */
	bool policy_ready;
	struct fh_time before;       /* when the entry before was written */
	uint64_t next;               /* the entry that comes next */

	/* Private.  */
	struct fh_hash compiled;     /* hash of the statement that policy is of */
	struct fh_arena policy_memory, fold_memory;
};

void fh_past_drop(struct fh_past *p);

/* What is done with each entry, before what it does is taken over: others than FH_ERR_OK
 * stop; FH_ERR_CLOSED means: enough.  FIELDS is NULL if they cannot be read.  */
struct fh_past_visitor {
	fh_err (*entry)(void *context, struct fh_past *p, const struct fh_leaf *l,
			const struct fh_fields *fields);
	void *context;
};

/* Takes memory.  *OUT is to be dropped in any case.  */
fh_err fh_past_begin(struct fh_past *out);
/* Reads S, showing how far it is if it takes long.  FH_ERR_MISSING: no record.  */
fh_err fh_past_read(struct fh_past *p, const struct fh_segments *s,
		    const struct fh_past_visitor *v, struct fh_trace *t);

/* The moment of an entry written at NOW.  */
struct fh_moment fh_past_moment(struct fh_past *p, struct fh_time now);

#endif
