/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/builder.h"
#include "base/limits.h"
#include "schema/json_schema.h"

#define DRAFT_07 "\"$schema\":\"http://json-schema.org/draft-07/schema#\","

static const struct fh_json_limits limits = { 16 << 20, 128 };
static _Alignas(max_align_t) uint8_t memory[32 << 20], tree_memory[128 << 20];
static _Alignas(max_align_t) uint8_t more[128 << 20];

static const struct fh_json *tree(struct fh_arena *a, struct fh_span text)
{
	const struct fh_json *out = nullptr;
	struct fh_trace t = { 0 };

	if (fh_json_tree(text, &limits, "doc", a, &out, &t) != FH_ERR_OK)
		fail_msg("%.60s\n-> %s: %s", (const char *)text.p, t.where, t.what);
	return out;
}

static fh_err read_schema(const char *schema, bool strict, const struct fh_json_schema **out,
			  struct fh_trace *t)
{
	static _Alignas(max_align_t) uint8_t room[32 << 20];
	struct fh_arena trees = fh_arena_of(room, sizeof(room));
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	const struct fh_json_schema_options options = { .strict = strict };

	return fh_json_schema_read(tree(&trees, fh_span_str(schema)), &options, &a, out, t);
}

static fh_err check(const char *schema, struct fh_span instance, bool *valid, struct fh_trace *t)
{
	struct fh_arena trees = fh_arena_of(tree_memory, sizeof(tree_memory));
	struct fh_arena scratch = fh_arena_of(more, sizeof(more));
	const struct fh_json_schema *s = nullptr;

	if (read_schema(schema, true, &s, t) != FH_ERR_OK)
		fail_msg("%s\n-> %s: %s", schema, t->where, t->what);
	fh_err e = fh_json_schema_check(s, tree(&trees, instance), &scratch, valid, nullptr, t);

	assert_int_equal(scratch.n, 0);
	return e;
}

static void expect(const char *schema, const char *instance, bool wanted)
{
	struct fh_trace t = { 0 };
	bool valid = !wanted;

	assert_int_equal(check(schema, fh_span_str(instance), &valid, &t), FH_ERR_OK);
	if (valid != wanted)
		fail_msg("%s\n%s\n-> %s: %s", schema, instance, t.where, t.what);
}

static void refuse(const char *schema, fh_err wanted, const char *where)
{
	const struct fh_json_schema *s = nullptr;
	struct fh_trace t = { 0 };
	fh_err e = read_schema(schema, true, &s, &t);

	if (e != wanted || strcmp(t.where, where) != 0)
		fail_msg("%s\n-> %s: %s: %s", schema, fh_err_text(e), t.where, t.what);
	assert_null(s);
	assert_true(t.what[0] != '\0' && t.cure[0] != '\0');
}

static void names_what_breaks_which_keyword(void **state)
{
	(void)state;
	static const struct {
		const char *schema, *instance, *where, *what;
	} rows[] = {
		{ "{\"type\":\"string\"}", "1", "#", "type: a number is not what may stand here" },
		{ "{\"properties\":{\"a\":{\"items\":{\"maxLength\":1}}}}",
		"{\"a\":[\"x\",\"xx\"]}",
		  "#/a/1", "maxLength: the text is longer" },
		{ "{\"required\":[\"b\",\"a\"]}", "{\"a\":1}", "#", "required: `b` is missing" },
		{ "{\"additionalProperties\":false}", "{\"a\":1}", "#/a",
		"nothing may stand here" },
		{ "{\"anyOf\":[{\"type\":\"null\"},false]}", "1", "#",
		  "anyOf: valid under none of its schemas" },
		{ "{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"enum\":[1]}}}", "2", "#",
		  "enum: not a value that may stand here" },
		{ "{\"patternProperties\":{\"^a\":{\"minimum\":1}}}", "{\"ab\":0.5}", "#/ab",
		  "minimum: the number is smaller" },
		{ "{\"unevaluatedProperties\":{\"const\":1}}", "{\"z\":2}", "#/z",
		  "const: not a value that may stand here" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fh_trace t = { 0 };
		bool valid = true;
		fh_err e = check(rows[i].schema, fh_span_str(rows[i].instance), &valid, &t);

		assert_int_equal(e, FH_ERR_OK);
		assert_false(valid);
		assert_string_equal(t.where, rows[i].where);
		assert_string_equal(t.what, rows[i].what);
	}
}

static void takes_numbers_exactly(void **state)
{
	(void)state;
	expect("{\"type\":\"integer\"}", "1.0", true);
	expect("{\"type\":\"integer\"}", "1e400", true);
	expect("{\"type\":\"integer\"}", "12.50e1", true);
	expect("{\"type\":\"integer\"}", "1.5", false);
	expect("{\"maximum\":9007199254740992}", "9007199254740993", false);
	expect("{\"maximum\":0.1}", "0.10000000000000000000000000000001", false);
	expect("{\"minimum\":-1e-400}", "-1e-399", false);
	expect("{\"const\":100}", "1.00e2", true);
	expect("{\"const\":0}", "-0.0", true);
	expect("{\"enum\":[0.1]}", "0.1000", true);
	expect("{\"multipleOf\":0.01}", "4.35", true);
	expect("{\"multipleOf\":0.01}", "4.351", false);
	expect("{\"multipleOf\":1e-8}", "12391239123", true);
	expect("{\"multipleOf\":7}", "7e308", true);
	expect("{\"multipleOf\":3}", "1e308", false);
	expect("{\"multipleOf\":999999999999999999}", "999999999999999998000000000000000001", true);
	expect("{\"uniqueItems\":true}", "[1, 1.0]", false);
	expect("{\"uniqueItems\":true}", "[{\"a\":1,\"b\":2},{\"b\":2.0,\"a\":1}]", false);
	expect("{\"uniqueItems\":true}", "[0, false, null, \"\", [], {}]", true);
	expect("{\"maxLength\":2.0}", "\"\xc3\xa9\xf0\x9f\x90\xb2\"", true);
	expect("{\"maxItems\":99999999999999999999999}", "[1]", true);
}

static void refuses_what_it_does_not_know(void **state)
{
	(void)state;
	refuse("{\"typ\":\"string\"}", FH_ERR_UNSUPPORTED, "schema:1:8");
	refuse("{\"properties\":{\"a\":{\"nullable\":true}}}", FH_ERR_UNSUPPORTED, "schema:1:32");
	refuse("{\"$schema\":\"https://example.com/x\"}", FH_ERR_UNSUPPORTED, "schema:1:12");
	refuse("{\"pattern\":\"(a)\\\\1\"}", FH_ERR_UNSUPPORTED, "schema:1:12");
	refuse("{\"items\":[{}]}", FH_ERR_UNSUPPORTED, "schema:1:10");
	refuse("{\"$schema\":\"https://json-schema.org/draft/2019-09/schema\","
	       "\"$recursiveRef\":\"#\"}",
	       FH_ERR_UNSUPPORTED, "schema:1:75");
	refuse("{" DRAFT_07 "\"$ref\":\"#/a\",\"type\":\"null\"}",
	       FH_ERR_UNSUPPORTED, "schema:1:61");
	refuse("{" DRAFT_07 "\"prefixItems\":[{}]}",
	       FH_ERR_UNSUPPORTED, "schema:1:68");
	expect("{" DRAFT_07 "\"$ref\":\"#/definitions/a\","
	       "\"definitions\":{\"a\":{\"type\":\"null\"}}}", "1", false);
	expect("{\"format\":\"email\",\"title\":\"t\",\"x-mcp-header\":\"Path\"}", "\"no address\"",
		true);
}

static void refuses_what_is_no_schema(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"{\"type\":\"text\"}", "{\"type\":[]}", "{\"type\":1}", "{\"required\":[1]}",
		"{\"maxLength\":-1}", "{\"maxLength\":1.5}", "{\"minimum\":\"1\"}", "{\"enum\":1}",
		"{\"allOf\":[]}", "{\"allOf\":{}}", "{\"properties\":[]}", "{\"not\":1}",
		"{\"multipleOf\":0}", "{\"multipleOf\":-1}", "{\"pattern\":\"[\"}", "{\"$ref\":1}",
		"{\"uniqueItems\":1}", "{\"dependentRequired\":{\"a\":1}}", "{\"$id\":1}",
		"{\"$anchor\":1}",
		"{\"$ref\":\"#%2\"}", "{\"$ref\":\"#%zz\"}",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct fh_json_schema *s = nullptr;
		struct fh_trace t = { 0 };
		fh_err e = read_schema(rows[i], false, &s, &t);

		if (e != FH_ERR_FORMAT || t.where[0] == '\0')
			fail_msg("%s: %s: %s: %s", rows[i], fh_err_text(e), t.where, t.what);
	}
	refuse("1", FH_ERR_FORMAT, "schema:1:1");
	refuse("{\"$defs\":{\"a\":{\"$anchor\":\"x\"},\"b\":{\"$anchor\":\"x\"}}}", FH_ERR_FORMAT,
	       "schema:1:46");
	refuse("{\"$defs\":{\"a\":{\"$id\":\"http://x/y\"},\"b\":{\"$id\":\"http://x/y\"}}}",
		FH_ERR_FORMAT,
	       "schema:1:47");
}

static void fetches_nothing(void **state)
{
	(void)state;
	refuse("{\"$ref\":\"https://example.com/schema\"}", FH_ERR_MISSING, "schema:1:9");
	refuse("{\"$ref\":\"file:///etc/passwd\"}", FH_ERR_MISSING, "schema:1:9");
	refuse("{\"$ref\":\"other.json#/a\"}", FH_ERR_MISSING, "schema:1:9");
	refuse("{\"$ref\":\"#/$defs/a\"}", FH_ERR_MISSING, "schema:1:9");
	refuse("{\"$ref\":\"#a\"}", FH_ERR_MISSING, "schema:1:9");
	refuse("{\"enum\":[1],\"$ref\":\"#/enum/01x\"}", FH_ERR_MISSING, "schema:1:20");
	expect("{\"$ref\":\"https://json-schema.org/draft/2020-12/schema\"}", "{\"minLength\":-1}",
		false);
	expect("{\"$ref\":\"https://json-schema.org/draft/2020-12/schema\"}", "{\"minLength\":1}",
		true);
}

/* What would never end is refused where that can be seen, and else an error, no answer.  */
static void ends_circles(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"{\"$ref\":\"#\"}",
		"{\"$dynamicRef\":\"#\"}",
		"{\"allOf\":[{\"$ref\":\"#/$defs/a\"}],"
		"\"$defs\":{\"a\":{\"not\":{\"$ref\":\"#\"}}}}",
		"{\"if\":true,\"else\":{\"$ref\":\"#\"}}",
		"{\"dependentSchemas\":{\"a\":{\"anyOf\":[true,{\"$ref\":\"#\"}]}}}",
	};
	const struct fh_json_schema *s;
	struct fh_trace t = { 0 };
	bool valid;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(read_schema(rows[i], true, &s, &t), FH_ERR_UNSUPPORTED);
		assert_non_null(strstr(t.what, "without end"));
		assert_int_equal(read_schema(rows[i], false, &s, &t), FH_ERR_OK);
	}
	static const char hidden[] =
		"{\"$id\":\"http://a/\",\"$dynamicAnchor\":\"n\",\"$ref\":\"b\",\"$defs\":{\"b\":"
		"{\"$id\":\"b\",\"$dynamicRef\":\"#n\",\"$defs\":"
		"{\"n\":{\"$dynamicAnchor\":\"n\"}}}}}";

	assert_int_equal(check(hidden, FH_SPAN_LIT("1"), &valid, &t), FH_ERR_LIMIT);
	expect("{\"properties\":{\"a\":{\"$ref\":\"#\"}},\"additionalProperties\":false}",
	       "{\"a\":{\"a\":{\"a\":{\"b\":1}}}}", false);
	expect("{\"allOf\":[{\"$ref\":\"#/$defs/a\"},{\"$ref\":\"#/$defs/a\"}],"
	       "\"$defs\":{\"a\":{\"items\":{\"$ref\":\"#\"}}}}", "[[[]]]", true);
}

/* Each level asks the next twice: 2^40 answers.  */
static void bounds_its_work(void **state)
{
	(void)state;
	static char text[8192];
	struct fh_builder b = fh_builder_of(text, sizeof(text) - 1);
	struct fh_trace t = { 0 };
	bool valid;

	fh_builder_text(&b, "{\"$ref\":\"#/$defs/0\",\"$defs\":{");
	for (uint64_t i = 0; i < 40; i++) {
		fh_builder_text(&b, "\"");
		fh_builder_decimal(&b, i);
		fh_builder_text(&b, "\":{\"allOf\":[{\"$ref\":\"#/$defs/");
		fh_builder_decimal(&b, i + 1);
		fh_builder_text(&b, "\"},{\"$ref\":\"#/$defs/");
		fh_builder_decimal(&b, i + 1);
		fh_builder_text(&b, "\"}]},");
	}
	fh_builder_text(&b, "\"40\":true}}");
	assert_false(b.bad);
	assert_int_equal(check(text, FH_SPAN_LIT("1"), &valid, &t), FH_ERR_LIMIT);
	assert_non_null(strstr(t.what, "work"));
}

/* Names and references that each look through all the others.  */
static void bounds_what_it_looks_up(void **state)
{
	static const struct {
		const char *before, *after;
	} rows[] = {
		{ "{\"$anchor\":\"", "\"}" },
		{ "{\"$id\":\"http://x/", "\"}" },
		{ "{\"$ref\":\"#/allOf/", "\"}" },
	};
	static char text[4 << 20];
	struct fh_trace t = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fh_builder b = fh_builder_of(text, sizeof(text) - 1);
		const struct fh_json_schema *s;

		fh_builder_text(&b, "{\"allOf\":[true");
		for (uint64_t k = 0; k < 40000; k++) {
			fh_builder_text(&b, ",");
			fh_builder_text(&b, rows[i].before);
			fh_builder_decimal(&b, i == 2 ? 0 : k);
			fh_builder_text(&b, rows[i].after);
		}
		fh_builder_text(&b, "]}");
		fh_builder_u8(&b, 0);
		assert_false(b.bad);
		assert_int_equal(read_schema(text, true, &s, &t), FH_ERR_LIMIT);
	}
}

static void refuses_deep_schemas(void **state)
{
	(void)state;
	constexpr size_t depth = 100000;
	static uint8_t text[8 * depth];
	struct fh_builder b = FH_BUILDER_ARRAY(text);
	struct fh_arena a = fh_arena_of(tree_memory, sizeof(tree_memory));
	const struct fh_json *out = nullptr;

	for (size_t i = 0; i < depth; i++)
		fh_builder_text(&b, "{\"not\":");
	assert_int_equal(fh_json_tree(fh_builder_span(&b), &limits, "doc", &a, &out, nullptr),
			 FH_ERR_LIMIT);
}

static void put_numbers(struct fh_builder *b, const char *before, const char *between, size_t n,
			const char *after)
{
	fh_builder_text(b, before);
	for (size_t i = 0; i < n; i++) {
		fh_builder_text(b, i == 0 ? "" : between);
		fh_builder_decimal(b, i);
	}
	fh_builder_text(b, after);
}

/* Of 50,000 members and elements, what takes quadratic time would take minutes.  */
static void takes_large_instances(void **state)
{
	(void)state;
	static uint8_t text[2 << 20];
	struct fh_builder b = FH_BUILDER_ARRAY(text);
	struct fh_trace t = { 0 };
	bool valid = false;

	put_numbers(&b, "[", ",", 50000, "]");
	assert_int_equal(check("{\"uniqueItems\":true,\"unevaluatedItems\":true}",
		fh_builder_span(&b),
			       &valid, &t), FH_ERR_OK);
	assert_true(valid);
	b.n = 0;
	put_numbers(&b, "{\"", "\":1,\"", 50000, "\":1}");
	assert_int_equal(check("{\"required\":[\"49999\"],"
			       "\"unevaluatedProperties\":{\"enum\":[1]}}",
			       fh_builder_span(&b), &valid, &t), FH_ERR_OK);
	assert_true(valid);
}

static void counts_what_sorting_takes(void **state)
{
	(void)state;
	static uint8_t text[8 << 20];
	struct fh_builder b = FH_BUILDER_ARRAY(text);
	struct fh_trace t = { 0 };
	bool valid;

	put_numbers(&b, "[", ",", 700000, "]");
	assert_int_equal(check("{\"uniqueItems\":true}", fh_builder_span(&b), &valid, &t),
			 FH_ERR_LIMIT);
}

static void fails_cleanly_without_memory(void **state)
{
	(void)state;
	static const char schema[] =
		"{\"properties\":{\"a\":{\"pattern\":\"a{3}\",\"$ref\":\"#/$defs/b%20\"}},"
		"\"$defs\":{\"b \":{\"uniqueItems\":true,\"enum\":[1,\"aaa\"]}},"
		"\"$id\":\"http://x/y/\",\"unevaluatedProperties\":{\"$ref\":\"../y/#/$defs/b \"}}";
	const struct fh_json_schema_options options = { .strict = true };
	struct fh_arena trees = fh_arena_of(tree_memory, sizeof(tree_memory));
	const struct fh_json *root = tree(&trees, fh_span_str(schema));
	const struct fh_json *instance = tree(&trees, FH_SPAN_LIT("{\"a\":\"aaa\",\"b\":1.0}"));
	const struct fh_json_schema *s = nullptr;
	fh_err e = FH_ERR_NOMEM;
	bool valid = false;

	for (size_t cap = 0; e == FH_ERR_NOMEM; cap += 64) {
		struct fh_arena a = fh_arena_of(memory, cap);

		assert_true(cap < sizeof(memory));
		e = fh_json_schema_read(root, &options, &a, &s, nullptr);
		assert_true((e == FH_ERR_OK) == (s != nullptr));
	}
	assert_int_equal(e, FH_ERR_OK);
	e = FH_ERR_NOMEM;
	for (size_t cap = 0; e == FH_ERR_NOMEM; cap += 16) {
		struct fh_arena a = fh_arena_of(more, cap);

		e = fh_json_schema_check(s, instance, &a, &valid, nullptr, nullptr);
		assert_true((e == FH_ERR_OK) == valid);
	}
	assert_int_equal(e, FH_ERR_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_what_breaks_which_keyword),
		cmocka_unit_test(takes_numbers_exactly),
		cmocka_unit_test(refuses_what_it_does_not_know),
		cmocka_unit_test(refuses_what_is_no_schema),
		cmocka_unit_test(fetches_nothing),
		cmocka_unit_test(ends_circles),
		cmocka_unit_test(bounds_its_work),
		cmocka_unit_test(bounds_what_it_looks_up),
		cmocka_unit_test(refuses_deep_schemas),
		cmocka_unit_test(takes_large_instances),
		cmocka_unit_test(counts_what_sorting_takes),
		cmocka_unit_test(fails_cleanly_without_memory),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
