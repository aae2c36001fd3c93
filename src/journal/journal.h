/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_JOURNAL_JOURNAL_H
#define FH_JOURNAL_JOURNAL_H

#include "base/arena.h"
#include "base/trace.h"
#include "entry/leaf.h"
#include "entry/segment.h"
#include "journal/tiles.h"
#include "merkle/checkpoint.h"
#include "merkle/proof.h"
#include "os/file.h"

/* The only place that writes the record.  Entries are appended to a batch in
 * memory; fh_journal_sync() makes the batch durable; then the caller has the
 * checkpoint signed and hands the note back.  Order: append, sync, sign,
 * acknowledge, act.  After any failed write or sync the journal is stopped for
 * good: nothing is retried, because the kernel may have dropped the pages.  */

struct fh_journal {
	struct fh_fd directory;    /* record/journal */
	struct fh_fd segment;      /* the one that is written */
	uint64_t segment_first;    /* index of its first entry */
	uint64_t offset;           /* its end */
	struct fh_place batch_place; /* of the batch that was written last */
	struct fh_hash chain_id;
	struct fh_hash device_id;
	struct fh_tree durable;    /* what is synced */
	struct fh_tree tree;       /* with the batch in memory */
	struct fh_tree signed_tree; /* what the last note covers */
	struct fh_builder batch;   /* entries of the batch in memory */
	struct fh_hash *leaf;      /* leaf hashes since signed_tree */
	size_t leaves;
	struct fh_tiles *tiles;    /* the tree up to signed_tree, or NULL */
	bool turn;                 /* the next batch begins a segment */
	bool stopped;              /* a write failed */
	uint64_t torn;             /* bytes cut off the tail at open */
};

/* Where a journal can be read from without what lies before: nothing but TREE says what
 * that was.  */
struct fh_journal_point {
	struct fh_tree tree;
	struct fh_place place;     /* of the next batch */
};

/* Called for each entry found when opening, in order.  */
struct fh_journal_visitor {
	fh_err (*entry)(void *context, const struct fh_leaf *leaf, struct fh_span payload);
	void *context;
	uint64_t noted_size;       /* a size whose root is known from elsewhere; 0: of none */
	struct fh_hash noted_root; /* FH_ERR_ROLLBACK if this journal has another there */
	struct fh_tiles *tiles;    /* to be kept, as opened; or NULL */
	/* Where to begin; NULL: with the first entry.  It is proved by what is read: the tree
	 * grown from there must be the signed one.  Behind signed_size it is FH_ERR_FORMAT.
	 * TILES are at this point then.  */
	const struct fh_journal_point *from;
};

/* Opens or begins the journal below DIRECTORY (a path), reads it through,
 * demands that every batch leads to its root, and cuts off what is torn or was
 * never signed (a record of fewer than SIGNED_SIZE entries is FH_ERR_CONFLICT,
 * rolled back or damaged; SIGNED_ROOT is the root at that size).  VISITOR may be NULL.
 * Memory from ARENA: batch and leaf hashes.  */
fh_err fh_journal_open(const char *directory, const struct fh_hash *chain_id,
		       const struct fh_hash *device_id, uint64_t signed_size,
		       const struct fh_hash *signed_root, const struct fh_journal_visitor *visitor,
		       struct fh_arena *arena, struct fh_journal *out, struct fh_trace *t);
void fh_journal_drop(struct fh_journal *j);

/* Appends one entry to the batch; its index is j->tree.size before the call
 * and must be the leaf's.  FH_ERR_LIMIT if the batch is full: sync first.  */
fh_err fh_journal_append(struct fh_journal *j, struct fh_span leaf, struct fh_span payload);

/* Writes the batch and syncs it.  Nothing to do if it is empty.  */
fh_err fh_journal_sync(struct fh_journal *j);

/* The next batch begins a new segment, so the one that was written so far can be pruned
 * (journal/prune.h).  Not while a checkpoint is still to be filed, which belongs to that one.  */
void fh_journal_turn(struct fh_journal *j);
/* FIRST is the first entry of a segment to which nothing is added any more.  */
bool fh_journal_is_closed(const struct fh_journal *j, uint64_t first);

/* The point at the last signed tree.  FH_ERR_MISSING if nothing was signed.  */
fh_err fh_journal_point(const struct fh_journal *j, struct fh_journal_point *out);

/* Proof that the durable tree extends the one last signed.  */
fh_err fh_journal_proof(const struct fh_journal *j, struct fh_proof *out);

/* Files NOTE, which covers the durable tree.  Not synced: it can be signed
 * again.  */
fh_err fh_journal_checkpoint(struct fh_journal *j, struct fh_span note);

#endif
