/* SPDX-License-Identifier: Apache-2.0 */
/* What core hears from a gate, and a gate from core.  What is read is written
 * back to the same bytes: there is one encoding.  */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "role/ask.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

constexpr size_t input_max = 64 << 10;

static void demand_same(const struct fh_builder *b, struct fh_span frame)
{
	if (!fh_span_equal(fh_builder_span(b), frame))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static uint8_t memory[input_max];
	struct fh_span frame = fh_span_of(bytes, n);
	struct fh_builder b = fh_builder_of(memory, sizeof(memory));
	struct fh_ask a;
	struct fh_reply r;

	if (n > input_max)
		return 0;
	if (fh_ask_read(frame, &a) == FH_ERR_OK) {
		fh_ask_put(&b, &a);
		demand_same(&b, frame);
	}
	b = fh_builder_of(memory, sizeof(memory));
	if (fh_reply_read(frame, &r) == FH_ERR_OK) {
		fh_reply_put(&b, &r);
		demand_same(&b, frame);
	}
	return 0;
}
