/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/hash.h"

#include <openssl/sha.h>

#include "base/builder.h"

/* The low-level calls are deprecated in favour of EVP, but EVP allocates for
 * each message and these neither allocate nor fail; a record is verified at
 * millions of hashes per second.  They use the processor's SHA instructions
 * just the same.  */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

static_assert(sizeof(SHA256_CTX) <= sizeof(struct fh_sha256));
static_assert(alignof(SHA256_CTX) <= alignof(struct fh_sha256));

static SHA256_CTX *context_of(struct fh_sha256 *s)
{
	return (SHA256_CTX *)(void *)s->state;
}

void fh_sha256_begin(struct fh_sha256 *s)
{
	SHA256_Init(context_of(s));
}

void fh_sha256_add(struct fh_sha256 *s, struct fh_span bytes)
{
	if (bytes.n > 0)
		SHA256_Update(context_of(s), bytes.p, bytes.n);
}

void fh_sha256_add_text(struct fh_sha256 *s, struct fh_span text)
{
	uint8_t length[8];
	struct fh_builder b = FH_BUILDER_ARRAY(length);

	fh_builder_be64(&b, text.n);
	fh_sha256_add(s, fh_builder_span(&b));
	fh_sha256_add(s, text);
}

struct fh_hash fh_sha256_end(struct fh_sha256 *s)
{
	struct fh_hash h;

	SHA256_Final(h.bytes, context_of(s));
	return h;
}

struct fh_hash fh_hash_of(struct fh_span bytes)
{
	struct fh_sha256 s;

	fh_sha256_begin(&s);
	fh_sha256_add(&s, bytes);
	return fh_sha256_end(&s);
}

struct fh_hash fh_hash_twice(struct fh_span bytes)
{
	struct fh_hash once = fh_hash_of(bytes);

	return fh_hash_of(fh_hash_span(&once));
}

bool fh_hash_equal(const struct fh_hash *a, const struct fh_hash *b)
{
	return fh_span_equal(fh_hash_span(a), fh_hash_span(b));
}
