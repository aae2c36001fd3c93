/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/suggest.h"

constexpr size_t compared_max = 64;

static uint8_t fold(uint8_t b)
{
	return b >= 'A' && b <= 'Z' ? b | 0x20 : b;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Levenshtein's distance, upper and lower case alike, one row at a time.  */
static size_t distance(struct fh_span a, struct fh_span b)
{
	size_t row[compared_max + 1];

	for (size_t j = 0; j <= b.n; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			size_t kept = diagonal + (fold(a.p[i - 1]) != fold(b.p[j - 1]));

			diagonal = row[j];
			row[j] = least(kept, least(row[j], row[j - 1]) + 1);
		}
	}
	return row[b.n];
}

void fh_suggestion_offer(struct fh_suggestion *s, struct fh_span name)
{
	if (s->asked.n > compared_max || name.n > compared_max)
		return;
	size_t d = distance(s->asked, name);

	if (d <= 1 + s->asked.n / 4 && d < s->distance) {
		s->distance = d;
		s->best = name;
	}
}
