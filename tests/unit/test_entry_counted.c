/* SPDX-License-Identifier: Apache-2.0 */
/* What an entry says of refusals that were counted.  */
#include "entry/counted.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "spec_fixture.h"

static const struct fh_hash zero;

/* The one of docs/spec/LEAF: the call of `take` at `notes` with {"path": "/x"}, twice.  */
static struct fh_counted documented(void)
{
	static const uint8_t params[] = { 0xa1, 0x64, 'p', 'a', 't', 'h', 0x62, '/', 'x' };
	struct fh_span server = FH_SPAN_LIT("notes"), tool = FH_SPAN_LIT("take");
	struct fh_hash once = fh_counted_digest(&zero, server, tool, FH_SPAN_ARRAY(params));

	return (struct fh_counted){
		.count = 2, .first_ms = 1800000000000, .last_ms = 1800000000050,
		.digest = fh_counted_digest(&once, server, tool, FH_SPAN_ARRAY(params)),
		.reason = FH_SPAN_LIT("no-permit"),
	};
}

static struct fh_span written(const struct fh_counted *n)
{
	static uint8_t room[FH_COUNTED_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(room);

	fh_counted_put(&b, n);
	assert_false(b.bad);
	return fh_builder_span(&b);
}

static void has_the_documented_bytes(void **state)
{
	const struct fh_counted n = documented();

	(void)state;
	stands_in("LEAF.md", "counted refusals", written(&n));
}

static void reads_what_it_writes(void **state)
{
	const struct fh_counted n = documented();
	struct fh_counted back;

	(void)state;
	assert_int_equal(fh_counted_read(written(&n), &back), FH_ERR_OK);
	assert_int_equal(back.count, 2);
	assert_int_equal(back.first_ms, n.first_ms);
	assert_int_equal(back.last_ms, n.last_ms);
	assert_true(fh_hash_equal(&back.digest, &n.digest));
	assert_true(fh_span_equal(back.reason, n.reason));
}

static void a_refusal_of_its_own_is_none(void **state)
{
	static const uint8_t alone[] = { 0xa1, 0x66, 'r', 'e', 'a', 's', 'o', 'n', 0x61, 'x' };
	struct fh_counted back;

	(void)state;
	assert_int_equal(fh_counted_read(FH_SPAN_ARRAY(alone), &back), FH_ERR_MISSING);
	assert_int_equal(fh_counted_read((struct fh_span){ 0 }, &back), FH_ERR_MISSING);
}

static void refuses_what_cannot_have_been_counted(void **state)
{
	struct fh_counted n = documented(), back;
	struct fh_span d;

	(void)state;
	n.count = 0;
	assert_int_equal(fh_counted_read(written(&n), &back), FH_ERR_FORMAT);
	n = documented();
	n.first_ms = n.last_ms + 1;
	assert_int_equal(fh_counted_read(written(&n), &back), FH_ERR_FORMAT);
	n = documented();
	n.reason.n = 0;
	assert_int_equal(fh_counted_read(written(&n), &back), FH_ERR_FORMAT);
	n = documented();
	d = written(&n);
	for (size_t cut = 0; cut < d.n; cut++)
		assert_int_not_equal(fh_counted_read(fh_span_first(d, cut), &back), FH_ERR_OK);
}

static void the_largest_has_room(void **state)
{
	static const char reason[FH_COUNTED_REASON_MAX] = { 'x', 'x' };
	const struct fh_counted n = { UINT64_MAX, UINT64_MAX, UINT64_MAX, zero,
				      FH_SPAN_ARRAY(reason) };

	(void)state;
	(void)written(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_the_documented_bytes),
		cmocka_unit_test(reads_what_it_writes),
		cmocka_unit_test(a_refusal_of_its_own_is_none),
		cmocka_unit_test(refuses_what_cannot_have_been_counted),
		cmocka_unit_test(the_largest_has_room),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
