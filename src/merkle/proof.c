/* SPDX-License-Identifier: Apache-2.0 */
/* The recursive definitions of RFC 9162 and of the draft walk down the tree; the
 * builders walk the same way in a loop and turn the path around at the end, so
 * that the sibling of the leaf comes first.  */
#include "merkle/proof.h"

#include <stdbit.h>

bool fh_subtree_valid(uint64_t start, uint64_t end)
{
	if (start > end)
		return false;
	uint64_t n = end - start;

	/* 2^63 is the largest power of two that start could be a multiple of.  */
	if (n > UINT64_C(1) << 63)
		return start == 0;
	return (start & (stdc_bit_ceil(n) - 1)) == 0;
}

/* The largest power of two below N, which is at least 2: where a tree of N
 * leaves splits.  */
static uint64_t split_of(uint64_t n)
{
	return stdc_bit_floor(n - 1);
}

/* Hash of the N > 0 leaves from START, as perfect subtrees folded from the
 * right.  */
static fh_err range_hash(const struct fh_subtree_source *from, uint64_t start, uint64_t n,
			 struct fh_hash *out)
{
	uint64_t end = start + n;
	struct fh_hash h = { 0 };

	for (uint64_t rest = n; rest > 0; rest &= rest - 1) {
		int level = (int)stdc_trailing_zeros(rest);
		struct fh_hash left;

		end -= UINT64_C(1) << level;
		fh_err e = from->read(from->context, level, end >> level, &left);

		if (e != FH_ERR_OK)
			return e;
		h = rest == n ? left : fh_node_hash(&left, &h);
	}
	*out = h;
	return FH_ERR_OK;
}

fh_err fh_subtree_hash(const struct fh_subtree_source *from, uint64_t start, uint64_t end,
		       struct fh_hash *out)
{
	if (!fh_subtree_valid(start, end))
		return FH_ERR_FORMAT;
	if (start == end) {
		*out = fh_hash_of((struct fh_span){ 0 });
		return FH_ERR_OK;
	}
	return range_hash(from, start, end - start, out);
}

/* Appends the hash of the N leaves from START to P.  */
static fh_err push(const struct fh_subtree_source *from, uint64_t start, uint64_t n,
		   struct fh_proof *p)
{
	if (p->n > FH_PROOF_MAX)
		return FH_ERR_LIMIT;
	return range_hash(from, start, n, &p->hash[p->n++]);
}

/* Turns the path from the root into the proof from the leaf.  */
static void turn_around(struct fh_proof *p)
{
	for (size_t i = 0, k = p->n; i + 1 < k; i++) {
		struct fh_hash swap = p->hash[i];

		p->hash[i] = p->hash[--k];
		p->hash[k] = swap;
	}
}

fh_err fh_inclusion_build(const struct fh_subtree_source *from, uint64_t index, uint64_t start,
			  uint64_t end, struct fh_proof *out)
{
	struct fh_proof p = { 0 };

	if (!fh_subtree_valid(start, end) || index < start || index >= end)
		return FH_ERR_FORMAT;
	while (end - start > 1) {
		uint64_t middle = start + split_of(end - start);
		bool left = index < middle;
		fh_err e = left ? push(from, middle, end - middle, &p)
				: push(from, start, middle - start, &p);

		if (e != FH_ERR_OK)
			return e;
		if (left)
			end = middle;
		else
			start = middle;
	}
	turn_around(&p);
	*out = p;
	return FH_ERR_OK;
}

/* RFC 9162 section 2.1.3.2.  */
fh_err fh_inclusion_root(const struct fh_proof *p, uint64_t index, uint64_t size,
			 const struct fh_hash *leaf, struct fh_hash *out)
{
	if (p->n > FH_PROOF_MAX + 1 || index >= size)
		return FH_ERR_SIGNATURE;
	uint64_t node = index, last = size - 1;
	struct fh_hash h = *leaf;

	for (size_t i = 0; i < p->n; i++) {
		if (last == 0)
			return FH_ERR_SIGNATURE;
		if (node & 1 || node == last) {
			h = fh_node_hash(&p->hash[i], &h);
			for (; !(node & 1) && node != 0; node >>= 1)
				last >>= 1;
		} else {
			h = fh_node_hash(&h, &p->hash[i]);
		}
		node >>= 1;
		last >>= 1;
	}
	if (last != 0)
		return FH_ERR_SIGNATURE;
	*out = h;
	return FH_ERR_OK;
}

/* The same with indexes counted from START.  */
fh_err fh_inclusion_check(const struct fh_proof *p, uint64_t index, uint64_t start, uint64_t end,
			  const struct fh_hash *leaf, const struct fh_hash *root)
{
	struct fh_hash h;

	if (!fh_subtree_valid(start, end) || index < start || index >= end)
		return FH_ERR_SIGNATURE;
	fh_err e = fh_inclusion_root(p, index - start, end - start, leaf, &h);

	return e == FH_ERR_OK && fh_hash_equal(&h, root) ? FH_ERR_OK : FH_ERR_SIGNATURE;
}

/* SUBTREE_PROOF of the draft: down from [0, SIZE), as [AT, AT + N), to the node
 * that [START, END) is, or to the last node that it ends with.  */
static fh_err consistency_path(const struct fh_subtree_source *from, uint64_t start, uint64_t end,
			       uint64_t size, struct fh_proof *p)
{
	uint64_t at = 0, n = size;
	bool whole = true; /* the part's own hash is known to the verifier */

	while (start != at || end != at + n) {
		uint64_t middle = at + split_of(n);
		bool left = end <= middle;
		fh_err e = left ? push(from, middle, at + n - middle, p)
				: push(from, at, middle - at, p);

		if (e != FH_ERR_OK)
			return e;
		n = left ? middle - at : at + n - middle;
		if (left)
			continue;
		at = middle;
		if (start < middle) {
			start = middle;
			whole = false;
		}
	}
	return whole ? FH_ERR_OK : push(from, at, n, p);
}

fh_err fh_consistency_build(const struct fh_subtree_source *from, uint64_t start, uint64_t end,
			    uint64_t size, struct fh_proof *out)
{
	struct fh_proof p = { 0 };

	if (!fh_subtree_valid(start, end) || end > size)
		return FH_ERR_FORMAT;
	if (start < end) {
		fh_err e = consistency_path(from, start, end, size, &p);

		if (e != FH_ERR_OK)
			return e;
	}
	turn_around(&p);
	*out = p;
	return FH_ERR_OK;
}

/* Where a check of consistency stands: the first and the last node of the part
 * and the last node of the tree, all on one level, and the two roots so far.  */
struct climb {
	uint64_t first, last, tree_last;
	struct fh_hash part, root;
};

static void climb_one(struct climb *c)
{
	c->first >>= 1;
	c->last >>= 1;
	c->tree_last >>= 1;
}

/* Up to the level where the part's last node is a node of the tree, too.  */
static void climb_to_start(struct climb *c)
{
	bool at_edge = c->last == c->tree_last;

	while (c->first != c->last && (at_edge || c->last & 1))
		climb_one(c);
}

static void climb_with(struct climb *c, const struct fh_hash *sibling)
{
	if (c->last & 1 || c->last == c->tree_last) {
		if (c->first < c->last)
			c->part = fh_node_hash(sibling, &c->part);
		c->root = fh_node_hash(sibling, &c->root);
		while (!(c->last & 1))
			climb_one(c);
	} else {
		c->root = fh_node_hash(&c->root, sibling);
	}
	climb_one(c);
}

static bool empty_is_part(const struct fh_proof *p, uint64_t size, const struct fh_hash *part,
			  const struct fh_hash *root)
{
	struct fh_hash empty = fh_hash_of((struct fh_span){ 0 });

	return p->n == 0 && fh_hash_equal(part, &empty) &&
	       (size > 0 || fh_hash_equal(root, &empty));
}

fh_err fh_consistency_check(const struct fh_proof *p, uint64_t start, uint64_t end, uint64_t size,
			    const struct fh_hash *part, const struct fh_hash *root)
{
	if (p->n > FH_PROOF_MAX + 1 || !fh_subtree_valid(start, end) || end > size)
		return FH_ERR_SIGNATURE;
	if (start == end)
		return empty_is_part(p, size, part, root) ? FH_ERR_OK : FH_ERR_SIGNATURE;
	struct climb c = { start, end - 1, size - 1, *part, *part };
	size_t i = 0;

	climb_to_start(&c);
	if (c.first != c.last) {
		if (p->n == 0)
			return FH_ERR_SIGNATURE;
		c.part = c.root = p->hash[i++];
	}
	for (; i < p->n; i++) {
		if (c.tree_last == 0)
			return FH_ERR_SIGNATURE;
		climb_with(&c, &p->hash[i]);
	}
	bool shown = c.tree_last == 0 && fh_hash_equal(&c.part, part) &&
		     fh_hash_equal(&c.root, root);

	return shown ? FH_ERR_OK : FH_ERR_SIGNATURE;
}
