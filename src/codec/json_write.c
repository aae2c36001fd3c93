/* SPDX-License-Identifier: Apache-2.0 */
/* Writing JSON, without yyjson: the verifier, which is linked statically, writes
 * it too.  */
#include "codec/json.h"

#include "base/limits.h"
#include "codec/cbor.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- numbers ---------------------------------------------------------- */

/* The fewest digits that read back as V.  No locale is ever set, so that the
 * point is a point.  */
static void put_float(struct fh_builder *b, double v)
{
	char text[40];

	for (int digits = 1; digits <= 17; digits++) {
		(void)snprintf(text, sizeof(text), "%.*g", digits, v);
		if (strtod(text, nullptr) == v)
			break;
	}
	fh_builder_text(b, text);
	if (strpbrk(text, ".e") == nullptr)
		fh_builder_text(b, ".0");
}

static void put_negative(struct fh_builder *b, struct fh_cursor *c)
{
	int64_t v = fh_cbor_int(c);

	fh_builder_u8(b, '-');
	fh_builder_decimal(b, -(uint64_t)v);
}

/* --- items ------------------------------------------------------------ */

static void put_item(struct fh_cursor *c, struct fh_builder *b, int depth);

static void put_simple(struct fh_cursor *c, struct fh_builder *b)
{
	struct fh_cursor as_float = *c;
	double v = fh_cbor_float(&as_float);

	if (fh_cbor_null(c)) {
		fh_builder_text(b, "null");
	} else if (fh_cursor_bad(&as_float)) {
		fh_builder_text(b, fh_cbor_bool(c) ? "true" : "false");
	} else {
		*c = as_float;
		if (isfinite(v))
			put_float(b, v);
		else
			fh_cursor_fail(c, FH_ERR_FORMAT);
	}
}

static void put_list(struct fh_cursor *c, struct fh_builder *b, int depth)
{
	size_t n = fh_cbor_array(c, FH_CBOR_ITEMS_MAX);

	fh_builder_u8(b, '[');
	for (size_t i = 0; i < n && !fh_cursor_bad(c); i++) {
		if (i > 0)
			fh_builder_u8(b, ',');
		put_item(c, b, depth);
	}
	fh_builder_u8(b, ']');
}

static void put_pairs(struct fh_cursor *c, struct fh_builder *b, int depth)
{
	size_t n = fh_cbor_map(c, FH_CBOR_ITEMS_MAX);

	fh_builder_u8(b, '{');
	for (size_t i = 0; i < n && !fh_cursor_bad(c); i++) {
		if (i > 0)
			fh_builder_u8(b, ',');
		fh_json_put_string(b, fh_cbor_text(c, SIZE_MAX));
		fh_builder_u8(b, ':');
		put_item(c, b, depth);
	}
	fh_builder_u8(b, '}');
}

/* The recursion is bounded by FH_CBOR_DEPTH_MAX, as fh_cbor_check() is.  */
static void put_item(struct fh_cursor *c, struct fh_builder *b, int depth)
{
	if (depth > FH_CBOR_DEPTH_MAX) {
		fh_cursor_fail(c, FH_ERR_LIMIT);
		return;
	}
	switch (fh_cbor_peek(c)) {
	case FH_CBOR_UINT:
		fh_builder_decimal(b, fh_cbor_uint(c));
		break;
	case FH_CBOR_NINT:
		put_negative(b, c);
		break;
	case FH_CBOR_TEXT:
		fh_json_put_string(b, fh_cbor_text(c, SIZE_MAX));
		break;
	case FH_CBOR_ARRAY:
		put_list(c, b, depth + 1);
		break;
	case FH_CBOR_MAP:
		put_pairs(c, b, depth + 1);
		break;
	case FH_CBOR_SIMPLE:
		put_simple(c, b);
		break;
	default:
		fh_cursor_fail(c, FH_ERR_FORMAT);
		break;
	}
}

fh_err fh_json_from_cbor(struct fh_span item, struct fh_builder *out)
{
	struct fh_cursor c = fh_cursor_of(item);
	struct fh_builder b = *out;
	fh_err e = fh_cbor_check(item);

	if (e != FH_ERR_OK)
		return e;
	put_item(&c, &b, 0);
	e = fh_cursor_end(&c);
	if (e != FH_ERR_OK)
		return e;
	if (b.bad)
		return FH_ERR_LIMIT;
	*out = b;
	return FH_ERR_OK;
}
