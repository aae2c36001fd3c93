/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "entry/field.h"
#include "entry/leaf.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* What is read is written back as the same bytes.  */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static uint8_t room[FH_PAYLOAD_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_span s = fh_span_of(bytes, n);
	struct fh_fields fields;
	struct fh_leaf leaf;

	if (fh_leaf_read(s, &leaf) == FH_ERR_OK) {
		fh_leaf_put(&b, &leaf);
		if (!(fh_span_equal(fh_builder_span(&b), s)))
			abort();
	}
	b.n = 0;
	if (fh_payload_read(s, &fields) == FH_ERR_OK) {
		fh_payload_put(&b, &fields);
		if (!(b.bad || fh_span_equal(fh_builder_span(&b), s)))
			abort();
		(void)fh_fields_root(&fields);
	}
	return 0;
}
