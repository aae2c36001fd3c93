/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/sign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/own.h"
#include "crypto/companion.h"

static struct fh_secret seed_of(uint8_t fill)
{
	struct fh_secret s = { .n = FH_MLDSA65_SEED_SIZE };

	memset(s.bytes, fill, s.n);
	return s;
}

static void key_of(uint8_t fill, struct fh_signer *s, struct fh_public_key *k)
{
	struct fh_secret seed = seed_of(fill);

	assert_int_equal(fh_signer_new(&seed, s), FH_ERR_OK);
	assert_int_equal(fh_signer_public(s, k), FH_ERR_OK);
}

static void verifies_what_was_signed(void **state)
{
	(void)state;
	FH_OWN(fh_signer) s = { 0 };
	FH_OWN(fh_verifier) v = { 0 };
	struct fh_public_key k;
	struct fh_signature one, two;

	key_of(1, &s, &k);
	assert_int_equal(fh_verifier_new(FH_SPAN_ARRAY(k.bytes), &v), FH_ERR_OK);
	assert_int_equal(fh_signer_sign(&s, FH_SPAN_LIT("message"), &one), FH_ERR_OK);
	assert_int_equal(fh_signer_sign(&s, FH_SPAN_LIT("message"), &two), FH_ERR_OK);
	assert_memory_not_equal(one.bytes, two.bytes, sizeof(one.bytes));
	assert_int_equal(fh_verifier_check(&v, FH_SPAN_LIT("message"), FH_SPAN_ARRAY(one.bytes)),
			 FH_ERR_OK);
	assert_int_equal(fh_signature_check(FH_SPAN_ARRAY(k.bytes), FH_SPAN_LIT("message"),
					    FH_SPAN_ARRAY(two.bytes)),
			 FH_ERR_OK);
}

static void signs_deterministically_when_asked(void **state)
{
	(void)state;
	FH_OWN(fh_signer) s = { 0 };
	struct fh_public_key k;
	struct fh_signature one, two;

	key_of(1, &s, &k);
	assert_int_equal(fh_signer_sign_deterministic(&s, FH_SPAN_LIT(""), &one), FH_ERR_OK);
	assert_int_equal(fh_signer_sign_deterministic(&s, (struct fh_span){ 0 }, &two), FH_ERR_OK);
	assert_memory_equal(one.bytes, two.bytes, sizeof(one.bytes));
	assert_int_equal(fh_signature_check(FH_SPAN_ARRAY(k.bytes), (struct fh_span){ 0 },
					    FH_SPAN_ARRAY(one.bytes)),
			 FH_ERR_OK);
}

static void refuses_another_message_key_or_signature(void **state)
{
	(void)state;
	FH_OWN(fh_signer) s = { 0 };
	FH_OWN(fh_signer) other = { 0 };
	struct fh_public_key k, other_key;
	struct fh_signature made;

	key_of(1, &s, &k);
	key_of(2, &other, &other_key);
	assert_int_equal(fh_signer_sign(&s, FH_SPAN_LIT("m"), &made), FH_ERR_OK);
	assert_int_equal(fh_signature_check(FH_SPAN_ARRAY(k.bytes), FH_SPAN_LIT("n"),
					    FH_SPAN_ARRAY(made.bytes)),
			 FH_ERR_SIGNATURE);
	assert_int_equal(fh_signature_check(FH_SPAN_ARRAY(other_key.bytes), FH_SPAN_LIT("m"),
					    FH_SPAN_ARRAY(made.bytes)),
			 FH_ERR_SIGNATURE);
	for (size_t i = 0; i < sizeof(made.bytes); i += 41) {
		made.bytes[i] ^= 1;
		assert_int_equal(fh_signature_check(FH_SPAN_ARRAY(k.bytes), FH_SPAN_LIT("m"),
						    FH_SPAN_ARRAY(made.bytes)),
				 FH_ERR_SIGNATURE);
		made.bytes[i] ^= 1;
	}
}

static void refuses_every_other_length(void **state)
{
	(void)state;
	FH_OWN(fh_signer) s = { 0 };
	FH_OWN(fh_verifier) v = { 0 };
	struct fh_public_key k;
	uint8_t room[FH_MLDSA65_SIGNATURE_SIZE + 1] = { 0 };
	struct fh_signature made;

	key_of(1, &s, &k);
	assert_int_equal(fh_signer_sign(&s, FH_SPAN_LIT("m"), &made), FH_ERR_OK);
	memcpy(room, made.bytes, sizeof(made.bytes));
	assert_int_equal(fh_verifier_new(FH_SPAN_ARRAY(k.bytes), &v), FH_ERR_OK);
	for (size_t n = 0; n <= sizeof(room); n++) {
		fh_err expected = n == FH_MLDSA65_SIGNATURE_SIZE ? FH_ERR_OK : FH_ERR_SIGNATURE;

		assert_int_equal(fh_verifier_check(&v, FH_SPAN_LIT("m"), fh_span_of(room, n)),
				 expected);
	}
}

static void refuses_keys_and_seeds_of_other_sizes(void **state)
{
	(void)state;
	uint8_t room[FH_MLDSA65_PUBLIC_SIZE + 1] = { 0 };
	struct fh_verifier v = { 0 };
	struct fh_signer s = { 0 };
	struct fh_secret seed = seed_of(1);
	struct fh_signature made;
	struct fh_public_key k;

	assert_int_equal(fh_verifier_new((struct fh_span){ 0 }, &v), FH_ERR_FORMAT);
	assert_int_equal(fh_verifier_new(fh_span_of(room, sizeof(room) - 2), &v), FH_ERR_FORMAT);
	assert_int_equal(fh_verifier_new(FH_SPAN_ARRAY(room), &v), FH_ERR_FORMAT);
	assert_null(v.pkey);
	seed.n = 31;
	assert_int_equal(fh_signer_new(&seed, &s), FH_ERR_FORMAT);
	seed.n = 33;
	assert_int_equal(fh_signer_new(&seed, &s), FH_ERR_FORMAT);
	assert_null(s.pkey);
	assert_int_equal(fh_signer_sign(&s, FH_SPAN_LIT("m"), &made), FH_ERR_CRYPTO);
	assert_int_equal(fh_signer_public(&s, &k), FH_ERR_CRYPTO);
	memset(made.bytes, 0, sizeof(made.bytes));
	assert_int_equal(fh_verifier_check(&v, FH_SPAN_LIT("m"), FH_SPAN_ARRAY(made.bytes)),
			 FH_ERR_CRYPTO);
}

static void drops_twice(void **state)
{
	(void)state;
	struct fh_verifier v = { 0 };
	struct fh_signer s = { 0 };
	struct fh_public_key k;

	key_of(1, &s, &k);
	assert_int_equal(fh_verifier_new(FH_SPAN_ARRAY(k.bytes), &v), FH_ERR_OK);
	for (int i = 0; i < 2; i++) {
		fh_verifier_drop(&v);
		fh_signer_drop(&s);
	}
	assert_null(v.pkey);
}

static void key_id_is_the_hash_of_the_key(void **state)
{
	(void)state;
	struct fh_hash a = fh_key_id(FH_SPAN_LIT("key")), b = fh_hash_of(FH_SPAN_LIT("key"));

	assert_true(fh_hash_equal(&a, &b));
}

static void random_seeds_differ(void **state)
{
	(void)state;
	struct fh_secret a, b;

	assert_int_equal(fh_seed_new(&a), FH_ERR_OK);
	assert_int_equal(fh_seed_new(&b), FH_ERR_OK);
	assert_int_equal(a.n, FH_MLDSA65_SEED_SIZE);
	assert_memory_not_equal(a.bytes, b.bytes, a.n);
}

static void companion_is_a_point_that_depends_on_the_seed(void **state)
{
	(void)state;
	struct fh_secret one = seed_of(1), two = seed_of(2), small = { .n = 31 };
	struct fh_p256_public a, b, c;

	assert_int_equal(fh_companion_public(&one, &a), FH_ERR_OK);
	assert_int_equal(fh_companion_public(&one, &b), FH_ERR_OK);
	assert_int_equal(fh_companion_public(&two, &c), FH_ERR_OK);
	assert_int_equal(a.bytes[0], 4);
	assert_memory_equal(a.bytes, b.bytes, sizeof(a.bytes));
	assert_memory_not_equal(a.bytes, c.bytes, sizeof(a.bytes));
	assert_int_equal(fh_companion_public(&small, &a), FH_ERR_FORMAT);
	assert_memory_equal(a.bytes, b.bytes, sizeof(a.bytes));
}

static void a_companions_signature_is_of_one_key_and_digest(void **state)
{
	(void)state;
	struct fh_secret one = seed_of(1), two = seed_of(2);
	struct fh_hash digest = { { 1 } }, other = { { 2 } };
	struct fh_p256_public key, another, nowhere = { { 4, 1 } };
	struct fh_p256_signature s, zero = { 0 };

	assert_int_equal(fh_companion_public(&one, &key), FH_ERR_OK);
	assert_int_equal(fh_companion_public(&two, &another), FH_ERR_OK);
	assert_int_equal(fh_companion_sign(&one, &digest, &s), FH_ERR_OK);
	const struct fh_span k = FH_SPAN_ARRAY(key.bytes), by = FH_SPAN_ARRAY(s.bytes);

	assert_int_equal(fh_companion_check(k, &digest, by), FH_ERR_OK);
	assert_int_equal(fh_companion_check(k, &other, by), FH_ERR_SIGNATURE);
	assert_int_equal(fh_companion_check(FH_SPAN_ARRAY(another.bytes), &digest, by),
			 FH_ERR_SIGNATURE);
	assert_int_equal(fh_companion_check(FH_SPAN_ARRAY(nowhere.bytes), &digest, by),
			 FH_ERR_SIGNATURE);
	assert_int_equal(fh_companion_check(k, &digest, FH_SPAN_ARRAY(zero.bytes)),
			 FH_ERR_SIGNATURE);
	assert_int_equal(fh_companion_check(k, &digest, fh_span_first(by, by.n - 1)),
			 FH_ERR_SIGNATURE);
	for (size_t i = 0; i < sizeof(s.bytes); i++) {
		s.bytes[i] ^= 1;
		assert_int_equal(fh_companion_check(k, &digest, by), FH_ERR_SIGNATURE);
		s.bytes[i] ^= 1;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verifies_what_was_signed),
		cmocka_unit_test(signs_deterministically_when_asked),
		cmocka_unit_test(refuses_another_message_key_or_signature),
		cmocka_unit_test(refuses_every_other_length),
		cmocka_unit_test(refuses_keys_and_seeds_of_other_sizes),
		cmocka_unit_test(drops_twice),
		cmocka_unit_test(key_id_is_the_hash_of_the_key),
		cmocka_unit_test(random_seeds_differ),
		cmocka_unit_test(companion_is_a_point_that_depends_on_the_seed),
		cmocka_unit_test(a_companions_signature_is_of_one_key_and_digest),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
