/* SPDX-License-Identifier: Apache-2.0 */
#include "merkle/proof.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

constexpr uint64_t leaves = 40;

static struct fh_hash leaf_of(uint64_t i)
{
	uint8_t entry = (uint8_t)i;

	return fh_leaf_hash(fh_span_of(&entry, 1));
}

static fh_err read_node(void *context, int level, uint64_t index, struct fh_hash *out)
{
	struct fh_tree t = { 0 };

	(void)context;
	for (uint64_t i = index << level; i < (index + 1) << level; i++) {
		struct fh_hash leaf = leaf_of(i);

		fh_tree_add(&t, &leaf);
	}
	*out = fh_tree_root(&t);
	return FH_ERR_OK;
}

static fh_err fail_to_read(void *context, int level, uint64_t index, struct fh_hash *out)
{
	(void)context;
	(void)level;
	(void)index;
	(void)out;
	return FH_ERR_IO;
}

static const struct fh_subtree_source source = { read_node, nullptr };
static const struct fh_subtree_source broken = { fail_to_read, nullptr };

/* RFC 6962 section 2.1, as it is written down.  */
static struct fh_hash reference_root(uint64_t start, uint64_t end)
{
	uint64_t k = 1;

	if (end - start == 1)
		return leaf_of(start);
	while (2 * k < end - start)
		k *= 2;
	struct fh_hash left = reference_root(start, start + k);
	struct fh_hash right = reference_root(start + k, end);

	return fh_node_hash(&left, &right);
}

static void the_root_is_rfc_6962s_at_every_size(void **state)
{
	(void)state;
	struct fh_tree t = { 0 };
	struct fh_hash empty = fh_hash_of((struct fh_span){ 0 }), got = fh_tree_root(&t);

	assert_true(fh_hash_equal(&got, &empty));
	for (uint64_t n = 1; n <= leaves; n++) {
		struct fh_hash leaf = leaf_of(n - 1), expected = reference_root(0, n), sub;

		fh_tree_add(&t, &leaf);
		got = fh_tree_root(&t);
		assert_int_equal(t.size, n);
		assert_true(fh_hash_equal(&got, &expected));
		assert_int_equal(fh_subtree_hash(&source, 0, n, &sub), FH_ERR_OK);
		assert_true(fh_hash_equal(&sub, &expected));
	}
}

static void a_copied_tree_forks(void **state)
{
	(void)state;
	struct fh_tree a = { 0 }, b;
	struct fh_hash one = leaf_of(1), two = leaf_of(2);

	fh_tree_add(&a, &one);
	b = a;
	fh_tree_add(&a, &two);
	struct fh_hash root = fh_tree_root(&b);

	assert_true(fh_hash_equal(&root, &one));
}

static void knows_valid_subtrees(void **state)
{
	(void)state;
	static const struct {
		uint64_t start, end;
		bool valid;
	} table[] = {
		{ 0, 0, true }, { 5, 5, true }, { 0, 7, true }, { 4, 7, true }, { 4, 8, true },
		{ 4, 9, false }, { 2, 5, false }, { 3, 4, true }, { 8, 13, true }, { 5, 4, false },
		{ 0, UINT64_MAX, true }, { 1, UINT64_MAX, false },
		{ UINT64_C(1) << 63, UINT64_MAX, true }, { UINT64_C(1) << 62, UINT64_MAX, false },
		{ UINT64_MAX, UINT64_MAX, true },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_int_equal(fh_subtree_valid(table[i].start, table[i].end), table[i].valid);
}

/* Whatever is changed about a right proof, it is refused.  */
static void inclusion_tampering(const struct fh_proof *right, uint64_t index, uint64_t start,
				uint64_t end, const struct fh_hash *leaf,
				const struct fh_hash *root)
{
	struct fh_proof p = *right;
	struct fh_hash other = *leaf;

	assert_int_equal(fh_inclusion_check(&p, index, start, end, leaf, root), FH_ERR_OK);
	other.bytes[31] ^= 1;
	assert_int_equal(fh_inclusion_check(&p, index, start, end, &other, root), FH_ERR_SIGNATURE);
	other = *root;
	other.bytes[0] ^= 1;
	assert_int_equal(fh_inclusion_check(&p, index, start, end, leaf, &other), FH_ERR_SIGNATURE);
	for (size_t i = 0; i < p.n; i++) {
		p.hash[i].bytes[7] ^= 1;
		assert_int_equal(fh_inclusion_check(&p, index, start, end, leaf, root),
				 FH_ERR_SIGNATURE);
		p.hash[i].bytes[7] ^= 1;
	}
	p.hash[p.n++] = *leaf;
	assert_int_equal(fh_inclusion_check(&p, index, start, end, leaf, root), FH_ERR_SIGNATURE);
	p = *right;
	if (p.n > 0) {
		p.n--;
		assert_int_equal(fh_inclusion_check(&p, index, start, end, leaf, root),
				 FH_ERR_SIGNATURE);
	}
	p.n = FH_PROOF_MAX + 2;
	assert_int_equal(fh_inclusion_check(&p, index, start, end, leaf, root), FH_ERR_SIGNATURE);
}

static void inclusion_is_shown_for_its_leaf_only(void **state)
{
	(void)state;
	for (uint64_t end = 1; end <= leaves; end++) {
		struct fh_hash root = reference_root(0, end);

		for (uint64_t index = 0; index < end; index++) {
			struct fh_hash leaf = leaf_of(index);
			struct fh_proof p;

			assert_int_equal(fh_inclusion_build(&source, index, 0, end, &p), FH_ERR_OK);
			inclusion_tampering(&p, index, 0, end, &leaf, &root);
			for (uint64_t other = 0; other <= end; other++) {
				if (other != index)
					assert_int_equal(fh_inclusion_check(&p, other, 0, end,
									    &leaf, &root),
							 FH_ERR_SIGNATURE);
			}
		}
	}
}

static void consistency_tampering(const struct fh_proof *right, uint64_t start, uint64_t end,
				  uint64_t size, const struct fh_hash *part,
				  const struct fh_hash *root)
{
	struct fh_proof p = *right;
	struct fh_hash other = *part;

	assert_int_equal(fh_consistency_check(&p, start, end, size, part, root), FH_ERR_OK);
	other.bytes[31] ^= 1;
	assert_int_equal(fh_consistency_check(&p, start, end, size, &other, root),
			 FH_ERR_SIGNATURE);
	other = *root;
	other.bytes[0] ^= 1;
	assert_int_equal(fh_consistency_check(&p, start, end, size, part, &other),
			 FH_ERR_SIGNATURE);
	for (size_t i = 0; i < p.n; i++) {
		p.hash[i].bytes[7] ^= 1;
		assert_int_equal(fh_consistency_check(&p, start, end, size, part, root),
				 FH_ERR_SIGNATURE);
		p.hash[i].bytes[7] ^= 1;
	}
	p.hash[p.n++] = *part;
	assert_int_equal(fh_consistency_check(&p, start, end, size, part, root), FH_ERR_SIGNATURE);
	p = *right;
	if (p.n > 0) {
		p.n--;
		assert_int_equal(fh_consistency_check(&p, start, end, size, part, root),
				 FH_ERR_SIGNATURE);
	}
}

static void consistency_is_shown_for_its_subtree_only(void **state)
{
	(void)state;
	for (uint64_t size = 1; size <= leaves; size++) {
		struct fh_hash root = reference_root(0, size);

		for (uint64_t end = 1; end <= size; end++) {
			for (uint64_t start = 0; start < end; start++) {
				struct fh_proof p;

				if (!fh_subtree_valid(start, end))
					continue;
				struct fh_hash part = reference_root(start, end);

				assert_int_equal(fh_consistency_build(&source, start, end, size,
								      &p),
						 FH_ERR_OK);
				consistency_tampering(&p, start, end, size, &part, &root);
			}
		}
	}
}

static void nothing_is_part_of_everything(void **state)
{
	(void)state;
	struct fh_proof p = { .n = 1 };
	struct fh_hash empty = fh_hash_of((struct fh_span){ 0 }), root = reference_root(0, 5);

	assert_int_equal(fh_consistency_check(&p, 0, 0, 5, &empty, &root), FH_ERR_SIGNATURE);
	assert_int_equal(fh_consistency_build(&source, 0, 0, 5, &p), FH_ERR_OK);
	assert_int_equal(p.n, 0);
	assert_int_equal(fh_consistency_check(&p, 0, 0, 5, &empty, &root), FH_ERR_OK);
	assert_int_equal(fh_consistency_check(&p, 3, 3, 5, &empty, &root), FH_ERR_OK);
	assert_int_equal(fh_consistency_check(&p, 0, 0, 0, &empty, &empty), FH_ERR_OK);
	assert_int_equal(fh_consistency_check(&p, 0, 0, 0, &empty, &root), FH_ERR_SIGNATURE);
	assert_int_equal(fh_consistency_check(&p, 0, 0, 5, &root, &root), FH_ERR_SIGNATURE);
}

static void refuses_ranges_that_make_no_sense(void **state)
{
	(void)state;
	struct fh_proof p = { 0 };
	struct fh_hash h = leaf_of(0);

	assert_int_equal(fh_subtree_hash(&source, 2, 5, &h), FH_ERR_FORMAT);
	assert_int_equal(fh_inclusion_build(&source, 5, 0, 5, &p), FH_ERR_FORMAT);
	assert_int_equal(fh_inclusion_build(&source, 3, 4, 8, &p), FH_ERR_FORMAT);
	assert_int_equal(fh_inclusion_build(&source, 3, 2, 5, &p), FH_ERR_FORMAT);
	assert_int_equal(fh_consistency_build(&source, 0, 6, 5, &p), FH_ERR_FORMAT);
	assert_int_equal(fh_consistency_build(&source, 2, 5, 8, &p), FH_ERR_FORMAT);
	assert_int_equal(fh_inclusion_check(&p, 0, 0, 0, &h, &h), FH_ERR_SIGNATURE);
	assert_int_equal(fh_inclusion_check(&p, 3, 2, 5, &h, &h), FH_ERR_SIGNATURE);
	assert_int_equal(fh_consistency_check(&p, 0, 6, 5, &h, &h), FH_ERR_SIGNATURE);
	assert_int_equal(fh_consistency_check(&p, 2, 5, 8, &h, &h), FH_ERR_SIGNATURE);
	assert_int_equal(fh_consistency_check(&p, 5, 4, 8, &h, &h), FH_ERR_SIGNATURE);
}

static void passes_on_what_the_source_could_not(void **state)
{
	(void)state;
	struct fh_proof p = { .n = 7 };
	struct fh_hash h;

	assert_int_equal(fh_subtree_hash(&broken, 0, 5, &h), FH_ERR_IO);
	assert_int_equal(fh_inclusion_build(&broken, 1, 0, 5, &p), FH_ERR_IO);
	assert_int_equal(fh_consistency_build(&broken, 0, 3, 5, &p), FH_ERR_IO);
	assert_int_equal(p.n, 7);
}

static fh_err same_everywhere(void *context, int level, uint64_t index, struct fh_hash *out)
{
	(void)context;
	*out = (struct fh_hash){ { (uint8_t)level, (uint8_t)index } };
	return FH_ERR_OK;
}

static void the_largest_trees_stay_within_bounds(void **state)
{
	(void)state;
	static const struct fh_subtree_source same = { same_everywhere, nullptr };
	struct fh_proof p;

	assert_int_equal(fh_inclusion_build(&same, UINT64_MAX - 2, 0, UINT64_MAX, &p), FH_ERR_OK);
	assert_true(p.n <= FH_PROOF_MAX);
	assert_int_equal(fh_inclusion_build(&same, 0, 0, UINT64_MAX, &p), FH_ERR_OK);
	assert_int_equal(p.n, 64);
	assert_int_equal(fh_consistency_build(&same, 0, UINT64_MAX / 3, UINT64_MAX, &p), FH_ERR_OK);
	assert_int_equal(fh_consistency_build(&same, 0, 1, UINT64_MAX, &p), FH_ERR_OK);
	assert_int_equal(fh_consistency_build(&same, 0, UINT64_MAX - 1, UINT64_MAX, &p), FH_ERR_OK);
	assert_int_equal(fh_consistency_build(&same, UINT64_MAX - 1, UINT64_MAX, UINT64_MAX, &p),
			 FH_ERR_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_root_is_rfc_6962s_at_every_size),
		cmocka_unit_test(a_copied_tree_forks),
		cmocka_unit_test(knows_valid_subtrees),
		cmocka_unit_test(inclusion_is_shown_for_its_leaf_only),
		cmocka_unit_test(consistency_is_shown_for_its_subtree_only),
		cmocka_unit_test(nothing_is_part_of_everything),
		cmocka_unit_test(refuses_ranges_that_make_no_sense),
		cmocka_unit_test(passes_on_what_the_source_could_not),
		cmocka_unit_test(the_largest_trees_stay_within_bounds),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
