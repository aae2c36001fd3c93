/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/kem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hex.h"
#include "crypto/aead.h"

static const struct fh_secret seed = { .bytes = { 1, 2, 3 }, .n = FH_KEM_SEED_SIZE };

static void aead_gives_the_nist_test_case(void **state)
{
	(void)state;
	struct fh_secret key = { .n = FH_AEAD_KEY_SIZE };
	uint8_t nonce[FH_AEAD_NONCE_SIZE] = { 0 }, plain[16] = { 0 }, sealed[32], expected[32];

	assert_int_equal(fh_hex_read(FH_SPAN_LIT("cea7403d4d606b6e074ec5d3baf39d18"
						 "d0d1c8a799996bf0265b98b5d48ab919"),
				     expected, 32),
			 FH_ERR_OK);
	assert_int_equal(fh_aead_seal(&key, nonce, (struct fh_span){ 0 }, FH_SPAN_ARRAY(plain),
				      sealed),
			 FH_ERR_OK);
	assert_memory_equal(sealed, expected, 32);
}

static void aead_refuses_every_changed_bit_and_wipes(void **state)
{
	(void)state;
	struct fh_secret key = { .bytes = { 9 }, .n = FH_AEAD_KEY_SIZE };
	uint8_t nonce[FH_AEAD_NONCE_SIZE] = { 3 }, sealed[5 + FH_AEAD_TAG_SIZE], out[5];
	static const uint8_t zero[5];
	struct fh_span with = FH_SPAN_LIT("aad");

	assert_int_equal(fh_aead_seal(&key, nonce, with, FH_SPAN_LIT("hello"), sealed), FH_ERR_OK);
	assert_int_equal(fh_aead_open(&key, nonce, with, FH_SPAN_ARRAY(sealed), out), FH_ERR_OK);
	assert_memory_equal(out, "hello", 5);
	for (size_t bit = 0; bit < 8 * sizeof(sealed); bit++) {
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		memset(out, 1, sizeof(out));
		assert_int_equal(fh_aead_open(&key, nonce, with, FH_SPAN_ARRAY(sealed), out),
				 FH_ERR_SIGNATURE);
		assert_memory_equal(out, zero, sizeof(out));
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t n = 0; n < sizeof(sealed); n++)
		assert_int_equal(fh_aead_open(&key, nonce, with, fh_span_of(sealed, n), out),
				 FH_ERR_SIGNATURE);
	assert_int_equal(fh_aead_open(&key, nonce, FH_SPAN_LIT("aae"), FH_SPAN_ARRAY(sealed), out),
			 FH_ERR_SIGNATURE);
	nonce[0] ^= 1;
	assert_int_equal(fh_aead_open(&key, nonce, with, FH_SPAN_ARRAY(sealed), out),
			 FH_ERR_SIGNATURE);
}

static void aead_seals_nothing_and_refuses_other_keys(void **state)
{
	(void)state;
	struct fh_secret key = { .n = FH_AEAD_KEY_SIZE };
	uint8_t nonce[FH_AEAD_NONCE_SIZE] = { 0 }, sealed[FH_AEAD_TAG_SIZE], out[1];
	struct fh_span none = { 0 };

	assert_int_equal(fh_aead_seal(&key, nonce, none, none, sealed), FH_ERR_OK);
	assert_int_equal(fh_aead_open(&key, nonce, none, FH_SPAN_ARRAY(sealed), out), FH_ERR_OK);
	key.n = 16;
	assert_int_equal(fh_aead_seal(&key, nonce, none, none, sealed), FH_ERR_FORMAT);
	assert_int_equal(fh_aead_open(&key, nonce, none, FH_SPAN_ARRAY(sealed), out),
			 FH_ERR_FORMAT);
}

/* A box for SEED with "secret" in ROOM.  */
static struct fh_span box_in(uint8_t *room, size_t n)
{
	struct fh_kem_public to;
	struct fh_builder b = fh_builder_of(room, n);

	assert_int_equal(fh_kem_public_of(&seed, &to), FH_ERR_OK);
	assert_int_equal(fh_kem_seal(&to, FH_SPAN_LIT("ctx"), FH_SPAN_LIT("secret"), &b),
			 FH_ERR_OK);
	return fh_builder_span(&b);
}

static fh_err opens(struct fh_span context, struct fh_span box)
{
	uint8_t room[64];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	fh_err e = fh_kem_open(&seed, context, box, &b);

	if (e == FH_ERR_OK)
		assert_true(fh_span_equal(fh_builder_span(&b), FH_SPAN_LIT("secret")));
	else
		assert_int_equal(b.n, 0);
	return e;
}

static void kem_opens_what_was_sealed(void **state)
{
	(void)state;
	uint8_t one[2000], two[2000];
	struct fh_span a = box_in(one, sizeof(one)), b = box_in(two, sizeof(two));

	assert_int_equal(a.n, FH_KEM_ENCAPSULATION_SIZE + 6 + FH_AEAD_TAG_SIZE);
	assert_false(fh_span_equal(a, b));
	assert_int_equal(opens(FH_SPAN_LIT("ctx"), a), FH_ERR_OK);
	assert_int_equal(opens(FH_SPAN_LIT("ctx"), b), FH_ERR_OK);
	assert_int_equal(opens(FH_SPAN_LIT("cty"), a), FH_ERR_SIGNATURE);
}

static void kem_refuses_changes_anywhere(void **state)
{
	(void)state;
	uint8_t room[2000];
	struct fh_span box = box_in(room, sizeof(room));

	for (size_t i = 0; i < box.n; i += i < FH_KEM_ENCAPSULATION_SIZE - 40 ? 97 : 1) {
		/* X25519 ignores the top bit of a point, but the key does not.  */
		room[i] ^= 0x80;
		assert_int_equal(opens(FH_SPAN_LIT("ctx"), box), FH_ERR_SIGNATURE);
		room[i] ^= 0x80;
	}
	for (size_t n = 0; n < box.n; n += 13)
		assert_int_equal(opens(FH_SPAN_LIT("ctx"), fh_span_first(box, n)),
				 FH_ERR_SIGNATURE);
}

static void kem_refuses_points_of_low_order(void **state)
{
	(void)state;
	uint8_t room[2000];
	struct fh_span box = box_in(room, sizeof(room));
	struct fh_kem_public to;
	struct fh_builder b = FH_BUILDER_ARRAY(room);

	memset(room + FH_KEM_ENCAPSULATION_SIZE - 32, 0, 32);
	assert_int_equal(opens(FH_SPAN_LIT("ctx"), box), FH_ERR_SIGNATURE);
	room[FH_KEM_ENCAPSULATION_SIZE - 32] = 1;
	assert_int_equal(opens(FH_SPAN_LIT("ctx"), box), FH_ERR_SIGNATURE);
	assert_int_equal(fh_kem_public_of(&seed, &to), FH_ERR_OK);
	memset(to.bytes + FH_KEM_PUBLIC_SIZE - 32, 0, 32);
	assert_int_equal(fh_kem_seal(&to, FH_SPAN_LIT(""), FH_SPAN_LIT("x"), &b), FH_ERR_FORMAT);
	memset(to.bytes, 0xff, FH_KEM_PUBLIC_SIZE);
	assert_int_equal(fh_kem_seal(&to, FH_SPAN_LIT(""), FH_SPAN_LIT("x"), &b), FH_ERR_FORMAT);
	assert_int_equal(b.n, 0);
}

static void kem_refuses_other_seeds_and_too_little_room(void **state)
{
	(void)state;
	uint8_t room[2000], small[5];
	struct fh_span box = box_in(room, sizeof(room));
	struct fh_builder b = FH_BUILDER_ARRAY(small);
	struct fh_secret other = { .bytes = { 7 }, .n = FH_KEM_SEED_SIZE };
	struct fh_kem_public to;

	assert_int_equal(fh_kem_open(&seed, FH_SPAN_LIT("ctx"), box, &b), FH_ERR_LIMIT);
	assert_int_equal(fh_kem_public_of(&seed, &to), FH_ERR_OK);
	assert_int_equal(fh_kem_seal(&to, FH_SPAN_LIT(""), FH_SPAN_LIT("x"), &b), FH_ERR_LIMIT);
	assert_int_equal(b.n, 0);
	uint8_t enough[64];

	b = FH_BUILDER_ARRAY(enough);
	assert_int_equal(fh_kem_open(&other, FH_SPAN_LIT("ctx"), box, &b), FH_ERR_SIGNATURE);
	other.n = 31;
	assert_int_equal(fh_kem_open(&other, FH_SPAN_LIT("ctx"), box, &b), FH_ERR_FORMAT);
	assert_int_equal(fh_kem_public_of(&other, &to), FH_ERR_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aead_gives_the_nist_test_case),
		cmocka_unit_test(aead_refuses_every_changed_bit_and_wipes),
		cmocka_unit_test(aead_seals_nothing_and_refuses_other_keys),
		cmocka_unit_test(kem_opens_what_was_sealed),
		cmocka_unit_test(kem_refuses_changes_anywhere),
		cmocka_unit_test(kem_refuses_points_of_low_order),
		cmocka_unit_test(kem_refuses_other_seeds_and_too_little_room),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
