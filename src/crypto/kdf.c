/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/kdf.h"

#include "base/own.h"

#include <string.h>

constexpr size_t block_size = 64; /* SHA-256's, which HMAC pads its key to */
constexpr uint8_t inner_pad = 0x36;
constexpr uint8_t outer_pad = 0x5c;

static_assert(FH_SECRET_MAX <= 64); /* so a key never has to be hashed first */

/* HMAC over what is added between begin and end (RFC 2104).  */
struct hmac {
	struct fh_sha256 inner;
	struct fh_sha256 outer;
};

static void hmac_drop(struct hmac *h)
{
	fh_wipe(h, sizeof(*h));
}

static void begin_padded(struct fh_sha256 *s, struct fh_span key, uint8_t pad)
{
	uint8_t block[block_size] = { 0 };

	if (key.n > 0)
		memcpy(block, key.p, key.n);
	for (size_t i = 0; i < block_size; i++)
		block[i] ^= pad;
	fh_sha256_begin(s);
	fh_sha256_add(s, FH_SPAN_ARRAY(block));
	fh_wipe(block, sizeof(block));
}

/* A salt may be longer than a block; then its hash takes its place.  */
static void hmac_begin(struct hmac *h, struct fh_span key)
{
	struct fh_hash shorter = { 0 };

	if (key.n > block_size) {
		shorter = fh_hash_of(key);
		key = fh_hash_span(&shorter);
	}
	begin_padded(&h->inner, key, inner_pad);
	begin_padded(&h->outer, key, outer_pad);
}

static struct fh_hash hmac_end(struct hmac *h)
{
	struct fh_hash inner = fh_sha256_end(&h->inner);

	fh_sha256_add(&h->outer, fh_hash_span(&inner));
	return fh_sha256_end(&h->outer);
}

static struct fh_hash hmac_of(struct fh_span key, struct fh_span message)
{
	FH_OWN(hmac) h;

	hmac_begin(&h, key);
	fh_sha256_add(&h.inner, message);
	return hmac_end(&h);
}

/* Writes the first N bytes of T(1) || T(2) || ... (RFC 5869 section 2.3).  */
static void expand(struct fh_span key, struct fh_span info, size_t n, uint8_t *out)
{
	struct fh_hash block = { 0 };
	FH_OWN(hmac) begun;
	uint8_t number = 0;

	hmac_begin(&begun, key);
	for (size_t at = 0; at < n; at += FH_HASH_SIZE) {
		FH_OWN(hmac) h = begun;
		size_t some = n - at < FH_HASH_SIZE ? n - at : FH_HASH_SIZE;

		if (number++ > 0)
			fh_sha256_add(&h.inner, fh_hash_span(&block));
		fh_sha256_add(&h.inner, info);
		fh_sha256_add(&h.inner, fh_span_of(&number, 1));
		block = hmac_end(&h);
		memcpy(out + at, block.bytes, some);
	}
	fh_wipe(&block, sizeof(block));
}

fh_err fh_hkdf(const struct fh_secret *key, struct fh_span salt, struct fh_span info, size_t n,
	       struct fh_secret *out)
{
	FH_OWN(fh_secret) made = { .n = n };

	if (key->n > FH_SECRET_MAX || n > FH_SECRET_MAX)
		return FH_ERR_LIMIT;
	struct fh_hash extracted = hmac_of(salt, fh_secret_span(key));

	expand(fh_hash_span(&extracted), info, n, made.bytes);
	fh_wipe(&extracted, sizeof(extracted));
	*out = made;
	return FH_ERR_OK;
}

fh_err fh_hkdf_expand(const struct fh_secret *key, struct fh_span info, size_t n,
		      struct fh_secret *out)
{
	struct fh_secret made = { .n = n };

	if (key->n > FH_SECRET_MAX || n > FH_SECRET_MAX)
		return FH_ERR_LIMIT;
	if (key->n != FH_HASH_SIZE)
		return FH_ERR_FORMAT;
	expand(fh_secret_span(key), info, n, made.bytes);
	*out = made;
	fh_secret_drop(&made);
	return FH_ERR_OK;
}

fh_err fh_hmac(const struct fh_secret *key, struct fh_span message, struct fh_hash *out)
{
	if (key->n > FH_SECRET_MAX)
		return FH_ERR_LIMIT;
	*out = hmac_of(fh_secret_span(key), message);
	return FH_ERR_OK;
}
