/* SPDX-License-Identifier: Apache-2.0 */
/* TPM 2.0 Library part 1: clause 24 (credentials), 11.4.10 (KDFa, KDFe), and
 * annexes B.10 and C.6 (secret sharing with RSA and with ECC).  */
#include "crypto/credential.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include "base/builder.h"
#include "base/own.h"
#include "crypto/kdf.h"
#include "crypto/openssl_private.h"
#include "crypto/sign.h"

constexpr size_t half_size = 32;     /* one coordinate */
constexpr size_t cipher_size = 16;   /* AES-128 key and block */
constexpr size_t name_max = 66;      /* SHA-512's id and digest */

/* Labels are hashed with their terminating zero.  */
static const char label_seed[] = "IDENTITY";
static const char label_cipher[] = "STORAGE";
static const char label_integrity[] = "INTEGRITY";

static struct fh_span half_x(const struct fh_x509_key *p)
{
	return fh_span_of(p->bytes + 1, half_size);
}

static struct fh_span half_y(const struct fh_x509_key *p)
{
	return fh_span_of(p->bytes + 1 + half_size, half_size);
}

static fh_err peer_of(const struct fh_x509_key *point, struct fh_pkey *out)
{
	FH_OWN(fh_pkey_context) c = { EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr) };
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)"P-256", 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)point->bytes,
						  point->n),
		OSSL_PARAM_construct_end(),
	};

	if (c.p == nullptr || EVP_PKEY_fromdata_init(c.p) != 1)
		return FH_ERR_CRYPTO;
	/* This is what finds a point off the curve.  */
	if (EVP_PKEY_fromdata(c.p, &out->p, EVP_PKEY_PUBLIC_KEY, (OSSL_PARAM *)params) != 1)
		return FH_ERR_FORMAT;
	return FH_ERR_OK;
}

/* An ephemeral key: its public half in *POINT, what it shares with PEER in
 * *SHARED.  */
static fh_err share(EVP_PKEY *peer, const struct fh_x509_key *peer_point,
		    struct fh_x509_key *point, struct fh_secret *shared)
{
	FH_OWN(fh_pkey) own = { EVP_EC_gen("P-256") };
	FH_OWN(fh_pkey_context) c = { own.p == nullptr ?
					      nullptr :
					      EVP_PKEY_CTX_new_from_pkey(nullptr, own.p, nullptr) };
	FH_OWN(fh_secret) z = { .n = half_size };

	if (c.p == nullptr ||
	    EVP_PKEY_get_octet_string_param(own.p, OSSL_PKEY_PARAM_PUB_KEY, point->bytes,
					    sizeof(point->bytes), &point->n) != 1 ||
	    point->n != peer_point->n)
		return FH_ERR_CRYPTO;
	if (EVP_PKEY_derive_init(c.p) != 1 ||
	    EVP_PKEY_derive_set_peer_ex(c.p, peer, /* validate_peer: */ 1) != 1 ||
	    EVP_PKEY_derive(c.p, z.bytes, &z.n) != 1 || z.n != half_size)
		return FH_ERR_CRYPTO;
	*shared = z;
	return FH_ERR_OK;
}

/* KDFe to 256 bits: H(1 || Z || label || own x || peer x).  */
static void seed_of(const struct fh_secret *z, const struct fh_x509_key *own,
		    const struct fh_x509_key *peer, struct fh_secret *out)
{
	static const uint8_t one[] = { 0, 0, 0, 1 };
	struct fh_sha256 s;

	fh_sha256_begin(&s);
	fh_sha256_add(&s, FH_SPAN_ARRAY(one));
	fh_sha256_add(&s, fh_secret_span(z));
	fh_sha256_add(&s, FH_SPAN_ARRAY(label_seed));
	fh_sha256_add(&s, half_x(own));
	fh_sha256_add(&s, half_x(peer));

	struct fh_hash h = fh_sha256_end(&s);

	out->n = FH_HASH_SIZE;
	memcpy(out->bytes, h.bytes, FH_HASH_SIZE);
	fh_wipe(&s, sizeof(s));
	fh_wipe(&h, sizeof(h));
}

/* A seed agreed with the point EK; the ephemeral point is written to OUT.  */
static fh_err enclose_ecc(const struct fh_x509_key *ek, struct fh_builder *out,
			  struct fh_secret *seed)
{
	FH_OWN(fh_pkey) peer = { 0 };
	FH_OWN(fh_secret) z = { 0 };
	struct fh_x509_key own = { .kind = FH_X509_P256 };
	fh_err e;

	e = peer_of(ek, &peer);
	if (e == FH_ERR_OK)
		e = share(peer.p, ek, &own, &z);
	if (e != FH_ERR_OK)
		return e;
	seed_of(&z, &own, ek, seed);
	fh_builder_be16(out, half_size);
	fh_builder_bytes(out, half_x(&own));
	fh_builder_be16(out, half_size);
	fh_builder_bytes(out, half_y(&own));
	return FH_ERR_OK;
}

struct number {
	BIGNUM *p;
};

static void number_drop(struct number *n)
{
	BN_free(n->p);
	n->p = nullptr;
}

static fh_err rsa_of(const struct fh_x509_key *ek, struct fh_pkey *out)
{
	FH_OWN(fh_pkey_context) c = { EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr) };
	FH_OWN(number) modulus = { BN_bin2bn(ek->bytes, (int)ek->n, nullptr) };
	uint8_t native[FH_X509_KEY_MAX];
	unsigned long exponent = RSA_F4;

	if (c.p == nullptr || modulus.p == nullptr ||
	    BN_bn2nativepad(modulus.p, native, (int)ek->n) != (int)ek->n)
		return FH_ERR_CRYPTO;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, native, ek->n),
		OSSL_PARAM_construct_ulong(OSSL_PKEY_PARAM_RSA_E, &exponent),
		OSSL_PARAM_construct_end(),
	};

	if (EVP_PKEY_fromdata_init(c.p) != 1 ||
	    EVP_PKEY_fromdata(c.p, &out->p, EVP_PKEY_PUBLIC_KEY, params) != 1)
		return FH_ERR_FORMAT;
	return FH_ERR_OK;
}

/* A fresh seed; what RSA-OAEP makes of it is written to OUT.  */
static fh_err enclose_rsa(const struct fh_x509_key *ek, struct fh_builder *out,
			  struct fh_secret *seed)
{
	FH_OWN(fh_pkey) key = { 0 };
	FH_OWN(fh_pkey_context) c = { 0 };
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_PAD_MODE,
						 (char *)OSSL_PKEY_RSA_PAD_MODE_OAEP, 0),
		OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST,
						 (char *)"SHA256", 0),
		OSSL_PARAM_construct_octet_string(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL,
						  (void *)label_seed, sizeof(label_seed)),
		OSSL_PARAM_construct_end(),
	};
	size_t n = ek->n;
	fh_err e;

	e = rsa_of(ek, &key);
	if (e == FH_ERR_OK)
		e = fh_seed_new(seed);
	if (e != FH_ERR_OK)
		return e;
	c.p = EVP_PKEY_CTX_new_from_pkey(nullptr, key.p, nullptr);

	uint8_t *made = fh_builder_space(out, n);

	if (c.p == nullptr || made == nullptr || EVP_PKEY_encrypt_init_ex(c.p, params) != 1 ||
	    EVP_PKEY_encrypt(c.p, made, &n, seed->bytes, seed->n) != 1 || n != ek->n)
		return FH_ERR_CRYPTO;
	return FH_ERR_OK;
}

/* KDFa to N (at most 32) bytes: HMAC(seed, 1 || label || context || bits).  */
static fh_err derive(const struct fh_secret *seed, struct fh_span label, struct fh_span context,
		     size_t n, struct fh_secret *out)
{
	uint8_t bytes[16 + name_max + 8];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_hash h;

	fh_builder_be32(&b, 1);
	fh_builder_bytes(&b, label);
	fh_builder_bytes(&b, context);
	fh_builder_be32(&b, (uint32_t)n * 8);
	if (b.bad)
		return FH_ERR_LIMIT;
	fh_err e = fh_hmac(seed, fh_builder_span(&b), &h);

	if (e == FH_ERR_OK)
		e = fh_secret_from(fh_span_of(h.bytes, n), out);
	fh_wipe(&h, sizeof(h));
	return e;
}

/* AES-128-CFB with a zero IV, as the TPM does: the key is used once.  */
static fh_err encrypt(const struct fh_secret *key, struct fh_span plain, uint8_t *out)
{
	static const uint8_t zeros[cipher_size];
	FH_OWN(fh_cipher_context) c = { EVP_CIPHER_CTX_new() };
	int n = 0;

	if (c.p == nullptr ||
	    EVP_EncryptInit_ex2(c.p, EVP_aes_128_cfb128(), key->bytes, zeros, nullptr) != 1 ||
	    EVP_EncryptUpdate(c.p, out, &n, plain.p, (int)plain.n) != 1 || (size_t)n != plain.n)
		return FH_ERR_CRYPTO;
	return FH_ERR_OK;
}

/* Writes the object: HMAC over (encrypted secret, name), encrypted secret.  */
static fh_err wrap(const struct fh_secret *seed, struct fh_span name,
		   const struct fh_secret *secret, struct fh_builder *out)
{
	FH_OWN(fh_secret) cipher = { 0 };
	FH_OWN(fh_secret) integrity = { 0 };
	uint8_t plain[2 + FH_CREDENTIAL_SECRET_MAX], covered[sizeof(plain) + name_max];
	struct fh_builder p = FH_BUILDER_ARRAY(plain), c = FH_BUILDER_ARRAY(covered);
	struct fh_hash mac;
	fh_err e;

	fh_builder_be16(&p, (uint16_t)secret->n);
	fh_builder_bytes(&p, fh_secret_span(secret));
	e = derive(seed, FH_SPAN_ARRAY(label_cipher), name, cipher_size, &cipher);
	if (e == FH_ERR_OK)
		e = derive(seed, FH_SPAN_ARRAY(label_integrity), (struct fh_span){ 0 },
			   FH_HASH_SIZE, &integrity);
	if (e == FH_ERR_OK)
		e = encrypt(&cipher, fh_builder_span(&p), fh_builder_space(&c, p.n));
	fh_wipe(plain, sizeof(plain));
	if (e != FH_ERR_OK)
		return e;

	struct fh_span encrypted = fh_builder_span(&c);

	fh_builder_bytes(&c, name);
	e = fh_hmac(&integrity, fh_builder_span(&c), &mac);
	if (e != FH_ERR_OK)
		return e;
	fh_builder_be16(out, FH_HASH_SIZE);
	fh_builder_bytes(out, fh_hash_span(&mac));
	fh_builder_bytes(out, encrypted);
	return out->bad || c.bad ? FH_ERR_LIMIT : FH_ERR_OK;
}

fh_err fh_credential_make(const struct fh_x509_key *ek, struct fh_span name,
			  const struct fh_secret *secret, struct fh_credential *out)
{
	FH_OWN(fh_openssl) use = fh_openssl_begin();
	FH_OWN(fh_secret) seed = { 0 };
	struct fh_credential made = { 0 };
	struct fh_builder object = FH_BUILDER_ARRAY(made.object);
	struct fh_builder enclosed = FH_BUILDER_ARRAY(made.seed);
	fh_err e;

	if (secret->n == 0 || secret->n > FH_CREDENTIAL_SECRET_MAX || name.n == 0 ||
	    name.n > name_max)
		return FH_ERR_LIMIT;
	switch (ek->kind) {
	case FH_X509_P256:
		e = enclose_ecc(ek, &enclosed, &seed);
		break;
	case FH_X509_RSA2048:
		e = enclose_rsa(ek, &enclosed, &seed);
		break;
	default:
		return FH_ERR_UNSUPPORTED;
	}
	if (e == FH_ERR_OK)
		e = wrap(&seed, name, secret, &object);
	if (e != FH_ERR_OK)
		return e;
	made.object_n = object.n;
	made.seed_n = enclosed.n;
	*out = made;
	return FH_ERR_OK;
}
