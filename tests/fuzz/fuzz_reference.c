/* SPDX-License-Identifier: Apache-2.0 */
/* A reference never differs from itself.  */
#include "evidence/reference.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static uint8_t memory[32 << 20];
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	struct fh_reference_diff d;
	struct fh_reference r;

	if (fh_reference_read(fh_span_of(bytes, n), "input", &a, &r, nullptr) != FH_ERR_OK)
		return 0;
	if (fh_reference_compare(&r, &r, &d) != FH_ERR_OK)
		return 0; /* no bank that is known */
	if (d.pcrs != 0 || d.unknown != 0)
		abort();
	for (unsigned c = 0; c < FH_COMPONENT_COUNT; c++) {
		if (d.component[c].how != FH_SAME)
			abort();
	}
	return 0;
}
