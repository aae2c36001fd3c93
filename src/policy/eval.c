/* SPDX-License-Identifier: Apache-2.0 */
/* Logic, comparison and arithmetic, and which part evaluates what.  */
#include "policy/eval.h"

#include <stdckdint.h>

#include "policy/extension.h"

static struct fh_value boolean(bool b)
{
	return (struct fh_value){ .kind = FH_VALUE_BOOL, .boolean = b };
}

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

bool fh_eval_kind(struct fh_evaluation *v, const struct fh_expr *e, enum fh_value_kind kind,
		  struct fh_value *out)
{
	if (!fh_eval(v, e, out))
		return false;
	return out->kind == kind || fh_eval_fault(v, e, FH_FAULT_TYPE);
}

/* a && b, a || b: b is only looked at if a does not tell.  */
static bool logic(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out)
{
	if (!fh_eval_kind(v, e->a, FH_VALUE_BOOL, out))
		return false;
	if (out->boolean == (e->kind == FH_EXPR_OR))
		return true;
	return fh_eval_kind(v, e->b, FH_VALUE_BOOL, out);
}

static bool negation(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out)
{
	if (!fh_eval_kind(v, e->a, FH_VALUE_BOOL, out))
		return false;
	*out = boolean(!out->boolean);
	return true;
}

static bool choice(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out)
{
	if (!fh_eval_kind(v, e->a, FH_VALUE_BOOL, out))
		return false;
	return fh_eval(v, out->boolean ? e->b : e->c, out);
}

static bool equality(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out)
{
	struct fh_value a, b;

	if (!fh_eval(v, e->a, &a) || !fh_eval(v, e->b, &b))
		return false;
	*out = boolean(fh_value_equal(&a, &b) == (e->kind == FH_EXPR_EQUAL));
	return true;
}

static bool has_order(const struct fh_value *v)
{
	return v->kind == FH_VALUE_LONG || v->kind == FH_VALUE_DATETIME ||
	       v->kind == FH_VALUE_DURATION;
}

static bool comparison(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out)
{
	struct fh_value a, b;

	if (!fh_eval(v, e->a, &a) || !fh_eval(v, e->b, &b))
		return false;
	if (!has_order(&a))
		return fh_eval_fault(v, e->a, FH_FAULT_TYPE);
	if (a.kind != b.kind)
		return fh_eval_fault(v, e->b, FH_FAULT_TYPE);
	bool less = a.integer < b.integer, same = a.integer == b.integer;

	*out = boolean(e->kind == FH_EXPR_LESS         ? less
		       : e->kind == FH_EXPR_LESS_EQUAL ? less || same
		       : e->kind == FH_EXPR_MORE       ? !less && !same
						       : !less);
	return true;
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
	if (!fh_eval_kind(v, e->a, FH_VALUE_LONG, out))
		return false;
	return !ckd_sub(&out->integer, 0, out->integer) || fh_eval_fault(v, e, FH_FAULT_OVERFLOW);
}

static bool likeness(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out)
{
	if (!fh_eval_kind(v, e->a, FH_VALUE_STRING, out))
		return false;
	*out = boolean(fh_pattern_matches(e->text, out->text));
	return true;
}

static struct fh_value literal(const struct fh_expr *e)
{
	switch (e->kind) {
	case FH_EXPR_LONG:
		return (struct fh_value){ .kind = FH_VALUE_LONG, .integer = e->integer };
	case FH_EXPR_STRING:
		return (struct fh_value){ .kind = FH_VALUE_STRING, .text = e->text };
	case FH_EXPR_ENTITY:
		return (struct fh_value){ .kind = FH_VALUE_ENTITY, .entity = e->entity };
	default:
		return boolean(e->boolean);
	}
}

bool fh_eval(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out)
{
	switch (e->kind) {
	case FH_EXPR_BOOL:
	case FH_EXPR_LONG:
	case FH_EXPR_STRING:
	case FH_EXPR_ENTITY:
		*out = literal(e);
		return true;
	case FH_EXPR_VARIABLE:
		*out = v->variable[e->which];
		return true;
	case FH_EXPR_NOT:
		return negation(v, e, out);
	case FH_EXPR_AND:
	case FH_EXPR_OR:
		return logic(v, e, out);
	case FH_EXPR_IF:
		return choice(v, e, out);
	case FH_EXPR_EQUAL:
	case FH_EXPR_UNEQUAL:
		return equality(v, e, out);
	case FH_EXPR_LESS:
	case FH_EXPR_LESS_EQUAL:
	case FH_EXPR_MORE:
	case FH_EXPR_MORE_EQUAL:
		return comparison(v, e, out);
	case FH_EXPR_NEGATE:
		return sign(v, e, out);
	case FH_EXPR_ADD:
	case FH_EXPR_SUBTRACT:
	case FH_EXPR_MULTIPLY:
		return arithmetic(v, e, out);
	case FH_EXPR_IN:
		return fh_eval_in(v, e, out);
	case FH_EXPR_IS:
	case FH_EXPR_IS_IN:
		return fh_eval_is(v, e, out);
	case FH_EXPR_HAS:
		return fh_eval_has(v, e, out);
	case FH_EXPR_GET:
		return fh_eval_get(v, e, out);
	case FH_EXPR_HAS_TAG:
	case FH_EXPR_GET_TAG:
		return fh_eval_tag(v, e, out);
	case FH_EXPR_RECORD:
		return fh_eval_record(v, e, out);
	case FH_EXPR_LIKE:
		return likeness(v, e, out);
	case FH_EXPR_SET:
		return fh_eval_set(v, e, out);
	case FH_EXPR_CONTAINS:
	case FH_EXPR_CONTAINS_ALL:
	case FH_EXPR_CONTAINS_ANY:
	case FH_EXPR_IS_EMPTY:
		return fh_eval_contains(v, e, out);
	case FH_EXPR_CALL:
		return fh_eval_call(v, e, out);
	case FH_EXPR_KINDS:
		break;
	}
	return fh_eval_fault(v, e, FH_FAULT_TYPE);
}
