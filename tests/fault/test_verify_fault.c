/* SPDX-License-Identifier: Apache-2.0 */
/* The k-th allocation of the record verifier fails, for every k.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "fault.h"
#include "fixture/checked.h"
#include "fixture/maker.h"

/* What cannot be told is an error and never an answer about the record.  */
static void verifying_a_record(void **state)
{
	struct fault_place place;
	struct fh_checked *c = test_calloc(1, sizeof(*c));
	struct fh_maker *m = test_calloc(1, sizeof(*m));
	struct fh_record_options options = { .genesis_given = true };
	bool met = true;
	size_t k = 0;

	(void)state;
	fault_place_make(&place);
	fh_maker_begin(m, place.path);
	fh_maker_first(m);
	fh_maker_batch(m, 5);
	fh_maker_revoke_device(m);
	fh_maker_sync(m);
	fh_maker_checkpoint(m);
	options.genesis = m->chain_id;
	fh_checked_begin(c);
	fh_checked_load(c, place.path);
	for (; met; k++) {
		fault_arm(k, ENOMEM, nullptr);
		fh_err e = fh_checked_run(c, &options);

		met = fault_end();
		/* The chain's arena may have been compacted instead.  */
		assert_true(e == FH_ERR_OK || (met && e == FH_ERR_NOMEM));
		assert_false(c->check.refused);
		if (e == FH_ERR_OK)
			assert_int_equal(c->check.covered.size, m->signed_size);
		assert_int_equal(fh_checked_run(c, &options), FH_ERR_OK);
		assert_false(c->check.refused);
		assert_int_equal(c->check.covered.size, m->signed_size);
	}
	print_message("# verify: %zu faults\n", k - 1);
	assert_true(k > 8);
	fh_checked_end(c);
	fh_maker_end(m);
	test_free(c);
	test_free(m);
	fault_place_drop(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verifying_a_record),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
