/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CRYPTO_COSIGNER_H
#define FH_CRYPTO_COSIGNER_H

#include "base/builder.h"
#include "base/secret.h"
#include "freehold/error.h"

/* The two algorithms that witnesses of checkpoints use today: Ed25519 (RFC 8032) and
 * ML-DSA-44 (FIPS 204, pure, with the empty context string).  No verdict of ours rests on
 * them (docs/spec/NOTE).  Private keys of both are 32 bytes; those are in cosign.h.  */
enum fh_cosigner {
	FH_COSIGNER_ED25519,
	FH_COSIGNER_MLDSA44,
};

constexpr size_t FH_COSIGNER_PUBLIC_MAX = 1312;
constexpr size_t FH_COSIGNER_SIGNATURE_MAX = 2420;
constexpr size_t FH_COSIGNER_SEED_SIZE = 32;

/* Bytes of a public key, and of a signature.  */
size_t fh_cosigner_public_size(enum fh_cosigner a);
size_t fh_cosigner_signature_size(enum fh_cosigner a);

/* FH_ERR_OK: SIGNATURE is KEY's over MESSAGE.  FH_ERR_SIGNATURE: it is not (of any other
 * length included).  FH_ERR_FORMAT: KEY is none.  FH_ERR_CRYPTO: could not tell.  */
fh_err fh_cosigner_check(enum fh_cosigner a, struct fh_span key, struct fh_span message,
			 struct fh_span signature);

#endif
