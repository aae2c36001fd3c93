/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever is accepted as CBOR stays the same through its readers.  */
#include "codec/cbor.h"
#include "codec/cose.h"
#include "codec/lookup.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct fh_span in = fh_span_of(bytes, n);
	struct fh_cursor c = fh_cursor_of(in);

	if (fh_cbor_check(in) != FH_ERR_OK)
		return 0;
	if (!fh_span_equal(fh_cbor_item(&c), in))
		abort();
	if (fh_cbor_pointer(in, FH_SPAN_LIT("/a/0")).n > n || fh_cbor_map_get(in, "a").n > n)
		abort();
	return 0;
}
