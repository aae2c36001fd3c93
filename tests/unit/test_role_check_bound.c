/* SPDX-License-Identifier: Apache-2.0 */
/* What one caller may have core check: a bound of his own, which time pays for.  */
#include "role/check_bound.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct fh_check_bound bound;

static int set_up(void **state)
{
	(void)state;
	memset(&bound, 0, sizeof(bound));
	return 0;
}

static const struct fh_span one = { (const uint8_t *)"one", 3 };
static const struct fh_span other = { (const uint8_t *)"other", 5 };
constexpr uint64_t now = 1000000;
constexpr uint64_t paid_ms = FH_SCHEMA_STEPS_MAX / FH_CHECK_STEPS_PER_MS;

static void cheap_checks_are_never_refused(void **state)
{
	(void)state;
	for (uint64_t ms = now; ms < now + 1000; ms++) {
		assert_true(fh_check_allowed(&bound, one, ms));
		fh_check_taken(&bound, one, FH_CHECK_STEPS_PER_MS, ms);
	}
}

static void who_took_the_work_of_one_check_waits_until_it_is_paid_for(void **state)
{
	(void)state;
	fh_check_taken(&bound, one, FH_SCHEMA_STEPS_MAX / 2, now);
	assert_true(fh_check_allowed(&bound, one, now));
	fh_check_taken(&bound, one, FH_SCHEMA_STEPS_MAX, now);
	assert_false(fh_check_allowed(&bound, one, now));
	assert_false(fh_check_allowed(&bound, one, now + paid_ms / 2));
	assert_true(fh_check_allowed(&bound, one, now + paid_ms / 2 + 1));
}

static void nobody_pays_for_another(void **state)
{
	(void)state;
	fh_check_taken(&bound, one, 2 * FH_SCHEMA_STEPS_MAX, now);
	assert_false(fh_check_allowed(&bound, one, now));
	assert_true(fh_check_allowed(&bound, other, now));
}

static void who_owes_most_is_not_forgotten_for_those_who_owe_little(void **state)
{
	(void)state;
	fh_check_taken(&bound, one, 2 * FH_SCHEMA_STEPS_MAX, now);
	for (size_t i = 0; i < 2 * FH_CHECK_CALLERS_MAX; i++)
		fh_check_taken(&bound, fh_span_of((const uint8_t *)&i, sizeof(i)), 10, now);
	assert_false(fh_check_allowed(&bound, one, now));
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(cheap_checks_are_never_refused),
		TEST(who_took_the_work_of_one_check_waits_until_it_is_paid_for),
		TEST(nobody_pays_for_another),
		TEST(who_owes_most_is_not_forgotten_for_those_who_owe_little),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
