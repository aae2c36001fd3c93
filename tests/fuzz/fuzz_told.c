/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "entry/told.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* What an outcome says of progress is written back as the same bytes, or refused.  */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	uint8_t room[FH_TOLD_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_span s = fh_span_of(bytes, n);
	const struct fh_fields f = { { { .id = FH_FIELD_DETAIL, .value = s } }, 1 };
	struct fh_told t;

	if (fh_told_read(&f, &t) != FH_ERR_OK)
		return 0;
	fh_told_put(&b, &t);
	if (b.bad || !fh_span_equal(fh_builder_span(&b), s))
		abort();
	return 0;
}
