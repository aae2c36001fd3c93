/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CRYPTO_SIGN_H
#define FH_CRYPTO_SIGN_H

#include "crypto/signature.h"

/* The signing half of ML-DSA-65 and randomness; not linked into the
 * verifier.  */

/* A private key ready to sign.  An explicit handle: drop it, which wipes
 * it.  */
struct fh_signer {
	void *pkey; /* OpenSSL's key, or NULL */
};

/* The key of SEED (exactly 32 bytes, FH_ERR_FORMAT otherwise).  */
fh_err fh_signer_new(const struct fh_secret *seed, struct fh_signer *out);
void fh_signer_drop(struct fh_signer *s);

/* S's public key.  */
fh_err fh_signer_public(const struct fh_signer *s, struct fh_public_key *out);

/* A hedged signature over MESSAGE (FIPS 204 section 3.4).  */
fh_err fh_signer_sign(const struct fh_signer *s, struct fh_span message,
		      struct fh_signature *out);

/* The same, deterministic: for golden bytes in tests and nothing else.  */
fh_err fh_signer_sign_deterministic(const struct fh_signer *s, struct fh_span message,
				    struct fh_signature *out);

/* N bytes from the system's generator (getrandom); FH_ERR_IO if it fails.  */
fh_err fh_random(uint8_t *out, size_t n);

/* A fresh 32-byte seed.  */
fh_err fh_seed_new(struct fh_secret *out);

#endif
