/* SPDX-License-Identifier: Apache-2.0 */
/* What is read as a transaction has its commitment where it says, and loses nothing but
 * the witness.  The first 32 bytes are the commitment.  */
#include "stamp/transaction.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static alignas(16) uint8_t memory[1 << 20];
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	struct fh_hash commitment;
	struct fh_transaction x, again;
	struct fh_stamp *at, *out;

	if (n < FH_HASH_SIZE)
		return 0;
	memcpy(commitment.bytes, bytes, FH_HASH_SIZE);
	if (fh_transaction_read(fh_span_skip(fh_span_of(bytes, n), FH_HASH_SIZE), &commitment, &a,
				&x, nullptr) != FH_ERR_OK)
		return 0;
	if (fh_transaction_read(x.bytes, &commitment, &a, &again, nullptr) != FH_ERR_OK ||
	    !fh_span_equal(x.bytes, again.bytes) || !fh_hash_equal(&x.id, &again.id) ||
	    fh_stamp_begin(fh_hash_span(&commitment), &a, &at) != FH_ERR_OK ||
	    fh_transaction_path(at, &x, &a, &out) != FH_ERR_OK ||
	    !fh_span_equal(out->message, fh_hash_span(&x.id)))
		abort();
	return 0;
}
