/* SPDX-License-Identifier: Apache-2.0 */
#include "bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chain/joint.h"

const uint8_t bench_secret[BENCH_SECRET_SIZE] =
	"ninety-six bytes: a seed, the chain's id and the device's id";

struct bench *bench_of(void **state)
{
	return *state;
}

fh_err bench_insert(struct bench *b, enum fault fault, unsigned left)
{
	struct fh_arena a = fh_arena_of(b->room, sizeof(b->room));

	faulty_open(&b->line, &b->sim);
	b->line.fault = fault;
	b->line.left = left;
	return fh_chip_tpm2_over((TSS2_TCTI_CONTEXT *)&b->line, &a, &b->trace, &b->chip);
}

void bench_pull(struct bench *b)
{
	fh_chip_drop(&b->chip);
	faulty_drop(&b->line);
}

void bench_again(struct bench *b)
{
	bench_pull(b);
	assert_int_equal(bench_insert(b, FAULT_NONE, 0), FH_ERR_OK);
}

void bench_reboot(struct bench *b)
{
	bench_pull(b);
	simulator_off(&b->sim);
	simulator_on(&b->sim);
	assert_int_equal(bench_insert(b, FAULT_NONE, 0), FH_ERR_OK);
}

struct fh_chip_approval bench_approve(const struct bench *b, const struct fh_pcr_state *state)
{
	const struct fh_release *r = &b->release;
	struct fh_chip_approval a = { .state = *state };
	struct fh_hash policy = fh_approval_policy(state);
	struct fh_hash reference = fh_approval_reference(&r->chain_id, &r->device_id, r->epoch);
	struct fh_hash digest = fh_approval_digest(&policy, &reference);

	assert_int_equal(fh_companion_sign(&b->operator_seed, &digest, &a.signature), FH_ERR_OK);
	return a;
}

void bench_operators(struct bench *b, size_t n, size_t m)
{
	struct fh_release *r = &b->release;

	for (size_t i = 0; i < n; i++) {
		const uint8_t seed[FH_COMPANION_SEED_SIZE] = { 40, (uint8_t)i };

		assert_int_equal(fh_secret_from(FH_SPAN_ARRAY(seed), &b->seeds[i]), FH_ERR_OK);
		assert_int_equal(fh_companion_public(&b->seeds[i], &r->companion[i]), FH_ERR_OK);
	}
	r->companions = n;
	r->needed = m;
	assert_int_equal(b->chip.class->joint_prepare(&b->chip, r), FH_ERR_OK);
}

struct fh_chip_approval bench_approve_by(const struct bench *b, const struct fh_release *r,
					 uint32_t who)
{
	struct fh_chip_approval a = { .state = b->approval.state };

	for (size_t i = 0; i < r->companions; i++) {
		for (size_t w = 0; w < 2 && (who >> i & 1) != 0; w++) {
			struct fh_hash digest = fh_joint_digest(r, &a.state, w == 1);

			assert_int_equal(fh_companion_sign(&b->seeds[i], &digest, &a.joint[w][i]),
					 FH_ERR_OK);
			a.signers[w] |= 1U << i;
		}
	}
	return a;
}

/* The state is the simulator's own: nothing measured.  */
static void prepare_release(struct bench *b)
{
	static const uint8_t seed[FH_COMPANION_SEED_SIZE] = { 9 };
	struct fh_pcr_state now = { .selected = 1 << 4 | 1 << 7 };

	assert_int_equal(fh_secret_from(FH_SPAN_ARRAY(seed), &b->operator_seed), FH_ERR_OK);
	assert_int_equal(fh_companion_public(&b->operator_seed, &b->release.companion[0]),
			 FH_ERR_OK);
	b->release.companions = 1;
	assert_int_equal(b->chip.class->counter_create(&b->chip, FH_CHIP_EPOCH), FH_ERR_OK);
	assert_int_equal(b->chip.class->counter_read(&b->chip, FH_CHIP_EPOCH, &b->release.epoch),
			 FH_ERR_OK);
	b->approval = bench_approve(b, &now);
}

int bench_set_up(void **state)
{
	struct bench *b = test_calloc(1, sizeof(*b));

	simulator_new(&b->sim);
	assert_int_equal(bench_insert(b, FAULT_NONE, 0), FH_ERR_OK);
	prepare_release(b);
	*state = b;
	return 0;
}

int bench_tear_down(void **state)
{
	struct bench *b = *state;

	bench_pull(b);
	simulator_drop(&b->sim);
	test_free(b);
	return 0;
}

struct fh_span bench_seal(struct bench *b, enum bench_scope scope)
{
	const struct fh_chip_class *chip = b->chip.class;
	struct fh_span secret = FH_SPAN_ARRAY(bench_secret);
	struct fh_builder out = FH_BUILDER_ARRAY(b->bytes);
	fh_err e = scope == BENCH_BOOT ? chip->seal_boot(&b->chip, &b->approval.state, secret,
							 &out)
				       : chip->seal_device(&b->chip, &b->release, secret, &out);

	if (e != FH_ERR_OK)
		print_message("%s\n", b->chip.trace.what);
	assert_int_equal(e, FH_ERR_OK);
	return fh_builder_span(&out);
}

fh_err bench_unseal(struct bench *b, enum bench_scope scope, struct fh_span blob)
{
	const struct fh_chip_class *chip = b->chip.class;
	uint8_t plain[FH_CHIP_SECRET_MAX];
	struct fh_builder out = FH_BUILDER_ARRAY(plain);
	fh_err e = scope == BENCH_BOOT ? chip->unseal_boot(&b->chip, blob, &out)
				       : chip->unseal_device(&b->chip, &b->release, &b->approval,
							     blob, &out);

	if (e == FH_ERR_OK)
		assert_true(fh_span_equal(fh_builder_span(&out), FH_SPAN_ARRAY(bench_secret)));
	else
		assert_int_equal(out.n, 0);
	return e;
}

uint64_t bench_read_counter(struct bench *b)
{
	uint64_t now = 0;

	assert_int_equal(b->chip.class->counter_read(&b->chip, FH_CHIP_STARTS, &now), FH_ERR_OK);
	return now;
}

uint64_t bench_count_up(struct bench *b)
{
	uint64_t now = 0;

	assert_int_equal(b->chip.class->counter_increment(&b->chip, FH_CHIP_STARTS, &now),
			 FH_ERR_OK);
	return now;
}

void bench_assert_tidy(struct bench *b)
{
	bench_pull(b);
	assert_int_equal(simulator_handles(&b->sim), 0);
	assert_int_equal(bench_insert(b, FAULT_NONE, 0), FH_ERR_OK);
}
