/* SPDX-License-Identifier: Apache-2.0 */
/* JSON read in place, and what JOSE is made of.  */
#include "codec/jose.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "codec/json_pull.h"

static fh_err whole(const char *text)
{
	struct fh_cursor c = fh_cursor_of(fh_span_str(text));
	struct fh_span v = fh_json_value(&c);

	if (!fh_cursor_bad(&c))
		assert_true(v.n > 0);
	return fh_cursor_end(&c);
}

/* --- values ----------------------------------------------------------- */

static void accepts_every_form_of_value(void **state)
{
	static const char *const good[] = {
		"0", "-0", "12", "-7", "18446744073709551616", "true", "false", "null", "\"\"",
		"\"a\\n\\u00e4\\ud83d\\ude00\\/\"", "\"\xc3\xa4\"", "[]", "{}", " [ ]", "{ }",
		"[1,[2,[3]],{\"a\":[]}]", "{\"a\":{\"b\":{}},\"c\":[{}]}",
		"\t{\r\n\"a\" : 1 , \"b\" :[ true , null ]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (whole(good[i]) != FH_ERR_OK)
			fail_msg("refused %s", good[i]);
	}
}

static void refuses_what_is_not_strict_json(void **state)
{
	static const char *const bad[] = {
		"", " ", "1 ", "1.0", "1e3", "01", "-", "+1", "-01", ".5", "0x1", "NaN", "nul",
		"True", "'a'", "\"", "\"a", "\"\\x\"", "\"\\u12g4\"", "\"\\ud800\"", "\"\\udc00\"",
		"\"\\ud800\\u0041\"", "\"\t\"", "\"\x7f\xff\"", "\"\xc0\x80\"", "[", "[1", "[1,",
		"[1,]", "[,1]", "[1 2]", "{", "{\"a\"", "{\"a\":", "{\"a\":1",
		"{\"a\":1,", "{\"a\":1,}",
		"{a:1}", "{\"a\" 1}", "{1:1}", "[}", "{]", "[1}", "{\"a\":1]", "1 2", "[] []",
		"// x\n1", "[1]x",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (whole(bad[i]) == FH_ERR_OK)
			fail_msg("accepted %s", bad[i]);
	}
}

static void bounds_nesting_without_recursion(void **state)
{
	char text[2 * FH_JSON_DEPTH_MAX + 8];

	(void)state;
	for (int depth = FH_JSON_DEPTH_MAX - 1; depth <= FH_JSON_DEPTH_MAX; depth++) {
		for (int i = 0; i < depth; i++)
			text[i] = '[';
		text[depth] = '1';
		for (int i = 0; i < depth; i++)
			text[depth + 1 + i] = ']';
		text[2 * depth + 1] = '\0';
		assert_int_equal(whole(text), FH_ERR_OK);
	}
	memset(text, '[', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(whole(text), FH_ERR_LIMIT);
}

/* --- objects and arrays ----------------------------------------------- */

static const char *const names[] = { "a", "bb" };

static fh_err object(const char *text, struct fh_span v[2])
{
	return fh_json_object(fh_span_str(text), names, 2, v);
}

static void gives_members_in_any_order(void **state)
{
	struct fh_span v[2];

	(void)state;
	assert_int_equal(object(" { \"bb\" : [1] , \"a\":\"x\" } ", v), FH_ERR_OK);
	assert_true(fh_span_equal(v[0], FH_SPAN_LIT("\"x\"")));
	assert_true(fh_span_equal(v[1], FH_SPAN_LIT("[1]")));
	assert_int_equal(object("{}", v), FH_ERR_OK);
	assert_int_equal(v[0].n + v[1].n, 0);
}

static void refuses_unknown_double_and_escaped_names(void **state)
{
	struct fh_span v[2] = { FH_SPAN_LIT("kept"), { 0 } };

	(void)state;
	assert_int_equal(object("{\"c\":1}", v), FH_ERR_UNKNOWN);
	assert_int_equal(object("{\"a\":1,\"a\":1}", v), FH_ERR_EXISTS);
	assert_int_equal(object("{\"\\u0061\":1}", v), FH_ERR_FORMAT);
	assert_int_equal(object("{\"a\":1} 2", v), FH_ERR_FORMAT);
	assert_int_equal(object("[1]", v), FH_ERR_FORMAT);
	assert_int_equal(object("{\"a\":1,}", v), FH_ERR_FORMAT);
	assert_int_equal(object("{\"a\":1.5}", v), FH_ERR_FORMAT);
	assert_true(fh_span_equal(v[0], FH_SPAN_LIT("kept")));
}

static void walks_an_array(void **state)
{
	struct fh_cursor c = fh_json_array(FH_SPAN_LIT("[ 1, \"x,]\" ,[2]]"));
	struct fh_span v;

	(void)state;
	assert_true(fh_json_element(&c, &v) && fh_span_equal(v, FH_SPAN_LIT("1")));
	assert_true(fh_json_element(&c, &v) && fh_span_equal(v, FH_SPAN_LIT("\"x,]\"")));
	assert_true(fh_json_element(&c, &v) && fh_span_equal(v, FH_SPAN_LIT("[2]")));
	assert_false(fh_json_element(&c, &v));
	assert_int_equal(fh_cursor_end(&c), FH_ERR_OK);
	c = fh_json_array(FH_SPAN_LIT("[1]x"));
	assert_false(fh_json_element(&c, &v));
	assert_true(fh_cursor_bad(&c));
	c = fh_json_array(FH_SPAN_LIT("{}"));
	assert_true(fh_cursor_bad(&c));
}

static void reads_plain_strings_and_small_numbers(void **state)
{
	struct fh_span s;
	uint64_t n = 7;

	(void)state;
	assert_int_equal(fh_json_string(FH_SPAN_LIT("\"ab\""), &s), FH_ERR_OK);
	assert_true(fh_span_equal(s, FH_SPAN_LIT("ab")));
	assert_int_equal(fh_json_string(FH_SPAN_LIT("\"a\\n\""), &s), FH_ERR_FORMAT);
	assert_int_equal(fh_json_string(FH_SPAN_LIT("\""), &s), FH_ERR_FORMAT);
	assert_int_equal(fh_json_string(FH_SPAN_LIT("1"), &s), FH_ERR_FORMAT);
	assert_int_equal(fh_json_uint(FH_SPAN_LIT("18446744073709551615"), &n), FH_ERR_OK);
	assert_int_equal(n, UINT64_MAX);
	assert_int_equal(fh_json_uint(FH_SPAN_LIT("18446744073709551616"), &n), FH_ERR_FORMAT);
	assert_int_equal(fh_json_uint(FH_SPAN_LIT("-0"), &n), FH_ERR_FORMAT);
	assert_int_equal(fh_json_uint(FH_SPAN_LIT("\"1\""), &n), FH_ERR_FORMAT);
}

/* --- JOSE ------------------------------------------------------------- */

static void a_key_is_read_back_and_its_id_checked(void **state)
{
	uint8_t memory[4096];
	struct fh_public_key key, back;
	struct fh_builder b = FH_BUILDER_ARRAY(memory);

	(void)state;
	memset(key.bytes, 0x5a, sizeof(key.bytes));
	fh_jwk_put(&b, FH_SPAN_ARRAY(key.bytes));
	assert_int_equal(fh_jwk_read(fh_builder_span(&b), &back), FH_ERR_OK);
	assert_memory_equal(key.bytes, back.bytes, sizeof(key.bytes));
	for (size_t i = 0; i < b.n; i++) {
		memory[i] ^= 1;
		assert_int_not_equal(fh_jwk_read(fh_builder_span(&b), &back), FH_ERR_OK);
		memory[i] ^= 1;
	}
}

static void a_signed_thing_is_read_back(void **state)
{
	static const char header[] = "{\"alg\":\"ML-DSA-65\",\"typ\":\"x\"}";
	uint8_t memory[512];
	struct fh_builder b = FH_BUILDER_ARRAY(memory);
	struct fh_jws j = { FH_SPAN_LIT("cGF5"), FH_SPAN_LIT("Y2VydA"), FH_SPAN_LIT("c2ln") }, back;

	(void)state;
	fh_jws_put(&b, header, &j);
	assert_int_equal(fh_jws_read(fh_builder_span(&b), header, &back), FH_ERR_OK);
	assert_true(fh_span_equal(back.payload, j.payload));
	assert_true(fh_span_equal(back.certificate, j.certificate));
	assert_true(fh_span_equal(back.signature, j.signature));
	assert_int_equal(fh_jws_read(fh_builder_span(&b), "{\"alg\":\"none\"}", &back),
			 FH_ERR_UNSUPPORTED);
	b = FH_BUILDER_ARRAY(memory);
	fh_jws_put_signed(&b, "{}", FH_SPAN_LIT("cGF5"));
	assert_true(fh_span_equal(fh_builder_span(&b), FH_SPAN_LIT("e30.cGF5")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_every_form_of_value),
		cmocka_unit_test(refuses_what_is_not_strict_json),
		cmocka_unit_test(bounds_nesting_without_recursion),
		cmocka_unit_test(gives_members_in_any_order),
		cmocka_unit_test(refuses_unknown_double_and_escaped_names),
		cmocka_unit_test(walks_an_array),
		cmocka_unit_test(reads_plain_strings_and_small_numbers),
		cmocka_unit_test(a_key_is_read_back_and_its_id_checked),
		cmocka_unit_test(a_signed_thing_is_read_back),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
