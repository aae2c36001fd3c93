/* SPDX-License-Identifier: Apache-2.0 */
/* A file of PCR values, read as if PCR 0, 7 and 16 of the SHA-256 bank were quoted.  */
#include <stdlib.h>

#include "evidence/pcr_values.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const struct fh_pcr_selection quoted = { 1, { { FH_BANK_SHA256, 0x10081 } } };
	struct fh_pcr_values v;
	size_t found = 0;

	if (fh_pcr_values_read(fh_span_of(bytes, n), &quoted, &v) != FH_ERR_OK)
		return 0;
	if (v.n != fh_pcr_selection_count(&v.select))
		abort();
	for (size_t i = 0; i < FH_BANKS; i++) {
		for (unsigned pcr = 0; pcr < FH_PCRS_MAX; pcr++) {
			struct fh_span value = fh_pcr_values_find(&v, fh_banks[i], pcr);

			if (value.n != 0 && value.n != fh_bank_size(fh_banks[i]))
				abort();
			found += value.n != 0;
		}
	}
	/* A bank that is selected twice is found once.  */
	if (found > v.n)
		abort();
	(void)fh_pcr_values_digest(&v, FH_BANK_SHA256);
	return 0;
}
