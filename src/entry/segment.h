/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ENTRY_SEGMENT_H
#define FH_ENTRY_SEGMENT_H

#include "base/builder.h"
#include "base/cursor.h"
#include "base/limits.h"
#include "crypto/hash.h"

/* A journal segment: a head, then batches of entries, each followed by the
 * signed checkpoint over the tree that ends with it.  Frames are type (1 byte),
 * length (4 bytes, big-endian) and body.  There is no checksum: a batch carries
 * the root its own leaves must lead to, a leaf the hash of its payload, and a
 * checkpoint a signature.  docs/spec/JOURNAL.  */

constexpr size_t FH_FRAME_HEAD = 5;

enum fh_segment_frame {
	FH_SEGMENT_END = 0,        /* zeros: space that was never written */
	FH_SEGMENT_HEAD = 1,       /* first in a segment */
	FH_SEGMENT_BATCH = 2,      /* entries that were synced together */
	FH_SEGMENT_CHECKPOINT = 3, /* a signed note over all before it */
};

/* Body of a head.  */
struct fh_segment_head {
	struct fh_hash chain_id;
	struct fh_hash device_id;
	uint64_t first;      /* index of the segment's first entry */
	struct fh_hash root; /* of the tree before it */
};

/* A batch while it is read: its entries come one at a time.  */
struct fh_batch {
	uint64_t first;        /* index of the first entry */
	uint32_t count;        /* entries */
	uint64_t size;         /* tree size after it */
	struct fh_hash root;   /* and root */
	struct fh_cursor rest; /* entries not read yet */
};

/* One entry as it lies in a batch.  */
struct fh_stored {
	struct fh_span leaf;    /* CBOR of entry/leaf.h */
	struct fh_span payload; /* what is stored beside it */
};

/* --- writing --- */

void fh_segment_put_head(struct fh_builder *b, const struct fh_segment_head *h);
/* Size of the frame around entries of N bytes together.  */
size_t fh_batch_frame_size(size_t n);
/* Everything of the batch frame before and behind its entries.  */
void fh_batch_put_open(struct fh_builder *b, uint64_t first, uint32_t count, size_t entries_size);
void fh_batch_put_close(struct fh_builder *b, uint64_t size, const struct fh_hash *root);
/* One entry within it.  */
void fh_stored_put(struct fh_builder *b, const struct fh_stored *s);
void fh_segment_put_checkpoint(struct fh_builder *b, struct fh_span note);

/* --- reading --- */

/* The next frame of C: its type and body.  FH_SEGMENT_END with an empty body
 * at the end or where only zeros follow.  FH_ERR_TORN if the frame is not all
 * there, FH_ERR_FORMAT for an unknown type, FH_ERR_LIMIT above the limit of its
 * type.  */
fh_err fh_segment_next(struct fh_cursor *c, enum fh_segment_frame *type, struct fh_span *body);

fh_err fh_segment_head_read(struct fh_span body, struct fh_segment_head *out);
fh_err fh_batch_read(struct fh_span body, struct fh_batch *out);
/* The next entry of B; FH_ERR_MISSING after the last.  */
fh_err fh_batch_next(struct fh_batch *b, struct fh_stored *out);

#endif
