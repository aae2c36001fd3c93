/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CRYPTO_X509_H
#define FH_CRYPTO_X509_H

#include "base/span.h"
#include "freehold/error.h"

/* What an X.509 certificate (RFC 5280) says, believed by nobody: whether it is
 * to be believed, its chain decides.  */

/* The kinds of key that TPMs are endorsed by.  Part of formats: append.  */
enum fh_x509_kind {
	FH_X509_P256 = 1,    /* an uncompressed point (SEC 1), 65 bytes */
	FH_X509_RSA2048 = 2, /* a modulus, 256 bytes; the exponent is 65537 */
};

constexpr size_t FH_X509_KEY_MAX = 256;

struct fh_x509_key {
	enum fh_x509_kind kind;
	uint8_t bytes[FH_X509_KEY_MAX]; /* zero beyond n */
	size_t n;                       /* 65 or 256, by the kind */
};

static inline struct fh_span fh_x509_key_span(const struct fh_x509_key *k)
{
	return fh_span_of(k->bytes, k->n);
}

/* Same kind, same key.  */
bool fh_x509_key_equal(const struct fh_x509_key *a, const struct fh_x509_key *b);

/* The key that CERTIFICATE, DER without anything behind it, certifies.
 * FH_ERR_FORMAT if it is no certificate, FH_ERR_UNSUPPORTED for a key of
 * another kind.  */
fh_err fh_x509_public_key(struct fh_span certificate, struct fh_x509_key *out);

#endif
