/* SPDX-License-Identifier: Apache-2.0 */
/* Of each PCR that an image is about, either the value or the reason is said, never
 * both, and what is said is the same again.  */
#include "evidence/uki.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const unsigned about[] = { 4, 7, 9, 11, 12 };
	static struct fh_uki a, b;
	struct fh_uki_terms terms = { 0 };
	struct fh_span file = fh_span_of(bytes, n);

	if (fh_uki_predict(file, &terms, &a, nullptr) != FH_ERR_OK)
		return 0;
	if (fh_uki_predict(file, &terms, &b, nullptr) != FH_ERR_OK || a.events != b.events)
		abort();
	for (size_t i = 0; i < sizeof(about) / sizeof(about[0]); i++) {
		struct fh_digest x = fh_uki_pcr(&a, about[i], 1), y = fh_uki_pcr(&b, about[i], 1);

		if (a.predicted[about[i]] == (a.unknown[about[i]] != nullptr) ||
		    !fh_span_equal(fh_digest_span(&x), fh_digest_span(&y)))
			abort();
	}
	return 0;
}
