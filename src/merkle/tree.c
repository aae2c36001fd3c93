/* SPDX-License-Identifier: Apache-2.0 */
#include "merkle/tree.h"

#include <stdbit.h>
#include <string.h>

struct fh_hash fh_leaf_hash(struct fh_span entry)
{
	struct fh_sha256 s;

	fh_sha256_begin(&s);
	fh_sha256_add(&s, FH_SPAN_LIT("\x00"));
	fh_sha256_add(&s, entry);
	return fh_sha256_end(&s);
}

struct fh_hash fh_node_hash(const struct fh_hash *left, const struct fh_hash *right)
{
	uint8_t bytes[1 + 2 * FH_HASH_SIZE] = { 1 };

	/* In one piece: most of what hashing a few bytes takes is taking them in.  */
	memcpy(bytes + 1, left->bytes, FH_HASH_SIZE);
	memcpy(bytes + 1 + FH_HASH_SIZE, right->bytes, FH_HASH_SIZE);
	return fh_hash_of(FH_SPAN_ARRAY(bytes));
}

void fh_tree_add(struct fh_tree *t, const struct fh_hash *leaf)
{
	unsigned n = stdc_count_ones(t->size);
	struct fh_hash h = *leaf;

	/* Each low set bit is a perfect subtree as large as what H has become.  */
	for (uint64_t size = t->size; size & 1; size >>= 1)
		h = fh_node_hash(&t->stack[--n], &h);
	t->stack[n] = h;
	t->size++;
}

struct fh_hash fh_tree_root(const struct fh_tree *t)
{
	unsigned n = stdc_count_ones(t->size);

	if (n == 0)
		return fh_hash_of((struct fh_span){ 0 });
	struct fh_hash h = t->stack[--n];

	while (n > 0)
		h = fh_node_hash(&t->stack[--n], &h);
	return h;
}
