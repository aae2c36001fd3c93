/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_MERKLE_TREE_H
#define FH_MERKLE_TREE_H

#include "crypto/hash.h"
#include "freehold/error.h"

/* RFC 6962 hashing (also RFC 9162 section 2.1): leaf SHA-256(0x00 || entry),
 * node SHA-256(0x01 || left || right), empty tree SHA-256("").  */

/* Hashes of the perfect subtrees that make up a tree of size n, largest first:
 * the "compact range" from 0.  Holds no pointers, so a copy is a fork.  */
constexpr int FH_TREE_LEVELS = 64;

struct fh_tree {
	uint64_t size;                          /* leaves so far */
	struct fh_hash stack[FH_TREE_LEVELS];   /* one per set bit of size */
};

/* Leaf hash of ENTRY.  */
struct fh_hash fh_leaf_hash(struct fh_span entry);

/* Node over LEFT and RIGHT.  */
struct fh_hash fh_node_hash(const struct fh_hash *left, const struct fh_hash *right);

/* Appends one leaf by its leaf hash.  T starts zeroed.  */
void fh_tree_add(struct fh_tree *t, const struct fh_hash *leaf);

/* Root of T.  */
struct fh_hash fh_tree_root(const struct fh_tree *t);

#endif
