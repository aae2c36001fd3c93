/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever is read as a checkpoint is written back as the same bytes.  */
#include "merkle/checkpoint.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	uint8_t room[FH_CHECKPOINT_TEXT_MAX];
	struct fh_span in = fh_span_of(bytes, n);
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_checkpoint c;

	if (fh_checkpoint_parse(in, &c) != FH_ERR_OK)
		return 0;
	fh_checkpoint_put_text(&b, &c);
	if (!fh_span_equal(fh_builder_span(&b), in))
		abort();
	return 0;
}
