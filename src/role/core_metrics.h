/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_CORE_METRICS_H
#define FH_ROLE_CORE_METRICS_H

#include "entry/field.h"
#include "entry/leaf.h"

/* What core counts, for Prometheus: numbers of this start, never a name of anybody and
 * nothing of what entries say.  docs/spec/TILES, "Metrics".  */

constexpr size_t FH_COMMIT_BUCKETS = 9; /* upper bounds of commit times; +Inf comes on top */

struct fh_core_metrics {
	uint64_t entries[FH_ENTRY_KINDS];
	uint64_t permitted, denied;     /* intents by their decision */
	uint64_t cosigned;              /* checkpoints of other logs */
	uint64_t roomless;              /* decisions that too many budgets refused */
	uint64_t counted;               /* refusals that entries tell as a number */
	uint64_t pruned, pruned_bytes;  /* entries, and what was freed by it */
	uint64_t commits;               /* batches that were synced and signed */
	uint64_t sync_ns, sign_ns;      /* in them: waiting for the disk, for the keeper */
	uint64_t bucket[FH_COMMIT_BUCKETS]; /* commits that took at most so long */
};

/* An entry of KIND with these fields was appended.  */
void fh_core_count_entry(struct fh_core_metrics *m, enum fh_entry_kind kind,
			 const struct fh_fields *f);
/* A batch was synced in SYNC_NS and signed in SIGN_NS.  */
void fh_core_count_commit(struct fh_core_metrics *m, uint64_t sync_ns, uint64_t sign_ns);

#endif
