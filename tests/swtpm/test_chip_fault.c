/* SPDX-License-Identifier: Apache-2.0 */
/* Each single command of each operation of the chip, lost, refused, unanswered or
 * cut, or answered with a changed handle, size or value, until a run meets no fault.  */
#include "bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chip/tpm2/endorse.h"
#include "crypto/sign.h"
#include "evidence/certified.h"

struct operation {
	const char *name;
	fh_err (*run)(struct bench *b, struct fh_span blob);
	enum bench_scope scope; /* of the blob it is given */
};

static fh_err run_seal(struct bench *b, struct fh_span blob)
{
	uint8_t bytes[FH_CHIP_BLOB_MAX];
	struct fh_builder out = FH_BUILDER_ARRAY(bytes);
	fh_err e = b->chip.class->seal_device(&b->chip, &b->release, FH_SPAN_ARRAY(bench_secret),
					      &out);

	(void)blob;
	assert_true(e == FH_ERR_OK || out.n == 0);
	return e;
}

static fh_err run_seal_certified(struct bench *b, struct fh_span blob)
{
	uint8_t bytes[FH_CHIP_BLOB_MAX], more[FH_CERTIFIED_MAX];
	struct fh_builder out = FH_BUILDER_ARRAY(bytes), certified = FH_BUILDER_ARRAY(more);
	fh_err e = fh_endorsement_seal(&b->chip, &b->release, FH_SPAN_ARRAY(bench_secret), &out,
				       &certified);

	(void)blob;
	assert_true(e == FH_ERR_OK || (out.n == 0 && certified.n == 0));
	return e;
}

static fh_err run_seal_boot(struct bench *b, struct fh_span blob)
{
	uint8_t bytes[FH_CHIP_BLOB_MAX];
	struct fh_builder out = FH_BUILDER_ARRAY(bytes);
	fh_err e = b->chip.class->seal_boot(&b->chip, &b->approval.state,
					    FH_SPAN_ARRAY(bench_secret), &out);

	(void)blob;
	assert_true(e == FH_ERR_OK || out.n == 0);
	return e;
}

static fh_err run_unseal(struct bench *b, struct fh_span blob)
{
	return bench_unseal(b, BENCH_DEVICE, blob);
}

static fh_err run_unseal_boot(struct bench *b, struct fh_span blob)
{
	return bench_unseal(b, BENCH_BOOT, blob);
}

static fh_err run_create(struct bench *b, struct fh_span blob)
{
	fh_err e = b->chip.class->counter_create(&b->chip, FH_CHIP_STARTS);

	(void)blob;
	return e == FH_ERR_EXISTS ? FH_ERR_OK : e;
}

static fh_err run_increment(struct bench *b, struct fh_span blob)
{
	uint64_t now = 77;
	fh_err e = b->chip.class->counter_increment(&b->chip, FH_CHIP_STARTS, &now);

	(void)blob;
	assert_true(e == FH_ERR_OK || now == 77);
	return e;
}

static fh_err run_boot(struct bench *b, struct fh_span blob)
{
	uint64_t now = 77;
	uint8_t id[32];
	fh_err e = b->chip.class->boot(&b->chip, &now, id);

	(void)blob;
	assert_true(e == FH_ERR_OK || now == 77);
	return e;
}

static const struct fh_secret note_key = { .n = FH_CHIP_NOTE_KEY_SIZE };

static fh_err run_note_create(struct bench *b, struct fh_span blob)
{
	(void)blob;
	return b->chip.class->note_create(&b->chip, &note_key);
}

static fh_err run_note(struct bench *b, struct fh_span blob)
{
	static const uint8_t note[FH_CHIP_NOTE_SIZE] = { 5 };
	uint8_t read[FH_CHIP_NOTE_SIZE];
	fh_err e = b->chip.class->note_write(&b->chip, &note_key, FH_SPAN_ARRAY(note));

	(void)blob;
	if (e == FH_ERR_OK)
		e = b->chip.class->note_read(&b->chip, read);
	if (e == FH_ERR_OK)
		assert_memory_equal(read, note, sizeof(note));
	return e;
}

static fh_err run_quote(struct bench *b, struct fh_span blob)
{
	static const struct fh_hash qualifying = { .bytes = { 1 } };
	struct fh_chip_quote q = { .attest_n = 77 };
	fh_err e = b->chip.class->quote(&b->chip, &qualifying, FH_PCRS_STATIC, &q);

	(void)blob;
	assert_true(e == FH_ERR_OK || q.attest_n == 77);
	return e;
}

static fh_err run_identity(struct bench *b, struct fh_span blob)
{
	uint8_t bytes[FH_CHIP_IDENTITY_MAX];
	struct fh_builder out = FH_BUILDER_ARRAY(bytes);

	(void)blob;
	return b->chip.class->identity(&b->chip, &out);
}

static fh_err run_look(struct bench *b, struct fh_span blob)
{
	uint64_t now = 77;
	fh_err e = b->chip.class->look(&b->chip, true, &now);

	(void)blob;
	assert_true(e == FH_ERR_OK || now == 77);
	return e;
}

/* run_create comes first, so that it meets its faults before there is a
 * counter.  */
static const struct operation operations[] = {
	{ "counter_create", run_create, BENCH_DEVICE },
	{ "counter_increment", run_increment, BENCH_DEVICE },
	{ "seal (device)", run_seal, BENCH_DEVICE },
	{ "seal (certified)", run_seal_certified, BENCH_DEVICE },
	{ "seal (boot)", run_seal_boot, BENCH_DEVICE },
	{ "unseal (device)", run_unseal, BENCH_DEVICE },
	{ "unseal (boot)", run_unseal_boot, BENCH_BOOT },
	{ "boot", run_boot, BENCH_DEVICE },
	{ "look", run_look, BENCH_DEVICE },
	{ "note_create", run_note_create, BENCH_DEVICE },
	{ "note", run_note, BENCH_DEVICE },
	{ "quote", run_quote, BENCH_DEVICE },
	{ "identity", run_identity, BENCH_DEVICE },
};

/* Another index each time, so that each run has one to make.  */
static fh_err run_joint_prepare(struct bench *b, struct fh_span blob)
{
	struct fh_release other = b->release;

	(void)blob;
	other.device_id.bytes[0] = (uint8_t)(b->runs >> 8);
	other.device_id.bytes[1] = (uint8_t)b->runs++;
	return b->chip.class->joint_prepare(&b->chip, &other);
}

/* Another state each time, so that each run has to write the index, whether it was written
 * before or not.  */
static fh_err run_joint_unseal(struct bench *b, struct fh_span blob)
{
	b->approval.state = (struct fh_pcr_state){ .selected = 1U << (1 + b->runs++ % 9) };
	b->approval = bench_approve_by(b, &b->release, 5);
	return bench_unseal(b, BENCH_DEVICE, blob);
}

static const struct operation joint_operations[] = {
	{ "joint_prepare", run_joint_prepare, BENCH_DEVICE },
	{ "seal (joint)", run_seal, BENCH_DEVICE },
	{ "unseal (joint)", run_joint_unseal, BENCH_DEVICE },
};

/* Runs OP on a fresh chip with FAULT at its K-th command; false if it has
 * fewer.  */
static bool run_with_fault(struct bench *b, const struct operation *op, enum fault fault,
			   unsigned k)
{
	struct fh_span blob = bench_seal(b, op->scope);

	b->line.fault = fault;
	b->line.left = k;
	b->line.met = false;
	b->line.at = b->altered_at;
	fh_err e = op->run(b, blob);
	bool met = b->line.met;

	b->line.fault = FAULT_NONE;
	if (!met)
		assert_int_equal(e, FH_ERR_OK);
	if (met && e != FH_ERR_OK) {
		if (e != FH_ERR_GONE && e != FH_ERR_TPM)
			fail_msg("%s, command %u: %s: %s", op->name, k, fh_err_text(e),
				 b->chip.trace.what);
		assert_string_not_equal(b->chip.trace.what, "");
	}
	bench_pull(b);
	/* What the TPM made while its answer got lost, nobody can name.  */
	bool lost = fault == FAULT_UNHEARD || fault == FAULT_CUT || fault == FAULT_ALTERED;

	if (!lost && simulator_handles(&b->sim) != 0)
		fail_msg("%s leaves something behind when command %u fails", op->name, k);
	if (lost) {
		simulator_off(&b->sim);
		simulator_on(&b->sim);
	}
	assert_int_equal(bench_insert(b, FAULT_NONE, 0), FH_ERR_OK);
	return met;
}

static void meet_every_fault_of(struct bench *b, const struct operation *op, size_t n,
				enum fault fault)
{
	for (size_t i = 0; i < n; i++) {
		unsigned k = 0;

		while (run_with_fault(b, &op[i], fault, k))
			k++;
		assert_true(k >= 1);
	}
}

static void meet_every_fault(struct bench *b, enum fault fault)
{
	meet_every_fault_of(b, operations, sizeof(operations) / sizeof(operations[0]), fault);
}

static void survives_every_lost_command(void **state)
{
	meet_every_fault(bench_of(state), FAULT_LOST);
}

static void survives_every_refused_command(void **state)
{
	meet_every_fault(bench_of(state), FAULT_REFUSED);
}

static void survives_every_lost_answer(void **state)
{
	meet_every_fault(bench_of(state), FAULT_UNHEARD);
}

static void survives_every_cut_answer(void **state)
{
	meet_every_fault(bench_of(state), FAULT_CUT);
}

/* Behind the response code stand the handle of what was made, then how large the parameters are,
 * or at once the first of them with its size, as the command has it.  */
static void survives_every_changed_handle_and_size(void **state)
{
	struct bench *b = bench_of(state);

	for (size_t at = 11; at < 20; at += 4) { /* the low bytes of sizes, and one of handles */
		b->altered_at = at;
		meet_every_fault(b, FAULT_ALTERED);
	}
}

static void release_by_several_survives_every_fault(void **state)
{
	static const enum fault faults[] = { FAULT_LOST, FAULT_REFUSED, FAULT_UNHEARD, FAULT_CUT };
	struct bench *b = bench_of(state);
	size_t n = sizeof(joint_operations) / sizeof(joint_operations[0]);

	bench_operators(b, 3, 2);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		meet_every_fault_of(b, joint_operations, n, faults[i]);
	/* Whatever was half done, two operators release it, and one does not.  */
	struct fh_span blob = bench_seal(b, BENCH_DEVICE);

	b->approval.state = (struct fh_pcr_state){ .selected = 1 << 14 };
	b->approval = bench_approve_by(b, &b->release, 1);
	assert_int_equal(bench_unseal(b, BENCH_DEVICE, blob), FH_ERR_UNAPPROVED);
	b->approval = bench_approve_by(b, &b->release, 6);
	assert_int_equal(bench_unseal(b, BENCH_DEVICE, blob), FH_ERR_OK);
	bench_assert_tidy(b);
}

/* Gives the TPM its authorisations with FAULT at command K; false if that are fewer.  */
static bool give_with_fault(struct bench *b, enum fault fault, unsigned k)
{
	struct fh_secret owner, lockout;

	assert_int_equal(fh_seed_new(&owner), FH_ERR_OK);
	assert_int_equal(fh_seed_new(&lockout), FH_ERR_OK);
	owner.bytes[owner.n - 1] = lockout.bytes[lockout.n - 1] = 1;
	b->line.fault = fault;
	b->line.left = k;
	b->line.met = false;
	fh_err e = fh_chip_tpm2_take(&b->chip, &owner, &lockout);
	bool met = b->line.met;

	b->line.fault = FAULT_NONE;
	assert_true(met || e == FH_ERR_OK);
	if (e != FH_ERR_OK)
		assert_string_not_equal(b->chip.trace.what, "");
	bench_pull(b);
	if (fault != FAULT_UNHEARD && fault != FAULT_CUT)
		assert_int_equal(simulator_handles(&b->sim), 0);
	/* Whatever came of it, the firmware's menu ends it.  */
	simulator_off(&b->sim);
	simulator_on(&b->sim);
	simulator_clear(&b->sim);
	assert_int_equal(bench_insert(b, FAULT_NONE, 0), FH_ERR_OK);
	return met;
}

static void giving_authorisations_survives_every_fault(void **state)
{
	static const enum fault faults[] = { FAULT_LOST, FAULT_REFUSED, FAULT_UNHEARD, FAULT_CUT };
	struct bench *b = bench_of(state);

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		unsigned k = 0;

		while (give_with_fault(b, faults[i], k))
			k++;
		assert_true(k >= 3);
	}
}

static void opening_survives_every_fault(void **state)
{
	static const enum fault faults[] = { FAULT_LOST, FAULT_REFUSED };
	struct bench *b = bench_of(state);

	for (size_t i = 0; i < 2; i++) {
		bool met = true;

		for (unsigned k = 0; met; k++) {
			bench_pull(b);
			fh_err e = bench_insert(b, faults[i], k);

			met = b->line.met;
			assert_true(met || e == FH_ERR_OK);
			assert_true(e == FH_ERR_OK || b->chip.class == nullptr);
			if (met) {
				bench_pull(b);
				assert_int_equal(simulator_handles(&b->sim), 0);
				faulty_open(&b->line, &b->sim);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_FRESH_TPM(survives_every_lost_command),
		ON_A_FRESH_TPM(survives_every_refused_command),
		ON_A_FRESH_TPM(survives_every_lost_answer),
		ON_A_FRESH_TPM(survives_every_cut_answer),
		ON_A_FRESH_TPM(survives_every_changed_handle_and_size),
		ON_A_FRESH_TPM(release_by_several_survives_every_fault),
		ON_A_FRESH_TPM(giving_authorisations_survives_every_fault),
		ON_A_FRESH_TPM(opening_survives_every_fault),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
