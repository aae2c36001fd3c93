/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/legacy.h"

#include <openssl/ripemd.h>
#include <string.h>

#include "base/own.h"
#include "crypto/openssl_private.h"

/* EVP has RIPEMD-160 in the legacy provider only, which is a module to be loaded
 * from a directory; the low-level call is in the library itself, and allocates
 * nothing.  */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

/* An owned digest.  */
struct fh_md {
	EVP_MD *p;
};

static inline void fh_md_drop(struct fh_md *m)
{
	EVP_MD_free(m->p);
	m->p = nullptr;
}

void fh_ripemd160(struct fh_span bytes, uint8_t out[FH_RIPEMD160_SIZE])
{
	RIPEMD160_CTX c;

	RIPEMD160_Init(&c);
	if (bytes.n > 0)
		RIPEMD160_Update(&c, bytes.p, bytes.n);
	RIPEMD160_Final(out, &c);
}

fh_err fh_keccak256(struct fh_span bytes, uint8_t out[FH_KECCAK256_SIZE])
{
	FH_OWN(fh_openssl) use = fh_openssl_begin();
	FH_OWN(fh_md) md = { EVP_MD_fetch(nullptr, "KECCAK-256", nullptr) };
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (md.p == nullptr)
		return FH_ERR_UNSUPPORTED;
	if (EVP_Digest(bytes.p, bytes.n, digest, &n, md.p, nullptr) != 1 ||
	    n != FH_KECCAK256_SIZE)
		return FH_ERR_CRYPTO;
	memcpy(out, digest, FH_KECCAK256_SIZE);
	return FH_ERR_OK;
}
