/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CRYPTO_COMPANION_H
#define FH_CRYPTO_COMPANION_H

#include "base/secret.h"
#include "crypto/hash.h"

/* The operator key's P-256 companion, which signs TPM policies because no
 * shipping TPM verifies ML-DSA.  Derived from the operator's seed by
 * HKDF-SHA-256 with rejection of values outside [1, n-1], so that one backup
 * restores both.  Public keys are uncompressed points (SEC 1: 0x04 || x || y).  */

constexpr size_t FH_P256_PUBLIC_SIZE = 65;
constexpr size_t FH_COMPANION_SEED_SIZE = 32;

struct fh_p256_public {
	uint8_t bytes[FH_P256_PUBLIC_SIZE];
};

/* The companion of the operator key with SEED (32 bytes, FH_ERR_FORMAT
 * otherwise).  */
fh_err fh_companion_public(const struct fh_secret *seed, struct fh_p256_public *out);

constexpr size_t FH_P256_SIGNATURE_SIZE = 64;

struct fh_p256_signature {
	uint8_t bytes[FH_P256_SIGNATURE_SIZE]; /* r || s */
};

/* ECDSA (FIPS 186-5) of that companion over DIGEST.  */
fh_err fh_companion_sign(const struct fh_secret *seed, const struct fh_hash *digest,
			 struct fh_p256_signature *out);

/* FH_ERR_OK: SIGNATURE (r || s) is the one of COMPANION, a public key as above, over
 * DIGEST.  FH_ERR_SIGNATURE: it is not, or that is no key.  FH_ERR_CRYPTO: could not
 * tell.  */
fh_err fh_companion_check(struct fh_span companion, const struct fh_hash *digest,
			  struct fh_span signature);

#endif
