/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/companion.h"

#include "base/own.h"
#include "crypto/kdf.h"
#include "crypto/openssl_private.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>

constexpr size_t scalar_size = 32;
/* A candidate lies outside [1, n-1] once in 2^32; eight in a row do not
 * happen.  */
constexpr uint8_t tries_max = 8;
constexpr size_t der_max = 80; /* an ECDSA signature of P-256 in DER takes 72 at most */

struct curve {
	EC_GROUP *group;
	BN_CTX *numbers;
	BIGNUM *scalar;
	EC_POINT *point;
};

static void curve_drop(struct curve *c)
{
	EC_POINT_free(c->point);
	BN_clear_free(c->scalar);
	BN_CTX_free(c->numbers);
	EC_GROUP_free(c->group);
	*c = (struct curve){ 0 };
}

static fh_err curve_open(struct curve *c)
{
	c->group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	c->numbers = BN_CTX_secure_new();
	c->scalar = BN_secure_new();
	c->point = c->group == nullptr ? nullptr : EC_POINT_new(c->group);
	if (c->numbers == nullptr || c->scalar == nullptr || c->point == nullptr)
		return FH_ERR_CRYPTO;
	BN_set_flags(c->scalar, BN_FLG_CONSTTIME);
	return FH_ERR_OK;
}

/* Candidate number NUMBER in C's scalar; FH_ERR_UNKNOWN if it is outside
 * [1, n-1].  */
static fh_err scalar_try(const struct fh_secret *seed, uint8_t number, struct curve *c)
{
	FH_OWN(fh_secret) bytes = { 0 };
	fh_err e = fh_hkdf(seed, FH_SPAN_LIT("freehold/companion/v1"), fh_span_of(&number, 1),
			   scalar_size, &bytes);

	if (e != FH_ERR_OK)
		return e;
	if (BN_bin2bn(bytes.bytes, (int)bytes.n, c->scalar) == nullptr)
		return FH_ERR_CRYPTO;
	bool inside = !BN_is_zero(c->scalar) &&
		      BN_cmp(c->scalar, EC_GROUP_get0_order(c->group)) < 0;

	return inside ? FH_ERR_OK : FH_ERR_UNKNOWN;
}

static fh_err scalar_of(const struct fh_secret *seed, struct curve *c)
{
	for (uint8_t number = 0; number < tries_max; number++) {
		fh_err e = scalar_try(seed, number, c);

		if (e != FH_ERR_UNKNOWN)
			return e;
	}
	return FH_ERR_CRYPTO;
}

fh_err fh_companion_public(const struct fh_secret *seed, struct fh_p256_public *out)
{
	FH_OWN(fh_openssl) use = fh_openssl_begin();
	FH_OWN(curve) c = { 0 };
	struct fh_p256_public made;

	if (seed->n != FH_COMPANION_SEED_SIZE)
		return FH_ERR_FORMAT;
	fh_err e = curve_open(&c);

	if (e == FH_ERR_OK)
		e = scalar_of(seed, &c);
	if (e != FH_ERR_OK)
		return e;
	if (EC_POINT_mul(c.group, c.point, c.scalar, nullptr, nullptr, c.numbers) != 1 ||
	    EC_POINT_point2oct(c.group, c.point, POINT_CONVERSION_UNCOMPRESSED, made.bytes,
			       sizeof(made.bytes), c.numbers) != sizeof(made.bytes))
		return FH_ERR_CRYPTO;
	*out = made;
	return FH_ERR_OK;
}

/* --- signing ------------------------------------------------------------ */

/* What a key is made of for OpenSSL's providers.  */
struct parts {
	OSSL_PARAM_BLD *build;
	OSSL_PARAM *params;
};

static void parts_drop(struct parts *p)
{
	OSSL_PARAM_free(p->params);
	OSSL_PARAM_BLD_free(p->build);
	*p = (struct parts){ 0 };
}

static fh_err key_of(const struct curve *c, const struct fh_p256_public *public,
		     struct fh_pkey *out)
{
	FH_OWN(fh_pkey_context) context = { EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr) };
	FH_OWN(parts) p = { .build = OSSL_PARAM_BLD_new() };

	if (context.p == nullptr || p.build == nullptr)
		return FH_ERR_CRYPTO;
	if (OSSL_PARAM_BLD_push_utf8_string(p.build, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) != 1
	    || OSSL_PARAM_BLD_push_BN(p.build, OSSL_PKEY_PARAM_PRIV_KEY, c->scalar) != 1
	    || OSSL_PARAM_BLD_push_octet_string(p.build, OSSL_PKEY_PARAM_PUB_KEY, public->bytes,
						sizeof(public->bytes)) != 1)
		return FH_ERR_CRYPTO;
	p.params = OSSL_PARAM_BLD_to_param(p.build);
	if (p.params == nullptr || EVP_PKEY_fromdata_init(context.p) != 1
	    || EVP_PKEY_fromdata(context.p, &out->p, EVP_PKEY_KEYPAIR, p.params) != 1)
		return FH_ERR_CRYPTO;
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

/* From DER to r || s, each 32 bytes, as a TPM and JOSE want them.  */
static fh_err flatten(const uint8_t *der, size_t n, struct fh_p256_signature *out)
{
	FH_OWN(pair) s = { d2i_ECDSA_SIG(nullptr, &der, (long)n) };

	if (s.p == nullptr
	    || BN_bn2binpad(ECDSA_SIG_get0_r(s.p), out->bytes, scalar_size) != (int)scalar_size
	    || BN_bn2binpad(ECDSA_SIG_get0_s(s.p), out->bytes + scalar_size, scalar_size)
		       != (int)scalar_size)
		return FH_ERR_CRYPTO;
	return FH_ERR_OK;
}

fh_err fh_companion_sign(const struct fh_secret *seed, const struct fh_hash *digest,
			 struct fh_p256_signature *out)
{
	FH_OWN(fh_openssl) use = fh_openssl_begin();
	FH_OWN(curve) c = { 0 };
	FH_OWN(fh_pkey) key = { 0 };
	FH_OWN(fh_pkey_context) context = { 0 };
	struct fh_p256_signature made;
	struct fh_p256_public public;
	uint8_t der[der_max];
	size_t n = sizeof(der);
	fh_err e = fh_companion_public(seed, &public);

	if (e == FH_ERR_OK)
		e = curve_open(&c);
	if (e == FH_ERR_OK)
		e = scalar_of(seed, &c);
	if (e == FH_ERR_OK)
		e = key_of(&c, &public, &key);
	if (e != FH_ERR_OK)
		return e;
	context.p = EVP_PKEY_CTX_new_from_pkey(nullptr, key.p, nullptr);
	if (context.p == nullptr || EVP_PKEY_sign_init(context.p) != 1
	    || EVP_PKEY_sign(context.p, der, &n, digest->bytes, FH_HASH_SIZE) != 1)
		return FH_ERR_CRYPTO;
	e = flatten(der, n, &made);
	if (e == FH_ERR_OK)
		*out = made;
	return e;
}
