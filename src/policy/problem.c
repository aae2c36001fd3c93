/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/problem.h"

#include <string.h>

#include "base/sort.h"

fh_err fh_problems_begin(struct fh_problems *p, struct fh_arena *a)
{
	*p = (struct fh_problems){ .list = fh_arena_array(a, FH_PROBLEMS_MAX, sizeof(*p->list)) };
	return p->list == nullptr ? FH_ERR_NOMEM : FH_ERR_OK;
}

static bool is_held(const struct fh_problems *p, const struct fh_trace *t)
{
	for (size_t i = 0; i < p->n; i++) {
		if (strcmp(p->list[i].why.where, t->where) == 0 &&
		    strcmp(p->list[i].why.what, t->what) == 0)
			return true;
	}
	return false;
}

fh_err fh_problems_note(struct fh_problems *p, fh_err e, const struct fh_trace *t)
{
	if (e == FH_ERR_OK || p == nullptr || e == FH_ERR_NOMEM)
		return e;
	if (is_held(p, t))
		return FH_ERR_OK;
	if (p->n < FH_PROBLEMS_MAX)
		p->list[p->n++] = (struct fh_problem){ e, *t };
	p->total++;
	return FH_ERR_OK;
}

/* The number at **S, which then stands behind it.  */
static uint64_t number(const char **s)
{
	uint64_t n = 0;

	for (; **s >= '0' && **s <= '9'; (*s)++)
		n = 10 * n + (uint64_t)(**s - '0');
	return n;
}

/* Of "policy:LINE:COLUMN" line and column; both are of 32 bits.  */
static uint64_t place(const char *where)
{
	const char *s = strchr(where, ':');
	uint64_t line = 0;

	if (s == nullptr)
		return 0;
	s++;
	line = number(&s);
	s += *s == ':';
	return line << 32 | (number(&s) & UINT32_MAX);
}

/* The schema comes first, the entities last.  */
static int text_of(const char *where)
{
	return where[0] == 's' ? 0 : where[0] == 'p' ? 1 : 2;
}

static int order(const void *a, const void *b)
{
	const struct fh_problem *x = a, *y = b;
	int between = text_of(x->why.where) - text_of(y->why.where);
	uint64_t left = place(x->why.where), right = place(y->why.where);

	if (between != 0)
		return between;
	return left < right ? -1 : left > right;
}

void fh_problems_sort(struct fh_problems *p)
{
	fh_sort(p->list, p->n, sizeof(*p->list), order);
}
