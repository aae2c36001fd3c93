/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/attest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hex.h"
#include "evidence/parent.h"
#include "evidence/pcr_values.h"
#include "fixture/quote_maker.h"

/* Two values of the SHA-256 bank, of PCR 0 and 7.  */
static const uint8_t bytes[2][32] = { { 1, 2, 3 }, { 7 } };
static const struct fh_span values[2] = { { bytes[0], 32 }, { bytes[1], 32 } };
constexpr uint32_t mask = 1U << 0 | 1U << 7;

static struct quote_maker maker;

static int make_key(void **state)
{
	(void)state;
	quote_maker_new(QUOTE_MAKER_P256, FH_TPM_ECDSA, FH_BANK_SHA256, QUOTE_MAKER_AK, &maker);
	return 0;
}

static int drop_key(void **state)
{
	(void)state;
	quote_maker_drop(&maker);
	return 0;
}

/* --- public areas ---------------------------------------------------------------- */

static void reads_an_area_bare_sized_or_as_a_key(void **state)
{
	(void)state;
	uint8_t sized[1026], pem[1024];
	struct fh_builder b = FH_BUILDER_ARRAY(sized), text = FH_BUILDER_ARRAY(pem);
	struct fh_tpm_public one, two, bare;
	struct fh_span area = fh_span_of(maker.area, maker.area_n);

	fh_builder_be16(&b, (uint16_t)area.n);
	fh_builder_bytes(&b, area);
	quote_maker_pem(&maker, &text);
	assert_int_equal(fh_tpm_public_read_any(area, &one), FH_ERR_OK);
	assert_int_equal(fh_tpm_public_read_any(fh_builder_span(&b), &two), FH_ERR_OK);
	assert_int_equal(fh_tpm_public_read_any(fh_builder_span(&text), &bare), FH_ERR_OK);
	assert_true(one.area && two.area && !bare.area);
	assert_true(fh_tpm_key_equal(&one.key, &bare.key));
	assert_true(fh_span_equal(fh_tpm_name_span(&one.name), fh_tpm_name_span(&two.name)));
	assert_int_equal(one.name.n, 34);
	assert_int_equal(bare.name.n, 0);
	assert_int_equal(one.attributes, QUOTE_MAKER_AK);
	assert_int_equal(one.scheme, FH_TPM_ECDSA);
	assert_int_equal(one.scheme_hash, FH_BANK_SHA256);
}

/* The endorsement key of a TPM, made from template L-2 of the EK Credential
 * Profile: a key that decrypts, with a policy.  */
static void reads_the_area_of_an_endorsement_key(void **state)
{
	(void)state;
	uint8_t room[512];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_tpm_public p;

	fh_builder_be16(&b, 0x0023);
	fh_builder_be16(&b, 0x000b);
	fh_builder_be32(&b, 0x000300b2);
	fh_builder_be16(&b, 32);
	fh_builder_bytes(&b, values[0]);
	fh_builder_be16(&b, 0x0006); /* AES */
	fh_builder_be16(&b, 128);
	fh_builder_be16(&b, 0x0043); /* CFB */
	fh_builder_be16(&b, 0x0010);
	fh_builder_be16(&b, FH_TPM_P256);
	fh_builder_be16(&b, 0x0010);
	for (int i = 0; i < 2; i++) {
		fh_builder_be16(&b, 32);
		fh_builder_bytes(&b, values[i]);
	}
	assert_int_equal(fh_tpm_public_read(fh_builder_span(&b), &p), FH_ERR_OK);
	assert_int_equal(p.scheme_hash, FH_BANK_NONE);
	assert_true((p.attributes & FH_TPM_DECRYPT) != 0);
}

static void refuses_every_truncation_of_an_area(void **state)
{
	(void)state;
	struct fh_tpm_public p;

	for (size_t n = 0; n < maker.area_n; n++)
		assert_int_not_equal(fh_tpm_public_read(fh_span_of(maker.area, n), &p), FH_ERR_OK);
	maker.area[maker.area_n] = 0;
	assert_int_not_equal(fh_tpm_public_read(fh_span_of(maker.area, maker.area_n + 1), &p),
			     FH_ERR_OK);
}

static void refuses_keys_of_other_kinds_and_sizes(void **state)
{
	(void)state;
	static const struct {
		size_t at;
		uint8_t value;
	} change[] = {
		{ 1, 0x25 },  /* type: a symmetric key */
		{ 3, 0x12 },  /* nameAlg: SM3 */
		{ 17, 0x10 }, /* curve: BN P-256 */
	};
	uint8_t area[1024];
	struct fh_tpm_public p;

	for (size_t i = 0; i < sizeof(change) / sizeof(change[0]); i++) {
		memcpy(area, maker.area, maker.area_n);
		area[change[i].at] = change[i].value;
		assert_int_equal(fh_tpm_public_read(fh_span_of(area, maker.area_n), &p),
				 FH_ERR_UNSUPPORTED);
	}
}

static void refuses_two_keys_in_one_pem_and_private_ones(void **state)
{
	(void)state;
	uint8_t room[2048];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_tpm_public p;

	quote_maker_pem(&maker, &b);
	quote_maker_pem(&maker, &b);
	assert_int_equal(fh_tpm_public_read_any(fh_builder_span(&b), &p), FH_ERR_FORMAT);
	assert_int_equal(fh_tpm_public_read_any(FH_SPAN_LIT("-----BEGIN PRIVATE KEY-----\n"
							    "AAAA\n"
							    "-----END PRIVATE KEY-----\n"), &p),
			 FH_ERR_UNSUPPORTED);
}

/* --- attestations ------------------------------------------------------------------ */

static void make_attest(uint16_t type, struct fh_builder *b)
{
	struct quote_maker_says says = quote_maker_says(&maker, FH_BANK_SHA256, mask, values);

	says.type = type;
	quote_maker_attest(&maker, &says, b);
}

static void reads_a_quote_a_certification_and_a_creation(void **state)
{
	(void)state;
	static const uint16_t types[] = { FH_ATTEST_QUOTE, FH_ATTEST_CERTIFY,
					  FH_ATTEST_CREATION };

	for (size_t i = 0; i < 3; i++) {
		uint8_t room[512];
		struct fh_builder b = FH_BUILDER_ARRAY(room);
		struct fh_attest a;

		make_attest(types[i], &b);
		assert_int_equal(fh_attest_read(fh_builder_span(&b), &a), FH_ERR_OK);
		assert_int_equal(a.type, types[i]);
		assert_int_equal(a.resets, 7);
		assert_true(a.safe);
		assert_true(fh_span_equal(a.extra, FH_SPAN_LIT("nonce")));
		if (types[i] == FH_ATTEST_QUOTE)
			assert_int_equal(fh_pcr_selection_count(&a.select), 2);
		else
			assert_true(fh_span_equal(a.name, fh_tpm_name_span(&maker.ak.name)));
	}
}

static void refuses_every_truncation_of_an_attestation(void **state)
{
	(void)state;
	static const uint16_t types[] = { FH_ATTEST_QUOTE, FH_ATTEST_CERTIFY,
					  FH_ATTEST_CREATION };

	for (size_t i = 0; i < 3; i++) {
		uint8_t room[512];
		struct fh_builder b = FH_BUILDER_ARRAY(room);
		struct fh_attest a;

		make_attest(types[i], &b);
		for (size_t n = 0; n < b.n; n++)
			assert_int_not_equal(fh_attest_read(fh_span_of(room, n), &a), FH_ERR_OK);
		fh_builder_u8(&b, 0);
		assert_int_equal(fh_attest_read(fh_builder_span(&b), &a), FH_ERR_FORMAT);
	}
}

static void refuses_another_magic_before_anything_else(void **state)
{
	(void)state;
	struct fh_attest a;

	assert_int_equal(fh_attest_read(FH_SPAN_LIT("\xff" "TCX"), &a), FH_ERR_UNKNOWN);
	assert_int_equal(fh_attest_read(FH_SPAN_LIT(""), &a), FH_ERR_UNKNOWN);
}

static void a_selection_is_compared_by_banks_pcrs_and_order(void **state)
{
	(void)state;
	const struct fh_pcr_selection one = { 2, { { FH_BANK_SHA1, 0 }, { FH_BANK_SHA256, 3 } } };
	const struct fh_pcr_selection same = { 1, { { FH_BANK_SHA256, 3 } } };
	const struct fh_pcr_selection fewer = { 1, { { FH_BANK_SHA256, 1 } } };
	const struct fh_pcr_selection more = { 2, { { FH_BANK_SHA256, 3 },
						    { FH_BANK_SHA384, 1 } } };
	const struct fh_pcr_selection turned = { 2, { { FH_BANK_SHA384, 1 },
						      { FH_BANK_SHA256, 3 } } };
	uint32_t selected = 0;

	assert_true(fh_pcr_selection_equal(&one, &same));
	assert_false(fh_pcr_selection_equal(&one, &fewer));
	assert_false(fh_pcr_selection_equal(&same, &more));
	assert_false(fh_pcr_selection_equal(&more, &same));
	assert_false(fh_pcr_selection_equal(&turned, &more));
	assert_int_equal(fh_pcr_selection_bank(&one, &selected), FH_BANK_SHA256);
	assert_int_equal(selected, 3);
	assert_int_equal(fh_pcr_selection_bank(&more, &selected), FH_BANK_NONE);
}

/* --- signatures and values ----------------------------------------------------------- */

static void tells_a_plain_signature_from_a_structure(void **state)
{
	(void)state;
	uint8_t room[2][512];
	struct fh_builder with = FH_BUILDER_ARRAY(room[0]), plain = FH_BUILDER_ARRAY(room[1]);
	struct fh_tpm_signature s;

	quote_maker_sign(&maker, FH_SPAN_LIT("message"), false, &with);
	quote_maker_sign(&maker, FH_SPAN_LIT("message"), true, &plain);
	assert_int_equal(fh_tpm_signature_read(fh_builder_span(&with), &maker.ak.key, &s),
			 FH_ERR_OK);
	assert_int_equal(s.scheme, FH_TPM_ECDSA);
	assert_int_equal(s.bytes[0], 0x30);
	assert_int_equal(fh_tpm_signature_read(fh_builder_span(&plain), &maker.ak.key, &s),
			 FH_ERR_OK);
	assert_int_equal(s.scheme, 0);
	for (size_t n = 0; n < with.n; n++)
		assert_int_not_equal(fh_tpm_signature_read(fh_span_of(room[0], n), &maker.ak.key,
							   &s), FH_ERR_OK);
	room[0][1] = FH_TPM_RSASSA;
	assert_int_equal(fh_tpm_signature_read(fh_builder_span(&with), &maker.ak.key, &s),
			 FH_ERR_UNSUPPORTED);
}

static void reads_both_forms_of_the_pcrs_file(void **state)
{
	(void)state;
	uint8_t room[2048];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_pcr_values v, w;

	quote_maker_pcrs(FH_BANK_SHA256, mask, values, &b);
	assert_int_equal(fh_pcr_values_read(fh_builder_span(&b), &(struct fh_pcr_selection){ 0 },
					    &v), FH_ERR_OK);
	assert_int_equal(fh_pcr_values_read(FH_SPAN_ARRAY(bytes), &v.select, &w), FH_ERR_OK);
	assert_int_equal(w.n, 2);
	assert_true(fh_span_equal(fh_pcr_values_find(&v, FH_BANK_SHA256, 7), values[1]));
	assert_true(fh_span_equal(fh_pcr_values_find(&w, FH_BANK_SHA256, 0), values[0]));
	assert_int_equal(fh_pcr_values_find(&v, FH_BANK_SHA256, 1).n, 0);
	assert_int_equal(fh_pcr_values_find(&v, FH_BANK_SHA384, 0).n, 0);
}

static void refuses_every_truncation_of_the_pcrs_file(void **state)
{
	(void)state;
	const struct fh_pcr_selection select = { 1, { { FH_BANK_SHA256, mask } } };
	uint8_t room[2048];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_pcr_values v;

	quote_maker_pcrs(FH_BANK_SHA256, mask, values, &b);
	for (size_t n = 0; n < b.n; n++) {
		fh_err e = fh_pcr_values_read(fh_span_of(room, n), &select, &v);

		/* So many bytes are the values of two PCRs, whatever they are.  */
		assert_true(n == 64 ? e == FH_ERR_OK : e != FH_ERR_OK);
	}
}

/* Sizes and counts in the file are claims: a value is not read beyond its room,
 * nor a list beyond its eight places.  */
static void never_trusts_a_size_in_the_pcrs_file(void **state)
{
	(void)state;
	const struct fh_pcr_selection select = { 1, { { FH_BANK_SHA256, mask } } };
	static const struct {
		size_t at;
		uint8_t value;
	} change[] = {
		{ 0, 17 },          /* banks: more than there is room for */
		{ 0, 2 },           /* a second bank, of which nothing is known */
		{ 6, 5 },           /* bytes of a mask: more than there is room for */
		{ 132, 2 },         /* lists */
		{ 135, 0xff },      /* lists, and many */
		{ 136, 9 },         /* values in a list */
		{ 136, 1 },         /* one value fewer */
		{ 140, 65 },        /* bytes of a value */
		{ 140, 31 },        /* one byte fewer */
		{ 141, 0xff },      /* many */
		{ 142 + 32, 1 },    /* something behind a value */
		{ 140 + 5 * 66, 1 } /* something behind the last value */
	};

	for (size_t i = 0; i < sizeof(change) / sizeof(change[0]); i++) {
		uint8_t room[2048];
		struct fh_builder b = FH_BUILDER_ARRAY(room);
		struct fh_pcr_values v;

		quote_maker_pcrs(FH_BANK_SHA256, mask, values, &b);
		room[change[i].at] = change[i].value;
		assert_int_not_equal(fh_pcr_values_read(fh_builder_span(&b), &select, &v),
				     FH_ERR_OK);
	}
}

/* --- parents --------------------------------------------------------------------------- */

static struct fh_span unhex(const char *hex, uint8_t *out)
{
	size_t n = strlen(hex) / 2;

	assert_int_equal(fh_hex_read(fh_span_str(hex), out, n), FH_ERR_OK);
	return fh_span_of(out, n);
}

/* An attestation key below an endorsement key, as a simulator made and named them.  */
static void a_qualified_name_tells_the_parent(void **state)
{
	(void)state;
	static const char x[] = "624f97028dca1325ff156f31d8a48912ca"
				   "d28c5220eff6bfc83413b4a3dfd7f4";
	static const char y[] = "e83105403293d67fa5d914a68ac8da88da"
				   "15f47606f7b681afb0bbb524a9adaf";
	static const char named[] = "000b18448d918974057a8ef308b69c6fcc"
				   "c434ea54c91d7cd5420ad3a2c8ade479a9";
	static const char below_ek[] = "000b7506f5f88f60587aee1fe3b7bc6488"
				   "fa6d5d1867beb3dfae71b2f0c1dede3ba7";
	static const char below_owner[] = "000bbb6490d23f11821a4429c512a8b39e"
				   "3b80f6ce865ed2282df74f300ca279f8c7";
	static const char below_null[] = "000bc7ed7a22378623a4b2c6b75088bc7c"
				   "4c13c87ddc6bb47d17fd029808054a56d1";
	struct fh_tpm_key ek = { .curve = FH_TPM_P256, .n = 32 };
	struct fh_tpm_name name = { .n = 34 };
	uint8_t room[34];

	(void)unhex(x, ek.x);
	(void)unhex(y, ek.y);
	(void)unhex(named, name.bytes);
	assert_int_equal(fh_parent_of(unhex(below_ek, room), &name, &ek), FH_PARENT_ENDORSEMENT);
	assert_int_equal(fh_parent_of(unhex(below_ek, room), &name, nullptr), FH_PARENT_UNKNOWN);
	assert_int_equal(fh_parent_of(unhex(below_owner, room), &name, &ek), FH_PARENT_OWNER);
	assert_int_equal(fh_parent_of(unhex(below_null, room), &name, &ek), FH_PARENT_NULL);
	ek.x[0] ^= 1; /* another TPM's */
	assert_int_equal(fh_parent_of(unhex(below_ek, room), &name, &ek), FH_PARENT_UNKNOWN);
	assert_int_equal(fh_parent_of(unhex(below_ek, room), &(struct fh_tpm_name){ 0 }, &ek),
			 FH_PARENT_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_an_area_bare_sized_or_as_a_key),
		cmocka_unit_test(reads_the_area_of_an_endorsement_key),
		cmocka_unit_test(refuses_every_truncation_of_an_area),
		cmocka_unit_test(refuses_keys_of_other_kinds_and_sizes),
		cmocka_unit_test(refuses_two_keys_in_one_pem_and_private_ones),
		cmocka_unit_test(reads_a_quote_a_certification_and_a_creation),
		cmocka_unit_test(refuses_every_truncation_of_an_attestation),
		cmocka_unit_test(refuses_another_magic_before_anything_else),
		cmocka_unit_test(a_selection_is_compared_by_banks_pcrs_and_order),
		cmocka_unit_test(tells_a_plain_signature_from_a_structure),
		cmocka_unit_test(reads_both_forms_of_the_pcrs_file),
		cmocka_unit_test(refuses_every_truncation_of_the_pcrs_file),
		cmocka_unit_test(never_trusts_a_size_in_the_pcrs_file),
		cmocka_unit_test(a_qualified_name_tells_the_parent),
	};

	return cmocka_run_group_tests(tests, make_key, drop_key);
}
