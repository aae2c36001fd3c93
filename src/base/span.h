/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_BASE_SPAN_H
#define FH_BASE_SPAN_H

#include <stddef.h>
#include <stdint.h>

/* Borrowed bytes, passed by value.  A span owns nothing and is only as valid
 * as the memory it looks at.  */
struct fh_span {
	const uint8_t *p; /* first byte; may be NULL when n is 0 */
	size_t n;         /* length in bytes */
};

/* A span over a string literal, without its terminating zero.  */
#define FH_SPAN_LIT(s) ((struct fh_span){ (const uint8_t *)("" s), sizeof(s) - 1 })

/* A span over a whole array object (not a pointer).  */
#define FH_SPAN_ARRAY(a) ((struct fh_span){ (const uint8_t *)(a), sizeof(a) })

static inline struct fh_span fh_span_of(const void *p, size_t n)
{
	return (struct fh_span){ p, n };
}

/* The bytes of the zero-terminated S, without the zero.  */
struct fh_span fh_span_str(const char *s);

/* The N bytes at A and at B are the same.  */
bool fh_bytes_equal(const uint8_t *a, const uint8_t *b, size_t n);

/* Equal length and bytes.  Not for secrets: see base/secret.h.  */
static inline bool fh_span_equal(struct fh_span a, struct fh_span b)
{
	return a.n == b.n && (a.p == b.p || fh_bytes_equal(a.p, b.p, a.n));
}

/* Bytewise order, a proper prefix first: < 0, 0 or > 0.  */
int fh_span_compare(struct fh_span a, struct fh_span b);

/* S starts with PREFIX.  */
bool fh_span_starts(struct fh_span s, struct fh_span prefix);

/* S without its first N bytes; empty if it has fewer.  */
static inline struct fh_span fh_span_skip(struct fh_span s, size_t n)
{
	if (n > s.n)
		n = s.n;
	return n == 0 ? s : fh_span_of(s.p + n, s.n - n);
}

/* The first N bytes of S, or all of it if it has fewer.  */
static inline struct fh_span fh_span_first(struct fh_span s, size_t n)
{
	return fh_span_of(s.p, n < s.n ? n : s.n);
}

/* Offset of the first byte B in S, or S.n if there is none.  */
size_t fh_span_find(struct fh_span s, uint8_t b);

#endif
