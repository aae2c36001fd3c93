/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/sign.h"

#include "base/own.h"
#include "crypto/openssl_private.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <errno.h>
#include <sys/random.h>

fh_err fh_signer_new(const struct fh_secret *seed, struct fh_signer *out)
{
	FH_OWN(fh_openssl) use = fh_openssl_begin();
	FH_OWN(fh_pkey_context) c = { 0 };
	EVP_PKEY *made = nullptr;

	if (seed->n != FH_MLDSA65_SEED_SIZE)
		return FH_ERR_FORMAT;
	OSSL_PARAM with[] = {
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_ML_DSA_SEED,
						  (void *)seed->bytes, seed->n),
		OSSL_PARAM_construct_end(),
	};

	c.p = EVP_PKEY_CTX_new_from_name(nullptr, "ML-DSA-65", nullptr);
	if (c.p == nullptr || EVP_PKEY_fromdata_init(c.p) != 1 ||
	    EVP_PKEY_fromdata(c.p, &made, EVP_PKEY_KEYPAIR, with) != 1)
		return FH_ERR_CRYPTO;
	out->pkey = made;
	return FH_ERR_OK;
}

void fh_signer_drop(struct fh_signer *s)
{
	EVP_PKEY_free(s->pkey);
	s->pkey = nullptr;
}

fh_err fh_signer_public(const struct fh_signer *s, struct fh_public_key *out)
{
	FH_OWN(fh_openssl) use = fh_openssl_begin();
	struct fh_public_key key;
	size_t n = sizeof(key.bytes);

	if (s->pkey == nullptr || EVP_PKEY_get_raw_public_key(s->pkey, key.bytes, &n) != 1 ||
	    n != sizeof(key.bytes))
		return FH_ERR_CRYPTO;
	*out = key;
	return FH_ERR_OK;
}

static fh_err sign(const struct fh_signer *s, struct fh_span message, int deterministic,
		   struct fh_signature *out)
{
	FH_OWN(fh_openssl) use = fh_openssl_begin();
	FH_OWN(fh_pkey_context) c = { 0 };
	struct fh_signature made;
	size_t n = sizeof(made.bytes);
	OSSL_PARAM with[] = {
		OSSL_PARAM_construct_int(OSSL_SIGNATURE_PARAM_DETERMINISTIC, &deterministic),
		OSSL_PARAM_construct_end(),
	};

	if (s->pkey == nullptr)
		return FH_ERR_CRYPTO;
	c.p = EVP_PKEY_CTX_new_from_pkey(nullptr, s->pkey, nullptr);
	if (c.p == nullptr || EVP_PKEY_sign_message_init(c.p, nullptr, with) != 1)
		return FH_ERR_CRYPTO;
	const uint8_t *bytes = message.n == 0 ? (const uint8_t *)"" : message.p;

	if (EVP_PKEY_sign(c.p, made.bytes, &n, bytes, message.n) != 1 || n != sizeof(made.bytes))
		return FH_ERR_CRYPTO;
	*out = made;
	return FH_ERR_OK;
}

fh_err fh_signer_sign(const struct fh_signer *s, struct fh_span message, struct fh_signature *out)
{
	return sign(s, message, 0, out);
}

fh_err fh_signer_sign_deterministic(const struct fh_signer *s, struct fh_span message,
				    struct fh_signature *out)
{
	return sign(s, message, 1, out);
}

fh_err fh_random(uint8_t *out, size_t n)
{
	size_t have = 0;

	while (have < n) {
		ssize_t got = getrandom(out + have, n - have, 0);

		if (got < 0 && errno != EINTR)
			return FH_ERR_IO;
		have += got < 0 ? 0 : (size_t)got;
	}
	return FH_ERR_OK;
}

fh_err fh_seed_new(struct fh_secret *out)
{
	FH_OWN(fh_secret) seed = { .n = FH_MLDSA65_SEED_SIZE };
	fh_err e = fh_random(seed.bytes, seed.n);

	if (e == FH_ERR_OK)
		*out = seed;
	return e;
}
