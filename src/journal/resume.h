/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_JOURNAL_RESUME_H
#define FH_JOURNAL_RESUME_H

#include "base/arena.h"
#include "base/limits.h"
#include "journal/tiles.h"

/* The file record/resume: what a start would find out by reading the whole record, as of a
 * state entry, so that it reads what came since.  Nothing in it is believed: the journal's
 * signed root, the state entry and the chip's note must bear it out (docs/spec/JOURNAL,
 * "Resume").  */

struct fh_resume {
	struct fh_hash chain_id;
	struct fh_hash device_id;
	uint64_t state;          /* index of the state entry */
	uint64_t size;           /* entries before PLACE, not more than STATE */
	struct fh_place place;   /* where reading begins */
	struct fh_span partial;  /* the partial tiles at SIZE (fh_tiles_put_partial) */
	struct fh_span fold;     /* of all before STATE, sealed (fh_sealed_text_put) */
	const uint64_t *authority; /* session, chain and lease entries before STATE, rising */
	size_t authorities;
};

constexpr size_t FH_RESUME_FOLD_MAX = 2u << 20; /* of the fold, padded */
constexpr size_t FH_RESUME_SEALED_MAX = FH_RESUME_FOLD_MAX + 256;
constexpr size_t FH_RESUME_AUTHORITY_MAX = 16384;
constexpr size_t FH_RESUME_MAX = FH_RESUME_SEALED_MAX + FH_RESUME_AUTHORITY_MAX * 9
				 + FH_TILES_PARTIAL_MAX + 256;

/* Appends the file of R to B; too much turns B bad.  */
void fh_resume_put(struct fh_builder *b, const struct fh_resume *r);

/* Reads FILE; spans look into it, the list is of A.  FH_ERR_FORMAT for what fh_resume_put()
 * did not write whole, FH_ERR_NOMEM.  */
fh_err fh_resume_read(struct fh_span file, struct fh_arena *a, struct fh_resume *out);

#endif
