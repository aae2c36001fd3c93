/* SPDX-License-Identifier: Apache-2.0 */
/* The operator key file as it is read before a passphrase opens it.  (Opening
 * would spend the time on Argon2id.)  */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "vault/operator_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct fh_operator_public public;
	struct fh_trace t = { 0 };

	if (fh_operator_key_peek(fh_span_of(bytes, n), &public, &t) != FH_ERR_OK)
		return 0;
	struct fh_hash id = fh_key_id(FH_SPAN_ARRAY(public.key.bytes));

	if (!fh_hash_equal(&id, &public.id))
		abort();
	return 0;
}
