/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_JOURNAL_PRUNE_H
#define FH_JOURNAL_PRUNE_H

#include "entry/pruned.h"
#include "journal/tiles.h"

/* Writing a segment anew without the payloads whose keys have ended (entry/pruned.h): beside the
 * old one, a step at a time, then in its place.  Only of a segment to which nothing is added any
 * more.  Until it is put in its place nothing has changed, and a start removes what was begun.  */

struct fh_pruning {
	int directory;               /* record/journal */
	uint64_t first, next;        /* entries of the segment: the first, the one that comes */
	uint64_t state;              /* that they have to lie before, to be pruned */
	struct fh_shredded *shredded; /* all shred entries of the record */
	struct fh_segment_map map;   /* of the segment as it is */
	uint64_t offset;             /* read so far */
	struct fh_fd out;            /* of it as it will be; or it is only looked at */
	uint64_t written;
	struct fh_builder batch;     /* entries of one batch */
	struct fh_stubs stubs;       /* in it, those of before included */
	uint64_t fresh;              /* stubs that were none before */
	uint64_t freed;              /* bytes that go */
};

/* Begins with the segment whose first entry is FIRST in the open DIRECTORY: to write it anew, or
 * only to look at what there would be.  ROOM is memory of FH_BATCH_MAX bytes.  FH_ERR_MISSING:
 * there is no such segment.  *OUT is to be dropped.  */
fh_err fh_pruning_begin(int directory, uint64_t first, uint64_t state, struct fh_shredded *all,
			struct fh_span room, bool write, struct fh_pruning *out);
/* Goes on for some BYTES, and has them synced.  *DONE: P->next is behind the last entry, and what
 * was written is durable.  FH_ERR_CONFLICT: an entry is not what its leaf says, or a stub that may
 * be none: a damage, which must not be covered up.  */
fh_err fh_pruning_step(struct fh_pruning *p, uint64_t bytes, bool *done);
/* Ends; what was written and not put in its place is removed.  */
void fh_pruning_drop(struct fh_pruning *p);

/* Puts what was written in the place of the segment, durably, and tells TILES (or NULL) where its
 * entries lie now: if they cannot be told, they are broken.  P is only to be dropped then.  */
fh_err fh_pruning_replace(struct fh_pruning *p, struct fh_tiles *tiles);

/* Removes from DIRECTORY what an earlier start had begun.  */
fh_err fh_pruning_clean(int directory);

#endif
