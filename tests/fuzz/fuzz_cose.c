/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever is read as COSE is written back as the same bytes.  */
#include "codec/cose.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void demand(const struct fh_builder *b, struct fh_span in, const struct fh_cursor *c)
{
	if (!fh_span_equal(fh_builder_span(b), fh_span_first(in, in.n - c->rest.n)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static uint8_t room[32768];
	struct fh_span in = fh_span_of(bytes, n);
	struct fh_cursor c = fh_cursor_of(in);
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_cose_signature s[8];
	size_t count;

	if (fh_cose_read_sign(&c, s, 8, &count) == FH_ERR_OK) {
		fh_cose_put_sign(&b, s, count);
		demand(&b, in, &c);
	}
	c = fh_cursor_of(in);
	if (fh_cose_read_sign1(&c, s) == FH_ERR_OK) {
		b.n = 0;
		fh_cose_put_sign1(&b, s);
		demand(&b, in, &c);
	}
	return 0;
}
