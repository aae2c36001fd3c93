/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/base64.h"

#include "base/secret.h"

/* Where an alphabet of RFC 4648 differs from the other one.  */
struct alphabet {
	uint8_t digit_62;
	uint8_t digit_63;
	bool padded;
};

static const struct alphabet standard = { '+', '/', true };
static const struct alphabet url_safe = { '-', '_', false };

/* All ones if LOW <= V <= HIGH, otherwise zero, without a branch.  All are
 * below 2^16.  */
static uint32_t within(uint32_t v, uint32_t low, uint32_t high)
{
	uint32_t outside = (v - low) | (high - v); /* bit 31 is set iff one wrapped */

	return (outside >> 31) - 1;
}

static uint8_t digit_of(const struct alphabet *a, uint32_t v)
{
	return (uint8_t)((within(v, 0, 25) & ('A' + v)) | (within(v, 26, 51) & ('a' - 26 + v)) |
			 (within(v, 52, 61) & ('0' - 52 + v)) | (within(v, 62, 62) & a->digit_62) |
			 (within(v, 63, 63) & a->digit_63));
}

/* The value of the digit C plus one, or zero if it is none.  */
static uint32_t value_of(const struct alphabet *a, uint32_t c)
{
	return (within(c, 'A', 'Z') & (c - 'A' + 1)) | (within(c, 'a', 'z') & (c - 'a' + 27)) |
	       (within(c, '0', '9') & (c - '0' + 53)) |
	       (within(c, a->digit_62, a->digit_62) & 63) |
	       (within(c, a->digit_63, a->digit_63) & 64);
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
		fh_builder_u8(b, digit_of(a, bits >> (18 - 6 * i) & 63));
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

/* Decodes DIGITS to OUT, which may be NULL; false for a digit outside the
 * alphabet or unused bits that are not zero.  */
static bool decode(const struct alphabet *a, struct fh_span digits, uint8_t *out)
{
	uint32_t bits = 0, bad = 0;
	size_t made = 0;

	for (size_t i = 0; i < digits.n; i++) {
		uint32_t v = value_of(a, digits.p[i]);

		bad |= (v - 1) >> 31;
		bits = (bits << 6 | ((v - 1) & 63)) & 0xffffff;
		if (i % 4 == 0)
			continue;
		if (out != nullptr)
			out[made] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
		made++;
	}
	uint32_t unused = digits.n % 4 == 2 ? 15 : digits.n % 4 == 3 ? 3 : 0;

	return (bad | (bits & unused)) == 0;
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
