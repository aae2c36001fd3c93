/* SPDX-License-Identifier: Apache-2.0 */
/* The detail of an answer: what is read is written back as the same bytes.  */
#include <stdlib.h>

#include "entry/called.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const uint8_t none[] = { 0xa0 };
	uint8_t room[FH_CALLED_MAX];

	for (int shape = 0; shape < 4; shape++) {
		const bool arguments = (shape & 1) != 0, subject = (shape & 2) != 0;
		struct fh_builder b = FH_BUILDER_ARRAY(room);
		struct fh_called called = { 0 };
		struct fh_fields f = { 0 };

		if (arguments)
			f.field[f.n++] = (struct fh_field){ .id = FH_FIELD_ARGUMENTS,
							    .value = FH_SPAN_ARRAY(none) };
		f.field[f.n++] = (struct fh_field){ .id = FH_FIELD_DETAIL,
						    .value = fh_span_of(bytes, n) };
		if (subject)
			f.field[f.n++] = (struct fh_field){ .id = FH_FIELD_SUBJECT,
							    .value = FH_SPAN_ARRAY(none) };
		if (fh_called_read(&f, &called) != FH_ERR_OK)
			continue;
		bool whole = called.call.n > 0 && called.function.n > 0;

		fh_called_put(&b, &called);
		if (!fh_span_equal(fh_builder_span(&b), fh_span_of(bytes, n))
		    || (called.unreadable.n == 0) != arguments || (arguments && !subject)
		    || (subject && !whole) || called.call.n + called.function.n == 0)
			abort();
	}
	return 0;
}
