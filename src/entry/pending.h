/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ENTRY_PENDING_H
#define FH_ENTRY_PENDING_H

#include "base/builder.h"

/* The word that a refused start leaves in record/pending, and that becomes an entry
 * at the next accepted one: unsigned, because the key to sign with is what was
 * not released.  docs/spec/LEAF.  */

constexpr size_t FH_PENDING_MAX = 4096;

struct fh_pending {
	uint64_t time_ms;     /* when, by the clock that was highest */
	struct fh_span state; /* stable name: "wrong-boot-state", "rollback", ... */
	struct fh_span where, what, cure;
};

void fh_pending_put(struct fh_builder *b, const struct fh_pending *p);
fh_err fh_pending_read(struct fh_span bytes, struct fh_pending *out);

#endif
