/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/pem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static fh_err read_all(const char *text, struct fh_builder *out, struct fh_span *label,
		       struct fh_span *der)
{
	struct fh_cursor c = fh_cursor_of(fh_span_str(text));

	return fh_pem_next(&c, out, label, der);
}

static void reads_every_block_and_skips_what_is_between(void **state)
{
	(void)state;
	uint8_t room[64];
	struct fh_builder out = FH_BUILDER_ARRAY(room);
	struct fh_span label, one, two;
	struct fh_cursor c = fh_cursor_of(FH_SPAN_LIT("# a root\nSubject: -----BEGIN\n"
						      "-----BEGIN CERTIFICATE-----\r\n"
						      "aGVs\r\nbG8=\r\n"
						      "-----END CERTIFICATE-----\r\n\n"
						      "-----BEGIN X-----\nd29ybGQh\n"
						      "-----END X-----"));

	assert_int_equal(fh_pem_next(&c, &out, &label, &one), FH_ERR_OK);
	assert_true(fh_span_equal(label, FH_SPAN_LIT("CERTIFICATE")));
	assert_int_equal(fh_pem_next(&c, &out, &label, &two), FH_ERR_OK);
	assert_true(fh_span_equal(label, FH_SPAN_LIT("X")));
	assert_true(fh_span_equal(one, FH_SPAN_LIT("hello")));
	assert_true(fh_span_equal(two, FH_SPAN_LIT("world!")));
	assert_int_equal(fh_pem_next(&c, &out, &label, &two), FH_ERR_MISSING);
}

static void reads_lines_of_any_length(void **state)
{
	(void)state;
	static const char head[] = "-----BEGIN A-----\n", tail[] = "\n-----END A-----\n";
	static uint8_t text[16 << 10], room[16 << 10];
	struct fh_builder b = FH_BUILDER_ARRAY(text), out = FH_BUILDER_ARRAY(room);
	struct fh_span label, der;

	fh_builder_text(&b, head);
	for (int i = 0; i < 2001; i++)
		fh_builder_text(&b, i % 700 == 699 ? "AAA\nA" : "AAAA");
	fh_builder_text(&b, tail);
	struct fh_cursor c = fh_cursor_of(fh_builder_span(&b));

	assert_int_equal(fh_pem_next(&c, &out, &label, &der), FH_ERR_OK);
	assert_int_equal(der.n, 2001 * 3);
}

static void refuses_blocks_that_are_not_whole(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"-----BEGIN A-----\naGVsbG8=\n",
		"-----BEGIN A-----\naGVsbG8=\n-----END B-----\n",
		"-----BEGIN A-----\n-----END A-----\n",
		"-----BEGIN A-----\naGVsbG8\n-----END A-----\n",
		"-----BEGIN A-----\naGVsbG8=\naGVs\n-----END A-----\n",
		"-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\n\naGVs\n-----END A-----\n",
		"-----BEGIN A-----\naG Vs\n-----END A-----\n",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint8_t room[64];
		struct fh_builder out = FH_BUILDER_ARRAY(room);
		struct fh_span label, der;

		assert_int_equal(read_all(bad[i], &out, &label, &der), FH_ERR_FORMAT);
	}
}

static void says_when_there_is_no_room_and_no_block(void **state)
{
	(void)state;
	uint8_t room[4];
	struct fh_builder out = FH_BUILDER_ARRAY(room);
	struct fh_span label, der;

	assert_int_equal(read_all("-----BEGIN A-----\naGVsbG8=\n-----END A-----\n", &out, &label,
				  &der), FH_ERR_LIMIT);
	assert_int_equal(read_all("no block\n", &out, &label, &der), FH_ERR_MISSING);
	assert_false(fh_pem_is(FH_SPAN_LIT("no block\n")));
	assert_true(fh_pem_is(FH_SPAN_LIT("# one\n-----BEGIN A-----")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_block_and_skips_what_is_between),
		cmocka_unit_test(reads_lines_of_any_length),
		cmocka_unit_test(refuses_blocks_that_are_not_whole),
		cmocka_unit_test(says_when_there_is_no_room_and_no_block),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
