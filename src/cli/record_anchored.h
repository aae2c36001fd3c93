/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_RECORD_ANCHORED_H
#define FH_CLI_RECORD_ANCHORED_H

#include "cli/anchors.h"

/* The anchor that an entry is proved under.  docs/spec/ANCHOR.  */

struct fh_anchored {
	struct fh_span note, ots; /* as they lie there; empty: there is none */
};

/* A block is in the proof at PATH.  One that cannot be read is none to prove under.  ROOM, which
 * is reset, lends FH_STAMP_MEMORY and FH_STAMP_FILE_MAX.  */
bool fh_anchored_complete(const char *path, struct fh_arena *room);

/* How far a record is anchored, by what its anchors say: nothing is verified.  */
struct fh_anchored_state {
	uint64_t size; /* of the largest with a block in its proof; 0: there is none */
	size_t open;   /* larger ones, without */
};
fh_err fh_anchored_look(const struct fh_segments *s, struct fh_anchored_state *out,
			struct fh_trace *t);

/* Of the anchors in DIRECTORY (NULL: beside the record S) that cover entry INDEX and have a
 * block in their proof, the smallest, which is the oldest statement about it.  Both files
 * come from A, which needs FH_NOTE_MAX and FH_STAMP_FILE_MAX.  */
fh_err fh_anchored_find(const struct fh_segments *s, const char *directory, uint64_t index,
			struct fh_arena *a, struct fh_anchored *out, struct fh_trace *t);

#endif
