/* SPDX-License-Identifier: Apache-2.0 */
/* By whose roots the TPM of a machine is believed to be one.  */
#include "document_fixture.h"

/* A maker, and the certificate of the machine's TPM.  */
struct made_tpm {
	struct cert_made root, link, ek;
};

static void made_tpm_drop(struct made_tpm *t)
{
	cert_made_drop(&t->root);
	cert_made_drop(&t->link);
	cert_made_drop(&t->ek);
}

static struct cert_made another_maker(void)
{
	struct cert_wish w = cert_good_root;

	w.name = w.issuer = "Another Root";
	return cert_make(&w, nullptr);
}

static void signed_next(struct machine *m, const char *kind, struct fh_span body)
{
	m->statement[m->d.statements] = fixture_next(m->f, kind, body, 1);
	fixture_must(m->f, m->statement[m->d.statements++]);
	m->d.head_sequence++;
	m->d.head = m->f->chain.head.hash;
}

static struct made_tpm endorsed(struct machine *m)
{
	struct made_tpm t = { .root = cert_make(&cert_good_root, nullptr) };

	t.link = cert_make(&cert_good_link, &t.root);
	t.ek = cert_make(&cert_good_ek, &t.link);
	struct fh_builder b = fixture_builder(m->f, 2 * sizeof(t.ek.der));

	fh_builder_bytes(&b, cert_span(&t.ek));
	m->d.endorsement[0] = fh_span_first(fh_builder_span(&b), t.ek.n);
	fh_builder_bytes(&b, cert_span(&t.link));
	m->d.endorsement[1] = fh_span_skip(fh_builder_span(&b), t.ek.n);
	m->d.endorsements = 2;
	signed_next(m, "device", device_body(m, m->d.endorsement[0], (struct fh_span){ 0 }));
	return t;
}

static void sign_roots(struct machine *m, struct fh_span certificate)
{
	struct fh_builder b = fixture_builder(m->f, 8192);

	fh_roots_body_put(&b, &certificate, 1, nullptr, 0);
	signed_next(m, "roots", fh_builder_span(&b));
}

static const struct fh_finding *judged_by(struct machine *m, const struct fh_x509_roots *own,
					  bool genesis)
{
	struct fh_document_options o = trusting(m);

	o.roots = own;
	o.genesis_given = genesis;
	o.at_ms = CERT_NOW_MS;
	return judged(m, published(m, &m->device, &m->session), &o);
}

static void roots_that_the_operator_signed_endorse(void **state)
{
	struct machine *m = *state;
	__attribute__((cleanup(made_tpm_drop))) struct made_tpm t = endorsed(m);

	assert_true(says(judged_by(m, nullptr, true), "no-roots"));
	sign_roots(m, cert_span(&t.root));
	const struct fh_finding *f = judged_by(m, nullptr, true);

	assert_int_equal(fh_finding_answer(f, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_true(says(f, "roots-signed") && says(f, "root-unknown"));
	assert_int_equal(m->check.ek.answer, FH_ANSWER_YES);
	/* Of nobody's chain they are worth nothing.  */
	f = judged_by(m, nullptr, false);
	assert_true(says(f, "no-roots") && !says(f, "roots-signed"));
	assert_int_equal(m->check.ek.answer, FH_ANSWER_NO);
}

static void roots_that_the_operator_signed_refuse_others(void **state)
{
	struct machine *m = *state;
	__attribute__((cleanup(made_tpm_drop))) struct made_tpm t = endorsed(m);
	struct cert_made other = another_maker();
	const struct fh_span root = cert_span(&t.root);
	FH_OWN(fh_x509_roots) own = { 0 };

	sign_roots(m, cert_span(&other));
	assert_int_equal(fh_x509_roots_new(&root, 1, &own, nullptr), FH_ERR_OK);
	for (int i = 0; i < 2; i++) {
		const struct fh_finding *f = judged_by(m, i == 0 ? nullptr : &own, true);

		assert_int_equal(fh_finding_answer(f, FH_AUTHENTIC), FH_ANSWER_NO);
		assert_true(says(f, "ek-issuer") && says(f, "roots-signed"));
	}
	cert_made_drop(&other);
}

static void roots_that_the_operator_signed_do_not_widen_ones_own(void **state)
{
	struct machine *m = *state;
	__attribute__((cleanup(made_tpm_drop))) struct made_tpm t = endorsed(m);
	struct cert_made other = another_maker();
	const struct fh_span root = cert_span(&other);
	FH_OWN(fh_x509_roots) own = { 0 };

	sign_roots(m, cert_span(&t.root));
	assert_int_equal(fh_x509_roots_new(&root, 1, &own, nullptr), FH_ERR_OK);
	const struct fh_finding *f = judged_by(m, &own, true);

	assert_int_equal(fh_finding_answer(f, FH_AUTHENTIC), FH_ANSWER_NO);
	assert_true(says(f, "ek-issuer"));
	cert_made_drop(&other);
}

static void signed_roots_that_are_none_endorse_nobody(void **state)
{
	struct machine *m = *state;
	__attribute__((cleanup(made_tpm_drop))) struct made_tpm t = endorsed(m);

	sign_roots(m, FH_SPAN_LIT("no certificate"));
	const struct fh_finding *f = judged_by(m, nullptr, true);

	assert_int_equal(fh_finding_answer(f, FH_AUTHENTIC), FH_ANSWER_NO);
	assert_true(says(f, "roots-format"));
}

/* The document's quote, by a TPM of this firmware.  */
static void requote(struct machine *m, uint64_t firmware)
{
	m->ak.hierarchy = 0x4000000b; /* endorsement */
	m->ak.firmware = firmware;
	m->d.quote.evidence = quote_of(m, &m->d.quote.subject, &m->ak);
}

static void firmware_that_gives_keys_away_needs_to_be_allowed(void **state)
{
	struct machine *m = *state;
	__attribute__((cleanup(made_tpm_drop))) struct made_tpm t = endorsed(m);
	struct fh_finding f;

	requote(m, QUOTE_MAKER_FIRMWARE);
	sign_roots(m, cert_span(&t.root));
	f = *judged_by(m, nullptr, true);
	assert_false(says(&f, "firmware-weak") || says(&f, "firmware-unchecked"));
	requote(m, 0x0005003d00000000); /* Infineon's 5.61 */
	f = *judged_by(m, nullptr, true);
	assert_int_equal(fh_finding_answer(&f, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_true(says(&f, "firmware-weak"));
	assert_int_equal(fh_finding_settle(&f, FH_AUTHENTIC, FH_WEAK_FIRMWARE), FH_ANSWER_YES);
	assert_int_equal(fh_finding_settle(&f, FH_AUTHENTIC, 0), FH_ANSWER_NO);
}

/* --- how the device key is kept ----------------------------------------- */

static void certify(struct machine *m, const struct quote_maker *by, enum quote_maker_lie lie)
{
	struct fh_builder b = fixture_builder(m->f, FH_CERTIFIED_MAX);
	struct fh_hash id = fh_key_id(FH_SPAN_ARRAY(m->device_key.bytes));
	struct fh_release r;

	assert_true(fh_chain_release_first(&m->f->chain, &id, 0, &r));
	quote_maker_certified(by, &r, lie, &b);
	signed_next(m, "device", device_body(m, (struct fh_span){ 0 }, fh_builder_span(&b)));
}

static void how_the_key_is_kept_is_told_by_the_tpm(void **state)
{
	struct machine *m = *state;
	const struct fh_finding *f = judged_by(m, nullptr, true);

	assert_int_equal(fh_finding_answer(f, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_int_equal(m->check.sealed, FH_ANSWER_UNCHECKED);
	assert_true(says(f, "sealed-unchecked"));
	certify(m, &m->ak, QUOTE_MAKER_TRUE);
	f = judged_by(m, nullptr, true);
	assert_int_equal(fh_finding_answer(f, FH_AUTHENTIC), FH_ANSWER_YES);
	assert_int_equal(fh_finding_answer(f, FH_ACCEPTED), FH_ANSWER_YES);
	assert_int_equal(m->check.sealed, FH_ANSWER_YES);
}

static void refused_as(struct machine *m, int lie)
{
	const struct fh_finding *f = judged_by(m, nullptr, true);

	if (fh_finding_answer(f, FH_AUTHENTIC) != FH_ANSWER_NO || !says(f, "sealed")
	    || m->check.sealed != FH_ANSWER_NO)
		fail_msg("lie %d: %s, sealed %s", lie,
			 fh_answer_text(fh_finding_answer(f, FH_AUTHENTIC)),
			 fh_answer_text(m->check.sealed));
}

/* Each is the last of the machine's device statements, which counts.  */
static void no_lie_of_how_it_is_kept_is_believed(void **state)
{
	struct machine *m = *state;

	for (int lie = QUOTE_MAKER_TRUE + 1; lie < QUOTE_MAKER_LIES; lie++) {
		certify(m, &m->ak, (enum quote_maker_lie)lie);
		refused_as(m, lie);
	}
	certify(m, &m->other_ak, QUOTE_MAKER_TRUE); /* the truth, by another TPM */
	refused_as(m, QUOTE_MAKER_LIES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(roots_that_the_operator_signed_endorse),
		TEST(roots_that_the_operator_signed_refuse_others),
		TEST(roots_that_the_operator_signed_do_not_widen_ones_own),
		TEST(signed_roots_that_are_none_endorse_nobody),
		TEST(firmware_that_gives_keys_away_needs_to_be_allowed),
		TEST(how_the_key_is_kept_is_told_by_the_tpm),
		TEST(no_lie_of_how_it_is_kept_is_believed),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
