/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/cosigner.h"

#include "base/own.h"
#include "crypto/openssl_private.h"

static const struct {
	const char *name; /* OpenSSL's */
	size_t public, signature;
} algorithms[] = {
	[FH_COSIGNER_ED25519] = { "ED25519", 32, 64 },
	[FH_COSIGNER_MLDSA44] = { "ML-DSA-44", FH_COSIGNER_PUBLIC_MAX, FH_COSIGNER_SIGNATURE_MAX },
};

size_t fh_cosigner_public_size(enum fh_cosigner a)
{
	return algorithms[a].public;
}

size_t fh_cosigner_signature_size(enum fh_cosigner a)
{
	return algorithms[a].signature;
}

fh_err fh_cosigner_check(enum fh_cosigner a, struct fh_span key, struct fh_span message,
			 struct fh_span signature)
{
	FH_OWN(fh_openssl) use = fh_openssl_begin();
	FH_OWN(fh_pkey) k = { 0 };
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	if (c == nullptr)
		return FH_ERR_CRYPTO;
	if (key.n == algorithms[a].public)
		k.p = EVP_PKEY_new_raw_public_key_ex(nullptr, algorithms[a].name, nullptr, key.p,
						     key.n);
	fh_err e = k.p == nullptr ? FH_ERR_FORMAT : FH_ERR_OK;

	if (e == FH_ERR_OK && signature.n != algorithms[a].signature)
		e = FH_ERR_SIGNATURE;
	if (e == FH_ERR_OK
	    && EVP_DigestVerifyInit_ex(c, nullptr, nullptr, nullptr, nullptr, k.p, nullptr) != 1)
		e = FH_ERR_CRYPTO;
	if (e == FH_ERR_OK) {
		int answer = EVP_DigestVerify(c, signature.p, signature.n,
					      message.n == 0 ? (const uint8_t *)"" : message.p,
					      message.n);

		if (answer != 1)
			e = fh_openssl_out_of_memory() ? FH_ERR_CRYPTO : FH_ERR_SIGNATURE;
	}
	EVP_MD_CTX_free(c);
	return e;
}
