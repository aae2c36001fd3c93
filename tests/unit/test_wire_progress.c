/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "codec/json.h"
#include "os/memory.h"
#include "wire/progress.h"

static struct fh_span from_json(struct fh_span json, struct fh_arena *a)
{
	size_t cap = json.n + 16;
	struct fh_builder b = fh_builder_of(fh_arena_take(a, cap), cap);
	struct fh_trace t = { 0 };

	assert_int_equal(fh_json_to_cbor(json, a, &b, &t), FH_ERR_OK);
	return fh_builder_span(&b);
}

/* The params JSON of a notification, read; what is told as JSON in TEXT.  */
static fh_err read_params(const char *json, uint64_t *token, char text[512])
{
	FH_OWN(fh_arena) a = { 0 };
	struct fh_builder b = fh_builder_of(text, 511);
	struct fh_span told;

	assert_int_equal(fh_arena_map(1 << 20, &a), FH_ERR_OK);
	fh_err e = fh_mcp_read_progress(from_json(fh_span_str(json), &a), &a, token, &told);

	if (e == FH_ERR_OK)
		assert_int_equal(fh_json_from_cbor(told, &b), FH_ERR_OK);
	text[b.n] = '\0';
	return e;
}

static void reads_what_is_told_and_drops_the_rest(void **state)
{
	static const char *const good[][2] = {
		{ "{\"progressToken\":7,\"progress\":1}", "{\"progress\":1}" },
		{ "{\"progress\":-1.5,\"progressToken\":7,\"x\":{}}", "{\"progress\":-1.5}" },
		{ "{\"message\":\"m\",\"progress\":1e2,\"total\":3,\"progressToken\":7,\"e\":1}",
		  "{\"total\":3,\"message\":\"m\",\"progress\":1e+02}" },
	};
	uint64_t token;
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(read_params(good[i][0], &token, text), FH_ERR_OK);
		assert_int_equal(token, 7);
		assert_string_equal(text, good[i][1]);
	}
}

static void refuses_what_is_no_progress(void **state)
{
	static const char *const bad[] = {
		"[]", "7", "{}", "{\"progress\":1}", "{\"progressToken\":7}",
		"{\"progressToken\":\"7\",\"progress\":1}", "{\"progressToken\":-7,\"progress\":1}",
		"{\"progressToken\":7.5,\"progress\":1}",
		"{\"progressToken\":7,\"progress\":\"1\"}",
		"{\"progressToken\":7,\"progress\":null}",
		"{\"progressToken\":7,\"progress\":true}",
		"{\"progressToken\":7,\"progress\":1,\"total\":null}",
		"{\"progressToken\":7,\"progress\":1,\"message\":1}",
		"{\"progressToken\":7,\"progress\":1,\"message\":null}",
	};
	uint64_t token;
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(read_params(bad[i], &token, text), FH_ERR_FORMAT);
}

static void nothing_told_is_longer_than_it_may_be(void **state)
{
	FH_OWN(fh_arena) a = { 0 };
	struct fh_span told;
	uint64_t token;
	fh_err e = FH_ERR_OK;
	size_t n = FH_PROGRESS_MAX - 200;

	(void)state;
	assert_int_equal(fh_arena_map(1 << 20, &a), FH_ERR_OK);
	for (; n < FH_PROGRESS_MAX + 100 && e == FH_ERR_OK; n++) {
		uint8_t text[FH_PROGRESS_MAX + 200];
		struct fh_builder b = FH_BUILDER_ARRAY(text);

		fh_arena_reset(&a);
		fh_builder_text(&b, "{\"progressToken\":7,\"progress\":1,\"message\":\"");
		for (size_t i = 0; i < n; i++)
			fh_builder_u8(&b, 'm');
		fh_builder_text(&b, "\"}");
		e = fh_mcp_read_progress(from_json(fh_builder_span(&b), &a), &a, &token, &told);
		assert_true(e != FH_ERR_OK || told.n <= FH_PROGRESS_MAX);
	}
	assert_int_equal(e, FH_ERR_LIMIT);
	assert_true(n > FH_PROGRESS_MAX - 100);
}

static void writes_one_line_under_the_clients_token(void **state)
{
	static const uint8_t told[] = "\xa3\x65total\x03\x67message\x62\n\"\x68progress\x01";
	static const uint8_t token[] = "\x64t\"\n1";
	uint8_t memory[512];
	struct fh_builder b = FH_BUILDER_ARRAY(memory);

	(void)state;
	assert_int_equal(fh_mcp_put_progress(&b, fh_span_of(token, sizeof(token) - 1),
					     fh_span_of(told, sizeof(told) - 1)), FH_ERR_OK);
	fh_builder_u8(&b, 0);
	assert_string_equal((const char *)memory,
		"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{"
		"\"progressToken\":\"t\\\"\\n1\",\"progress\":1,\"message\":\"\\n\\\"\","
		"\"total\":3}}");
}

static void writes_nothing_of_what_is_no_progress(void **state)
{
	static const char *const bad[] = { "\xa0", "\x01", "\xa1\x65total\x03",
					   "\xa1\x68progress\x61x", "\xa1\x68progress\xf6",
					   "\xa2\x65total\xf5\x68progress\x01" };
	uint8_t memory[512];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct fh_builder b = FH_BUILDER_ARRAY(memory);

		assert_int_equal(fh_mcp_put_progress(&b, FH_SPAN_LIT("\x01"), fh_span_str(bad[i])),
				 FH_ERR_FORMAT);
		assert_true(b.bad);
	}
	for (size_t cap = 0; cap < 90; cap++) {
		struct fh_builder b = fh_builder_of(memory, cap);

		assert_int_not_equal(fh_mcp_put_progress(&b, FH_SPAN_LIT("\x01"),
							 FH_SPAN_LIT("\xa1\x68progress\x01")),
				     FH_ERR_OK);
		assert_true(b.bad);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_is_told_and_drops_the_rest),
		cmocka_unit_test(refuses_what_is_no_progress),
		cmocka_unit_test(nothing_told_is_longer_than_it_may_be),
		cmocka_unit_test(writes_one_line_under_the_clients_token),
		cmocka_unit_test(writes_nothing_of_what_is_no_progress),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
