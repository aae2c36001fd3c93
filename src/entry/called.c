/* SPDX-License-Identifier: Apache-2.0 */
#include "entry/called.h"

#include "codec/cbor.h"

void fh_called_put(struct fh_builder *b, const struct fh_called *c)
{
	bool readable = c->unreadable.n == 0;

	fh_cbor_put_map(b, readable ? 2 : 3);
	fh_cbor_put_text(b, FH_SPAN_LIT("call"));
	fh_cbor_put_text(b, c->call);
	if (!readable) {
		fh_cbor_put_text(b, FH_SPAN_LIT("text"));
		fh_cbor_put_text(b, c->unreadable);
	}
	fh_cbor_put_text(b, FH_SPAN_LIT("function"));
	fh_cbor_put_text(b, c->function);
}

/* The text under NAME, which comes next and is not empty.  */
static struct fh_span text(struct fh_cursor *c, const char *name, size_t max)
{
	fh_cbor_name(c, name);
	struct fh_span value = fh_cbor_text(c, max);

	if (value.n == 0)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	return value;
}

fh_err fh_called_read(const struct fh_fields *f, struct fh_called *out)
{
	const struct fh_field *detail = fh_fields_get(f, FH_FIELD_DETAIL);
	struct fh_called called = { 0 };

	if (detail == nullptr)
		return FH_ERR_MISSING;
	struct fh_cursor c = fh_cursor_of(detail->value);
	size_t n = fh_cbor_map(&c, 3);

	called.call = text(&c, "call", FH_FUNCTION_CALL_ID_MAX);
	if (n == 3)
		called.unreadable = text(&c, "text", FH_TRACE_TEXT_MAX);
	called.function = text(&c, "function", FH_NAME_MAX);
	if (fh_cursor_end(&c) != FH_ERR_OK || n < 2
	    || (fh_fields_get(f, FH_FIELD_ARGUMENTS) != nullptr) != (called.unreadable.n == 0))
		return FH_ERR_FORMAT;
	*out = called;
	return FH_ERR_OK;
}
