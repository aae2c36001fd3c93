/* SPDX-License-Identifier: Apache-2.0 */
/* An image that is read keeps its digest when what signing changes is changed, and
 * its sections lie inside the file.  */
#include "evidence/pe.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static uint8_t copy[1 << 16];
	struct fh_pe pe, again;
	struct fh_digest a, b;

	if (n > sizeof(copy) || fh_pe_read(fh_span_of(bytes, n), &pe, nullptr) != FH_ERR_OK)
		return 0;
	for (size_t i = 0; i < pe.sections; i++) {
		const struct fh_pe_section *s = &pe.section[i];

		if (s->bytes.n > 0 && (s->offset > n || s->bytes.n > n - s->offset))
			abort();
	}
	if (n > 0)
		memcpy(copy, bytes, n);
	memset(copy + pe.checksum, 0x5a, 4);
	if (fh_pe_read(fh_span_of(copy, n), &again, nullptr) != FH_ERR_OK)
		return 0; /* the checksum was something else as well */
	a = fh_pe_authenticode(&pe, FH_BANK_SHA256);
	b = fh_pe_authenticode(&again, FH_BANK_SHA256);
	if (!fh_span_equal(fh_digest_span(&a), fh_digest_span(&b)))
		abort();
	return 0;
}
