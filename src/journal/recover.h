/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_JOURNAL_RECOVER_H
#define FH_JOURNAL_RECOVER_H

#include "journal/journal.h"
#include "journal/map.h"

/* Reading a journal through after whatever happened to it.  */

struct fh_recovery {
	uint64_t signed_size;       /* what was surely signed: never cut below */
	struct fh_hash signed_root; /* its root */
	const struct fh_journal_visitor *visitor; /* may be NULL */
};

/* Reads all segments of J's directory in order; leaves the last one open for
 * writing behind its last whole frame and J's trees at its end.  */
fh_err fh_recover(struct fh_journal *j, const struct fh_recovery *r, struct fh_trace *t);

#endif
