/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/eval.h"

bool fh_eval_set(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out)
{
	struct fh_value *items = fh_arena_array(v->arena, e->n, sizeof(*items));

	if (items == nullptr)
		return fh_eval_full(v);
	for (uint32_t i = 0; i < e->n; i++) {
		if (!fh_eval(v, e->items[i], &items[i]))
			return false;
	}
	*out = fh_value_set(items, e->n);
	return true;
}

bool fh_eval_record(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out)
{
	struct fh_value_field *fields = fh_arena_array(v->arena, e->n, sizeof(*fields));

	if (fields == nullptr)
		return fh_eval_full(v);
	for (uint32_t i = 0; i < e->n; i++) {
		fields[i].name = e->fields[i].name;
		if (!fh_eval(v, e->fields[i].value, &fields[i].value))
			return false;
	}
	return fh_value_record(fields, e->n, out) || fh_eval_fault(v, e, FH_FAULT_TYPE);
}

/* Every element of B (or, if ANY, some) is in A.  */
static bool covers(const struct fh_value *a, const struct fh_value *b, bool any)
{
	for (uint32_t i = 0; i < b->n; i++) {
		if (fh_value_contains(a, &b->items[i]) == any)
			return any;
	}
	return !any;
}

bool fh_eval_contains(struct fh_evaluation *v, const struct fh_expr *e, bool *out)
{
	struct fh_value rooms[2];
	const struct fh_value *a = fh_eval_operand(v, e->a, &rooms[0]), *b = nullptr;

	if (a == nullptr)
		return false;
	if (e->b != nullptr && (b = fh_eval_operand(v, e->b, &rooms[1])) == nullptr)
		return false;
	if (a->kind != FH_VALUE_SET)
		return fh_eval_fault(v, e->a, FH_FAULT_TYPE);
	if (b == nullptr) { /* isEmpty() */
		*out = a->n == 0;
		return true;
	}
	if (e->kind != FH_EXPR_CONTAINS && b->kind != FH_VALUE_SET)
		return fh_eval_fault(v, e->b, FH_FAULT_TYPE);
	*out = e->kind == FH_EXPR_CONTAINS ? fh_value_contains(a, b)
					   : covers(a, b, e->kind == FH_EXPR_CONTAINS_ANY);
	return true;
}
