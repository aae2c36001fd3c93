/* SPDX-License-Identifier: Apache-2.0 */
/* Apart from the plain banks' own, so that a program which needs no others (the
 * initramfs has one) is linked without OpenSSL's providers.  */
#include "crypto/bank.h"

#include <string.h>

#include "base/own.h"
#include "crypto/openssl_private.h"

/* What OpenSSL calls a bank that is not plain.  */
static const char *method_of(enum fh_bank bank)
{
	switch (bank) {
	case FH_BANK_SM3_256:
		return "SM3";
	case FH_BANK_SHA3_256:
		return "SHA3-256";
	case FH_BANK_SHA3_384:
		return "SHA3-384";
	case FH_BANK_SHA3_512:
		return "SHA3-512";
	default:
		return "";
	}
}

bool fh_bank_available(enum fh_bank bank)
{
	FH_OWN(fh_openssl) use = fh_openssl_begin();

	if (fh_bank_is_plain(bank))
		return true;
	FH_OWN(fh_md) md = { EVP_MD_fetch(nullptr, method_of(bank), nullptr) };

	return md.p != nullptr;
}

struct fh_digest fh_bank_digest(enum fh_bank bank, struct fh_span bytes)
{
	struct fh_digest d = { 0 };
	struct fh_bank_hash h;

	if (fh_bank_is_plain(bank)) {
		fh_bank_hash_begin(&h, bank);
		fh_bank_hash_add(&h, bytes);
		return fh_bank_hash_end(&h);
	}
	if (fh_openssl_digest(method_of(bank), bytes, fh_bank_size(bank), d.bytes) == FH_ERR_OK)
		d.n = (uint8_t)fh_bank_size(bank);
	return d;
}

void fh_bank_extend(enum fh_bank bank, struct fh_digest *pcr, struct fh_span digest)
{
	uint8_t both[2 * FH_DIGEST_MAX];
	size_t n = pcr->n + digest.n;

	if (pcr->n == 0)
		return; /* could not be computed before */
	memcpy(both, pcr->bytes, pcr->n);
	if (digest.n > 0)
		memcpy(both + pcr->n, digest.p, digest.n);
	*pcr = fh_bank_digest(bank, fh_span_of(both, n));
}
