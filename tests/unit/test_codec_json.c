/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "codec/cbor.h"
#include "codec/lookup.h"

static alignas(16) uint8_t memory[1 << 20];
static uint8_t room[1 << 17];

static fh_err to_cbor(struct fh_span json, struct fh_builder *b, struct fh_trace *t)
{
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	fh_err e = fh_json_to_cbor(json, &a, b, t);

	assert_int_equal(a.n, 0);
	if (e == FH_ERR_OK)
		assert_int_equal(fh_cbor_check(fh_builder_span(b)), FH_ERR_OK);
	else
		assert_int_equal(b->n, 0);
	return e;
}

static const struct {
	const char *json;
	struct fh_span cbor;
	const char *back; /* NULL: as it was */
} pairs[] = {
#define CBOR(s) { (const uint8_t *)(s), sizeof(s) - 1 }
	{ "0", CBOR("\x00"), nullptr },
	{ "-1", CBOR("\x20"), nullptr },
	{ "18446744073709551615", CBOR("\x1b\xff\xff\xff\xff\xff\xff\xff\xff"), nullptr },
	{ "-9223372036854775808", CBOR("\x3b\x7f\xff\xff\xff\xff\xff\xff\xff"), nullptr },
	{ "-0", CBOR("\x00"), "0" },
	{ "-0.0", CBOR("\xf9\x80\x00"), nullptr },
	{ "0.0", CBOR("\xf9\x00\x00"), nullptr },
	{ "1.0", CBOR("\xf9\x3c\x00"), nullptr },
	{ "1e0", CBOR("\xf9\x3c\x00"), "1.0" },
	{ "1.1", CBOR("\xfb\x3f\xf1\x99\x99\x99\x99\x99\x9a"), nullptr },
	{ "1e300", CBOR("\xfb\x7e\x37\xe4\x3c\x88\x00\x75\x9c"), "1e+300" },
	{ "0.1", CBOR("\xfb\x3f\xb9\x99\x99\x99\x99\x99\x9a"), nullptr },
	{ "5e-324", CBOR("\xfb\0\0\0\0\0\0\0\x01"), nullptr },
	{ " [ true , false , null ] ", CBOR("\x83\xf5\xf4\xf6"), "[true,false,null]" },
	{ "[]", CBOR("\x80"), nullptr },
	{ "{}", CBOR("\xa0"), nullptr },
	{ "\"\"", CBOR("\x60"), nullptr },
	{ "{\"bb\":1,\"a\":2,\"c\":3,\"\":4}",
	  CBOR("\xa4\x60\x04\x61" "a\x02\x61" "c\x03\x62" "bb\x01"),
	  "{\"\":4,\"a\":2,\"c\":3,\"bb\":1}" },
	{ "\"\\u00e9\\ud83d\\ude00\\n\\u0000\\/\"", CBOR("\x69\xc3\xa9\xf0\x9f\x98\x80\n\0/"),
	  "\"\xc3\xa9\xf0\x9f\x98\x80\\n\\u0000/\"" },
	{ "{\"x\":[{\"y\":{}}]}", CBOR("\xa1\x61x\x81\xa1\x61y\xa0"), nullptr },
#undef CBOR
};

static void converts_both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct fh_builder b = FH_BUILDER_ARRAY(room);
		uint8_t text[256];
		struct fh_builder j = FH_BUILDER_ARRAY(text);

		assert_int_equal(to_cbor(fh_span_str(pairs[i].json), &b, nullptr), FH_ERR_OK);
		if (!fh_span_equal(fh_builder_span(&b), pairs[i].cbor))
			fail_msg("%s became other bytes", pairs[i].json);
		assert_int_equal(fh_json_from_cbor(fh_builder_span(&b), &j), FH_ERR_OK);
		const char *back = pairs[i].back == nullptr ? pairs[i].json : pairs[i].back;

		if (!fh_span_equal(fh_builder_span(&j), fh_span_str(back)))
			fail_msg("%s came back as %.*s", back, (int)j.n, text);
	}
}

static const struct {
	const char *json, *trace; /* what the trace must hold */
	fh_err expected;
} refusals[] = {
	{ "{\"a\":1,\"b\":2,\"a\":3}", "duplicate name \"a\" at byte 14", FH_ERR_FORMAT },
	{ "{\"a\":1,\"\\u0061\":3}", "duplicate name \"a\" at byte 8", FH_ERR_FORMAT },
	{ "[18446744073709551616]",
	  "integer outside [-2^63, 2^64-1]: 18446744073709551616 at byte 1", FH_ERR_LIMIT },
	{ "-9223372036854775809", "integer outside", FH_ERR_LIMIT },
	{ "1e400", "number too large for a double: 1e400 at byte 0", FH_ERR_LIMIT },
	{ "[0,-1e999]", "at byte 3", FH_ERR_LIMIT },
	{ "\"\xff\"", "at byte", FH_ERR_FORMAT },
	{ "\"\xc0\x80\"", "at byte", FH_ERR_FORMAT },
	{ "\"\\ud800\"", "surrogate", FH_ERR_FORMAT },
	{ "\"\\udc00\"", "at byte", FH_ERR_FORMAT },
	{ "\"\\ud800\\u0041\"", "at byte", FH_ERR_FORMAT },
	{ "1 2", "at byte 2", FH_ERR_FORMAT },
	{ "{} x", "at byte 3", FH_ERR_FORMAT },
	{ "/* c */ 1", "at byte 0", FH_ERR_FORMAT },
	{ "[1,]", "at byte", FH_ERR_FORMAT },
	{ "{\"a\":1,}", "at byte", FH_ERR_FORMAT },
	{ "", "at byte 0", FH_ERR_FORMAT },
	{ " ", "at byte", FH_ERR_FORMAT },
	{ "NaN", "at byte", FH_ERR_FORMAT },
	{ "Infinity", "at byte", FH_ERR_FORMAT },
	{ "01", "at byte", FH_ERR_FORMAT },
	{ "+1", "at byte", FH_ERR_FORMAT },
	{ ".5", "at byte", FH_ERR_FORMAT },
	{ "1.", "at byte", FH_ERR_FORMAT },
	{ "'a'", "at byte", FH_ERR_FORMAT },
	{ "{a:1}", "at byte 1", FH_ERR_FORMAT },
	{ "\"a\nb\"", "at byte", FH_ERR_FORMAT },
	{ "[", "at byte", FH_ERR_FORMAT },
	{ "]", "at byte 0", FH_ERR_FORMAT },
	{ "\"\\", "at byte", FH_ERR_FORMAT },
	{ "\xef\xbb\xbf{}", "at byte", FH_ERR_FORMAT },
};

static void refuses_and_names_what_and_where(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct fh_builder b = FH_BUILDER_ARRAY(room);
		struct fh_trace t = { 0 };

		assert_int_equal(to_cbor(fh_span_str(refusals[i].json), &b, &t),
				 refusals[i].expected);
		if (strstr(t.what, refusals[i].trace) == nullptr)
			fail_msg("%s: the trace says: %s", refusals[i].json, t.what);
	}
}

static struct fh_span nested(uint8_t *text, size_t cap, int depth, bool object)
{
	struct fh_builder b = fh_builder_of(text, cap);

	for (int i = 0; i < depth; i++)
		fh_builder_text(&b, object ? "{\"a\":" : "[");
	if (object)
		fh_builder_u8(&b, '1');
	for (int i = 0; i < depth; i++)
		fh_builder_u8(&b, object ? '}' : ']');
	assert_false(b.bad);
	return fh_builder_span(&b);
}

static void refuses_deep_nesting_with_its_offset(void **state)
{
	(void)state;
	static uint8_t text[1 << 16];
	constexpr size_t cap = sizeof(text);
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_trace t = { 0 };

	assert_int_equal(to_cbor(nested(text, cap, FH_JSON_DEPTH_MAX, false), &b, &t), FH_ERR_OK);
	b.n = 0;
	assert_int_equal(to_cbor(nested(text, cap, FH_JSON_DEPTH_MAX + 1, false), &b, &t),
			 FH_ERR_LIMIT);
	assert_string_equal(t.what, "nested deeper than 32 at byte 32");
	assert_int_equal(to_cbor(nested(text, cap, FH_JSON_DEPTH_MAX + 1, true), &b, &t),
			 FH_ERR_LIMIT);
	memset(text, '[', cap);
	assert_int_equal(to_cbor(FH_SPAN_ARRAY(text), &b, &t), FH_ERR_LIMIT);
	assert_int_equal(to_cbor(FH_SPAN_LIT("\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
					     "\\\"[[[\""),
				 &b, &t),
			 FH_ERR_OK);
}

static void what_goes_in_deepest_comes_out(void **state)
{
	(void)state;
	uint8_t text[512], again[512];
	struct fh_builder b = FH_BUILDER_ARRAY(room), j = FH_BUILDER_ARRAY(again);
	struct fh_span json = nested(text, sizeof(text), FH_JSON_DEPTH_MAX, true);

	assert_int_equal(to_cbor(json, &b, nullptr), FH_ERR_OK);
	assert_int_equal(fh_json_from_cbor(fh_builder_span(&b), &j), FH_ERR_OK);
	assert_true(fh_span_equal(fh_builder_span(&j), json));
}

static void sorts_and_finds_duplicates_among_many_names(void **state)
{
	(void)state;
	static uint8_t text[1 << 16];
	struct fh_builder b = FH_BUILDER_ARRAY(room), json = FH_BUILDER_ARRAY(text);
	struct fh_trace t = { 0 };

	for (unsigned i = 0; i < 1000; i++) {
		fh_builder_text(&json, i == 0 ? "{\"" : ",\"");
		fh_builder_decimal(&json, i * 7919 % 1000);
		fh_builder_text(&json, "\":");
		fh_builder_decimal(&json, i);
	}
	struct fh_builder twice = json;

	fh_builder_text(&json, "}");
	assert_false(json.bad);
	assert_int_equal(to_cbor(fh_builder_span(&json), &b, &t), FH_ERR_OK);
	fh_builder_text(&twice, ",\"77\":0}");
	assert_false(twice.bad);
	b.n = 0;
	assert_int_equal(to_cbor(fh_builder_span(&twice), &b, &t), FH_ERR_FORMAT);
	assert_non_null(strstr(t.what, "duplicate name \"77\""));
}

static void refuses_texts_above_the_limit(void **state)
{
	(void)state;
	uint8_t *text = calloc(1, FH_JSON_MAX + 1);
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_trace t = { 0 };

	assert_int_equal(to_cbor(fh_span_of(text, FH_JSON_MAX + 1), &b, &t), FH_ERR_LIMIT);
	assert_non_null(strstr(t.what, "4194305 bytes"));
	free(text);
}

/* The worst texts for memory: two bytes a value, many names.  */
static void the_stated_memory_suffices(void **state)
{
	(void)state;
	static const char *const parts[] = { "1,", "[],", "{},", "\"\",", "{\"\":1},",
					     "{\"a\":1,\"b\":2}," };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		for (size_t n = 1; n < 60000; n = n * 3 + 1) {
			size_t part = strlen(parts[i]), size = n / part * part + 2;
			char *text = malloc(size);
			uint8_t *own = aligned_alloc(16, (16 * size + 4096 + 15) / 16 * 16);
			struct fh_arena a = fh_arena_of(own, 16 * size + 4096);
			struct fh_builder b = FH_BUILDER_ARRAY(room);

			text[0] = '[';
			for (size_t at = 0; at < size - 2; at++)
				text[1 + at] = parts[i][at % part];
			text[size == 2 ? 1 : size - 2] = ']';
			struct fh_span json = fh_span_of(text, size == 2 ? 2 : size - 1);

			assert_int_equal(fh_json_to_cbor(json, &a, &b, nullptr), FH_ERR_OK);
			free(own);
			free(text);
		}
	}
}

static void too_little_memory_or_room_is_an_error(void **state)
{
	(void)state;
	struct fh_span json = FH_SPAN_LIT("{\"name\":[1,2,3,\"text\"]}");
	bool worked = false;

	for (size_t cap = 0; cap < 1024; cap += 16) {
		struct fh_arena a = fh_arena_of(memory, cap);
		struct fh_builder b = FH_BUILDER_ARRAY(room);
		fh_err e = fh_json_to_cbor(json, &a, &b, nullptr);

		assert_true(e == FH_ERR_NOMEM || e == FH_ERR_OK);
		worked = e == FH_ERR_OK;
	}
	assert_true(worked);
	for (size_t cap = 0; cap < 14; cap++) {
		struct fh_builder b = fh_builder_of(room, cap);

		assert_int_equal(to_cbor(json, &b, nullptr), FH_ERR_LIMIT);
		assert_false(b.bad);
	}
}

static void refuses_to_write_what_json_cannot_say(void **state)
{
	(void)state;
	static const struct fh_span refused[] = {
		{ (const uint8_t *)"\x41" "b", 2 }, { (const uint8_t *)"\xc1\x00", 2 },
		{ (const uint8_t *)"\xa1\x01\x02", 3 }, { (const uint8_t *)"\xf9\x7e\x00", 3 },
		{ (const uint8_t *)"\xf9\x7c\x00", 3 }, { (const uint8_t *)"\xf9\xfc\x00", 3 },
		{ (const uint8_t *)"\x82\x01", 2 }, { (const uint8_t *)"\x01\x01", 2 },
		{ (const uint8_t *)"\x18\x01", 2 }, { (const uint8_t *)"\xf7", 1 },
		{ (const uint8_t *)"\x3b\xff\xff\xff\xff\xff\xff\xff\xff", 9 }, { nullptr, 0 },
	};

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct fh_builder b = FH_BUILDER_ARRAY(room);

		assert_int_not_equal(fh_json_from_cbor(refused[i], &b), FH_ERR_OK);
		assert_int_equal(b.n, 0);
	}
	struct fh_builder small = fh_builder_of(room, 2);

	assert_int_equal(fh_json_from_cbor(FH_SPAN_LIT("\x83\x01\x02\x03"), &small), FH_ERR_LIMIT);
}

static void strings_are_escaped_and_bad_bytes_replaced(void **state)
{
	(void)state;
	struct fh_builder b = FH_BUILDER_ARRAY(room);

	fh_json_put_string(&b, FH_SPAN_LIT("\"\\\b\f\n\r\t\x01\x1f\x7f/\xc3\xa9\xff\xc3"));
	assert_true(fh_span_equal(fh_builder_span(&b),
				  FH_SPAN_LIT("\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\x7f/\xc3\xa9"
					      "\xef\xbf\xbd\xef\xbf\xbd\"")));
}

static struct fh_span reach(const char *pointer)
{
	/* {"a": [10, {"b": 11}], "": 12, "m~n": 13, "a/b": 14} */
	return fh_cbor_pointer(FH_SPAN_LIT("\xa4\x60\x0c\x61" "a\x82\x0a\xa1\x61" "b\x0b\x63"
					   "a/b\x0e\x63m~n\x0d"),
			       fh_span_str(pointer));
}

static void pointers_reach_what_rfc_6901_says(void **state)
{
	(void)state;
	static const char *const nothing[] = { "a", "/b", "/a/2", "/a/-", "/a/00", "/a/", "/a/0/x",
					       "/a/1/b/c", "/m~n", "/m~2n", "/a~", "/a/+0",
					       "/a/99999999999999999999999" };

	assert_int_equal(reach("").n, 21);
	assert_int_equal(reach("/").p[0], 12);
	assert_int_equal(reach("/a/0").p[0], 10);
	assert_int_equal(reach("/a/1/b").p[0], 11);
	assert_int_equal(reach("/m~0n").p[0], 13);
	assert_int_equal(reach("/a~1b").p[0], 14);
	for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++)
		assert_int_equal(reach(nothing[i]).n, 0);
}

static void map_get_finds_text_keys_only(void **state)
{
	(void)state;
	struct fh_span map = FH_SPAN_LIT("\xa2\x01\x02\x61" "a\x03");

	assert_int_equal(fh_cbor_map_get(map, "a").p[0], 3);
	assert_int_equal(fh_cbor_map_get(map, "b").n, 0);
	assert_int_equal(fh_cbor_map_get(FH_SPAN_LIT("\x81\x01"), "a").n, 0);
	assert_int_equal(fh_cbor_map_get((struct fh_span){ 0 }, "a").n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(converts_both_ways),
		cmocka_unit_test(refuses_and_names_what_and_where),
		cmocka_unit_test(refuses_deep_nesting_with_its_offset),
		cmocka_unit_test(what_goes_in_deepest_comes_out),
		cmocka_unit_test(sorts_and_finds_duplicates_among_many_names),
		cmocka_unit_test(refuses_texts_above_the_limit),
		cmocka_unit_test(the_stated_memory_suffices),
		cmocka_unit_test(too_little_memory_or_room_is_an_error),
		cmocka_unit_test(refuses_to_write_what_json_cannot_say),
		cmocka_unit_test(strings_are_escaped_and_bad_bytes_replaced),
		cmocka_unit_test(pointers_reach_what_rfc_6901_says),
		cmocka_unit_test(map_get_finds_text_keys_only),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
