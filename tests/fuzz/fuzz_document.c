/* SPDX-License-Identifier: Apache-2.0 */
/* A document that is read can be written, and the same is read again.  */
#include "evidence/document.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static uint8_t memory[1 << 20], room[1 << 20], again[1 << 20];
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	struct fh_builder b = FH_BUILDER_ARRAY(room), c = FH_BUILDER_ARRAY(again);
	struct fh_document d, back;
	struct fh_jws j;

	(void)!fh_jws_read(fh_span_of(bytes, n), FH_DOCUMENT_HEADER, &j);
	if (fh_document_read(fh_span_of(bytes, n), &a, &d) != FH_ERR_OK)
		return 0;
	fh_document_put(&b, &d);
	a = fh_arena_of(memory, sizeof(memory));
	if (b.bad)
		return 0;
	/* D looks into the arena that is read into again: it is not used any more.  */
	if (fh_document_read(fh_builder_span(&b), &a, &back) != FH_ERR_OK)
		abort();
	fh_document_put(&c, &back);
	if (!fh_span_equal(fh_builder_span(&b), fh_builder_span(&c)))
		abort();
	return 0;
}
