/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CRYPTO_HASH_H
#define FH_CRYPTO_HASH_H

#include "base/span.h"

/* SHA-256 (FIPS 180-4).  The context holds no pointers: copying it forks the
 * computation.  No call can fail.  */

constexpr size_t FH_HASH_SIZE = 32;

struct fh_hash {
	uint8_t bytes[FH_HASH_SIZE];
};

struct fh_sha256 {
	alignas(8) uint8_t state[128]; /* OpenSSL's context; size asserted in hash.c */
};

void fh_sha256_begin(struct fh_sha256 *s);
void fh_sha256_add(struct fh_sha256 *s, struct fh_span bytes);
/* The length of TEXT in 8 bytes, the highest first, and TEXT: so that no two lists of texts hash
 * alike.  */
void fh_sha256_add_text(struct fh_sha256 *s, struct fh_span text);
struct fh_hash fh_sha256_end(struct fh_sha256 *s);

/* SHA-256 of BYTES.  */
struct fh_hash fh_hash_of(struct fh_span bytes);

/* SHA-256 of the SHA-256 of BYTES, as Bitcoin hashes everything.  */
struct fh_hash fh_hash_twice(struct fh_span bytes);

static inline struct fh_span fh_hash_span(const struct fh_hash *h)
{
	return fh_span_of(h->bytes, FH_HASH_SIZE);
}

bool fh_hash_equal(const struct fh_hash *a, const struct fh_hash *b);

#endif
