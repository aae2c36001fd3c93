/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a fold.  What can be read is written again as the very same bytes.  */
#include <stddef.h>
#include <stdlib.h>

#include "state/fold.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static _Alignas(max_align_t) uint8_t memory[FH_FOLD_ARENA], scratch[FH_FOLD_SCRATCH];
	static uint8_t room[1 << 20];
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	struct fh_arena working = fh_arena_of(scratch, sizeof(scratch));
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_span text = fh_span_of(bytes, n);
	struct fh_fold fold;

	if (n > sizeof(room))
		return 0;
	if (fh_fold_begin(&a, &fold) != FH_ERR_OK)
		abort();
	fh_err e = fh_fold_read(text, &fold);

	if (e != FH_ERR_OK && e != FH_ERR_FORMAT && e != FH_ERR_LIMIT)
		abort();
	if (e != FH_ERR_OK)
		return 0;
	if (fh_fold_put(&fold, &working, &b) != FH_ERR_OK)
		abort();
	struct fh_span written = fh_builder_span(&b);

	/* What versions before wrote differs in its head, and ends where the veil would come.  */
	if (!fh_fold_text_is_veiled(text)) {
		written = fh_span_skip(fh_span_first(written, text.n), 1);
		text = fh_span_skip(text, 1);
	}
	if (!fh_span_equal(written, text))
		abort();
	return 0;
}
