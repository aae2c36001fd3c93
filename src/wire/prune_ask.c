/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/prune_ask.h"

#include "base/decimal.h"
#include "codec/cbor.h"

#define VERB "prune "

struct fh_entity_uid fh_prune_ask_action(void)
{
	return fh_entity_uid_of(FH_TYPE_ACTION, FH_SPAN_LIT(FH_ACTION_RECORD_PRUNE));
}

bool fh_prune_ask_is(struct fh_span line)
{
	return fh_span_starts(line, FH_SPAN_LIT(VERB));
}

fh_err fh_prune_ask_parse(struct fh_span line, uint64_t *from)
{
	if (!fh_prune_ask_is(line))
		return FH_ERR_FORMAT;
	return fh_decimal_read(fh_span_skip(line, sizeof(VERB) - 1), from) == FH_ERR_OK
		       ? FH_ERR_OK : FH_ERR_FORMAT;
}

void fh_prune_ask_put_line(struct fh_builder *b, uint64_t from)
{
	fh_builder_text(b, VERB);
	fh_builder_decimal(b, from);
}

void fh_prune_ask_put(struct fh_builder *b, uint64_t from)
{
	fh_cbor_put_map(b, 1);
	fh_cbor_put_text(b, FH_SPAN_LIT("from"));
	fh_cbor_put_uint(b, from);
}

fh_err fh_prune_ask_read(struct fh_span params, uint64_t *from)
{
	struct fh_cursor c = fh_cursor_of(params);

	fh_cbor_map_exact(&c, 1);
	if (!fh_span_equal(fh_cbor_text(&c, sizeof("from") - 1), FH_SPAN_LIT("from")))
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	uint64_t v = fh_cbor_uint(&c);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*from = v;
	return e;
}
