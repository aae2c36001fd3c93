/* SPDX-License-Identifier: Apache-2.0 */
/* What `like` does: the texts between the wildcards are looked for one after the
 * other, each as early as it can be found.  Looking for one of them is the two-way
 * algorithm of Crochemore and Perrin, so everything together is linear.  */
#include "policy/extension.h"

#include "policy/lexer.h"

/* The larger of the two orders' maximal suffixes starts behind *OUT; the result
 * is its period.  REVERSE is the second order.  */
static ptrdiff_t maximal_suffix(struct fh_span x, bool reverse, ptrdiff_t *out)
{
	ptrdiff_t i = -1, j = 0, k = 1, period = 1, m = (ptrdiff_t)x.n;

	while (j + k < m) {
		uint8_t a = x.p[j + k], b = x.p[i + k];

		if (a == b) {
			bool whole = k == period;

			j += whole ? period : 0;
			k = whole ? 1 : k + 1;
		} else if (reverse ? a > b : a < b) {
			j += k;
			k = 1;
			period = j - i;
		} else {
			i = j++;
			k = period = 1;
		}
	}
	*out = i;
	return period;
}

/* A way to look for one text.  */
struct search {
	struct fh_span x;  /* what is looked for, not empty */
	ptrdiff_t cut;     /* the critical factorization: x[0..cut], x[cut+1..] */
	ptrdiff_t period;
	bool periodic;     /* the whole of x has that period */
};

static struct search search_for(struct fh_span x)
{
	struct search s = { .x = x };
	ptrdiff_t i, j, m = (ptrdiff_t)x.n;
	ptrdiff_t p = maximal_suffix(x, false, &i), q = maximal_suffix(x, true, &j);

	s.cut = i > j ? i : j;
	s.period = i > j ? p : q;
	struct fh_span left = fh_span_first(x, (size_t)s.cut + 1);

	s.periodic = fh_span_starts(fh_span_skip(x, (size_t)s.period), left);
	if (!s.periodic)
		s.period = (s.cut + 1 > m - s.cut - 1 ? s.cut + 1 : m - s.cut - 1) + 1;
	return s;
}

/* Offset of the first S->x in Y, or Y.n.  */
static size_t find(const struct search *s, struct fh_span y)
{
	ptrdiff_t m = (ptrdiff_t)s->x.n, n = (ptrdiff_t)y.n, known = -1;

	for (ptrdiff_t j = 0; j + m <= n;) {
		ptrdiff_t i = s->cut > known ? s->cut + 1 : known + 1;

		while (i < m && s->x.p[i] == y.p[i + j])
			i++;
		if (i < m) {
			j += i - s->cut;
			known = -1;
			continue;
		}
		i = s->cut;
		while (i > known && s->x.p[i] == y.p[i + j])
			i--;
		if (i <= known)
			return (size_t)j;
		j += s->period;
		known = s->periodic ? m - s->period - 1 : -1;
	}
	return y.n;
}

bool fh_pattern_matches(struct fh_span pattern, struct fh_span text)
{
	size_t n = fh_span_find(pattern, FH_WILDCARD);

	if (n == pattern.n)
		return fh_span_equal(pattern, text);
	if (!fh_span_starts(text, fh_span_first(pattern, n)))
		return false;
	text = fh_span_skip(text, n);
	for (;;) {
		pattern = fh_span_skip(pattern, n + 1);
		n = fh_span_find(pattern, FH_WILDCARD);
		if (n == pattern.n)
			break; /* the last text must be at the end */
		struct fh_span part = fh_span_first(pattern, n);

		if (n == 0)
			continue;
		const struct search s = search_for(part);
		size_t at = find(&s, text);

		if (at == text.n)
			return false;
		text = fh_span_skip(text, at + n);
	}
	return text.n >= n && fh_span_equal(fh_span_skip(text, text.n - n), pattern);
}
