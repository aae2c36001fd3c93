/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/tpm_key.h"

#include "base/own.h"
#include "crypto/openssl_private.h"

#include <limits.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

constexpr uint8_t point_uncompressed = 0x04; /* SEC 1, section 2.3.3 */
constexpr int bits_of_byte = 8;

static const struct {
	enum fh_tpm_curve curve;
	const char *group; /* OpenSSL's name */
	const char *text;
	size_t size;
} curves[] = {
	{ FH_TPM_P256, SN_X9_62_prime256v1, "P-256", 32 },
	{ FH_TPM_P384, SN_secp384r1, "P-384", 48 },
	{ FH_TPM_P521, SN_secp521r1, "P-521", 66 },
};
constexpr size_t curves_n = sizeof(curves) / sizeof(curves[0]);

struct number {
	BIGNUM *p;
};

static void number_drop(struct number *n)
{
	BN_free(n->p);
	n->p = nullptr;
}

/* Row of CURVE in the table, or curves_n.  */
static size_t row_of(enum fh_tpm_curve curve)
{
	size_t i = 0;

	while (i < curves_n && curves[i].curve != curve)
		i++;
	return i;
}

size_t fh_tpm_curve_size(enum fh_tpm_curve curve)
{
	size_t row = row_of(curve);

	return row < curves_n ? curves[row].size : 0;
}

const char *fh_tpm_key_text(const struct fh_tpm_key *k)
{
	size_t row = row_of(k->curve);

	if (row < curves_n)
		return curves[row].text;
	switch (k->n) {
	case 256:
		return "RSA-2048";
	case 384:
		return "RSA-3072";
	case 512:
		return "RSA-4096";
	default:
		return "RSA";
	}
}

bool fh_tpm_key_equal(const struct fh_tpm_key *a, const struct fh_tpm_key *b)
{
	return a->curve == b->curve &&
	       fh_span_equal(fh_span_of(a->x, a->n), fh_span_of(b->x, b->n)) &&
	       (a->curve == FH_TPM_CURVE_NONE ||
		fh_span_equal(fh_span_of(a->y, a->n), fh_span_of(b->y, b->n)));
}

/* --- reading ------------------------------------------------------------------ */

/* PARAMETER of KEY into OUT, N bytes of it; false if it has more.  Into a place of that size:
 * EVP_PKEY_get_bn_param() writes 2 kB of zeros around each number, at a pace that tells nothing
 * of it, and takes longer for a key of RSA than checking a signature's hash.  */
static bool read_number(const EVP_PKEY *key, const char *parameter, uint8_t *out, size_t n)
{
	FH_OWN(number) v = { 0 };
	uint8_t native[FH_TPM_RSA_MAX];

	if (n > sizeof(native))
		return false;
	OSSL_PARAM wanted[] = { OSSL_PARAM_construct_BN(parameter, native, n),
				OSSL_PARAM_construct_end() };

	if (EVP_PKEY_get_params(key, wanted) != 1 || !OSSL_PARAM_modified(wanted))
		return false;
	v.p = BN_native2bn(native, (int)n, nullptr);
	return v.p != nullptr && BN_bn2binpad(v.p, out, (int)n) == (int)n;
}

static fh_err read_point(const EVP_PKEY *key, struct fh_tpm_key *out)
{
	struct fh_tpm_key found = { 0 };
	char group[32];
	size_t n, row = 0;

	if (EVP_PKEY_get_group_name(key, group, sizeof(group), &n) != 1)
		return FH_ERR_UNSUPPORTED;
	while (row < curves_n && strcmp(group, curves[row].group) != 0)
		row++;
	if (row == curves_n)
		return FH_ERR_UNSUPPORTED;
	found.curve = curves[row].curve;
	found.n = curves[row].size;
	if (!read_number(key, OSSL_PKEY_PARAM_EC_PUB_X, found.x, found.n) ||
	    !read_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, found.y, found.n))
		return FH_ERR_FORMAT;
	*out = found;
	return FH_ERR_OK;
}

static fh_err read_modulus(const EVP_PKEY *key, struct fh_tpm_key *out)
{
	static const uint8_t f4[] = { 0, 1, 0, 1 };
	uint8_t exponent[sizeof(f4)];
	struct fh_tpm_key found = { .n = (size_t)EVP_PKEY_get_size(key) };

	if (!read_number(key, OSSL_PKEY_PARAM_RSA_E, exponent, sizeof(exponent)) ||
	    !fh_span_equal(FH_SPAN_ARRAY(exponent), FH_SPAN_ARRAY(f4)) ||
	    found.n < FH_TPM_RSA_MIN || found.n > FH_TPM_RSA_MAX ||
	    EVP_PKEY_get_bits(key) != (int)found.n * bits_of_byte)
		return FH_ERR_UNSUPPORTED;
	if (!read_number(key, OSSL_PKEY_PARAM_RSA_N, found.x, found.n))
		return FH_ERR_FORMAT;
	*out = found;
	return FH_ERR_OK;
}

fh_err fh_tpm_key_of_spki(struct fh_span der, struct fh_tpm_key *out)
{
	FH_OWN(fh_openssl) use = fh_openssl_begin();
	FH_OWN(fh_pkey) key = { 0 };
	const unsigned char *end = der.p;

	if (der.n == 0 || der.n > INT_MAX)
		return FH_ERR_FORMAT;
	key.p = d2i_PUBKEY(nullptr, &end, (long)der.n);
	if (key.p == nullptr || (size_t)(end - der.p) != der.n)
		return FH_ERR_FORMAT;
	return fh_tpm_key_of_pkey(key.p, out);
}

fh_err fh_tpm_key_of_pkey(const EVP_PKEY *key, struct fh_tpm_key *out)
{
	if (EVP_PKEY_is_a(key, "EC"))
		return read_point(key, out);
	if (EVP_PKEY_is_a(key, "RSA"))
		return read_modulus(key, out);
	return FH_ERR_UNSUPPORTED;
}

/* --- verifying ---------------------------------------------------------------- */

static EVP_PKEY *make(const char *kind, OSSL_PARAM *parameters)
{
	FH_OWN(fh_pkey_context) c = { EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr) };
	EVP_PKEY *made = nullptr;

	if (c.p == nullptr || EVP_PKEY_fromdata_init(c.p) != 1 ||
	    EVP_PKEY_fromdata(c.p, &made, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
		return nullptr;
	return made;
}

static EVP_PKEY *make_point(const struct fh_tpm_key *k)
{
	uint8_t point[1 + 2 * FH_TPM_POINT_MAX] = { point_uncompressed };
	size_t row = row_of(k->curve);

	if (row == curves_n || k->n != curves[row].size)
		return nullptr;
	memcpy(point + 1, k->x, k->n);
	memcpy(point + 1 + k->n, k->y, k->n);

	OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
						 (char *)(uintptr_t)curves[row].group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * k->n),
		OSSL_PARAM_construct_end(),
	};

	return make("EC", parameters);
}

static EVP_PKEY *make_modulus(const struct fh_tpm_key *k)
{
	unsigned char native[FH_TPM_RSA_MAX];
	unsigned long exponent = RSA_F4;
	FH_OWN(number) n = { 0 };

	if (k->n < FH_TPM_RSA_MIN || k->n > FH_TPM_RSA_MAX)
		return nullptr;
	n.p = BN_bin2bn(k->x, (int)k->n, nullptr);
	if (n.p == nullptr || BN_num_bytes(n.p) != (int)k->n || !BN_is_odd(n.p) ||
	    BN_bn2nativepad(n.p, native, (int)k->n) != (int)k->n)
		return nullptr;

	OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, native, k->n),
		OSSL_PARAM_construct_ulong(OSSL_PKEY_PARAM_RSA_E, &exponent),
		OSSL_PARAM_construct_end(),
	};

	return make("RSA", parameters);
}

fh_err fh_tpm_verifier_new(const struct fh_tpm_key *key, struct fh_tpm_verifier *out)
{
	FH_OWN(fh_openssl) use = fh_openssl_begin();
	EVP_PKEY *made = key->curve == FH_TPM_CURVE_NONE ? make_modulus(key) : make_point(key);

	if (made == nullptr)
		return fh_openssl_out_of_memory() ? FH_ERR_NOMEM : FH_ERR_FORMAT;
	*out = (struct fh_tpm_verifier){ .pkey = made, .curve = key->curve };
	return FH_ERR_OK;
}

void fh_tpm_verifier_drop(struct fh_tpm_verifier *v)
{
	EVP_PKEY_CTX_free(v->context);
	EVP_PKEY_free(v->pkey);
	*v = (struct fh_tpm_verifier){ 0 };
}

static const EVP_MD *method_of(enum fh_bank hash)
{
	switch (hash) {
	case FH_BANK_SHA256:
		return EVP_sha256();
	case FH_BANK_SHA384:
		return EVP_sha384();
	case FH_BANK_SHA512:
		return EVP_sha512();
	default:
		return nullptr; /* SHA-1 proves nothing */
	}
}

static bool prepare_rsa(EVP_PKEY_CTX *c, enum fh_tpm_scheme scheme, const EVP_MD *hash)
{
	bool pss = scheme == FH_TPM_RSAPSS;

	return EVP_PKEY_CTX_set_rsa_padding(c, pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING)
		       == 1 &&
	       EVP_PKEY_CTX_set_signature_md(c, hash) == 1 &&
	       (!pss || EVP_PKEY_CTX_set_rsa_pss_saltlen(c, RSA_PSS_SALTLEN_AUTO) == 1);
}

/* V's context for SCHEME and HASH, made at the first use.  */
static fh_err prepare(struct fh_tpm_verifier *v, enum fh_tpm_scheme scheme, enum fh_bank hash)
{
	if (v->context != nullptr && v->scheme == scheme && v->hash == hash)
		return FH_ERR_OK;
	FH_OWN(fh_pkey_context) c = { EVP_PKEY_CTX_new_from_pkey(nullptr, v->pkey, nullptr) };

	if (c.p == nullptr || EVP_PKEY_verify_init(c.p) != 1)
		return FH_ERR_CRYPTO;
	if (scheme == FH_TPM_ECDSA ? EVP_PKEY_CTX_set_signature_md(c.p, method_of(hash)) != 1
				   : !prepare_rsa(c.p, scheme, method_of(hash)))
		return FH_ERR_CRYPTO;
	EVP_PKEY_CTX_free(v->context);
	v->context = c.p;
	v->scheme = scheme;
	v->hash = hash;
	c.p = nullptr;
	return FH_ERR_OK;
}

fh_err fh_tpm_verifier_check(struct fh_tpm_verifier *v, enum fh_tpm_scheme scheme,
			     enum fh_bank hash, struct fh_span message, struct fh_span signature)
{
	FH_OWN(fh_openssl) use = fh_openssl_begin();

	if (v->pkey == nullptr)
		return FH_ERR_CRYPTO;
	if (method_of(hash) == nullptr ||
	    (scheme == FH_TPM_ECDSA) != (v->curve != FH_TPM_CURVE_NONE))
		return FH_ERR_SIGNATURE;
	fh_err e = prepare(v, scheme, hash);

	if (e != FH_ERR_OK)
		return e;
	struct fh_digest digest = fh_bank_digest(hash, message);
	int answer = EVP_PKEY_verify(v->context, signature.p, signature.n, digest.bytes,
				     digest.n);

	if (answer == 1)
		return FH_ERR_OK;
	/* Below zero is also how OpenSSL says that the signature is malformed.  */
	return fh_openssl_out_of_memory() ? FH_ERR_CRYPTO : FH_ERR_SIGNATURE;
}
