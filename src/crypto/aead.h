/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CRYPTO_AEAD_H
#define FH_CRYPTO_AEAD_H

#include "base/secret.h"

/* AES-256-GCM (NIST SP 800-38D).  Not key-committing: whoever needs that binds
 * a commitment of its own.  A key and nonce pair is never used twice; callers
 * derive a fresh key for each message or count.  */

constexpr size_t FH_AEAD_KEY_SIZE = 32;
constexpr size_t FH_AEAD_NONCE_SIZE = 12;
constexpr size_t FH_AEAD_TAG_SIZE = 16;

/* Writes PLAIN.n + FH_AEAD_TAG_SIZE bytes to OUT.  Here and below
 * FH_ERR_FORMAT for a key of another size, FH_ERR_LIMIT above 2 GiB.  */
fh_err fh_aead_seal(const struct fh_secret *key, const uint8_t nonce[FH_AEAD_NONCE_SIZE],
		    struct fh_span associated, struct fh_span plain, uint8_t *out);

/* What seals one message after another, for those who seal many: making it takes longer than
 * sealing a short one, and is done when it is first used.  It holds the key of the last.
 * Zeroed it is none.  */
struct fh_aead {
	void *context;
};

void fh_aead_drop(struct fh_aead *a);
/* As fh_aead_seal().  */
fh_err fh_aead_seal_next(struct fh_aead *a, const struct fh_secret *key,
			 const uint8_t nonce[FH_AEAD_NONCE_SIZE], struct fh_span associated,
			 struct fh_span plain, uint8_t *out);

/* Writes SEALED.n - FH_AEAD_TAG_SIZE bytes to OUT.  FH_ERR_SIGNATURE if the
 * tag is wrong; OUT is wiped then.  */
fh_err fh_aead_open(const struct fh_secret *key, const uint8_t nonce[FH_AEAD_NONCE_SIZE],
		    struct fh_span associated, struct fh_span sealed, uint8_t *out);

#endif
