/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/aead.h"

#include "base/own.h"
#include "crypto/openssl_private.h"

#include <limits.h>

/* The caller drops *OUT, also after an error.  */
static fh_err make(struct fh_cipher_context *out)
{
	out->p = EVP_CIPHER_CTX_new();
	return out->p != nullptr
	       && EVP_CipherInit_ex2(out->p, EVP_aes_256_gcm(), nullptr, nullptr,
				     /* enc= */ -1, nullptr) == 1
		       ? FH_ERR_OK : FH_ERR_CRYPTO;
}

/* Makes C ready for one message: ENCRYPT is 1 or 0, as OpenSSL has it.  */
static fh_err begin(EVP_CIPHER_CTX *c, const struct fh_secret *key, const uint8_t *nonce,
		    struct fh_span associated, int encrypt)
{
	int n;

	if (EVP_CipherInit_ex2(c, nullptr, key->bytes, nonce, encrypt, nullptr) != 1)
		return FH_ERR_CRYPTO;
	if (associated.n > 0
	    && EVP_CipherUpdate(c, nullptr, &n, associated.p, (int)associated.n) != 1)
		return FH_ERR_CRYPTO;
	return FH_ERR_OK;
}

static fh_err sizes_check(const struct fh_secret *key, size_t associated, size_t text)
{
	if (key->n != FH_AEAD_KEY_SIZE)
		return FH_ERR_FORMAT;
	return associated > INT_MAX || text > INT_MAX ? FH_ERR_LIMIT : FH_ERR_OK;
}

void fh_aead_drop(struct fh_aead *a)
{
	EVP_CIPHER_CTX_free(a->context);
	a->context = nullptr;
}

fh_err fh_aead_seal_next(struct fh_aead *a, const struct fh_secret *key,
			 const uint8_t nonce[FH_AEAD_NONCE_SIZE], struct fh_span associated,
			 struct fh_span plain, uint8_t *out)
{
	FH_OWN(fh_openssl) use = fh_openssl_begin();
	struct fh_cipher_context made = { a->context };
	fh_err e = sizes_check(key, associated.n, plain.n);
	int n = 0, rest = 0;

	if (e == FH_ERR_OK && made.p == nullptr)
		e = make(&made);
	a->context = made.p;
	EVP_CIPHER_CTX *c = made.p;

	if (e == FH_ERR_OK)
		e = begin(c, key, nonce, associated, 1);
	if (e != FH_ERR_OK)
		return e;
	if (plain.n > 0 && EVP_CipherUpdate(c, out, &n, plain.p, (int)plain.n) != 1)
		return FH_ERR_CRYPTO;
	if (EVP_CipherFinal_ex(c, out + n, &rest) != 1 || (size_t)(n + rest) != plain.n)
		return FH_ERR_CRYPTO;
	if (EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, FH_AEAD_TAG_SIZE, out + plain.n) != 1)
		return FH_ERR_CRYPTO;
	return FH_ERR_OK;
}

fh_err fh_aead_seal(const struct fh_secret *key, const uint8_t nonce[FH_AEAD_NONCE_SIZE],
		    struct fh_span associated, struct fh_span plain, uint8_t *out)
{
	FH_OWN(fh_aead) a = { 0 };

	return fh_aead_seal_next(&a, key, nonce, associated, plain, out);
}

/* Decrypts into OUT and only then knows whether the tag is right.  */
static fh_err open_unsafe(struct fh_cipher_context *c, struct fh_span text, struct fh_span tag,
			  uint8_t *out)
{
	int n = 0, rest = 0;

	if (text.n > 0 && EVP_CipherUpdate(c->p, out, &n, text.p, (int)text.n) != 1)
		return FH_ERR_CRYPTO;
	if (EVP_CIPHER_CTX_ctrl(c->p, EVP_CTRL_AEAD_SET_TAG, (int)tag.n, (void *)tag.p) != 1)
		return FH_ERR_CRYPTO;
	return EVP_CipherFinal_ex(c->p, out + n, &rest) == 1 ? FH_ERR_OK : FH_ERR_SIGNATURE;
}

fh_err fh_aead_open(const struct fh_secret *key, const uint8_t nonce[FH_AEAD_NONCE_SIZE],
		    struct fh_span associated, struct fh_span sealed, uint8_t *out)
{
	FH_OWN(fh_openssl) use = fh_openssl_begin();
	FH_OWN(fh_cipher_context) c = { 0 };
	fh_err e = sizes_check(key, associated.n, sealed.n);

	if (e != FH_ERR_OK)
		return e;
	if (sealed.n < FH_AEAD_TAG_SIZE)
		return FH_ERR_SIGNATURE;
	struct fh_span text = fh_span_first(sealed, sealed.n - FH_AEAD_TAG_SIZE);

	e = make(&c);
	if (e == FH_ERR_OK)
		e = begin(c.p, key, nonce, associated, 0);
	if (e == FH_ERR_OK)
		e = open_unsafe(&c, text, fh_span_skip(sealed, text.n), out);
	if (e != FH_ERR_OK)
		fh_wipe(out, text.n);
	return e;
}
