/* SPDX-License-Identifier: Apache-2.0 */
/* A public key in any of its forms.  What was read as an area is the same with its
 * size before it, and is a key that a verifier takes or refuses.  */
#include <stdlib.h>

#include "base/builder.h"
#include "base/own.h"
#include "evidence/tpm_public.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static uint8_t room[FH_TPM_PUBLIC_MAX + 2];
	FH_OWN(fh_tpm_verifier) key = { 0 };
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_tpm_public p, again;
	struct fh_span area = fh_span_of(bytes, n);

	if (fh_tpm_public_read_any(area, &p) != FH_ERR_OK)
		return 0;
	if (p.key.n > sizeof(p.key.x) || (p.area && p.name.n < 22))
		abort();
	(void)!fh_tpm_verifier_new(&p.key, &key);
	if (!p.area || n >= 0xffff || ((size_t)bytes[0] << 8 | bytes[1]) == n - 2)
		return 0;
	fh_builder_be16(&b, (uint16_t)n);
	fh_builder_bytes(&b, area);
	if (fh_tpm_public_read(fh_builder_span(&b), &again) != FH_ERR_OK ||
	    !fh_tpm_key_equal(&p.key, &again.key) ||
	    !fh_span_equal(fh_tpm_name_span(&p.name), fh_tpm_name_span(&again.name)))
		abort();
	return 0;
}
