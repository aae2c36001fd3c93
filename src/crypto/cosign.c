/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/cosign.h"

#include "base/own.h"
#include "crypto/openssl_private.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

static EVP_PKEY *mldsa44(const struct fh_secret *seed)
{
	FH_OWN(fh_pkey_context) c = { 0 };
	EVP_PKEY *made = nullptr;
	OSSL_PARAM with[] = {
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_ML_DSA_SEED,
						  (void *)seed->bytes, seed->n),
		OSSL_PARAM_construct_end(),
	};

	c.p = EVP_PKEY_CTX_new_from_name(nullptr, "ML-DSA-44", nullptr);
	if (c.p == nullptr || EVP_PKEY_fromdata_init(c.p) != 1
	    || EVP_PKEY_fromdata(c.p, &made, EVP_PKEY_KEYPAIR, with) != 1)
		return nullptr;
	return made;
}

static fh_err key_of(enum fh_cosigner a, const struct fh_secret *seed, struct fh_pkey *out)
{
	if (seed->n != FH_COSIGNER_SEED_SIZE)
		return FH_ERR_FORMAT;
	out->p = a == FH_COSIGNER_MLDSA44
			 ? mldsa44(seed)
			 : EVP_PKEY_new_raw_private_key_ex(nullptr, "ED25519", nullptr, seed->bytes,
							   seed->n);
	return out->p == nullptr ? FH_ERR_CRYPTO : FH_ERR_OK;
}

fh_err fh_cosign_public(enum fh_cosigner a, const struct fh_secret *seed, struct fh_builder *out)
{
	FH_OWN(fh_openssl) use = fh_openssl_begin();
	FH_OWN(fh_pkey) k = { 0 };
	uint8_t bytes[FH_COSIGNER_PUBLIC_MAX];
	size_t n = sizeof(bytes);
	fh_err e = key_of(a, seed, &k);

	if (e != FH_ERR_OK)
		return e;
	if (EVP_PKEY_get_raw_public_key(k.p, bytes, &n) != 1 || n != fh_cosigner_public_size(a))
		return FH_ERR_CRYPTO;
	fh_builder_bytes(out, fh_span_of(bytes, n));
	return out->bad ? FH_ERR_LIMIT : FH_ERR_OK;
}

fh_err fh_cosign(enum fh_cosigner a, const struct fh_secret *seed, struct fh_span message,
		 struct fh_builder *out)
{
	FH_OWN(fh_openssl) use = fh_openssl_begin();
	FH_OWN(fh_pkey) k = { 0 };
	uint8_t bytes[FH_COSIGNER_SIGNATURE_MAX];
	size_t n = sizeof(bytes);
	fh_err e = key_of(a, seed, &k);

	if (e != FH_ERR_OK)
		return e;
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool ok = c != nullptr
		  && EVP_DigestSignInit_ex(c, nullptr, nullptr, nullptr, nullptr, k.p, nullptr) == 1
		  && EVP_DigestSign(c, bytes, &n, message.n == 0 ? (const uint8_t *)"" : message.p,
				    message.n) == 1
		  && n == fh_cosigner_signature_size(a);

	EVP_MD_CTX_free(c);
	if (!ok)
		return FH_ERR_CRYPTO;
	fh_builder_bytes(out, fh_span_of(bytes, n));
	return out->bad ? FH_ERR_LIMIT : FH_ERR_OK;
}
