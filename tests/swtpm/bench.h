/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_TEST_SWTPM_BENCH_H
#define FH_TEST_SWTPM_BENCH_H

#include "chip/tpm2/tpm2_private.h"
#include "simulator.h"

/* A chip over a simulator of its own.  All functions fail the test instead of
 * returning an error, unless they return one.  */

constexpr size_t BENCH_SECRET_SIZE = 96;
extern const uint8_t bench_secret[BENCH_SECRET_SIZE]; /* what bench_seal() seals */

/* How long a secret of these tests stays openable.  */
enum bench_scope {
	BENCH_DEVICE,
	BENCH_BOOT,
};

struct bench {
	struct simulator sim;
	struct faulty line; /* what the chip speaks through */
	size_t altered_at;  /* where FAULT_ALTERED alters */
	struct fh_trace trace;
	struct fh_chip chip;
	struct fh_secret operator_seed;    /* whose companion approves */
	struct fh_secret seeds[FH_COMPANIONS_MAX]; /* of bench_operators() */
	struct fh_release release;         /* what device secrets are sealed under */
	struct fh_chip_approval approval;  /* of the state the simulator begins in */
	unsigned runs;                     /* of what is to differ each time */
	alignas(16) uint8_t room[4096];
	uint8_t bytes[FH_CHIP_BLOB_MAX];
};

struct bench *bench_of(void **state);

/* cmocka's set-up and tear-down; the chip is open in between.  */
int bench_set_up(void **state);
int bench_tear_down(void **state);

/* Opens the chip, with FAULT after LEFT commands; closes it; both in turn;
 * the same with a reset of the TPM in between.  */
fh_err bench_insert(struct bench *b, enum fault fault, unsigned left);
void bench_pull(struct bench *b);
void bench_again(struct bench *b);
void bench_reboot(struct bench *b);

/* The blob is in B.  */
struct fh_span bench_seal(struct bench *b, enum bench_scope scope);

/* FH_ERR_OK only with bench_secret; nothing is written otherwise.  */
fh_err bench_unseal(struct bench *b, enum bench_scope scope, struct fh_span blob);

/* An approval of STATE by the bench's operator.  */
struct fh_chip_approval bench_approve(const struct bench *b, const struct fh_pcr_state *state);

/* Device secrets are released by M of N operators from now on, whose index is made.  */
void bench_operators(struct bench *b, size_t n, size_t m);

/* An approval of the bench's state by those of WHO (bit I: the I-th), for R.  */
struct fh_chip_approval bench_approve_by(const struct bench *b, const struct fh_release *r,
					 uint32_t who);

uint64_t bench_read_counter(struct bench *b);
uint64_t bench_count_up(struct bench *b);

/* Closes the chip, finds nothing left in the TPM, and opens it again.  */
void bench_assert_tidy(struct bench *b);

#define ON_A_FRESH_TPM(test) cmocka_unit_test_setup_teardown(test, bench_set_up, bench_tear_down)

#endif
