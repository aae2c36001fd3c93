/* SPDX-License-Identifier: Apache-2.0 */
#include "base/builder.h"

#include <string.h>

uint8_t *fh_builder_space(struct fh_builder *b, size_t n)
{
	if (b->bad || n > b->cap - b->n) {
		b->bad = true;
		return nullptr;
	}
	uint8_t *space = b->p + b->n;

	b->n += n;
	return space;
}

void fh_builder_bytes(struct fh_builder *b, struct fh_span s)
{
	uint8_t *space = fh_builder_space(b, s.n);

	if (space != nullptr && s.n > 0)
		memcpy(space, s.p, s.n);
}

static void big_endian(struct fh_builder *b, uint64_t v, size_t width)
{
	uint8_t *space = fh_builder_space(b, width);

	for (size_t i = 0; space != nullptr && i < width; i++)
		space[i] = (uint8_t)(v >> 8 * (width - 1 - i));
}

void fh_builder_u8(struct fh_builder *b, uint8_t v)
{
	big_endian(b, v, 1);
}

void fh_builder_be16(struct fh_builder *b, uint16_t v)
{
	big_endian(b, v, 2);
}

void fh_builder_be32(struct fh_builder *b, uint32_t v)
{
	big_endian(b, v, 4);
}

void fh_builder_be64(struct fh_builder *b, uint64_t v)
{
	big_endian(b, v, 8);
}

void fh_builder_text(struct fh_builder *b, const char *s)
{
	fh_builder_bytes(b, fh_span_str(s));
}

void fh_builder_decimal(struct fh_builder *b, uint64_t v)
{
	uint8_t digits[20];
	size_t n = sizeof(digits);

	do {
		digits[--n] = (uint8_t)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	fh_builder_bytes(b, fh_span_of(digits + n, sizeof(digits) - n));
}

void fh_builder_hex(struct fh_builder *b, struct fh_span s)
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < s.n; i++) {
		fh_builder_u8(b, (uint8_t)digit[s.p[i] >> 4]);
		fh_builder_u8(b, (uint8_t)digit[s.p[i] & 15]);
	}
}

struct fh_span fh_builder_span(const struct fh_builder *b)
{
	return b->bad ? (struct fh_span){ 0 } : fh_span_of(b->p, b->n);
}

fh_err fh_builder_end(const struct fh_builder *b, struct fh_span *out)
{
	if (b->bad)
		return FH_ERR_LIMIT;
	*out = fh_span_of(b->p, b->n);
	return FH_ERR_OK;
}
