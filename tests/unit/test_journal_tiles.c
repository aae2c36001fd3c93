/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/tiles.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fixture/remove.h"
#include "merkle/tree.h"

struct bench {
	char directory[32];
	struct fh_tiles tiles;
};

static int set_up(void **state)
{
	struct bench *b = test_calloc(1, sizeof(*b));

	(void)snprintf(b->directory, sizeof(b->directory), "/tmp/freehold-tiles-XXXXXX");
	assert_non_null(mkdtemp(b->directory));
	fh_tiles_begin(b->directory, &b->tiles);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	fh_tiles_drop(&b->tiles);
	fh_fixture_remove(b->directory);
	test_free(b);
	return 0;
}

static struct fh_hash leaf(uint64_t i)
{
	return fh_leaf_hash(fh_span_of(&i, sizeof(i)));
}

/* The root over the leaves FROM to END - 1.  */
static struct fh_hash root(uint64_t from, uint64_t end)
{
	struct fh_tree t = { 0 };

	for (uint64_t i = from; i < end; i++) {
		struct fh_hash h = leaf(i);

		fh_tree_add(&t, &h);
	}
	return fh_tree_root(&t);
}

static void feed(struct bench *b, uint64_t from, uint64_t end)
{
	for (uint64_t i = from; i < end; i++) {
		struct fh_hash h = leaf(i);

		fh_tiles_add(&b->tiles, &h);
	}
	assert_int_equal(b->tiles.broken, FH_ERR_OK);
}

/* The example of C2SP tlog-tiles: 70,000 entries are 273 full tiles and one of 112 at
 * level 0, one full and one of 17 at level 1, and one of 1 at level 2.  */
static void a_tree_of_70000_has_the_tiles_of_the_specification(void **state)
{
	struct bench *b = *state;
	uint8_t hashes[FH_TILE_WIDTH * FH_HASH_SIZE];
	struct fh_hash h;

	feed(b, 0, 70000);
	assert_int_equal(fh_tiles_read(&b->tiles, &(struct fh_tile){ 0, 272, 256 }, hashes),
			 FH_ERR_OK);
	h = leaf(273 * 256 - 1);
	assert_memory_equal(hashes + 255 * FH_HASH_SIZE, h.bytes, FH_HASH_SIZE);
	assert_int_equal(fh_tiles_read(&b->tiles, &(struct fh_tile){ 0, 273, 112 }, hashes),
			 FH_ERR_OK);
	assert_int_equal(fh_tiles_read(&b->tiles, &(struct fh_tile){ 0, 273, 113 }, hashes),
			 FH_ERR_MISSING);
	assert_int_equal(fh_tiles_read(&b->tiles, &(struct fh_tile){ 0, 274, 1 }, hashes),
			 FH_ERR_MISSING);
	assert_int_equal(fh_tiles_read(&b->tiles, &(struct fh_tile){ 1, 1, 17 }, hashes),
			 FH_ERR_OK);
	h = root(272 * 256, 273 * 256);
	assert_memory_equal(hashes + 16 * FH_HASH_SIZE, h.bytes, FH_HASH_SIZE);
	assert_int_equal(fh_tiles_read(&b->tiles, &(struct fh_tile){ 2, 0, 1 }, hashes), FH_ERR_OK);
	h = root(0, 65536);
	assert_memory_equal(hashes, h.bytes, FH_HASH_SIZE);
	assert_int_equal(fh_tiles_read(&b->tiles, &(struct fh_tile){ 2, 0, 2 }, hashes),
			 FH_ERR_MISSING);
	assert_int_equal(fh_tiles_read(&b->tiles, &(struct fh_tile){ 63, 0, 1 }, hashes),
			 FH_ERR_MISSING);
}

static void tells_where_a_bundle_begins(void **state)
{
	struct bench *b = *state;
	struct fh_place p;

	feed(b, 0, 1000);
	fh_tiles_place(&b->tiles, 0, 300, (struct fh_place){ 0, 123 });
	fh_tiles_place(&b->tiles, 300, 512, (struct fh_place){ 0, 456 });
	fh_tiles_place(&b->tiles, 512, 513, (struct fh_place){ 512, 7 });
	fh_tiles_place(&b->tiles, 513, 1000, (struct fh_place){ 512, 99 });
	assert_int_equal(fh_tiles_find(&b->tiles, 0, &p), FH_ERR_OK);
	assert_int_equal(p.offset, 123);
	assert_int_equal(fh_tiles_find(&b->tiles, 1, &p), FH_ERR_OK);
	assert_int_equal(p.offset, 123);
	assert_int_equal(fh_tiles_find(&b->tiles, 2, &p), FH_ERR_OK);
	assert_int_equal(p.segment, 512);
	assert_int_equal(p.offset, 7);
	assert_int_equal(fh_tiles_find(&b->tiles, 3, &p), FH_ERR_OK);
	assert_int_equal(p.offset, 99);
	assert_int_equal(fh_tiles_find(&b->tiles, 4, &p), FH_ERR_MISSING);
}

static void expect_subtrees(struct bench *b, uint64_t size)
{
	for (int level = 0; level < 18; level++) {
		uint64_t width = UINT64_C(1) << level, last = size / width;

		for (uint64_t i = last > 3 ? last - 3 : 0; i < last; i++) {
			struct fh_hash h, expected = root(i * width, (i + 1) * width);

			assert_int_equal(fh_tiles_subtree(&b->tiles, level, i, &h), FH_ERR_OK);
			assert_true(fh_hash_equal(&h, &expected));
		}
		struct fh_hash h;

		assert_int_not_equal(fh_tiles_subtree(&b->tiles, level, last, &h), FH_ERR_OK);
	}
}

/* At every kind of edge the tiles go on at another start as if they had never ended.  */
static void goes_on_from_its_partial_tiles(void **state)
{
	static const uint64_t sizes[] = { 1, 255, 256, 257, 511, 512, 65535, 65536, 65537, 66000 };
	static uint8_t room[FH_TILE_LEVELS * FH_TILE_WIDTH * FH_HASH_SIZE];
	struct bench *b = *state;
	uint64_t fed = 0;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct fh_builder partial = FH_BUILDER_ARRAY(room);
		struct fh_hash expected = root(0, sizes[i]), h;

		feed(b, fed, sizes[i]);
		fh_tiles_place(&b->tiles, fed, sizes[i], (struct fh_place){ 0, 100 + i });
		fed = sizes[i];
		fh_tiles_put_partial(&b->tiles, &partial);
		assert_int_equal(fh_tiles_sync(&b->tiles), FH_ERR_OK);
		fh_tiles_drop(&b->tiles);
		assert_int_equal(fh_tiles_resume(b->directory, fed, fh_builder_span(&partial),
						 &b->tiles), FH_ERR_OK);
		struct fh_tree tree = fh_tiles_tree(&b->tiles);

		h = fh_tree_root(&tree);
		assert_true(fh_hash_equal(&h, &expected));
		expect_subtrees(b, fed);
	}
}

static void does_not_go_on_without_its_files(void **state)
{
	static uint8_t room[FH_TILE_LEVELS * FH_TILE_WIDTH * FH_HASH_SIZE];
	struct bench *b = *state;
	struct fh_builder partial = FH_BUILDER_ARRAY(room);
	struct fh_span s;
	char path[64];

	feed(b, 0, 600);
	fh_tiles_place(&b->tiles, 0, 600, (struct fh_place){ 0, 128 });
	fh_tiles_put_partial(&b->tiles, &partial);
	s = fh_builder_span(&partial);
	fh_tiles_drop(&b->tiles);
	assert_int_equal(fh_tiles_resume(b->directory, 600, fh_span_first(s, s.n - 1), &b->tiles),
			 FH_ERR_FORMAT);
	assert_int_equal(fh_tiles_resume(b->directory, 601, s, &b->tiles), FH_ERR_FORMAT);
	(void)snprintf(path, sizeof(path), "%s/tiles.0", b->directory);
	assert_int_equal(truncate(path, 2 * 8192 - 1), 0);
	assert_int_equal(fh_tiles_resume(b->directory, 600, s, &b->tiles), FH_ERR_MISSING);
}

/* Feeding the same tree again finds what is there, and mends what is not.  */
static void what_differs_on_disk_is_written_anew(void **state)
{
	struct bench *b = *state;
	uint8_t before[FH_TILE_WIDTH * FH_HASH_SIZE], after[sizeof(before)];
	const struct fh_tile first = { 0, 0, 256 };
	char path[64];

	feed(b, 0, 600);
	assert_int_equal(fh_tiles_read(&b->tiles, &first, before), FH_ERR_OK);
	fh_tiles_drop(&b->tiles);
	(void)snprintf(path, sizeof(path), "%s/tiles.0", b->directory);
	FILE *f = fopen(path, "r+");

	assert_non_null(f);
	(void)fputs("damage", f);
	(void)fclose(f);
	fh_tiles_begin(b->directory, &b->tiles);
	feed(b, 0, 600);
	fh_tiles_settled(&b->tiles);
	assert_int_equal(fh_tiles_read(&b->tiles, &first, after), FH_ERR_OK);
	assert_memory_equal(before, after, sizeof(before));
}

/* A directory that cannot be written breaks the tiles; adding goes on without them.  */
static void a_failure_breaks_the_tiles_and_nothing_else(void **state)
{
	struct bench *b = *state;
	uint8_t hashes[FH_TILE_WIDTH * FH_HASH_SIZE];
	struct fh_place p;

	fh_tiles_begin("/tmp/freehold-no-such-directory", &b->tiles);
	for (uint64_t i = 0; i < 300; i++) {
		struct fh_hash h = leaf(i);

		fh_tiles_add(&b->tiles, &h);
	}
	assert_int_equal(b->tiles.broken, FH_ERR_MISSING);
	fh_tiles_place(&b->tiles, 0, 300, (struct fh_place){ 0, 0 });
	assert_int_not_equal(fh_tiles_read(&b->tiles, &(struct fh_tile){ 0, 0, 1 }, hashes),
			     FH_ERR_OK);
	assert_int_not_equal(fh_tiles_find(&b->tiles, 0, &p), FH_ERR_OK);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_tree_of_70000_has_the_tiles_of_the_specification),
		TEST(tells_where_a_bundle_begins),
		TEST(goes_on_from_its_partial_tiles),
		TEST(does_not_go_on_without_its_files),
		TEST(what_differs_on_disk_is_written_anew),
		TEST(a_failure_breaks_the_tiles_and_nothing_else),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
