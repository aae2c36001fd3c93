/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/quote.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hex.h"
#include "base/own.h"
#include "fixture/cert_maker.h"
#include "fixture/quote_maker.h"

/* One test per check, named after what it refuses.  The quotes are made by a TPM
 * of software, which signs also what a real one never would.  */

static const uint8_t bytes[3][32] = { { 1, 2, 3 }, { 7 }, { 0 } };
static const struct fh_span values[3] = { { bytes[0], 32 }, { bytes[1], 32 }, { bytes[2], 32 } };
constexpr uint32_t mask = 1U << 0 | 1U << 7 | 1U << 16;

static struct quote_maker maker, other, rsa;

static int make_keys(void **state)
{
	(void)state;
	quote_maker_new(QUOTE_MAKER_P256, FH_TPM_ECDSA, FH_BANK_SHA256, QUOTE_MAKER_AK, &maker);
	quote_maker_new(QUOTE_MAKER_P256, FH_TPM_ECDSA, FH_BANK_SHA256, QUOTE_MAKER_AK, &other);
	quote_maker_new(QUOTE_MAKER_RSA, FH_TPM_RSASSA, FH_BANK_SHA256, QUOTE_MAKER_AK, &rsa);
	return 0;
}

static int drop_keys(void **state)
{
	(void)state;
	quote_maker_drop(&maker);
	quote_maker_drop(&other);
	quote_maker_drop(&rsa);
	return 0;
}

/* A quote with all that belongs to it; tests change a part before it is signed or
 * checked.  */
struct sample {
	const struct quote_maker *by;
	struct quote_maker_says says;
	struct fh_tpm_public ak;
	struct fh_pcr_values pcrs;
	struct fh_span nonce;
	bool plain, no_pcrs, no_nonce;
	uint8_t message[512], signature[1024];
	size_t message_n, signature_n;
};

static struct sample sample_by(const struct quote_maker *m)
{
	struct sample s = { .by = m, .ak = m->ak, .nonce = FH_SPAN_LIT("nonce") };

	s.says = quote_maker_says(m, FH_BANK_SHA256, mask, values);
	assert_int_equal(fh_pcr_values_of(FH_BANK_SHA256, mask, values, &s.pcrs), FH_ERR_OK);
	return s;
}

static void sample_sign(struct sample *s)
{
	struct fh_builder message = FH_BUILDER_ARRAY(s->message);
	struct fh_builder signature = FH_BUILDER_ARRAY(s->signature);

	quote_maker_attest(s->by, &s->says, &message);
	quote_maker_sign(s->by, fh_builder_span(&message), s->plain, &signature);
	s->message_n = message.n;
	s->signature_n = signature.n;
}

static struct fh_quote_result sample_check(const struct sample *s)
{
	FH_OWN(fh_tpm_verifier) key = { 0 };
	struct fh_quote_result r;

	assert_int_equal(fh_tpm_verifier_new(&s->ak.key, &key), FH_ERR_OK);
	const struct fh_quote_claim claim = {
		.ak = &s->ak,
		.key = &key,
		.message = fh_span_of(s->message, s->message_n),
		.signature = fh_span_of(s->signature, s->signature_n),
		.pcrs = s->no_pcrs ? nullptr : &s->pcrs,
		.nonce_given = !s->no_nonce,
		.nonce = s->nonce,
	};

	assert_int_equal(fh_quote_check(&claim, &r), FH_ERR_OK);
	return r;
}

static struct fh_quote_result sign_and_check(struct sample *s)
{
	sample_sign(s);
	return sample_check(s);
}

/* R says no to CHECK, why, and to nothing else.  */
static void refused(const struct fh_quote_result *r, enum fh_quote_check check)
{
	for (int i = 0; i < FH_QUOTE_CHECKS; i++) {
		if (i == (int)check)
			assert_int_equal(r->answer[i], FH_ANSWER_NO);
		else
			assert_int_not_equal(r->answer[i], FH_ANSWER_NO);
	}
	assert_true(r->why[check].what[0] != '\0');
	assert_false(fh_quote_holds(r));
}

/* --- what is right -------------------------------------------------------------------- */

static void accepts_what_a_tpm_signs_by_every_scheme_and_form(void **state)
{
	(void)state;
	static const struct {
		enum quote_maker_kind kind;
		enum fh_tpm_scheme scheme;
		enum fh_bank hash;
	} kinds[] = {
		{ QUOTE_MAKER_RSA, FH_TPM_RSASSA, FH_BANK_SHA256 },
		{ QUOTE_MAKER_RSA, FH_TPM_RSASSA, FH_BANK_SHA384 },
		{ QUOTE_MAKER_RSA, FH_TPM_RSAPSS, FH_BANK_SHA256 },
		{ QUOTE_MAKER_RSA, FH_TPM_RSAPSS, FH_BANK_SHA512 },
		{ QUOTE_MAKER_P256, FH_TPM_ECDSA, FH_BANK_SHA256 },
		{ QUOTE_MAKER_P384, FH_TPM_ECDSA, FH_BANK_SHA384 },
		{ QUOTE_MAKER_P521, FH_TPM_ECDSA, FH_BANK_SHA512 },
	};

	for (size_t i = 0; i < 4 * sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct quote_maker m;

		quote_maker_new(kinds[i / 4].kind, kinds[i / 4].scheme, kinds[i / 4].hash,
				QUOTE_MAKER_AK, &m);
		struct sample s = sample_by(&m);

		s.plain = i % 2 == 1;
		if (i % 4 >= 2) /* a PEM: nothing but the key is known */
			s.ak = (struct fh_tpm_public){ .key = m.ak.key };
		struct fh_quote_result r = sign_and_check(&s);

		assert_true(fh_quote_holds(&r));
		assert_int_equal(r.answer[FH_QUOTE_KEY], i % 4 >= 2 ? FH_ANSWER_UNCHECKED
								     : FH_ANSWER_YES);
		for (int c = FH_QUOTE_SIGNATURE; c <= FH_QUOTE_DIGEST; c++)
			assert_int_equal(r.answer[c], FH_ANSWER_YES);
		assert_int_equal(r.bank, FH_BANK_SHA256);
		assert_int_equal(r.mask, mask);
		quote_maker_drop(&m);
	}
}

static void what_is_not_given_is_unchecked(void **state)
{
	(void)state;
	struct sample s = sample_by(&maker);

	s.no_pcrs = s.no_nonce = true;
	struct fh_quote_result r = sign_and_check(&s);

	assert_true(fh_quote_holds(&r));
	assert_int_equal(r.answer[FH_QUOTE_NONCE], FH_ANSWER_UNCHECKED);
	assert_int_equal(r.answer[FH_QUOTE_SELECTION], FH_ANSWER_UNCHECKED);
	assert_int_equal(r.answer[FH_QUOTE_DIGEST], FH_ANSWER_UNCHECKED);
	assert_int_equal(r.answer[FH_QUOTE_LOG], FH_ANSWER_UNCHECKED);
}

/* --- key and signature ------------------------------------------------------------------ */

static void refuses_a_key_that_signs_what_others_made(void **state)
{
	(void)state;
	static const uint32_t lacks[] = { FH_TPM_RESTRICTED, FH_TPM_SIGN, FH_TPM_FIXED_TPM,
					  FH_TPM_FIXED_PARENT, FH_TPM_SENSITIVE_DATA_ORIGIN };

	for (size_t i = 0; i < sizeof(lacks) / sizeof(lacks[0]); i++) {
		struct sample s = sample_by(&maker);

		s.ak.attributes &= ~lacks[i];
		struct fh_quote_result r = sign_and_check(&s);

		refused(&r, FH_QUOTE_KEY);
	}
}

static void refuses_a_key_that_decrypts(void **state)
{
	(void)state;
	struct sample s = sample_by(&maker);

	s.ak.attributes |= FH_TPM_DECRYPT;
	struct fh_quote_result r = sign_and_check(&s);

	refused(&r, FH_QUOTE_KEY);
}

/* CVE-2021-3406, CVE-2022-1053: a good quote, by the key of another TPM.  */
static void refuses_the_key_of_another_tpm(void **state)
{
	(void)state;
	struct sample s = sample_by(&maker);

	s.ak = other.ak;
	struct fh_quote_result r = sign_and_check(&s);

	refused(&r, FH_QUOTE_SIGNATURE);
	s.ak = rsa.ak;
	r = sample_check(&s);
	refused(&r, FH_QUOTE_SIGNATURE);
}

static void refuses_every_changed_byte_of_the_message(void **state)
{
	(void)state;
	struct sample s = sample_by(&maker);

	sample_sign(&s);
	for (size_t i = 0; i < s.message_n; i++) {
		s.message[i] ^= 1;
		struct fh_quote_result r = sample_check(&s);

		refused(&r, FH_QUOTE_SIGNATURE);
		s.message[i] ^= 1;
	}
}

static void refuses_every_changed_byte_of_the_signature(void **state)
{
	(void)state;
	const struct quote_maker *by[] = { &maker, &rsa };

	for (size_t k = 0; k < 4; k++) {
		struct sample s = sample_by(by[k / 2]);

		s.plain = k % 2 == 1;
		sample_sign(&s);
		for (size_t i = 0; i < s.signature_n; i++) {
			s.signature[i] ^= 1;
			struct fh_quote_result r = sample_check(&s);

			refused(&r, FH_QUOTE_SIGNATURE);
			s.signature[i] ^= 1;
		}
	}
}

static void refuses_a_signature_over_sha1_by_name(void **state)
{
	(void)state;
	struct quote_maker m;

	quote_maker_new(QUOTE_MAKER_RSA, FH_TPM_RSASSA, FH_BANK_SHA1, QUOTE_MAKER_AK, &m);
	struct sample s = sample_by(&m);
	struct fh_quote_result r = sign_and_check(&s);

	refused(&r, FH_QUOTE_SIGNATURE);
	assert_non_null(strstr(r.why[FH_QUOTE_SIGNATURE].what, "SHA-1"));
	s.plain = true;
	r = sign_and_check(&s);
	refused(&r, FH_QUOTE_SIGNATURE);
	assert_non_null(strstr(r.why[FH_QUOTE_SIGNATURE].what, "SHA-1"));
	quote_maker_drop(&m);
}

static void refuses_another_scheme_than_the_keys(void **state)
{
	(void)state;
	struct sample s = sample_by(&rsa);

	s.ak.scheme = FH_TPM_RSAPSS;
	struct fh_quote_result r = sign_and_check(&s);

	refused(&r, FH_QUOTE_SIGNATURE);
}

/* CVE-2017-15361: whoever can compute the key can sign anything.  */
static void refuses_a_key_that_can_be_computed(void **state)
{
	(void)state;
	struct sample s = sample_by(&rsa);

	sample_sign(&s);
	struct fh_quote_result r = sample_check(&s);

	assert_int_equal(r.answer[FH_QUOTE_KEY], FH_ANSWER_YES);
	for (size_t at = 0; at < 256; at += FH_HASH_SIZE)
		assert_int_equal(fh_hex_read(fh_span_of(cert_guessable + 2 * at, 2 * FH_HASH_SIZE),
					     s.ak.key.x + at, FH_HASH_SIZE), FH_ERR_OK);
	r = sample_check(&s);
	assert_int_equal(r.answer[FH_QUOTE_KEY], FH_ANSWER_NO);
	assert_non_null(strstr(r.why[FH_QUOTE_KEY].what, "computed"));
}

/* --- what was signed --------------------------------------------------------------------- */

/* CVE-2024-29038 and CVE-2024-29040: a message that a key signed, though no TPM
 * made it.  */
static void refuses_what_does_not_begin_with_the_magic(void **state)
{
	(void)state;
	struct sample s = sample_by(&maker);

	s.says.magic ^= 1;
	struct fh_quote_result r = sign_and_check(&s);

	refused(&r, FH_QUOTE_MAGIC);
}

static void refuses_an_attestation_that_is_no_quote(void **state)
{
	(void)state;
	static const uint16_t types[] = { FH_ATTEST_CERTIFY, FH_ATTEST_CREATION, 0x8099 };

	for (size_t i = 0; i < 3; i++) {
		struct sample s = sample_by(&maker);

		s.says.type = types[i];
		struct fh_quote_result r = sign_and_check(&s);

		refused(&r, FH_QUOTE_TYPE);
	}
}

/* CVE-2023-38201, CVE-2026-6420: a nonce that is another, shorter, longer or only
 * padded.  */
static void refuses_every_nonce_but_the_exact_one(void **state)
{
	(void)state;
	static const struct fh_span nonces[] = {
		{ (const uint8_t *)"nonc", 4 }, { (const uint8_t *)"nonce\0", 6 },
		{ (const uint8_t *)"noncE", 5 }, { (const uint8_t *)"", 0 },
	};

	for (size_t i = 0; i < sizeof(nonces) / sizeof(nonces[0]); i++) {
		struct sample s = sample_by(&maker);

		s.nonce = nonces[i];
		struct fh_quote_result r = sign_and_check(&s);

		refused(&r, FH_QUOTE_NONCE);
	}
}

/* CVE-2024-29039: values of PCRs that are not those which were quoted.  */
static void refuses_values_of_another_selection(void **state)
{
	(void)state;
	static const uint32_t masks[] = { 1U << 0 | 1U << 7 | 1U << 17, 1U << 0 | 1U << 7 };

	for (size_t i = 0; i < 2; i++) {
		struct sample s = sample_by(&maker);

		assert_int_equal(fh_pcr_values_of(FH_BANK_SHA256, masks[i], values, &s.pcrs),
				 FH_ERR_OK);
		struct fh_quote_result r = sign_and_check(&s);

		refused(&r, FH_QUOTE_SELECTION);
		assert_int_equal(r.answer[FH_QUOTE_DIGEST], FH_ANSWER_UNCHECKED);
	}
}

/* CVE-2022-0317: a quote over no PCR attests nothing.  */
static void refuses_a_quote_over_no_pcr(void **state)
{
	(void)state;
	struct sample s = sample_by(&maker);

	s.says.select.n = 0;
	s.says.digest = fh_bank_digest(FH_BANK_SHA256, (struct fh_span){ 0 });
	s.pcrs = (struct fh_pcr_values){ 0 };
	struct fh_quote_result r = sign_and_check(&s);

	refused(&r, FH_QUOTE_BANK);
	s.says.select.n = 1;
	s.says.select.bank[0].mask = 0;
	r = sign_and_check(&s);
	refused(&r, FH_QUOTE_BANK);
}

/* CVE-2022-0317: fewer PCRs than values are given of.  */
static void refuses_a_quote_over_fewer_pcrs(void **state)
{
	(void)state;
	struct sample s = sample_by(&maker);

	s.says.select.bank[0].mask = 1U << 0;
	s.says.digest = fh_bank_digest(FH_BANK_SHA256, values[0]);
	struct fh_quote_result r = sign_and_check(&s);

	refused(&r, FH_QUOTE_SELECTION);
}

/* CVE-2023-43635: PCRs of the SHA-1 bank.  */
static void refuses_the_sha1_bank_by_name(void **state)
{
	(void)state;
	const struct fh_span sha1[] = { { bytes[0], 20 }, { bytes[1], 20 }, { bytes[2], 20 } };
	struct sample s = sample_by(&maker);

	s.says = quote_maker_says(&maker, FH_BANK_SHA1, mask, sha1);
	assert_int_equal(fh_pcr_values_of(FH_BANK_SHA1, mask, sha1, &s.pcrs), FH_ERR_OK);
	struct fh_quote_result r = sign_and_check(&s);

	refused(&r, FH_QUOTE_BANK);
	assert_non_null(strstr(r.why[FH_QUOTE_BANK].what, "SHA-1"));
}

static void refuses_several_banks_and_unknown_ones(void **state)
{
	(void)state;
	struct sample s = sample_by(&maker);

	s.no_pcrs = true;
	s.says.select.n = 2;
	s.says.select.bank[1].hash = FH_BANK_SHA384;
	s.says.select.bank[1].mask = 1;
	struct fh_quote_result r = sign_and_check(&s);

	refused(&r, FH_QUOTE_BANK);
	s.says.select.n = 1;
	s.says.select.bank[0].hash = 0x7fff; /* no hash */
	r = sign_and_check(&s);
	refused(&r, FH_QUOTE_BANK);
}

static void refuses_values_that_were_not_quoted(void **state)
{
	(void)state;
	struct sample s = sample_by(&maker);
	uint8_t changed[32] = { 1, 2, 4 };

	s.pcrs.value[0] = FH_SPAN_ARRAY(changed);
	struct fh_quote_result r = sign_and_check(&s);

	refused(&r, FH_QUOTE_DIGEST);
}

static void refuses_values_in_another_order(void **state)
{
	(void)state;
	struct sample s = sample_by(&maker);

	s.pcrs.value[0] = values[1];
	s.pcrs.value[1] = values[0];
	struct fh_quote_result r = sign_and_check(&s);

	refused(&r, FH_QUOTE_DIGEST);
}

/* --- logs ---------------------------------------------------------------------------------- */

/* Where a log leads that explains PCR 0 and 7; PCR 16 is as it was reset.  */
static struct fh_quote_replay good_log(void)
{
	struct fh_quote_replay log = { .events = 1U << 0 | 1U << 7 };

	for (int i = 0; i < 2; i++) {
		struct fh_digest *d = &log.value[i == 0 ? 0 : 7];

		d->n = 32;
		memcpy(d->bytes, bytes[i], 32);
	}
	return log;
}

static struct fh_quote_result check_log(const struct fh_quote_replay *log)
{
	struct sample s = sample_by(&maker);
	struct fh_quote_result r = sign_and_check(&s);

	fh_quote_check_log(log, &s.pcrs, &r);
	return r;
}

static void accepts_a_log_that_leads_to_the_quoted_values(void **state)
{
	(void)state;
	struct fh_quote_replay log = good_log();
	struct fh_quote_result r = check_log(&log);

	assert_true(fh_quote_holds(&r));
	assert_int_equal(r.answer[FH_QUOTE_LOG], FH_ANSWER_YES);
	assert_int_equal(r.answer[FH_QUOTE_RESET], FH_ANSWER_YES);
}

static void refuses_a_log_that_leads_elsewhere(void **state)
{
	(void)state;
	struct fh_quote_replay log = good_log();

	log.value[7].bytes[31] ^= 1;
	struct fh_quote_result r = check_log(&log);

	refused(&r, FH_QUOTE_LOG);
	assert_non_null(strstr(r.why[FH_QUOTE_LOG].where, "7"));
}

/* go-attestation counted a PCR without events as replayed.  */
static void refuses_a_value_that_no_event_explains(void **state)
{
	(void)state;
	struct fh_quote_replay log = good_log();

	log.events &= ~(1U << 7);
	struct fh_quote_result r = check_log(&log);

	refused(&r, FH_QUOTE_RESET);
}

static void refuses_a_log_without_events_of_a_firmware_pcr(void **state)
{
	(void)state;
	struct sample s = sample_by(&maker);
	struct fh_quote_replay log = good_log();
	const struct fh_span reset[] = { values[0], values[2], values[2] };

	s.says = quote_maker_says(&maker, FH_BANK_SHA256, mask, reset);
	assert_int_equal(fh_pcr_values_of(FH_BANK_SHA256, mask, reset, &s.pcrs), FH_ERR_OK);
	log.events &= ~(1U << 7);
	struct fh_quote_result r = sign_and_check(&s);

	assert_int_equal(fh_quote_untouched(&r, &s.pcrs), 1U << 7);
	fh_quote_check_log(&log, &s.pcrs, &r);
	refused(&r, FH_QUOTE_RESET);
}

static void a_dynamic_launch_is_reset_to_ones(void **state)
{
	(void)state;
	uint8_t ones[32];
	const struct fh_span reset[] = { FH_SPAN_ARRAY(ones), values[2] };
	const struct fh_quote_replay none = { 0 };

	memset(ones, 0xff, sizeof(ones));
	for (int i = 0; i < 2; i++) {
		/* 22 is of a dynamic launch, 16 and 23 are not.  */
		uint32_t pcrs = i == 0 ? 1U << 22 | 1U << 23 : 1U << 16 | 1U << 23;
		struct sample s = sample_by(&maker);

		s.says = quote_maker_says(&maker, FH_BANK_SHA256, pcrs, reset);
		assert_int_equal(fh_pcr_values_of(FH_BANK_SHA256, pcrs, reset, &s.pcrs),
				 FH_ERR_OK);
		struct fh_quote_result r = sign_and_check(&s);

		fh_quote_check_log(&none, &s.pcrs, &r);
		assert_int_equal(r.answer[FH_QUOTE_RESET], i == 0 ? FH_ANSWER_YES : FH_ANSWER_NO);
	}
}

static void no_log_helps_values_that_were_not_quoted(void **state)
{
	(void)state;
	struct sample s = sample_by(&maker);
	struct fh_quote_replay log = good_log();
	uint8_t changed[32] = { 1, 2, 4 };

	s.pcrs.value[0] = FH_SPAN_ARRAY(changed);
	memcpy(log.value[0].bytes, changed, 32);
	struct fh_quote_result r = sign_and_check(&s);

	fh_quote_check_log(&log, &s.pcrs, &r);
	refused(&r, FH_QUOTE_DIGEST);
	assert_int_equal(r.answer[FH_QUOTE_LOG], FH_ANSWER_UNCHECKED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_what_a_tpm_signs_by_every_scheme_and_form),
		cmocka_unit_test(what_is_not_given_is_unchecked),
		cmocka_unit_test(refuses_a_key_that_signs_what_others_made),
		cmocka_unit_test(refuses_a_key_that_decrypts),
		cmocka_unit_test(refuses_the_key_of_another_tpm),
		cmocka_unit_test(refuses_every_changed_byte_of_the_message),
		cmocka_unit_test(refuses_every_changed_byte_of_the_signature),
		cmocka_unit_test(refuses_a_key_that_can_be_computed),
		cmocka_unit_test(refuses_a_signature_over_sha1_by_name),
		cmocka_unit_test(refuses_another_scheme_than_the_keys),
		cmocka_unit_test(refuses_what_does_not_begin_with_the_magic),
		cmocka_unit_test(refuses_an_attestation_that_is_no_quote),
		cmocka_unit_test(refuses_every_nonce_but_the_exact_one),
		cmocka_unit_test(refuses_values_of_another_selection),
		cmocka_unit_test(refuses_a_quote_over_no_pcr),
		cmocka_unit_test(refuses_a_quote_over_fewer_pcrs),
		cmocka_unit_test(refuses_the_sha1_bank_by_name),
		cmocka_unit_test(refuses_several_banks_and_unknown_ones),
		cmocka_unit_test(refuses_values_that_were_not_quoted),
		cmocka_unit_test(refuses_values_in_another_order),
		cmocka_unit_test(accepts_a_log_that_leads_to_the_quoted_values),
		cmocka_unit_test(refuses_a_log_that_leads_elsewhere),
		cmocka_unit_test(refuses_a_value_that_no_event_explains),
		cmocka_unit_test(refuses_a_log_without_events_of_a_firmware_pcr),
		cmocka_unit_test(a_dynamic_launch_is_reset_to_ones),
		cmocka_unit_test(no_log_helps_values_that_were_not_quoted),
	};

	return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
