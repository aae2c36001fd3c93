/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/kem.h"

#include "base/own.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/kdf.h"
#include "crypto/openssl_private.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <string.h>

constexpr size_t mlkem_seed_size = 64; /* d || z, FIPS 203 section 7.1 */
constexpr size_t mlkem_private_size = 2400;
constexpr size_t x25519_size = 32;
constexpr size_t shared_size = 64;

/* The hybrid private key as OpenSSL takes it: ML-KEM first, then X25519.  */
struct hybrid_private {
	uint8_t bytes[mlkem_private_size + x25519_size];
};

static void hybrid_private_drop(struct hybrid_private *h)
{
	fh_wipe(h, sizeof(*h));
}

static fh_err pkey_from(const char *kind, int selection, const char *name, struct fh_span value,
			struct fh_pkey *out)
{
	FH_OWN(fh_pkey_context) c = { EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr) };
	OSSL_PARAM with[] = {
		OSSL_PARAM_construct_octet_string(name, (void *)value.p, value.n),
		OSSL_PARAM_construct_end(),
	};

	if (c.p == nullptr || EVP_PKEY_fromdata_init(c.p) != 1 ||
	    EVP_PKEY_fromdata(c.p, &out->p, selection, with) != 1)
		return FH_ERR_CRYPTO;
	return FH_ERR_OK;
}

static fh_err mlkem_private(const struct fh_secret *seed, uint8_t *out)
{
	FH_OWN(fh_secret) both = { 0 };
	FH_OWN(fh_pkey) key = { 0 };
	size_t n = mlkem_private_size;
	fh_err e = fh_hkdf(seed, FH_SPAN_LIT("freehold/kem/v1"), FH_SPAN_LIT("ml-kem-768"),
			   mlkem_seed_size, &both);

	if (e == FH_ERR_OK)
		e = pkey_from("ML-KEM-768", EVP_PKEY_KEYPAIR, OSSL_PKEY_PARAM_ML_KEM_SEED,
			      fh_secret_span(&both), &key);
	if (e != FH_ERR_OK)
		return e;
	if (EVP_PKEY_get_raw_private_key(key.p, out, &n) != 1 || n != mlkem_private_size)
		return FH_ERR_CRYPTO;
	return FH_ERR_OK;
}

/* The recipient's key pair.  OpenSSL makes the hybrid type only from its two
 * private halves, so both are derived here.  */
static fh_err recipient(const struct fh_secret *seed, struct fh_pkey *out)
{
	FH_OWN(hybrid_private) parts = { 0 };
	FH_OWN(fh_secret) curve = { 0 };

	if (seed->n != FH_KEM_SEED_SIZE)
		return FH_ERR_FORMAT;
	fh_err e = mlkem_private(seed, parts.bytes);

	if (e == FH_ERR_OK)
		e = fh_hkdf(seed, FH_SPAN_LIT("freehold/kem/v1"), FH_SPAN_LIT("x25519"),
			    x25519_size, &curve);
	if (e != FH_ERR_OK)
		return e;
	memcpy(parts.bytes + mlkem_private_size, curve.bytes, x25519_size);
	return pkey_from("X25519MLKEM768", EVP_PKEY_KEYPAIR, OSSL_PKEY_PARAM_PRIV_KEY,
			 FH_SPAN_ARRAY(parts.bytes), out);
}

static fh_err public_of(const struct fh_pkey *key, struct fh_kem_public *out)
{
	struct fh_kem_public made;
	size_t n = 0;

	if (EVP_PKEY_get_octet_string_param(key->p, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, made.bytes,
					    sizeof(made.bytes), &n) != 1 ||
	    n != sizeof(made.bytes))
		return FH_ERR_CRYPTO;
	*out = made;
	return FH_ERR_OK;
}

fh_err fh_kem_public_of(const struct fh_secret *seed, struct fh_kem_public *out)
{
	FH_OWN(fh_openssl) use = fh_openssl_begin();
	FH_OWN(fh_pkey) key = { 0 };
	fh_err e = recipient(seed, &key);

	if (e != FH_ERR_OK)
		return e;
	return public_of(&key, out);
}

/* The key for one message.  Encapsulation, recipient and context go in as one
 * hash; the first two have fixed sizes, so nothing can be moved between
 * them.  */
static fh_err message_key(const struct fh_secret *shared, struct fh_span encapsulation,
			  const struct fh_kem_public *to, struct fh_span context,
			  struct fh_secret *out)
{
	struct fh_sha256 s;

	fh_sha256_begin(&s);
	fh_sha256_add(&s, encapsulation);
	fh_sha256_add(&s, FH_SPAN_ARRAY(to->bytes));
	fh_sha256_add(&s, context);
	struct fh_hash info = fh_sha256_end(&s);

	return fh_hkdf(shared, FH_SPAN_LIT("freehold/kem/v1"), fh_hash_span(&info),
		       FH_AEAD_KEY_SIZE, out);
}

static fh_err encapsulate(const struct fh_kem_public *to, uint8_t *encapsulation,
			  struct fh_secret *shared)
{
	FH_OWN(fh_pkey) key = { 0 };
	FH_OWN(fh_pkey_context) c = { 0 };
	size_t n = FH_KEM_ENCAPSULATION_SIZE;

	if (pkey_from("X25519MLKEM768", EVP_PKEY_PUBLIC_KEY, OSSL_PKEY_PARAM_PUB_KEY,
		      FH_SPAN_ARRAY(to->bytes), &key) != FH_ERR_OK)
		return FH_ERR_FORMAT;
	c.p = EVP_PKEY_CTX_new_from_pkey(nullptr, key.p, nullptr);
	shared->n = shared_size;
	if (c.p == nullptr || EVP_PKEY_encapsulate_init(c.p, nullptr) != 1)
		return FH_ERR_CRYPTO;
	/* A public X25519 half of low order is refused here.  */
	if (EVP_PKEY_encapsulate(c.p, encapsulation, &n, shared->bytes, &shared->n) != 1)
		return FH_ERR_FORMAT;
	return n == FH_KEM_ENCAPSULATION_SIZE && shared->n == shared_size ? FH_ERR_OK
									  : FH_ERR_CRYPTO;
}

fh_err fh_kem_seal(const struct fh_kem_public *to, struct fh_span context, struct fh_span plain,
		   struct fh_builder *out)
{
	static const uint8_t nonce[FH_AEAD_NONCE_SIZE]; /* zero: each key seals one message */
	FH_OWN(fh_openssl) use = fh_openssl_begin();
	FH_OWN(fh_secret) shared = { 0 };
	FH_OWN(fh_secret) key = { 0 };
	uint8_t encapsulation[FH_KEM_ENCAPSULATION_SIZE];

	if (plain.n > SIZE_MAX - FH_AEAD_TAG_SIZE - sizeof(encapsulation))
		return FH_ERR_LIMIT;
	fh_err e = encapsulate(to, encapsulation, &shared);

	if (e == FH_ERR_OK)
		e = message_key(&shared, FH_SPAN_ARRAY(encapsulation), to, context, &key);
	if (e != FH_ERR_OK)
		return e;
	struct fh_builder b = *out;

	fh_builder_bytes(&b, FH_SPAN_ARRAY(encapsulation));
	uint8_t *sealed = fh_builder_space(&b, plain.n + FH_AEAD_TAG_SIZE);

	if (sealed == nullptr)
		return FH_ERR_LIMIT;
	e = fh_aead_seal(&key, nonce, (struct fh_span){ 0 }, plain, sealed);
	if (e == FH_ERR_OK)
		*out = b;
	return e;
}

static fh_err decapsulate(const struct fh_pkey *key, struct fh_span encapsulation,
			  struct fh_secret *shared)
{
	FH_OWN(fh_pkey_context) c = { EVP_PKEY_CTX_new_from_pkey(nullptr, key->p, nullptr) };

	shared->n = shared_size;
	if (c.p == nullptr || EVP_PKEY_decapsulate_init(c.p, nullptr) != 1)
		return FH_ERR_CRYPTO;
	/* ML-KEM rejects implicitly, so what fails here is a point of low
	 * order: a box nobody sealed for us.  */
	if (EVP_PKEY_decapsulate(c.p, shared->bytes, &shared->n, encapsulation.p,
				 encapsulation.n) != 1)
		return FH_ERR_SIGNATURE;
	return shared->n == shared_size ? FH_ERR_OK : FH_ERR_CRYPTO;
}

static fh_err opened_key(const struct fh_secret *seed, struct fh_span context,
			 struct fh_span encapsulation, struct fh_secret *out)
{
	FH_OWN(fh_pkey) mine = { 0 };
	FH_OWN(fh_secret) shared = { 0 };
	struct fh_kem_public self;
	fh_err e = recipient(seed, &mine);

	if (e == FH_ERR_OK)
		e = public_of(&mine, &self);
	if (e == FH_ERR_OK)
		e = decapsulate(&mine, encapsulation, &shared);
	if (e != FH_ERR_OK)
		return e;
	return message_key(&shared, encapsulation, &self, context, out);
}

fh_err fh_kem_open(const struct fh_secret *seed, struct fh_span context, struct fh_span box,
		   struct fh_builder *out)
{
	static const uint8_t nonce[FH_AEAD_NONCE_SIZE];
	FH_OWN(fh_openssl) use = fh_openssl_begin();
	FH_OWN(fh_secret) key = { 0 };

	if (box.n < FH_KEM_ENCAPSULATION_SIZE + FH_AEAD_TAG_SIZE)
		return FH_ERR_SIGNATURE;
	struct fh_span encapsulation = fh_span_first(box, FH_KEM_ENCAPSULATION_SIZE);
	struct fh_span sealed = fh_span_skip(box, FH_KEM_ENCAPSULATION_SIZE);
	fh_err e = opened_key(seed, context, encapsulation, &key);

	if (e != FH_ERR_OK)
		return e;
	struct fh_builder b = *out;
	uint8_t *plain = fh_builder_space(&b, sealed.n - FH_AEAD_TAG_SIZE);

	if (plain == nullptr)
		return FH_ERR_LIMIT;
	e = fh_aead_open(&key, nonce, (struct fh_span){ 0 }, sealed, plain);
	if (e == FH_ERR_OK)
		*out = b;
	return e;
}
