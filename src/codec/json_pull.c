/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json_pull.h"

#include "base/decimal.h"
#include "base/limits.h"
#include "base/utf8.h"

static uint8_t peek(const struct fh_cursor *c)
{
	return c->rest.n > 0 ? c->rest.p[0] : 0;
}

static void skip_blanks(struct fh_cursor *c)
{
	while (peek(c) == ' ' || peek(c) == '\t' || peek(c) == '\n' || peek(c) == '\r')
		(void)fh_cursor_u8(c);
}

void fh_json_punctuation(struct fh_cursor *c, uint8_t which)
{
	skip_blanks(c);
	if (fh_cursor_u8(c) != which)
		fh_cursor_fail(c, FH_ERR_FORMAT);
}

/* The next byte but blanks is WHICH; then it is consumed.  */
static bool take(struct fh_cursor *c, uint8_t which)
{
	skip_blanks(c);
	if (peek(c) != which || fh_cursor_bad(c))
		return false;
	(void)fh_cursor_u8(c);
	return true;
}

/* --- scalars ---------------------------------------------------------- */

static bool is_digit(uint8_t b)
{
	return b >= '0' && b <= '9';
}

static bool is_hex(uint8_t b)
{
	return is_digit(b) || (b >= 'a' && b <= 'f') || (b >= 'A' && b <= 'F');
}

static uint32_t hex_unit(struct fh_cursor *c)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++) {
		uint8_t b = fh_cursor_u8(c);

		if (!is_hex(b))
			fh_cursor_fail(c, FH_ERR_FORMAT);
		v = v << 4 | (uint32_t)(is_digit(b) ? b - '0' : (b & 0x0f) + 9);
	}
	return v;
}

/* What follows a backslash; surrogates come in pairs (RFC 7493 section 2.1).  */
static void escape(struct fh_cursor *c)
{
	uint8_t b = fh_cursor_u8(c);

	if (b != 'u') {
		if (fh_span_find(FH_SPAN_LIT("\"\\/bfnrt"), b) == 8)
			fh_cursor_fail(c, FH_ERR_FORMAT);
		return;
	}
	uint32_t unit = hex_unit(c);

	if (unit >= 0xdc00 && unit <= 0xdfff)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	if (unit < 0xd800 || unit > 0xdbff)
		return;
	fh_cursor_expect(c, FH_SPAN_LIT("\\u"));
	unit = hex_unit(c);
	if (unit < 0xdc00 || unit > 0xdfff)
		fh_cursor_fail(c, FH_ERR_FORMAT);
}

/* A string with its quotes.  */
static struct fh_span string(struct fh_cursor *c)
{
	struct fh_span begin = c->rest;

	fh_cursor_expect(c, FH_SPAN_LIT("\""));
	while (!fh_cursor_bad(c)) {
		uint8_t b = fh_cursor_u8(c);

		if (b == '"')
			break;
		if (b < 0x20)
			fh_cursor_fail(c, FH_ERR_FORMAT);
		if (b == '\\')
			escape(c);
	}
	struct fh_span s = fh_span_first(begin, begin.n - c->rest.n);

	if (!fh_cursor_bad(c) && !fh_utf8_valid(s))
		fh_cursor_fail(c, FH_ERR_FORMAT);
	return fh_cursor_bad(c) ? (struct fh_span){ 0 } : s;
}

/* An integer: no fraction, no exponent.  */
static void number(struct fh_cursor *c)
{
	if (peek(c) == '-')
		(void)fh_cursor_u8(c);
	bool zero = peek(c) == '0';

	if (!is_digit(peek(c)))
		fh_cursor_fail(c, FH_ERR_FORMAT);
	for (size_t n = 0; is_digit(peek(c)); n++) {
		if (zero && n > 0)
			fh_cursor_fail(c, FH_ERR_FORMAT);
		(void)fh_cursor_u8(c);
	}
	if (peek(c) == '.' || peek(c) == 'e' || peek(c) == 'E')
		fh_cursor_fail(c, FH_ERR_FORMAT);
}

static void scalar(struct fh_cursor *c)
{
	switch (peek(c)) {
	case '"':
		(void)string(c);
		break;
	case 't':
		fh_cursor_expect(c, FH_SPAN_LIT("true"));
		break;
	case 'f':
		fh_cursor_expect(c, FH_SPAN_LIT("false"));
		break;
	case 'n':
		fh_cursor_expect(c, FH_SPAN_LIT("null"));
		break;
	default:
		number(c);
		break;
	}
}

/* --- whole values ----------------------------------------------------- */

/* The brackets that are open: bit I of OBJECT says what the I-th is.  */
struct nesting {
	int depth;
	uint64_t object;
};
static_assert(FH_JSON_DEPTH_MAX <= 64);

static void name_of_member(struct fh_cursor *c)
{
	skip_blanks(c);
	(void)string(c);
	fh_json_punctuation(c, ':');
}

/* Opens brackets until a value is complete: a scalar, or an empty pair.  */
static void descend(struct fh_cursor *c, struct nesting *n)
{
	while (!fh_cursor_bad(c)) {
		bool object = take(c, '{');

		if (!object && !take(c, '[')) {
			scalar(c);
			return;
		}
		if (take(c, object ? '}' : ']'))
			return;
		if (n->depth == FH_JSON_DEPTH_MAX) {
			fh_cursor_fail(c, FH_ERR_LIMIT);
			return;
		}
		n->object = n->object << 1 | object;
		n->depth++;
		if (object)
			name_of_member(c);
	}
}

struct fh_span fh_json_value(struct fh_cursor *c)
{
	struct nesting n = { 0 };

	skip_blanks(c);
	struct fh_span begin = c->rest;

	descend(c, &n);
	while (n.depth > 0 && !fh_cursor_bad(c)) {
		bool object = (n.object & 1) != 0;

		if (take(c, ',')) {
			if (object)
				name_of_member(c);
			descend(c, &n);
		} else {
			fh_json_punctuation(c, object ? '}' : ']');
			n.object >>= 1;
			n.depth--;
		}
	}
	return fh_cursor_bad(c) ? (struct fh_span){ 0 }
				: fh_span_first(begin, begin.n - c->rest.n);
}

/* Only blanks are left.  */
static fh_err end(struct fh_cursor *c)
{
	skip_blanks(c);
	return fh_cursor_end(c);
}

static void read_member(struct fh_cursor *c, const char *const *name, size_t n,
			struct fh_span *value)
{
	struct fh_span key;
	size_t i = 0;

	skip_blanks(c);
	if (fh_json_string(string(c), &key) != FH_ERR_OK)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	fh_json_punctuation(c, ':');
	struct fh_span v = fh_json_value(c);

	if (fh_cursor_bad(c))
		return;
	while (i < n && !fh_span_equal(key, fh_span_str(name[i])))
		i++;
	if (i == n)
		fh_cursor_fail(c, FH_ERR_UNKNOWN);
	else if (value[i].n > 0)
		fh_cursor_fail(c, FH_ERR_EXISTS);
	else
		value[i] = v;
}

fh_err fh_json_object(struct fh_span text, const char *const *name, size_t n,
		      struct fh_span *value)
{
	struct fh_span found[FH_JSON_NAMES_MAX] = { 0 };
	struct fh_cursor c = fh_cursor_of(text);

	if (n > FH_JSON_NAMES_MAX)
		return FH_ERR_LIMIT;
	fh_json_punctuation(&c, '{');
	if (!take(&c, '}')) {
		do
			read_member(&c, name, n, found);
		while (take(&c, ','));
		fh_json_punctuation(&c, '}');
	}
	fh_err e = end(&c);

	for (size_t i = 0; i < n && e == FH_ERR_OK; i++)
		value[i] = found[i];
	return e;
}

struct fh_cursor fh_json_array(struct fh_span text)
{
	struct fh_cursor whole = fh_cursor_of(text);
	struct fh_span value = fh_json_value(&whole);
	struct fh_cursor c = fh_cursor_of(value);

	if (end(&whole) != FH_ERR_OK)
		fh_cursor_fail(&c, whole.why != FH_ERR_OK ? whole.why : FH_ERR_FORMAT);
	fh_json_punctuation(&c, '[');
	return c;
}

/* The whole has been checked, so that a comma is where one must be.  */
bool fh_json_element(struct fh_cursor *c, struct fh_span *value)
{
	if (fh_cursor_bad(c) || c->rest.n == 0)
		return false;
	(void)take(c, ',');
	if (take(c, ']'))
		return false;
	struct fh_span v = fh_json_value(c);

	if (fh_cursor_bad(c))
		return false;
	*value = v;
	return true;
}

/* --- what a value says ------------------------------------------------ */

fh_err fh_json_string(struct fh_span value, struct fh_span *out)
{
	if (value.n < 2 || value.p[0] != '"' || value.p[value.n - 1] != '"')
		return FH_ERR_FORMAT;
	struct fh_span inner = fh_span_first(fh_span_skip(value, 1), value.n - 2);

	if (fh_span_find(inner, '\\') != inner.n || fh_span_find(inner, '"') != inner.n)
		return FH_ERR_FORMAT;
	*out = inner;
	return FH_ERR_OK;
}

fh_err fh_json_uint(struct fh_span value, uint64_t *out)
{
	return fh_decimal_read(value, out);
}

bool fh_json_is_null(struct fh_span value)
{
	return fh_span_equal(value, FH_SPAN_LIT("null"));
}
