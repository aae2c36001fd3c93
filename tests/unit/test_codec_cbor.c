/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cbor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hex.h"
#include "base/limits.h"

#include <math.h>

static struct fh_span bytes_of(const char *hex, uint8_t *room)
{
	size_t n = strlen(hex) / 2;

	assert_int_equal(fh_hex_read(fh_span_str(hex), room, n), FH_ERR_OK);
	return fh_span_of(room, n);
}

/* RFC 8949 appendix A: what is deterministic, and of types we know.  */
static const char *const accepted[] = {
	"00", "01", "0a", "17", "1818", "1819", "1864", "1903e8", "1a000f4240",
	"1b000000e8d4a51000", "1bffffffffffffffff", "3bffffffffffffffff", "20", "29", "3863",
	"3903e7", "f90000", "f98000", "f93c00", "fb3ff199999999999a", "f93e00", "f97bff",
	"fa47c35000", "fa7f7fffff", "fb7e37e43c8800759c", "f90001", "f90400", "f9c400",
	"fbc010666666666666", "f97c00", "f97e00", "f9fc00", "f4", "f5", "f6",
	"c074323031332d30332d32315432303a30343a30305a", "c11a514b67b0", "c1fb41d452d9e8200000",
	"d74401020304", "d818456449455446",
	"c249010000000000000000", "c349010000000000000000",
	"40", "4401020304", "60", "6161", "6449455446", "62225c", "62c3bc", "63e6b0b4",
	"64f0908591", "80", "83010203", "8301820203820405",
	"98190102030405060708090a0b0c0d0e0f101112131415161718181819", "a0", "a201020304",
	"a26161016162820203", "826161a161626163", "a56161614161626142616361436164614461656145",
};

/* The rest of it (indefinite lengths, longer forms, undefined, other simple
 * values), and more of the same.  */
static const char *const refused[] = {
	"", "f7", "f0", "f818", "f8ff", "fa7f800000", "fa7fc00000", "faff800000",
	"fb7ff0000000000000", "fb7ff8000000000000", "fbfff0000000000000", "5f42010243030405ff",
	"7f657374726561646d696e67ff", "9fff", "9f018202039f0405ffff", "bf61610161629f0203ffff",
	"1800", "1817", "190000", "1900ff", "1a00000000", "1a0000ffff", "1b00000000ffffffff",
	"3800", "5800", "580100", "7800", "9800", "b800", "d800c000", "1c", "1d", "1e", "1f", "3f",
	"dfff",
	"fa00000000", "fa3f800000", "fb0000000000000000", "fb3ff0000000000000", "f97e01", "f9fe00",
	"f9ffff", "f814", "f816", "f8", "f9", "f900", "ff",
	"61", "61ff", "62c328", "a10101ff", "a2010101", "a201010102", "a202010101",
	"a2616201616101", "a2616201626161", "a26261610161620a", "81", "8201", "a101", "a1", "c0",
	"0000", "8000",
	"9b0000000100000000", "bbffffffffffffffff", "5bffffffffffffffff", "7bffffffffffffffff",
};

static void accepts_every_deterministic_example(void **state)
{
	(void)state;
	uint8_t room[64];

	for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
		if (fh_cbor_check(bytes_of(accepted[i], room)) != FH_ERR_OK)
			fail_msg("%s was refused", accepted[i]);
	}
}

static void refuses_every_other_form(void **state)
{
	(void)state;
	uint8_t room[64];

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (fh_cbor_check(bytes_of(refused[i], room)) == FH_ERR_OK)
			fail_msg("%s was accepted", refused[i]);
	}
}

static void refuses_every_truncation_and_continuation(void **state)
{
	(void)state;
	uint8_t room[65];

	for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
		struct fh_span s = bytes_of(accepted[i], room);

		for (size_t n = 0; n < s.n; n++)
			assert_int_not_equal(fh_cbor_check(fh_span_first(s, n)), FH_ERR_OK);
		room[s.n] = 0;
		assert_int_equal(fh_cbor_check(fh_span_of(room, s.n + 1)), FH_ERR_FORMAT);
	}
}

static fh_err nested(uint8_t head, int depth, int inside)
{
	uint8_t room[128];
	struct fh_builder b = FH_BUILDER_ARRAY(room);

	for (int i = 0; i < depth; i++) {
		fh_builder_u8(&b, head);
		if (head == 0xa1)
			fh_builder_u8(&b, 0);
	}
	fh_builder_u8(&b, 0);
	return inside == 0 ? fh_cbor_check(fh_builder_span(&b))
			   : fh_cbor_check_inside(fh_builder_span(&b), inside);
}

static void refuses_more_than_the_deepest_nesting(void **state)
{
	(void)state;
	static const uint8_t heads[] = { 0x81, 0xa1, 0xc1 };

	for (size_t i = 0; i < sizeof(heads); i++) {
		for (int inside = 0; inside <= FH_CBOR_DEPTH_MAX; inside++) {
			int most = FH_CBOR_DEPTH_MAX - inside;

			assert_int_equal(nested(heads[i], most, inside), FH_ERR_OK);
			assert_int_equal(nested(heads[i], most + 1, inside), FH_ERR_LIMIT);
		}
	}
}

static void writes_and_reads_integers_at_every_width(void **state)
{
	(void)state;
	static const uint64_t values[] = { 0, 23, 24, 255, 256, 65535, 65536, UINT32_MAX,
					   (uint64_t)UINT32_MAX + 1, INT64_MAX, UINT64_MAX };

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		uint8_t room[32];
		struct fh_builder b = FH_BUILDER_ARRAY(room);
		int64_t negative = -1 - (int64_t)(values[i] & INT64_MAX);

		fh_cbor_put_uint(&b, values[i]);
		fh_cbor_put_int(&b, negative);
		fh_cbor_put_int(&b, (int64_t)(values[i] & INT64_MAX));
		struct fh_cursor c = fh_cursor_of(fh_builder_span(&b));

		assert_true(fh_cbor_uint(&c) == values[i]);
		assert_true(fh_cbor_int(&c) == negative);
		assert_true(fh_cbor_int(&c) == (int64_t)(values[i] & INT64_MAX));
		assert_int_equal(fh_cursor_end(&c), FH_ERR_OK);
	}
}

static void integers_outside_int64_are_a_limit(void **state)
{
	(void)state;
	struct fh_cursor c = fh_cursor_of(FH_SPAN_LIT("\x1b\x80\0\0\0\0\0\0\0"));

	assert_int_equal(fh_cbor_int(&c), 0);
	assert_int_equal(fh_cursor_end(&c), FH_ERR_LIMIT);
	c = fh_cursor_of(FH_SPAN_LIT("\x3b\x80\0\0\0\0\0\0\0"));
	assert_int_equal(fh_cbor_int(&c), 0);
	assert_int_equal(fh_cursor_end(&c), FH_ERR_LIMIT);
}

static void writes_the_shortest_float(void **state)
{
	(void)state;
	static const struct {
		double v;
		size_t n;
	} table[] = {
		{ 0.0, 3 }, { -0.0, 3 }, { 1.5, 3 }, { 65504.0, 3 }, { 65505.0, 5 }, { 65536.0, 5 },
		{ 5.960464477539063e-08, 3 }, { 2.98023223876953125e-08, 5 }, { 100000.0, 5 },
		{ 3.4028234663852886e+38, 5 }, { 3.5e+38, 9 }, { 1.1, 9 }, { 1e300, 9 },
		{ 1.401298464324817e-45, 5 }, { 5e-324, 9 }, { 6.097555160522461e-05, 3 },
		{ 0.00006103515625, 3 }, { 2049.0, 5 }, { (double)INFINITY, 3 },
		{ -(double)INFINITY, 3 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		uint8_t room[16];
		struct fh_builder b = FH_BUILDER_ARRAY(room);

		fh_cbor_put_float(&b, table[i].v);
		assert_int_equal(b.n, table[i].n);
		struct fh_cursor c = fh_cursor_of(fh_builder_span(&b));
		double back = fh_cbor_float(&c);

		assert_int_equal(fh_cursor_end(&c), FH_ERR_OK);
		assert_memory_equal(&back, &table[i].v, sizeof(back));
	}
}

static void every_half_reads_and_writes_the_same(void **state)
{
	(void)state;
	for (uint32_t half = 0; half <= UINT16_MAX; half++) {
		uint8_t in[3] = { 0xf9, (uint8_t)(half >> 8), (uint8_t)half }, room[16];
		bool nan = (half & 0x7c00) == 0x7c00 && (half & 0x3ff) != 0;
		struct fh_cursor c = fh_cursor_of(FH_SPAN_ARRAY(in));
		struct fh_builder b = FH_BUILDER_ARRAY(room);
		double v = fh_cbor_float(&c);

		assert_int_equal(fh_cursor_end(&c),
				 nan && half != 0x7e00 ? FH_ERR_FORMAT : FH_ERR_OK);
		if (nan)
			continue;
		fh_cbor_put_float(&b, v);
		assert_true(fh_span_equal(fh_builder_span(&b), FH_SPAN_ARRAY(in)));
	}
}

static void strings_are_bounded_and_text_is_utf8(void **state)
{
	(void)state;
	struct fh_cursor c = fh_cursor_of(FH_SPAN_LIT("\x43" "abc"));

	assert_int_equal(fh_cbor_bytes(&c, 2).n, 0);
	assert_int_equal(fh_cursor_end(&c), FH_ERR_LIMIT);
	c = fh_cursor_of(FH_SPAN_LIT("\x43" "abc"));
	assert_int_equal(fh_cbor_bytes(&c, 3).n, 3);
	c = fh_cursor_of(FH_SPAN_LIT("\x43" "abc"));
	assert_int_equal(fh_cbor_bytes_exact(&c, 4).n, 0);
	assert_int_equal(fh_cursor_end(&c), FH_ERR_FORMAT);
	c = fh_cursor_of(FH_SPAN_LIT("\x43" "abc"));
	assert_int_equal(fh_cbor_text(&c, 3).n, 0);
	assert_int_equal(fh_cursor_end(&c), FH_ERR_FORMAT);
	c = fh_cursor_of(FH_SPAN_LIT("\x61\xff"));
	assert_int_equal(fh_cbor_text(&c, 3).n, 0);
	assert_int_equal(fh_cursor_end(&c), FH_ERR_FORMAT);
}

static void counts_are_bounded_and_exact(void **state)
{
	(void)state;
	struct fh_cursor c = fh_cursor_of(FH_SPAN_LIT("\x83\xa2"));

	assert_int_equal(fh_cbor_array(&c, 3), 3);
	assert_int_equal(fh_cbor_map(&c, 1), 0);
	assert_int_equal(fh_cursor_end(&c), FH_ERR_LIMIT);
	c = fh_cursor_of(FH_SPAN_LIT("\x83"));
	fh_cbor_array_exact(&c, 2);
	assert_int_equal(fh_cursor_end(&c), FH_ERR_FORMAT);
	c = fh_cursor_of(FH_SPAN_LIT("\xa1"));
	fh_cbor_map_exact(&c, 1);
	assert_int_equal(fh_cursor_end(&c), FH_ERR_OK);
	c = fh_cursor_of(FH_SPAN_LIT("\xd8\x62\x05"));
	fh_cbor_tag(&c, 98);
	fh_cbor_key(&c, 5);
	assert_int_equal(fh_cursor_end(&c), FH_ERR_OK);
	c = fh_cursor_of(FH_SPAN_LIT("\xd8\x62"));
	fh_cbor_tag(&c, 18);
	assert_int_equal(fh_cursor_end(&c), FH_ERR_FORMAT);
	c = fh_cursor_of(FH_SPAN_LIT("\x05"));
	fh_cbor_key(&c, 4);
	assert_int_equal(fh_cursor_end(&c), FH_ERR_FORMAT);
}

static fh_err magic_of(const char *file)
{
	struct fh_cursor c = fh_cursor_of(fh_span_str(file));

	fh_cbor_magic(&c, FH_SPAN_LIT("kind 2"), sizeof("kind ") - 1);
	return fh_cursor_end(&c);
}

static void a_magic_of_another_version_is_not_another_kind(void **state)
{
	(void)state;
	assert_int_equal(magic_of("\x66kind 2"), FH_ERR_OK);
	assert_int_equal(magic_of("\x66kind 3"), FH_ERR_VERSION);
	assert_int_equal(magic_of("\x67kind 21"), FH_ERR_VERSION);
	assert_int_equal(magic_of("\x66" "find 2"), FH_ERR_FORMAT);
	assert_int_equal(magic_of("\x64kind"), FH_ERR_FORMAT);
	assert_int_equal(magic_of("\x46kind 2"), FH_ERR_FORMAT);
	assert_int_equal(magic_of("\x66kind"), FH_ERR_FORMAT);
}

static void simple_values_read_as_themselves(void **state)
{
	(void)state;
	struct fh_cursor c = fh_cursor_of(FH_SPAN_LIT("\xf5\xf6\xf4\x00"));

	assert_false(fh_cbor_null(&c));
	assert_true(fh_cbor_bool(&c));
	assert_true(fh_cbor_null(&c));
	assert_false(fh_cbor_bool(&c));
	assert_int_equal(fh_cbor_peek(&c), FH_CBOR_UINT);
	assert_false(fh_cbor_bool(&c));
	assert_int_equal(fh_cbor_peek(&c), FH_CBOR_NONE);
	assert_false(fh_cbor_null(&c));
	assert_true(fh_cbor_float(&c) == 0);
	assert_int_equal(fh_cbor_item(&c).n, 0);
	assert_int_equal(fh_cursor_end(&c), FH_ERR_FORMAT);
	c = fh_cursor_of(FH_SPAN_LIT("\xf6"));
	assert_false(fh_cbor_bool(&c));
	assert_int_equal(fh_cursor_end(&c), FH_ERR_FORMAT);
}

static void an_item_is_taken_whole(void **state)
{
	(void)state;
	struct fh_cursor c = fh_cursor_of(FH_SPAN_LIT("\xa1\x01\x82\x02\x03\x04"));

	assert_int_equal(fh_cbor_item(&c).n, 5);
	assert_int_equal(fh_cbor_uint(&c), 4);
	assert_int_equal(fh_cursor_end(&c), FH_ERR_OK);
}

static void writers_make_what_readers_accept(void **state)
{
	(void)state;
	uint8_t room[64];
	struct fh_builder b = FH_BUILDER_ARRAY(room);

	fh_cbor_put_tag(&b, 18);
	fh_cbor_put_map(&b, 2);
	fh_cbor_put_uint(&b, 1);
	fh_cbor_put_array(&b, 3);
	fh_cbor_put_bool(&b, true);
	fh_cbor_put_bool(&b, false);
	fh_cbor_put_null(&b);
	fh_cbor_put_uint(&b, 2);
	fh_cbor_put_array(&b, 2);
	fh_cbor_put_text(&b, FH_SPAN_LIT("t"));
	fh_cbor_put_bytes(&b, FH_SPAN_LIT("b"));
	assert_true(fh_span_equal(fh_builder_span(&b),
				  FH_SPAN_LIT("\xd2\xa2\x01\x83\xf5\xf4\xf6\x02\x82\x61t\x41"
					      "b")));
	assert_int_equal(fh_cbor_check(fh_builder_span(&b)), FH_ERR_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_every_deterministic_example),
		cmocka_unit_test(refuses_every_other_form),
		cmocka_unit_test(refuses_every_truncation_and_continuation),
		cmocka_unit_test(refuses_more_than_the_deepest_nesting),
		cmocka_unit_test(writes_and_reads_integers_at_every_width),
		cmocka_unit_test(integers_outside_int64_are_a_limit),
		cmocka_unit_test(writes_the_shortest_float),
		cmocka_unit_test(every_half_reads_and_writes_the_same),
		cmocka_unit_test(strings_are_bounded_and_text_is_utf8),
		cmocka_unit_test(counts_are_bounded_and_exact),
		cmocka_unit_test(a_magic_of_another_version_is_not_another_kind),
		cmocka_unit_test(simple_values_read_as_themselves),
		cmocka_unit_test(an_item_is_taken_whole),
		cmocka_unit_test(writers_make_what_readers_accept),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
