/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/legacy.h"

#include <openssl/ripemd.h>

#include "crypto/openssl_private.h"

/* EVP has RIPEMD-160 in the legacy provider only, which is a module to be loaded
 * from a directory; the low-level call is in the library itself, and allocates
 * nothing.  */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

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
	return fh_openssl_digest("KECCAK-256", bytes, FH_KECCAK256_SIZE, out);
}
