/* SPDX-License-Identifier: Apache-2.0 */
/* Proofs as `record prove` makes them, of a record with real keys, and what becomes of
 * their verdict when anything in them is changed.  */
#include "verify/proof.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/record_proof.h"
#include "codec/base64.h"
#include "fixture/maker.h"
#include "fixture/quote_maker.h"
#include "fixture/remove.h"
#include "os/memory.h"

struct bench {
	struct fh_maker maker; /* first: the maker's quotes are made by what is around it */
	char directory[32];
	struct fh_segments segments;
	struct fh_prove prove;
	struct fh_arena live, spare, scratch, own, stamps;
	struct fh_proof_options options;
	struct fh_proof_check check;
	uint8_t root_bytes[FH_SIGNED_ROOT_MAX];
	struct fh_signed_root root;
	/* Of a machine with a TPM.  */
	struct quote_maker ak;
	uint8_t quote[FH_MACHINE_QUOTE_MAX];
	uint32_t resets_more; /* than boots */
	uint8_t state;        /* what PCR 4 holds */
};

static void take_memory(struct bench *b)
{
	assert_int_equal(fh_arena_map(FH_CHAIN_ARENA, &b->live), FH_ERR_OK);
	assert_int_equal(fh_arena_map(FH_CHAIN_ARENA, &b->spare), FH_ERR_OK);
	assert_int_equal(fh_arena_map(FH_CHAIN_SCRATCH, &b->scratch), FH_ERR_OK);
	assert_int_equal(fh_arena_map(1 << 20, &b->own), FH_ERR_OK);
	assert_int_equal(fh_arena_map(FH_STAMP_MEMORY, &b->stamps), FH_ERR_OK);
	b->options = (struct fh_proof_options){
		.genesis_given = true, .live = &b->live, .spare = &b->spare,
		.scratch = &b->scratch, .own = &b->own, .stamps = &b->stamps };
}

static struct fh_pcr_state state_of(uint8_t byte)
{
	struct fh_pcr_state s = { .selected = 1U << 4 };

	memset(s.value[4].bytes, byte, FH_HASH_SIZE);
	return s;
}

static struct fh_span quote(struct fh_maker *m, const struct fh_quote_subject *subject)
{
	struct bench *b = (struct bench *)m;
	struct fh_builder out = FH_BUILDER_ARRAY(b->quote);
	struct fh_pcr_state pcrs = state_of(b->state);

	pcrs.selected = FH_MACHINE_PCRS;
	quote_maker_machine(&b->ak, subject, &pcrs, b->resets_more, &out);
	return fh_builder_span(&out);
}

static struct bench *begin(void)
{
	struct bench *b = test_calloc(1, sizeof(*b));

	(void)snprintf(b->directory, sizeof(b->directory), "/tmp/freehold-proof-XXXXXX");
	assert_non_null(mkdtemp(b->directory));
	fh_maker_begin(&b->maker, b->directory);
	take_memory(b);
	return b;
}

/* What it takes to prove entry 4, an intent.  */
static void gather(struct bench *b)
{
	struct fh_trace t = { 0 };

	assert_int_equal(fh_segments_open(b->directory, &b->segments, &t), FH_ERR_OK);
	b->prove.index = FH_MAKER_FIRST;
	assert_int_equal(fh_prove_gather(&b->segments, &b->prove, &t), FH_ERR_OK);
	b->options.genesis = b->maker.chain_id;
}

/* A machine with a TPM, which is to be in a state of 4 in PCR 4.  */
static int set_up_tpm(void **state)
{
	struct bench *b = begin();

	quote_maker_new(QUOTE_MAKER_P256, FH_TPM_ECDSA, FH_BANK_SHA256,
			QUOTE_MAKER_AK | 1U << 10, &b->ak);
	b->maker.ak = fh_span_of(b->ak.area, b->ak.area_n);
	b->maker.quote = quote;
	b->state = 4;
	*state = b;
	return 0;
}

static void start_in_approved_state(struct bench *b)
{
	struct fh_pcr_state good = state_of(4);

	fh_maker_chain(&b->maker);
	fh_maker_approve(&b->maker, &good);
	fh_maker_session(&b->maker);
	fh_maker_start(&b->maker);
	fh_maker_batch(&b->maker, 9);
	gather(b);
}

/* A record of 14 entries of a machine without a TPM.  */
static int set_up(void **state)
{
	struct bench *b = begin();
	struct fh_builder root = FH_BUILDER_ARRAY(b->root_bytes);

	fh_maker_first(&b->maker);
	fh_maker_batch(&b->maker, 9);
	fh_maker_receipt(&b->maker, &root);
	assert_int_equal(fh_signed_root_read(fh_builder_span(&root), &b->root), FH_ERR_OK);
	gather(b);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	fh_prove_drop(&b->prove);
	fh_segments_drop(&b->segments);
	fh_maker_end(&b->maker);
	quote_maker_drop(&b->ak);
	fh_arena_drop(&b->live);
	fh_arena_drop(&b->spare);
	fh_arena_drop(&b->scratch);
	fh_arena_drop(&b->own);
	fh_arena_drop(&b->stamps);
	fh_fixture_remove(b->directory);
	test_free(b);
	return 0;
}

static enum fh_answer judged(struct bench *b, struct fh_span file)
{
	fh_arena_reset(&b->own);
	assert_int_equal(fh_proof_verify(file, &b->options, &b->check), FH_ERR_OK);
	return fh_finding_answer(&b->check.finding, FH_AUTHENTIC);
}

static const char *first_code(const struct bench *b)
{
	return b->check.finding.reasons > 0 ? b->check.finding.reason[0].code : "";
}

/* A bundle of the fields in SHOWN, 0 being all of them.  */
static struct fh_span bundle(struct bench *b, uint64_t shown)
{
	struct fh_bundle u;
	struct fh_span out;

	assert_int_equal(fh_prove_bundle(&b->prove, shown, &u), FH_ERR_OK);
	assert_int_equal(fh_prove_tlog(&b->prove, &u, &out), FH_ERR_OK);
	return out;
}

static struct fh_span receipt(struct bench *b)
{
	struct fh_span out;

	assert_int_equal(fh_prove_receipt(&b->prove, &b->root, &out), FH_ERR_OK);
	return out;
}

static void a_bundle_is_checked_with_the_genesis_hash_alone(void **state)
{
	struct bench *b = *state;

	assert_int_equal(judged(b, bundle(b, 0)), FH_ANSWER_YES);
	assert_int_equal(fh_finding_answer(&b->check.finding, FH_ENROLLED), FH_ANSWER_YES);
	assert_int_equal(b->check.leaf.index, FH_MAKER_FIRST);
	assert_int_equal(b->check.checkpoint.size, FH_MAKER_FIRST + 9);
	assert_true(b->check.shown);
	assert_non_null(fh_fields_get(&b->check.fields, FH_FIELD_DECISION));
	b->options.genesis.bytes[0] ^= 1;
	assert_int_equal(judged(b, bundle(b, 0)), FH_ANSWER_YES);
	assert_int_equal(fh_finding_answer(&b->check.finding, FH_ENROLLED), FH_ANSWER_NO);
}

static void one_field_is_shown_without_the_others(void **state)
{
	struct bench *b = *state;
	struct fh_span file = bundle(b, UINT64_C(1) << FH_FIELD_DECISION);

	assert_int_equal(judged(b, file), FH_ANSWER_YES);
	assert_int_equal(b->check.fields.n, 1);
	assert_int_equal(b->check.fields.field[0].id, FH_FIELD_DECISION);
	assert_int_equal(b->check.bundle.payload.n, 0);
	assert_true(b->check.bundle.shown.fields > 1);
	/* Nothing of another field is in the file, its salt included.  */
	const struct fh_field *action;
	struct fh_fields all;
	uint8_t raw[32768];
	struct fh_builder decoded = FH_BUILDER_ARRAY(raw);

	assert_int_equal(fh_payload_read(b->prove.payload, &all), FH_ERR_OK);
	action = fh_fields_get(&all, FH_FIELD_ACTION);
	assert_int_equal(fh_base64_read(b->check.file.extra, &decoded), FH_ERR_OK);
	assert_null(memmem(decoded.p, decoded.n, action->salt.p, action->salt.n));
	assert_null(memmem(decoded.p, decoded.n, action->value.p, action->value.n));
}

static void a_field_that_is_not_there_is_not_shown(void **state)
{
	struct bench *b = *state;
	struct fh_bundle u;

	assert_int_equal(fh_prove_bundle(&b->prove, UINT64_C(1) << FH_FIELD_LOG, &u),
			 FH_ERR_MISSING);
}

static void a_plain_proof_is_unchecked_until_somebody_says_who_signs(void **state)
{
	struct bench *b = *state;
	struct fh_bundle u = fh_prove_leaf(&b->prove);
	struct fh_span file;

	assert_int_equal(fh_prove_tlog(&b->prove, &u, &file), FH_ERR_OK);
	assert_int_equal(judged(b, file), FH_ANSWER_UNCHECKED);
	assert_string_equal(first_code(b), "no-bundle");
	b->options.bundle = bundle(b, 0);
	assert_int_equal(judged(b, file), FH_ANSWER_YES);
}

static void a_receipt_is_checked_with_a_bundle(void **state)
{
	struct bench *b = *state;
	struct fh_span file = receipt(b);

	assert_int_equal(judged(b, file), FH_ANSWER_UNCHECKED);
	assert_string_equal(first_code(b), "no-bundle");
	b->options.bundle = bundle(b, 0);
	assert_int_equal(judged(b, file), FH_ANSWER_YES);
	assert_int_equal(fh_finding_answer(&b->check.finding, FH_ENROLLED), FH_ANSWER_YES);
	assert_int_equal(b->check.checkpoint.size, FH_MAKER_FIRST + 9);
	assert_true(fh_hash_equal(&b->check.checkpoint.root, &b->root.root));
}

/* A receipt says something about one entry only.  */
static void a_receipt_of_another_entry_is_no(void **state)
{
	struct bench *b = *state;

	b->options.bundle = bundle(b, 0);
	b->prove.index++;
	assert_int_equal(judged(b, receipt(b)), FH_ANSWER_NO);
	assert_string_equal(first_code(b), "leaf");
}

static void a_root_that_is_not_this_records_makes_no_receipt(void **state)
{
	struct bench *b = *state;
	struct fh_span out;

	b->root.root.bytes[0] ^= 1;
	assert_int_equal(fh_prove_receipt(&b->prove, &b->root, &out), FH_ERR_CONFLICT);
	b->root.root.bytes[0] ^= 1;
	b->root.size++;
	assert_int_equal(fh_prove_receipt(&b->prove, &b->root, &out), FH_ERR_CONFLICT);
}

/* Whatever byte of FILE is changed, in steps of STEP, it is no longer proven.  */
static void changed(struct bench *b, struct fh_span file, size_t step)
{
	uint8_t *copy = malloc(file.n);

	assert_non_null(copy);
	memcpy(copy, file.p, file.n);
	for (size_t i = 0; i < file.n; i += step) {
		copy[i] ^= 1;
		if (judged(b, fh_span_of(copy, file.n)) == FH_ANSWER_YES)
			fail_msg("byte %zu of %zu may be changed", i, file.n);
		copy[i] ^= 1;
	}
	for (size_t n = 0; n < file.n; n += 7 * step)
		assert_int_not_equal(judged(b, fh_span_first(file, n)), FH_ANSWER_YES);
	free(copy);
}

static void every_change_of_a_bundle_is_found(void **state)
{
	struct bench *b = *state;

	changed(b, bundle(b, 0), 31);
	changed(b, bundle(b, (UINT64_C(1) << FH_FIELD_DECISION) | (UINT64_C(1) << FH_FIELD_ACTOR)),
		31);
}

static void every_change_of_a_receipt_is_found(void **state)
{
	struct bench *b = *state;

	b->options.bundle = bundle(b, 0);
	changed(b, receipt(b), 5);
}

/* In the openings each byte counts, and a wrong place or number of fields, too.  */
static void every_change_of_an_opening_is_found(void **state)
{
	struct bench *b = *state;
	struct fh_bundle u, v;
	struct fh_span file;
	size_t mark;

	assert_int_equal(fh_prove_bundle(&b->prove, UINT64_C(1) << FH_FIELD_DECISION, &u),
			 FH_ERR_OK);
	mark = b->prove.arena.n;
	for (size_t i = 0; i < u.shown.opening[0].bytes.n; i++) {
		b->prove.arena.n = mark; /* a whole file's room each time */
		((uint8_t *)u.shown.opening[0].bytes.p)[i] ^= 0x20;
		assert_int_equal(fh_prove_tlog(&b->prove, &u, &file), FH_ERR_OK);
		assert_int_equal(judged(b, file), FH_ANSWER_NO);
		assert_string_equal(first_code(b), "fields");
		((uint8_t *)u.shown.opening[0].bytes.p)[i] ^= 0x20;
	}
	v = u;
	v.shown.opening[0].place++;
	b->prove.arena.n = mark;
	assert_int_equal(fh_prove_tlog(&b->prove, &v, &file), FH_ERR_OK);
	assert_int_equal(judged(b, file), FH_ANSWER_NO);
	v = u;
	v.shown.fields *= 2;
	b->prove.arena.n = mark;
	assert_int_equal(fh_prove_tlog(&b->prove, &v, &file), FH_ERR_OK);
	assert_int_equal(judged(b, file), FH_ANSWER_NO);
}

static void a_stamp_of_something_else_is_no(void **state)
{
	struct bench *b = *state;
	struct fh_bundle u;
	struct fh_span file;

	assert_int_equal(fh_prove_bundle(&b->prove, 0, &u), FH_ERR_OK);
	u.stamp[0] = FH_SPAN_LIT("no time stamp");
	u.stamps = 1;
	assert_int_equal(fh_prove_tlog(&b->prove, &u, &file), FH_ERR_OK);
	assert_int_equal(judged(b, file), FH_ANSWER_NO);
	assert_string_equal(first_code(b), "anchor");
}

static void the_state_in_the_sessions_quote_is_judged(void **state)
{
	struct bench *b = *state;

	start_in_approved_state(b);
	assert_int_equal(judged(b, bundle(b, 0)), FH_ANSWER_YES);
	assert_int_equal(fh_finding_answer(&b->check.finding, FH_ACCEPTED), FH_ANSWER_YES);
	/* Without the genesis hash anybody's approval would do.  */
	b->options.genesis_given = false;
	assert_int_equal(judged(b, bundle(b, 0)), FH_ANSWER_YES);
	assert_int_equal(fh_finding_answer(&b->check.finding, FH_ACCEPTED), FH_ANSWER_UNCHECKED);
}

static void a_state_that_nobody_approved_is_not_accepted(void **state)
{
	struct bench *b = *state;

	b->state = 5;
	start_in_approved_state(b);
	assert_int_equal(judged(b, bundle(b, 0)), FH_ANSWER_YES);
	assert_int_equal(fh_finding_answer(&b->check.finding, FH_ACCEPTED), FH_ANSWER_NO);
	assert_string_equal(first_code(b), "not-approved");
}

static void a_quote_of_another_boot_is_no(void **state)
{
	struct bench *b = *state;

	b->resets_more = 1;
	start_in_approved_state(b);
	assert_int_equal(judged(b, bundle(b, 0)), FH_ANSWER_NO);
	assert_string_equal(first_code(b), "quote");
}

#define TEST_TPM(f) cmocka_unit_test_setup_teardown(f, set_up_tpm, tear_down)
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_bundle_is_checked_with_the_genesis_hash_alone),
		TEST(one_field_is_shown_without_the_others),
		TEST(a_field_that_is_not_there_is_not_shown),
		TEST(a_plain_proof_is_unchecked_until_somebody_says_who_signs),
		TEST(a_receipt_is_checked_with_a_bundle),
		TEST(a_receipt_of_another_entry_is_no),
		TEST(a_root_that_is_not_this_records_makes_no_receipt),
		TEST(every_change_of_a_bundle_is_found),
		TEST(every_change_of_a_receipt_is_found),
		TEST(every_change_of_an_opening_is_found),
		TEST(a_stamp_of_something_else_is_no),
		TEST_TPM(the_state_in_the_sessions_quote_is_judged),
		TEST_TPM(a_state_that_nobody_approved_is_not_accepted),
		TEST_TPM(a_quote_of_another_boot_is_no),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
