/* SPDX-License-Identifier: Apache-2.0 */
/* A record of which something was shredded: what was there, what went with a record of it, and
 * what is missing are three things, and nothing ends that was not due or asked for.  */
#include "shred_fixture.h"

/* The statement that asks for it, and its sequence.  */
static uint64_t ask(struct bench *b, const char *kind, const char *name)
{
	uint8_t room[256];
	struct fh_builder body = FH_BUILDER_ARRAY(room);
	const struct fh_shred_body s = { .subject = fh_span_str(name) };
	const struct fh_hold_body h = { .name = fh_span_str(name) };

	if (strcmp(kind, "shred") == 0)
		fh_shred_body_put(&body, &s);
	else
		fh_hold_put(&body, &h);
	fh_maker_accept(&b->maker, kind, fh_builder_span(&body));
	return b->maker.sequence - 1;
}

static void what_ended_is_told_from_what_is_missing(void **state)
{
	struct bench *b = *state;
	struct fh_builder openings;
	struct fh_opened opened;
	uint64_t missing;

	begin(b, "3200s", &openings);
	fh_maker_batch(&b->maker, 4); /* behind it nothing ends */
	wait_s(b, 3200);
	shred(b, "3200s", period_of("3200s"), 0, 1);
	fh_maker_batch(&b->maker, 4);
	struct fh_record_check *c = run(b);

	assert_int_equal(fh_finding_answer(&c->finding, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_int_equal(c->counts.shredded, 13);
	assert_int_equal(c->counts.erased, 13);
	assert_false(fh_record_missing(c, &missing)); /* nobody opened anything */
	/* Of what is opened all but what ended is there.  */
	assert_int_equal(fh_opened_begin(fh_builder_span(&openings), &opened), FH_ERR_OK);
	b->options.openings = &opened;
	c = run(b);
	assert_false(fh_record_missing(c, &missing)); /* nobody says that it is all of them */
	assert_int_equal(fh_opened_begin(fh_builder_span(&openings), &opened), FH_ERR_OK);
	b->options.whole = UINT64_MAX;
	c = run(b);
	assert_true(fh_record_missing(c, &missing));
	assert_int_equal(missing, 0);
	assert_int_equal(c->counts.shredded, 13); /* somebody had opened it before */
	assert_int_equal(c->counts.erased, 0);
	/* With nothing opened the four behind it are missing.  */
	assert_int_equal(fh_opened_begin(FH_SPAN_LIT(FH_OPENED_MAGIC), &opened), FH_ERR_OK);
	c = run(b);
	assert_true(fh_record_missing(c, &missing));
	assert_int_equal(missing, 4);
	assert_int_equal(c->counts.erased, 13);
	refused_as(b, "missing");
	b->options.whole = 0;
	c = run(b);
	assert_int_equal(fh_finding_answer(&c->finding, FH_AUTHENTIC), FH_ANSWER_YES);
}

static void nothing_ends_before_its_time(void **state)
{
	struct bench *b = *state;
	struct fh_builder openings;

	begin(b, "31536000s", &openings);
	shred(b, "31536000s", period_of("31536000s"), 0, 1);
	refused_as(b, "shred");
}

static void what_is_kept_for_ever_ends_only_when_asked_for(void **state)
{
	struct bench *b = *state;
	struct fh_builder openings;

	begin(b, nullptr, &openings);
	shred(b, "default", period_of("default"), 0, 1);
	refused_as(b, "shred");
}

/* What is kept longer is said to be of a class or a period under which it would be due.  */
static void what_is_kept_does_not_end_as_something_else(void **state)
{
	const struct { const char *class; uint64_t period; } told[] = {
		{ "16s", 0 }, { "3200s", 0 }, { "3200", 0 }, { "3200s", UINT64_MAX },
	};

	for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++) {
		struct bench *b = *state;
		struct fh_builder openings;

		begin(b, "3200s", &openings);
		uint64_t asked = ask(b, "shred", "amy");

		shred(b, told[i].class, told[i].period, told[i].period == 0 ? 0 : asked, 1);
		refused_as(b, "shred");
		(void)tear_down(state);
		(void)set_up(state);
	}
}

static void what_is_due_ends_as_what_it_is(void **state)
{
	struct bench *b = *state;
	struct fh_builder openings;

	begin(b, "3200s", &openings);
	wait_s(b, 3200);
	shred(b, "3200s", period_of("3200s"), 0, 1);
	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_int_equal(b->checked.check.counts.erased, 9);
}

static void a_statement_ends_it(void **state)
{
	struct bench *b = *state;
	struct fh_builder openings;

	begin(b, nullptr, &openings);
	shred(b, "default", period_of("default"), ask(b, "shred", "amy"), 1);
	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_int_equal(b->checked.check.counts.erased, 9);
}

static void a_statement_that_is_none_ends_nothing(void **state)
{
	struct bench *b = *state;
	struct fh_builder openings;

	begin(b, nullptr, &openings);
	shred(b, "default", period_of("default"), ask(b, "shred", "amy") - 1, 1);
	refused_as(b, "shred");
}

static void what_is_held_does_not_end(void **state)
{
	struct bench *b = *state;
	struct fh_builder openings;

	begin(b, "3200s", &openings);
	(void)ask(b, "hold", "everything");
	wait_s(b, 3200);
	shred(b, "3200s", period_of("3200s"), 0, 1);
	refused_as(b, "shred");
}

static void the_folds_keys_end_only_behind_a_state_entry_that_carries_it(void **state)
{
	const struct { bool carries; uint64_t period; bool right; } told[] = {
		{ true, 1, true }, { false, 1, false }, { true, 0, false }, { true, 2000, false },
	};

	for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++) {
		struct bench *b = *state;
		struct fh_builder openings;

		begin(b, nullptr, &openings);
		memset(shredded_name, 1, sizeof(shredded_name));
		state_entry(b, FH_FOLD_PERIOD_FIRST, /* carries= */ false);
		if (told[i].carries)
			state_entry(b, b->maker.journal.tree.size, /* carries= */ true);
		shred(b, "fold", told[i].period, 0, 1);
		if (told[i].right)
			assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
		else
			refused_as(b, "shred");
		(void)tear_down(state);
		(void)set_up(state);
	}
}

static void the_folds_period_does_not_change_without_it(void **state)
{
	struct bench *b = *state;
	struct fh_builder openings;

	begin(b, nullptr, &openings);
	state_entry(b, b->maker.journal.tree.size, /* carries= */ false);
	refused_as(b, "state");
	(void)tear_down(state);
	(void)set_up(state);
	b = *state;
	begin(b, nullptr, &openings);
	state_entry(b, 3, /* carries= */ true);
	refused_as(b, "state");
}

/* Sealed as what ends earlier or later than it says, an entry would end with that.  */
static void a_key_seals_what_is_of_one_class_and_period(void **state)
{
	const struct { bool fold, class, wait; } told[] = {
		{ .class = true }, { .wait = true }, { .fold = true },
	};

	for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++) {
		struct bench *b = *state;
		struct fh_builder openings;

		begin(b, "3200s", &openings);
		if (told[i].fold)
			b->maker.fold_name = shredded_name;
		else
			b->maker.key_name = shredded_name;
		fh_maker_batch(&b->maker, 2);
		if (!told[i].fold)
			assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
		if (told[i].class)
			b->maker.class = "6400s";
		if (told[i].wait)
			wait_s(b, 200);
		fh_maker_batch(&b->maker, 2);
		refused_as(b, "key");
		(void)tear_down(state);
		(void)set_up(state);
	}
}

static void the_folds_key_changes_with_its_period(void **state)
{
	static const uint8_t one[FH_SEAL_NAME_SIZE] = { 1 }, other[FH_SEAL_NAME_SIZE] = { 2 };

	for (int same = 0; same < 2; same++) {
		struct bench *b = *state;
		struct fh_builder openings;

		begin(b, nullptr, &openings);
		b->maker.fold_name = one;
		fh_maker_batch(&b->maker, 2);
		state_entry(b, b->maker.journal.tree.size, /* carries= */ true);
		b->maker.fold_name = same ? one : other;
		fh_maker_batch(&b->maker, 2);
		if (same)
			refused_as(b, "key");
		else
			assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
		(void)tear_down(state);
		(void)set_up(state);
	}
}

static void an_epoch_ends_once(void **state)
{
	struct bench *b = *state;
	struct fh_builder openings;

	begin(b, "3200s", &openings);
	wait_s(b, 3200);
	shred(b, "3200s", period_of("3200s"), 0, 3);
	shred(b, "3200s", 0, 0, 5);
	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
	shred(b, "3200s", 0, 0, 5);
	refused_as(b, "shred");
}

static void an_entry_that_says_nothing_is_refused(void **state)
{
	struct bench *b = *state;
	struct fh_builder openings;
	struct fh_fields f = { 0 };

	begin(b, nullptr, &openings);
	(void)fh_maker_entry(&b->maker, FH_ENTRY_SHRED, &f);
	fh_maker_sync(&b->maker);
	fh_maker_checkpoint(&b->maker);
	refused_as(b, "shred");
}

#define ON_A_RECORD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_RECORD(what_ended_is_told_from_what_is_missing),
		ON_A_RECORD(nothing_ends_before_its_time),
		ON_A_RECORD(what_is_kept_for_ever_ends_only_when_asked_for),
		ON_A_RECORD(what_is_kept_does_not_end_as_something_else),
		ON_A_RECORD(what_is_due_ends_as_what_it_is),
		ON_A_RECORD(a_statement_ends_it),
		ON_A_RECORD(a_statement_that_is_none_ends_nothing),
		ON_A_RECORD(what_is_held_does_not_end),
		ON_A_RECORD(the_folds_keys_end_only_behind_a_state_entry_that_carries_it),
		ON_A_RECORD(the_folds_period_does_not_change_without_it),
		ON_A_RECORD(a_key_seals_what_is_of_one_class_and_period),
		ON_A_RECORD(the_folds_key_changes_with_its_period),
		ON_A_RECORD(an_epoch_ends_once),
		ON_A_RECORD(an_entry_that_says_nothing_is_refused),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
