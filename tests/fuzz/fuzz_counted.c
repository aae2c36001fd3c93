/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "entry/counted.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* What an entry says of counted refusals is written back as the same bytes, or refused.  */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	uint8_t room[FH_COUNTED_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_span s = fh_span_of(bytes, n);
	struct fh_counted c;

	if (fh_counted_read(s, &c) != FH_ERR_OK)
		return 0;
	fh_counted_put(&b, &c);
	if (b.bad || !fh_span_equal(fh_builder_span(&b), s))
		abort();
	return 0;
}
