/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_STAMP_GATHER_H
#define FH_STAMP_GATHER_H

#include "crypto/hash.h"
#include "stamp/stamp.h"

/* Many digests under one commitment: only that leaves the machine, and each digest
 * keeps a proof of its own, which says nothing about the others but their hashes.  */

constexpr size_t FH_GATHER_MAX = 4096;       /* digests under one commitment */
constexpr size_t FH_STAMP_NONCE_SIZE = 16;   /* so that nobody can guess what was hashed */
constexpr size_t FH_GATHER_MEMORY = 128 << 20; /* an arena that holds FH_GATHER_MAX paths */

/* Random bytes behind a digest.  */
struct fh_stamp_nonce {
	uint8_t bytes[FH_STAMP_NONCE_SIZE];
};

/* Extends each of the N trees LEAF[I] by its NONCE[I] and its path in the Merkle tree
 * of all of them, to the same message *COMMITMENT, which TIP[I] holds in the tree of
 * LEAF[I].  What is then attested of the commitment is merged into each tip.
 * FH_ERR_LIMIT if N is 0 or above FH_GATHER_MAX.  */
fh_err fh_stamp_gather(struct fh_stamp *const *leaf, const struct fh_stamp_nonce *nonce, size_t n,
		       struct fh_arena *a, struct fh_stamp **tip, struct fh_hash *commitment);

#endif
