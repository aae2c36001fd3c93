/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of code points.  */
#include "schema/regex_private.h"

#include "base/sort.h"

bool fh_code_set_has(const struct fh_code_set *s, uint32_t c)
{
	size_t low = 0, high = s->n;

	if (c < 128)
		return s->ascii[c / 32] >> (c % 32) & 1;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->range[middle].last < c)
			low = middle + 1;
		else
			high = middle;
	}
	return low < s->n && s->range[low].first <= c;
}

void fh_code_draft_add(struct fh_code_draft *d, uint32_t first, uint32_t last)
{
	struct fh_code_chunk *c = d->chunk;

	if (c == nullptr || c->n == FH_CODE_CHUNK) {
		c = fh_arena_space(d->arena, sizeof(*c));
		if (c == nullptr) {
			d->full = true;
			return;
		}
		c->next = d->chunk;
		c->n = 0;
		d->chunk = c;
	}
	c->range[c->n++] = (struct fh_code_range){ first, last };
	d->n++;
}

void fh_code_draft_list(struct fh_code_draft *d, const struct fh_code_range *r, size_t n,
			bool negated)
{
	uint32_t from = 0;

	for (size_t i = 0; i < n; i++) {
		if (!negated)
			fh_code_draft_add(d, r[i].first, r[i].last);
		else if (r[i].first > from)
			fh_code_draft_add(d, from, r[i].first - 1);
		from = r[i].last + 1;
	}
	if (negated && from <= FH_CODE_POINT_MAX)
		fh_code_draft_add(d, from, FH_CODE_POINT_MAX);
}

static int order_ranges(const void *a, const void *b)
{
	const struct fh_code_range *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

/* Sorts the N ranges at R and joins what touches; returns how many are left.  */
static size_t join(struct fh_code_range *r, size_t n)
{
	size_t kept = 0;

	fh_sort(r, n, sizeof(*r), order_ranges);
	for (size_t i = 0; i < n; i++) {
		if (kept == 0 || r[i].first > r[kept - 1].last + 1)
			r[kept++] = r[i];
		else if (r[i].last > r[kept - 1].last)
			r[kept - 1].last = r[i].last;
	}
	return kept;
}

/* All ranges of D in *OUT, sorted and joined.  */
static bool gather(const struct fh_code_draft *d, struct fh_code_range **out, size_t *n)
{
	struct fh_code_range *r = fh_arena_array(d->arena, d->n + 1, sizeof(*r));

	*n = 0;
	if (r == nullptr || d->full)
		return false;
	for (const struct fh_code_chunk *c = d->chunk; c != nullptr; c = c->next) {
		for (size_t i = 0; i < c->n; i++)
			r[(*n)++] = c->range[i];
	}
	*n = join(r, *n);
	*out = r;
	return true;
}

const struct fh_code_set *fh_code_draft_set(struct fh_code_draft *d, bool negated)
{
	struct fh_code_set *s = fh_arena_take(d->arena, sizeof(*s));
	struct fh_code_range *range;
	size_t n;

	if (s == nullptr || !gather(d, &range, &n))
		return nullptr;
	if (negated) {
		struct fh_code_draft others = { .arena = d->arena };

		fh_code_draft_list(&others, range, n, true);
		if (!gather(&others, &range, &n))
			return nullptr;
	}
	s->range = range;
	s->n = n;
	for (size_t i = 0; i < n; i++) {
		for (uint32_t c = range[i].first; c < 128 && c <= range[i].last; c++)
			s->ascii[c / 32] |= UINT32_C(1) << (c % 32);
	}
	return s;
}
