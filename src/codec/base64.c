/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/base64.h"

#include "base/secret.h"

#include <string.h>

/* Digits that are looked at side by side, and the bytes they make.  */
constexpr size_t block_digits = 32;
constexpr size_t block_bytes = block_digits / 4 * 3;

/* Where an alphabet of RFC 4648 differs from the other one.  */
struct alphabet {
	uint8_t digit_62;
	uint8_t digit_63;
	bool padded;
};

static const struct alphabet standard = { '+', '/', true };
static const struct alphabet url_safe = { '-', '_', false };

/* All ones if LOW <= V <= HIGH, otherwise zero, without a branch.  All are below 2^15.  Of 16
 * bits, so that a compiler can do many at once.  */
static uint16_t within(uint16_t v, uint16_t low, uint16_t high)
{
	uint16_t outside = (uint16_t)((uint16_t)(v - low) | (uint16_t)(high - v));

	return (uint16_t)((outside >> 15) - 1); /* bit 15 is set iff one wrapped */
}

static uint8_t digit_of(const struct alphabet *a, uint16_t v)
{
	return (uint8_t)((within(v, 0, 25) & ('A' + v)) | (within(v, 26, 51) & ('a' - 26 + v)) |
			 (within(v, 52, 61) & ('0' - 52 + v)) | (within(v, 62, 62) & a->digit_62) |
			 (within(v, 63, 63) & a->digit_63));
}

/* The value of the digit C plus one, or zero if it is none.  */
static uint16_t value_of(uint16_t digit_62, uint16_t digit_63, uint16_t c)
{
	return (uint16_t)((within(c, 'A', 'Z') & (c - 'A' + 1)) |
			  (within(c, 'a', 'z') & (c - 'a' + 27)) |
			  (within(c, '0', '9') & (c - '0' + 53)) |
			  (within(c, digit_62, digit_62) & 63) |
			  (within(c, digit_63, digit_63) & 64));
}

/* One to three bytes.  */
static void put_group(const struct alphabet *a, struct fh_builder *b, struct fh_span s)
{
	uint32_t bits = (uint32_t)s.p[0] << 16;

	if (s.n > 1)
		bits |= (uint32_t)s.p[1] << 8;
	if (s.n > 2)
		bits |= s.p[2];
	for (size_t i = 0; i <= s.n; i++)
		fh_builder_u8(b, digit_of(a, (uint16_t)(bits >> (18 - 6 * i) & 63)));
	for (size_t i = s.n + 1; i < 4 && a->padded; i++)
		fh_builder_u8(b, '=');
}

static void put(const struct alphabet *a, struct fh_builder *b, struct fh_span s)
{
	for (; s.n > 0; s = fh_span_skip(s, 3))
		put_group(a, b, fh_span_first(s, 3));
}

void fh_base64_put(struct fh_builder *b, struct fh_span s)
{
	put(&standard, b, s);
}

void fh_base64url_put(struct fh_builder *b, struct fh_span s)
{
	put(&url_safe, b, s);
}

/* The digits of TEXT without padding; false if their number or the padding is
 * wrong.  */
static bool digits_of(const struct alphabet *a, struct fh_span text, struct fh_span *out)
{
	size_t padding = 0;

	while (a->padded && padding < 2 && padding < text.n &&
	       text.p[text.n - 1 - padding] == '=')
		padding++;
	*out = fh_span_first(text, text.n - padding);
	return out->n % 4 != 1 && (!a->padded || text.n % 4 == 0);
}

/* The bytes of a block of digits; not zero if one of them is outside the alphabet.  */
static uint16_t decode_block(const struct alphabet *a, const uint8_t digits[block_digits],
			     uint8_t out[block_bytes])
{
	const uint16_t digit_62 = a->digit_62, digit_63 = a->digit_63;
	uint16_t v[block_digits], bad = 0;

	for (size_t i = 0; i < block_digits; i++) {
		v[i] = (uint16_t)(value_of(digit_62, digit_63, digits[i]) - 1);
		bad |= v[i] >> 15;
	}
	for (size_t i = 0; i < block_digits / 4; i++) {
		const uint16_t *four = &v[4 * i];
		uint32_t bits = (uint32_t)four[0] << 18 | (uint32_t)four[1] << 12
			      | (uint32_t)four[2] << 6 | four[3];

		out[3 * i] = (uint8_t)(bits >> 16);
		out[3 * i + 1] = (uint8_t)(bits >> 8);
		out[3 * i + 2] = (uint8_t)bits;
	}
	fh_wipe(v, sizeof(v));
	return bad;
}

/* Decodes DIGITS to OUT, which may be NULL; false for a digit outside the
 * alphabet or unused bits that are not zero.  */
static bool decode(const struct alphabet *a, struct fh_span digits, uint8_t *out)
{
	uint8_t block[block_digits], made[block_bytes];
	uint16_t bad = 0;

	while (digits.n > 0) {
		size_t n = digits.n < block_digits ? digits.n : block_digits;
		size_t whole = n / 4 * 3 + n % 4 * 3 / 4;

		memset(block, 'A', sizeof(block)); /* of zeros, behind the end */
		memcpy(block, digits.p, n);
		bad |= decode_block(a, block, made);
		for (size_t i = whole; i < block_bytes; i++)
			bad |= made[i]; /* the bits behind the last whole byte */
		if (out != nullptr) {
			memcpy(out, made, whole);
			out += whole;
		}
		digits = fh_span_skip(digits, n);
	}
	fh_wipe(block, sizeof(block));
	fh_wipe(made, sizeof(made));
	return bad == 0;
}

static fh_err read(const struct alphabet *a, struct fh_span text, struct fh_builder *out)
{
	struct fh_builder b = *out;
	struct fh_span digits;

	if (!digits_of(a, text, &digits))
		return FH_ERR_FORMAT;
	size_t n = digits.n / 4 * 3 + digits.n % 4 * 3 / 4;
	uint8_t *space = fh_builder_space(&b, n);

	if (b.bad)
		return FH_ERR_LIMIT;
	if (!decode(a, digits, space)) {
		fh_wipe(space, n);
		return FH_ERR_FORMAT;
	}
	*out = b;
	return FH_ERR_OK;
}

fh_err fh_base64_read(struct fh_span text, struct fh_builder *out)
{
	return read(&standard, text, out);
}

fh_err fh_base64url_read(struct fh_span text, struct fh_builder *out)
{
	return read(&url_safe, text, out);
}

fh_err fh_base64_size(struct fh_span text, size_t *out)
{
	struct fh_span digits;

	if (!digits_of(&standard, text, &digits) || !decode(&standard, digits, nullptr))
		return FH_ERR_FORMAT;
	*out = digits.n / 4 * 3 + digits.n % 4 * 3 / 4;
	return FH_ERR_OK;
}
