/* SPDX-License-Identifier: Apache-2.0 */
/* Paths are written back as they were read; entries lie within their bundle.  */
#include "merkle/tile.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	uint8_t room[64];
	struct fh_span in = fh_span_of(bytes, n), entry;
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_tile t;
	size_t sum = 0;

	for (unsigned i = 0; fh_bundle_entry(in, i, &entry) == FH_ERR_OK; i++)
		sum += 2 + entry.n;
	if (sum != 0 && sum != n)
		abort();
	if (fh_tile_parse_path(in, &t) != FH_ERR_OK)
		return 0;
	fh_tile_put_path(&b, &t);
	if (!fh_span_equal(fh_builder_span(&b), in))
		abort();
	return 0;
}
