/* SPDX-License-Identifier: Apache-2.0 */
/* What an asker of a quote may say: whatever is taken becomes one item for core.  */
#include "codec/cbor.h"
#include "role/gate.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static struct fh_gate gate;
	uint8_t room[FH_GATE_QUESTION_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(room);
	uint16_t status = 0;

	gate.authorities.name[0] = FH_SPAN_LIT("h:1");
	gate.authorities.names = 1;
	const char *why = fh_gate_quote_read(&gate, fh_span_of(bytes, n), &b, &status);

	if (why != nullptr && status < 400)
		abort();
	if (why == nullptr && (b.bad || fh_cbor_check(fh_builder_span(&b)) != FH_ERR_OK))
		abort();
	return 0;
}
