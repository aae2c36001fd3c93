/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/x509_ek.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/own.h"
#include "fixture/cert_maker.h"

constexpr uint64_t now_ms = CERT_NOW_MS;
constexpr uint64_t day_ms = 86400000;

/* Appraises the chain ROOT - LINK - EK, with the link beside the key.  */
static struct fh_ek_result appraise_at(const struct cert_wish *root,
				       const struct cert_wish *link,
				       const struct cert_wish *ek, uint64_t at_ms)
{
	struct cert_made r = cert_make(root, nullptr), l = cert_make(link, &r);
	struct cert_made k = cert_make(ek, &l);
	FH_OWN(fh_x509_roots) roots = { 0 };
	struct fh_span anchor = cert_span(&r), between = cert_span(&l);
	const struct fh_ek_claim claim = { .certificate = cert_span(&k), .links = &between,
					   .links_n = 1, .at_ms = at_ms };
	struct fh_ek_result out;

	assert_int_equal(fh_x509_roots_new(&anchor, 1, &roots, nullptr), FH_ERR_OK);
	assert_int_equal(roots.anchors, 1);
	assert_int_equal(fh_ek_appraise(&roots, &claim, &out), FH_ERR_OK);
	cert_made_drop(&r);
	cert_made_drop(&l);
	cert_made_drop(&k);
	return out;
}

static struct fh_ek_result appraise_ek(const struct cert_wish *ek)
{
	return appraise_at(&cert_good_root, &cert_good_link, ek, now_ms);
}

static void refused(const struct fh_ek_result *r, const char *code)
{
	assert_int_equal(r->answer, FH_ANSWER_NO);
	assert_string_equal(r->code, code);
	assert_true(r->why.what[0] != '\0');
}

/* --- what is right ------------------------------------------------------------------ */

static void accepts_a_chain_to_a_root_and_names_all_in_it(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct cert_wish ek = cert_good_ek;

		ek.p256 = i == 1;
		if (ek.p256)
			ek.key_usage = "critical,keyAgreement";
		struct fh_ek_result r = appraise_ek(&ek);

		assert_int_equal(r.answer, FH_ANSWER_YES);
		assert_string_equal(r.manufacturer, "id:49465800");
		assert_string_equal(r.model, "SLB 9672");
		assert_string_equal(r.version, "id:0f2d");
		assert_string_equal(r.anchor.name, "Maker Root");
		assert_int_equal(r.anchor.maker, FH_X509_MAKER_UNKNOWN);
		assert_true(r.from_ms == now_ms - 8 * day_ms);
		assert_true(r.until_ms == now_ms + 20 * day_ms);
		assert_int_equal(r.key.curve, i == 1 ? FH_TPM_P256 : FH_TPM_CURVE_NONE);
	}
}

static void a_simulator_is_named_and_no_hardware(void **state)
{
	(void)state;
	struct cert_wish ek = cert_good_ek, root = cert_good_root;
	struct cert_wish link = cert_good_link;

	ek.alternative = "id:00001014 swtpm";
	struct fh_ek_result r = appraise_ek(&ek);

	assert_int_equal(r.answer, FH_ANSWER_YES);
	assert_int_equal(r.anchor.maker, FH_X509_MAKER_SIMULATOR);
	root.name = root.issuer = link.issuer = "swtpm-localca-rootca";
	r = appraise_at(&root, &link, &cert_good_ek, now_ms);
	assert_int_equal(r.answer, FH_ANSWER_YES);
	assert_int_equal(r.anchor.maker, FH_X509_MAKER_SIMULATOR);
}

/* NV memory is larger than the certificate in it.  */
static void reads_a_certificate_with_zeros_behind_it_and_nothing_else(void **state)
{
	(void)state;
	struct cert_made r = cert_make(&cert_good_root, nullptr);
	struct cert_made l = cert_make(&cert_good_link, &r), k = cert_make(&cert_good_ek, &l);
	FH_OWN(fh_x509_roots) roots = { 0 };
	struct fh_span both[] = { cert_span(&r), cert_span(&l) };
	struct fh_ek_claim claim = { .certificate = fh_span_of(k.der, k.n + 100),
				     .at_ms = now_ms };
	struct fh_ek_result out;

	assert_int_equal(fh_x509_roots_new(both, 2, &roots, nullptr), FH_ERR_OK);
	assert_int_equal(roots.anchors, 1); /* the link is none: its issuer is there */
	assert_int_equal(fh_ek_appraise(&roots, &claim, &out), FH_ERR_OK);
	assert_int_equal(out.answer, FH_ANSWER_YES);
	assert_string_equal(out.anchor.name, "Maker Root");
	k.der[k.n + 99] = 1;
	assert_int_equal(fh_ek_appraise(&roots, &claim, &out), FH_ERR_OK);
	refused(&out, "ek-format");
	claim.certificate.n = k.n - 1;
	assert_int_equal(fh_ek_appraise(&roots, &claim, &out), FH_ERR_OK);
	refused(&out, "ek-format");
	cert_made_drop(&r);
	cert_made_drop(&l);
	cert_made_drop(&k);
}

/* A maker's intermediate that an operator trusts without its root.  */
static void a_root_need_not_be_self_signed(void **state)
{
	(void)state;
	struct cert_made r = cert_make(&cert_good_root, nullptr);
	struct cert_made l = cert_make(&cert_good_link, &r), k = cert_make(&cert_good_ek, &l);
	FH_OWN(fh_x509_roots) roots = { 0 };
	struct fh_span anchor = cert_span(&l);
	const struct fh_ek_claim claim = { .certificate = cert_span(&k), .at_ms = now_ms };
	struct fh_ek_result out;

	assert_int_equal(fh_x509_roots_new(&anchor, 1, &roots, nullptr), FH_ERR_OK);
	assert_int_equal(fh_ek_appraise(&roots, &claim, &out), FH_ERR_OK);
	assert_int_equal(out.answer, FH_ANSWER_YES);
	assert_string_equal(out.anchor.name, "Maker Link");
	cert_made_drop(&r);
	cert_made_drop(&l);
	cert_made_drop(&k);
}

/* --- what is wrong --------------------------------------------------------------------- */

static void refuses_an_issuer_that_is_no_root(void **state)
{
	(void)state;
	struct cert_made r = cert_make(&cert_good_root, nullptr);
	struct cert_made l = cert_make(&cert_good_link, &r), k = cert_make(&cert_good_ek, &l);
	struct cert_made other = cert_make(&cert_good_root, nullptr); /* of its name */
	FH_OWN(fh_x509_roots) roots = { 0 };
	struct fh_span anchor = cert_span(&other), between = cert_span(&l);
	const struct fh_ek_claim claim = { .certificate = cert_span(&k), .links = &between,
					   .links_n = 1, .at_ms = now_ms };
	struct fh_ek_result out;

	assert_int_equal(fh_x509_roots_new(&anchor, 1, &roots, nullptr), FH_ERR_OK);
	assert_int_equal(fh_ek_appraise(&roots, &claim, &out), FH_ERR_OK);
	assert_int_equal(out.answer, FH_ANSWER_NO);
	cert_made_drop(&r);
	cert_made_drop(&l);
	cert_made_drop(&k);
	cert_made_drop(&other);
}

static void refuses_what_is_not_valid_at_the_time(void **state)
{
	(void)state;
	struct fh_ek_result r = appraise_at(&cert_good_root, &cert_good_link, &cert_good_ek,
					    now_ms + 21 * day_ms);

	refused(&r, "ek-expired");
	r = appraise_at(&cert_good_root, &cert_good_link, &cert_good_ek, now_ms - 9 * day_ms);
	refused(&r, "ek-expired");
}

static void refuses_a_certificate_for_another_use(void **state)
{
	(void)state;
	struct cert_wish ek = cert_good_ek;

	ek.usage = nullptr;
	struct fh_ek_result r = appraise_ek(&ek);

	refused(&r, "ek-usage");
	ek.usage = "serverAuth,2.23.133.8.3"; /* of an attestation key */
	r = appraise_ek(&ek);
	refused(&r, "ek-usage");
	ek = cert_good_ek;
	ek.key_usage = "digitalSignature";
	r = appraise_ek(&ek);
	refused(&r, "ek-usage");
}

static void refuses_a_certificate_that_names_no_maker(void **state)
{
	(void)state;
	struct cert_wish ek = cert_good_ek;

	ek.name = "A TPM";
	ek.alternative = nullptr;
	struct fh_ek_result r = appraise_ek(&ek);

	refused(&r, "ek-name");
}

static void refuses_an_authority_as_a_key(void **state)
{
	(void)state;
	struct cert_wish ek = cert_good_ek;

	ek.constraints = "critical,CA:TRUE";
	struct fh_ek_result r = appraise_ek(&ek);

	refused(&r, "ek-ca");
}

/* A key's certificate that issues another's.  */
static void refuses_a_link_that_may_not_issue(void **state)
{
	(void)state;
	struct cert_wish link = cert_good_link;

	link.constraints = "critical,CA:FALSE";
	struct fh_ek_result r = appraise_at(&cert_good_root, &link, &cert_good_ek, now_ms);

	refused(&r, "ek-chain");
	link.constraints = nullptr;
	r = appraise_at(&cert_good_root, &link, &cert_good_ek, now_ms);
	refused(&r, "ek-chain");
}

static void refuses_a_critical_extension_that_nobody_knows(void **state)
{
	(void)state;
	struct cert_wish ek = cert_good_ek, link = cert_good_link;

	ek.extra = "1.3.6.1.4.1.99999.1";
	struct fh_ek_result r = appraise_ek(&ek);

	refused(&r, "ek-extension");
	link.extra = "1.3.6.1.4.1.99999.1";
	r = appraise_at(&cert_good_root, &link, &cert_good_ek, now_ms);
	refused(&r, "ek-extension");
}

static void refuses_signatures_over_sha1(void **state)
{
	(void)state;
	struct cert_wish ek = cert_good_ek, root = cert_good_root;

	ek.sha1 = true;
	struct fh_ek_result r = appraise_ek(&ek);

	refused(&r, "ek-weak");
	root.sha1 = true; /* nobody relies on a root's own signature */
	r = appraise_at(&root, &cert_good_link, &cert_good_ek, now_ms);
	assert_int_equal(r.answer, FH_ANSWER_YES);
}

/* CVE-2021-3406, CVE-2025-13609: a good certificate, of another TPM.  */
static void refuses_the_certificate_of_another_key(void **state)
{
	(void)state;
	struct cert_made r = cert_make(&cert_good_root, nullptr);
	struct cert_made l = cert_make(&cert_good_link, &r), k = cert_make(&cert_good_ek, &l);
	FH_OWN(fh_x509_roots) roots = { 0 };
	struct fh_span both[] = { cert_span(&r), cert_span(&l) };
	struct fh_ek_claim claim = { .certificate = cert_span(&k), .at_ms = now_ms };
	struct fh_ek_result out;

	assert_int_equal(fh_x509_roots_new(both, 2, &roots, nullptr), FH_ERR_OK);
	assert_int_equal(fh_ek_appraise(&roots, &claim, &out), FH_ERR_OK);
	struct fh_tpm_key key = out.key;

	claim.key = &key;
	assert_int_equal(fh_ek_appraise(&roots, &claim, &out), FH_ERR_OK);
	assert_int_equal(out.answer, FH_ANSWER_YES);
	key.x[100] ^= 1;
	assert_int_equal(fh_ek_appraise(&roots, &claim, &out), FH_ERR_OK);
	refused(&out, "ek-key");
	cert_made_drop(&r);
	cert_made_drop(&l);
	cert_made_drop(&k);
}

static void refuses_every_changed_byte_of_a_certificate(void **state)
{
	(void)state;
	struct cert_made r = cert_make(&cert_good_root, nullptr);
	struct cert_made l = cert_make(&cert_good_link, &r), k = cert_make(&cert_good_ek, &l);
	FH_OWN(fh_x509_roots) roots = { 0 };
	struct fh_span both[] = { cert_span(&r), cert_span(&l) };
	const struct fh_ek_claim claim = { .certificate = cert_span(&k), .at_ms = now_ms };
	struct fh_ek_result out;

	assert_int_equal(fh_x509_roots_new(both, 2, &roots, nullptr), FH_ERR_OK);
	for (size_t i = 0; i < k.n; i++) {
		k.der[i] ^= 1;
		assert_int_equal(fh_ek_appraise(&roots, &claim, &out), FH_ERR_OK);
		assert_int_equal(out.answer, FH_ANSWER_NO);
		k.der[i] ^= 1;
	}
	cert_made_drop(&r);
	cert_made_drop(&l);
	cert_made_drop(&k);
}

static void refuses_a_key_that_can_be_computed_CVE_2017_15361(void **state)
{
	(void)state;
	struct cert_wish ek = cert_good_ek;
	char other[sizeof(cert_guessable)];

	ek.modulus = cert_guessable;
	struct fh_ek_result r = appraise_ek(&ek);

	refused(&r, "ek-roca");
	/* Two more is a number like any other.  */
	memcpy(other, cert_guessable, sizeof(other));
	other[sizeof(other) - 2] = 'd';
	ek.modulus = other;
	r = appraise_ek(&ek);
	assert_int_equal(r.answer, FH_ANSWER_YES);
}

static void refuses_roots_that_are_none(void **state)
{
	(void)state;
	struct cert_made r = cert_make(&cert_good_root, nullptr), k = cert_make(&cert_good_ek, &r);
	FH_OWN(fh_x509_roots) roots = { 0 };
	struct fh_span one = cert_span(&k), cut = fh_span_first(cert_span(&r), r.n - 1);
	struct fh_trace t = { 0 };

	assert_int_equal(fh_x509_roots_new(&one, 1, &roots, &t), FH_ERR_FORMAT);
	assert_non_null(strstr(t.what, "may not issue"));
	assert_int_equal(fh_x509_roots_new(&cut, 1, &roots, &t), FH_ERR_FORMAT);
	cert_made_drop(&r);
	cert_made_drop(&k);
}

static void facts_tell_name_validity_and_role(void **state)
{
	(void)state;
	struct cert_made r = cert_make(&cert_good_root, nullptr);
	struct cert_made l = cert_make(&cert_good_link, &r);
	struct fh_x509_facts root, link;

	assert_int_equal(fh_x509_describe(cert_span(&r), &root), FH_ERR_OK);
	assert_int_equal(fh_x509_describe(cert_span(&l), &link), FH_ERR_OK);
	assert_string_equal(root.name, "Maker Root");
	assert_string_equal(link.issuer, "Maker Root");
	assert_true(root.self_signed && !link.self_signed && link.authority);
	assert_true(root.until_ms == now_ms + 100 * day_ms);
	assert_null(root.vendor);
	cert_made_drop(&r);
	cert_made_drop(&l);
}

/* --- what was taken back ---------------------------------------------------------- */

struct chain {
	struct cert_made root, link, ek;
	struct fh_x509_roots roots;
};

static void chain_begin(struct chain *c)
{
	c->root = cert_make(&cert_good_root, nullptr);
	c->link = cert_make(&cert_good_link, &c->root);
	c->ek = cert_make(&cert_good_ek, &c->link);
	const struct fh_span both[] = { cert_span(&c->root), cert_span(&c->link) };

	assert_int_equal(fh_x509_roots_new(both, 2, &c->roots, nullptr), FH_ERR_OK);
}

static void chain_end(struct chain *c)
{
	fh_x509_roots_drop(&c->roots);
	cert_made_drop(&c->root);
	cert_made_drop(&c->link);
	cert_made_drop(&c->ek);
}

static void give_list(struct chain *c, const struct cert_made *by, const struct cert_made *taken,
		      long from, long days, bool part)
{
	struct cert_made list = cert_list(by, taken, from, days, part);

	assert_int_equal(fh_x509_roots_revoke(&c->roots, cert_span(&list)), FH_ERR_OK);
	cert_made_drop(&list);
}

static struct fh_ek_result appraise_chain(const struct chain *c)
{
	const struct fh_ek_claim claim = { .certificate = cert_span(&c->ek), .at_ms = now_ms };
	struct fh_ek_result out;

	assert_int_equal(fh_ek_appraise(&c->roots, &claim, &out), FH_ERR_OK);
	return out;
}

static void without_lists_revocation_is_unchecked(void **state)
{
	struct chain c;
	struct fh_trace t = { 0 };

	(void)state;
	chain_begin(&c);
	struct fh_ek_result r = appraise_chain(&c);

	assert_int_equal(r.answer, FH_ANSWER_YES);
	assert_int_equal(r.revocation, FH_REVOCATION_UNCHECKED);
	fh_revocation_tell(r.revocation, &t);
	assert_non_null(strstr(t.what, "revocation not checked"));
	/* One issuer's alone is not all of it.  */
	give_list(&c, &c.link, nullptr, -1, 1, false);
	assert_int_equal(appraise_chain(&c).revocation, FH_REVOCATION_UNCHECKED);
	give_list(&c, &c.root, nullptr, -1, 1, false);
	assert_int_equal(appraise_chain(&c).revocation, FH_REVOCATION_CHECKED);
	chain_end(&c);
}

static void refuses_a_certificate_that_was_taken_back(void **state)
{
	(void)state;
	/* The key's and the link's, by lists that are current, too old, or a part.  */
	for (unsigned i = 0; i < 6; i++) {
		struct chain c;

		chain_begin(&c);
		give_list(&c, i % 2 == 0 ? &c.link : &c.root, i % 2 == 0 ? &c.ek : &c.link, -3,
			  i / 2 == 1 ? -1 : 1, i / 2 == 2);
		struct fh_ek_result r = appraise_chain(&c);

		refused(&r, "ek-revoked");
		assert_non_null(strstr(r.why.what, "taken back"));
		chain_end(&c);
	}
}

static void a_list_of_another_time_or_a_part_checks_nothing(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct chain c;

		chain_begin(&c);
		give_list(&c, &c.root, nullptr, -3, 1, false);
		give_list(&c, &c.link, nullptr, i == 0 ? 1 : -3, i == 1 ? -1 : 2, i == 2);
		struct fh_ek_result r = appraise_chain(&c);

		assert_int_equal(r.answer, FH_ANSWER_YES);
		assert_int_equal(r.revocation, FH_REVOCATION_STALE);
		chain_end(&c);
	}
}

/* Of its name, by its own key.  */
static void a_list_that_the_issuer_did_not_sign_is_none(void **state)
{
	struct cert_made other = cert_make(&cert_good_link, nullptr);
	struct chain c;

	(void)state;
	chain_begin(&c);
	give_list(&c, &other, &c.ek, -1, 1, false);
	struct fh_ek_result r = appraise_chain(&c);

	assert_int_equal(r.answer, FH_ANSWER_YES);
	assert_int_equal(r.revocation, FH_REVOCATION_UNCHECKED);
	assert_int_equal(fh_x509_roots_revoke(&c.roots, FH_SPAN_LIT("0 list")), FH_ERR_FORMAT);
	assert_int_equal(fh_x509_roots_revoke(&c.roots, (struct fh_span){ 0 }), FH_ERR_LIMIT);
	cert_made_drop(&other);
	chain_end(&c);
}

static void a_list_is_described_and_by_whom(void **state)
{
	struct fh_x509_list f = { .revoked = 77 };
	struct fh_x509_facts link;
	struct chain c;

	(void)state;
	chain_begin(&c);
	assert_int_equal(fh_x509_describe(cert_span(&c.link), &link), FH_ERR_OK);
	for (unsigned i = 0; i < 4; i++) {
		struct cert_made other = cert_make(&cert_good_link, nullptr);
		struct cert_made list = cert_list(i == 3 ? &other : &c.link, &c.ek, -2, 3, i == 2);
		struct fh_span der = cert_span(&list);

		assert_int_equal(fh_x509_list_describe(&c.roots, der, &f), FH_ERR_OK);
		assert_int_equal(f.revoked, 1);
		assert_int_equal(f.from_ms, CERT_NOW_MS - 2 * day_ms);
		assert_int_equal(f.until_ms, CERT_NOW_MS + 3 * day_ms);
		assert_string_equal(f.issuer, cert_good_link.name);
		assert_int_equal(f.known, i != 3);
		assert_int_equal(f.entitled, i != 3);
		assert_int_equal(f.whole, i != 2);
		assert_int_equal(fh_hash_equal(&f.by, &link.sha256), i != 3);
		f.revoked = 77;
		der.n--;
		assert_int_equal(fh_x509_list_describe(&c.roots, der, &f), FH_ERR_FORMAT);
		assert_int_equal(f.revoked, 77);
		cert_made_drop(&list);
		cert_made_drop(&other);
	}
	chain_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_is_described_and_by_whom),
		cmocka_unit_test(accepts_a_chain_to_a_root_and_names_all_in_it),
		cmocka_unit_test(a_simulator_is_named_and_no_hardware),
		cmocka_unit_test(reads_a_certificate_with_zeros_behind_it_and_nothing_else),
		cmocka_unit_test(a_root_need_not_be_self_signed),
		cmocka_unit_test(refuses_an_issuer_that_is_no_root),
		cmocka_unit_test(refuses_what_is_not_valid_at_the_time),
		cmocka_unit_test(refuses_a_certificate_for_another_use),
		cmocka_unit_test(refuses_a_certificate_that_names_no_maker),
		cmocka_unit_test(refuses_an_authority_as_a_key),
		cmocka_unit_test(refuses_a_link_that_may_not_issue),
		cmocka_unit_test(refuses_a_critical_extension_that_nobody_knows),
		cmocka_unit_test(refuses_signatures_over_sha1),
		cmocka_unit_test(refuses_the_certificate_of_another_key),
		cmocka_unit_test(refuses_every_changed_byte_of_a_certificate),
		cmocka_unit_test(refuses_a_key_that_can_be_computed_CVE_2017_15361),
		cmocka_unit_test(refuses_roots_that_are_none),
		cmocka_unit_test(facts_tell_name_validity_and_role),
		cmocka_unit_test(without_lists_revocation_is_unchecked),
		cmocka_unit_test(refuses_a_certificate_that_was_taken_back),
		cmocka_unit_test(a_list_of_another_time_or_a_part_checks_nothing),
		cmocka_unit_test(a_list_that_the_issuer_did_not_sign_is_none),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
