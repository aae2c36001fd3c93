/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 8949 with the core deterministic encoding requirements of section
 * 4.2.1.  Deliberately refused: indefinite lengths, undefined, simple values
 * other than false, true and null, and any longer-than-needed form.  */
#include "codec/cbor.h"

#include "base/limits.h"
#include "base/utf8.h"

#include <limits.h>
#include <math.h>
#include <string.h>

constexpr uint8_t info_one_byte = 24;
constexpr uint8_t info_eight_bytes = 27;
constexpr uint8_t simple_false = 20;
constexpr uint8_t simple_true = 21;
constexpr uint8_t simple_null = 22;
constexpr uint8_t info_half = 25;
constexpr uint8_t info_single = 26;
constexpr uint8_t info_double = 27;
constexpr uint16_t half_nan = 0x7e00;

/* --- writing ---------------------------------------------------------- */

static void put_head(struct fh_builder *b, enum fh_cbor_type type, uint64_t v)
{
	uint8_t major = (uint8_t)(type << 5);

	if (v < info_one_byte) {
		fh_builder_u8(b, major | (uint8_t)v);
	} else if (v <= UINT8_MAX) {
		fh_builder_u8(b, major | info_one_byte);
		fh_builder_u8(b, (uint8_t)v);
	} else if (v <= UINT16_MAX) {
		fh_builder_u8(b, major | (info_one_byte + 1));
		fh_builder_be16(b, (uint16_t)v);
	} else if (v <= UINT32_MAX) {
		fh_builder_u8(b, major | (info_one_byte + 2));
		fh_builder_be32(b, (uint32_t)v);
	} else {
		fh_builder_u8(b, major | info_eight_bytes);
		fh_builder_be64(b, v);
	}
}

void fh_cbor_put_uint(struct fh_builder *b, uint64_t v)
{
	put_head(b, FH_CBOR_UINT, v);
}

void fh_cbor_put_int(struct fh_builder *b, int64_t v)
{
	if (v < 0)
		put_head(b, FH_CBOR_NINT, ~(uint64_t)v);
	else
		put_head(b, FH_CBOR_UINT, (uint64_t)v);
}

void fh_cbor_put_bytes_head(struct fh_builder *b, size_t n)
{
	put_head(b, FH_CBOR_BYTES, n);
}

void fh_cbor_put_bytes(struct fh_builder *b, struct fh_span s)
{
	put_head(b, FH_CBOR_BYTES, s.n);
	fh_builder_bytes(b, s);
}

void fh_cbor_put_hash(struct fh_builder *b, const struct fh_hash *h)
{
	fh_cbor_put_bytes(b, fh_hash_span(h));
}

void fh_cbor_put_text(struct fh_builder *b, struct fh_span s)
{
	put_head(b, FH_CBOR_TEXT, s.n);
	fh_builder_bytes(b, s);
}

void fh_cbor_put_array(struct fh_builder *b, size_t n)
{
	put_head(b, FH_CBOR_ARRAY, n);
}

void fh_cbor_put_map(struct fh_builder *b, size_t n)
{
	put_head(b, FH_CBOR_MAP, n);
}

void fh_cbor_put_tag(struct fh_builder *b, uint64_t tag)
{
	put_head(b, FH_CBOR_TAG, tag);
}

void fh_cbor_put_bool(struct fh_builder *b, bool v)
{
	put_head(b, FH_CBOR_SIMPLE, v ? simple_true : simple_false);
}

void fh_cbor_put_null(struct fh_builder *b)
{
	put_head(b, FH_CBOR_SIMPLE, simple_null);
}

static uint64_t double_bits(double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	return bits;
}

static uint32_t single_bits(float v)
{
	uint32_t bits;

	memcpy(&bits, &v, sizeof(bits));
	return bits;
}

/* The value of a half (IEEE 754 binary16; RFC 8949 appendix D).  */
static double half_value(uint16_t half)
{
	int exponent = half >> 10 & 0x1f;
	int mantissa = half & 0x3ff;
	double v;

	if (exponent == 0)
		v = ldexp(mantissa, -24);
	else if (exponent != 31)
		v = ldexp(mantissa + 1024, exponent - 25);
	else
		v = mantissa == 0 ? (double)INFINITY : (double)NAN;
	return half & 0x8000 ? -v : v;
}

/* The half that equals V exactly in *OUT, if there is one.  */
static bool half_of(double v, uint16_t *out)
{
	uint16_t sign = signbit(v) ? 0x8000 : 0;
	double size = fabs(v);
	uint16_t half;

	if (isinf(v)) {
		half = 0x7c00;
	} else if (size < ldexp(1, -14)) {
		half = (uint16_t)ldexp(size, 24);
	} else if (size < 65536) {
		int exponent;
		double fraction = frexp(size, &exponent);

		half = (uint16_t)((exponent + 14) << 10 | ((int)ldexp(fraction, 11) & 0x3ff));
	} else {
		return false;
	}
	if (half_value(half) != size)
		return false;
	*out = sign | half;
	return true;
}

void fh_cbor_put_float(struct fh_builder *b, double v)
{
	uint16_t half;

	if (isnan(v) || half_of(v, &half)) {
		fh_builder_u8(b, FH_CBOR_SIMPLE << 5 | info_half);
		fh_builder_be16(b, isnan(v) ? half_nan : half);
	} else if ((double)(float)v == v) {
		fh_builder_u8(b, FH_CBOR_SIMPLE << 5 | info_single);
		fh_builder_be32(b, single_bits((float)v));
	} else {
		fh_builder_u8(b, FH_CBOR_SIMPLE << 5 | info_double);
		fh_builder_be64(b, double_bits(v));
	}
}

/* --- reading ---------------------------------------------------------- */

enum fh_cbor_type fh_cbor_peek(const struct fh_cursor *c)
{
	if (fh_cursor_bad(c) || c->rest.n == 0)
		return FH_CBOR_NONE;
	return (enum fh_cbor_type)(c->rest.p[0] >> 5);
}

/* The argument of a head with additional information INFO, shortest form
 * demanded.  */
static uint64_t argument(struct fh_cursor *c, uint8_t info)
{
	uint64_t v = info, floor = 0;

	if (info < info_one_byte)
		return v;
	switch (info) {
	case 24:
		v = fh_cursor_u8(c);
		floor = info_one_byte;
		break;
	case 25:
		v = fh_cursor_be16(c);
		floor = (uint64_t)UINT8_MAX + 1;
		break;
	case 26:
		v = fh_cursor_be32(c);
		floor = (uint64_t)UINT16_MAX + 1;
		break;
	case 27:
		v = fh_cursor_be64(c);
		floor = (uint64_t)UINT32_MAX + 1;
		break;
	default:
		fh_cursor_fail(c, FH_ERR_FORMAT);
	}
	if (v < floor)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	return fh_cursor_bad(c) ? 0 : v;
}

static uint64_t head_of_any(struct fh_cursor *c, enum fh_cbor_type type)
{
	uint8_t first = fh_cursor_u8(c);

	if (first >> 5 != type)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	return argument(c, first & 0x1f);
}

/* Nearly all heads are of one byte or two; a bad cursor has none.  */
static inline uint64_t head(struct fh_cursor *c, enum fh_cbor_type type)
{
	const uint8_t *p = c->rest.p;
	unsigned info = c->rest.n > 0 ? (unsigned)p[0] - ((unsigned)type << 5) : UINT_MAX;

	if (info < info_one_byte) {
		c->rest = fh_span_skip(c->rest, 1);
		return info;
	}
	if (info == info_one_byte && c->rest.n > 1 && p[1] >= info_one_byte) {
		c->rest = fh_span_skip(c->rest, 2);
		return p[1];
	}
	return head_of_any(c, type);
}

uint64_t fh_cbor_uint(struct fh_cursor *c)
{
	return head(c, FH_CBOR_UINT);
}

int64_t fh_cbor_int(struct fh_cursor *c)
{
	bool negative = fh_cbor_peek(c) == FH_CBOR_NINT;
	uint64_t v = head(c, negative ? FH_CBOR_NINT : FH_CBOR_UINT);

	if (v > INT64_MAX)
		fh_cursor_fail(c, FH_ERR_LIMIT);
	if (fh_cursor_bad(c))
		return 0;
	return negative ? -1 - (int64_t)v : (int64_t)v;
}

static struct fh_span string(struct fh_cursor *c, enum fh_cbor_type type, size_t max)
{
	uint64_t n = head(c, type);

	if (n > max)
		fh_cursor_fail(c, FH_ERR_LIMIT);
	return fh_cursor_take(c, n);
}

struct fh_span fh_cbor_bytes(struct fh_cursor *c, size_t max)
{
	return string(c, FH_CBOR_BYTES, max);
}

struct fh_span fh_cbor_bytes_exact(struct fh_cursor *c, size_t n)
{
	struct fh_span s = string(c, FH_CBOR_BYTES, n);

	if (s.n != n)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	return fh_cursor_bad(c) ? (struct fh_span){ 0 } : s;
}

struct fh_hash fh_cbor_hash(struct fh_cursor *c)
{
	struct fh_span s = fh_cbor_bytes_exact(c, FH_HASH_SIZE);
	struct fh_hash h = { 0 };

	if (s.n == FH_HASH_SIZE)
		memcpy(h.bytes, s.p, FH_HASH_SIZE);
	return h;
}

struct fh_span fh_cbor_text(struct fh_cursor *c, size_t max)
{
	struct fh_span s = string(c, FH_CBOR_TEXT, max);

	if (!fh_utf8_valid(s)) {
		fh_cursor_fail(c, FH_ERR_FORMAT);
		return (struct fh_span){ 0 };
	}
	return s;
}

static size_t count(struct fh_cursor *c, enum fh_cbor_type type, size_t max)
{
	uint64_t n = head(c, type);

	if (n > max) {
		fh_cursor_fail(c, FH_ERR_LIMIT);
		return 0;
	}
	return n;
}

size_t fh_cbor_array(struct fh_cursor *c, size_t max)
{
	return count(c, FH_CBOR_ARRAY, max);
}

size_t fh_cbor_map(struct fh_cursor *c, size_t max)
{
	return count(c, FH_CBOR_MAP, max);
}

void fh_cbor_array_exact(struct fh_cursor *c, size_t n)
{
	if (count(c, FH_CBOR_ARRAY, FH_CBOR_ITEMS_MAX) != n)
		fh_cursor_fail(c, FH_ERR_FORMAT);
}

void fh_cbor_map_exact(struct fh_cursor *c, size_t n)
{
	if (count(c, FH_CBOR_MAP, FH_CBOR_ITEMS_MAX) != n)
		fh_cursor_fail(c, FH_ERR_FORMAT);
}

void fh_cbor_tag(struct fh_cursor *c, uint64_t tag)
{
	if (head(c, FH_CBOR_TAG) != tag)
		fh_cursor_fail(c, FH_ERR_FORMAT);
}

bool fh_cbor_bool(struct fh_cursor *c)
{
	uint64_t v = head(c, FH_CBOR_SIMPLE);

	if (v != simple_true && v != simple_false)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	return v == simple_true && !fh_cursor_bad(c);
}

bool fh_cbor_null(struct fh_cursor *c)
{
	if (fh_cbor_peek(c) != FH_CBOR_SIMPLE ||
	    c->rest.p[0] != (FH_CBOR_SIMPLE << 5 | simple_null))
		return false;
	(void)fh_cursor_take(c, 1);
	return true;
}

static double single_value(uint32_t bits)
{
	float v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

static double double_value(uint64_t bits)
{
	double v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

double fh_cbor_float(struct fh_cursor *c)
{
	struct fh_span before = c->rest;
	uint8_t again[9];
	struct fh_builder b = FH_BUILDER_ARRAY(again);
	double v = 0;

	switch (fh_cursor_u8(c)) {
	case FH_CBOR_SIMPLE << 5 | info_half:
		v = half_value(fh_cursor_be16(c));
		break;
	case FH_CBOR_SIMPLE << 5 | info_single:
		v = single_value(fh_cursor_be32(c));
		break;
	case FH_CBOR_SIMPLE << 5 | info_double:
		v = double_value(fh_cursor_be64(c));
		break;
	default:
		fh_cursor_fail(c, FH_ERR_FORMAT);
	}
	if (fh_cursor_bad(c))
		return 0;
	/* The encoding is the shortest one iff we would write the same bytes.  */
	fh_cbor_put_float(&b, v);
	if (!fh_span_equal(fh_builder_span(&b), fh_span_first(before, before.n - c->rest.n)))
		fh_cursor_fail(c, FH_ERR_FORMAT);
	return v;
}

void fh_cbor_key(struct fh_cursor *c, uint64_t key)
{
	if (fh_cbor_uint(c) != key)
		fh_cursor_fail(c, FH_ERR_FORMAT);
}

void fh_cbor_name(struct fh_cursor *c, const char *name)
{
	struct fh_span expected = fh_span_str(name);

	if (!fh_span_equal(fh_cbor_text(c, expected.n), expected))
		fh_cursor_fail(c, FH_ERR_FORMAT);
}

void fh_cbor_magic(struct fh_cursor *c, struct fh_span magic, size_t name)
{
	struct fh_span s = fh_cbor_text(c, SIZE_MAX);

	if (!fh_span_equal(s, magic))
		fh_cursor_fail(c, fh_span_starts(s, fh_span_first(magic, name)) ? FH_ERR_VERSION
									      : FH_ERR_FORMAT);
}

/* --- whole items ------------------------------------------------------ */

static void skip(struct fh_cursor *c, int depth);

static void skip_simple(struct fh_cursor *c)
{
	uint8_t first = c->rest.p[0];

	if (first >= (FH_CBOR_SIMPLE << 5 | info_half) &&
	    first <= (FH_CBOR_SIMPLE << 5 | info_double)) {
		(void)fh_cbor_float(c);
		return;
	}
	if (!fh_cbor_null(c))
		(void)fh_cbor_bool(c);
}

static void skip_map(struct fh_cursor *c, int depth)
{
	size_t n = fh_cbor_map(c, FH_CBOR_ITEMS_MAX);
	struct fh_span last = { 0 };

	for (size_t i = 0; i < n && !fh_cursor_bad(c); i++) {
		struct fh_span before = c->rest;

		skip(c, depth);
		if (fh_cursor_bad(c))
			return;
		struct fh_span key = fh_span_first(before, before.n - c->rest.n);

		if (i > 0 && fh_span_compare(last, key) >= 0)
			fh_cursor_fail(c, FH_ERR_FORMAT);
		last = key;
		skip(c, depth);
	}
}

static bool nests(const struct fh_cursor *c)
{
	enum fh_cbor_type type = fh_cbor_peek(c);

	return type == FH_CBOR_ARRAY || type == FH_CBOR_MAP || type == FH_CBOR_TAG;
}

/* Consumes one item inside DEPTH others.  The recursion is bounded by
 * FH_CBOR_DEPTH_MAX.  */
static void skip(struct fh_cursor *c, int depth)
{
	size_t n;

	if (depth >= FH_CBOR_DEPTH_MAX && nests(c)) {
		fh_cursor_fail(c, FH_ERR_LIMIT);
		return;
	}
	switch (fh_cbor_peek(c)) {
	case FH_CBOR_UINT:
	case FH_CBOR_NINT:
		(void)head(c, fh_cbor_peek(c));
		break;
	case FH_CBOR_BYTES:
		(void)fh_cbor_bytes(c, SIZE_MAX);
		break;
	case FH_CBOR_TEXT:
		(void)fh_cbor_text(c, SIZE_MAX);
		break;
	case FH_CBOR_ARRAY:
		n = fh_cbor_array(c, FH_CBOR_ITEMS_MAX);
		for (size_t i = 0; i < n && !fh_cursor_bad(c); i++)
			skip(c, depth + 1);
		break;
	case FH_CBOR_MAP:
		skip_map(c, depth + 1);
		break;
	case FH_CBOR_TAG:
		(void)head(c, FH_CBOR_TAG);
		skip(c, depth + 1);
		break;
	case FH_CBOR_SIMPLE:
		skip_simple(c);
		break;
	case FH_CBOR_NONE:
		fh_cursor_fail(c, FH_ERR_FORMAT);
		break;
	}
}

struct fh_span fh_cbor_item(struct fh_cursor *c)
{
	struct fh_span before = c->rest;

	skip(c, 0);
	if (fh_cursor_bad(c))
		return (struct fh_span){ 0 };
	return fh_span_first(before, before.n - c->rest.n);
}

fh_err fh_cbor_check(struct fh_span s)
{
	return fh_cbor_check_inside(s, /* depth= */ 0);
}

fh_err fh_cbor_check_inside(struct fh_span s, int depth)
{
	struct fh_cursor c = fh_cursor_of(s);

	skip(&c, depth);
	return fh_cursor_end(&c);
}
