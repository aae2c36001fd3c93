/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "entry/recovery.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* What is read is written back as the same bytes but for the tag, which another key makes.  */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const struct fh_secret key = { .bytes = { 0x55 }, .n = FH_RECOVERY_EPOCH_KEY_SIZE };
	uint8_t room[FH_RECOVERY_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	struct fh_span s = fh_span_of(bytes, n);
	struct fh_recovery_slot slot;

	(void)!fh_recovery_check(s, &key);
	if (fh_recovery_read(s, &slot) != FH_ERR_OK)
		return 0;
	if (fh_recovery_put(&b, &slot, &key) != FH_ERR_OK || b.n != n
	    || !fh_span_equal(fh_span_first(fh_builder_span(&b), n - FH_HASH_SIZE),
			      fh_span_first(s, n - FH_HASH_SIZE)))
		abort();
	return 0;
}
