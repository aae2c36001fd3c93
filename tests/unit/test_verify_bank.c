/* SPDX-License-Identifier: Apache-2.0 */
/* Banks that some builds of OpenSSL have no hash for: what cannot be checked is named, is
 * never a no, and is never passed over.  */
#include "verify/quote.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/own.h"
#include "event_fixture.h"
#include "fixture/quote_maker.h"

/* Linked in front of OpenSSL's own: a build without LACKS, and one that fails at its
 * FAILS_AT-th use from now (0: never).  */
struct evp_md_st *__real_EVP_MD_fetch(void *library, const char *method, const char *properties);
struct evp_md_st *__wrap_EVP_MD_fetch(void *library, const char *method, const char *properties);
static const char *lacks = "";
static unsigned fails_at;

struct evp_md_st *__wrap_EVP_MD_fetch(void *library, const char *method, const char *properties)
{
	if (strcmp(method, lacks) == 0 || (fails_at > 0 && --fails_at == 0))
		return nullptr;
	return __real_EVP_MD_fetch(library, method, properties);
}

/* Made once, while OpenSSL is whole.  */
static const struct made_log *log_of_all(void)
{
	static struct made_log m;

	if (m.n > 0)
		return &m;
	log_begin(&m, fh_banks, FH_BANKS);
	log_measure(&m, 0, FH_EV_S_CRTM_VERSION, FH_SPAN_LIT("v1"));
	for (uint32_t pcr = 0; pcr < 8; pcr++)
		log_measure(&m, pcr, FH_EV_SEPARATOR, FH_SPAN_LIT("\0\0\0\0"));
	return &m;
}

static int whole(void **state)
{
	(void)state;
	lacks = "";
	fails_at = 0;
	(void)log_of_all();
	return 0;
}

static void a_log_is_replayed_in_every_bank(void **state)
{
	(void)state;
	static struct fh_event_replay r;

	assert_int_equal(fh_event_log_replay(log_span(log_of_all()), FH_BANK_NONE, &r, nullptr),
			 FH_ERR_OK);
	assert_int_equal(r.banks, FH_BANKS);
	assert_int_equal(r.unchecked, 0);
	for (size_t i = 0; i < FH_BANKS; i++) {
		struct fh_digest pcr = fh_bank_reset(fh_banks[i]);
		struct fh_digest d = fh_bank_digest(fh_banks[i], FH_SPAN_LIT("\0\0\0\0"));

		fh_bank_extend(fh_banks[i], &pcr, fh_digest_span(&d));
		assert_int_equal(r.bank[i].bank, fh_banks[i]);
		assert_int_equal(r.bank[i].value[7].n, fh_bank_size(fh_banks[i]));
		assert_memory_equal(r.bank[i].value[7].bytes, pcr.bytes, pcr.n);
	}
}

static void a_bank_without_a_hash_is_named_beside_the_others(void **state)
{
	(void)state;
	static struct fh_event_replay r;

	lacks = "SM3";
	assert_int_equal(fh_event_log_replay(log_span(log_of_all()), FH_BANK_NONE, &r, nullptr),
			 FH_ERR_OK);
	assert_int_equal(r.banks, FH_BANKS - 1);
	assert_int_equal(r.unchecked, 1);
	assert_int_equal(r.unchecked_bank[0], FH_BANK_SM3_256);
	assert_null(fh_event_replay_bank(&r, FH_BANK_SM3_256));
	assert_non_null(fh_event_replay_bank(&r, FH_BANK_SHA3_512));
}

static void a_bank_without_a_hash_alone_could_not_be_checked(void **state)
{
	(void)state;
	static struct fh_event_replay r;
	struct fh_trace t = { 0 };

	lacks = "SHA3-384";
	assert_int_equal(fh_event_log_replay(log_span(log_of_all()), FH_BANK_SHA3_384, &r, &t),
			 FH_ERR_UNSUPPORTED);
	assert_non_null(strstr(t.what, "sha3_384"));
	assert_non_null(strstr(t.what, "cannot be checked"));
}

/* The first use asks whether there is the hash; 9 events follow.  */
static void a_hash_that_fails_in_the_middle_is_an_error(void **state)
{
	(void)state;
	static struct fh_event_replay r;

	for (unsigned k = 2; k <= 10; k++) {
		fails_at = k;
		assert_int_equal(fh_event_log_replay(log_span(log_of_all()), FH_BANK_SHA3_256, &r,
						     nullptr), FH_ERR_CRYPTO);
	}
	assert_int_equal(fh_event_log_replay(log_span(log_of_all()), FH_BANK_SHA3_256, &r,
					     nullptr), FH_ERR_OK);
}

/* --- quotes ------------------------------------------------------------------------- */

struct sample {
	struct quote_maker maker;
	uint8_t message[512], signature[512], pcrs[2048];
	struct fh_quote_given given;
};

/* A quote over PCRs 0 to 7 of BANK, where the log leads.  */
static void quote(struct sample *s, enum fh_bank bank)
{
	struct fh_builder message = FH_BUILDER_ARRAY(s->message);
	struct fh_builder signature = FH_BUILDER_ARRAY(s->signature);
	struct fh_builder pcrs = FH_BUILDER_ARRAY(s->pcrs);
	static struct fh_event_replay led;
	struct fh_span values[8];

	quote_maker_new(QUOTE_MAKER_P256, FH_TPM_ECDSA, FH_BANK_SHA256, QUOTE_MAKER_AK, &s->maker);
	assert_int_equal(fh_event_log_replay(log_span(log_of_all()), bank, &led, nullptr),
			 FH_ERR_OK);
	for (size_t i = 0; i < 8; i++)
		values[i] = fh_digest_span(&led.bank[0].value[i]);
	struct quote_maker_says says = quote_maker_says(&s->maker, bank, 0xff, values);

	quote_maker_attest(&s->maker, &says, &message);
	quote_maker_sign(&s->maker, fh_builder_span(&message), /* plain= */ false, &signature);
	quote_maker_pcrs(bank, 0xff, values, &pcrs);
	s->given = (struct fh_quote_given){
		.ak = fh_span_of(s->maker.area, s->maker.area_n),
		.message = fh_builder_span(&message),
		.signature = fh_builder_span(&signature),
		.pcrs_given = true,
		.pcrs = fh_builder_span(&pcrs),
		.log_given = true,
		.log = log_span(log_of_all()),
	};
}

static fh_err judge(const struct fh_quote_given *g, enum fh_answer *authentic, struct fh_trace *t)
{
	static alignas(max_align_t) uint8_t memory[512 << 10];
	struct fh_arena arena = fh_arena_of(memory, sizeof(memory));
	static struct fh_quote_verdict v;
	fh_err e = fh_quote_verify(g, &arena, &v, t);

	if (e == FH_ERR_OK)
		*authentic = fh_finding_answer(&v.finding, FH_AUTHENTIC);
	return e;
}

static void a_quote_of_any_bank_but_sha1_is_followed(void **state)
{
	(void)state;
	for (size_t i = 1; i < FH_BANKS; i++) {
		enum fh_answer authentic = FH_ANSWER_UNCHECKED;
		struct sample s;

		quote(&s, fh_banks[i]);
		assert_int_equal(judge(&s.given, &authentic, nullptr), FH_ERR_OK);
		assert_int_equal(authentic, FH_ANSWER_YES);
		/* Another value in the log's last digest of this bank, and it leads elsewhere.  */
		struct made_log other = *log_of_all();
		size_t at = other.n - 8;

		for (size_t k = FH_BANKS - 1; k > i; k--)
			at -= 2 + fh_bank_size(fh_banks[k]);
		other.bytes[at - 1] ^= 1;
		s.given.log = log_span(&other);
		assert_int_equal(judge(&s.given, &authentic, nullptr), FH_ERR_OK);
		assert_int_equal(authentic, FH_ANSWER_NO);
		quote_maker_drop(&s.maker);
	}
}

static void a_quote_of_a_bank_without_a_hash_could_not_be_checked(void **state)
{
	(void)state;
	enum fh_answer authentic = FH_ANSWER_UNCHECKED;
	struct fh_trace t = { 0 };
	struct sample s;

	quote(&s, FH_BANK_SM3_256);
	lacks = "SM3";
	assert_int_equal(judge(&s.given, &authentic, &t), FH_ERR_UNSUPPORTED);
	assert_non_null(strstr(t.what, "sm3_256"));
	/* Of values alone the digest is by the signature's hash, which there is.  */
	s.given.log_given = false;
	assert_int_equal(judge(&s.given, &authentic, &t), FH_ERR_OK);
	assert_int_equal(authentic, FH_ANSWER_YES);
	/* A log of systemd's is followed in that bank, too.  */
	s.given.userspace_given = true;
	assert_int_equal(judge(&s.given, &authentic, &t), FH_ERR_UNSUPPORTED);
	quote_maker_drop(&s.maker);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_log_is_replayed_in_every_bank, whole),
		cmocka_unit_test_setup(a_bank_without_a_hash_is_named_beside_the_others, whole),
		cmocka_unit_test_setup(a_bank_without_a_hash_alone_could_not_be_checked, whole),
		cmocka_unit_test_setup(a_hash_that_fails_in_the_middle_is_an_error, whole),
		cmocka_unit_test_setup(a_quote_of_any_bank_but_sha1_is_followed, whole),
		cmocka_unit_test_setup(a_quote_of_a_bank_without_a_hash_could_not_be_checked,
				       whole),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
