/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ENTRY_PRUNED_H
#define FH_ENTRY_PRUNED_H

#include "entry/shredded.h"

/* Pruning: in a segment of the journal, behind a state entry that carries the fold, the payloads
 * whose keys have all ended are replaced by stubs, which only name those keys (entry/seal.h).
 * Leaves, checkpoints and everything public stay, so the tree and each proof of it do.  Before
 * anything goes a prune entry is signed, that says which stubs the segment will hold:
 *
 *	{"end": uint, "first": uint, "names": bstr 32, "state": uint, "stubs": uint}
 *
 * docs/spec/LEAF, "Prune".  */

constexpr size_t FH_PRUNE_MAX = 128; /* of the map */

struct fh_prune {
	uint64_t first, end;  /* entries of the segment: from, and behind the last */
	uint64_t state;       /* no stub is at or behind this state entry */
	uint64_t stubs;       /* how many there are */
	struct fh_hash names; /* over them (struct fh_stubs) */
};

/* Writes the map; reads it, strictly.  */
void fh_prune_put(struct fh_builder *b, const struct fh_prune *p);
fh_err fh_prune_read(struct fh_span detail, struct fh_prune *out);
/* The same in the PAYLOAD of a prune entry.  */
fh_err fh_prune_of_payload(struct fh_span payload, struct fh_prune *out);

/* The stubs of one segment, added in order:
 * SHA-256("freehold/pruned/v1" LF || (index (8 bytes) || number of names (1 byte) || names) ...)
 */
struct fh_stubs {
	struct fh_sha256 sha;
	uint64_t n, first, last; /* how many; the indexes of the first and the last */
};
/* What they add up to.  */
struct fh_stubs_sum {
	uint64_t n, first, last;
	struct fh_hash names;
};
void fh_stubs_begin(struct fh_stubs *s);
void fh_stubs_add(struct fh_stubs *s, uint64_t index, const struct fh_sealed *names);
/* Of those so far; more may follow.  */
struct fh_stubs_sum fh_stubs_sum(const struct fh_stubs *s);
/* P is about the segment of the entries FIRST to END - 1 with just these stubs.  */
bool fh_prune_covers(const struct fh_prune *p, uint64_t first, uint64_t end,
		     const struct fh_stubs_sum *s);

/* SEALED, the payload of the entry INDEX or already its stub, may be a stub behind the state entry
 * STATE: the entry lies before that, and ALL has a shred entry of each of its keys.  */
bool fh_prune_allows(uint64_t state, struct fh_shredded *all, uint64_t index,
		     const struct fh_sealed *sealed);

#endif
