/* SPDX-License-Identifier: Apache-2.0 */
/* The file record/resume, with the checksum that the bytes should have.  What can be read is
 * written again as the very same bytes.  */
#include <stddef.h>
#include <stdlib.h>

#include "journal/resume.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static _Alignas(max_align_t) uint8_t memory[FH_RESUME_AUTHORITY_MAX * 8 + 4096];
	static uint8_t in[FH_RESUME_MAX], room[FH_RESUME_MAX];
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	struct fh_builder file = FH_BUILDER_ARRAY(in), b = FH_BUILDER_ARRAY(room);
	struct fh_span text = fh_span_of(bytes, n);
	struct fh_hash sum = fh_hash_of(text);
	struct fh_resume r;

	fh_builder_bytes(&file, text);
	fh_builder_bytes(&file, fh_hash_span(&sum));
	if (file.bad)
		return 0;
	fh_err e = fh_resume_read(fh_builder_span(&file), &a, &r);

	if (e != FH_ERR_OK && e != FH_ERR_FORMAT && e != FH_ERR_LIMIT)
		abort();
	if (e != FH_ERR_OK)
		return 0;
	if (r.size > r.state)
		abort();
	fh_resume_put(&b, &r);
	if (b.bad || !fh_span_equal(fh_builder_span(&b), fh_builder_span(&file)))
		abort();
	return 0;
}
