/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/own.h"
#include "crypto/openssl_private.h"

fh_err fh_openssl_digest(const char *method, struct fh_span bytes, size_t size, uint8_t *out)
{
	FH_OWN(fh_openssl) use = fh_openssl_begin();
	FH_OWN(fh_md) md = { EVP_MD_fetch(nullptr, method, nullptr) };
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (md.p == nullptr)
		return FH_ERR_UNSUPPORTED;
	if (EVP_Digest(bytes.p, bytes.n, digest, &n, md.p, nullptr) != 1 || n != size)
		return FH_ERR_CRYPTO;
	memcpy(out, digest, size);
	return FH_ERR_OK;
}
