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

/* FIPS 180-4, FIPS 202, and GB/T 32905-2016.  */
static void hashes_abc_as_its_standard_does(void **state)
{
	(void)state;
	static const char *const hex[FH_BANKS] = {
		"a9993e364706816aba3e25717850c26c9cd0d89d",
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
		"8086072ba1e7cc2358baeca134c825a7",
		"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
		"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
		"66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
		"3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
		"ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b2"
		"98d88cea927ac7f539f1edf228376d25",
		"b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e"
		"10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0",
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

/* The same of banks that are not plain, computed by Python's hashlib.  */
static void extends_sm3_and_sha3_as_a_tpm_does(void **state)
{
	(void)state;
	static const char *const hex[] = {
		"0d72b0164e4fa67d6b43d3cb8ead734737e479767e0d545eff22c6fe6275b357",
		"26250466a879c272e58bfbf93c0783073768f18b28852d7836588e5a19da6db4",
		"ca95bb05b969bc35625d23a79e066fe211d04a575c80ef2139bde92d1e3a593c"
		"e35ef15cca9e3abbbad3483cd4ac258e",
		"2f009d5c4715cf6953f1b7fc3f1438205666978224a7ab8fad0691c6b176e60a"
		"69709b12b3bea9291329ccda5a34c5a53fdcbd00fb2f2ffdb0597842462dc36e",
	};

	for (size_t i = FH_BANKS_PLAIN; i < FH_BANKS; i++) {
		struct fh_digest pcr = fh_bank_reset(fh_banks[i]);
		struct fh_digest d = fh_bank_digest(fh_banks[i], FH_SPAN_LIT("\0\0\0\0"));

		fh_bank_extend(fh_banks[i], &pcr, fh_digest_span(&d));
		check(&pcr, hex[i - FH_BANKS_PLAIN]);
	}
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
	assert_int_equal(fh_bank_size((enum fh_bank)0x0026), 0);
	assert_null(fh_bank_name((enum fh_bank)0x0026));
	assert_false(fh_bank_is_plain((enum fh_bank)0x0026));
	assert_false(fh_bank_available((enum fh_bank)0x0026));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_abc_as_its_standard_does),
		cmocka_unit_test(extends_a_separator_as_a_tpm_does),
		cmocka_unit_test(extends_sm3_and_sha3_as_a_tpm_does),
		cmocka_unit_test(a_bank_has_one_name_and_one_size),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
