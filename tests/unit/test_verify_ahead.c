/* SPDX-License-Identifier: Apache-2.0 */
/* Several threads come to what one comes to, for good records and for hostile ones.  */
#include "cli/verify_ahead.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fixture/checked.h"
#include "fixture/maker.h"
#include "fixture/remove.h"
#include "verify/record.h"

struct bench {
	char directory[32];
	struct fh_maker maker;
	struct fh_checked checked;
	struct fh_ahead_handle ahead;
};

static int set_up(void **state)
{
	struct bench *b = test_calloc(1, sizeof(*b));

	(void)snprintf(b->directory, sizeof(b->directory), "/tmp/freehold-ahead-XXXXXX");
	assert_non_null(mkdtemp(b->directory));
	fh_maker_begin(&b->maker, b->directory);
	fh_maker_first(&b->maker);
	for (int i = 0; i < 20; i++)
		fh_maker_batch(&b->maker, 1 + (unsigned)i % 5);
	fh_maker_session(&b->maker);
	fh_maker_start(&b->maker);
	fh_maker_batch(&b->maker, 40);
	fh_checked_begin(&b->checked);
	fh_checked_load(&b->checked, b->directory);
	assert_int_equal(fh_ahead_begin(5, 0, &b->ahead), FH_ERR_OK);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	fh_ahead_handle_drop(&b->ahead);
	fh_maker_end(&b->maker);
	fh_checked_end(&b->checked);
	fh_fixture_remove(b->directory);
	test_free(b);
	return 0;
}

/* Whether the first N bytes of the segment are right, as many threads see it.  */
static bool right_ahead(struct bench *b, size_t n)
{
	struct fh_checked *c = &b->checked;
	struct fh_record_memory memory = { &c->live, &c->spare, &c->scratch, &c->own };
	const struct fh_record_aid aid = fh_ahead_aid(b->ahead.p);
	const struct fh_record_options o = { .aid = &aid };
	struct fh_span bytes = fh_span_of(c->bytes[0], n);
	struct fh_record_check check;
	bool right;

	fh_arena_reset(&c->own);
	assert_int_equal(fh_record_check_begin(&o, &memory, &check), FH_ERR_OK);
	assert_int_equal(fh_ahead_segment(b->ahead.p, bytes), FH_ERR_OK);
	assert_int_equal(fh_record_check_segment(&check, bytes, "s", true), FH_ERR_OK);
	assert_int_equal(fh_ahead_settle(b->ahead.p, &right), FH_ERR_OK);
	right = right && !check.refused;
	fh_record_check_drop(&check);
	return right;
}

static bool right_alone(struct bench *b, size_t n)
{
	size_t whole = b->checked.n[0];

	b->checked.n[0] = n;
	assert_int_equal(fh_checked_run(&b->checked, nullptr), FH_ERR_OK);
	b->checked.n[0] = whole;
	return !b->checked.check.refused;
}

static void many_threads_find_a_good_record_good(void **state)
{
	struct bench *b = *state;

	assert_true(right_alone(b, b->checked.n[0]));
	for (int i = 0; i < 20; i++)
		assert_true(right_ahead(b, b->checked.n[0]));
}

static void they_find_every_change(void **state)
{
	struct bench *b = *state;
	uint8_t *bytes = b->checked.bytes[0];

	for (size_t i = 0; i < b->checked.n[0]; i += 1999) {
		bytes[i] ^= 4;
		if (right_ahead(b, b->checked.n[0]) != right_alone(b, b->checked.n[0]))
			fail_msg("not the same with byte %zu changed", i);
		bytes[i] ^= 4;
	}
}

static void they_find_every_cut(void **state)
{
	struct bench *b = *state;

	for (size_t n = 0; n < b->checked.n[0]; n += 4001) {
		if (right_ahead(b, n) != right_alone(b, n))
			fail_msg("not the same with %zu bytes", n);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(many_threads_find_a_good_record_good),
		TEST(they_find_every_change),
		TEST(they_find_every_cut),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
