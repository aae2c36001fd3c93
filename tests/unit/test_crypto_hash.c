/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/kdf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hex.h"

static void check_hash(const char *message, const char *hex)
{
	struct fh_hash expected, got = fh_hash_of(fh_span_str(message));

	assert_int_equal(fh_hex_read(fh_span_str(hex), expected.bytes, FH_HASH_SIZE), FH_ERR_OK);
	assert_true(fh_hash_equal(&expected, &got));
}

static void hashes_the_examples_of_fips_180(void **state)
{
	(void)state;
	check_hash("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	check_hash("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	check_hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		   "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void a_copied_context_forks(void **state)
{
	(void)state;
	struct fh_sha256 a, b;

	fh_sha256_begin(&a);
	fh_sha256_add(&a, FH_SPAN_LIT("ab"));
	b = a;
	fh_sha256_add(&a, FH_SPAN_LIT("c"));
	fh_sha256_add(&b, (struct fh_span){ 0 });
	struct fh_hash abc = fh_sha256_end(&a), ab = fh_sha256_end(&b);
	struct fh_hash abc_again = fh_hash_of(FH_SPAN_LIT("abc"));
	struct fh_hash ab_again = fh_hash_of(FH_SPAN_LIT("ab"));

	assert_true(fh_hash_equal(&abc, &abc_again));
	assert_true(fh_hash_equal(&ab, &ab_again));
	assert_false(fh_hash_equal(&ab, &abc));
}

static struct fh_secret secret_of(const char *hex)
{
	struct fh_secret s = { .n = strlen(hex) / 2 };

	assert_int_equal(fh_hex_read(fh_span_str(hex), s.bytes, s.n), FH_ERR_OK);
	return s;
}

static void hkdf_gives_the_examples_of_rfc_5869(void **state)
{
	(void)state;
	struct fh_secret key = secret_of("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b");
	struct fh_secret salt = secret_of("000102030405060708090a0b0c");
	struct fh_secret info = secret_of("f0f1f2f3f4f5f6f7f8f9");
	struct fh_secret one = secret_of("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db0"
					 "2d56ecc4c5bf34007208d5b887185865");
	struct fh_secret three = secret_of("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3"
					   "454e5f3c738d2d9d201395faa4b61a96c8");
	struct fh_secret got;

	assert_int_equal(fh_hkdf(&key, fh_secret_span(&salt), fh_secret_span(&info), 42, &got),
			 FH_ERR_OK);
	assert_memory_equal(&got, &one, sizeof(got));
	assert_int_equal(fh_hkdf(&key, (struct fh_span){ 0 }, (struct fh_span){ 0 }, 42, &got),
			 FH_ERR_OK);
	assert_memory_equal(&got, &three, sizeof(got));
}

static void hkdf_takes_long_salts_and_refuses_long_output(void **state)
{
	(void)state;
	struct fh_secret key = secret_of("0b"), a = { .n = 5 }, b;
	uint8_t salt[65] = { 1 };
	struct fh_hash shorter = fh_hash_of(FH_SPAN_ARRAY(salt));

	assert_int_equal(fh_hkdf(&key, FH_SPAN_ARRAY(salt), FH_SPAN_LIT("i"), 65, &a),
			 FH_ERR_LIMIT);
	assert_int_equal(a.n, 5);
	assert_int_equal(fh_hkdf(&key, FH_SPAN_ARRAY(salt), FH_SPAN_LIT("i"), 64, &a), FH_ERR_OK);
	assert_int_equal(fh_hkdf(&key, fh_hash_span(&shorter), FH_SPAN_LIT("i"), 64, &b),
			 FH_ERR_OK);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_int_equal(fh_hkdf(&key, (struct fh_span){ 0 }, (struct fh_span){ 0 }, 0, &a),
			 FH_ERR_OK);
	assert_int_equal(a.n, 0);
}

static void hmac_gives_the_examples_of_rfc_4231(void **state)
{
	(void)state;
	struct fh_secret key = secret_of("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b");
	struct fh_secret jefe, expected;
	struct fh_hash got;

	expected = secret_of("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	assert_int_equal(fh_hmac(&key, FH_SPAN_LIT("Hi There"), &got), FH_ERR_OK);
	assert_memory_equal(got.bytes, expected.bytes, FH_HASH_SIZE);
	assert_int_equal(fh_secret_from(FH_SPAN_LIT("Jefe"), &jefe), FH_ERR_OK);
	expected = secret_of("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	assert_int_equal(fh_hmac(&jefe, FH_SPAN_LIT("what do ya want for nothing?"), &got),
			 FH_ERR_OK);
	assert_memory_equal(got.bytes, expected.bytes, FH_HASH_SIZE);
	key.n = FH_SECRET_MAX + 1;
	assert_int_equal(fh_hmac(&key, FH_SPAN_LIT(""), &got), FH_ERR_LIMIT);
}

static void argon2id_is_deterministic_and_depends_on_everything(void **state)
{
	(void)state;
	struct fh_argon2 cost = { .memory_kib = 64, .passes = 1, .lanes = 2 };
	struct fh_span salt = FH_SPAN_LIT("0123456789abcdef");
	struct fh_secret a, b;

	assert_int_equal(fh_argon2id(FH_SPAN_LIT("pass"), salt, cost, &a), FH_ERR_OK);
	assert_int_equal(a.n, 32);
	assert_int_equal(fh_argon2id(FH_SPAN_LIT("pass"), salt, cost, &b), FH_ERR_OK);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_int_equal(fh_argon2id(FH_SPAN_LIT("past"), salt, cost, &b), FH_ERR_OK);
	assert_memory_not_equal(a.bytes, b.bytes, 32);
	assert_int_equal(fh_argon2id(FH_SPAN_LIT("pass"), FH_SPAN_LIT("0123456789abcdeg"), cost,
				     &b),
			 FH_ERR_OK);
	assert_memory_not_equal(a.bytes, b.bytes, 32);
	cost.lanes = 1;
	assert_int_equal(fh_argon2id(FH_SPAN_LIT("pass"), salt, cost, &b), FH_ERR_OK);
	assert_memory_not_equal(a.bytes, b.bytes, 32);
	assert_int_equal(fh_argon2id((struct fh_span){ 0 }, salt, cost, &b), FH_ERR_OK);
}

static void argon2id_refuses_costs_and_salts_out_of_bounds(void **state)
{
	(void)state;
	static const struct {
		struct fh_argon2 cost;
		fh_err expected;
	} table[] = {
		{ { FH_ARGON2_MAX.memory_kib + 1, 1, 1 }, FH_ERR_LIMIT },
		{ { 64, FH_ARGON2_MAX.passes + 1, 1 }, FH_ERR_LIMIT },
		{ { 1024, 1, FH_ARGON2_MAX.lanes + 1 }, FH_ERR_LIMIT },
		{ { 64, 0, 1 }, FH_ERR_FORMAT },
		{ { 64, 1, 0 }, FH_ERR_FORMAT },
		{ { 15, 1, 2 }, FH_ERR_FORMAT },
	};
	struct fh_secret out = { .n = 9 };

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_int_equal(fh_argon2id(FH_SPAN_LIT("p"), FH_SPAN_LIT("0123456789abcdef"),
					     table[i].cost, &out),
				 table[i].expected);
	assert_int_equal(fh_argon2id(FH_SPAN_LIT("p"), FH_SPAN_LIT("short"),
				     (struct fh_argon2){ 64, 1, 1 }, &out),
			 FH_ERR_FORMAT);
	assert_int_equal(out.n, 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_the_examples_of_fips_180),
		cmocka_unit_test(a_copied_context_forks),
		cmocka_unit_test(hkdf_gives_the_examples_of_rfc_5869),
		cmocka_unit_test(hkdf_takes_long_salts_and_refuses_long_output),
		cmocka_unit_test(hmac_gives_the_examples_of_rfc_4231),
		cmocka_unit_test(argon2id_is_deterministic_and_depends_on_everything),
		cmocka_unit_test(argon2id_refuses_costs_and_salts_out_of_bounds),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
