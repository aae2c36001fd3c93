/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever is read as a proof is written in canonical form, which reads as itself, and
 * merging a proof with itself changes nothing.  */
#include "os/memory.h"
#include "stamp/stamp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static struct fh_span written(const struct fh_stamp_file *f, uint8_t *room, size_t size)
{
	struct fh_builder b = fh_builder_of(room, size);
	struct fh_span out;

	fh_stamp_put(&b, f);
	if (fh_builder_end(&b, &out) != FH_ERR_OK)
		abort();
	return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static uint8_t one[FH_STAMP_FILE_MAX], two[FH_STAMP_FILE_MAX];
	static struct fh_arena a;
	struct fh_stamp_file f, again;
	struct fh_stamp_claim *claim;
	size_t claims;

	if (a.p == nullptr && fh_arena_map(3 * FH_STAMP_MEMORY, &a) != FH_ERR_OK)
		return 0;
	fh_arena_reset(&a);
	if (fh_stamp_read(fh_span_of(bytes, n), &a, &f, nullptr) != FH_ERR_OK)
		return 0;

	struct fh_span first = written(&f, one, sizeof(one));

	if (first.n > n || fh_stamp_read(first, &a, &again, nullptr) != FH_ERR_OK ||
	    fh_stamp_merge(again.root, f.root, &a) != FH_ERR_OK ||
	    !fh_span_equal(written(&again, two, sizeof(two)), first) ||
	    fh_stamp_claims(f.root, &a, &claim, &claims) != FH_ERR_OK || claims == 0)
		abort();
	return 0;
}
