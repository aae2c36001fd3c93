/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/x509_roots.h"

#include "base/own.h"
#include "crypto/x509_known.h"
#include "crypto/x509_private.h"

#include <string.h>

#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

constexpr uint64_t ms_of_second = 1000;
constexpr int64_t seconds_of_day = 86400;
constexpr int says_authority = 1; /* of X509_check_ca: version 3, basicConstraints */

const char *fh_x509_maker_text(enum fh_x509_maker m)
{
	switch (m) {
	case FH_X509_MAKER_CHIP:
		return "chip";
	case FH_X509_MAKER_SIMULATOR:
		return "simulator";
	case FH_X509_MAKER_HYPERVISOR:
		return "hypervisor";
	default:
		return "unknown";
	}
}

/* TEXT holds WORD, which is in lower case, in any case.  */
static bool holds(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (; text[0] != '\0'; text++) {
		size_t i = 0;

		while (i < n && (text[i] == word[i] ||
				 (text[i] >= 'A' && text[i] <= 'Z' && text[i] + ' ' == word[i])))
			i++;
		if (i == n)
			return true;
	}
	return false;
}

/* A name that says so is believed, since it gains nothing.  */
enum fh_x509_maker fh_x509_maker_named(const char *text)
{
	static const struct {
		const char *word;
		enum fh_x509_maker maker;
	} words[] = {
		{ "swtpm", FH_X509_MAKER_SIMULATOR },
		{ "simulat", FH_X509_MAKER_SIMULATOR },
		{ "fwtpm", FH_X509_MAKER_SIMULATOR },
		{ "vtpm", FH_X509_MAKER_HYPERVISOR },
		{ "virtual tpm", FH_X509_MAKER_HYPERVISOR },
		{ "cloud_host", FH_X509_MAKER_HYPERVISOR },
		{ "cloud host", FH_X509_MAKER_HYPERVISOR },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (holds(text, words[i].word))
			return words[i].maker;
	}
	return FH_X509_MAKER_UNKNOWN;
}

/* --- facts -------------------------------------------------------------------- */

X509 *fh_x509_parse(struct fh_span der, size_t *n)
{
	const unsigned char *end = der.p;

	if (der.n == 0 || der.n > FH_X509_MAX)
		return nullptr;
	X509 *c = d2i_X509(nullptr, &end, (long)der.n);

	*n = c == nullptr ? 0 : (size_t)(end - der.p);
	return c;
}

static void put_printable(char out[FH_X509_NAME_MAX], const char *text)
{
	size_t n = strnlen(text, FH_X509_NAME_MAX - 1);

	for (size_t i = 0; i < n; i++)
		out[i] = text[i] < ' ' || text[i] > '~' ? '?' : text[i];
	out[n] = '\0';
}

void fh_x509_name_text(const X509_NAME *name, char out[FH_X509_NAME_MAX])
{
	int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	const ASN1_STRING *common =
		at < 0 ? nullptr : X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
	char room[FH_X509_NAME_MAX];

	if (common != nullptr && ASN1_STRING_length(common) > 0) {
		size_t n = (size_t)ASN1_STRING_length(common);

		n = n < sizeof(room) ? n : sizeof(room) - 1;
		memcpy(room, ASN1_STRING_get0_data(common), n);
		room[n] = '\0';
	} else if (X509_NAME_oneline(name, room, sizeof(room)) == nullptr) {
		room[0] = '\0';
	}
	put_printable(out, room);
}

bool fh_x509_time(const ASN1_TIME *t, uint64_t *out)
{
	static const struct tm epoch = { .tm_year = 70, .tm_mday = 1 };
	struct tm moment;
	int days, seconds;

	/* Of no time at all OpenSSL would make the present one.  */
	if (t == nullptr || ASN1_TIME_to_tm(t, &moment) != 1
	    || OPENSSL_gmtime_diff(&days, &seconds, &epoch, &moment) != 1)
		return false;
	int64_t whole = (int64_t)days * seconds_of_day + seconds;

	*out = whole < 0 ? 0 : (uint64_t)whole * ms_of_second;
	return true;
}

fh_err fh_x509_facts_of(X509 *c, struct fh_x509_facts *out)
{
	struct fh_x509_facts f = { 0 };

	if (!fh_x509_time(X509_get0_notBefore(c), &f.from_ms) ||
	    !fh_x509_time(X509_get0_notAfter(c), &f.until_ms))
		return FH_ERR_FORMAT;
	fh_x509_name_text(X509_get_subject_name(c), f.name);
	fh_x509_name_text(X509_get_issuer_name(c), f.issuer);
	f.authority = X509_check_ca(c) == says_authority;
	*out = f;
	return FH_ERR_OK;
}

void fh_x509_recognise(const X509 *c, struct fh_x509_facts *f)
{
	unsigned int n = FH_HASH_SIZE;

	if (X509_digest(c, EVP_sha256(), f->sha256.bytes, &n) == 1)
		f->vendor = fh_x509_known_vendor(&f->sha256);
	f->maker = f->vendor != nullptr ? FH_X509_MAKER_CHIP : fh_x509_maker_named(f->name);
}

fh_err fh_x509_describe(struct fh_span der, struct fh_x509_facts *out)
{
	FH_OWN(fh_openssl) use = fh_openssl_begin();
	FH_OWN(fh_x509) c = { 0 };
	size_t n;

	c.p = fh_x509_parse(der, &n);
	if (c.p == nullptr || n != der.n)
		return FH_ERR_FORMAT;
	fh_err e = fh_x509_facts_of(c.p, out);

	if (e != FH_ERR_OK)
		return e;
	fh_x509_recognise(c.p, out);
	out->self_signed = X509_self_signed(c.p, /* verify_signature= */ 1) == 1;
	return FH_ERR_OK;
}

/* --- sets --------------------------------------------------------------------- */

void fh_x509_roots_drop(struct fh_x509_roots *r)
{
	X509_STORE_free(r->store);
	OSSL_STACK_OF_X509_free(r->links);
	fh_x509_crls_drop(r->crls);
	*r = (struct fh_x509_roots){ 0 };
}

bool fh_x509_is_link(const struct fh_x509_roots *r, struct fh_span der)
{
	FH_OWN(fh_openssl) use = fh_openssl_begin();
	FH_OWN(fh_x509) c = { 0 };
	const STACK_OF(X509) *links = r->links;
	bool found = false;
	size_t n;

	c.p = fh_x509_parse(der, &n);
	for (int i = 0; c.p != nullptr && i < sk_X509_num(links); i++)
		found = found || X509_cmp(sk_X509_value(links, i), c.p) == 0;
	return found;
}

/* C is trusted as it stands: no other of ALL issued it.  */
static bool is_anchor(X509 *c, const STACK_OF(X509) *all)
{
	struct fh_x509_facts f = { 0 };

	fh_x509_recognise(c, &f);
	if (f.vendor != nullptr || X509_self_signed(c, /* verify_signature= */ 1) == 1)
		return true;
	for (int i = 0; i < sk_X509_num(all); i++) {
		X509 *other = sk_X509_value(all, i);

		if (other != c && X509_check_issued(other, c) == X509_V_OK)
			return false;
	}
	return true;
}

/* Reads all of DER into *ALL, which the caller drops.  */
static fh_err parse_all(const struct fh_span *der, size_t n, STACK_OF(X509) *all,
			struct fh_trace *t)
{
	for (size_t i = 0; i < n; i++) {
		FH_OWN(fh_x509) c = { 0 };
		size_t used;

		c.p = fh_x509_parse(der[i], &used);
		fh_trace_where(t, "certificate %zu", i + 1);
		if (c.p == nullptr || used != der[i].n) {
			fh_trace_what(t, "is no X.509 certificate");
			return FH_ERR_FORMAT;
		}
		if (X509_check_ca(c.p) != says_authority) {
			fh_trace_what(t, "may not issue certificates, so it is no root");
			return FH_ERR_FORMAT;
		}
		if (sk_X509_push(all, c.p) <= 0)
			return FH_ERR_NOMEM;
		c.p = nullptr;
	}
	return FH_ERR_OK;
}

static fh_err sort_out(const STACK_OF(X509) *all, struct fh_x509_roots *r)
{
	for (int i = 0; i < sk_X509_num(all); i++) {
		X509 *c = sk_X509_value(all, i);

		if (is_anchor(c, all)) {
			if (X509_STORE_add_cert(r->store, c) != 1)
				return FH_ERR_CRYPTO;
			r->anchors++;
		} else if (X509_add_cert(r->links, c, X509_ADD_FLAG_UP_REF) != 1) {
			return FH_ERR_CRYPTO;
		}
	}
	return FH_ERR_OK;
}

fh_err fh_x509_roots_new(const struct fh_span *der, size_t n, struct fh_x509_roots *out,
			 struct fh_trace *t)
{
	FH_OWN(fh_openssl) use = fh_openssl_begin();
	FH_OWN(fh_x509_roots) r = { 0 };
	STACK_OF(X509) *all = sk_X509_new_null();

	r.store = X509_STORE_new();
	r.links = sk_X509_new_null();
	fh_err e = all == nullptr || r.store == nullptr || r.links == nullptr ? FH_ERR_NOMEM
									       : FH_ERR_OK;

	if (e == FH_ERR_OK && n > FH_X509_ROOTS_MAX)
		e = FH_ERR_LIMIT;
	if (e == FH_ERR_OK)
		e = parse_all(der, n, all, t);
	if (e == FH_ERR_OK)
		e = sort_out(all, &r);
	OSSL_STACK_OF_X509_free(all);
	if (e != FH_ERR_OK)
		return e;
	*out = r;
	r = (struct fh_x509_roots){ 0 };
	return FH_ERR_OK;
}
