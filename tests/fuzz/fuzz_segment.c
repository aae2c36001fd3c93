/* SPDX-License-Identifier: Apache-2.0 */
#include "entry/segment.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct fh_cursor c = fh_cursor_of(fh_span_of(bytes, n));
	enum fh_segment_frame type;
	struct fh_segment_head head;
	struct fh_batch batch;
	struct fh_stored stored;
	struct fh_span body;

	while (fh_segment_next(&c, &type, &body) == FH_ERR_OK && type != FH_SEGMENT_END) {
		(void)!fh_segment_head_read(body, &head);
		if (type != FH_SEGMENT_BATCH || fh_batch_read(body, &batch) != FH_ERR_OK)
			continue;
		while (fh_batch_next(&batch, &stored) == FH_ERR_OK)
			;
	}
	return 0;
}
