/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/x509_ek.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/builder.h"
#include "base/own.h"

/* Chains made here: a root, a link and an endorsement key's certificate, each
 * wrong in one thing or none.  */

constexpr uint64_t now_ms = UINT64_C(1800000000000); /* in 2027 */
constexpr uint64_t day_ms = 86400000;

struct made {
	EVP_PKEY *key;
	uint8_t der[4096];
	size_t n;
};

/* What may be wrong with a certificate.  */
struct wish {
	const char *name, *issuer;
	const char *constraints;  /* basicConstraints */
	const char *usage;        /* extendedKeyUsage */
	const char *key_usage;
	const char *alternative;  /* subjectAltName's section: maker, model, version */
	const char *extra;        /* a critical extension nobody knows */
	bool sha1, p256;
	long from_days, days;
};

static const struct wish good_root = { .name = "Maker Root", .issuer = "Maker Root",
				       .constraints = "critical,CA:TRUE",
				       .from_days = -10, .days = 100 };
static const struct wish good_link = { .name = "Maker Link", .issuer = "Maker Root",
				       .constraints = "critical,CA:TRUE",
				       .from_days = -9, .days = 50 };
static const struct wish good_ek = { .name = nullptr, .issuer = "Maker Link",
				     .constraints = "critical,CA:FALSE", .usage = "2.23.133.8.1",
				     .key_usage = "critical,keyEncipherment",
				     .alternative = "id:49465800", .from_days = -8, .days = 20 };

static void must(bool held)
{
	if (!held)
		abort();
}

static void add_extension(X509 *c, int nid, const char *value)
{
	X509_EXTENSION *e = value == nullptr
		? nullptr : X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);

	if (value == nullptr)
		return;
	must(e != nullptr && X509_add_ext(c, e, -1) == 1);
	X509_EXTENSION_free(e);
}

/* subjectAltName, critical, as an EK's certificate with an empty subject has it.  */
static void add_names(X509 *c, const char *maker)
{
	static const char *const oid[] = { "2.23.133.2.1", "2.23.133.2.2", "2.23.133.2.3" };
	const char *value[] = { maker, "SLB 9672", "id:0f2d" };
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *name = GENERAL_NAME_new();
	X509_NAME *directory = X509_NAME_new();

	if (strstr(maker, "swtpm") != nullptr)
		value[1] = "swtpm";
	for (int i = 0; i < 3; i++) {
		ASN1_OBJECT *o = OBJ_txt2obj(oid[i], 1);

		must(X509_NAME_add_entry_by_OBJ(directory, o, MBSTRING_UTF8,
						(const unsigned char *)value[i], -1, -1, 0) == 1);
		ASN1_OBJECT_free(o);
	}
	GENERAL_NAME_set0_value(name, GEN_DIRNAME, directory);
	sk_GENERAL_NAME_push(names, name);
	must(X509_add1_ext_i2d(c, NID_subject_alt_name, names, 1, 0) == 1);
	GENERAL_NAMES_free(names);
}

static void add_unknown(X509 *c, const char *oid)
{
	ASN1_OCTET_STRING *bytes = ASN1_OCTET_STRING_new();
	ASN1_OBJECT *o = OBJ_txt2obj(oid, 1);

	ASN1_OCTET_STRING_set(bytes, (const unsigned char *)"\x05\x00", 2);
	X509_EXTENSION *e = X509_EXTENSION_create_by_OBJ(nullptr, o, 1, bytes);

	must(e != nullptr && X509_add_ext(c, e, -1) == 1);
	X509_EXTENSION_free(e);
	ASN1_OCTET_STRING_free(bytes);
	ASN1_OBJECT_free(o);
}

static void name_it(X509_NAME *n, const char *common)
{
	if (common != nullptr)
		must(X509_NAME_add_entry_by_NID(n, NID_commonName, MBSTRING_ASC,
						(const unsigned char *)common, -1, -1, 0) == 1);
}

/* A certificate by W, signed by BY's key (its own if NULL).  */
static struct made make(const struct wish *w, const struct made *by)
{
	struct made m = { .key = w->p256 ? EVP_EC_gen("P-256") : EVP_RSA_gen(2048) };
	X509 *c = X509_new();
	unsigned char *end = m.der;
	time_t at = (time_t)(now_ms / 1000);

	must(m.key != nullptr && c != nullptr && X509_set_version(c, X509_VERSION_3) == 1);
	ASN1_INTEGER_set(X509_get_serialNumber(c), 7);
	X509_time_adj_ex(X509_getm_notBefore(c), (int)w->from_days, 0, &at);
	X509_time_adj_ex(X509_getm_notAfter(c), (int)w->days, 0, &at);
	name_it(X509_get_subject_name(c), w->name);
	name_it(X509_get_issuer_name(c), w->issuer);
	X509_set_pubkey(c, m.key);
	add_extension(c, NID_basic_constraints, w->constraints);
	add_extension(c, NID_ext_key_usage, w->usage);
	add_extension(c, NID_key_usage, w->key_usage);
	if (w->alternative != nullptr)
		add_names(c, w->alternative);
	if (w->extra != nullptr)
		add_unknown(c, w->extra);
	must(X509_sign(c, by == nullptr ? m.key : by->key,
		       w->sha1 ? EVP_sha1() : EVP_sha256()) > 0);
	int n = i2d_X509(c, nullptr);

	must(n > 0 && (size_t)n <= sizeof(m.der) && i2d_X509(c, &end) == n);
	m.n = (size_t)n;
	X509_free(c);
	return m;
}

static void made_drop(struct made *m)
{
	EVP_PKEY_free(m->key);
	m->key = nullptr;
}

static struct fh_span span(const struct made *m)
{
	return fh_span_of(m->der, m->n);
}

/* Appraises the chain ROOT - LINK - EK, with the link beside the key.  */
static struct fh_ek_result appraise_at(const struct wish *root, const struct wish *link,
				       const struct wish *ek, uint64_t at_ms)
{
	struct made r = make(root, nullptr), l = make(link, &r), k = make(ek, &l);
	FH_OWN(fh_x509_roots) roots = { 0 };
	struct fh_span anchor = span(&r), between = span(&l);
	const struct fh_ek_claim claim = { .certificate = span(&k), .links = &between,
					   .links_n = 1, .at_ms = at_ms };
	struct fh_ek_result out;

	assert_int_equal(fh_x509_roots_new(&anchor, 1, &roots, nullptr), FH_ERR_OK);
	assert_int_equal(roots.anchors, 1);
	assert_int_equal(fh_ek_appraise(&roots, &claim, &out), FH_ERR_OK);
	made_drop(&r);
	made_drop(&l);
	made_drop(&k);
	return out;
}

static struct fh_ek_result appraise_ek(const struct wish *ek)
{
	return appraise_at(&good_root, &good_link, ek, now_ms);
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
		struct wish ek = good_ek;

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
	struct wish ek = good_ek, root = good_root, link = good_link;

	ek.alternative = "id:00001014 swtpm";
	struct fh_ek_result r = appraise_ek(&ek);

	assert_int_equal(r.answer, FH_ANSWER_YES);
	assert_int_equal(r.anchor.maker, FH_X509_MAKER_SIMULATOR);
	root.name = root.issuer = link.issuer = "swtpm-localca-rootca";
	r = appraise_at(&root, &link, &good_ek, now_ms);
	assert_int_equal(r.answer, FH_ANSWER_YES);
	assert_int_equal(r.anchor.maker, FH_X509_MAKER_SIMULATOR);
}

/* NV memory is larger than the certificate in it.  */
static void reads_a_certificate_with_zeros_behind_it_and_nothing_else(void **state)
{
	(void)state;
	struct made r = make(&good_root, nullptr), l = make(&good_link, &r), k = make(&good_ek, &l);
	FH_OWN(fh_x509_roots) roots = { 0 };
	struct fh_span both[] = { span(&r), span(&l) };
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
	made_drop(&r);
	made_drop(&l);
	made_drop(&k);
}

/* A maker's intermediate that an operator trusts without its root.  */
static void a_root_need_not_be_self_signed(void **state)
{
	(void)state;
	struct made r = make(&good_root, nullptr), l = make(&good_link, &r), k = make(&good_ek, &l);
	FH_OWN(fh_x509_roots) roots = { 0 };
	struct fh_span anchor = span(&l);
	const struct fh_ek_claim claim = { .certificate = span(&k), .at_ms = now_ms };
	struct fh_ek_result out;

	assert_int_equal(fh_x509_roots_new(&anchor, 1, &roots, nullptr), FH_ERR_OK);
	assert_int_equal(fh_ek_appraise(&roots, &claim, &out), FH_ERR_OK);
	assert_int_equal(out.answer, FH_ANSWER_YES);
	assert_string_equal(out.anchor.name, "Maker Link");
	made_drop(&r);
	made_drop(&l);
	made_drop(&k);
}

/* --- what is wrong --------------------------------------------------------------------- */

static void refuses_an_issuer_that_is_no_root(void **state)
{
	(void)state;
	struct made r = make(&good_root, nullptr), l = make(&good_link, &r), k = make(&good_ek, &l);
	struct made other = make(&good_root, nullptr); /* of the same name */
	FH_OWN(fh_x509_roots) roots = { 0 };
	struct fh_span anchor = span(&other), between = span(&l);
	const struct fh_ek_claim claim = { .certificate = span(&k), .links = &between,
					   .links_n = 1, .at_ms = now_ms };
	struct fh_ek_result out;

	assert_int_equal(fh_x509_roots_new(&anchor, 1, &roots, nullptr), FH_ERR_OK);
	assert_int_equal(fh_ek_appraise(&roots, &claim, &out), FH_ERR_OK);
	assert_int_equal(out.answer, FH_ANSWER_NO);
	made_drop(&r);
	made_drop(&l);
	made_drop(&k);
	made_drop(&other);
}

static void refuses_what_is_not_valid_at_the_time(void **state)
{
	(void)state;
	struct fh_ek_result r = appraise_at(&good_root, &good_link, &good_ek,
					    now_ms + 21 * day_ms);

	refused(&r, "ek-expired");
	r = appraise_at(&good_root, &good_link, &good_ek, now_ms - 9 * day_ms);
	refused(&r, "ek-expired");
}

static void refuses_a_certificate_for_another_use(void **state)
{
	(void)state;
	struct wish ek = good_ek;

	ek.usage = nullptr;
	struct fh_ek_result r = appraise_ek(&ek);

	refused(&r, "ek-usage");
	ek.usage = "serverAuth,2.23.133.8.3"; /* of an attestation key */
	r = appraise_ek(&ek);
	refused(&r, "ek-usage");
	ek = good_ek;
	ek.key_usage = "digitalSignature";
	r = appraise_ek(&ek);
	refused(&r, "ek-usage");
}

static void refuses_a_certificate_that_names_no_maker(void **state)
{
	(void)state;
	struct wish ek = good_ek;

	ek.name = "A TPM";
	ek.alternative = nullptr;
	struct fh_ek_result r = appraise_ek(&ek);

	refused(&r, "ek-name");
}

static void refuses_an_authority_as_a_key(void **state)
{
	(void)state;
	struct wish ek = good_ek;

	ek.constraints = "critical,CA:TRUE";
	struct fh_ek_result r = appraise_ek(&ek);

	refused(&r, "ek-ca");
}

/* A key's certificate that issues another's.  */
static void refuses_a_link_that_may_not_issue(void **state)
{
	(void)state;
	struct wish link = good_link;

	link.constraints = "critical,CA:FALSE";
	struct fh_ek_result r = appraise_at(&good_root, &link, &good_ek, now_ms);

	refused(&r, "ek-chain");
	link.constraints = nullptr;
	r = appraise_at(&good_root, &link, &good_ek, now_ms);
	refused(&r, "ek-chain");
}

static void refuses_a_critical_extension_that_nobody_knows(void **state)
{
	(void)state;
	struct wish ek = good_ek, link = good_link;

	ek.extra = "1.3.6.1.4.1.99999.1";
	struct fh_ek_result r = appraise_ek(&ek);

	refused(&r, "ek-extension");
	link.extra = "1.3.6.1.4.1.99999.1";
	r = appraise_at(&good_root, &link, &good_ek, now_ms);
	refused(&r, "ek-extension");
}

static void refuses_signatures_over_sha1(void **state)
{
	(void)state;
	struct wish ek = good_ek, root = good_root;

	ek.sha1 = true;
	struct fh_ek_result r = appraise_ek(&ek);

	refused(&r, "ek-weak");
	root.sha1 = true; /* nobody relies on a root's own signature */
	r = appraise_at(&root, &good_link, &good_ek, now_ms);
	assert_int_equal(r.answer, FH_ANSWER_YES);
}

/* CVE-2021-3406, CVE-2025-13609: a good certificate, of another TPM.  */
static void refuses_the_certificate_of_another_key(void **state)
{
	(void)state;
	struct made r = make(&good_root, nullptr), l = make(&good_link, &r), k = make(&good_ek, &l);
	FH_OWN(fh_x509_roots) roots = { 0 };
	struct fh_span both[] = { span(&r), span(&l) };
	struct fh_ek_claim claim = { .certificate = span(&k), .at_ms = now_ms };
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
	made_drop(&r);
	made_drop(&l);
	made_drop(&k);
}

static void refuses_every_changed_byte_of_a_certificate(void **state)
{
	(void)state;
	struct made r = make(&good_root, nullptr), l = make(&good_link, &r), k = make(&good_ek, &l);
	FH_OWN(fh_x509_roots) roots = { 0 };
	struct fh_span both[] = { span(&r), span(&l) };
	const struct fh_ek_claim claim = { .certificate = span(&k), .at_ms = now_ms };
	struct fh_ek_result out;

	assert_int_equal(fh_x509_roots_new(both, 2, &roots, nullptr), FH_ERR_OK);
	for (size_t i = 0; i < k.n; i++) {
		k.der[i] ^= 1;
		assert_int_equal(fh_ek_appraise(&roots, &claim, &out), FH_ERR_OK);
		assert_int_equal(out.answer, FH_ANSWER_NO);
		k.der[i] ^= 1;
	}
	made_drop(&r);
	made_drop(&l);
	made_drop(&k);
}

static void refuses_roots_that_are_none(void **state)
{
	(void)state;
	struct made r = make(&good_root, nullptr), k = make(&good_ek, &r);
	FH_OWN(fh_x509_roots) roots = { 0 };
	struct fh_span one = span(&k), cut = fh_span_first(span(&r), r.n - 1);
	struct fh_trace t = { 0 };

	assert_int_equal(fh_x509_roots_new(&one, 1, &roots, &t), FH_ERR_FORMAT);
	assert_non_null(strstr(t.what, "may not issue"));
	assert_int_equal(fh_x509_roots_new(&cut, 1, &roots, &t), FH_ERR_FORMAT);
	made_drop(&r);
	made_drop(&k);
}

static void facts_tell_name_validity_and_role(void **state)
{
	(void)state;
	struct made r = make(&good_root, nullptr), l = make(&good_link, &r);
	struct fh_x509_facts root, link;

	assert_int_equal(fh_x509_describe(span(&r), &root), FH_ERR_OK);
	assert_int_equal(fh_x509_describe(span(&l), &link), FH_ERR_OK);
	assert_string_equal(root.name, "Maker Root");
	assert_string_equal(link.issuer, "Maker Root");
	assert_true(root.self_signed && !link.self_signed && link.authority);
	assert_true(root.until_ms == now_ms + 100 * day_ms);
	assert_null(root.vendor);
	made_drop(&r);
	made_drop(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
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
		cmocka_unit_test(refuses_roots_that_are_none),
		cmocka_unit_test(facts_tell_name_validity_and_role),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
