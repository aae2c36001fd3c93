/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "verify/proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* A bundle; what is read of version 2 has one encoding.  The file around it goes through
 * fuzz_record, which judges both.  */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static struct fh_bundle u;
	struct fh_span in = fh_span_of(bytes, n);
	struct fh_proof_file file;

	(void)!fh_proof_file_read(in, &file);
	if (fh_bundle_read(in, &u) != FH_ERR_OK || n < 2 || bytes[1] != FH_BUNDLE_VERSION)
		return 0;
	struct fh_builder b = fh_builder_of(malloc(n), n);

	fh_bundle_put(&b, &u);
	if (!fh_span_equal(fh_builder_span(&b), in))
		abort();
	free(b.p);
	return 0;
}
