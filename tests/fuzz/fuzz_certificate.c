/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "entry/certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static uint8_t room[FH_CERTIFICATE_MAX + 8192];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_certificate c;

	if (fh_certificate_read(fh_span_of(bytes, n), &c) != FH_ERR_OK)
		return 0;
	fh_certificate_put_payload(&b, &c);
	if (!(fh_span_equal(fh_builder_span(&b), c.payload)))
		abort();
	b.n = 0;
	fh_certificate_put(&b, c.payload, &c.device_id, c.signature);
	if (!(fh_span_equal(fh_builder_span(&b), fh_span_of(bytes, n))))
		abort();
	return 0;
}
