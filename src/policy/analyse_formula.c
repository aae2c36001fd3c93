/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/analyse_formula.h"

#include "base/sort.h"

constexpr uint32_t slots = 2 * FH_FORMULA_NODES_MAX; /* a power of two */

fh_err fh_formulas_begin(struct fh_formulas *f, struct fh_arena *a)
{
	struct fh_formulas made = {
		.node = fh_arena_space(a, FH_FORMULA_NODES_MAX * sizeof(*made.node)),
		.slot = fh_arena_array(a, slots, sizeof(*made.slot)),
		.n = 1,
	};

	if (made.node == nullptr || made.slot == nullptr)
		return FH_ERR_NOMEM;
	made.node[0] = (struct fh_formula_node){ 0, 0 };
	*f = made;
	return FH_ERR_OK;
}

/* The node (A, B), which is made if it is new.  */
static uint32_t node(struct fh_formulas *f, uint32_t a, uint32_t b)
{
	uint64_t h = ((uint64_t)a << 32 | b) * UINT64_C(0x9e3779b97f4a7c15);
	uint32_t at = (uint32_t)(h >> 32) & (slots - 1);

	for (; f->slot[at] != 0; at = (at + 1) & (slots - 1)) {
		const struct fh_formula_node *x = &f->node[f->slot[at]];

		if (x->a == a && x->b == b)
			return 2 * f->slot[at];
	}
	if (f->n == FH_FORMULA_NODES_MAX) {
		f->full = true;
		return FH_FORMULA_NO;
	}
	f->node[f->n] = (struct fh_formula_node){ a, b };
	f->slot[at] = f->n;
	return 2 * f->n++;
}

uint32_t fh_formula_atom(struct fh_formulas *f, uint32_t atom)
{
	return node(f, FH_FORMULA_ATOM, atom);
}

/* X is a conjunction and one of its parts is Y.  */
static bool has_part(const struct fh_formulas *f, uint32_t x, uint32_t y)
{
	const struct fh_formula_node *at = &f->node[x / 2];

	return x > FH_FORMULA_YES && at->a != FH_FORMULA_ATOM && (at->a == y || at->b == y);
}

uint32_t fh_formula_and(struct fh_formulas *f, uint32_t x, uint32_t y)
{
	uint32_t a = x < y ? x : y, b = x < y ? y : x;

	if (a == FH_FORMULA_NO || (a ^ b) == 1)
		return FH_FORMULA_NO;
	if (a == FH_FORMULA_YES || a == b)
		return b;
	for (int i = 0; i < 2; i++) {
		uint32_t whole = i == 0 ? b : a, part = i == 0 ? a : b;

		if ((whole & 1) == 0 && has_part(f, whole, part))
			return whole;
		if ((whole & 1) == 0 && has_part(f, whole, fh_formula_not(part)))
			return FH_FORMULA_NO;
		if ((whole & 1) == 1 && has_part(f, whole, fh_formula_not(part)))
			return part; /* p, and not (q and not p) */
	}
	return node(f, a, b);
}

uint32_t fh_formula_or(struct fh_formulas *f, uint32_t x, uint32_t y)
{
	return fh_formula_not(fh_formula_and(f, fh_formula_not(x), fh_formula_not(y)));
}

static int order(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

uint32_t fh_formula_any(struct fh_formulas *f, uint32_t *list, uint32_t n)
{
	fh_sort(list, n, sizeof(*list), order);
	if (n == 0)
		return FH_FORMULA_NO;
	for (; n > 1; n = (n + 1) / 2) {
		for (uint32_t i = 0; i < n / 2; i++)
			list[i] = fh_formula_or(f, list[2 * i], list[2 * i + 1]);
		if (n % 2 == 1)
			list[n / 2] = list[n - 1];
	}
	return list[0];
}
