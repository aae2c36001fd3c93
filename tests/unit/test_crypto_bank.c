/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/bank.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/hex.h"

static void check(const struct fh_digest *got, const char *hex)
{
	uint8_t expected[FH_DIGEST_MAX];
	size_t n = fh_span_str(hex).n / 2;

	assert_int_equal(fh_hex_read(fh_span_str(hex), expected, n), FH_ERR_OK);
	assert_int_equal(got->n, n);
	assert_memory_equal(got->bytes, expected, n);
}

static void hashes_abc_as_fips_180_does(void **state)
{
	(void)state;
	static const char *const hex[FH_BANKS] = {
		"a9993e364706816aba3e25717850c26c9cd0d89d",
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
		"8086072ba1e7cc2358baeca134c825a7",
		"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
		"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
	};

	for (size_t i = 0; i < FH_BANKS; i++) {
		struct fh_digest d = fh_bank_digest(fh_banks[i], FH_SPAN_LIT("abc"));

		check(&d, hex[i]);
	}
}

/* A separator, as firmware extends it into PCR 2 of a machine without option
 * ROMs: a value that very many machines show.  */
static void extends_a_separator_as_a_tpm_does(void **state)
{
	(void)state;
	static const uint8_t zeros[4] = { 0 };
	struct fh_digest pcr = fh_bank_reset(FH_BANK_SHA256);
	struct fh_digest separator = fh_bank_digest(FH_BANK_SHA256, FH_SPAN_ARRAY(zeros));

	check(&separator, "df3f619804a92fdb4057192dc43dd748ea778adc52bc498ce80524c014b81119");
	fh_bank_extend(FH_BANK_SHA256, &pcr, fh_digest_span(&separator));
	check(&pcr, "3d458cfe55cc03ea1f443f1562beec8df51c75e14a9fcf9a7234a13f198e7969");
}

static void a_bank_has_one_name_and_one_size(void **state)
{
	(void)state;
	for (size_t i = 0; i < FH_BANKS; i++) {
		const char *name = fh_bank_name(fh_banks[i]);

		assert_int_equal(fh_bank_named(fh_span_str(name)), fh_banks[i]);
		assert_int_equal(fh_bank_reset(fh_banks[i]).n, fh_bank_size(fh_banks[i]));
	}
	assert_int_equal(fh_bank_named(FH_SPAN_LIT("sm3")), FH_BANK_NONE);
	assert_int_equal(fh_bank_size((enum fh_bank)0x0012), 0);
	assert_null(fh_bank_name((enum fh_bank)0x0012));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_abc_as_fips_180_does),
		cmocka_unit_test(extends_a_separator_as_a_tpm_does),
		cmocka_unit_test(a_bank_has_one_name_and_one_size),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
