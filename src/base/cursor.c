/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cursor.h"

void fh_cursor_fail(struct fh_cursor *c, fh_err why)
{
	if (c->why == FH_ERR_OK)
		c->why = why;
	c->rest = (struct fh_span){ 0 };
}

static uint64_t big_endian(struct fh_cursor *c, size_t width)
{
	struct fh_span s = fh_cursor_take(c, width);
	uint64_t v = 0;

	for (size_t i = 0; i < s.n; i++)
		v = v << 8 | s.p[i];
	return v;
}

uint16_t fh_cursor_be16(struct fh_cursor *c)
{
	return (uint16_t)big_endian(c, 2);
}

uint32_t fh_cursor_be32(struct fh_cursor *c)
{
	return (uint32_t)big_endian(c, 4);
}

uint64_t fh_cursor_be64(struct fh_cursor *c)
{
	return big_endian(c, 8);
}

static uint64_t little_endian(struct fh_cursor *c, size_t width)
{
	struct fh_span s = fh_cursor_take(c, width);
	uint64_t v = 0;

	for (size_t i = s.n; i > 0; i--)
		v = v << 8 | s.p[i - 1];
	return v;
}

uint16_t fh_cursor_le16(struct fh_cursor *c)
{
	return (uint16_t)little_endian(c, 2);
}

uint32_t fh_cursor_le32(struct fh_cursor *c)
{
	return (uint32_t)little_endian(c, 4);
}

uint64_t fh_cursor_le64(struct fh_cursor *c)
{
	return little_endian(c, 8);
}

struct fh_span fh_cursor_vec16(struct fh_cursor *c, size_t max)
{
	size_t n = fh_cursor_be16(c);

	if (n > max)
		fh_cursor_fail(c, FH_ERR_LIMIT);
	return fh_cursor_take(c, n);
}

struct fh_span fh_cursor_until(struct fh_cursor *c, uint8_t b)
{
	size_t n = fh_span_find(c->rest, b);

	if (fh_cursor_bad(c) || n == c->rest.n) {
		fh_cursor_fail(c, FH_ERR_FORMAT);
		return (struct fh_span){ 0 };
	}
	struct fh_span taken = fh_cursor_take(c, n);

	(void)fh_cursor_take(c, 1);
	return taken;
}

void fh_cursor_expect(struct fh_cursor *c, struct fh_span expected)
{
	if (!fh_span_equal(fh_cursor_take(c, expected.n), expected))
		fh_cursor_fail(c, FH_ERR_FORMAT);
}

fh_err fh_cursor_end(const struct fh_cursor *c)
{
	if (fh_cursor_bad(c))
		return c->why;
	return c->rest.n == 0 ? FH_ERR_OK : FH_ERR_FORMAT;
}
