/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/quote.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/own.h"
#include "fixture/cert_maker.h"
#include "fixture/quote_maker.h"

/* Verdicts over files, with all that may come beside a quote.  */

constexpr uint32_t pcrs_mask = 0x1ff; /* 0 to 8 */

static struct {
	struct quote_maker maker;
	struct cert_made root, link, ek;
	uint8_t log[8192], message[512], signature[512], pcrs[2048];
	struct fh_quote_given given;
} sample;

static struct fh_quote_verdict v;

/* Signs a quote of where the log leads.  */
static void sign_log(void)
{
	struct fh_builder message = FH_BUILDER_ARRAY(sample.message);
	struct fh_builder signature = FH_BUILDER_ARRAY(sample.signature);
	struct fh_builder pcrs = FH_BUILDER_ARRAY(sample.pcrs);
	static struct fh_event_replay led;
	struct fh_span values[9];

	assert_int_equal(fh_event_log_replay(sample.given.log, FH_BANK_SHA256, &led, nullptr),
			 FH_ERR_OK);
	for (size_t i = 0; i < 9; i++)
		values[i] = fh_digest_span(&led.bank[0].value[i]);
	struct quote_maker_says says = quote_maker_says(&sample.maker, FH_BANK_SHA256, pcrs_mask,
							values);

	quote_maker_attest(&sample.maker, &says, &message);
	quote_maker_sign(&sample.maker, fh_builder_span(&message), /* plain= */ false, &signature);
	quote_maker_pcrs(FH_BANK_SHA256, pcrs_mask, values, &pcrs);
	sample.given.message = fh_builder_span(&message);
	sample.given.signature = fh_builder_span(&signature);
	sample.given.pcrs = fh_builder_span(&pcrs);
}

static int make_sample(void **state)
{
	struct fh_builder log = FH_BUILDER_ARRAY(sample.log);

	(void)state;
	quote_maker_new(QUOTE_MAKER_P256, FH_TPM_ECDSA, FH_BANK_SHA256, QUOTE_MAKER_AK,
			&sample.maker);
	sample.root = cert_make(&cert_good_root, nullptr);
	sample.link = cert_make(&cert_good_link, &sample.root);
	sample.ek = cert_make(&cert_good_ek, &sample.link);
	quote_maker_log(4000, &log);
	sample.given = (struct fh_quote_given){
		.ak = fh_span_of(sample.maker.area, sample.maker.area_n),
		.pcrs_given = true,
		.log_given = true,
		.log = fh_builder_span(&log),
		.nonce_given = true,
		.nonce = FH_SPAN_LIT("nonce"),
		.at_ms = CERT_NOW_MS,
	};
	sign_log();
	return 0;
}

static int drop_sample(void **state)
{
	(void)state;
	quote_maker_drop(&sample.maker);
	cert_made_drop(&sample.root);
	cert_made_drop(&sample.link);
	cert_made_drop(&sample.ek);
	return 0;
}

static void judge(const struct fh_quote_given *g)
{
	static alignas(max_align_t) uint8_t memory[512 << 10];
	struct fh_arena arena = fh_arena_of(memory, sizeof(memory));

	assert_int_equal(fh_quote_verify(g, &arena, &v, nullptr), FH_ERR_OK);
}

static bool says(const char *code)
{
	for (size_t i = 0; i < v.finding.reasons; i++) {
		if (strcmp(v.finding.reason[i].code, code) == 0)
			return v.finding.reason[i].why.what[0] != '\0';
	}
	return false;
}

static enum fh_answer authentic(void)
{
	return fh_finding_answer(&v.finding, FH_AUTHENTIC);
}

static enum fh_answer fresh(void)
{
	return fh_finding_answer(&v.finding, FH_FRESH);
}

static void a_quote_with_all_beside_it_is_authentic_and_fresh(void **state)
{
	(void)state;
	judge(&sample.given);
	assert_int_equal(authentic(), FH_ANSWER_YES);
	assert_int_equal(fresh(), FH_ANSWER_YES);
	assert_int_equal(fh_finding_answer(&v.finding, FH_ENROLLED), FH_ANSWER_UNCHECKED);
	assert_int_equal(fh_finding_answer(&v.finding, FH_ACCEPTED), FH_ANSWER_UNCHECKED);
	assert_int_equal(v.quote.answer[FH_QUOTE_EVENTS], FH_ANSWER_YES);
	assert_int_equal(fh_finding_settle(&v.finding, FH_AUTHENTIC, 0), FH_ANSWER_YES);
}

static void what_is_not_given_is_said(void **state)
{
	(void)state;
	struct fh_quote_given g = sample.given;

	g.pcrs_given = g.log_given = g.nonce_given = false;
	judge(&g);
	assert_int_equal(authentic(), FH_ANSWER_YES);
	assert_int_equal(fresh(), FH_ANSWER_UNCHECKED);
	assert_true(says("no-pcrs") && says("no-log") && says("static") &&
		    says("no-endorsement"));
}

static void a_log_stands_for_values(void **state)
{
	(void)state;
	struct fh_quote_given g = sample.given;

	g.pcrs_given = false;
	judge(&g);
	assert_int_equal(authentic(), FH_ANSWER_YES);
	assert_int_equal(v.quote.answer[FH_QUOTE_DIGEST], FH_ANSWER_YES);
	assert_false(says("no-pcrs"));
	sample.log[sample.given.log.n - 257 - 4 - 1] ^= 1; /* a digest of the last event */
	judge(&g);
	assert_int_equal(authentic(), FH_ANSWER_NO);
	assert_true(says("pcr-digest"));
	sample.log[sample.given.log.n - 257 - 4 - 1] ^= 1;
}

static void a_nonce_decides_freshness_only(void **state)
{
	(void)state;
	struct fh_quote_given g = sample.given;

	g.nonce = FH_SPAN_LIT("another");
	judge(&g);
	assert_int_equal(authentic(), FH_ANSWER_YES);
	assert_int_equal(fresh(), FH_ANSWER_NO);
	assert_true(says("quote-nonce"));
	assert_int_equal(fh_finding_settle(&v.finding, FH_AUTHENTIC, 0), FH_ANSWER_NO);
}

static void nothing_is_fresh_that_is_not_authentic(void **state)
{
	(void)state;
	struct fh_quote_given g = sample.given;

	g.pcrs = fh_span_first(g.pcrs, g.pcrs.n - 1);
	judge(&g);
	assert_int_equal(authentic(), FH_ANSWER_NO);
	assert_int_equal(fresh(), FH_ANSWER_UNCHECKED);
	assert_true(says("pcr-selection"));
}

static void a_log_that_cannot_be_followed_is_a_no(void **state)
{
	(void)state;
	struct fh_quote_given g = sample.given;

	g.log = fh_span_first(g.log, g.log.n - 1);
	judge(&g);
	assert_int_equal(authentic(), FH_ANSWER_NO);
	assert_true(says("log-replay"));
	g.log = FH_SPAN_LIT("no log");
	judge(&g);
	assert_int_equal(authentic(), FH_ANSWER_NO);
	assert_true(says("log-replay"));
	assert_false(says("no-log"));
}

/* The offset of the record of PCR's separator in the sample's log.  */
static size_t separator_at(unsigned pcr)
{
	return 32 + 37 + (size_t)pcr * (12 + 2 + 20 + 2 + 32 + 4 + 4);
}

/* go-attestation's disclosure: an event under another type leads to the same
 * values.  */
static void a_retyped_event_is_a_no(void **state)
{
	(void)state;
	uint8_t *type = sample.log + separator_at(3) + 4;

	assert_int_equal(*type, FH_EV_SEPARATOR);
	*type = FH_EV_IPL;
	judge(&sample.given);
	assert_int_equal(authentic(), FH_ANSWER_NO);
	assert_true(says("log-events"));
	assert_int_equal(v.quote.answer[FH_QUOTE_LOG], FH_ANSWER_YES);
	*type = FH_EV_SEPARATOR;
}

static void data_that_its_digest_denies_is_a_no(void **state)
{
	(void)state;
	uint8_t *data = sample.log + separator_at(4) - 1;

	*data = 1;
	judge(&sample.given);
	assert_int_equal(authentic(), FH_ANSWER_NO);
	assert_true(says("log-events"));
	*data = 0;
}

static void a_bare_key_is_said_to_promise_nothing(void **state)
{
	(void)state;
	struct fh_quote_given g = sample.given;
	uint8_t pem[512];
	struct fh_builder b = FH_BUILDER_ARRAY(pem);

	quote_maker_pem(&sample.maker, &b);
	g.ak = fh_builder_span(&b);
	judge(&g);
	assert_int_equal(authentic(), FH_ANSWER_YES);
	assert_true(says("ak-attributes"));
}

static void a_key_that_cannot_be_read_is_an_error_and_no_verdict(void **state)
{
	(void)state;
	struct fh_quote_given g = sample.given;
	struct fh_trace t = { 0 };
	struct fh_arena none = { 0 };

	g.ak = FH_SPAN_LIT("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n");
	assert_int_equal(fh_quote_verify(&g, &none, &v, &t), FH_ERR_FORMAT);
	assert_true(t.where[0] != '\0' && t.what[0] != '\0' && t.cure[0] != '\0');
	assert_int_equal(authentic(), FH_ANSWER_UNCHECKED);
}

/* --- the endorsement ------------------------------------------------------------------ */

static void endorse(const struct fh_span *anchors, size_t n, struct fh_span ek)
{
	FH_OWN(fh_x509_roots) roots = { 0 };
	struct fh_quote_given g = sample.given;

	g.ek_given = true;
	g.ek = ek;
	if (n > 0)
		assert_int_equal(fh_x509_roots_new(anchors, n, &roots, nullptr), FH_ERR_OK);
	g.roots = n > 0 ? &roots : nullptr;
	judge(&g);
}

static void a_chain_to_a_root_endorses_and_binds_nothing(void **state)
{
	(void)state;
	const struct fh_span both[] = { cert_span(&sample.root), cert_span(&sample.link) };

	endorse(both, 2, cert_span(&sample.ek));
	assert_int_equal(authentic(), FH_ANSWER_YES);
	assert_true(says("endorsed") && says("root-unknown") && says("binding-none"));
	assert_true(says("revocation-unchecked"));
	assert_false(v.finding.graded);
}

static void without_roots_an_endorsement_is_unchecked(void **state)
{
	(void)state;
	endorse(nullptr, 0, cert_span(&sample.ek));
	assert_int_equal(authentic(), FH_ANSWER_UNCHECKED);
	assert_true(says("no-roots"));
}

static void another_root_does_not_endorse(void **state)
{
	(void)state;
	struct cert_made other = cert_make(&cert_good_root, nullptr);
	const struct fh_span one = cert_span(&other);

	endorse(&one, 1, cert_span(&sample.ek));
	assert_int_equal(authentic(), FH_ANSWER_NO);
	assert_true(says("ek-issuer"));
	endorse(&one, 1, FH_SPAN_LIT("no certificate"));
	assert_int_equal(authentic(), FH_ANSWER_NO);
	assert_true(says("ek-format"));
	cert_made_drop(&other);
}

static void a_simulator_is_graded_and_needs_to_be_allowed(void **state)
{
	(void)state;
	struct cert_wish wish = cert_good_ek;

	wish.alternative = "id:00001014 swtpm";
	struct cert_made ek = cert_make(&wish, &sample.link);
	const struct fh_span both[] = { cert_span(&sample.root), cert_span(&sample.link) };

	endorse(both, 2, cert_span(&ek));
	assert_int_equal(authentic(), FH_ANSWER_YES);
	assert_true(says("simulator") && v.finding.graded);
	assert_int_equal(v.finding.grade, FH_GRADE_SIMULATED);
	assert_int_equal(fh_finding_settle(&v.finding, FH_AUTHENTIC, FH_WEAK_SIMULATED),
			 FH_ANSWER_YES);
	assert_int_equal(fh_finding_settle(&v.finding, FH_AUTHENTIC, 0), FH_ANSWER_NO);
	cert_made_drop(&ek);
}

/* Signs the sample anew by a TPM of this firmware, whose key says to be of HIERARCHY.  */
static void sign_by(uint64_t firmware, uint32_t hierarchy)
{
	sample.maker.firmware = firmware;
	sample.maker.hierarchy = hierarchy;
	sign_log();
}

static void firmware_that_gives_keys_away_needs_to_be_allowed(void **state)
{
	(void)state;
	const struct fh_span both[] = { cert_span(&sample.root), cert_span(&sample.link) };

	sign_by(0x0007003d00000000, 0x4000000b); /* Infineon's 7.61 */
	endorse(both, 2, cert_span(&sample.ek));
	assert_int_equal(authentic(), FH_ANSWER_YES);
	assert_true(says("firmware-weak") && !says("firmware-unchecked"));
	assert_int_equal(fh_finding_settle(&v.finding, FH_AUTHENTIC, FH_WEAK_FIRMWARE),
			 FH_ANSWER_YES);
	assert_int_equal(fh_finding_settle(&v.finding, FH_AUTHENTIC, FH_WEAK_SIMULATED),
			 FH_ANSWER_NO);
	assert_true(says("grade"));
	sign_by(0x0007003e00000000, 0x4000000b); /* 7.62 */
	endorse(both, 2, cert_span(&sample.ek));
	assert_false(says("firmware-weak") || says("firmware-unchecked"));
	assert_int_equal(fh_finding_settle(&v.finding, FH_AUTHENTIC, 0), FH_ANSWER_YES);
	sign_by(QUOTE_MAKER_FIRMWARE, 0);
}

/* A weak version is one wherever the key hangs; another may be any, behind what a TPM adds to
 * it for keys of the owner.  */
static void firmware_that_cannot_be_told_is_unchecked(void **state)
{
	(void)state;
	const struct fh_span both[] = { cert_span(&sample.root), cert_span(&sample.link) };
	const uint32_t hidden[] = { 0, 0x40000001 /* owner */, 0x40000007 /* null */ };

	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		sign_by(0x0007003e00000000, hidden[i]);
		endorse(both, 2, cert_span(&sample.ek));
		assert_int_equal(authentic(), FH_ANSWER_YES);
		assert_true(says("firmware-unchecked"));
		sign_by(0x0007003d00000000, hidden[i]);
		endorse(both, 2, cert_span(&sample.ek));
		assert_true(says("firmware-weak"));
	}
	sign_by(0x0007003d00000000, 0x4000000b);
	endorse(nullptr, 0, cert_span(&sample.ek)); /* nobody vouches for the maker */
	assert_true(says("firmware-unchecked") && !says("firmware-weak"));
	sign_by(QUOTE_MAKER_FIRMWARE, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_quote_with_all_beside_it_is_authentic_and_fresh),
		cmocka_unit_test(what_is_not_given_is_said),
		cmocka_unit_test(a_log_stands_for_values),
		cmocka_unit_test(a_nonce_decides_freshness_only),
		cmocka_unit_test(nothing_is_fresh_that_is_not_authentic),
		cmocka_unit_test(a_log_that_cannot_be_followed_is_a_no),
		cmocka_unit_test(a_retyped_event_is_a_no),
		cmocka_unit_test(data_that_its_digest_denies_is_a_no),
		cmocka_unit_test(a_bare_key_is_said_to_promise_nothing),
		cmocka_unit_test(a_key_that_cannot_be_read_is_an_error_and_no_verdict),
		cmocka_unit_test(a_chain_to_a_root_endorses_and_binds_nothing),
		cmocka_unit_test(without_roots_an_endorsement_is_unchecked),
		cmocka_unit_test(another_root_does_not_endorse),
		cmocka_unit_test(a_simulator_is_graded_and_needs_to_be_allowed),
		cmocka_unit_test(firmware_that_gives_keys_away_needs_to_be_allowed),
		cmocka_unit_test(firmware_that_cannot_be_told_is_unchecked),
	};

	return cmocka_run_group_tests(tests, make_sample, drop_sample);
}
