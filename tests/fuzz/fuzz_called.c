/* SPDX-License-Identifier: Apache-2.0 */
/* The detail of an answer: what is read is written back as the same bytes.  */
#include <stdlib.h>

#include "entry/called.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const uint8_t none[] = { 0xa0 };
	uint8_t room[FH_CALLED_MAX];

	/* With arguments, and without.  */
	for (size_t fields = 1; fields <= 2; fields++) {
		struct fh_builder b = FH_BUILDER_ARRAY(room);
		struct fh_called called = { 0 };
		struct fh_fields f = { .n = fields, .field = {
			{ .id = FH_FIELD_ARGUMENTS, .value = FH_SPAN_ARRAY(none) } } };

		f.field[fields - 1] = (struct fh_field){ .id = FH_FIELD_DETAIL,
							 .value = fh_span_of(bytes, n) };
		if (fh_called_read(&f, &called) != FH_ERR_OK)
			continue;
		fh_called_put(&b, &called);
		if (!fh_span_equal(fh_builder_span(&b), fh_span_of(bytes, n))
		    || (called.unreadable.n == 0) != (fields == 2))
			abort();
	}
	return 0;
}
