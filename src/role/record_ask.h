/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_RECORD_ASK_H
#define FH_ROLE_RECORD_ASK_H

#include "base/builder.h"
#include "merkle/tile.h"

/* What of the record the network's gate asks core for, as C2SP tlog-tiles names it.
 * docs/spec/TILES.  */

enum fh_record_part {
	FH_RECORD_CHECKPOINT = 1, /* the newest */
	FH_RECORD_TILE = 2,       /* hashes */
	FH_RECORD_ENTRIES = 3,    /* a bundle of leaves */
	FH_RECORD_PAYLOAD = 4,    /* what a public entry says */
	FH_RECORD_RECEIPT = 5,    /* the root signed for receipts */
	FH_RECORD_METRICS = 6,    /* what core counts; not below /record/ */
	FH_RECORD_WITNESSED = 7,  /* the newest checkpoint with the witnesses' quorum */
	FH_RECORD_ANCHORS = 8,    /* the list of anchors */
	FH_RECORD_ANCHOR = 9,     /* the checkpoint of one */
	FH_RECORD_ANCHOR_PROOF = 10, /* and its proof */
};

struct fh_record_ask {
	enum fh_record_part part;
	struct fh_tile tile;      /* TILE, ENTRIES: which; PAYLOAD: index is the entry's,
				   * ANCHOR: index is its size */
};

/* PATH is what stands behind "/record/".  FH_ERR_FORMAT: there is no such thing.  */
fh_err fh_record_ask_parse(struct fh_span path, struct fh_record_ask *out);

/* As it crosses to core: the map {"part", "index", "level", "width"}.  */
void fh_record_ask_put(struct fh_builder *b, const struct fh_record_ask *a);
fh_err fh_record_ask_read(struct fh_span params, struct fh_record_ask *out);

#endif
