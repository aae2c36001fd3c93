/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/signature.h"

#include "base/own.h"
#include "crypto/openssl_private.h"

fh_err fh_verifier_new(struct fh_span key, struct fh_verifier *out)
{
	FH_OWN(fh_openssl) use = fh_openssl_begin();

	if (key.n != FH_MLDSA65_PUBLIC_SIZE)
		return FH_ERR_FORMAT;
	EVP_PKEY *made = EVP_PKEY_new_raw_public_key_ex(nullptr, "ML-DSA-65", nullptr, key.p,
							key.n);

	if (made == nullptr)
		return FH_ERR_FORMAT;
	out->pkey = made;
	return FH_ERR_OK;
}

void fh_verifier_drop(struct fh_verifier *v)
{
	EVP_PKEY_free(v->pkey);
	v->pkey = nullptr;
}

fh_err fh_verifier_check(const struct fh_verifier *v, struct fh_span message,
			 struct fh_span signature)
{
	FH_OWN(fh_openssl) use = fh_openssl_begin();
	FH_OWN(fh_pkey_context) c = { 0 };

	if (signature.n != FH_MLDSA65_SIGNATURE_SIZE)
		return FH_ERR_SIGNATURE;
	if (v->pkey == nullptr)
		return FH_ERR_CRYPTO;
	c.p = EVP_PKEY_CTX_new_from_pkey(nullptr, v->pkey, nullptr);
	if (c.p == nullptr || EVP_PKEY_verify_message_init(c.p, nullptr, nullptr) != 1)
		return FH_ERR_CRYPTO;
	/* OpenSSL wants an address even for no bytes.  */
	const uint8_t *bytes = message.n == 0 ? (const uint8_t *)"" : message.p;
	int answer = EVP_PKEY_verify(c.p, signature.p, signature.n, bytes, message.n);

	if (answer == 1)
		return FH_ERR_OK;
	return answer < 0 || fh_openssl_out_of_memory() ? FH_ERR_CRYPTO : FH_ERR_SIGNATURE;
}

fh_err fh_signature_check(struct fh_span key, struct fh_span message, struct fh_span signature)
{
	FH_OWN(fh_verifier) v = { 0 };
	fh_err e = fh_verifier_new(key, &v);

	if (e != FH_ERR_OK)
		return e;
	return fh_verifier_check(&v, message, signature);
}
