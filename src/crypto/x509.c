/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/x509.h"

#include "base/own.h"
#include "crypto/openssl_private.h"

#include <limits.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/x509.h>

constexpr uint8_t point_uncompressed = 0x04; /* SEC 1, section 2.3.3 */

struct certificate {
	X509 *p;
};

static void certificate_drop(struct certificate *c)
{
	X509_free(c->p);
	c->p = nullptr;
}

static bool is_p256(EVP_PKEY *key)
{
	char group[32];
	size_t n;

	return EVP_PKEY_is_a(key, "EC") &&
	       EVP_PKEY_get_group_name(key, group, sizeof(group), &n) == 1 &&
	       strcmp(group, SN_X9_62_prime256v1) == 0;
}

fh_err fh_x509_p256_public(struct fh_span certificate, struct fh_p256_public *out)
{
	FH_OWN(fh_openssl) use = fh_openssl_begin();
	FH_OWN(certificate) c = { 0 };
	const unsigned char *end = certificate.p;
	struct fh_p256_public found;
	size_t n = 0;

	if (certificate.n == 0 || certificate.n > INT_MAX)
		return FH_ERR_FORMAT;
	c.p = d2i_X509(nullptr, &end, (long)certificate.n);
	if (c.p == nullptr || (size_t)(end - certificate.p) != certificate.n)
		return FH_ERR_FORMAT;

	EVP_PKEY *key = X509_get0_pubkey(c.p); /* stays the certificate's */

	if (key == nullptr || !is_p256(key))
		return FH_ERR_UNSUPPORTED;
	if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, found.bytes,
					    sizeof(found.bytes), &n) != 1 ||
	    n != sizeof(found.bytes) || found.bytes[0] != point_uncompressed)
		return FH_ERR_UNSUPPORTED;
	*out = found;
	return FH_ERR_OK;
}
