/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "chain/lease.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* What is read is written back as the same bytes.  */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static uint8_t room[FH_LEASE_FILE_MAX];
	uint8_t payload[FH_LEASE_PAYLOAD_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(room), p = FH_BUILDER_ARRAY(payload);
	struct fh_span s = fh_span_of(bytes, n);
	struct fh_lease_file f;
	struct fh_trace t = { 0 };

	if (fh_lease_file_read(s, &f, &t) != FH_ERR_OK)
		return 0;
	if (!fh_lease_file_is(s))
		abort();
	fh_lease_put(&p, &f.lease);
	fh_envelope_put(&b, fh_builder_span(&p), f.signature, f.signatures);
	if (!fh_span_equal(fh_builder_span(&b), s))
		abort();
	return 0;
}
