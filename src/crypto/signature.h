/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CRYPTO_SIGNATURE_H
#define FH_CRYPTO_SIGNATURE_H

#include "base/secret.h"
#include "crypto/hash.h"

/* ML-DSA-65 (FIPS 204), pure, with the empty context string: purposes are kept
 * apart by what is signed (docs/spec/KEYS).  Private keys are the 32-byte
 * FIPS 204 seed.  Verification is linked everywhere; key generation and
 * signing (sign.h) are not linked into the verifier.  */

constexpr size_t FH_MLDSA65_PUBLIC_SIZE = 1952;
constexpr size_t FH_MLDSA65_SIGNATURE_SIZE = 3309;
constexpr size_t FH_MLDSA65_SEED_SIZE = 32;

struct fh_public_key {
	uint8_t bytes[FH_MLDSA65_PUBLIC_SIZE];
};

struct fh_signature {
	uint8_t bytes[FH_MLDSA65_SIGNATURE_SIZE];
};

/* A key prepared for many verifications.  An explicit handle: drop it.  */
struct fh_verifier {
	void *pkey; /* OpenSSL's key, or NULL */
};

/* FH_ERR_FORMAT if KEY is not 1952 bytes that OpenSSL takes for a key.  */
fh_err fh_verifier_new(struct fh_span key, struct fh_verifier *out);
void fh_verifier_drop(struct fh_verifier *v);

/* FH_ERR_OK: SIGNATURE is V's over MESSAGE.  FH_ERR_SIGNATURE: it is not (any
 * length but 3309 included).  FH_ERR_CRYPTO: could not tell.  */
fh_err fh_verifier_check(const struct fh_verifier *v, struct fh_span message,
			 struct fh_span signature);

/* The same in one step, for a key used once.  */
fh_err fh_signature_check(struct fh_span key, struct fh_span message, struct fh_span signature);

/* Key id: SHA-256 of the public key's bytes.  */
static inline struct fh_hash fh_key_id(struct fh_span key)
{
	return fh_hash_of(key);
}

#endif
