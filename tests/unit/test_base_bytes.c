/* SPDX-License-Identifier: Apache-2.0 */
#include "base/builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/cursor.h"
#include "base/decimal.h"
#include "base/hex.h"
#include "base/secret.h"
#include "base/trace.h"
#include "base/utf8.h"
#include "freehold/verdict.h"

static bool written(const struct fh_builder *b, const char *text)
{
	return fh_span_equal(fh_builder_span(b), fh_span_str(text));
}

static void span_orders_bytewise_with_a_prefix_first(void **state)
{
	(void)state;
	assert_true(fh_span_compare(FH_SPAN_LIT("a"), FH_SPAN_LIT("ab")) < 0);
	assert_true(fh_span_compare(FH_SPAN_LIT("b"), FH_SPAN_LIT("ab")) > 0);
	assert_true(fh_span_compare(FH_SPAN_LIT("\xff"), FH_SPAN_LIT("\x01")) > 0);
	assert_int_equal(fh_span_compare(FH_SPAN_LIT("ab"), FH_SPAN_LIT("ab")), 0);
	assert_int_equal(fh_span_compare((struct fh_span){ 0 }, FH_SPAN_LIT("")), 0);
	assert_true(fh_span_compare((struct fh_span){ 0 }, FH_SPAN_LIT("a")) < 0);
}

static void span_parts_never_leave_the_span(void **state)
{
	(void)state;
	struct fh_span s = FH_SPAN_LIT("abc");

	assert_int_equal(fh_span_skip(s, 4).n, 0);
	assert_int_equal(fh_span_first(s, 4).n, 3);
	assert_int_equal(fh_span_skip(s, 1).n, 2);
	assert_int_equal(fh_span_skip((struct fh_span){ 0 }, 1).n, 0);
	assert_int_equal(fh_span_find(s, 'c'), 2);
	assert_int_equal(fh_span_find(s, 'x'), 3);
	assert_int_equal(fh_span_find((struct fh_span){ 0 }, 'x'), 0);
	assert_true(fh_span_starts(s, FH_SPAN_LIT("ab")));
	assert_true(fh_span_starts(s, FH_SPAN_LIT("")));
	assert_false(fh_span_starts(s, FH_SPAN_LIT("abcd")));
}

static void builder_writes_big_endian_decimal_and_hex(void **state)
{
	(void)state;
	uint8_t room[64];
	struct fh_builder b = FH_BUILDER_ARRAY(room);

	fh_builder_u8(&b, 'A');
	fh_builder_be16(&b, 0x4243);
	fh_builder_be32(&b, 0x44454647);
	fh_builder_be64(&b, UINT64_C(0x48494a4b4c4d4e4f));
	fh_builder_decimal(&b, 0);
	fh_builder_decimal(&b, UINT64_MAX);
	fh_builder_hex(&b, FH_SPAN_LIT("\x00\xab"));
	fh_builder_text(&b, "z");
	assert_true(written(&b, "ABCDEFGHIJKLMNO01844674407370955161500abz"));
}

static void builder_stays_bad_after_the_first_misfit(void **state)
{
	(void)state;
	uint8_t room[2];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_span out = FH_SPAN_LIT("untouched");

	fh_builder_be16(&b, 1);
	assert_int_equal(fh_builder_end(&b, &out), FH_ERR_OK);
	assert_int_equal(out.n, 2);
	b = FH_BUILDER_ARRAY(room);
	fh_builder_be32(&b, 1);
	fh_builder_u8(&b, 1);
	assert_int_equal(fh_builder_end(&b, &out), FH_ERR_LIMIT);
	assert_int_equal(out.n, 2);
	assert_int_equal(fh_builder_span(&b).n, 0);
	assert_null(fh_builder_space(&b, 0));
}

static void cursor_reads_in_order_and_refuses_the_rest(void **state)
{
	(void)state;
	struct fh_cursor c = fh_cursor_of(FH_SPAN_LIT("\x01\x00\x02\x00\x00\x00\x03"
						      "\0\0\0\0\0\0\0\x04" "ab:c"));

	assert_int_equal(fh_cursor_u8(&c), 1);
	assert_int_equal(fh_cursor_be16(&c), 2);
	assert_int_equal(fh_cursor_be32(&c), 3);
	assert_int_equal(fh_cursor_be64(&c), 4);
	assert_int_equal(fh_cursor_until(&c, ':').n, 2);
	assert_int_equal(fh_cursor_end(&c), FH_ERR_FORMAT);
	fh_cursor_expect(&c, FH_SPAN_LIT("c"));
	assert_int_equal(fh_cursor_end(&c), FH_ERR_OK);
	assert_int_equal(fh_cursor_u8(&c), 0);
	assert_int_equal(fh_cursor_end(&c), FH_ERR_FORMAT);
}

static void cursor_reads_little_endian_with_the_least_byte_first(void **state)
{
	(void)state;
	struct fh_cursor c = fh_cursor_of(FH_SPAN_LIT("\x01\x02\x01\x02\x03\x04"
						      "\x01\x02\x03\x04\x05\x06\x07\x08\x09"));

	assert_int_equal(fh_cursor_le16(&c), 0x0201);
	assert_int_equal(fh_cursor_le32(&c), 0x04030201);
	assert_true(fh_cursor_le64(&c) == UINT64_C(0x0807060504030201));
	assert_int_equal(fh_cursor_le16(&c), 0);
	assert_int_equal(fh_cursor_end(&c), FH_ERR_FORMAT);
}

static void cursor_keeps_the_first_reason(void **state)
{
	(void)state;
	struct fh_cursor c = fh_cursor_of(FH_SPAN_LIT("\x00\x05hello"));

	assert_int_equal(fh_cursor_vec16(&c, 4).n, 0);
	assert_int_equal(fh_cursor_take(&c, 1).n, 0);
	fh_cursor_fail(&c, FH_ERR_FORMAT);
	assert_int_equal(fh_cursor_end(&c), FH_ERR_LIMIT);
	c = fh_cursor_of(FH_SPAN_LIT("\x00\x05hello"));
	assert_int_equal(fh_cursor_vec16(&c, 5).n, 5);
	assert_int_equal(fh_cursor_end(&c), FH_ERR_OK);
	c = fh_cursor_of(FH_SPAN_LIT("\x00\x05hell"));
	assert_int_equal(fh_cursor_vec16(&c, 5).n, 0);
	assert_int_equal(fh_cursor_end(&c), FH_ERR_FORMAT);
	c = fh_cursor_of(FH_SPAN_LIT("no colon"));
	assert_int_equal(fh_cursor_until(&c, ':').n, 0);
	assert_int_equal(fh_cursor_end(&c), FH_ERR_FORMAT);
	c = fh_cursor_of(FH_SPAN_LIT("ab"));
	fh_cursor_expect(&c, FH_SPAN_LIT("ax"));
	assert_int_equal(fh_cursor_end(&c), FH_ERR_FORMAT);
}

static void arena_gives_aligned_zeroes_until_it_is_full(void **state)
{
	(void)state;
	alignas(max_align_t) uint8_t room[64];
	struct fh_arena a = fh_arena_of(room, sizeof(room));

	memset(room, 0xff, sizeof(room));
	uint8_t *one = fh_arena_take(&a, 1);
	uint8_t *two = fh_arena_take(&a, 1);

	assert_int_equal(*one, 0);
	assert_int_equal((uintptr_t)two % alignof(max_align_t), 0);
	assert_null(fh_arena_take(&a, 33));
	assert_null(fh_arena_take(&a, SIZE_MAX));
	assert_null(fh_arena_array(&a, SIZE_MAX, 2));
	assert_non_null(fh_arena_array(&a, 4, 8));
	assert_null(fh_arena_take(&a, 1));
	fh_arena_reset(&a);
	assert_ptr_equal(fh_arena_take(&a, 64), room);
}

static void arena_copies_with_a_zero_behind(void **state)
{
	(void)state;
	alignas(max_align_t) uint8_t room[16];
	struct fh_arena a = fh_arena_of(room, sizeof(room));
	struct fh_span out = { 0 };

	assert_int_equal(fh_arena_copy(&a, FH_SPAN_LIT("sixteen bytes...")  , &out), FH_ERR_NOMEM);
	assert_null(out.p);
	assert_int_equal(fh_arena_copy(&a, FH_SPAN_LIT("abc"), &out), FH_ERR_OK);
	assert_string_equal((const char *)out.p, "abc");
	assert_int_equal(out.n, 3);
}

static void hex_reads_both_cases_and_nothing_else(void **state)
{
	(void)state;
	uint8_t out[2] = { 7, 7 };

	assert_int_equal(fh_hex_read(FH_SPAN_LIT("00g0"), out, 2), FH_ERR_FORMAT);
	assert_int_equal(fh_hex_read(FH_SPAN_LIT("000"), out, 2), FH_ERR_FORMAT);
	assert_int_equal(fh_hex_read(FH_SPAN_LIT("00000"), out, 2), FH_ERR_FORMAT);
	assert_int_equal(out[0], 7);
	assert_int_equal(fh_hex_read(FH_SPAN_LIT("aBcD"), out, 2), FH_ERR_OK);
	assert_memory_equal(out, "\xab\xcd", 2);
	assert_int_equal(fh_hex_read(FH_SPAN_LIT(""), out, 65), FH_ERR_FORMAT);
}

static void decimal_has_one_form(void **state)
{
	(void)state;
	static const char *const refused[] = { "", "00", "01", "+1", "-1", " 1", "1 ", "1a", "/",
					       ":", "18446744073709551616",
					       "99999999999999999999" };
	uint64_t v = 7;

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_int_equal(fh_decimal_read(fh_span_str(refused[i]), &v), FH_ERR_FORMAT);
	assert_int_equal(v, 7);
	assert_int_equal(fh_decimal_read(FH_SPAN_LIT("0"), &v), FH_ERR_OK);
	assert_int_equal(v, 0);
	assert_int_equal(fh_decimal_read(FH_SPAN_LIT("18446744073709551615"), &v), FH_ERR_OK);
	assert_true(v == UINT64_MAX);
}

static void secrets_are_bounded_compared_and_wiped(void **state)
{
	(void)state;
	uint8_t long_key[FH_SECRET_MAX + 1] = { 0 };
	struct fh_secret s = { .n = 3 };
	static const struct fh_secret zero;

	assert_int_equal(fh_secret_from(FH_SPAN_ARRAY(long_key), &s), FH_ERR_LIMIT);
	assert_int_equal(s.n, 3);
	assert_int_equal(fh_secret_from(FH_SPAN_LIT("key"), &s), FH_ERR_OK);
	assert_true(fh_secret_equal(fh_secret_span(&s), FH_SPAN_LIT("key")));
	assert_false(fh_secret_equal(fh_secret_span(&s), FH_SPAN_LIT("kex")));
	assert_false(fh_secret_equal(fh_secret_span(&s), FH_SPAN_LIT("ke")));
	fh_secret_drop(&s);
	fh_secret_drop(&s);
	assert_memory_equal(&s, &zero, sizeof(s));
	fh_wipe(nullptr, 0);
}

/* Words of ASCII are passed over at once: TEXT must be judged alike wherever it stands.  */
static bool utf8_valid_anywhere(const char *text, bool expected)
{
	char room[64];
	size_t n = strlen(text);
	bool held = true;

	for (size_t before = 0; before < 20; before++) {
		for (size_t behind = 0; behind < 20; behind++) {
			memset(room, 'x', sizeof(room));
			memcpy(room + before, text, n);
			held = held && fh_utf8_valid(fh_span_of(room, before + n + behind))
					       == expected;
		}
	}
	return held;
}

static void utf8_refuses_what_rfc_3629_does(void **state)
{
	(void)state;
	static const char *const good[] = { "", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80",
					    "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf",
					    "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf" };
	static const char *const bad[] = { "\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x41",
					   "\xe0\x9f\xbf", "\xe2\x82", "\xed\xa0\x80",
					   "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
					   "\xf5\x80\x80\x80", "\xff", "a\xf0\x90\x80" };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(utf8_valid_anywhere(good[i], true));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(utf8_valid_anywhere(bad[i], false));
}

static void assert_mended(const char *text, const char *expected)
{
	char room[32];
	size_t n = strlen(text);

	memcpy(room, text, n + 1);
	size_t left = fh_utf8_mend((uint8_t *)room, n);

	assert_int_equal(left, strlen(expected));
	assert_memory_equal(room, expected, left);
	assert_true(fh_utf8_valid(fh_span_of(room, left)));
}

static void utf8_is_mended_wherever_it_was_cut(void **state)
{
	(void)state;
	assert_mended("", "");
	assert_mended("a\xc3\xa9\xe2\x82\xac", "a\xc3\xa9\xe2\x82\xac");
	assert_mended("\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80");
	assert_mended("a\xc3", "a");
	assert_mended("a\xe2\x82", "a");
	assert_mended("a\xf0\x9f\x98", "a");
	assert_mended("\xf0", "");
	assert_mended("\xac`", "?`");
	assert_mended("`\xe2\x82` is", "`?" "?` is");
	assert_mended("\xff\xc3\xa9\xed\xa0\x80z", "?\xc3\xa9???z");
}

static void trace_is_cut_between_characters(void **state)
{
	struct fh_trace t = { 0 };
	char text[4 * FH_TRACE_TEXT_MAX + 1];

	(void)state;
	for (size_t i = 0; i + 4 < sizeof(text); i += 4)
		memcpy(text + i, "\xf0\x9f\x98\x80", 5);
	for (int first = 0; first < 4; first++) {
		for (int n = 0; n < 8; n++) {
			fh_trace_where(&t, "`%.*s` and", n, text + first);
			fh_trace_what(&t, "%.*s%s", first, "aaaa", text);
			fh_trace_cure(&t, "%s", text + first);
			assert_true(fh_utf8_valid(fh_span_str(t.where)));
			assert_true(fh_utf8_valid(fh_span_str(t.what)));
			assert_true(fh_utf8_valid(fh_span_str(t.cure)));
			assert_non_null(strstr(t.where, "` and"));
			assert_true(strlen(t.what) > FH_TRACE_TEXT_MAX - 5);
		}
	}
}

static void trace_is_cut_and_printable(void **state)
{
	(void)state;
	struct fh_trace t = { 0 };
	char long_text[1000];

	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[999] = '\0';
	fh_trace_where(&t, "a\nb\x7f%d", 1);
	fh_trace_what(&t, "%s", long_text);
	fh_trace_cure(&t, "do");
	fh_trace_where(nullptr, "x");
	fh_trace_what(nullptr, "x");
	fh_trace_cure(nullptr, "x");
	assert_string_equal(t.where, "a?b?1");
	assert_int_equal(strlen(t.what), FH_TRACE_TEXT_MAX - 1);
	assert_string_equal(t.cure, "do");
}

static void every_error_and_answer_has_a_text(void **state)
{
	(void)state;
	for (unsigned e = 0; e < FH_ERR_COUNT; e++)
		assert_true(strlen(fh_err_text((fh_err)e)) > 3);
	assert_string_equal(fh_err_text((fh_err)FH_ERR_COUNT), "unknown error");
	assert_string_equal(fh_answer_text(FH_ANSWER_NO), "no");
	assert_string_equal(fh_answer_text(FH_ANSWER_YES), "yes");
	assert_string_equal(fh_answer_text(FH_ANSWER_UNCHECKED), "unchecked");
	assert_string_equal(fh_answer_text((enum fh_answer)77), "no");
	assert_false(fh_allows((struct fh_verdict){ 0 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(span_orders_bytewise_with_a_prefix_first),
		cmocka_unit_test(span_parts_never_leave_the_span),
		cmocka_unit_test(builder_writes_big_endian_decimal_and_hex),
		cmocka_unit_test(builder_stays_bad_after_the_first_misfit),
		cmocka_unit_test(cursor_reads_in_order_and_refuses_the_rest),
		cmocka_unit_test(cursor_reads_little_endian_with_the_least_byte_first),
		cmocka_unit_test(cursor_keeps_the_first_reason),
		cmocka_unit_test(arena_gives_aligned_zeroes_until_it_is_full),
		cmocka_unit_test(arena_copies_with_a_zero_behind),
		cmocka_unit_test(hex_reads_both_cases_and_nothing_else),
		cmocka_unit_test(decimal_has_one_form),
		cmocka_unit_test(secrets_are_bounded_compared_and_wiped),
		cmocka_unit_test(utf8_refuses_what_rfc_3629_does),
		cmocka_unit_test(utf8_is_mended_wherever_it_was_cut),
		cmocka_unit_test(trace_is_cut_between_characters),
		cmocka_unit_test(trace_is_cut_and_printable),
		cmocka_unit_test(every_error_and_answer_has_a_text),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
