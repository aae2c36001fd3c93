/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"

#include <string.h>

struct fh_span fh_span_str(const char *s)
{
	return fh_span_of(s, strlen(s));
}

/* Most texts that are compared are short: two words that overlap hold all of them.  */
bool fh_bytes_equal(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint64_t first[2], last[2];
	uint32_t begins[2], ends[2];

	if (n > 2 * sizeof(first[0]))
		return memcmp(a, b, n) == 0;
	if (n >= sizeof(first[0])) {
		memcpy(&first[0], a, sizeof(first[0]));
		memcpy(&first[1], b, sizeof(first[1]));
		memcpy(&last[0], a + n - sizeof(last[0]), sizeof(last[0]));
		memcpy(&last[1], b + n - sizeof(last[1]), sizeof(last[1]));
		return ((first[0] ^ first[1]) | (last[0] ^ last[1])) == 0;
	}
	if (n >= sizeof(begins[0])) {
		memcpy(&begins[0], a, sizeof(begins[0]));
		memcpy(&begins[1], b, sizeof(begins[1]));
		memcpy(&ends[0], a + n - sizeof(ends[0]), sizeof(ends[0]));
		memcpy(&ends[1], b + n - sizeof(ends[1]), sizeof(ends[1]));
		return ((begins[0] ^ begins[1]) | (ends[0] ^ ends[1])) == 0;
	}
	for (size_t i = 0; i < n; i++) {
		if (a[i] != b[i])
			return false;
	}
	return true;
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

size_t fh_span_find(struct fh_span s, uint8_t b)
{
	const uint8_t *hit = s.n == 0 ? nullptr : memchr(s.p, b, s.n);

	return hit == nullptr ? s.n : (size_t)(hit - s.p);
}
