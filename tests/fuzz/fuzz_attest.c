/* SPDX-License-Identifier: Apache-2.0 */
/* What a TPM signs, and its signatures, by a key of either kind.  */
#include <stdlib.h>

#include "evidence/attest.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const struct fh_tpm_key keys[] = { { .curve = FH_TPM_P256, .n = 32 }, { .n = 256 } };
	uint8_t room[4096];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_tpm_signature s;
	struct fh_attest a;

	for (int i = 0; i < 2; i++) {
		if (fh_tpm_signature_read(fh_span_of(bytes, n), &keys[i], &s) == FH_ERR_OK &&
		    s.n > sizeof(s.bytes))
			abort();
	}
	if (fh_attest_read(fh_span_of(bytes, n), &a) != FH_ERR_OK)
		return 0;
	if (a.select.n > FH_TPM_SELECTIONS_MAX || a.extra.n > FH_TPM_EXTRA_MAX ||
	    !fh_pcr_selection_equal(&a.select, &a.select))
		abort();
	fh_pcr_selection_describe(&b, &a.select);
	return 0;
}
