/* SPDX-License-Identifier: Apache-2.0 */
/* A record of which others than its entitled readers see no more than that it is unaltered.  */
#include "verify/record.h"

#include "entry/opened.h"
#include "record_fixture.h"

/* Nine entries of intents and outcomes behind the first, sealed.  */
static struct fh_span sealed_record(struct bench *b, struct fh_builder *openings)
{
	static uint8_t room[1 << 16];

	*openings = FH_BUILDER_ARRAY(room);
	fh_opened_put_head(openings);
	b->maker.openings = openings;
	fh_maker_first(&b->maker);
	fh_maker_batch(&b->maker, 9);
	return fh_builder_span(openings);
}

static void is_authentic_without_a_key(void **state)
{
	struct bench *b = *state;
	struct fh_builder openings;

	(void)sealed_record(b, &openings);
	b->options.genesis_given = true;
	b->options.genesis = b->maker.chain_id;
	struct fh_record_check *c = run(b);

	assert_int_equal(fh_finding_answer(&c->finding, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_string_equal(fh_checked_why(&b->checked), "sealed");
	assert_int_equal(c->covered.size, FH_MAKER_FIRST + 9);
	assert_int_equal(c->counts.sealed, 9);
	assert_int_equal(c->counts.sealed_intents, 5);
	assert_int_equal(c->counts.permitted, 0);
	assert_true(c->fold_lost);
}

static void is_judged_in_full_with_what_was_opened(void **state)
{
	struct bench *b = *state;
	struct fh_builder openings;
	struct fh_opened opened;

	assert_int_equal(fh_opened_begin(sealed_record(b, &openings), &opened), FH_ERR_OK);
	b->options.openings = &opened;
	struct fh_record_check *c = run(b);

	assert_int_equal(fh_finding_answer(&c->finding, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_int_equal(c->counts.sealed, 0);
	assert_int_equal(c->counts.permitted, 4);
	assert_int_equal(c->counts.denied, 1);
	assert_int_equal(c->counts.open, 0);
	assert_false(c->fold_lost);
}

/* What is missing in the file is sealed, and nothing is held against what follows.  */
static void takes_openings_of_some_entries(void **state)
{
	struct bench *b = *state;
	uint8_t some_bytes[1 << 15];
	struct fh_builder openings, some = FH_BUILDER_ARRAY(some_bytes);
	struct fh_opened all, opened;
	struct fh_opened_entry x;

	assert_int_equal(fh_opened_begin(sealed_record(b, &openings), &all), FH_ERR_OK);
	fh_opened_put_head(&some);
	for (uint64_t i = FH_MAKER_FIRST + 1; i < FH_MAKER_FIRST + 9; i++) {
		assert_int_equal(fh_opened_get(&all, i, &x), FH_ERR_OK);
		fh_opened_put_again(&some, &x);
	}
	assert_int_equal(fh_opened_begin(fh_builder_span(&some), &opened), FH_ERR_OK);
	b->options.openings = &opened;
	struct fh_record_check *c = run(b);

	assert_int_equal(fh_finding_answer(&c->finding, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_int_equal(c->counts.sealed, 1);
	assert_int_equal(c->counts.permitted + c->counts.denied, 4);
	assert_true(c->fold_lost);
}

/* Of each entry the action alone is opened, then altered: what is not known is not judged, and
 * what is shown or hidden in another's place is refused.  */
static void takes_openings_of_some_fields(void **state)
{
	struct bench *b = *state;
	uint8_t some_bytes[1 << 15];
	struct fh_builder openings, some = FH_BUILDER_ARRAY(some_bytes);
	struct fh_opened all, opened;
	struct fh_opened_entry x;

	assert_int_equal(fh_opened_begin(sealed_record(b, &openings), &all), FH_ERR_OK);
	fh_opened_put_head(&some);
	size_t head = some.n;

	for (uint64_t i = FH_MAKER_FIRST; i < FH_MAKER_FIRST + 9; i++) {
		assert_int_equal(fh_opened_get(&all, i, &x), FH_ERR_OK);
		fh_opened_put(&some, i, &x.shown, UINT64_C(1) << FH_FIELD_ACTION);
	}
	assert_int_equal(fh_opened_begin(fh_builder_span(&some), &opened), FH_ERR_OK);
	b->options.openings = &opened;
	struct fh_record_check *c = run(b);

	assert_int_equal(fh_finding_answer(&c->finding, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_int_equal(c->counts.sealed, 9);
	assert_int_equal(c->counts.permitted + c->counts.denied, 0);
	assert_int_equal(fh_opened_get(&opened, FH_MAKER_FIRST, &x), FH_ERR_OK);
	assert_int_equal(x.shown.n, 1);
	assert_true(x.n > 1);
	some.p[head + 10] ^= 1;
	refused_as(b, "payload");
	b->options.openings = nullptr;
}

/* Every byte of the openings counts.  */
static void refuses_openings_that_are_not_the_entry_s(void **state)
{
	struct bench *b = *state;
	struct fh_builder openings;
	struct fh_opened opened;
	struct fh_span file = sealed_record(b, &openings);

	b->options.openings = &opened;
	for (size_t i = sizeof(FH_OPENED_MAGIC) - 1; i < file.n; i += 7) {
		openings.p[i] ^= 1;
		assert_int_equal(fh_opened_begin(file, &opened), FH_ERR_OK);
		struct fh_record_check *c = run(b);

		/* An altered index opens another entry, or none.  */
		assert_true(fh_finding_answer(&c->finding, FH_AUTHENTIC) == FH_ANSWER_NO
			    || c->counts.sealed > 0);
		openings.p[i] ^= 1;
	}
	b->options.openings = nullptr;
}

static void refuses_a_public_entry_that_is_sealed(void **state)
{
	struct bench *b = *state;
	struct fh_builder openings;

	b->maker.seal_public = true;
	(void)sealed_record(b, &openings);
	refused_as(b, "class");
}

static void knows_a_file_of_openings(void **state)
{
	struct fh_opened opened;

	(void)state;
	assert_int_equal(fh_opened_begin(FH_SPAN_LIT("freehold openings 2\n"), &opened),
			 FH_ERR_FORMAT);
	assert_int_equal(fh_opened_begin((struct fh_span){ 0 }, &opened), FH_ERR_FORMAT);
}

#define ON_A_RECORD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_RECORD(is_authentic_without_a_key),
		ON_A_RECORD(is_judged_in_full_with_what_was_opened),
		ON_A_RECORD(takes_openings_of_some_entries),
		ON_A_RECORD(takes_openings_of_some_fields),
		ON_A_RECORD(refuses_openings_that_are_not_the_entry_s),
		ON_A_RECORD(refuses_a_public_entry_that_is_sealed),
		cmocka_unit_test(knows_a_file_of_openings),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
