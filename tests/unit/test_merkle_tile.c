/* SPDX-License-Identifier: Apache-2.0 */
#include "merkle/tile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "merkle/checkpoint.h"

static const struct {
	struct fh_tile tile;
	const char *path;
} tiles[] = {
	{ { 0, 0, 256 }, "tile/0/000" },
	{ { 0, 273, 112 }, "tile/0/273.p/112" },
	{ { 1, 1234067, 256 }, "tile/1/x001/x234/067" },
	{ { FH_TILE_ENTRIES, 1000, 1 }, "tile/entries/x001/000.p/1" },
	{ { 63, 999, 255 }, "tile/63/999.p/255" },
	{ { 0, UINT64_MAX, 256 }, "tile/0/x018/x446/x744/x073/x709/x551/615" },
};

static void paths_read_and_write(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(tiles) / sizeof(tiles[0]); i++) {
		uint8_t room[64];
		struct fh_builder b = FH_BUILDER_ARRAY(room);
		struct fh_tile t;

		fh_tile_put_path(&b, &tiles[i].tile);
		assert_true(fh_span_equal(fh_builder_span(&b), fh_span_str(tiles[i].path)));
		assert_int_equal(fh_tile_parse_path(fh_span_str(tiles[i].path), &t), FH_ERR_OK);
		assert_int_equal(t.level, tiles[i].tile.level);
		assert_true(t.index == tiles[i].tile.index);
		assert_int_equal(t.width, tiles[i].tile.width);
	}
}

static void refuses_every_other_path(void **state)
{
	(void)state;
	static const char *const refused[] = {
		"", "tile", "tile/", "tile/0", "tile/0/", "tile/0/0", "tile/0/00", "tile/0/0000",
		"/tile/0/000", "tile/00/000", "tile/64/000", "tile/-1/000", "tile/x/000",
		"tile/entries", "tile/0/x000/000", "tile/0/x000", "tile/0/x001/",
		"tile/0/001/000", "tile/0/x01/000",
		"tile/0/x001/x000", "tile/0/00a", "tile/0/0:0", "tile/0/000.p/", "tile/0/000.p/0",
		"tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/1/", "tile/0/000.q/1",
		"tile/0/000/", "tile/0/x018/x446/x744/x073/x709/x551/616",
		"tile/0/x999/x999/x999/x999/x999/x999/999",
		"tile/0/x001/x000/x000/x000/x000/x000/x000/000", "tile/0/../000", "tile/0/000.p/-1",
	};
	struct fh_tile t = { .width = 77 };

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (fh_tile_parse_path(fh_span_str(refused[i]), &t) != FH_ERR_FORMAT)
			fail_msg("%s was accepted", refused[i]);
	}
	assert_int_equal(t.width, 77);
}

static void refuses_to_write_tiles_that_cannot_be(void **state)
{
	(void)state;
	static const struct fh_tile wrong[] = { { 0, 0, 0 }, { 0, 0, 257 }, { 64, 0, 1 },
						{ -2, 0, 1 } };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		uint8_t room[64];
		struct fh_builder b = FH_BUILDER_ARRAY(room);

		fh_tile_put_path(&b, &wrong[i]);
		assert_true(b.bad);
	}
}

/* The example of C2SP tlog-tiles.  */
static void counts_tiles_of_70000_leaves(void **state)
{
	(void)state;
	assert_int_equal(fh_tile_full_count(0, 70000), 273);
	assert_int_equal(fh_tile_partial_width(0, 70000), 112);
	assert_int_equal(fh_tile_full_count(FH_TILE_ENTRIES, 70000), 273);
	assert_int_equal(fh_tile_partial_width(FH_TILE_ENTRIES, 70000), 112);
	assert_int_equal(fh_tile_full_count(1, 70000), 1);
	assert_int_equal(fh_tile_partial_width(1, 70000), 17);
	assert_int_equal(fh_tile_full_count(2, 70000), 0);
	assert_int_equal(fh_tile_partial_width(2, 70000), 1);
	assert_int_equal(fh_tile_partial_width(3, 70000), 0);
	assert_int_equal(fh_tile_partial_width(7, UINT64_MAX), 255);
	assert_int_equal(fh_tile_partial_width(8, UINT64_MAX), 0);
	assert_int_equal(fh_tile_full_count(63, UINT64_MAX), 0);
	assert_int_equal(fh_tile_partial_width(0, 0), 0);
}

static void bundles_are_read_strictly(void **state)
{
	(void)state;
	struct fh_span bundle = FH_SPAN_LIT("\0\x03one\0\0\0\x01x");
	struct fh_span out = { 0 };

	assert_int_equal(fh_bundle_entry(bundle, 0, &out), FH_ERR_OK);
	assert_true(fh_span_equal(out, FH_SPAN_LIT("one")));
	assert_int_equal(fh_bundle_entry(bundle, 1, &out), FH_ERR_OK);
	assert_int_equal(out.n, 0);
	assert_int_equal(fh_bundle_entry(bundle, 2, &out), FH_ERR_OK);
	assert_true(fh_span_equal(out, FH_SPAN_LIT("x")));
	assert_int_equal(fh_bundle_entry(bundle, 3, &out), FH_ERR_MISSING);
	assert_int_equal(fh_bundle_entry((struct fh_span){ 0 }, 0, &out), FH_ERR_MISSING);
	for (size_t n = 1; n < bundle.n; n++) {
		if (n != 5 && n != 7)
			assert_int_equal(fh_bundle_entry(fh_span_first(bundle, n), 0, &out),
					 FH_ERR_FORMAT);
	}
	static const uint8_t many[2 * 257];

	assert_int_equal(fh_bundle_entry(fh_span_of(many, 512), 255, &out), FH_ERR_OK);
	assert_int_equal(fh_bundle_entry(fh_span_of(many, 512), 256, &out), FH_ERR_MISSING);
	assert_int_equal(fh_bundle_entry(FH_SPAN_ARRAY(many), 0, &out), FH_ERR_FORMAT);
}

#define ROOT "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static void checkpoints_read_and_write(void **state)
{
	(void)state;
	uint8_t room[FH_CHECKPOINT_TEXT_MAX + 32];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_checkpoint c;
	struct fh_span text = FH_SPAN_LIT("freehold/ab\n18446744073709551615\n" ROOT "\n");

	assert_int_equal(fh_checkpoint_parse(text, &c), FH_ERR_OK);
	assert_true(fh_span_equal(c.origin, FH_SPAN_LIT("freehold/ab")));
	assert_true(c.size == UINT64_MAX);
	assert_int_equal(c.root.bytes[31], 0);
	fh_checkpoint_put_text(&b, &c);
	assert_true(fh_span_equal(fh_builder_span(&b), text));
	b.n = 0;
	fh_checkpoint_put_signed(&b, FH_SPAN_LIT("text\n"));
	assert_true(fh_span_equal(fh_builder_span(&b),
				  FH_SPAN_LIT("freehold/checkpoint/v1\ntext\n")));
}

static void refuses_every_other_checkpoint(void **state)
{
	(void)state;
	static const char *const refused[] = {
		"\n1\n" ROOT "\n", "o\n01\n" ROOT "\n", "o\n\n" ROOT "\n", "o\n-1\n" ROOT "\n",
		"o\n+1\n" ROOT "\n", "o\n1 \n" ROOT "\n", "o\n18446744073709551616\n" ROOT "\n",
		"o\n1\n" ROOT "\nextension\n", "o\n1\n" ROOT "\n\n", "o\n1\n" ROOT, "o\n1\n\n",
		"o\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n", "o\n1\nAAAA\n",
		"o\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n", "o\xff\n1\n" ROOT "\n",
		"o\t\n1\n" ROOT "\n", "o\n1\r\n" ROOT "\n",
	};
	struct fh_checkpoint c = { .size = 77 };
	struct fh_span whole = FH_SPAN_LIT("o\n1\n" ROOT "\n");

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_int_equal(fh_checkpoint_parse(fh_span_str(refused[i]), &c), FH_ERR_FORMAT);
	for (size_t n = 0; n < whole.n; n++)
		assert_int_equal(fh_checkpoint_parse(fh_span_first(whole, n), &c), FH_ERR_FORMAT);
	assert_int_equal(c.size, 77);
	assert_int_equal(fh_checkpoint_parse(whole, &c), FH_ERR_OK);
}

static void origins_are_bounded(void **state)
{
	(void)state;
	uint8_t room[FH_CHECKPOINT_TEXT_MAX + 32], origin[FH_NOTE_NAME_MAX + 1];
	struct fh_checkpoint c = { .size = UINT64_MAX }, out;

	memset(origin, 'o', sizeof(origin));
	for (size_t n = FH_NOTE_NAME_MAX; n <= sizeof(origin); n++) {
		struct fh_builder b = FH_BUILDER_ARRAY(room);

		c.origin = fh_span_of(origin, n);
		fh_checkpoint_put_text(&b, &c);
		assert_int_equal(fh_checkpoint_parse(fh_builder_span(&b), &out),
				 n > FH_NOTE_NAME_MAX ? FH_ERR_LIMIT : FH_ERR_OK);
		assert_true(n > FH_NOTE_NAME_MAX || b.n <= FH_CHECKPOINT_TEXT_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_read_and_write),
		cmocka_unit_test(refuses_every_other_path),
		cmocka_unit_test(refuses_to_write_tiles_that_cannot_be),
		cmocka_unit_test(counts_tiles_of_70000_leaves),
		cmocka_unit_test(bundles_are_read_strictly),
		cmocka_unit_test(checkpoints_read_and_write),
		cmocka_unit_test(refuses_every_other_checkpoint),
		cmocka_unit_test(origins_are_bounded),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
