/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/report_value.h"

#include "base/limits.h"
#include "codec/cbor.h"
#include "codec/json.h"

static void put_value(struct fh_builder *b, struct fh_cursor *c, int depth);

static void put_bytes(struct fh_builder *b, struct fh_span s)
{
	fh_builder_text(b, "{\"hex\":\"");
	fh_builder_hex(b, s);
	fh_builder_text(b, "\"}");
}

static void put_map(struct fh_builder *b, struct fh_cursor *c, int depth)
{
	size_t n = fh_cbor_map(c, FH_CBOR_ITEMS_MAX);

	fh_builder_u8(b, '{');
	for (size_t i = 0; i < n && !fh_cursor_bad(c); i++) {
		if (i > 0)
			fh_builder_u8(b, ',');
		if (fh_cbor_peek(c) == FH_CBOR_TEXT) {
			fh_json_put_string(b, fh_cbor_text(c, SIZE_MAX));
		} else {
			struct fh_span key = fh_cbor_item(c);

			fh_builder_text(b, "\"cbor:");
			fh_builder_hex(b, key);
			fh_builder_u8(b, '"');
		}
		fh_builder_u8(b, ':');
		put_value(b, c, depth + 1);
	}
	fh_builder_u8(b, '}');
}

static void put_array(struct fh_builder *b, struct fh_cursor *c, int depth)
{
	size_t n = fh_cbor_array(c, FH_CBOR_ITEMS_MAX);

	fh_builder_u8(b, '[');
	for (size_t i = 0; i < n && !fh_cursor_bad(c); i++) {
		if (i > 0)
			fh_builder_u8(b, ',');
		put_value(b, c, depth + 1);
	}
	fh_builder_u8(b, ']');
}

/* What is left is a number, a word or something JSON has no word for.  */
static void put_scalar(struct fh_builder *b, struct fh_cursor *c)
{
	struct fh_span item = fh_cbor_item(c);
	size_t before = b->n;

	if (fh_json_from_cbor(item, b) == FH_ERR_OK)
		return;
	b->n = before;
	fh_builder_text(b, "{\"cbor\":\"");
	fh_builder_hex(b, item);
	fh_builder_text(b, "\"}");
}

static void put_value(struct fh_builder *b, struct fh_cursor *c, int depth)
{
	enum fh_cbor_type type = fh_cbor_peek(c);

	if (depth > FH_CBOR_DEPTH_MAX)
		fh_cursor_fail(c, FH_ERR_LIMIT);
	else if (type == FH_CBOR_BYTES)
		put_bytes(b, fh_cbor_bytes(c, SIZE_MAX));
	else if (type == FH_CBOR_MAP)
		put_map(b, c, depth);
	else if (type == FH_CBOR_ARRAY)
		put_array(b, c, depth);
	else
		put_scalar(b, c);
}

void fh_report_value(struct fh_builder *b, struct fh_span item)
{
	struct fh_cursor c = fh_cursor_of(item);

	put_value(b, &c, /* depth= */ 0);
}
