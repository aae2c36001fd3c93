/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_RECORD_ANCHORED_H
#define FH_CLI_RECORD_ANCHORED_H

#include "cli/anchors.h"

/* The anchor that an entry is proved under.  docs/spec/ANCHOR.  */

struct fh_anchored {
	struct fh_span note, ots; /* as they lie there; empty: there is none */
};

/* Of the anchors in DIRECTORY (NULL: beside the record S) that cover entry INDEX and have a
 * block in their proof, the smallest, which is the oldest statement about it.  Both files
 * come from A, which needs FH_NOTE_MAX and FH_STAMP_FILE_MAX.  */
fh_err fh_anchored_find(const struct fh_segments *s, const char *directory, uint64_t index,
			struct fh_arena *a, struct fh_anchored *out, struct fh_trace *t);

#endif
