/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/lookup.h"

#include "base/limits.h"
#include "codec/cbor.h"

/* The text of TOKEN, a part of a JSON Pointer between slashes, is NAME: "~1"
 * stands for "/" and "~0" for "~" (RFC 6901 section 4).  */
static bool token_is(struct fh_span token, struct fh_span name)
{
	while (token.n > 0 && name.n > 0) {
		uint8_t b = token.p[0];

		if (b == '~' && token.n > 1 && (token.p[1] == '0' || token.p[1] == '1')) {
			b = token.p[1] == '0' ? '~' : '/';
			token = fh_span_skip(token, 1);
		} else if (b == '~') {
			return false;
		}
		if (b != name.p[0])
			return false;
		token = fh_span_skip(token, 1);
		name = fh_span_skip(name, 1);
	}
	return token.n == 0 && name.n == 0;
}

/* The value in the map ITEM whose text key IS accepts for SOUGHT.  */
static struct fh_span map_find(struct fh_span item, struct fh_span sought,
			       bool (*is)(struct fh_span, struct fh_span))
{
	struct fh_cursor c = fh_cursor_of(item);
	size_t n = fh_cbor_map(&c, FH_CBOR_ITEMS_MAX);

	for (size_t i = 0; i < n && !fh_cursor_bad(&c); i++) {
		bool text = fh_cbor_peek(&c) == FH_CBOR_TEXT;
		struct fh_cursor key = fh_cursor_of(fh_cbor_item(&c));
		struct fh_span value = fh_cbor_item(&c);

		if (text && is(sought, fh_cbor_text(&key, SIZE_MAX)))
			return value;
	}
	return (struct fh_span){ 0 };
}

struct fh_span fh_cbor_map_get(struct fh_span item, const char *name)
{
	return map_find(item, fh_span_str(name), fh_span_equal);
}

/* The number TOKEN writes, without leading zeros, or FH_CBOR_ITEMS_MAX if it is
 * none or not below that.  */
static size_t index_of(struct fh_span token)
{
	size_t index = 0;

	if (token.n == 0 || (token.n > 1 && token.p[0] == '0'))
		return FH_CBOR_ITEMS_MAX;
	for (size_t i = 0; i < token.n && index < FH_CBOR_ITEMS_MAX; i++) {
		if (token.p[i] < '0' || token.p[i] > '9')
			return FH_CBOR_ITEMS_MAX;
		index = index * 10 + (token.p[i] - '0');
	}
	return index < FH_CBOR_ITEMS_MAX ? index : FH_CBOR_ITEMS_MAX;
}

static struct fh_span array_find(struct fh_span item, struct fh_span token)
{
	struct fh_cursor c = fh_cursor_of(item);
	size_t n = fh_cbor_array(&c, FH_CBOR_ITEMS_MAX);
	size_t index = index_of(token);

	if (index >= n)
		return (struct fh_span){ 0 };
	for (size_t i = 0; i < index; i++)
		(void)fh_cbor_item(&c);
	return fh_cbor_item(&c);
}

struct fh_span fh_cbor_pointer(struct fh_span item, struct fh_span pointer)
{
	while (pointer.n > 0 && item.n > 0) {
		if (pointer.p[0] != '/')
			return (struct fh_span){ 0 };
		pointer = fh_span_skip(pointer, 1);
		struct fh_span token = fh_span_first(pointer, fh_span_find(pointer, '/'));

		pointer = fh_span_skip(pointer, token.n);
		item = item.p[0] >> 5 == FH_CBOR_ARRAY ? array_find(item, token)
						       : map_find(item, token, token_is);
	}
	return item;
}
