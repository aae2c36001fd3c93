/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_UNREAD_H
#define FH_CLI_UNREAD_H

#include "cli/segments.h"
#include "verify/record.h"

/* What lies in and around a record and is no part of it.  A verdict speaks of
 * the segments alone; what it says nothing about is named, so that nobody takes
 * a yes for a yes to all of a directory.  */

constexpr size_t FH_UNREAD_MAX = 64; /* places named; more are counted */

struct fh_unread {
	struct fh_uncovered place[FH_UNREAD_MAX]; /* code `not-read`, in order of name */
	size_t n;
	uint64_t more;                            /* places that did not fit */
};

/* Every name in PATH, as given to fh_segments_open() for S, that is no anchor, neither a
 * segment nor on the way to the segments.  Directories end in '/'; nothing in them
 * is looked at.  */
fh_err fh_unread_find(const char *path, const struct fh_segments *s, struct fh_unread *out,
		      struct fh_trace *t);

#endif
