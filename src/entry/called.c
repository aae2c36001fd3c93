/* SPDX-License-Identifier: Apache-2.0 */
#include "entry/called.h"

#include "codec/cbor.h"

static void put(struct fh_builder *b, const char *name, struct fh_span value)
{
	if (value.n == 0)
		return;
	fh_cbor_put_text(b, fh_span_str(name));
	fh_cbor_put_text(b, value);
}

void fh_called_put(struct fh_builder *b, const struct fh_called *c)
{
	fh_cbor_put_map(b, (c->call.n > 0) + (c->unreadable.n > 0) + (c->function.n > 0));
	put(b, "call", c->call);
	put(b, "text", c->unreadable);
	put(b, "function", c->function);
}

/* The text under NAME, which is not empty, if that comes next of the *LEFT members; or empty.  */
static struct fh_span take(struct fh_cursor *c, size_t *left, const char *name, size_t max)
{
	struct fh_cursor ahead = *c;

	if (*left == 0 || !fh_span_equal(fh_cbor_text(&ahead, FH_NAME_MAX), fh_span_str(name)))
		return (struct fh_span){ 0 };
	struct fh_span value = fh_cbor_text(&ahead, max);

	*c = ahead;
	--*left;
	if (value.n == 0)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	return value;
}

fh_err fh_called_read_detail(const struct fh_fields *f, struct fh_called *out)
{
	const struct fh_field *detail = fh_fields_get(f, FH_FIELD_DETAIL);
	struct fh_called called = { 0 };

	if (detail == nullptr)
		return FH_ERR_MISSING;
	struct fh_cursor c = fh_cursor_of(detail->value);
	size_t left = fh_cbor_map(&c, 3);

	called.call = take(&c, &left, "call", FH_FUNCTION_CALL_ID_MAX);
	called.unreadable = take(&c, &left, "text", FH_TRACE_TEXT_MAX);
	called.function = take(&c, &left, "function", FH_NAME_MAX);
	if (fh_cursor_end(&c) != FH_ERR_OK || left > 0 || called.call.n + called.function.n == 0)
		return FH_ERR_FORMAT;
	*out = called;
	return FH_ERR_OK;
}

fh_err fh_called_read(const struct fh_fields *f, struct fh_called *out)
{
	bool malformed = fh_fields_get(f, FH_FIELD_SUBJECT) == nullptr;
	bool arguments = fh_fields_get(f, FH_FIELD_ARGUMENTS) != nullptr;
	struct fh_called called;
	fh_err e = fh_called_read_detail(f, &called);

	if (e != FH_ERR_OK)
		return e;
	bool readable = called.unreadable.n == 0;
	bool whole = called.call.n > 0 && called.function.n > 0;

	if (arguments != readable || (malformed ? readable : !whole))
		return FH_ERR_FORMAT;
	*out = called;
	return FH_ERR_OK;
}
