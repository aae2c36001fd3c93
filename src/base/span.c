/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"

#include <string.h>

struct fh_span fh_span_str(const char *s)
{
	return fh_span_of(s, strlen(s));
}

bool fh_span_equal(struct fh_span a, struct fh_span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

int fh_span_compare(struct fh_span a, struct fh_span b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n == 0 ? 0 : memcmp(a.p, b.p, n);

	if (order != 0)
		return order;
	return (a.n > b.n) - (a.n < b.n);
}

bool fh_span_starts(struct fh_span s, struct fh_span prefix)
{
	return fh_span_equal(fh_span_first(s, prefix.n), prefix);
}

struct fh_span fh_span_skip(struct fh_span s, size_t n)
{
	if (n > s.n)
		n = s.n;
	return n == 0 ? s : fh_span_of(s.p + n, s.n - n);
}

struct fh_span fh_span_first(struct fh_span s, size_t n)
{
	return fh_span_of(s.p, n < s.n ? n : s.n);
}

size_t fh_span_find(struct fh_span s, uint8_t b)
{
	const uint8_t *hit = s.n == 0 ? nullptr : memchr(s.p, b, s.n);

	return hit == nullptr ? s.n : (size_t)(hit - s.p);
}
