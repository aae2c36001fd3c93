/* SPDX-License-Identifier: Apache-2.0 */
/* How many refusals of actors become entries, and that the others are counted.  */
#include "role/flood.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct fh_flood flood;

constexpr uint64_t now = 5000000;

static int set_up(void **state)
{
	(void)state;
	memset(&flood, 0, sizeof(flood));
	return 0;
}

static struct fh_flood_refusal of(const char *who, const char *reason)
{
	return (struct fh_flood_refusal){ .who = fh_span_str(who), .reason = fh_span_str(reason),
					  .tool = FH_SPAN_LIT("take"), .lo_ms = now };
}

/* How many of N refusals of WHO at NOW_MS may be entries.  */
static uint64_t singles(const char *who, uint64_t n, uint64_t now_ms)
{
	const struct fh_flood_refusal r = of(who, "no-permit");
	uint64_t single = 0;

	for (uint64_t i = 0; i < n; i++)
		single += fh_flood_single(&flood, &r, now_ms);
	return single;
}

/* Tells all there is; how many refusals that were.  */
static uint64_t tell_all(uint64_t now_ms)
{
	const struct fh_flood_actor *who;
	struct fh_flood_tally *t;
	uint64_t n = 0;

	while ((t = fh_flood_due(&flood, now_ms, /* all= */ true, &who)) != nullptr) {
		n += t->count;
		fh_flood_told(&flood, t);
	}
	return n;
}

static void who_is_refused_now_and_then_is_never_counted(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 10 * FH_FLOOD_BURST; i++)
		assert_int_equal(singles("one", 1, now + i * FH_FLOOD_TOKEN_MS), 1);
	assert_int_equal(fh_flood_due_ms(&flood), UINT64_MAX);
}

static void a_burst_is_written_and_the_rest_counted(void **state)
{
	(void)state;
	assert_int_equal(singles("one", FH_FLOOD_BURST + 1000, now), FH_FLOOD_BURST);
	assert_int_equal(flood.waiting, 1000);
	assert_int_equal(singles("one", 1000, now + 10 * FH_FLOOD_TOKEN_MS), 10);
	assert_int_equal(tell_all(now), 1990);
	assert_int_equal(flood.waiting, 0);
}

static void what_is_large_takes_more(void **state)
{
	static const uint8_t much[1 << 20];
	struct fh_flood_refusal r = of("one", "no-permit");
	uint64_t single = 0;

	(void)state;
	r.params = FH_SPAN_ARRAY(much);
	for (uint64_t i = 0; i < FH_FLOOD_BURST; i++)
		single += fh_flood_single(&flood, &r, now);
	assert_int_equal(single * fh_flood_cost(sizeof(much)),
			 FH_FLOOD_BURST - FH_FLOOD_BURST % fh_flood_cost(sizeof(much)));
	assert_true(fh_flood_cost(sizeof(much)) > 1);
	assert_int_equal(fh_flood_cost(FH_FLOOD_TOKEN_SIZE - 1), 1);
}

static void nobody_loses_tokens_to_another(void **state)
{
	(void)state;
	assert_int_equal(singles("one", 10 * FH_FLOOD_BURST, now), FH_FLOOD_BURST);
	assert_int_equal(singles("other", 1, now), 1);
}

/* However many there are, what they are given back together is bounded.  */
static void many_share_what_comes_back(void **state)
{
	constexpr uint64_t actors = 10 * FH_FLOOD_SHARE;
	constexpr uint64_t rounds = 100;
	uint64_t single = 0;
	char name[16];

	(void)state;
	for (uint64_t round = 0; round <= rounds; round++) {
		if (round == 1)
			single = 0; /* the bursts */
		for (uint64_t i = 0; i < actors; i++) {
			(void)snprintf(name, sizeof(name), "actor-%llu", (unsigned long long)i);
			single += singles(name, 2 * FH_FLOOD_BURST,
					  now + round * FH_FLOOD_TOKEN_MS);
		}
	}
	assert_in_range(single, rounds * FH_FLOOD_SHARE * 9 / 10, rounds * FH_FLOOD_SHARE);
}

static void who_owes_nothing_is_forgotten(void **state)
{
	constexpr uint64_t later = now + (FH_FLOOD_BURST + 1) * FH_FLOOD_TOKEN_MS;

	(void)state;
	(void)singles("one", 2 * FH_FLOOD_BURST, now);
	(void)singles("other", 1, later);
	assert_int_equal(flood.actors, 2); /* what is counted is not forgotten */
	(void)tell_all(later);
	(void)singles("third", 1, later + FH_FLOOD_TOKEN_MS + 1);
	assert_int_equal(flood.actors, 1);
}

static void more_actors_than_are_remembered_are_as_one_and_all_are_counted(void **state)
{
	constexpr uint64_t beyond = 100;
	const struct fh_flood_actor *who;
	uint64_t single = 0, each = FH_FLOOD_BURST + 3;
	char name[16];

	(void)state;
	for (uint64_t i = 0; i < FH_FLOOD_ACTORS + beyond; i++) {
		(void)snprintf(name, sizeof(name), "actor-%llu", (unsigned long long)i);
		single += singles(name, each, now);
	}
	assert_int_equal(single, (FH_FLOOD_ACTORS + 1) * FH_FLOOD_BURST);
	flood.next = FH_FLOOD_ACTORS * FH_FLOOD_REASONS;
	struct fh_flood_tally *t = fh_flood_due(&flood, now, /* all= */ true, &who);

	assert_non_null(t);
	assert_int_equal(who->name_n, 0);
	assert_int_equal(t->count, beyond * each - FH_FLOOD_BURST);
	assert_int_equal(tell_all(now) + single, (FH_FLOOD_ACTORS + beyond) * each);
}

static void reasons_are_told_apart_and_the_last_stands_for_the_others(void **state)
{
	const struct fh_flood_actor *who;
	struct fh_flood_tally *t;
	uint64_t others = 0;
	size_t n = 0;
	char reason[16];

	(void)state;
	for (size_t i = 0; i < FH_FLOOD_REASONS + 4; i++) {
		(void)snprintf(reason, sizeof(reason), "reason-%zu", i);
		const struct fh_flood_refusal r = of("one", reason);

		fh_flood_count(&flood, &r, now);
		fh_flood_count(&flood, &r, now + 1);
	}
	while ((t = fh_flood_due(&flood, now, /* all= */ true, &who)) != nullptr) {
		struct fh_span said = fh_span_of(t->reason, t->reason_n);

		if (fh_span_equal(said, FH_SPAN_LIT(FH_FLOOD_OTHER_REASONS)))
			others = t->count;
		else
			assert_int_equal(t->count, 2);
		fh_flood_told(&flood, t);
		n++;
	}
	assert_int_equal(n, FH_FLOOD_REASONS);
	assert_int_equal(others, 2 * 5);
}

/* What waits is told together; of more than can be told in one second each has its turn.  */
static void tallies_take_turns(void **state)
{
	constexpr uint64_t actors = 4 * FH_FLOOD_SHARE;
	bool told[actors] = { 0 };
	const struct fh_flood_actor *who;
	uint64_t n = 0, until = now + FH_FLOOD_TELL_MS + 5 * FH_FLOOD_TELL_MS;
	char name[4] = "";

	(void)state;
	for (uint64_t i = 0; i < actors; i++) {
		name[0] = (char)('!' + (int)i);
		(void)singles(name, FH_FLOOD_BURST + 1, now);
	}
	assert_null(fh_flood_due(&flood, now + FH_FLOOD_TELL_MS - 1, false, &who));
	for (uint64_t ms = now + FH_FLOOD_TELL_MS; ms < until; ms++) {
		struct fh_flood_tally *t = fh_flood_due(&flood, ms, /* all= */ false, &who);

		if (t == nullptr)
			continue;
		n++;
		told[who->name[0] - '!'] = true;
		fh_flood_told(&flood, t);
		const struct fh_flood_refusal r = { .who = fh_span_of(who->name, who->name_n),
						    .reason = FH_SPAN_LIT("no-permit") };

		fh_flood_count(&flood, &r, ms);
	}
	for (uint64_t i = 0; i < actors; i++)
		assert_true(told[i]);
	assert_int_equal(n, 5 * FH_FLOOD_SHARE);
}

static void the_digest_is_over_what_was_asked_in_its_order(void **state)
{
	struct fh_flood_refusal a = of("one", "no-permit"), b = a;
	const struct fh_flood_actor *who;
	static const struct fh_hash zero;

	(void)state;
	b.tool = FH_SPAN_LIT("drop");
	fh_flood_count(&flood, &a, now);
	fh_flood_count(&flood, &b, now);
	struct fh_hash first = fh_counted_digest(&zero, a.server, a.tool, a.params);
	struct fh_hash both = fh_counted_digest(&first, b.server, b.tool, b.params);
	struct fh_flood_tally *t = fh_flood_due(&flood, now, /* all= */ true, &who);

	assert_memory_equal(t->digest.bytes, both.bytes, sizeof(both.bytes));
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

/* Of what is counted a few are answered at once, and then so many a second, each actor by himself;
 * who pauses has them at once again.  */
static void what_is_counted_is_answered_at_a_pace(void **state)
{
	const struct fh_flood_refusal r = of("one", "no-permit"), s = of("other", "no-permit");
	uint64_t last = 0;

	(void)state;
	(void)singles("one", FH_FLOOD_BURST, now);
	assert_int_equal(flood.answer_ms, 0); /* entries do not wait */
	for (uint64_t i = 1; i <= 1000 * FH_FLOOD_AT_ONCE; i++) {
		fh_flood_count(&flood, &r, now);
		uint64_t wait = flood.answer_ms - now;
		uint64_t least = (i - 1) / FH_FLOOD_AT_ONCE * FH_FLOOD_REST_MS;

		assert_in_range(wait, least, least + FH_FLOOD_REST_MS - 1);
		assert_true(wait >= last);
		last = wait;
	}
	fh_flood_count(&flood, &s, now);
	assert_int_equal(flood.answer_ms, now);
	fh_flood_count(&flood, &r, now + 1000 * FH_FLOOD_REST_MS);
	assert_int_equal(flood.answer_ms, now + 1000 * FH_FLOOD_REST_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_is_refused_now_and_then_is_never_counted),
		TEST(a_burst_is_written_and_the_rest_counted),
		TEST(what_is_large_takes_more),
		TEST(nobody_loses_tokens_to_another),
		TEST(many_share_what_comes_back),
		TEST(who_owes_nothing_is_forgotten),
		TEST(more_actors_than_are_remembered_are_as_one_and_all_are_counted),
		TEST(reasons_are_told_apart_and_the_last_stands_for_the_others),
		TEST(tallies_take_turns),
		TEST(what_is_counted_is_answered_at_a_pace),
		TEST(the_digest_is_over_what_was_asked_in_its_order),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
