/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_BASE_CURSOR_H
#define FH_BASE_CURSOR_H

#include "base/span.h"
#include "freehold/error.h"

/* Reads a message front to back.  The first read that does not fit turns the
 * cursor bad; from then on every read yields zero or an empty span and the
 * cursor stays bad.  So a parser reads its fields in order, as the
 * specification lists them, and asks once at the end.  */
struct fh_cursor {
	struct fh_span rest; /* what has not been read yet */
	fh_err why;          /* FH_ERR_OK, or why it turned bad (the first reason) */
};

static inline struct fh_cursor fh_cursor_of(struct fh_span s)
{
	return (struct fh_cursor){ s, FH_ERR_OK };
}

static inline bool fh_cursor_bad(const struct fh_cursor *c)
{
	return c->why != FH_ERR_OK;
}

/* Turns C bad for reason WHY (the first reason stays).  */
void fh_cursor_fail(struct fh_cursor *c, fh_err why);

/* Exactly N bytes.  This and the next are in the header since every parser comes by at every
 * member that it reads.  */
static inline struct fh_span fh_cursor_take(struct fh_cursor *c, size_t n)
{
	if (n > c->rest.n) { /* as always when it is bad, unless N is 0 */
		fh_cursor_fail(c, FH_ERR_FORMAT);
		return (struct fh_span){ 0 };
	}
	struct fh_span taken = fh_span_first(c->rest, n);

	c->rest = fh_span_skip(c->rest, n);
	return taken;
}

/* Fixed-width big-endian integers.  */
static inline uint8_t fh_cursor_u8(struct fh_cursor *c)
{
	struct fh_span s = fh_cursor_take(c, 1);

	return s.n == 0 ? 0 : s.p[0];
}
uint16_t fh_cursor_be16(struct fh_cursor *c);
uint32_t fh_cursor_be32(struct fh_cursor *c);
uint64_t fh_cursor_be64(struct fh_cursor *c);

/* Little-endian ones, as firmware has them.  */
uint16_t fh_cursor_le16(struct fh_cursor *c);
uint32_t fh_cursor_le32(struct fh_cursor *c);
uint64_t fh_cursor_le64(struct fh_cursor *c);

/* A vector with a 16-bit length; FH_ERR_LIMIT above MAX.  */
struct fh_span fh_cursor_vec16(struct fh_cursor *c, size_t max);

/* All up to and without the next byte B, which is consumed too.
 * FH_ERR_FORMAT if there is no B.  */
struct fh_span fh_cursor_until(struct fh_cursor *c, uint8_t b);

/* Demands exactly the bytes EXPECTED.  */
void fh_cursor_expect(struct fh_cursor *c, struct fh_span expected);

/* FH_ERR_OK if everything fitted and nothing is left over.  */
fh_err fh_cursor_end(const struct fh_cursor *c);

#endif
