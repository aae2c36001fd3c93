/* SPDX-License-Identifier: Apache-2.0 */
/* A device secret that several operators release together.  */
#include "bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chain/joint.h"
#include "chip/tpm2/nv.h"

static fh_err release_by(struct bench *b, uint32_t who, struct fh_span blob)
{
	b->approval = bench_approve_by(b, &b->release, who);
	return bench_unseal(b, BENCH_DEVICE, blob);
}

static void next_epoch(struct bench *b)
{
	assert_int_equal(b->chip.class->counter_increment(&b->chip, FH_CHIP_EPOCH,
							  &b->release.epoch), FH_ERR_OK);
}

static void names_are_those_of_the_tpm(void **state)
{
	struct bench *b = bench_of(state);
	const struct fh_tpm2_index epoch = fh_tpm2_counter_index(FH_CHIP_EPOCH);
	uint8_t bytes[FH_JOINT_NAME_SIZE];
	struct fh_builder name = FH_BUILDER_ARRAY(bytes);
	struct fh_tpm2_name ours;

	fh_epoch_name_put(&name);
	assert_int_equal(fh_tpm2_index_name(&epoch, /* written: */ true, &ours), FH_ERR_OK);
	assert_true(fh_span_equal(fh_builder_span(&name), fh_tpm2_name_span(&ours)));
	bench_operators(b, 3, 2);
	const struct fh_joint_index i = fh_joint_index_of(&b->release);
	const struct fh_tpm2_index what = { .handle = i.handle, .attributes = i.attributes,
					    .size = FH_JOINT_CONTENT_SIZE, .policy = &i.policy };
	FH_OWN(fh_tpm2_handle) found = { 0 };
	bool written = true;

	assert_int_equal(fh_tpm2_index_find(fh_tpm2_of(&b->chip), &what, &found, &written),
			 FH_ERR_OK);
	assert_false(written);
	for (size_t w = 0; w < 2; w++) {
		name.n = 0;
		fh_joint_name_put(&name, &i, w == 1);
		assert_int_equal(fh_tpm2_index_name(&what, w == 1, &ours), FH_ERR_OK);
		assert_true(fh_span_equal(fh_builder_span(&name), fh_tpm2_name_span(&ours)));
	}
}

static void one_of_two_is_not_enough_and_two_are(void **state)
{
	struct bench *b = bench_of(state);

	bench_operators(b, 3, 2);
	struct fh_span blob = bench_seal(b, BENCH_DEVICE);

	for (uint32_t who = 0; who < 8; who++) {
		fh_err e = release_by(b, who, blob);

		assert_int_equal(e, __builtin_popcount(who) >= 2 ? FH_ERR_OK : FH_ERR_UNAPPROVED);
		if (e != FH_ERR_OK)
			assert_non_null(strstr(b->chip.trace.what, "too few operators"));
		else
			break;
	}
	/* What is in the index stays approved, in this epoch, without being signed again.  */
	assert_int_equal(release_by(b, 0, blob), FH_ERR_OK);
	bench_reboot(b);
	assert_int_equal(release_by(b, 0, blob), FH_ERR_OK);
	bench_assert_tidy(b);
}

/* Each pair, about a state of its own, so that each has to write.  */
static void any_two_of_three_will_do(void **state)
{
	struct bench *b = bench_of(state);
	static const uint32_t pairs[] = { 3, 5, 6, 7 };

	bench_operators(b, 3, 2);
	struct fh_span blob = bench_seal(b, BENCH_DEVICE);

	for (size_t i = 0; i < 4; i++) {
		b->approval.state = (struct fh_pcr_state){ .selected = 1U << (i + 1) };
		assert_int_equal(release_by(b, 1, blob), FH_ERR_UNAPPROVED);
		assert_int_equal(release_by(b, pairs[i], blob), FH_ERR_OK);
	}
	bench_assert_tidy(b);
}

/* 70 ways, in three levels of TPM2_PolicyOR.  */
static void four_of_eight_will_do(void **state)
{
	struct bench *b = bench_of(state);
	static const uint32_t ways[] = { 0x0f, 0xf0, 0x55, 0xaa, 0x99 };

	bench_operators(b, 8, 4);
	struct fh_span blob = bench_seal(b, BENCH_DEVICE);

	for (size_t i = 0; i < 5; i++) {
		b->approval.state = (struct fh_pcr_state){ .selected = 1U << (i + 1) };
		assert_int_equal(release_by(b, 0x07, blob), FH_ERR_UNAPPROVED);
		assert_int_equal(release_by(b, ways[i], blob), FH_ERR_OK);
	}
	bench_assert_tidy(b);
}

static void all_of_all_will_do(void **state)
{
	struct bench *b = bench_of(state);

	bench_operators(b, 2, 2);
	struct fh_span blob = bench_seal(b, BENCH_DEVICE);

	assert_int_equal(release_by(b, 2, blob), FH_ERR_UNAPPROVED);
	assert_int_equal(release_by(b, 3, blob), FH_ERR_OK);
}

static void a_signature_of_somebody_else_does_not_count(void **state)
{
	struct bench *b = bench_of(state);

	bench_operators(b, 3, 2);
	struct fh_span blob = bench_seal(b, BENCH_DEVICE);

	b->approval = bench_approve_by(b, &b->release, 3);
	for (size_t w = 0; w < 2; w++)
		b->approval.joint[w][1] = b->approval.joint[w][0];
	assert_int_equal(bench_unseal(b, BENCH_DEVICE, blob), FH_ERR_SIGNATURE);
	bench_assert_tidy(b);
}

static void another_state_is_not_released(void **state)
{
	struct bench *b = bench_of(state);

	bench_operators(b, 3, 2);
	struct fh_span blob = bench_seal(b, BENCH_DEVICE);

	memset(b->approval.state.value[4].bytes, 7, FH_HASH_SIZE);
	assert_int_equal(release_by(b, 3, blob), FH_ERR_UNAPPROVED);
	/* Nor by what was signed for it, said to be about the one that it is in.  */
	b->approval.state.value[4] = (struct fh_hash){ 0 };
	assert_int_equal(bench_unseal(b, BENCH_DEVICE, blob), FH_ERR_SIGNATURE);
	bench_assert_tidy(b);
}

/* What was signed for the epoch before can be written once more, by anybody: it is of no
 * use there.  */
static void older_approvals_are_dead_in_the_next_epoch(void **state)
{
	struct bench *b = bench_of(state);
	uint8_t copy[FH_CHIP_BLOB_MAX];

	bench_operators(b, 3, 2);
	struct fh_span older = bench_seal(b, BENCH_DEVICE);

	memcpy(copy, older.p, older.n);
	older = fh_span_of(copy, older.n);
	assert_int_equal(release_by(b, 3, older), FH_ERR_OK);
	struct fh_chip_approval replayed = b->approval;
	struct fh_release before = b->release;

	next_epoch(b);
	struct fh_span blob = bench_seal(b, BENCH_DEVICE);

	/* The index says the old content still.  */
	assert_int_equal(release_by(b, 0, blob), FH_ERR_UNAPPROVED);
	assert_int_equal(release_by(b, 5, blob), FH_ERR_OK);
	/* The old secret, by the old word.  */
	struct fh_release now = b->release;

	b->release = before;
	b->approval = replayed;
	assert_int_equal(bench_unseal(b, BENCH_DEVICE, older), FH_ERR_UNAPPROVED);
	/* The new secret, by the old word.  */
	b->release = now;
	assert_int_equal(bench_unseal(b, BENCH_DEVICE, blob), FH_ERR_OK); /* written already */
	next_epoch(b);
	blob = bench_seal(b, BENCH_DEVICE);
	b->approval = replayed;
	assert_int_equal(bench_unseal(b, BENCH_DEVICE, blob), FH_ERR_SIGNATURE);
	bench_assert_tidy(b);
}

static void each_device_has_its_own_index(void **state)
{
	struct bench *b = bench_of(state);
	struct fh_release other;

	bench_operators(b, 3, 2);
	other = b->release;
	other.device_id.bytes[0] ^= 1;
	assert_int_not_equal(fh_joint_index_of(&other).handle,
			     fh_joint_index_of(&b->release).handle);
	struct fh_span blob = bench_seal(b, BENCH_DEVICE);

	b->approval = bench_approve_by(b, &other, 3);
	assert_int_equal(bench_unseal(b, BENCH_DEVICE, blob), FH_ERR_SIGNATURE);
}

/* Who has the owner's authorisation can remove the index and make one of the same Name,
 * and gains nothing: it has to be signed to be written.  */
static void an_index_made_anew_is_not_written(void **state)
{
	struct bench *b = bench_of(state);
	struct fh_tpm2 *t = fh_tpm2_of(&b->chip);

	bench_operators(b, 3, 2);
	struct fh_span blob = bench_seal(b, BENCH_DEVICE);

	assert_int_equal(release_by(b, 3, blob), FH_ERR_OK);
	const struct fh_joint_index i = fh_joint_index_of(&b->release);
	const struct fh_tpm2_index what = { .handle = i.handle, .attributes = i.attributes,
					    .size = FH_JOINT_CONTENT_SIZE, .policy = &i.policy,
					    .what = "index of approved states" };
	FH_OWN(fh_tpm2_handle) found = { 0 }, session = { 0 };
	bool written = false;

	assert_int_equal(fh_tpm2_index_find(t, &what, &found, &written), FH_ERR_OK);
	assert_true(written);
	assert_int_equal(fh_tpm2_session(t, 0, &session), FH_ERR_OK);
	assert_int_equal(fh_tpm2_index_remove(t, &found, &session), FH_ERR_OK);
	found = (struct fh_tpm2_handle){ 0 };
	fh_tpm2_handle_drop(&session);
	assert_int_equal(release_by(b, 3, blob), FH_ERR_MISSING);
	assert_int_equal(b->chip.class->joint_prepare(&b->chip, &b->release), FH_ERR_OK);
	assert_int_equal(release_by(b, 1, blob), FH_ERR_UNAPPROVED);
	assert_int_equal(release_by(b, 6, blob), FH_ERR_OK);
	bench_assert_tidy(b);
}

static void the_owner_is_needed_to_make_it(void **state)
{
	struct bench *b = bench_of(state);

	assert_int_equal(fh_chip_tpm2_settle(&b->chip), FH_ERR_OK);
	bench_pull(b);
	simulator_own(&b->sim);
	assert_int_equal(bench_insert(b, FAULT_NONE, 0), FH_ERR_OK);
	b->release.companions = 2;
	b->release.needed = 2;
	assert_int_equal(b->chip.class->joint_prepare(&b->chip, &b->release), FH_ERR_PERMISSION);
	assert_non_null(strstr(b->chip.trace.cure, "device index"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		ON_A_FRESH_TPM(names_are_those_of_the_tpm),
		ON_A_FRESH_TPM(one_of_two_is_not_enough_and_two_are),
		ON_A_FRESH_TPM(any_two_of_three_will_do),
		ON_A_FRESH_TPM(four_of_eight_will_do),
		ON_A_FRESH_TPM(all_of_all_will_do),
		ON_A_FRESH_TPM(a_signature_of_somebody_else_does_not_count),
		ON_A_FRESH_TPM(another_state_is_not_released),
		ON_A_FRESH_TPM(older_approvals_are_dead_in_the_next_epoch),
		ON_A_FRESH_TPM(each_device_has_its_own_index),
		ON_A_FRESH_TPM(an_index_made_anew_is_not_written),
		ON_A_FRESH_TPM(the_owner_is_needed_to_make_it),
	};

	return cmocka_run_group_tests_name("joint", tests, nullptr, nullptr);
}
