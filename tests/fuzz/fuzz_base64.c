/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 is canonical: what is read is written back as the same text.  */
#include "codec/base64.h"

#include <stdlib.h>

constexpr size_t input_max = 65536;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static uint8_t decoded[input_max], encoded[input_max + 4];
	struct fh_span in = fh_span_of(bytes, n > input_max ? input_max : n);
	struct fh_builder d = FH_BUILDER_ARRAY(decoded), e = FH_BUILDER_ARRAY(encoded);
	size_t size = 0;

	if (fh_base64_read(in, &d) == FH_ERR_OK) {
		fh_base64_put(&e, fh_builder_span(&d));
		if (!fh_span_equal(fh_builder_span(&e), in) ||
		    fh_base64_size(in, &size) != FH_ERR_OK || size != d.n)
			abort();
	}
	d.n = e.n = 0;
	if (fh_base64url_read(in, &d) == FH_ERR_OK) {
		fh_base64url_put(&e, fh_builder_span(&d));
		if (!fh_span_equal(fh_builder_span(&e), in))
			abort();
	}
	return 0;
}
