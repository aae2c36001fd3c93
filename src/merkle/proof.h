/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_MERKLE_PROOF_H
#define FH_MERKLE_PROOF_H

#include "merkle/tree.h"

/* Inclusion and consistency proofs (RFC 9162 sections 2.1.3 and 2.1.4) and the
 * subtree proofs of draft-ietf-plants-merkle-tree-certs-05, of which they are
 * the special cases start = 0.  */

constexpr size_t FH_PROOF_MAX = 64; /* hashes: one per level, plus one */

struct fh_proof {
	struct fh_hash hash[FH_PROOF_MAX + 1];
	size_t n;
};

/* Where proofs are built from: the hash of the perfect subtree of 2^LEVEL
 * leaves that starts at leaf INDEX * 2^LEVEL.  */
struct fh_subtree_source {
	fh_err (*read)(void *context, int level, uint64_t index, struct fh_hash *out);
	void *context;
};

/* [start, end) is a valid subtree: start is a multiple of the smallest power
 * of two that is >= end - start (section 4.1 of the draft); empty ones are
 * valid.  */
bool fh_subtree_valid(uint64_t start, uint64_t end);

/* Hash of the leaves [start, end) of a valid subtree, in *OUT.  */
fh_err fh_subtree_hash(const struct fh_subtree_source *from, uint64_t start, uint64_t end,
		       struct fh_hash *out);

/* Proof that leaf INDEX is in the valid subtree [start, end).
 * FH_ERR_FORMAT if it is not inside.  For a record, start = 0, end = size.  */
fh_err fh_inclusion_build(const struct fh_subtree_source *from, uint64_t index, uint64_t start,
			  uint64_t end, struct fh_proof *out);

/* FH_ERR_OK if P shows LEAF at INDEX in the subtree [start, end) with ROOT;
 * FH_ERR_SIGNATURE if it does not.  */
fh_err fh_inclusion_check(const struct fh_proof *p, uint64_t index, uint64_t start, uint64_t end,
			  const struct fh_hash *leaf, const struct fh_hash *root);

/* The root that P leads to from LEAF at INDEX in a tree of SIZE leaves, in *OUT, for
 * whoever has a signature over the root and not the root itself.  FH_ERR_SIGNATURE
 * if P is no proof for such a place.  */
fh_err fh_inclusion_root(const struct fh_proof *p, uint64_t index, uint64_t size,
			 const struct fh_hash *leaf, struct fh_hash *out);

/* Proof that the valid subtree [start, end) is part of the tree of SIZE leaves;
 * empty for an empty one.  With start = 0: a consistency proof from size end.
 * FH_ERR_FORMAT if it is not inside.  */
fh_err fh_consistency_build(const struct fh_subtree_source *from, uint64_t start, uint64_t end,
			    uint64_t size, struct fh_proof *out);

/* FH_ERR_OK if P shows the subtree [start, end) with hash PART in the tree of
 * SIZE leaves with ROOT; FH_ERR_SIGNATURE if it does not.  For an empty subtree,
 * and so from size 0, the proof is empty and PART is the empty tree's root.  */
fh_err fh_consistency_check(const struct fh_proof *p, uint64_t start, uint64_t end, uint64_t size,
			    const struct fh_hash *part, const struct fh_hash *root);

#endif
