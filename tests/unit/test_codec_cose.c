/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cose.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t signature[FH_MLDSA65_SIGNATURE_SIZE] = { 0x5a };
static uint8_t room[16384];

static struct fh_cose_signature by(uint8_t id)
{
	return (struct fh_cose_signature){ .key_id = { { id } },
					   .signature = FH_SPAN_ARRAY(signature) };
}

static void signs_these_bytes(void **state)
{
	(void)state;
	struct fh_builder b = FH_BUILDER_ARRAY(room);

	fh_cose_put_signed(&b, FH_SPAN_LIT("aad"), FH_SPAN_LIT("payload"));
	assert_true(fh_span_equal(fh_builder_span(&b),
				  FH_SPAN_LIT("\x85\x69Signature\x40\x44\xa1\x01\x38\x30"
					      "\x43" "aad\x47payload")));
	b.n = 0;
	fh_cose_put_signed1(&b, FH_SPAN_LIT("aad"), FH_SPAN_LIT("payload"));
	assert_true(fh_span_equal(fh_builder_span(&b),
				  FH_SPAN_LIT("\x84\x6aSignature1\x44\xa1\x01\x38\x30"
					      "\x43" "aad\x47payload")));
}

static void overhead_is_what_it_says(void **state)
{
	(void)state;
	static const uint8_t payload[70000];
	static uint8_t large[80000];
	struct fh_builder b = FH_BUILDER_ARRAY(large);

	fh_cose_put_signed(&b, FH_SPAN_LIT("freehold/statement/v1 and a good deal more than that"),
			   FH_SPAN_ARRAY(payload));
	assert_true(b.n <= sizeof(payload) + FH_COSE_SIGNED_OVERHEAD);
}

static void writes_these_bytes(void **state)
{
	(void)state;
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_cose_signature one = by(7);

	fh_cose_put_sign(&b, &one, 1);
	assert_true(fh_span_starts(fh_builder_span(&b),
				   FH_SPAN_LIT("\xd8\x62\x84\x40\xa0\xf6\x81\x83\x44\xa1\x01\x38"
					       "\x30\xa1\x04\x58\x20\x07\x00")));
	assert_int_equal(b.n, 17 + 32 + 3 + sizeof(signature));
	b.n = 0;
	fh_cose_put_sign1(&b, &one);
	assert_true(fh_span_starts(fh_builder_span(&b),
				   FH_SPAN_LIT("\xd2\x84\x44\xa1\x01\x38\x30"
					       "\xa1\x04\x58\x20\x07\x00")));
	assert_int_equal(b.n, 11 + 32 + 1 + 3 + sizeof(signature));
}

static fh_err reads(struct fh_span s, size_t max, size_t *count)
{
	struct fh_cose_signature out[4] = { 0 };
	struct fh_cursor c = fh_cursor_of(s);
	fh_err e = fh_cose_read_sign(&c, out, max, count);

	if (e == FH_ERR_OK)
		e = fh_cursor_end(&c);
	else
		assert_null(out[0].signature.p);
	return e;
}

static void reads_back_what_it_writes(void **state)
{
	(void)state;
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_cose_signature in[3] = { by(1), by(2), by(3) }, out[3];
	struct fh_cursor c;
	size_t count = 0;

	fh_cose_put_sign(&b, in, 3);
	c = fh_cursor_of(fh_builder_span(&b));
	assert_int_equal(fh_cose_read_sign(&c, out, 3, &count), FH_ERR_OK);
	assert_int_equal(fh_cursor_end(&c), FH_ERR_OK);
	assert_int_equal(count, 3);
	assert_memory_equal(&out[2].key_id, &in[2].key_id, FH_HASH_SIZE);
	assert_true(fh_span_equal(out[2].signature, in[2].signature));
	assert_int_equal(fh_cbor_check(fh_builder_span(&b)), FH_ERR_OK);
	assert_int_equal(reads(fh_builder_span(&b), 2, &count), FH_ERR_LIMIT);
}

static void refuses_signers_out_of_order_twice_or_none(void **state)
{
	(void)state;
	struct fh_cose_signature wrong[2] = { by(2), by(1) }, twice[2] = { by(1), by(1) };
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	size_t count = 9;

	fh_cose_put_sign(&b, wrong, 2);
	assert_int_equal(reads(fh_builder_span(&b), 4, &count), FH_ERR_FORMAT);
	b.n = 0;
	fh_cose_put_sign(&b, twice, 2);
	assert_int_equal(reads(fh_builder_span(&b), 4, &count), FH_ERR_FORMAT);
	b.n = 0;
	fh_cose_put_sign(&b, twice, 0);
	assert_int_equal(reads(fh_builder_span(&b), 4, &count), FH_ERR_FORMAT);
	assert_int_equal(count, 9);
}

static void refuses_every_truncation_and_changed_header(void **state)
{
	(void)state;
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_cose_signature one = by(7), out = { 0 };
	size_t count = 0;

	fh_cose_put_sign(&b, &one, 1);
	struct fh_span s = fh_builder_span(&b);

	assert_int_equal(reads(s, 1, &count), FH_ERR_OK);
	for (size_t n = 0; n < s.n; n++)
		assert_int_equal(reads(fh_span_first(s, n), 1, &count), FH_ERR_FORMAT);
	for (size_t bit = 0; bit < 8 * 17; bit++) {
		room[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(reads(s, 1, &count), FH_ERR_OK);
		room[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	b.n = 0;
	fh_cose_put_sign1(&b, &one);
	s = fh_builder_span(&b);
	for (size_t n = 0; n < s.n; n++) {
		struct fh_cursor c = fh_cursor_of(fh_span_first(s, n));

		assert_int_equal(fh_cose_read_sign1(&c, &out), FH_ERR_FORMAT);
	}
	for (size_t bit = 0; bit < 8 * 11; bit++) {
		struct fh_cursor c = fh_cursor_of(s);

		room[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(fh_cose_read_sign1(&c, &out), FH_ERR_OK);
		room[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_null(out.signature.p);
	struct fh_cursor c = fh_cursor_of(s);

	assert_int_equal(fh_cose_read_sign1(&c, &out), FH_ERR_OK);
	assert_true(fh_span_equal(out.signature, one.signature));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signs_these_bytes),
		cmocka_unit_test(overhead_is_what_it_says),
		cmocka_unit_test(writes_these_bytes),
		cmocka_unit_test(reads_back_what_it_writes),
		cmocka_unit_test(refuses_signers_out_of_order_twice_or_none),
		cmocka_unit_test(refuses_every_truncation_and_changed_header),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
