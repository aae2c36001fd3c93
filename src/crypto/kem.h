/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CRYPTO_KEM_H
#define FH_CRYPTO_KEM_H

#include "base/builder.h"
#include "base/secret.h"

/* Sealing a message to a recipient who is not there: X25519MLKEM768 (as TLS
 * 1.3 uses it, from OpenSSL) encapsulates a shared secret, ML-KEM's 32 bytes
 * before X25519's; HKDF-SHA-256 over it, with the salt "freehold/kem/v1" and
 * SHA-256(encapsulation || public key || context) as info, makes the key; and
 * AES-256-GCM seals under a zero nonce, since each key seals one message.  The
 * box is encapsulation || ciphertext || tag.
 *
 * Public keys and encapsulations have the ML-KEM-768 half first.  X25519 points
 * of low order are refused.  */

constexpr size_t FH_KEM_PUBLIC_SIZE = 1216;
constexpr size_t FH_KEM_ENCAPSULATION_SIZE = 1120;
constexpr size_t FH_KEM_SEED_SIZE = 32;

struct fh_kem_public {
	uint8_t bytes[FH_KEM_PUBLIC_SIZE];
};

/* The key pair of a 32-byte SEED (FH_ERR_FORMAT otherwise): HKDF-SHA-256 with
 * the salt "freehold/kem/v1" derives the 64 bytes d || z of ML-KEM-768 with info
 * "ml-kem-768" and the X25519 scalar with info "x25519", so that a recipient,
 * too, is backed up as 32 bytes.  */
fh_err fh_kem_public_of(const struct fh_secret *seed, struct fh_kem_public *out);

/* Seals PLAIN for TO, bound to CONTEXT, and appends the box to OUT.
 * FH_ERR_FORMAT if TO is no key; FH_ERR_LIMIT if the box does not fit.  */
fh_err fh_kem_seal(const struct fh_kem_public *to, struct fh_span context, struct fh_span plain,
		   struct fh_builder *out);

/* Opens BOX with SEED and appends what was sealed to OUT.  FH_ERR_SIGNATURE if
 * it is not for this key or context; FH_ERR_LIMIT if it does not fit.  */
fh_err fh_kem_open(const struct fh_secret *seed, struct fh_span context, struct fh_span box,
		   struct fh_builder *out);

#endif
