/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/x509_ek.h"

#include "base/own.h"
#include "crypto/weak_rsa.h"
#include "crypto/x509_private.h"

#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

/* TCG's object identifiers (EK Credential Profile 2.5, section 4), as DER holds them: OpenSSL
 * knows none of them, and writing one out as text costs more than reading the certificate's
 * dates.  */
static const uint8_t usage_ek[] = { 0x67, 0x81, 0x05, 0x08, 0x01 };          /* 2.23.133.8.1 */
static const uint8_t name_manufacturer[] = { 0x67, 0x81, 0x05, 0x02, 0x01 }; /* 2.23.133.2.1 */
static const uint8_t name_model[] = { 0x67, 0x81, 0x05, 0x02, 0x02 };        /* 2.23.133.2.2 */
static const uint8_t name_version[] = { 0x67, 0x81, 0x05, 0x02, 0x03 };      /* 2.23.133.2.3 */

constexpr int level = 2; /* of OpenSSL: 112 bits, so no SHA-1 and no RSA below 2048 */
constexpr int64_t ms_of_second = 1000;

struct path {
	X509_STORE_CTX *p;
};

static void path_drop(struct path *c)
{
	X509_STORE_CTX_free(c->p);
	c->p = nullptr;
}

struct certificates {
	STACK_OF(X509) *p;
};

static void certificates_drop(struct certificates *c)
{
	OSSL_STACK_OF_X509_free(c->p);
	c->p = nullptr;
}

static fh_err refuse(struct fh_ek_result *r, const char *code, const char *what, const char *cure)
{
	r->answer = FH_ANSWER_NO;
	r->code = code;
	fh_trace_where(&r->why, "endorsement certificate");
	fh_trace_what(&r->why, "%s", what);
	if (cure != nullptr)
		fh_trace_cure(&r->why, "%s", cure);
	return FH_ERR_OK;
}

/* --- what the certificate says -------------------------------------------------- */

static bool is_oid(const ASN1_OBJECT *o, struct fh_span der)
{
	return fh_span_equal(fh_span_of(OBJ_get0_data(o), OBJ_length(o)), der);
}

static bool has_usage(const X509 *c)
{
	EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i(c, NID_ext_key_usage, nullptr, nullptr);
	bool found = false;

	for (int i = 0; i < sk_ASN1_OBJECT_num(usages); i++)
		found = found || is_oid(sk_ASN1_OBJECT_value(usages, i),
					FH_SPAN_ARRAY(usage_ek));
	EXTENDED_KEY_USAGE_free(usages);
	return found;
}

/* The text of ENTRY, cut and printable.  */
static void read_text(const X509_NAME_ENTRY *entry, char out[FH_EK_TEXT_MAX])
{
	const ASN1_STRING *s = X509_NAME_ENTRY_get_data(entry);
	const unsigned char *p = ASN1_STRING_get0_data(s);
	size_t n = (size_t)ASN1_STRING_length(s);

	n = n < FH_EK_TEXT_MAX ? n : FH_EK_TEXT_MAX - 1;
	for (size_t i = 0; i < n; i++)
		out[i] = p[i] < ' ' || p[i] > '~' ? '?' : (char)p[i];
	out[n] = '\0';
}

static void read_directory(const X509_NAME *name, struct fh_ek_result *r)
{
	for (int i = 0; i < X509_NAME_entry_count(name); i++) {
		const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
		const ASN1_OBJECT *o = X509_NAME_ENTRY_get_object(entry);

		if (is_oid(o, FH_SPAN_ARRAY(name_manufacturer)))
			read_text(entry, r->manufacturer);
		else if (is_oid(o, FH_SPAN_ARRAY(name_model)))
			read_text(entry, r->model);
		else if (is_oid(o, FH_SPAN_ARRAY(name_version)))
			read_text(entry, r->version);
	}
}

/* Maker, model and version, which stand in the subject's alternative name
 * (section 3.2.9), critical where the subject is empty.  */
static bool read_names(const X509 *c, struct fh_ek_result *r)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(c, NID_subject_alt_name, nullptr, nullptr);

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		int kind;
		const X509_NAME *name = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i),
								&kind);

		if (kind == GEN_DIRNAME)
			read_directory(name, r);
	}
	GENERAL_NAMES_free(names);
	return r->manufacturer[0] != '\0' && r->model[0] != '\0' && r->version[0] != '\0';
}

/* Section 3: what makes the certificate one of an endorsement key.  */
static fh_err check_profile(X509 *c, const struct fh_ek_claim *claim, struct fh_ek_result *r)
{
	const EVP_PKEY *key = X509_get0_pubkey(c);
	uint32_t usage = X509_get_key_usage(c);

	if (key == nullptr || fh_tpm_key_of_pkey(key, &r->key) != FH_ERR_OK)
		return refuse(r, "ek-key", "certifies a key that is none of a TPM's", nullptr);
	if (r->key.curve == FH_TPM_CURVE_NONE
	    && fh_rsa_guessable(fh_span_of(r->key.x, r->key.n)))
		return refuse(r, "ek-roca", "certifies a key that can be computed from its public"
					    " half (CVE-2017-15361)",
			      "update the TPM's firmware, which makes another key, and enrol anew");
	if (claim->key != nullptr && !fh_tpm_key_equal(&r->key, claim->key))
		return refuse(r, "ek-key", "certifies another key than this TPM's endorsement key",
			      "read the certificate from the same TPM");
	if ((X509_get_extension_flags(c) & EXFLAG_CA) != 0)
		return refuse(r, "ek-ca", "is an authority's, not a key's", nullptr);
	if (!has_usage(c))
		return refuse(r, "ek-usage", "does not say that its key is an endorsement key"
					     " (2.23.133.8.1)", nullptr);
	if (usage != UINT32_MAX && (usage & (KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT)) == 0)
		return refuse(r, "ek-usage", "does not let its key decrypt, as an endorsement key"
					     " does", nullptr);
	if (!read_names(c, r))
		return refuse(r, "ek-name", "does not name the TPM's maker, model and version",
			      nullptr);
	r->answer = FH_ANSWER_YES;
	return FH_ERR_OK;
}

/* --- the chain ------------------------------------------------------------------- */

static fh_err refuse_path(int error, const X509 *at, struct fh_ek_result *r)
{
	char name[FH_X509_NAME_MAX] = "";

	if (at != nullptr)
		fh_x509_name_text(X509_get_subject_name(at), name);
	switch (error) {
	case X509_V_ERR_OUT_OF_MEM:
		return FH_ERR_NOMEM;
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		(void)!refuse(r, "ek-expired", "", "give the time it was valid at: --at");
		break;
	case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION:
		(void)!refuse(r, "ek-extension", "", nullptr);
		break;
	case X509_V_ERR_CA_MD_TOO_WEAK:
	case X509_V_ERR_CA_KEY_TOO_SMALL:
	case X509_V_ERR_EE_KEY_TOO_SMALL:
		(void)!refuse(r, "ek-weak", "", nullptr);
		break;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		(void)!refuse(r, "ek-issuer", "", "if its maker is one you trust, give the"
						   " maker's certificates with --roots");
		break;
	default:
		(void)!refuse(r, "ek-chain", "", nullptr);
	}
	fh_trace_what(&r->why, "leads to none of the roots: %s (at \"%s\")",
		      X509_verify_cert_error_string(error), name);
	return FH_ERR_OK;
}

/* The anchor, and while all of CHAIN is valid.  A simulator anywhere in it makes
 * it a simulator's.  */
static fh_err read_chain(const STACK_OF(X509) *chain, struct fh_ek_result *r)
{
	enum fh_x509_maker named = fh_x509_maker_named(r->model);

	r->from_ms = 0;
	r->until_ms = UINT64_MAX;
	for (int i = 0; i < sk_X509_num(chain); i++) {
		fh_err e = fh_x509_facts_of(sk_X509_value(chain, i), &r->anchor);

		if (e != FH_ERR_OK)
			return e;
		if (r->from_ms < r->anchor.from_ms)
			r->from_ms = r->anchor.from_ms;
		if (r->until_ms > r->anchor.until_ms)
			r->until_ms = r->anchor.until_ms;
		if (named == FH_X509_MAKER_UNKNOWN)
			named = fh_x509_maker_named(r->anchor.name);
		if (named == FH_X509_MAKER_UNKNOWN)
			named = fh_x509_maker_named(r->anchor.issuer);
		/* The last is the anchor, trusted as it stands.  */
		if (i + 1 < sk_X509_num(chain) && i > 0 && !r->anchor.authority)
			return refuse(r, "ek-chain", "was issued by a certificate that may not",
				      nullptr);
	}
	fh_x509_recognise(sk_X509_value(chain, sk_X509_num(chain) - 1), &r->anchor);
	if (r->anchor.maker != FH_X509_MAKER_CHIP)
		r->anchor.maker = named;
	return FH_ERR_OK;
}

/* What is on a list is refused, whatever the list is worth otherwise.  */
static fh_err check_revocation(const struct fh_x509_roots *roots, const STACK_OF(X509) *chain,
			       uint64_t at_ms, struct fh_ek_result *r)
{
	char name[FH_X509_NAME_MAX];
	const X509 *taken;

	r->revocation = fh_x509_revocation(roots, chain, at_ms, &taken);
	if (taken == nullptr)
		return FH_ERR_OK;
	fh_x509_name_text(X509_get_subject_name(taken), name);
	(void)!refuse(r, "ek-revoked", "", "the maker no longer vouches for this TPM: replace it");
	fh_trace_what(&r->why, "was taken back by its issuer, or what issued it was (\"%s\")",
		      name);
	return FH_ERR_OK;
}

static fh_err gather(const struct fh_x509_roots *roots, const struct fh_ek_claim *claim,
		     STACK_OF(X509) *out, struct fh_ek_result *r)
{
	const STACK_OF(X509) *links = roots->links;

	if (claim->links_n > FH_X509_LINKS_MAX)
		return refuse(r, "ek-chain", "comes with too many others", nullptr);
	for (size_t i = 0; i < claim->links_n; i++) {
		size_t used;
		X509 *c = fh_x509_parse(claim->links[i], &used);

		if (c == nullptr || used != claim->links[i].n || sk_X509_push(out, c) <= 0) {
			X509_free(c);
			return refuse(r, "ek-chain", "comes with something that is no certificate",
				      nullptr);
		}
	}
	for (int i = 0; i < sk_X509_num(links); i++) {
		if (X509_add_cert(out, sk_X509_value(links, i), X509_ADD_FLAG_UP_REF) != 1)
			return FH_ERR_NOMEM;
	}
	return FH_ERR_OK;
}

static fh_err check_path(const struct fh_x509_roots *roots, X509 *leaf, STACK_OF(X509) *links,
			 uint64_t at_ms, struct fh_ek_result *r)
{
	FH_OWN(path) path = { X509_STORE_CTX_new() };

	if (path.p == nullptr || X509_STORE_CTX_init(path.p, roots->store, leaf, links) != 1)
		return FH_ERR_CRYPTO;
	X509_VERIFY_PARAM *how = X509_STORE_CTX_get0_param(path.p);

	/* Anchors need not be self-signed; what they are, roots_new() decided.  */
	X509_VERIFY_PARAM_set_flags(how, X509_V_FLAG_PARTIAL_CHAIN);
	X509_VERIFY_PARAM_set_auth_level(how, level);
	X509_VERIFY_PARAM_set_depth(how, FH_X509_LINKS_MAX);
	X509_VERIFY_PARAM_set_time(how, (time_t)((int64_t)at_ms / ms_of_second));
	if (X509_verify_cert(path.p) == 1) {
		const STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(path.p);
		fh_err e = read_chain(chain, r);

		return e == FH_ERR_OK && r->answer == FH_ANSWER_YES
			       ? check_revocation(roots, chain, at_ms, r) : e;
	}
	return refuse_path(X509_STORE_CTX_get_error(path.p),
			   X509_STORE_CTX_get_current_cert(path.p), r);
}

static bool all_zeros(struct fh_span s)
{
	size_t i = 0;

	while (i < s.n && s.p[i] == 0)
		i++;
	return i == s.n;
}

fh_err fh_ek_appraise(const struct fh_x509_roots *roots, const struct fh_ek_claim *claim,
		      struct fh_ek_result *out)
{
	FH_OWN(fh_openssl) use = fh_openssl_begin();
	FH_OWN(fh_x509) leaf = { 0 };
	FH_OWN(certificates) links = { sk_X509_new_null() };
	size_t n;

	*out = (struct fh_ek_result){ 0 };
	if (links.p == nullptr)
		return FH_ERR_NOMEM;
	leaf.p = fh_x509_parse(claim->certificate, &n);
	if (leaf.p == nullptr || !all_zeros(fh_span_skip(claim->certificate, n)))
		return refuse(out, "ek-format", "is no X.509 certificate", nullptr);
	fh_err e = check_profile(leaf.p, claim, out);

	if (e == FH_ERR_OK && out->answer == FH_ANSWER_YES)
		e = gather(roots, claim, links.p, out);
	if (e == FH_ERR_OK && out->answer == FH_ANSWER_YES)
		e = check_path(roots, leaf.p, links.p, claim->at_ms, out);
	if (e != FH_ERR_OK)
		out->answer = FH_ANSWER_NO;
	return e;
}
