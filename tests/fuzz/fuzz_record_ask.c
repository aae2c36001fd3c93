/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "role/record_ask.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* A path below /record/, and the same as it crosses to core: what a path becomes is read
 * back, and what is read has one encoding.  */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	uint8_t room[256];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_span in = fh_span_of(bytes, n);
	struct fh_record_ask a, again;

	if (fh_record_ask_parse(in, &a) == FH_ERR_OK) {
		fh_record_ask_put(&b, &a);
		if (fh_record_ask_read(fh_builder_span(&b), &again) != FH_ERR_OK
		    || again.part != a.part || again.tile.index != a.tile.index
		    || again.tile.level != a.tile.level || again.tile.width != a.tile.width)
			abort();
	}
	b.n = 0;
	if (fh_record_ask_read(in, &a) == FH_ERR_OK) {
		fh_record_ask_put(&b, &a);
		if (!fh_span_equal(fh_builder_span(&b), in))
			abort();
	}
	return 0;
}
