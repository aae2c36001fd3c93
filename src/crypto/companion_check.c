/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/companion.h"

#include "base/own.h"
#include "crypto/openssl_private.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>

constexpr int half_size = (int)(FH_P256_SIGNATURE_SIZE / 2);
constexpr int der_max = 80; /* an ECDSA signature of P-256 in DER takes 72 at most */

static fh_err key_of(struct fh_span point, struct fh_pkey *out)
{
	FH_OWN(fh_pkey_context) c = { EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr) };
	OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)"P-256", 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)point.p,
						  point.n),
		OSSL_PARAM_construct_end(),
	};

	if (c.p == nullptr || EVP_PKEY_fromdata_init(c.p) != 1)
		return FH_ERR_CRYPTO;
	if (EVP_PKEY_fromdata(c.p, &out->p, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
		return fh_openssl_out_of_memory() ? FH_ERR_CRYPTO : FH_ERR_SIGNATURE;
	return FH_ERR_OK;
}

struct pair {
	ECDSA_SIG *p;
};

static void pair_drop(struct pair *s)
{
	ECDSA_SIG_free(s->p);
	s->p = nullptr;
}

/* From r || s to DER.  */
static fh_err der_of(struct fh_span signature, uint8_t out[der_max], int *n)
{
	FH_OWN(pair) s = { ECDSA_SIG_new() };
	BIGNUM *first = BN_bin2bn(signature.p, half_size, nullptr);
	BIGNUM *second = BN_bin2bn(fh_span_skip(signature, (size_t)half_size).p, half_size,
				   nullptr);

	if (s.p == nullptr || ECDSA_SIG_set0(s.p, first, second) != 1) {
		BN_free(first);
		BN_free(second);
		return FH_ERR_CRYPTO;
	}
	*n = i2d_ECDSA_SIG(s.p, nullptr);
	return *n <= 0 || *n > der_max || i2d_ECDSA_SIG(s.p, &out) != *n ? FH_ERR_CRYPTO
									 : FH_ERR_OK;
}

fh_err fh_companion_check(struct fh_span companion, const struct fh_hash *digest,
			  struct fh_span signature)
{
	FH_OWN(fh_openssl) use = fh_openssl_begin();
	FH_OWN(fh_pkey) key = { 0 };
	FH_OWN(fh_pkey_context) c = { 0 };
	uint8_t der[der_max];
	int n;

	if (companion.n != FH_P256_PUBLIC_SIZE || signature.n != FH_P256_SIGNATURE_SIZE)
		return FH_ERR_SIGNATURE;
	fh_err e = key_of(companion, &key);

	if (e == FH_ERR_OK)
		e = der_of(signature, der, &n);
	if (e != FH_ERR_OK)
		return e;
	c.p = EVP_PKEY_CTX_new_from_pkey(nullptr, key.p, nullptr);
	if (c.p == nullptr || EVP_PKEY_verify_init(c.p) != 1)
		return FH_ERR_CRYPTO;
	if (EVP_PKEY_verify(c.p, der, (size_t)n, digest->bytes, FH_HASH_SIZE) == 1)
		return FH_ERR_OK;
	return fh_openssl_out_of_memory() ? FH_ERR_CRYPTO : FH_ERR_SIGNATURE;
}
