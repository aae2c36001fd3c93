/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CRYPTO_KDF_H
#define FH_CRYPTO_KDF_H

#include "base/secret.h"
#include "crypto/hash.h"

/* HKDF-SHA-256 (RFC 5869) extract and expand in one step: N bytes (at most
 * FH_SECRET_MAX) bound to INFO.  SALT may be empty.  FH_ERR_LIMIT above.  */
fh_err fh_hkdf(const struct fh_secret *key, struct fh_span salt, struct fh_span info, size_t n,
	       struct fh_secret *out);

/* Expand alone (RFC 5869 section 2.3), for a KEY of 32 random bytes.  */
fh_err fh_hkdf_expand(const struct fh_secret *key, struct fh_span info, size_t n,
		      struct fh_secret *out);

/* Argon2id (RFC 9106) cost.  */
struct fh_argon2 {
	uint32_t memory_kib; /* memory */
	uint32_t passes;     /* iterations */
	uint32_t lanes;      /* parallelism */
};

/* What we use for new files: RFC 9106's second recommended option.  */
constexpr struct fh_argon2 FH_ARGON2_DEFAULT = { .memory_kib = 65536, .passes = 3, .lanes = 4 };
/* What we accept from a file, so that a planted one cannot take the machine.  */
constexpr struct fh_argon2 FH_ARGON2_MAX = { .memory_kib = 1 << 21, .passes = 64, .lanes = 16 };

/* A 32-byte key from PASSPHRASE and SALT (16 bytes).  FH_ERR_LIMIT for a cost
 * above FH_ARGON2_MAX, FH_ERR_FORMAT for another salt or a cost below what RFC
 * 9106 allows.  In argon2.c, which is not linked into the verifier.  */
fh_err fh_argon2id(struct fh_span passphrase, struct fh_span salt, struct fh_argon2 cost,
		   struct fh_secret *out);

/* HMAC-SHA-256 (RFC 2104).  */
fh_err fh_hmac(const struct fh_secret *key, struct fh_span message, struct fh_hash *out);

#endif
