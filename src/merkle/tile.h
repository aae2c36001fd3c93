/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_MERKLE_TILE_H
#define FH_MERKLE_TILE_H

#include "base/builder.h"
#include "crypto/hash.h"
#include "freehold/error.h"

/* C2SP tlog-tiles: 256 hashes a tile, "tile/<L>/<N>[.p/<W>]" with N in groups
 * of three digits, all but the last prefixed with x; "tile/entries/..." hold
 * u16be length || entry.  */

constexpr uint64_t FH_TILE_WIDTH = 256;
constexpr int FH_TILE_LEVELS = 8;            /* 256^8 = 2^64 */
constexpr int FH_TILE_ENTRIES = -1;          /* the pseudo level of entry bundles */

struct fh_tile {
	int level;        /* 0 to 63, or FH_TILE_ENTRIES */
	uint64_t index;   /* N */
	unsigned width;   /* 1 to 256; 256 is a full tile */
};

/* The path of T, "tile/..."; a tile outside these bounds turns B bad.  */
void fh_tile_put_path(struct fh_builder *b, const struct fh_tile *t);

/* Parses such a path; strict inverse of fh_tile_put_path.  */
fh_err fh_tile_parse_path(struct fh_span path, struct fh_tile *out);

/* Width of the last, partial tile at LEVEL (FH_TILE_ENTRIES included) in a tree of
 * SIZE; 0 if none.  */
unsigned fh_tile_partial_width(int level, uint64_t size);

/* Number of full tiles at LEVEL in a tree of SIZE.  */
uint64_t fh_tile_full_count(int level, uint64_t size);

/* Entry number I (0-based within the bundle) of an entry bundle; the span looks
 * into it.  FH_ERR_FORMAT unless the whole bundle is entries, at most 256;
 * FH_ERR_MISSING if it has no such entry.  */
fh_err fh_bundle_entry(struct fh_span bundle, unsigned i, struct fh_span *out);

#endif
