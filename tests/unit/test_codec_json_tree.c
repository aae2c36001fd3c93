/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/json_tree.h"

static const struct fh_json_limits limits = { 1 << 20, 8 };
static _Alignas(max_align_t) uint8_t memory[1 << 20];

static const struct fh_json *tree(const char *text)
{
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	const struct fh_json *out = nullptr;
	struct fh_trace t = { 0 };

	if (fh_json_tree(fh_span_str(text), &limits, "doc", &a, &out, &t) != FH_ERR_OK)
		fail_msg("%s\n-> %s: %s", text, t.where, t.what);
	return out;
}

static void refuse_span(struct fh_span text, fh_err want, const char *where)
{
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	const struct fh_json *out = nullptr;
	struct fh_trace t = { 0 };
	fh_err e = fh_json_tree(text, &limits, "doc", &a, &out, &t);

	if (e != want || strcmp(t.where, where) != 0)
		fail_msg("%.80s\n-> %s: %s: %s", (const char *)text.p, fh_err_text(e), t.where,
			 t.what);
	assert_true(t.cure[0] != '\0');
	assert_null(out);
}

static void keeps_what_the_text_says(void **state)
{
	(void)state;
	const struct fh_json *j = tree(" {\"a\" : [1, -2.5, true, null],\n\"b\":{\"\":\"x\"}} ");

	assert_int_equal(j->kind, FH_JSON_OBJECT);
	assert_int_equal(j->n, 2);
	const struct fh_json *list = fh_json_member(j, "a");

	assert_int_equal(list->n, 4);
	assert_int_equal(list->first->integer, 1);
	assert_int_equal(list->first->next->kind, FH_JSON_REAL);
	assert_true(list->first->next->next->boolean);
	assert_int_equal(list->first->next->next->next->kind, FH_JSON_NULL);
	assert_null(list->first->next->next->next->next);
	assert_int_equal(fh_json_member(j, "b")->at.line, 2);
	assert_int_equal(fh_json_member(j, "b")->at.column, 5);
	assert_int_equal(fh_json_member(fh_json_member(j, "b"), "")->kind, FH_JSON_STRING);
	assert_null(fh_json_member(j, "c"));
	assert_null(fh_json_member(list, "a"));
}

static void knows_integers_from_other_numbers(void **state)
{
	(void)state;
	assert_true(tree("9223372036854775807")->integer == INT64_MAX);
	assert_true(tree("-9223372036854775808")->integer == INT64_MIN);
	assert_int_equal(tree("9223372036854775808")->kind, FH_JSON_REAL);
	assert_int_equal(tree("1.0")->kind, FH_JSON_REAL);
	assert_int_equal(tree("1e2")->kind, FH_JSON_REAL);
	assert_int_equal(tree("-0")->integer, 0);
}

static void keeps_every_value_as_it_was_written(void **state)
{
	(void)state;
	const struct fh_json *j = tree(" { \"a\" : [ 1.50e+3 , \"\\u0061\" ] } ");
	const struct fh_json *list = fh_json_member(j, "a");

	assert_true(fh_span_equal(j->raw, fh_span_str("{ \"a\" : [ 1.50e+3 , \"\\u0061\" ] }")));
	assert_true(fh_span_equal(list->raw, fh_span_str("[ 1.50e+3 , \"\\u0061\" ]")));
	assert_true(fh_span_equal(list->first->raw, FH_SPAN_LIT("1.50e+3")));
	assert_true(fh_span_equal(list->first->next->raw, fh_span_str("\"\\u0061\"")));
}

static void resolves_escapes(void **state)
{
	(void)state;
	assert_true(fh_span_equal(tree("\"\\n\\\\\\/\\u00e4\\ud83d\\ude00\\u0000\"")->text,
				  FH_SPAN_LIT("\n\\/\u00e4\U0001F600\0")));
}

static void refuses_what_is_no_json(void **state)
{
	(void)state;
	static const struct {
		const char *text, *where;
	} rows[] = {
		{ "", "doc:1:1" }, { "nul", "doc:1:1" }, { "01", "doc:1:1" }, { "1.", "doc:1:1" },
		{ "-", "doc:1:1" }, { "1e", "doc:1:1" }, { ".5", "doc:1:1" }, { "+1", "doc:1:1" },
		{ "[1,]", "doc:1:4" }, { "[1 2]", "doc:1:4" }, { "[1", "doc:1:3" },
		{ "{\"a\":1,}", "doc:1:8" }, { "{a:1}", "doc:1:2" }, { "{\"a\" 1}", "doc:1:6" },
		{ "1 2", "doc:1:3" }, { "\"a", "doc:1:1" }, { "\"\n\"", "doc:1:1" },
		{ "\"\\x\"", "doc:1:1" }, { "\"\\ud800\"", "doc:1:1" }, { "\"\\u12\"", "doc:1:1" },
		{ "\"\\udc00\"", "doc:1:1" }, { "\"\\ud800\\u0041\"", "doc:1:1" },
		{ "\"\\", "doc:1:1" },
		{ "{\"a\":1,\n \"a\":2}", "doc:2:6" }, { "{\"a\":1,\"\\u0061\":2}", "doc:1:17" },
		{ "// c", "doc:1:1" }, { "\xff", "doc:1:1" }, { "[\"\u00e4\", x]", "doc:1:7" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		refuse_span(fh_span_str(rows[i].text), FH_ERR_FORMAT, rows[i].where);
}

static void holds_its_limits(void **state)
{
	(void)state;
	static uint8_t large[(1 << 20) + 1];

	assert_non_null(tree("[[[[[[[[]]]]]]]]"));
	refuse_span(FH_SPAN_LIT("[[[[[[[[[]]]]]]]]]"), FH_ERR_LIMIT, "doc:1:9");
	memset(large, ' ', sizeof(large));
	refuse_span(FH_SPAN_ARRAY(large), FH_ERR_LIMIT, "doc:1:1");
}

static void fails_cleanly_without_memory(void **state)
{
	(void)state;
	fh_err e = FH_ERR_NOMEM;
	size_t cap = 0;

	for (; e == FH_ERR_NOMEM && cap < 4096; cap += 8) {
		struct fh_arena a = fh_arena_of(memory, cap);
		const struct fh_json *out = nullptr;

		e = fh_json_tree(FH_SPAN_LIT("{\"a\":[\"\\n\",1],\"b\":{}}"), &limits, "doc", &a,
				 &out, nullptr);
		assert_true(e == FH_ERR_OK || out == nullptr);
	}
	assert_int_equal(e, FH_ERR_OK);
	assert_true(cap > 256);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_what_the_text_says),
		cmocka_unit_test(knows_integers_from_other_numbers),
		cmocka_unit_test(keeps_every_value_as_it_was_written),
		cmocka_unit_test(resolves_escapes),
		cmocka_unit_test(refuses_what_is_no_json),
		cmocka_unit_test(holds_its_limits),
		cmocka_unit_test(fails_cleanly_without_memory),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
