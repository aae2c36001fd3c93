/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "role/ask.h"

static const uint8_t session[FH_SESSION_ID_SIZE] = { 1, 2, 3 };
static const uint8_t map[] = { 0xa1, 0x61, 'a', 0x01 };

static struct fh_ask ask_of_test(void)
{
	return (struct fh_ask){ .kind = FH_ASK_CALL, .exchange = 4097, .target = 0,
				.session = FH_SPAN_ARRAY(session), .bearer = FH_SPAN_LIT("tok"),
				.server = FH_SPAN_LIT("notes"), .tool = FH_SPAN_LIT("read"),
				.params = FH_SPAN_ARRAY(map), .progress = true };
}

static struct fh_reply reply_of_test(void)
{
	return (struct fh_reply){ .status = FH_REPLY_REFUSED, .exchange = 9, .index = 12,
				  .session = FH_SPAN_ARRAY(session),
				  .reason = FH_SPAN_LIT("no-permit"), .text = FH_SPAN_LIT("no."),
				  .policy = { FH_SPAN_LIT("p"), FH_SPAN_LIT("q") }, .policies = 2,
				  .body = FH_SPAN_ARRAY(map) };
}

static void an_ask_comes_back_as_it_was(void **state)
{
	struct fh_ask a = ask_of_test(), out;
	uint8_t memory[256];
	struct fh_builder b = FH_BUILDER_ARRAY(memory);

	(void)state;
	fh_ask_put(&b, &a);
	assert_int_equal(fh_ask_read(fh_builder_span(&b), &out), FH_ERR_OK);
	assert_int_equal(out.kind, a.kind);
	assert_int_equal(out.exchange, a.exchange);
	assert_true(fh_span_equal(out.session, a.session));
	assert_true(fh_span_equal(out.bearer, a.bearer));
	assert_true(fh_span_equal(out.server, a.server));
	assert_true(fh_span_equal(out.tool, a.tool));
	assert_true(fh_span_equal(out.params, a.params));
	assert_true(out.progress);
}

static void a_reply_comes_back_as_it_was(void **state)
{
	struct fh_reply r = reply_of_test(), out;
	uint8_t memory[256];
	struct fh_builder b = FH_BUILDER_ARRAY(memory);

	(void)state;
	fh_reply_put(&b, &r);
	assert_int_equal(fh_reply_read(fh_builder_span(&b), &out), FH_ERR_OK);
	assert_int_equal(out.status, r.status);
	assert_int_equal(out.index, r.index);
	assert_int_equal(out.policies, 2);
	assert_true(fh_span_equal(out.policy[1], FH_SPAN_LIT("q")));
	assert_true(fh_span_equal(out.reason, r.reason));
	assert_true(fh_span_equal(out.body, r.body));
}

static void no_truncation_and_no_extra_byte_is_read(void **state)
{
	struct fh_ask a = ask_of_test(), seen = { .exchange = 77 };
	struct fh_reply r = reply_of_test(), heard = { .exchange = 77 };
	uint8_t memory[512] = { 0 };
	struct fh_builder b = fh_builder_of(memory, 256), c = fh_builder_of(memory + 256, 256);

	(void)state;
	fh_ask_put(&b, &a);
	fh_reply_put(&c, &r);
	for (size_t n = 0; n < b.n; n++)
		assert_int_not_equal(fh_ask_read(fh_span_of(b.p, n), &seen), FH_ERR_OK);
	for (size_t n = 0; n < c.n; n++)
		assert_int_not_equal(fh_reply_read(fh_span_of(c.p, n), &heard), FH_ERR_OK);
	assert_int_not_equal(fh_ask_read(fh_span_of(b.p, b.n + 1), &seen), FH_ERR_OK);
	assert_int_not_equal(fh_reply_read(fh_span_of(c.p, c.n + 1), &heard), FH_ERR_OK);
	assert_int_equal(seen.exchange, 77);
	assert_int_equal(heard.exchange, 77);
}

static fh_err read_back(const struct fh_ask *a)
{
	static uint8_t memory[2048];
	struct fh_builder b = FH_BUILDER_ARRAY(memory);
	struct fh_ask out;

	fh_ask_put(&b, a);
	assert_false(b.bad);
	return fh_ask_read(fh_builder_span(&b), &out);
}

static void an_unknown_kind_is_refused(void **state)
{
	struct fh_ask a = ask_of_test();

	(void)state;
	a.kind = (enum fh_ask_kind)0;
	assert_int_equal(read_back(&a), FH_ERR_FORMAT);
	a.kind = (enum fh_ask_kind)(FH_ASK_PRUNE + 1);
	assert_int_equal(read_back(&a), FH_ERR_FORMAT);
}

static void only_a_call_tells_how_far_it_is(void **state)
{
	struct fh_ask a = ask_of_test();

	(void)state;
	for (unsigned kind = FH_ASK_INITIALIZE; kind <= FH_ASK_PRUNE; kind++) {
		a.kind = (enum fh_ask_kind)kind;
		assert_int_equal(read_back(&a), kind == FH_ASK_CALL ? FH_ERR_OK : FH_ERR_FORMAT);
	}
}

static void a_short_session_is_refused(void **state)
{
	struct fh_ask a = ask_of_test();

	(void)state;
	a.session = fh_span_of(session, FH_SESSION_ID_SIZE - 1);
	assert_int_equal(read_back(&a), FH_ERR_FORMAT);
}

static void params_must_be_one_deterministic_map(void **state)
{
	static const uint8_t text[] = { 0x61, 'a' }, long_head[] = { 0xb8, 0x00 };
	static const uint8_t two[] = { 0xa0, 0xa0 };
	static const uint8_t unsorted[] = { 0xa2, 0x61, 'b', 0, 0x61, 'a', 0 };
	const struct fh_span bad[] = { FH_SPAN_ARRAY(text), FH_SPAN_ARRAY(long_head),
				       FH_SPAN_ARRAY(two), FH_SPAN_ARRAY(unsorted) };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct fh_ask a = ask_of_test();

		a.params = bad[i];
		assert_int_equal(read_back(&a), FH_ERR_FORMAT);
	}
}

static void names_and_credentials_have_limits(void **state)
{
	static uint8_t many[FH_BEARER_MAX + 1];
	struct fh_ask a = ask_of_test();

	(void)state;
	memset(many, 'a', sizeof(many));
	a.server = fh_span_of(many, FH_NAME_MAX + 1);
	assert_int_equal(read_back(&a), FH_ERR_LIMIT);
	a = ask_of_test();
	a.bearer = FH_SPAN_ARRAY(many);
	assert_int_equal(read_back(&a), FH_ERR_LIMIT);
}

static void a_reply_with_an_unknown_status_is_refused(void **state)
{
	struct fh_reply r = reply_of_test(), out;
	uint8_t memory[256];
	struct fh_builder b = FH_BUILDER_ARRAY(memory);

	(void)state;
	r.status = (enum fh_reply_status)(FH_REPLY_PROGRESS + 1);
	fh_reply_put(&b, &r);
	assert_int_equal(fh_reply_read(fh_builder_span(&b), &out), FH_ERR_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ask_comes_back_as_it_was),
		cmocka_unit_test(a_reply_comes_back_as_it_was),
		cmocka_unit_test(no_truncation_and_no_extra_byte_is_read),
		cmocka_unit_test(an_unknown_kind_is_refused),
		cmocka_unit_test(only_a_call_tells_how_far_it_is),
		cmocka_unit_test(a_short_session_is_refused),
		cmocka_unit_test(params_must_be_one_deterministic_map),
		cmocka_unit_test(names_and_credentials_have_limits),
		cmocka_unit_test(a_reply_with_an_unknown_status_is_refused),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
