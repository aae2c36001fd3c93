/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CRYPTO_TPM_KEY_H
#define FH_CRYPTO_TPM_KEY_H

#include "crypto/bank.h"
#include "freehold/error.h"

/* Public keys of TPMs, and checking what they signed: RSA of 2048 to 4096 bits
 * with exponent 65537, and ECDSA on the NIST curves.  Verification only.  */

/* TCG's numbers for curves (TPM 2.0 Library part 2, 6.4) and schemes (6.3).  */
enum fh_tpm_curve : uint16_t {
	FH_TPM_CURVE_NONE = 0, /* the key is RSA */
	FH_TPM_P256 = 0x0003,
	FH_TPM_P384 = 0x0004,
	FH_TPM_P521 = 0x0005,
};
enum fh_tpm_scheme : uint16_t {
	FH_TPM_SCHEME_NONE = 0,
	FH_TPM_RSASSA = 0x0014,
	FH_TPM_RSAPSS = 0x0016,
	FH_TPM_ECDSA = 0x0018,
};

constexpr size_t FH_TPM_RSA_MIN = 256; /* bytes of a modulus: 2048 bits */
constexpr size_t FH_TPM_RSA_MAX = 512; /* 4096 bits */
constexpr size_t FH_TPM_POINT_MAX = 66; /* half a point of P-521 */

struct fh_tpm_key {
	enum fh_tpm_curve curve;
	size_t n;                      /* bytes of the modulus, or of each half of the point */
	uint8_t x[FH_TPM_RSA_MAX];     /* the modulus, or the point's x */
	uint8_t y[FH_TPM_POINT_MAX];   /* the point's y */
};

/* Bytes of half a point of CURVE; 0 for none.  */
size_t fh_tpm_curve_size(enum fh_tpm_curve curve);

/* "RSA-2048", "P-256", ...  for people.  */
const char *fh_tpm_key_text(const struct fh_tpm_key *k);

/* Same kind, same key.  */
bool fh_tpm_key_equal(const struct fh_tpm_key *a, const struct fh_tpm_key *b);

/* The key in DER, a SubjectPublicKeyInfo with nothing behind it.  FH_ERR_FORMAT
 * if it is none, FH_ERR_UNSUPPORTED for a key of another kind.  */
fh_err fh_tpm_key_of_spki(struct fh_span der, struct fh_tpm_key *out);

/* A key prepared for many verifications, by one thread.  Drop it.  */
struct fh_tpm_verifier {
	void *pkey;                /* OpenSSL's key, or NULL */
	void *context;             /* and its context, prepared for the next two */
	enum fh_tpm_scheme scheme;
	enum fh_bank hash;
	enum fh_tpm_curve curve;   /* of the key */
};

/* FH_ERR_FORMAT for a point that is not on its curve, or no modulus.  */
fh_err fh_tpm_verifier_new(const struct fh_tpm_key *key, struct fh_tpm_verifier *out);
void fh_tpm_verifier_drop(struct fh_tpm_verifier *v);

/* FH_ERR_OK: SIGNATURE by SCHEME is V's over MESSAGE, hashed by HASH.  It is the
 * raw bytes of RSA, or DER of ECDSA; PSS with salt of any length, as TPMs differ.
 * FH_ERR_SIGNATURE: it is not, or scheme and key do not fit.  FH_ERR_CRYPTO:
 * could not tell.  */
fh_err fh_tpm_verifier_check(struct fh_tpm_verifier *v, enum fh_tpm_scheme scheme,
			     enum fh_bank hash, struct fh_span message,
			     struct fh_span signature);

#endif
