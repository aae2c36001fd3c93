/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chain/pins.h"

static _Alignas(max_align_t) uint8_t memory[1 << 20], more[1 << 20];

static const char take[] =
	"{\"name\": \"take\", \"description\": \"takes\", \"inputSchema\": {\"type\": \"object\","
	" \"properties\": {\"path\": {\"type\": \"string\", \"maxLength\": 8}},"
	" \"required\": [\"path\"], \"additionalProperties\": false}}";

static fh_err read_pin(const char *name, const char *definition, struct fh_pin *out,
		       struct fh_trace *t)
{
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));

	return fh_pin_read(fh_span_str(name), fh_span_str(definition), &a, out, t);
}

static void a_pin_is_the_digest_of_the_very_bytes(void **state)
{
	struct fh_pin pin, other;

	(void)state;
	assert_int_equal(read_pin("take", take, &pin, nullptr), FH_ERR_OK);
	struct fh_hash wanted = fh_hash_of(fh_span_str(take));

	assert_true(fh_hash_equal(&pin.digest, &wanted));
	assert_int_equal(read_pin("t", "{\"name\":\"t\",\"inputSchema\":{}}", &pin, nullptr),
			 FH_ERR_OK);
	assert_int_equal(read_pin("t", "{\"name\":\"t\", \"inputSchema\":{}}", &other, nullptr),
			 FH_ERR_OK);
	assert_false(fh_hash_equal(&pin.digest, &other.digest));
}

static void refuses_what_it_could_not_hold_calls_to(void **state)
{
	static const struct {
		const char *definition;
		fh_err e;
	} rows[] = {
		{ "", FH_ERR_FORMAT }, { "[]", FH_ERR_FORMAT }, { "{}", FH_ERR_FORMAT },
		{ "{\"name\":\"u\",\"inputSchema\":{}}", FH_ERR_FORMAT },
		{ "{\"name\":\"t\"}", FH_ERR_FORMAT },
		{ "{\"name\":\"t\",\"inputSchema\":true}", FH_ERR_FORMAT },
		{ "{\"name\":\"t\",\"name\":\"t\",\"inputSchema\":{}}", FH_ERR_FORMAT },
		{ "{\"name\":\"t\",\"inputSchema\":{\"type\":\"thing\"}}", FH_ERR_FORMAT },
		{ "{\"name\":\"t\",\"inputSchema\":{\"nullable\":true}}", FH_ERR_UNSUPPORTED },
		{ "{\"name\":\"t\",\"inputSchema\":{\"$ref\":\"https://x/y\"}}", FH_ERR_MISSING },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fh_trace t = { 0 };
		struct fh_pin pin;

		if (read_pin("t", rows[i].definition, &pin, &t) != rows[i].e)
			fail_msg("%s: %s: %s", rows[i].definition, t.where, t.what);
		assert_non_null(strstr(t.where, "tool `t`"));
		assert_true(t.what[0] != '\0' && t.cure[0] != '\0');
	}
}

static void holds_arguments_to_the_pinned_schema(void **state)
{
	static const struct {
		const char *arguments;
		bool valid;
		const char *where;
	} rows[] = {
		{ "{\"path\":\"/a\"}", true, "" }, { "{}", false, "#" },
		{ "{\"path\":1}", false, "#/path" },
		{ "{\"path\":\"/too/long/a\"}", false, "#/path" },
		{ "{\"path\":\"/a\",\"force\":true}", false, "#/force" },
	};
	struct fh_pin pin;

	(void)state;
	assert_int_equal(read_pin("take", take, &pin, nullptr), FH_ERR_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fh_arena scratch = fh_arena_of(more, sizeof(more));
		struct fh_trace t = { 0 };
		bool valid = !rows[i].valid;

		assert_int_equal(fh_pin_check_arguments(&pin, fh_span_str(rows[i].arguments),
							&scratch, &valid, nullptr, &t), FH_ERR_OK);
		assert_int_equal(valid, rows[i].valid);
		assert_string_equal(t.where, rows[i].where);
		assert_int_equal(scratch.n, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pin_is_the_digest_of_the_very_bytes),
		cmocka_unit_test(refuses_what_it_could_not_hold_calls_to),
		cmocka_unit_test(holds_arguments_to_the_pinned_schema),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
