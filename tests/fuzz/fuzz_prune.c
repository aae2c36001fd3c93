/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "entry/pruned.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* What a prune entry says, and a stub, are written back as the same bytes, or refused.  */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	uint8_t room[FH_PRUNE_MAX + FH_STUB_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_span s = fh_span_of(bytes, n);
	struct fh_sealed sealed;
	struct fh_stubs stubs;
	struct fh_prune p;

	if (fh_prune_read(s, &p) == FH_ERR_OK) {
		fh_prune_put(&b, &p);
		if (b.bad || !fh_span_equal(fh_builder_span(&b), s))
			abort();
	}
	if (fh_sealed_read(s, &sealed) != FH_ERR_OK || !sealed.pruned)
		return 0;
	b.n = 0;
	fh_stub_put(&b, &sealed);
	if (b.bad || b.n > FH_STUB_MAX || !fh_span_equal(fh_builder_span(&b), s))
		abort();
	fh_stubs_begin(&stubs);
	fh_stubs_add(&stubs, 7, &sealed);
	const struct fh_stubs_sum sum = fh_stubs_sum(&stubs);
	const struct fh_prune of = { 0, 8, 8, 1, sum.names };

	if (!fh_prune_covers(&of, 0, 8, &sum))
		abort();
	return 0;
}
