/* SPDX-License-Identifier: Apache-2.0 */
/* A file of certificates: the first is appraised as an endorsement key's, with the
 * rest beside it, against those of them that may be roots.  */
#include <stdlib.h>

#include "base/own.h"
#include "crypto/x509_ek.h"
#include "evidence/certificates.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

constexpr size_t certificates_max = 8;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static uint8_t room[64 << 10];
	FH_OWN(fh_x509_roots) roots = { 0 };
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_span der[certificates_max];
	struct fh_x509_facts facts;
	struct fh_ek_result result;
	struct fh_trace t = { 0 };
	size_t found;

	if (fh_certificates_read(fh_span_of(bytes, n), &b, der, certificates_max, &found, &t)
	    != FH_ERR_OK)
		return 0;
	for (size_t i = 0; i < found; i++)
		(void)!fh_x509_describe(der[i], &facts);
	size_t beside = found - 1;

	if (fh_x509_roots_new(der + 1, beside, &roots, &t) != FH_ERR_OK) {
		beside = 0;
		if (fh_x509_roots_new(nullptr, 0, &roots, nullptr) != FH_ERR_OK)
			abort();
	}
	const struct fh_ek_claim claim = {
		.certificate = der[0],
		.links = der + 1,
		.links_n = beside,
		.at_ms = UINT64_C(1800000000000),
	};

	if (fh_ek_appraise(&roots, &claim, &result) != FH_ERR_OK)
		return 0;
	if (result.answer == FH_ANSWER_YES && roots.anchors == 0)
		abort();
	return 0;
}
