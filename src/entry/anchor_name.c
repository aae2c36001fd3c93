/* SPDX-License-Identifier: Apache-2.0 */
#include "entry/anchor_name.h"

#include "base/decimal.h"

constexpr size_t digits = 20; /* of any number of entries */

static const char *const ends[] = {
	[FH_ANCHOR_NOTE] = ".note",
	[FH_ANCHOR_PROOF] = ".note.ots",
};

void fh_anchor_name_put(struct fh_builder *b, uint64_t size, enum fh_anchor_file which)
{
	uint8_t text[digits];

	for (size_t i = digits; i > 0; i--, size /= 10)
		text[i - 1] = (uint8_t)('0' + size % 10);
	fh_builder_bytes(b, FH_SPAN_ARRAY(text));
	fh_builder_text(b, ends[which]);
}

fh_err fh_anchor_name_read(struct fh_span name, uint64_t *size, enum fh_anchor_file *which)
{
	struct fh_span number = fh_span_first(name, digits), end = fh_span_skip(name, digits);
	bool proof = fh_span_equal(end, fh_span_str(ends[FH_ANCHOR_PROOF]));

	if (!proof && !fh_span_equal(end, fh_span_str(ends[FH_ANCHOR_NOTE])))
		return FH_ERR_FORMAT;
	/* Decimals have no zeros in front.  */
	while (number.n > 1 && number.p[0] == '0')
		number = fh_span_skip(number, 1);
	fh_err e = fh_decimal_read(number, size);

	if (e == FH_ERR_OK)
		*which = proof ? FH_ANCHOR_PROOF : FH_ANCHOR_NOTE;
	return e == FH_ERR_OK ? e : FH_ERR_FORMAT;
}
