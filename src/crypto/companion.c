/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/companion.h"

#include "base/own.h"
#include "crypto/kdf.h"
#include "crypto/openssl_private.h"

#include <openssl/obj_mac.h>

constexpr size_t scalar_size = 32;
/* A candidate lies outside [1, n-1] once in 2^32; eight in a row do not
 * happen.  */
constexpr uint8_t tries_max = 8;

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
