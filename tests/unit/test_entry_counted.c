/* SPDX-License-Identifier: Apache-2.0 */
/* What an entry says of refusals that were counted.  */
#include "entry/counted.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "policy/decision.h"
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

/* That one of docs/spec/LEAF is about the question of AUTHZEN, "Golden bytes", asked twice.  */
static void answers_have_the_documented_bytes(void **state)
{
	static const uint8_t question[] = {
		0x84, 0x83, 0x64, 'u',  's',  'e',  'r',  0x65, 'a', 'l', 'i', 'c', 'e', 0xa0, 0x82,
		0x64, 'r',  'e',  'a',  'd',  0xa0, 0x83, 0x66, 'r', 'e', 'c', 'o', 'r', 'd',  0x62,
		'r',  '1',  0xa0, 0xa0,
	};
	const struct fh_span none = { 0 }, asked = FH_SPAN_ARRAY(question);
	struct fh_hash once = fh_counted_digest(&zero, none, none, asked);
	struct fh_counted n = documented();

	(void)state;
	n.digest = fh_counted_digest(&once, none, none, asked);
	n.reason = FH_SPAN_LIT(FH_COUNTED_ANSWER "no-permit");
	stands_in("LEAF.md", "counted answers", written(&n));
}

static void answers_are_told_from_refusals(void **state)
{
	struct fh_span code = FH_SPAN_LIT("untouched");

	(void)state;
	assert_false(fh_counted_is_answer(FH_SPAN_LIT("no-permit"), &code));
	assert_false(fh_counted_is_answer(FH_SPAN_LIT("answer"), &code));
	assert_false(fh_counted_is_answer((struct fh_span){ 0 }, &code));
	assert_true(fh_span_equal(code, FH_SPAN_LIT("untouched")));
	assert_true(fh_counted_is_answer(FH_SPAN_LIT("answer.no-permit"), &code));
	assert_true(fh_span_equal(code, FH_SPAN_LIT("no-permit")));
}

/* No code of a decision reads as that of answers, and each has room behind it.  */
static void every_decision_has_a_reason_of_answers(void **state)
{
	struct fh_span code;

	(void)state;
	for (int r = 0; r < FH_REASON_COUNT; r++) {
		struct fh_span s = fh_span_str(fh_reason_code((enum fh_reason)r));

		assert_true(s.n + sizeof(FH_COUNTED_ANSWER) - 1 <= FH_COUNTED_REASON_MAX);
		assert_false(fh_counted_is_answer(s, &code));
	}
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
		cmocka_unit_test(answers_have_the_documented_bytes),
		cmocka_unit_test(answers_are_told_from_refusals),
		cmocka_unit_test(every_decision_has_a_reason_of_answers),
		cmocka_unit_test(reads_what_it_writes),
		cmocka_unit_test(a_refusal_of_its_own_is_none),
		cmocka_unit_test(refuses_what_cannot_have_been_counted),
		cmocka_unit_test(the_largest_has_room),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
