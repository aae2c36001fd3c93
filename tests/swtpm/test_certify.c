/* SPDX-License-Identifier: Apache-2.0 */
/* What the AK certifies of a device key that is sealed, as the operator checks it.  */
#include "bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chip/tpm2/endorse.h"
#include "evidence/certified.h"

struct certified {
	uint8_t blob[FH_CHIP_BLOB_MAX], bytes[FH_CERTIFIED_MAX];
	size_t blob_n, n;
	struct fh_endorsement by;
};

static struct certified certify(struct bench *b, const struct fh_release *r)
{
	struct certified c = { 0 };
	struct fh_builder blob = FH_BUILDER_ARRAY(c.blob), said = FH_BUILDER_ARRAY(c.bytes);
	fh_err e = fh_endorsement_seal(&b->chip, r, FH_SPAN_ARRAY(bench_secret), &blob, &said);

	if (e != FH_ERR_OK)
		print_message("%s\n", b->chip.trace.what);
	assert_int_equal(e, FH_ERR_OK);
	assert_int_equal(fh_endorsement_read(&b->chip, &c.by), FH_ERR_OK);
	c.blob_n = blob.n;
	c.n = said.n;
	return c;
}

static fh_err check(const struct certified *c, const struct fh_release *r)
{
	struct fh_trace t = { 0 };
	fh_err e = fh_certified_check(fh_span_of(c->by.ak, c->by.ak_n),
				      fh_span_of(c->bytes, c->n), r, &t);

	assert_true(e == FH_ERR_OK || (t.what[0] != '\0' && t.cure[0] != '\0'));
	return e;
}

static void what_is_sealed_is_certified(void **state)
{
	struct bench *b = bench_of(state);
	const struct certified c = certify(b, &b->release);

	assert_int_equal(check(&c, &b->release), FH_ERR_OK);
	assert_int_equal(bench_unseal(b, BENCH_DEVICE, fh_span_of(c.blob, c.blob_n)), FH_ERR_OK);
	bench_operators(b, 3, 2);
	const struct certified joint = certify(b, &b->release);

	assert_int_equal(check(&joint, &b->release), FH_ERR_OK);
	assert_int_equal(check(&c, &b->release), FH_ERR_SIGNATURE);
	bench_assert_tidy(b);
}

static void for_nobody_else_and_nothing_else(void **state)
{
	struct bench *b = bench_of(state);
	const struct certified c = certify(b, &b->release);

	for (unsigned i = 0; i < 4; i++) {
		struct fh_release other = b->release;

		if (i == 0)
			other.epoch++;
		if (i == 1)
			other.device_id.bytes[0] ^= 1;
		if (i == 2)
			other.chain_id.bytes[0] ^= 1;
		if (i == 3)
			other.companion[0].bytes[1] ^= 1;
		assert_int_equal(check(&c, &other), FH_ERR_SIGNATURE);
	}
}

/* The counter has gone on: what says so is not what was sealed for the epoch before.  */
static void in_no_other_epoch(void **state)
{
	struct bench *b = bench_of(state);
	const struct fh_release before = b->release;
	uint64_t now;

	assert_int_equal(b->chip.class->counter_increment(&b->chip, FH_CHIP_EPOCH, &now),
			 FH_ERR_OK);
	const struct certified c = certify(b, &before);
	struct fh_release later = before;

	later.epoch = now;
	assert_int_equal(check(&c, &before), FH_ERR_SIGNATURE);
	assert_int_equal(check(&c, &later), FH_ERR_SIGNATURE);
}

/* Two true words about two objects do not make one about either.  */
static void not_the_making_of_another_object(void **state)
{
	struct bench *b = bench_of(state);
	struct certified one = certify(b, &b->release), two = certify(b, &b->release), mixed = one;
	struct fh_builder w = FH_BUILDER_ARRAY(mixed.bytes);
	struct fh_certified first, second;

	assert_int_equal(fh_certified_read(fh_span_of(one.bytes, one.n), &first), FH_ERR_OK);
	assert_int_equal(fh_certified_read(fh_span_of(two.bytes, two.n), &second), FH_ERR_OK);
	first.public = second.public;
	fh_certified_put(&w, &first);
	mixed.n = w.n;
	assert_int_equal(check(&mixed, &b->release), FH_ERR_SIGNATURE);
	/* Nor is the counter's the object's.  */
	assert_int_equal(fh_certified_read(fh_span_of(one.bytes, one.n), &first), FH_ERR_OK);
	w.n = 0;
	second = first;
	second.creation = first.counter;
	second.creation_signature = first.counter_signature;
	fh_certified_put(&w, &second);
	mixed.n = w.n;
	assert_int_equal(check(&mixed, &b->release), FH_ERR_SIGNATURE);
	w.n = 0;
	second = first;
	second.counter = first.creation;
	second.counter_signature = first.creation_signature;
	fh_certified_put(&w, &second);
	mixed.n = w.n;
	assert_int_equal(check(&mixed, &b->release), FH_ERR_SIGNATURE);
}

static void with_no_bit_altered_and_none_missing(void **state)
{
	struct bench *b = bench_of(state);
	struct certified c = certify(b, &b->release);
	const size_t n = c.n;

	for (size_t i = 0; i < n; i++) {
		c.bytes[i] ^= (uint8_t)(1U << i % 8);
		assert_int_not_equal(check(&c, &b->release), FH_ERR_OK);
		c.bytes[i] ^= (uint8_t)(1U << i % 8);
	}
	for (c.n = 0; c.n < n; c.n++)
		assert_int_equal(check(&c, &b->release), FH_ERR_FORMAT);
	c.n = n;
	assert_int_equal(check(&c, &b->release), FH_ERR_OK);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		ON_A_FRESH_TPM(what_is_sealed_is_certified),
		ON_A_FRESH_TPM(for_nobody_else_and_nothing_else),
		ON_A_FRESH_TPM(in_no_other_epoch),
		ON_A_FRESH_TPM(not_the_making_of_another_object),
		ON_A_FRESH_TPM(with_no_bit_altered_and_none_missing),
	};

	return cmocka_run_group_tests_name("certify", tests, nullptr, nullptr);
}
