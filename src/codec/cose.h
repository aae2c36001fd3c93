/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CODEC_COSE_H
#define FH_CODEC_COSE_H

#include "codec/cbor.h"
#include "crypto/signature.h"

/* COSE (RFC 9052) with ML-DSA-65 (RFC 9964, alg -49), detached payload, and
 * external_aad naming the purpose, so that the first bytes of what is signed
 * tell what it is for (docs/spec/KEYS).  */

constexpr uint64_t FH_COSE_SIGN_TAG = 98;
constexpr uint64_t FH_COSE_SIGN1_TAG = 18;
constexpr int64_t FH_COSE_ML_DSA_65 = -49;

/* What one signer of a COSE_Sign signs (RFC 9052 section 4.4):
 * ["Signature", h'', h'A1013830', external_aad, payload].  The per-signer
 * protected header is {1: -49}; the key id travels unprotected as {4: kid}.  */
void fh_cose_put_signed(struct fh_builder *b, struct fh_span aad, struct fh_span payload);

/* What the signer of a COSE_Sign1 signs:
 * ["Signature1", h'A1013830', external_aad, payload].  */
void fh_cose_put_signed1(struct fh_builder *b, struct fh_span aad, struct fh_span payload);

/* One signature of a COSE_Sign.  */
struct fh_cose_signature {
	struct fh_hash key_id;    /* SHA-256 of the public key */
	struct fh_span signature; /* 3309 bytes */
};

/* Writes / reads the tagged COSE_Sign with nil payload: signatures in strictly
 * rising order of key id, at least one, at most MAX (FH_ERR_LIMIT).  What follows
 * on the cursor is the caller's.  */
void fh_cose_put_sign(struct fh_builder *b, const struct fh_cose_signature *s, size_t n);
fh_err fh_cose_read_sign(struct fh_cursor *c, struct fh_cose_signature *out, size_t max,
			 size_t *count);

/* Writes / reads the tagged COSE_Sign1 with nil payload, key id included.  */
void fh_cose_put_sign1(struct fh_builder *b, const struct fh_cose_signature *s);
fh_err fh_cose_read_sign1(struct fh_cursor *c, struct fh_cose_signature *out);

/* Size of what fh_cose_put_signed() writes beyond the payload, at most.  */
constexpr size_t FH_COSE_SIGNED_OVERHEAD = 128;

#endif
