/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_VERIFY_ANCHORS_H
#define FH_CLI_VERIFY_ANCHORS_H

#include "cli/anchors.h"
#include "cli/verify_headers.h"
#include "verify/anchor.h"

/* The anchors that a record is held to: those beside it, and those of other directories.  */

#define FH_ANCHORS_OPTION                                                                     \
	{ "anchors", 0, true, "DIR", "anchors kept elsewhere, besides those in record/anchors" }

struct fh_given_anchors {
	struct fh_anchor *anchor; /* judged and sorted */
	size_t n;
	struct fh_arena memory;
};

/* Reads and judges those of the record S and of each --anchors in A, by the headers H.
 * FH_ERR_LIMIT above FH_ANCHORS_MAX in all.  */
fh_err fh_given_anchors_read(const struct fh_segments *s, const struct fh_arguments *a,
			     const struct fh_given_headers *h, struct fh_given_anchors *out,
			     struct fh_trace *t);
void fh_given_anchors_drop(struct fh_given_anchors *g);

#endif
