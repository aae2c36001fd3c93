/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "entry/receipt.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* What is read has one encoding: a receipt, and the signed root that it is made from.  */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static uint8_t room[FH_RECEIPT_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_span in = fh_span_of(bytes, n);
	struct fh_signed_root s;
	struct fh_receipt r;

	if (fh_receipt_read(in, &r) == FH_ERR_OK) {
		fh_receipt_put(&b, &r);
		if (!fh_span_equal(fh_builder_span(&b), in))
			abort();
	}
	b.n = 0;
	if (fh_signed_root_read(in, &s) == FH_ERR_OK) {
		fh_signed_root_put(&b, &s);
		if (!fh_span_equal(fh_builder_span(&b), in))
			abort();
	}
	return 0;
}
