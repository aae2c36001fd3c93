/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "codec/json.h"
#include "wire/open_ask.h"
#include "wire/prune_ask.h"

static fh_err parse(const char *line, struct fh_open_ask *out)
{
	struct fh_trace t = { 0 };

	return fh_open_ask_parse(fh_span_str(line), out, &t);
}

static void a_line_says_which_entries_and_fields(void **state)
{
	struct fh_open_ask o;

	(void)state;
	assert_int_equal(parse("open 100 200 actor,action", &o), FH_ERR_OK);
	assert_false(o.disclose);
	assert_int_equal(o.from, 100);
	assert_int_equal(o.to, 200);
	assert_int_equal(o.fields, 1 << FH_FIELD_ACTOR | 1 << FH_FIELD_ACTION);
	assert_int_equal(parse("open 0 255", &o), FH_ERR_OK);
	assert_int_equal(o.fields, FH_OPEN_ASK_FIELDS);
	assert_int_equal(parse("disclose 7 7 decision", &o), FH_ERR_OK);
	assert_true(o.disclose);
	assert_true(fh_span_equal(fh_open_ask_action(&o).id, FH_SPAN_LIT("record.disclose")));
}

static void anything_else_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "open", "open 1", "open 1 ", "open 1 2 ", " open 1 2", "open  1 2", "open 2 1",
		"open 0 256", "open 1 2 nobody", "open 1 2 actor,", "open 1 2 ,actor",
		"open 1 2 actor action", "open 01 2", "open -1 2", "open 1 18446744073709551616",
		"OPEN 1 2", "disclose 1 1", "disclose 1 2 actor", "shred 1 1",
	};
	struct fh_open_ask o;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse(bad[i], &o), FH_ERR_FORMAT);
}

static void the_longest_line_and_map_fit(void **state)
{
	const struct fh_open_ask all = { .disclose = true, .from = UINT64_MAX, .to = UINT64_MAX,
					 .fields = FH_OPEN_ASK_FIELDS & ~(UINT64_C(1) << 1) };
	uint8_t line[FH_OPEN_ASK_LINE_MAX], params[FH_OPEN_ASK_PARAMS_MAX];
	struct fh_builder a = FH_BUILDER_ARRAY(line), b = FH_BUILDER_ARRAY(params);
	struct fh_trace t = { 0 };
	struct fh_open_ask o;

	(void)state;
	fh_open_ask_put_line(&a, &all);
	fh_open_ask_put(&b, &all);
	assert_int_equal(fh_open_ask_parse(fh_builder_span(&a), &o, &t), FH_ERR_OK);
	assert_int_equal(o.fields, all.fields);
	assert_int_equal(fh_open_ask_read(fh_builder_span(&b), &o), FH_ERR_OK);
	assert_int_equal(o.fields, all.fields);
	assert_int_equal(o.from, UINT64_MAX);
}

/* docs/spec/DOOR has these bytes.  */
static void the_map_is_read_strictly(void **state)
{
	const struct fh_open_ask two = {
		.from = 100, .to = 200,
		.fields = UINT64_C(1) << FH_FIELD_ACTOR | UINT64_C(1) << FH_FIELD_ACTION,
	};
	static const char hex[] = "a562746f18c86466726f6d1864666669656c64738265616374"
				  "6f7266616374696f6e67656e7472696573186568646973636c"
				  "6f7365f4";
	uint8_t bytes[FH_OPEN_ASK_PARAMS_MAX + 1] = { 0 }, text[2 * FH_OPEN_ASK_PARAMS_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes), h = FH_BUILDER_ARRAY(text);
	struct fh_open_ask o;

	(void)state;
	fh_open_ask_put(&b, &two);
	fh_builder_hex(&h, fh_builder_span(&b));
	assert_true(fh_span_equal(fh_builder_span(&h), fh_span_str(hex)));
	for (size_t n = 0; n < b.n; n++)
		assert_int_not_equal(fh_open_ask_read(fh_span_of(b.p, n), &o), FH_ERR_OK);
	assert_int_not_equal(fh_open_ask_read(fh_span_of(b.p, b.n + 1), &o), FH_ERR_OK);
	assert_int_equal(fh_open_ask_read(fh_builder_span(&b), &o), FH_ERR_OK);
}

/* So a policy can look for one, and no declaration of a context can be told less.  */
static void all_fields_are_told_one_by_one(void **state)
{
	uint8_t json[1024], params[FH_OPEN_ASK_PARAMS_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(params), j = FH_BUILDER_ARRAY(json);
	struct fh_open_ask o;

	(void)state;
	assert_int_equal(parse("open 5 9", &o), FH_ERR_OK);
	fh_open_ask_put(&b, &o);
	assert_int_equal(fh_json_from_cbor(fh_builder_span(&b), &j), FH_ERR_OK);
	fh_builder_u8(&j, 0);
	assert_non_null(strstr((const char *)json, "\"entries\":5,"));
	for (unsigned id = 1; id < FH_FIELD_IDS; id++)
		assert_non_null(strstr((const char *)json, fh_field_text((enum fh_field_id)id)));
}

/* It says how many twice, which must agree; and no field is no request.  */
static void a_map_that_contradicts_itself_is_refused(void **state)
{
	uint8_t params[FH_OPEN_ASK_PARAMS_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(params);
	struct fh_open_ask o, again;

	(void)state;
	assert_int_equal(parse("open 5 9 status", &o), FH_ERR_OK);
	fh_open_ask_put(&b, &o);
	uint8_t *entries = memmem(params, b.n, "entries", 7);

	assert_non_null(entries);
	entries[7]++;
	assert_int_equal(fh_open_ask_read(fh_builder_span(&b), &again), FH_ERR_FORMAT);
	o.fields = 0;
	b.n = 0;
	fh_open_ask_put(&b, &o);
	assert_int_equal(fh_open_ask_read(fh_builder_span(&b), &again), FH_ERR_FORMAT);
}

static void a_line_says_where_to_prune(void **state)
{
	static const char *const bad[] = { "prune", "prune ", "prune  1", "prune 1 ", "prune 1 2",
					   "prune -1", "prune 01", "PRUNE 1", " prune 1",
					   "prune 18446744073709551616", "open 1 1" };
	uint8_t line[FH_PRUNE_ASK_LINE_MAX], params[FH_PRUNE_ASK_PARAMS_MAX + 1] = { 0 };
	struct fh_builder b = FH_BUILDER_ARRAY(line), map = FH_BUILDER_ARRAY(params);
	uint64_t from = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(fh_prune_ask_parse(fh_span_str(bad[i]), &from), FH_ERR_FORMAT);
	fh_prune_ask_put_line(&b, UINT64_MAX);
	assert_false(b.bad);
	assert_int_equal(fh_prune_ask_parse(fh_builder_span(&b), &from), FH_ERR_OK);
	assert_true(from == UINT64_MAX);
	fh_prune_ask_put(&map, 4097);
	assert_true(fh_span_equal(fh_builder_span(&map),
				  FH_SPAN_LIT("\xa1\x64" "from\x19\x10\x01")));
	assert_int_equal(fh_prune_ask_read(fh_builder_span(&map), &from), FH_ERR_OK);
	assert_int_equal(from, 4097);
	for (size_t n = 0; n < map.n; n++)
		assert_int_not_equal(fh_prune_ask_read(fh_span_of(params, n), &from), FH_ERR_OK);
	assert_int_not_equal(fh_prune_ask_read(fh_span_of(params, map.n + 1), &from), FH_ERR_OK);
	assert_true(fh_span_equal(fh_prune_ask_action().id, FH_SPAN_LIT("record.prune")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_says_which_entries_and_fields),
		cmocka_unit_test(anything_else_is_refused),
		cmocka_unit_test(the_longest_line_and_map_fit),
		cmocka_unit_test(the_map_is_read_strictly),
		cmocka_unit_test(all_fields_are_told_one_by_one),
		cmocka_unit_test(a_map_that_contradicts_itself_is_refused),
		cmocka_unit_test(a_line_says_where_to_prune),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
