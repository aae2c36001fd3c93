/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/x509.h"

#include "base/own.h"
#include "crypto/openssl_private.h"

#include <limits.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/x509.h>

constexpr size_t point_size = 65;
constexpr size_t modulus_size = 256;
constexpr uint8_t point_uncompressed = 0x04; /* SEC 1, section 2.3.3 */

struct certificate {
	X509 *p;
};

static void certificate_drop(struct certificate *c)
{
	X509_free(c->p);
	c->p = nullptr;
}

struct number {
	BIGNUM *p;
};

static void number_drop(struct number *n)
{
	BN_free(n->p);
	n->p = nullptr;
}

bool fh_x509_key_equal(const struct fh_x509_key *a, const struct fh_x509_key *b)
{
	return a->kind == b->kind && fh_span_equal(fh_x509_key_span(a), fh_x509_key_span(b));
}

static fh_err read_p256(EVP_PKEY *key, struct fh_x509_key *out)
{
	struct fh_x509_key found = { .kind = FH_X509_P256 };
	char group[32];
	size_t n;

	if (EVP_PKEY_get_group_name(key, group, sizeof(group), &n) != 1 ||
	    strcmp(group, SN_X9_62_prime256v1) != 0 ||
	    EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, found.bytes,
					    sizeof(found.bytes), &found.n) != 1 ||
	    found.n != point_size || found.bytes[0] != point_uncompressed)
		return FH_ERR_UNSUPPORTED;
	*out = found;
	return FH_ERR_OK;
}

static fh_err read_rsa(EVP_PKEY *key, struct fh_x509_key *out)
{
	FH_OWN(number) modulus = { 0 };
	FH_OWN(number) exponent = { 0 };
	struct fh_x509_key found = { .kind = FH_X509_RSA2048, .n = modulus_size };

	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &modulus.p) != 1 ||
	    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent.p) != 1 ||
	    !BN_is_word(exponent.p, RSA_F4) || BN_num_bytes(modulus.p) != modulus_size ||
	    BN_bn2binpad(modulus.p, found.bytes, modulus_size) != modulus_size)
		return FH_ERR_UNSUPPORTED;
	*out = found;
	return FH_ERR_OK;
}

fh_err fh_x509_public_key(struct fh_span certificate, struct fh_x509_key *out)
{
	FH_OWN(fh_openssl) use = fh_openssl_begin();
	FH_OWN(certificate) c = { 0 };
	const unsigned char *end = certificate.p;

	if (certificate.n == 0 || certificate.n > INT_MAX)
		return FH_ERR_FORMAT;
	c.p = d2i_X509(nullptr, &end, (long)certificate.n);
	if (c.p == nullptr || (size_t)(end - certificate.p) != certificate.n)
		return FH_ERR_FORMAT;

	EVP_PKEY *key = X509_get0_pubkey(c.p); /* stays the certificate's */

	if (key != nullptr && EVP_PKEY_is_a(key, "EC"))
		return read_p256(key, out);
	if (key != nullptr && EVP_PKEY_is_a(key, "RSA"))
		return read_rsa(key, out);
	return FH_ERR_UNSUPPORTED;
}
