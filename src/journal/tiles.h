/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_JOURNAL_TILES_H
#define FH_JOURNAL_TILES_H

#include "journal/map.h"
#include "merkle/tile.h"
#include "merkle/tree.h"
#include "os/file.h"

/* The record's tree as C2SP tiles, kept beside the journal: a file for each level in
 * which full tiles follow each other, 8192 bytes each, the last, partial tile of each
 * level in memory; and a file that says where in the journal each bundle of 256 entries
 * begins.  All of it follows from the journal: nothing is synced, and at each start what
 * is there is compared with what the journal leads to and written anew where it differs.
 * A failure breaks the tiles, and never the record.  */

/* Bytes of all partial tiles.  */
constexpr size_t FH_TILES_PARTIAL_MAX = FH_TILE_LEVELS * FH_TILE_WIDTH * FH_HASH_SIZE;

/* One level: the hashes of its partial tile, and how many full ones are on disk.  */
struct fh_tile_level {
	struct fh_fd file;
	uint64_t full;
	unsigned n; /* hashes in the partial tile */
	struct fh_hash hash[FH_TILE_WIDTH];
};

struct fh_tiles {
	const char *record;            /* path of the directory */
	struct fh_fd places;
	uint64_t size;                 /* leaves taken */
	struct fh_tile_level level[FH_TILE_LEVELS];
	bool checking;                 /* what is on disk may be right */
	fh_err broken;                 /* FH_ERR_OK, or why nothing is kept any more */
};

/* Begins a tree that is fed from its first leaf; its files are RECORD/tiles.0 and so on,
 * each made when it has something to hold.  RECORD stays.  fh_tiles_settled() says that
 * all that was there before has been fed.  */
void fh_tiles_begin(const char *record, struct fh_tiles *out);
void fh_tiles_settled(struct fh_tiles *t);

/* The partial tiles of T, level by level, appended to B: with T->size all that it takes to
 * go on from here at another start.  */
void fh_tiles_put_partial(const struct fh_tiles *t, struct fh_builder *b);
/* What lies on disk is durable.  */
fh_err fh_tiles_sync(const struct fh_tiles *t);
/* T anew, with SIZE leaves and PARTIAL as of then; the full tiles are on disk, and whoever
 * trusts none of it compares fh_tiles_tree() with a root.  FH_ERR_FORMAT if PARTIAL is not
 * of that size, FH_ERR_MISSING if a file is shorter than it was.  Dropped by the caller
 * even then.  */
fh_err fh_tiles_resume(const char *record, uint64_t size, struct fh_span partial,
		       struct fh_tiles *out);
/* The tree of which the partial tiles of T are the right edge.  */
struct fh_tree fh_tiles_tree(const struct fh_tiles *t);
/* A struct fh_subtree_source's read, of the tiles CONTEXT.  */
fh_err fh_tiles_subtree(void *context, int level, uint64_t index, struct fh_hash *out);
void fh_tiles_drop(struct fh_tiles *t);

/* The next leaf.  */
void fh_tiles_add(struct fh_tiles *t, const struct fh_hash *leaf);
/* The entries FIRST to END - 1 lie in one batch at PLACE.  */
void fh_tiles_place(struct fh_tiles *t, uint64_t first, uint64_t end, struct fh_place place);

/* The hashes of TILE, of which there may be more by now, into OUT, 32 bytes each.
 * FH_ERR_MISSING if the tree does not reach so far; why the tiles are broken.  */
fh_err fh_tiles_read(const struct fh_tiles *t, const struct fh_tile *tile,
		     uint8_t out[FH_TILE_WIDTH * FH_HASH_SIZE]);
/* Where the batch with entry 256 * BUNDLE lies.  */
fh_err fh_tiles_find(const struct fh_tiles *t, uint64_t bundle, struct fh_place *out);

#endif
