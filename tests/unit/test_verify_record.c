/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/record.h"

#include "entry/counted.h"
#include "record_fixture.h"

static void trust(struct bench *b)
{
	b->options.genesis_given = true;
	b->options.genesis = b->maker.chain_id;
}

static void answers_yes_to_a_record_with_the_right_genesis(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	fh_maker_batch(&b->maker, 9);
	trust(b);
	struct fh_record_check *c = run(b);

	assert_string_equal(c->finding.reason[0].code, "static");
	assert_int_equal(fh_finding_answer(&c->finding, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_int_equal(fh_finding_answer(&c->finding, FH_ENROLLED), FH_ANSWER_YES);
	assert_int_equal(fh_finding_answer(&c->finding, FH_FRESH), FH_ANSWER_UNCHECKED);
	assert_int_equal(fh_finding_answer(&c->finding, FH_ACCEPTED), FH_ANSWER_UNCHECKED);
	assert_int_equal(c->covered.size, FH_MAKER_FIRST + 9);
	assert_int_equal(c->counts.permitted, 4);
	assert_int_equal(c->counts.denied, 1);
	assert_int_equal(c->counts.open, 0);
	assert_int_equal(c->uncovered_n, 0);
	assert_int_equal(c->finding.grade, FH_GRADE_TPM_SEALED);
	assert_int_equal(fh_finding_settle(&c->finding, FH_AUTHENTIC | FH_ENROLLED, 0),
			 FH_ANSWER_YES);
	assert_int_equal(fh_finding_settle(&c->finding, FH_FRESH, 0), FH_ANSWER_UNCHECKED);
}

static void says_enrolled_unchecked_without_a_genesis_hash(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	assert_int_equal(answer(b, FH_ENROLLED), FH_ANSWER_UNCHECKED);
	assert_int_equal(fh_finding_answer(&b->checked.check.finding, FH_AUTHENTIC), FH_ANSWER_YES);
}

static void says_not_enrolled_for_another_genesis_hash(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	trust(b);
	b->options.genesis.bytes[31] ^= 1;
	assert_int_equal(answer(b, FH_ENROLLED), FH_ANSWER_NO);
}

static void follows_sessions_across_boots(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	fh_maker_batch(&b->maker, 4);
	fh_maker_session(&b->maker);
	fh_maker_start(&b->maker);
	fh_maker_batch(&b->maker, 5);
	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_int_equal(b->checked.check.counts.sessions, 2);
}

static void follows_a_batch_that_was_never_signed(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	(void)fh_maker_intent(&b->maker, /* allowed= */ true);
	fh_maker_sync(&b->maker);
	(void)fh_maker_intent(&b->maker, /* allowed= */ true);
	fh_maker_sync(&b->maker);
	fh_maker_session(&b->maker);
	fh_maker_batch(&b->maker, 2);
	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_int_equal(b->checked.check.counts.open, 2);
}

static void lists_a_tail_without_a_checkpoint(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	(void)fh_maker_intent(&b->maker, /* allowed= */ false);
	fh_maker_sync(&b->maker);
	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_UNCHECKED);
	assert_string_equal(fh_checked_why(&b->checked), "uncovered");
	assert_int_equal(b->checked.check.covered.size, FH_MAKER_FIRST);
	assert_int_equal(b->checked.check.uncovered_n, 1);
	assert_string_equal(b->checked.check.uncovered[0].code, "entries");
}

static void refuses_a_session_that_does_not_continue_the_record(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	fh_maker_batch(&b->maker, 4);
	b->maker.signed_size--;
	fh_maker_session(&b->maker);
	fh_maker_batch(&b->maker, 2);
	refused_as(b, "certificate");
}

static void refuses_a_session_with_another_root(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	b->maker.signed_root.bytes[0] ^= 1;
	fh_maker_session(&b->maker);
	fh_maker_batch(&b->maker, 2);
	refused_as(b, "certificate");
}

static void refuses_a_session_of_a_revoked_device(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	fh_maker_revoke_device(&b->maker);
	fh_maker_batch(&b->maker, 0);
	trust(b);
	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_int_equal(fh_finding_answer(&b->checked.check.finding, FH_ENROLLED), FH_ANSWER_NO);
	fh_maker_session(&b->maker);
	fh_maker_batch(&b->maker, 2);
	refused_as(b, "not-enrolled");
}

static void refuses_a_permit_of_a_revoked_device(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	fh_maker_revoke_device(&b->maker);
	fh_maker_batch(&b->maker, 2);
	refused_as(b, "revoked");
}

/* {"groups": [], "name": "x", "credential": {"peer": {"uid": 1}}}  */
static const char actor_body[] = "\xa3\x64name\x61x\x66groups\x80\x6a"
				 "credential\xa1\x64peer\xa1\x63uid\x01";

/* The device is stated anew on one side.  Earlier versions went on.  */
static void still_accepts_a_permit_of_a_device_that_a_fork_supersedes(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	fh_maker_device(&b->maker);
	fh_maker_fork(&b->maker, "actor", fh_span_str(actor_body));
	fh_maker_batch(&b->maker, 2);
	fh_maker_session(&b->maker);
	fh_maker_batch(&b->maker, 2);
	trust(b);
	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_int_equal(b->checked.check.chain.state, FH_CHAIN_FORKED);
	assert_int_not_equal(fh_finding_answer(&b->checked.check.finding, FH_ENROLLED),
			     FH_ANSWER_YES);
}

static void refuses_a_permit_of_a_device_that_a_side_of_a_fork_revokes(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	fh_maker_revoke_device(&b->maker);
	fh_maker_fork(&b->maker, "actor", fh_span_str(actor_body));
	fh_maker_batch(&b->maker, 2);
	refused_as(b, "revoked");
}

static void refuses_an_outcome_without_a_permitted_intent(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	fh_maker_outcome(&b->maker, fh_maker_intent(&b->maker, /* allowed= */ false));
	fh_maker_batch(&b->maker, 0);
	refused_as(b, "outcome");
}

static void refuses_a_second_outcome(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	uint64_t intent = fh_maker_intent(&b->maker, /* allowed= */ true);

	fh_maker_outcome(&b->maker, intent);
	fh_maker_outcome(&b->maker, intent);
	fh_maker_batch(&b->maker, 0);
	refused_as(b, "outcome");
}

static void refuses_an_outcome_before_its_intent(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	fh_maker_outcome(&b->maker, b->maker.journal.tree.size + 1);
	(void)fh_maker_intent(&b->maker, /* allowed= */ true);
	fh_maker_batch(&b->maker, 0);
	refused_as(b, "outcome");
}

/* A refusal that tells of two others, the last of them at LAST_MS.  */
static void count_two(struct bench *b, uint64_t last_ms)
{
	uint8_t bytes[FH_COUNTED_MAX];
	struct fh_builder d = FH_BUILDER_ARRAY(bytes);
	const struct fh_counted n = { .count = 2, .first_ms = 1, .last_ms = last_ms,
				      .reason = FH_SPAN_LIT("no-permit") };

	fh_counted_put(&d, &n);
	struct fh_fields f = { .n = 1, .field = { { .id = FH_FIELD_DETAIL,
						    .value = fh_builder_span(&d) } } };

	(void)fh_maker_entry(&b->maker, FH_ENTRY_REFUSAL, &f);
}

static void adds_up_refusals_that_were_counted(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	count_two(b, b->maker.now.lo_ms);
	count_two(b, b->maker.now.lo_ms);
	fh_maker_batch(&b->maker, 0);
	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_int_equal(b->checked.check.counts.counted, 4);
}

static void refuses_counted_refusals_of_later(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	count_two(b, b->maker.now.lo_ms + 1000 * 1000);
	fh_maker_batch(&b->maker, 0);
	refused_as(b, "refusal");
}

static void refuses_time_that_goes_back(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	b->maker.now.lo_ms -= 5000;
	fh_maker_batch(&b->maker, 2);
	refused_as(b, "order");
}

static void refuses_a_start_counter_that_goes_back(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	b->maker.start--;
	fh_maker_batch(&b->maker, 2);
	refused_as(b, "order");
}

static void refuses_an_entry_of_another_boot_than_its_session(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	b->maker.boot++;
	fh_maker_batch(&b->maker, 2);
	refused_as(b, "session");
}

static void refuses_entries_of_a_session_without_certificate(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	b->maker.session_id.bytes[0] ^= 1;
	fh_maker_batch(&b->maker, 2);
	refused_as(b, "session");
}

static void refuses_another_chain_head(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	b->maker.head.bytes[0] ^= 1;
	fh_maker_batch(&b->maker, 2);
	refused_as(b, "chain-head");
}

static void refuses_a_checkpoint_by_another_key(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	struct fh_signer kept = b->maker.session;

	b->maker.session = b->maker.device;
	fh_maker_batch(&b->maker, 2);
	b->maker.session = kept;
	refused_as(b, "signature");
}

static void refuses_a_certificate_by_another_key(void **state)
{
	struct bench *b = *state;
	struct fh_signer kept = b->maker.device;

	fh_maker_chain(&b->maker);
	b->maker.device = b->maker.operator;
	fh_maker_session(&b->maker);
	b->maker.device = kept;
	fh_maker_batch(&b->maker, 0);
	refused_as(b, "signature");
}

static void refuses_a_statement_that_the_operator_did_not_sign(void **state)
{
	struct bench *b = *state;
	struct fh_signer kept = b->maker.operator;

	fh_maker_first(&b->maker);
	b->maker.operator = b->maker.device;
	fh_maker_revoke_device(&b->maker);
	b->maker.operator = kept;
	fh_maker_batch(&b->maker, 0);
	refused_as(b, "statement");
}

static void caps_the_grade_by_the_enrolment(void **state)
{
	struct bench *b = *state;

	b->maker.grade = FH_GRADE_SIMULATED;
	fh_maker_chain(&b->maker);
	b->maker.grade = FH_GRADE_TPM_RESIDENT;
	fh_maker_session(&b->maker);
	fh_maker_batch(&b->maker, 1);
	trust(b);
	struct fh_finding *f = &run(b)->finding;

	assert_int_equal(f->grade, FH_GRADE_SIMULATED);
	assert_int_equal(fh_finding_settle(f, FH_AUTHENTIC, FH_WEAK_NONE), FH_ANSWER_NO);
	assert_string_equal(f->reason[f->reasons - 1].code, "grade");
	assert_int_equal(fh_finding_settle(f, FH_AUTHENTIC, FH_WEAK_SIMULATED), FH_ANSWER_YES);
}

static void saves_note(struct bench *b, uint8_t *out, struct fh_span *note)
{
	memcpy(out, b->maker.note, b->maker.note_n);
	*note = fh_span_of(out, b->maker.note_n);
}

static void accepts_a_checkpoint_that_it_extends(void **state)
{
	struct bench *b = *state;
	uint8_t note[FH_CHECKPOINT_NOTE_MAX];

	fh_maker_first(&b->maker);
	saves_note(b, note, &b->options.at_least);
	fh_maker_batch(&b->maker, 6);
	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
	saves_note(b, note, &b->options.at_least);
	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
}

static void refuses_a_record_shorter_than_a_checkpoint_given(void **state)
{
	struct bench *b = *state;
	uint8_t note[FH_CHECKPOINT_NOTE_MAX];

	fh_maker_first(&b->maker);
	fh_maker_batch(&b->maker, 6);
	saves_note(b, note, &b->options.at_least);
	fh_checked_load(&b->checked, b->directory);
	/* Even whole but for that very checkpoint.  */
	b->checked.n[0] -= b->maker.note_n + FH_FRAME_HEAD;
	assert_int_equal(fh_checked_run(&b->checked, &b->options), FH_ERR_OK);
	assert_int_equal(fh_finding_answer(&b->checked.check.finding, FH_AUTHENTIC), FH_ANSWER_NO);
}

static void refuses_a_rewritten_record_by_a_checkpoint_given(void **state)
{
	struct bench *b = *state;
	struct bench *other;
	uint8_t note[FH_CHECKPOINT_NOTE_MAX];

	assert_int_equal(set_up((void **)&other), 0);
	fh_maker_first(&b->maker);
	fh_maker_batch(&b->maker, 6);
	saves_note(b, note, &b->options.at_least);
	fh_maker_first(&other->maker);
	fh_maker_batch(&other->maker, 8);
	other->options = b->options;
	refused_as(other, "at-least");
	assert_int_equal(tear_down((void **)&other), 0);
}

static void refuses_a_checkpoint_given_that_nobody_here_signed(void **state)
{
	struct bench *b = *state;
	uint8_t note[FH_CHECKPOINT_NOTE_MAX];
	uint8_t *changed; /* to another digit of base64: the note stays one */

	fh_maker_first(&b->maker);
	fh_maker_batch(&b->maker, 6);
	saves_note(b, note, &b->options.at_least);
	changed = &note[b->options.at_least.n - 10];
	*changed = *changed == 'B' ? 'C' : 'B';
	refused_as(b, "at-least");
}

static void accepts_what_witnesses_have_seen(void **state)
{
	struct bench *b = *state;
	uint8_t note[FH_CHECKPOINT_NOTE_MAX];

	fh_maker_first(&b->maker);
	saves_note(b, note, &b->options.witnessed);
	fh_maker_batch(&b->maker, 6);
	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_true(b->checked.check.witnessed.reached && b->checked.check.witnessed.equal);
	assert_true(b->checked.check.witnessed.at.size < b->checked.check.covered.size);
}

static void refuses_what_lacks_or_contradicts_what_witnesses_have_seen(void **state)
{
	struct bench *b = *state;
	struct bench *other;
	uint8_t note[FH_CHECKPOINT_NOTE_MAX];

	assert_int_equal(set_up((void **)&other), 0);
	fh_maker_first(&b->maker);
	fh_maker_batch(&b->maker, 6);
	saves_note(b, note, &b->options.witnessed);
	fh_maker_first(&other->maker);
	other->options = b->options;
	refused_as(other, "witnessed-cut");
	fh_maker_batch(&other->maker, 8);
	refused_as(other, "witnessed-rewritten");
	note[sizeof("freehold/") - 1] ^= 1; /* the first digit of the device id: still one */
	refused_as(b, "witnessed-other");
	assert_int_equal(tear_down((void **)&other), 0);
}

static void could_not_with_what_is_no_checkpoint(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	fh_checked_load(&b->checked, b->directory);
	b->options.at_least = FH_SPAN_LIT("nonsense");
	assert_int_equal(fh_checked_run(&b->checked, &b->options), FH_ERR_FORMAT);
	b->options.at_least = (struct fh_span){ 0 };
	b->options.witnessed = FH_SPAN_LIT("nonsense");
	assert_int_equal(fh_checked_run(&b->checked, &b->options), FH_ERR_FORMAT);
}

static void refuses_a_missing_segment(void **state)
{
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	/* Makes the journal believe that the segment is full.  */
	b->maker.journal.offset += FH_SEGMENT_MAX;
	fh_maker_batch(&b->maker, 6);
	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_int_equal(b->checked.segments, 2);
	b->checked.bytes[0] = b->checked.bytes[1];
	b->checked.n[0] = b->checked.n[1];
	b->checked.segments = 1;
	assert_int_equal(fh_checked_run(&b->checked, &b->options), FH_ERR_OK);
	assert_string_equal(fh_checked_why(&b->checked), "order");
}

static void lists_zeros_behind_the_last_frame_only(void **state)
{
	static uint8_t room[1 << 16];
	struct bench *b = *state;

	fh_maker_first(&b->maker);
	fh_checked_load(&b->checked, b->directory);
	memcpy(room, b->checked.bytes[0], b->checked.n[0]);
	b->checked.bytes[0] = room;
	b->checked.n[0] += 512;
	assert_int_equal(fh_checked_run(&b->checked, &b->options), FH_ERR_OK);
	assert_int_equal(fh_finding_answer(&b->checked.check.finding, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_string_equal(b->checked.check.uncovered[0].code, "zeros");
	b->checked.bytes[1] = room;
	b->checked.n[1] = 0;
	b->checked.segments = 2;
	assert_int_equal(fh_checked_run(&b->checked, &b->options), FH_ERR_OK);
	assert_string_equal(fh_checked_why(&b->checked), "torn-tail");
}

static void says_unchecked_of_an_empty_record(void **state)
{
	struct bench *b = *state;

	assert_int_equal(answer(b, FH_AUTHENTIC), FH_ANSWER_UNCHECKED);
	assert_string_equal(fh_checked_why(&b->checked), "empty");
}

static void refuses_a_co_located_operator_key_unless_allowed(void **state)
{
	struct fh_finding f;

	(void)state;
	fh_finding_begin(&f);
	f.graded = f.placed = true;
	f.grade = FH_GRADE_TPM_SEALED;
	f.placement = FH_PLACEMENT_CO_LOCATED;
	for (int i = 0; i < FH_QUESTIONS; i++)
		f.answer[i] = FH_ANSWER_YES;
	assert_int_equal(fh_finding_settle(&f, FH_AUTHENTIC, FH_WEAK_CO_LOCATED), FH_ANSWER_YES);
	assert_int_equal(fh_finding_settle(&f, FH_AUTHENTIC, FH_WEAK_NONE | FH_WEAK_SIMULATED),
			 FH_ANSWER_NO);
	assert_string_equal(f.reason[0].code, "grade");
	assert_string_equal(f.reason[0].why.where, "co-located");
}

static void an_unanswered_question_is_no_yes(void **state)
{
	struct fh_finding f;

	(void)state;
	fh_finding_begin(&f);
	fh_finding_set(&f, FH_AUTHENTIC, FH_ANSWER_YES);
	assert_int_equal(fh_finding_settle(&f, FH_AUTHENTIC, 0), FH_ANSWER_YES);
	assert_int_equal(fh_finding_settle(&f, FH_AUTHENTIC | FH_FRESH, 0), FH_ANSWER_UNCHECKED);
	fh_finding_set(&f, FH_ENROLLED, FH_ANSWER_NO);
	assert_int_equal(fh_finding_settle(&f, FH_AUTHENTIC, 0), FH_ANSWER_NO);
}

static void a_zeroed_finding_says_no(void **state)
{
	struct fh_finding f = { 0 };

	(void)state;
	assert_int_equal(fh_finding_settle(&f, 0, ~0U), FH_ANSWER_NO);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(answers_yes_to_a_record_with_the_right_genesis),
		TEST(says_enrolled_unchecked_without_a_genesis_hash),
		TEST(says_not_enrolled_for_another_genesis_hash),
		TEST(follows_sessions_across_boots),
		TEST(follows_a_batch_that_was_never_signed),
		TEST(lists_a_tail_without_a_checkpoint),
		TEST(refuses_a_session_that_does_not_continue_the_record),
		TEST(refuses_a_session_with_another_root),
		TEST(refuses_a_session_of_a_revoked_device),
		TEST(refuses_a_permit_of_a_revoked_device),
		TEST(still_accepts_a_permit_of_a_device_that_a_fork_supersedes),
		TEST(refuses_a_permit_of_a_device_that_a_side_of_a_fork_revokes),
		TEST(refuses_an_outcome_without_a_permitted_intent),
		TEST(refuses_a_second_outcome),
		TEST(refuses_an_outcome_before_its_intent),
		TEST(adds_up_refusals_that_were_counted),
		TEST(refuses_counted_refusals_of_later),
		TEST(refuses_time_that_goes_back),
		TEST(refuses_a_start_counter_that_goes_back),
		TEST(refuses_an_entry_of_another_boot_than_its_session),
		TEST(refuses_entries_of_a_session_without_certificate),
		TEST(refuses_another_chain_head),
		TEST(refuses_a_checkpoint_by_another_key),
		TEST(refuses_a_certificate_by_another_key),
		TEST(refuses_a_statement_that_the_operator_did_not_sign),
		TEST(caps_the_grade_by_the_enrolment),
		TEST(accepts_a_checkpoint_that_it_extends),
		TEST(refuses_a_record_shorter_than_a_checkpoint_given),
		TEST(refuses_a_rewritten_record_by_a_checkpoint_given),
		TEST(refuses_a_checkpoint_given_that_nobody_here_signed),
		TEST(accepts_what_witnesses_have_seen),
		TEST(refuses_what_lacks_or_contradicts_what_witnesses_have_seen),
		TEST(could_not_with_what_is_no_checkpoint),
		TEST(refuses_a_missing_segment),
		TEST(lists_zeros_behind_the_last_frame_only),
		TEST(says_unchecked_of_an_empty_record),
		cmocka_unit_test(refuses_a_co_located_operator_key_unless_allowed),
		cmocka_unit_test(an_unanswered_question_is_no_yes),
		cmocka_unit_test(a_zeroed_finding_says_no),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
