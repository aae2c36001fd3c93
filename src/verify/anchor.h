/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_VERIFY_ANCHOR_H
#define FH_VERIFY_ANCHOR_H

#include "verify/stamp.h"

/* A checkpoint of a record and the proof that it existed when a block of Bitcoin was
 * made: so did every entry under it.  Who signed the checkpoint does not matter for
 * that.  docs/spec/ANCHOR.  */

enum fh_anchor_state {
	FH_ANCHOR_UNREADABLE,   /* its note or its proof is none, or the proof is of another */
	FH_ANCHOR_UNSTAMPED,    /* it has no proof yet */
	FH_ANCHOR_PENDING,      /* no block is in its proof yet */
	FH_ANCHOR_UNCHECKED,    /* one is, whose header is missing or trusted too little */
	FH_ANCHOR_CONTRADICTED, /* the block has another Merkle root */
	FH_ANCHOR_HOLDS,        /* the block bears it out, and what follows is filled */
};
constexpr int FH_ANCHOR_STATES = 6;

/* "unreadable", ... for programs.  */
const char *fh_anchor_state_text(enum fh_anchor_state s);

struct fh_anchor {
	uint64_t size;           /* entries under the checkpoint */
	enum fh_anchor_state state;
	bool noted;              /* the note could be read: these two are known */
	struct fh_hash root;     /* of the tree over them */
	struct fh_hash origin;   /* SHA-256 of the record's name */
	enum fh_network network; /* which the headers are of */
	uint64_t height;         /* of the block */
	struct fh_header_place place; /* its header */
	/* What a record was found to hold of it: */
	bool reached, equal;     /* so many entries, and with that root */
	uint64_t lo_ms;          /* before which it says that the last of them was not made */
};

/* Judges the checkpoint NOTE, which is said to be over SIZE entries, by the proof OTS
 * (empty: there is none) and HEADERS (NULL: none are at hand), of which such count whose
 * trust is at least LEAST.  A lends FH_STAMP_MEMORY.  Not FH_ERR_OK only if it could not
 * be told: FH_ERR_NOMEM, FH_ERR_CRYPTO.  */
fh_err fh_anchor_judge(uint64_t size, struct fh_span note, struct fh_span ots,
		       const struct fh_headers *headers, enum fh_header_trust least,
		       struct fh_arena *a, struct fh_anchor *out);

/* Sorts N of them by size, and those of one size by how well they date it: the best last.  */
void fh_anchors_sort(struct fh_anchor *a, size_t n);

#endif
