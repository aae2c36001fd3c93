/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever is read as headers is written in one form, which reads as the same chain.
 * The first byte chooses the network.  */
#include "os/memory.h"
#include "stamp/headers.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static struct fh_arena a;
	struct fh_span in = fh_span_of(bytes, n), out;
	struct fh_headers h, again;
	struct fh_header_place tip, same;

	if (a.p == nullptr && fh_arena_map(64 << 20, &a) != FH_ERR_OK)
		return 0;
	fh_arena_reset(&a);
	if (n == 0 || n > 1 << 16 ||
	    fh_headers_read(fh_span_skip(in, 1), (enum fh_network)(bytes[0] % FH_NETWORKS), &a, &h,
			    nullptr) != FH_ERR_OK)
		return 0;
	if (!fh_headers_tip(&h, &tip))
		return 0; /* none has a height */

	size_t size = fh_headers_put_size(&h);
	struct fh_builder b = fh_builder_of(fh_arena_take(&a, size), size);

	fh_headers_put(&b, &h);
	if (fh_builder_end(&b, &out) != FH_ERR_OK ||
	    fh_headers_read(out, h.network, &a, &again, nullptr) != FH_ERR_OK ||
	    !fh_headers_tip(&again, &same) || same.height != tip.height ||
	    !fh_hash_equal(&same.header.hash, &tip.header.hash))
		abort();
	return 0;
}
