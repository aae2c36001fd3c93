/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CODEC_JOSE_H
#define FH_CODEC_JOSE_H

#include "base/builder.h"
#include "crypto/signature.h"

/* JOSE (RFC 7515, 7517) with ML-DSA-65 (RFC 9964): keys of type AKP, and signed
 * things in the flattened JSON form.  Every protected header is one fixed text per
 * purpose, so that the first bytes of what is signed tell what it is for
 * (docs/spec/KEYS).  */

/* {"kty":"AKP","alg":"ML-DSA-65","kid":hex of the key id,"pub":...}  */
void fh_jwk_put(struct fh_builder *b, struct fh_span public_key);

/* The key of the JWK TEXT into *OUT: exactly these members, the kid right.  */
fh_err fh_jwk_read(struct fh_span text, struct fh_public_key *out);

/* What is signed: base64url of the protected header, ".", base64url of the payload
 * (RFC 7515 section 5.1), here given as ENCODED.  */
void fh_jws_put_signed(struct fh_builder *b, const char *protected_header,
		       struct fh_span encoded);

/* A signed thing: {"payload":...,"protected":...,"header":{"certificate":...},
 * "signature":...}.  All three are base64url.  */
struct fh_jws {
	struct fh_span payload;
	struct fh_span certificate; /* of the key that signed */
	struct fh_span signature;
};
void fh_jws_put(struct fh_builder *b, const char *protected_header, const struct fh_jws *j);

/* Reads it; members may stand in any order.  FH_ERR_UNSUPPORTED if the protected
 * header is not PROTECTED_HEADER.  The signature is not checked yet.  */
fh_err fh_jws_read(struct fh_span text, const char *protected_header, struct fh_jws *out);

#endif
