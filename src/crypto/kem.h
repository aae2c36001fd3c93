/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CRYPTO_KEM_H
#define FH_CRYPTO_KEM_H

#include "base/builder.h"
#include "base/secret.h"

/* Sealing a message to a recipient who is not there: X25519MLKEM768 (as TLS
 * 1.3 uses it, from OpenSSL) encapsulates a shared secret, HKDF-SHA-256 makes
 * the key and AES-256-GCM seals.  The box is encapsulation || ciphertext.  */

constexpr size_t FH_KEM_PUBLIC_SIZE = 1216;
constexpr size_t FH_KEM_ENCAPSULATION_SIZE = 1120;
constexpr size_t FH_KEM_SEED_SIZE = 32;

struct fh_kem_public {
	uint8_t bytes[FH_KEM_PUBLIC_SIZE];
};

/* The key pair of a 32-byte SEED: both halves are derived from it by
 * HKDF-SHA-256, so that a recipient, too, is backed up as 32 bytes.  */
fh_err fh_kem_public_of(const struct fh_secret *seed, struct fh_kem_public *out);

/* Seals PLAIN for TO, bound to CONTEXT, into OUT.  */
fh_err fh_kem_seal(const struct fh_kem_public *to, struct fh_span context, struct fh_span plain,
		   struct fh_builder *out);

/* Opens BOX with SEED.  FH_ERR_SIGNATURE if it is not for this key or
 * context.  */
fh_err fh_kem_open(const struct fh_secret *seed, struct fh_span context, struct fh_span box,
		   struct fh_builder *out);

#endif
