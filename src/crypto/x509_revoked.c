/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of certificates that their issuers took back (RFC 5280, section 5), as far as an
 * operator gives them: nothing is fetched.  */
#include "crypto/x509_ek.h"

#include "base/own.h"
#include "crypto/x509_private.h"

#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

constexpr int64_t ms_of_second = 1000;

struct list {
	X509_CRL *p;
};

static void list_drop(struct list *l)
{
	X509_CRL_free(l->p);
	l->p = nullptr;
}

static fh_err parse(struct fh_span der, struct list *out)
{
	const unsigned char *end = der.p;

	if (der.n == 0 || der.n > FH_X509_CRL_MAX)
		return FH_ERR_LIMIT;
	out->p = d2i_X509_CRL(nullptr, &end, (long)der.n);
	return out->p == nullptr || end != der.p + der.n ? FH_ERR_FORMAT : FH_ERR_OK;
}

fh_err fh_x509_roots_revoke(struct fh_x509_roots *r, struct fh_span der)
{
	FH_OWN(fh_openssl) use = fh_openssl_begin();
	FH_OWN(list) l = { 0 };
	fh_err e = parse(der, &l);

	if (e != FH_ERR_OK)
		return e;
	if (r->crls == nullptr)
		r->crls = sk_X509_CRL_new_null();
	if (r->crls == nullptr || sk_X509_CRL_num(r->crls) >= (int)FH_X509_CRLS_MAX
	    || sk_X509_CRL_push(r->crls, l.p) <= 0)
		return r->crls == nullptr ? FH_ERR_NOMEM : FH_ERR_LIMIT;
	l.p = nullptr;
	return FH_ERR_OK;
}

void fh_x509_crls_drop(void *crls)
{
	sk_X509_CRL_pop_free(crls, X509_CRL_free);
}

/* LIST is ISSUER's own, about certificates that it issued.  */
static bool is_of(X509_CRL *list, X509 *issuer)
{
	EVP_PKEY *key = X509_get0_pubkey(issuer);

	return X509_NAME_cmp(X509_CRL_get_issuer(list), X509_get_subject_name(issuer)) == 0
	       && key != nullptr && X509_CRL_verify(list, key) == 1;
}

/* What a critical extension says (only changes, only some reasons, others' certificates)
 * makes of LIST less than the whole; what is on it is on it all the same.  */
static bool is_whole(const X509_CRL *list)
{
	return X509_CRL_get_ext_by_critical(list, 1, -1) < 0;
}

/* An issuer may not be one that makes lists.  */
static bool may_list(X509 *issuer)
{
	return (X509_get_key_usage(issuer) & KU_CRL_SIGN) != 0;
}

/* --- for people --------------------------------------------------------------- */

struct certificates {
	STACK_OF(X509) *p;
};

static void certificates_drop(struct certificates *c)
{
	OSSL_STACK_OF_X509_free(c->p);
	c->p = nullptr;
}

/* The first of ALL that has signed LIST.  */
static void find_issuer(X509_CRL *list, const STACK_OF(X509) *all, struct fh_x509_list *out)
{
	for (int i = 0; i < sk_X509_num(all) && !out->known; i++) {
		X509 *c = sk_X509_value(all, i);
		unsigned int n = FH_HASH_SIZE;

		if (!is_of(list, c) || X509_digest(c, EVP_sha256(), out->by.bytes, &n) != 1)
			continue;
		out->known = true;
		out->entitled = may_list(c);
	}
}

fh_err fh_x509_list_describe(const struct fh_x509_roots *r, struct fh_span der,
			     struct fh_x509_list *out)
{
	FH_OWN(fh_openssl) use = fh_openssl_begin();
	FH_OWN(list) l = { 0 };
	FH_OWN(certificates) anchors = { 0 };
	struct fh_x509_list f = { .sha256 = fh_hash_of(der) };
	fh_err e = parse(der, &l);

	if (e != FH_ERR_OK)
		return e;
	const ASN1_TIME *until = X509_CRL_get0_nextUpdate(l.p);

	if (!fh_x509_time(X509_CRL_get0_lastUpdate(l.p), &f.from_ms)
	    || (until != nullptr && !fh_x509_time(until, &f.until_ms)))
		return FH_ERR_FORMAT;
	fh_x509_name_text(X509_CRL_get_issuer(l.p), f.issuer);
	int revoked = sk_X509_REVOKED_num(X509_CRL_get_REVOKED(l.p));

	f.whole = is_whole(l.p);
	f.revoked = revoked > 0 ? (size_t)revoked : 0;
	anchors.p = X509_STORE_get1_all_certs(r->store);
	if (anchors.p == nullptr)
		return FH_ERR_NOMEM;
	find_issuer(l.p, anchors.p, &f);
	find_issuer(l.p, r->links, &f);
	*out = f;
	return FH_ERR_OK;
}

/* --- for verdicts ------------------------------------------------------------- */

static bool is_current(const X509_CRL *list, uint64_t at_ms)
{
	time_t at = (time_t)((int64_t)at_ms / ms_of_second);
	const ASN1_TIME *until = X509_CRL_get0_nextUpdate(list);

	return ASN1_TIME_cmp_time_t(X509_CRL_get0_lastUpdate(list), at) <= 0
	       && (until == nullptr || ASN1_TIME_cmp_time_t(until, at) > 0);
}

/* What the lists of ISSUER say of C; *TAKEN if one of them has it.  The time at which it
 * was taken back is its issuer's word and may be backdated, so it does not count.  */
static enum fh_revocation look(const STACK_OF(X509_CRL) *lists, X509 *c, X509 *issuer,
			       uint64_t at_ms, bool *taken)
{
	enum fh_revocation known = FH_REVOCATION_UNCHECKED;

	for (int i = 0; i < sk_X509_CRL_num(lists); i++) {
		X509_CRL *list = sk_X509_CRL_value(lists, i);
		X509_REVOKED *entry;

		if (!is_of(list, issuer))
			continue;
		/* 1: on it; 2: on it to be taken off it.  */
		if (X509_CRL_get0_by_cert(list, &entry, c) == 1)
			*taken = true;
		if (is_whole(list) && may_list(issuer) && is_current(list, at_ms))
			known = FH_REVOCATION_CHECKED;
		else if (known == FH_REVOCATION_UNCHECKED)
			known = FH_REVOCATION_STALE;
	}
	return known;
}

enum fh_revocation fh_x509_revocation(const struct fh_x509_roots *roots,
				      const STACK_OF(X509) *chain, uint64_t at_ms,
				      const X509 **taken)
{
	enum fh_revocation worst = FH_REVOCATION_CHECKED;

	*taken = nullptr;
	/* The last is the anchor, trusted as it stands.  */
	for (int i = 0; i + 1 < sk_X509_num(chain); i++) {
		X509 *c = sk_X509_value(chain, i);
		bool is_taken = false;
		enum fh_revocation known = look(roots->crls, c, sk_X509_value(chain, i + 1), at_ms,
						&is_taken);

		if (is_taken && *taken == nullptr)
			*taken = c;
		worst = known < worst ? known : worst;
	}
	return worst;
}

const char *fh_revocation_code(enum fh_revocation r)
{
	return r == FH_REVOCATION_CHECKED ? "revocation-checked"
	       : r == FH_REVOCATION_STALE ? "revocation-stale" : "revocation-unchecked";
}

void fh_revocation_tell(enum fh_revocation r, struct fh_trace *t)
{
	fh_trace_where(t, "endorsement certificate");
	if (r == FH_REVOCATION_CHECKED) {
		fh_trace_what(t, "its issuers' lists of then do not have it");
		return;
	}
	fh_trace_what(t, r == FH_REVOCATION_STALE
			 ? "revocation not checked: a list of its issuers is of another time, or "
			   "tells a part"
			 : "revocation not checked: there is no list of some issuer of it");
	fh_trace_cure(t, "put the makers' lists beside the roots, in files that end in .crl");
}
