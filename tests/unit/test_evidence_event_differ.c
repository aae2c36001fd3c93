/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/event_differ.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "event_fixture.h"

/* PCR 4: two programs; PCR 11: a section.  */
static struct made_log boot(const char *first, const char *second, const char *section)
{
	static const enum fh_bank bank[] = { FH_BANK_SHA1, FH_BANK_SHA256 };
	struct made_log m = { 0 };

	log_begin(&m, bank, 2);
	log_measure(&m, 4, FH_EV_ACTION, fh_span_str(first));
	log_measure(&m, 11, FH_EV_IPL, fh_span_str(section));
	if (second != nullptr)
		log_measure(&m, 4, FH_EV_ACTION, fh_span_str(second));
	return m;
}

static void names_the_first_that_is_other(void **state)
{
	(void)state;
	struct made_log a = boot("loader", "kernel", "cmdline");
	struct made_log b = boot("loader", "other", "cmdline");
	struct fh_event_difference d;

	assert_false(fh_event_differ(log_span(&a), log_span(&a), 4, &d));
	assert_false(fh_event_differ(log_span(&a), log_span(&b), 11, &d));
	assert_true(fh_event_differ(log_span(&a), log_span(&b), 4, &d));
	assert_int_equal(d.event.number, 3);
	assert_int_equal(d.event.pcr, 4);
	assert_true(fh_span_equal(d.event.data, FH_SPAN_LIT("other")));
	assert_false(d.gone);
}

static void names_what_is_missing_and_what_is_more(void **state)
{
	(void)state;
	struct made_log a = boot("loader", "kernel", "cmdline");
	struct made_log b = boot("loader", nullptr, "cmdline");
	struct fh_event_difference d;

	assert_true(fh_event_differ(log_span(&a), log_span(&b), 4, &d));
	assert_true(d.gone);
	assert_true(fh_span_equal(d.event.data, FH_SPAN_LIT("kernel")));
	assert_true(fh_event_differ(log_span(&b), log_span(&a), 4, &d));
	assert_false(d.gone);
	assert_true(fh_span_equal(d.event.data, FH_SPAN_LIT("kernel")));
}

/* What is cut off is not missing.  */
static void says_nothing_of_a_log_that_cannot_be_read(void **state)
{
	(void)state;
	struct made_log a = boot("loader", "kernel", "cmdline");
	struct fh_event_difference d;

	assert_false(fh_event_differ(log_span(&a), fh_span_first(log_span(&a), a.n - 1), 4, &d));
	assert_false(fh_event_differ((struct fh_span){ 0 }, log_span(&a), 4, &d));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_the_first_that_is_other),
		cmocka_unit_test(names_what_is_missing_and_what_is_more),
		cmocka_unit_test(says_nothing_of_a_log_that_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
