/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "state/fold.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* The permitted intent [true, "", []].  */
static const uint8_t permitted[] = { 0x83, 0xf5, 0x60, 0x80 };

/* What is read is written back as the same bytes, and taken and given back at any time it
 * leaves the fold's sums right.  */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static _Alignas(max_align_t) uint8_t memory[FH_FOLD_ARENA];
	static uint8_t room[FH_EFFECT_MAX];
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_span s = fh_span_of(bytes, n);
	struct fh_leaf leaf = { .kind = FH_ENTRY_INTENT };
	struct fh_effect effect;
	struct fh_fold fold;

	if (fh_effect_read(s, &effect) != FH_ERR_OK)
		return 0;
	fh_effect_put(&b, &effect);
	if (!fh_span_equal(fh_builder_span(&b), s) || fh_fold_begin(&a, &fold) != FH_ERR_OK)
		abort();
	leaf.time.lo_ms = leaf.time.hi_ms = n > 40 ? (uint64_t)bytes[n - 1] << (bytes[20] % 56) : n;
	const struct fh_fields f = { .field = { { .id = FH_FIELD_DECISION,
						  .value = FH_SPAN_ARRAY(permitted) },
						{ .id = FH_FIELD_EFFECT, .value = s } },
				     .n = 2 };
	if (fh_fold_add(&fold, &leaf, &f) != (effect.opens ? FH_ERR_OK : FH_ERR_FORMAT))
		abort();
	for (size_t i = 0; effect.opens && i < effect.parts; i++) {
		const struct fh_effect_part *p = &effect.part[i];

		if (fh_fold_used(&fold, &p->budget, p->period_ms, leaf.time.lo_ms) != p->amount)
			abort();
	}
	return 0;
}
