/* SPDX-License-Identifier: Apache-2.0 */
/* Logic, comparison and arithmetic, and which part evaluates what.  */
#include "policy/eval.h"

#include <stdckdint.h>

#include "policy/extension.h"

bool fh_eval_fault(struct fh_evaluation *v, const struct fh_expr *e, enum fh_fault_kind kind)
{
	if (v->fault.kind == FH_FAULT_NONE)
		v->fault = (struct fh_fault){ kind, e->at };
	return false;
}

bool fh_eval_full(struct fh_evaluation *v)
{
	if (v->e == FH_ERR_OK)
		v->e = FH_ERR_NOMEM;
	return false;
}

const struct fh_value *fh_eval_operand(struct fh_evaluation *v, const struct fh_expr *e,
				       struct fh_value *room)
{
	if (e->kind == FH_EXPR_VARIABLE)
		return &v->variable[e->which];
	if (e->kind == FH_EXPR_VALUE)
		return e->value;
	return fh_eval(v, e, room) ? room : nullptr;
}

/* --- what is a boolean ------------------------------------------------------ */

/* a && b, a || b: b is only looked at if a does not tell.  */
static bool logic(struct fh_evaluation *v, const struct fh_expr *e, bool *out)
{
	if (!fh_eval_bool(v, e->a, out))
		return false;
	return *out == (e->kind == FH_EXPR_OR) || fh_eval_bool(v, e->b, out);
}

static bool negation(struct fh_evaluation *v, const struct fh_expr *e, bool *out)
{
	if (!fh_eval_bool(v, e->a, out))
		return false;
	*out = !*out;
	return true;
}

static bool equality(struct fh_evaluation *v, const struct fh_expr *e, bool *out)
{
	struct fh_value rooms[2];
	const struct fh_value *a = fh_eval_operand(v, e->a, &rooms[0]);
	const struct fh_value *b = a == nullptr ? nullptr : fh_eval_operand(v, e->b, &rooms[1]);

	if (b == nullptr)
		return false;
	*out = fh_value_equal(a, b) == (e->kind == FH_EXPR_EQUAL);
	return true;
}

static bool has_order(const struct fh_value *v)
{
	return v->kind == FH_VALUE_LONG || v->kind == FH_VALUE_DATETIME ||
	       v->kind == FH_VALUE_DURATION;
}

static bool comparison(struct fh_evaluation *v, const struct fh_expr *e, bool *out)
{
	struct fh_value rooms[2];
	const struct fh_value *a = fh_eval_operand(v, e->a, &rooms[0]);
	const struct fh_value *b = a == nullptr ? nullptr : fh_eval_operand(v, e->b, &rooms[1]);

	if (b == nullptr)
		return false;
	if (!has_order(a))
		return fh_eval_fault(v, e->a, FH_FAULT_TYPE);
	if (a->kind != b->kind)
		return fh_eval_fault(v, e->b, FH_FAULT_TYPE);
	bool less = a->integer < b->integer, same = a->integer == b->integer;

	*out = e->kind == FH_EXPR_LESS         ? less
	       : e->kind == FH_EXPR_LESS_EQUAL ? less || same
	       : e->kind == FH_EXPR_MORE       ? !less && !same
					       : !less;
	return true;
}

static bool likeness(struct fh_evaluation *v, const struct fh_expr *e, bool *out)
{
	struct fh_value room;
	const struct fh_value *a = fh_eval_operand(v, e->a, &room);

	if (a == nullptr)
		return false;
	if (a->kind != FH_VALUE_STRING)
		return fh_eval_fault(v, e->a, FH_FAULT_TYPE);
	*out = fh_pattern_matches(e->text, a->text);
	return true;
}

/* Whether the variable of E is, or is in, what E names.  */
static bool within(const struct fh_evaluation *v, const struct fh_expr *e)
{
	for (uint32_t i = 0; i < e->n; i++) {
		if (fh_numbers_have(&v->in[e->which], e->numbers[i]))
			return true;
	}
	return false;
}

/* E may have a value of any kind.  */
static bool must_be_bool(struct fh_evaluation *v, const struct fh_expr *e, bool *out)
{
	struct fh_value room;
	const struct fh_value *value = fh_eval_operand(v, e, &room);

	if (value == nullptr)
		return false;
	if (value->kind != FH_VALUE_BOOL)
		return fh_eval_fault(v, e, FH_FAULT_TYPE);
	*out = value->boolean;
	return true;
}

bool fh_eval_bool(struct fh_evaluation *v, const struct fh_expr *e, bool *out)
{
	switch (e->kind) {
	case FH_EXPR_BOOL:
		*out = e->boolean;
		return true;
	case FH_EXPR_NOT:
		return negation(v, e, out);
	case FH_EXPR_AND:
	case FH_EXPR_OR:
		return logic(v, e, out);
	case FH_EXPR_EQUAL:
	case FH_EXPR_UNEQUAL:
		return equality(v, e, out);
	case FH_EXPR_LESS:
	case FH_EXPR_LESS_EQUAL:
	case FH_EXPR_MORE:
	case FH_EXPR_MORE_EQUAL:
		return comparison(v, e, out);
	case FH_EXPR_IN:
		return fh_eval_in(v, e, out);
	case FH_EXPR_IS:
	case FH_EXPR_IS_IN:
		return fh_eval_is(v, e, out);
	case FH_EXPR_HAS:
		return fh_eval_has(v, e, out);
	case FH_EXPR_HAS_TAG:
		return fh_eval_has_tag(v, e, out);
	case FH_EXPR_LIKE:
		return likeness(v, e, out);
	case FH_EXPR_CONTAINS:
	case FH_EXPR_CONTAINS_ALL:
	case FH_EXPR_CONTAINS_ANY:
	case FH_EXPR_IS_EMPTY:
		return fh_eval_contains(v, e, out);
	case FH_EXPR_NAMED:
		*out = v->self[e->which] == e->numbers[0];
		return true;
	case FH_EXPR_WITHIN:
		*out = within(v, e);
		return true;
	default:
		return must_be_bool(v, e, out);
	}
}

bool fh_eval_tells(struct fh_evaluation *v, const struct fh_expr *e, bool wanted)
{
	size_t taken = v->arena->n;
	bool b, told = fh_eval_bool(v, e, &b);

	v->arena->n = taken;
	return told && b == wanted;
}

/* --- what is not, or need not be -------------------------------------------- */

static bool choice(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out)
{
	bool first;

	return fh_eval_bool(v, e->a, &first) && fh_eval(v, first ? e->b : e->c, out);
}

static bool arithmetic(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out)
{
	struct fh_value a, b;
	bool overflow;

	if (!fh_eval(v, e->a, &a) || !fh_eval(v, e->b, &b))
		return false;
	if (a.kind != FH_VALUE_LONG || b.kind != FH_VALUE_LONG)
		return fh_eval_fault(v, a.kind != FH_VALUE_LONG ? e->a : e->b, FH_FAULT_TYPE);
	if (e->kind == FH_EXPR_ADD)
		overflow = ckd_add(&a.integer, a.integer, b.integer);
	else if (e->kind == FH_EXPR_SUBTRACT)
		overflow = ckd_sub(&a.integer, a.integer, b.integer);
	else
		overflow = ckd_mul(&a.integer, a.integer, b.integer);
	*out = a;
	return !overflow || fh_eval_fault(v, e, FH_FAULT_OVERFLOW);
}

static bool sign(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out)
{
	if (!fh_eval(v, e->a, out))
		return false;
	if (out->kind != FH_VALUE_LONG)
		return fh_eval_fault(v, e->a, FH_FAULT_TYPE);
	return !ckd_sub(&out->integer, 0, out->integer) || fh_eval_fault(v, e, FH_FAULT_OVERFLOW);
}

static bool boolean(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out)
{
	bool b;

	if (!fh_eval_bool(v, e, &b))
		return false;
	*out = (struct fh_value){ .kind = FH_VALUE_BOOL, .boolean = b };
	return true;
}

bool fh_eval(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out)
{
	switch (e->kind) {
	case FH_EXPR_LONG:
		*out = (struct fh_value){ .kind = FH_VALUE_LONG, .integer = e->integer };
		return true;
	case FH_EXPR_STRING:
		*out = (struct fh_value){ .kind = FH_VALUE_STRING, .text = e->text };
		return true;
	case FH_EXPR_ENTITY:
		*out = (struct fh_value){ .kind = FH_VALUE_ENTITY, .entity = e->entity };
		return true;
	case FH_EXPR_VALUE:
		*out = *e->value;
		return true;
	case FH_EXPR_VARIABLE:
		*out = v->variable[e->which];
		return true;
	case FH_EXPR_IF:
		return choice(v, e, out);
	case FH_EXPR_NEGATE:
		return sign(v, e, out);
	case FH_EXPR_ADD:
	case FH_EXPR_SUBTRACT:
	case FH_EXPR_MULTIPLY:
		return arithmetic(v, e, out);
	case FH_EXPR_GET:
		return fh_eval_get(v, e, out);
	case FH_EXPR_GET_TAG:
		return fh_eval_get_tag(v, e, out);
	case FH_EXPR_RECORD:
		return fh_eval_record(v, e, out);
	case FH_EXPR_SET:
		return fh_eval_set(v, e, out);
	case FH_EXPR_CALL:
		return fh_eval_call(v, e, out);
	case FH_EXPR_KINDS:
		return fh_eval_fault(v, e, FH_FAULT_TYPE);
	default:
		return boolean(v, e, out);
	}
}
