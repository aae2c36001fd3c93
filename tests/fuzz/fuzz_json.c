/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever JSON is accepted becomes deterministic CBOR, comes back as JSON, and
 * that becomes the same CBOR again.  */
#include "codec/cbor.h"
#include "codec/json.h"

#include <stdlib.h>

constexpr size_t input_max = 65536;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static alignas(16) uint8_t memory[100 * input_max];
	static uint8_t first[4 * input_max], second[4 * input_max], text[6 * input_max];
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	struct fh_builder one = FH_BUILDER_ARRAY(first), two = FH_BUILDER_ARRAY(second);
	struct fh_builder json = FH_BUILDER_ARRAY(text);
	struct fh_trace t;

	if (n > input_max || fh_json_to_cbor(fh_span_of(bytes, n), &a, &one, &t) != FH_ERR_OK)
		return 0;
	if (fh_cbor_check(fh_builder_span(&one)) != FH_ERR_OK ||
	    fh_json_from_cbor(fh_builder_span(&one), &json) != FH_ERR_OK)
		abort();
	if (fh_json_to_cbor(fh_builder_span(&json), &a, &two, nullptr) != FH_ERR_OK ||
	    !fh_span_equal(fh_builder_span(&one), fh_builder_span(&two)))
		abort();
	return 0;
}
