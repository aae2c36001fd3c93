/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "entry/carried.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* What is read of the fold's field is written back as the same bytes.  */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	const struct fh_fields f = {
		.field = { { .id = FH_FIELD_FOLD, .value = fh_span_of(bytes, n) } }, .n = 1
	};
	static uint8_t room[FH_CARRIED_MAX + 32];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_carried c;

	if (fh_carried_read(&f, &c) != FH_ERR_OK)
		return 0;
	fh_carried_put(&b, &c);
	if (b.bad || !fh_span_equal(fh_builder_span(&b), fh_span_of(bytes, n)))
		abort();
	return 0;
}
