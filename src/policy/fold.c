/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/fold.h"

#include <string.h>

#include "policy/eval.h"

struct folding {
	struct fh_names *names;
	struct fh_arena *arena;
	struct fh_evaluation v; /* of what depends on no request: it has only memory */
	fh_err e;               /* FH_ERR_OK so far, or FH_ERR_NOMEM */
	/* The attribute that was folded last, and what became of it: of `a has b.c.d` each part
	 * begins with the one before, which is one node for both.  */
	const struct fh_expr *last, *folded;
};

/* Where the memory of an expression began, and how many entities were named then.  */
struct mark {
	size_t taken;
	uint32_t names;
};

static const struct fh_expr *fold(struct folding *f, const struct fh_expr *e);

/* A node like MADE, or NULL if there is no memory.  */
static const struct fh_expr *put(struct folding *f, const struct fh_expr *made)
{
	struct fh_expr *new = fh_arena_take(f->arena, sizeof(*new));

	if (new == nullptr)
		f->e = FH_ERR_NOMEM;
	else
		*new = *made;
	return new;
}

static bool is_constant(const struct fh_expr *e)
{
	return e->kind == FH_EXPR_BOOL || e->kind == FH_EXPR_LONG || e->kind == FH_EXPR_STRING ||
	       e->kind == FH_EXPR_ENTITY || e->kind == FH_EXPR_VALUE;
}

/* VALUE in the place of E.  */
static const struct fh_expr *constant(struct folding *f, const struct fh_expr *e,
				      const struct fh_value *value)
{
	struct fh_expr made = { .depth = 1, .at = e->at };

	switch (value->kind) {
	case FH_VALUE_BOOL:
		made.kind = FH_EXPR_BOOL;
		made.boolean = value->boolean;
		break;
	case FH_VALUE_LONG:
		made.kind = FH_EXPR_LONG;
		made.integer = value->integer;
		break;
	default: {
		struct fh_value *kept = fh_arena_take(f->arena, sizeof(*kept));

		if (kept == nullptr) {
			f->e = FH_ERR_NOMEM;
			return nullptr;
		}
		*kept = *value;
		made.kind = FH_EXPR_VALUE;
		made.value = kept;
	}
	}
	return put(f, &made);
}

/* It is all in struct fh_value.  */
static bool is_scalar(const struct fh_value *value)
{
	return value->kind == FH_VALUE_BOOL || value->kind == FH_VALUE_LONG ||
	       value->kind == FH_VALUE_DECIMAL || value->kind == FH_VALUE_DATETIME ||
	       value->kind == FH_VALUE_DURATION;
}

/* E, whose parts are constants, or NULL: what is a fault stays one.  Where nothing was found
 * that stays, what the parts took since START is given back.  */
static const struct fh_expr *compute(struct folding *f, const struct fh_expr *e,
				     const struct mark *start)
{
	size_t taken = f->arena->n;
	struct fh_value value;

	f->v.fault = (struct fh_fault){ 0 };
	if (!fh_eval(&f->v, e, &value)) {
		f->e = f->v.e;
		f->arena->n = taken;
		return nullptr;
	}
	if (is_scalar(&value) && f->names->n == start->names) {
		f->arena->n = start->taken;
		f->last = nullptr;
	}
	return constant(f, e, &value);
}

/* --- questions about the request's entities --------------------------------- */

/* The parts of a request that are entities.  */
static bool is_entity_variable(const struct fh_expr *e)
{
	return e->kind == FH_EXPR_VARIABLE && e->which != FH_VARIABLE_CONTEXT;
}

/* What UP names, if it is a constant: entities in *LIST (one may be put into *ROOM), or
 * false.  */
static bool named_by(const struct fh_expr *up, struct fh_value *room, const struct fh_value **list,
		     uint32_t *n)
{
	*room = (struct fh_value){ .kind = FH_VALUE_ENTITY, .entity = up->entity };
	*list = room;
	*n = 1;
	if (up->kind == FH_EXPR_ENTITY)
		return true;
	if (up->kind != FH_EXPR_VALUE || up->value->kind != FH_VALUE_SET)
		return false;
	*list = up->value->items;
	*n = up->value->n;
	for (uint32_t i = 0; i < *n; i++) {
		if ((*list)[i].kind != FH_VALUE_ENTITY)
			return false;
	}
	return true;
}

/* E, which asks whether variable A is, or is in, UP, by numbers; NULL if it does not ask that
 * of a constant.  */
static const struct fh_expr *number(struct folding *f, const struct fh_expr *e,
				    enum fh_expr_kind kind, const struct fh_expr *a,
				    const struct fh_expr *up)
{
	struct fh_expr made = { .kind = kind, .which = a->which, .depth = 1, .at = e->at };
	const struct fh_value *list;
	struct fh_value room;

	if (!is_entity_variable(a) || !named_by(up, &room, &list, &made.n))
		return nullptr;
	uint32_t *numbers = fh_arena_array(f->arena, made.n, sizeof(*numbers));

	if (numbers == nullptr)
		f->e = FH_ERR_NOMEM;
	for (uint32_t i = 0; f->e == FH_ERR_OK && i < made.n; i++)
		f->e = fh_names_put(f->names, list[i].entity, f->arena, &numbers[i]);
	made.numbers = numbers;
	return f->e == FH_ERR_OK ? put(f, &made) : nullptr;
}

/* a is T in b, as a is T && a in b if the second can be asked by numbers.  */
static const struct fh_expr *number_is_in(struct folding *f, const struct fh_expr *e)
{
	struct fh_expr is = *e, both = { .kind = FH_EXPR_AND, .depth = e->depth, .at = e->at };

	is.kind = FH_EXPR_IS;
	is.b = nullptr;
	both.b = number(f, e, FH_EXPR_WITHIN, e->a, e->b);
	both.a = both.b == nullptr ? nullptr : put(f, &is);
	return both.a == nullptr ? nullptr : put(f, &both);
}

/* a == b, a != b; one of them may be a variable and the other a constant.  */
static const struct fh_expr *number_equality(struct folding *f, const struct fh_expr *e)
{
	const struct fh_expr *one = is_entity_variable(e->a) ? e->a : e->b;
	const struct fh_expr *other = one == e->a ? e->b : e->a;
	struct fh_expr not = { .kind = FH_EXPR_NOT, .depth = 2, .at = e->at };

	if (other->kind != FH_EXPR_ENTITY)
		return nullptr;
	not.a = number(f, e, FH_EXPR_NAMED, one, other);
	return not.a == nullptr || e->kind == FH_EXPR_EQUAL ? not.a : put(f, &not);
}

/* --- logic ------------------------------------------------------------------ */

/* E is a boolean or has a fault, and that is a fault of some part of it.  */
static bool is_boolean(const struct fh_expr *e)
{
	switch (e->kind) {
	case FH_EXPR_BOOL:
	case FH_EXPR_NOT:
	case FH_EXPR_AND:
	case FH_EXPR_OR:
	case FH_EXPR_EQUAL:
	case FH_EXPR_UNEQUAL:
	case FH_EXPR_LESS:
	case FH_EXPR_LESS_EQUAL:
	case FH_EXPR_MORE:
	case FH_EXPR_MORE_EQUAL:
	case FH_EXPR_IN:
	case FH_EXPR_IS:
	case FH_EXPR_IS_IN:
	case FH_EXPR_HAS:
	case FH_EXPR_HAS_TAG:
	case FH_EXPR_LIKE:
	case FH_EXPR_CONTAINS:
	case FH_EXPR_CONTAINS_ALL:
	case FH_EXPR_CONTAINS_ANY:
	case FH_EXPR_IS_EMPTY:
	case FH_EXPR_NAMED:
	case FH_EXPR_WITHIN:
		return true;
	default:
		return false;
	}
}

/* PART in the place of E.  It may be called as E is, because none of its faults are its
 * own.  */
static const struct fh_expr *instead(struct folding *f, const struct fh_expr *e,
				     const struct fh_expr *part)
{
	struct fh_expr made = *part;

	made.at = e->at;
	return put(f, &made);
}

/* a && b, a || b; a constant tells, or does not matter.  */
static const struct fh_expr *fold_logic(struct folding *f, const struct fh_expr *e)
{
	bool decides = e->kind == FH_EXPR_OR;

	if (e->a->kind == FH_EXPR_BOOL && e->a->boolean == decides)
		return instead(f, e, e->a);
	if (e->a->kind == FH_EXPR_BOOL && is_boolean(e->b))
		return instead(f, e, e->b);
	if (e->b->kind == FH_EXPR_BOOL && e->b->boolean != decides && is_boolean(e->a))
		return instead(f, e, e->a);
	return nullptr;
}

static const struct fh_expr *fold_choice(struct folding *f, const struct fh_expr *e)
{
	if (e->a->kind != FH_EXPR_BOOL)
		return nullptr;
	const struct fh_expr *chosen = e->a->boolean ? e->b : e->c;

	return is_constant(chosen) || is_boolean(chosen) ? instead(f, e, chosen) : nullptr;
}

/* --- all of it -------------------------------------------------------------- */

/* What is known of an expression's parts once they are folded.  */
struct parts {
	bool constant; /* all of them are */
	bool changed;  /* some has */
};

/* PART, folded.  */
static const struct fh_expr *fold_part(struct folding *f, const struct fh_expr *part,
				       struct parts *p)
{
	const struct fh_expr *with = part == nullptr ? nullptr : fold(f, part);

	p->constant &= with == nullptr || is_constant(with);
	p->changed |= with != part;
	return with;
}

/* The children of a SET or a CALL; their list is copied when one changes.  */
static void fold_items(struct folding *f, struct fh_expr *e, struct parts *p)
{
	const struct fh_expr **items = nullptr;

	for (uint32_t i = 0; f->e == FH_ERR_OK && i < e->n; i++) {
		const struct fh_expr *with = fold_part(f, e->items[i], p);

		if (items == nullptr && p->changed) {
			items = fh_arena_array(f->arena, e->n, sizeof(*items));
			if (items == nullptr) {
				f->e = FH_ERR_NOMEM;
				return;
			}
			memcpy(items, e->items, e->n * sizeof(*items));
			e->items = items;
		}
		if (items != nullptr)
			items[i] = with;
	}
}

static void fold_fields(struct folding *f, struct fh_expr *e, struct parts *p)
{
	struct fh_expr_field *fields = nullptr;

	for (uint32_t i = 0; f->e == FH_ERR_OK && i < e->n; i++) {
		const struct fh_expr *with = fold_part(f, e->fields[i].value, p);

		if (fields == nullptr && p->changed) {
			fields = fh_arena_array(f->arena, e->n, sizeof(*fields));
			if (fields == nullptr) {
				f->e = FH_ERR_NOMEM;
				return;
			}
			memcpy(fields, e->fields, e->n * sizeof(*fields));
			e->fields = fields;
		}
		if (fields != nullptr)
			fields[i].value = with;
	}
}

static void fold_parts(struct folding *f, struct fh_expr *e, struct parts *p)
{
	if (e->kind == FH_EXPR_RECORD) {
		fold_fields(f, e, p);
	} else if (e->kind == FH_EXPR_SET || e->kind == FH_EXPR_CALL) {
		fold_items(f, e, p);
	} else {
		e->a = fold_part(f, e->a, p);
		e->b = fold_part(f, e->b, p);
		e->c = fold_part(f, e->c, p);
	}
}

/* E, whose parts are folded, as something simpler, or NULL.  */
static const struct fh_expr *fold_node(struct folding *f, const struct fh_expr *e,
				       const struct parts *p, const struct mark *start)
{
	switch (e->kind) {
	case FH_EXPR_AND:
	case FH_EXPR_OR:
		return fold_logic(f, e);
	case FH_EXPR_IF:
		return fold_choice(f, e);
	case FH_EXPR_IN:
		return number(f, e, FH_EXPR_WITHIN, e->a, e->b);
	case FH_EXPR_IS_IN:
		return number_is_in(f, e);
	case FH_EXPR_HAS: /* these may ask for entities, whatever their operands are */
	case FH_EXPR_GET:
	case FH_EXPR_HAS_TAG:
	case FH_EXPR_GET_TAG:
		return nullptr;
	case FH_EXPR_EQUAL:
	case FH_EXPR_UNEQUAL:
		return p->constant ? compute(f, e, start) : number_equality(f, e);
	default:
		return p->constant ? compute(f, e, start) : nullptr;
	}
}

static const struct fh_expr *fold(struct folding *f, const struct fh_expr *e)
{
	const struct mark start = { f->arena->n, f->names->n };
	struct parts p = { .constant = true };
	struct fh_expr made = *e;
	const struct fh_expr *with = nullptr;

	if (f->e != FH_ERR_OK || is_constant(e) || e->kind == FH_EXPR_VARIABLE)
		return e;
	if (e == f->last)
		return f->folded;
	fold_parts(f, &made, &p);
	if (f->e == FH_ERR_OK)
		with = fold_node(f, &made, &p, &start);
	if (f->e == FH_ERR_OK && with == nullptr)
		with = p.changed ? put(f, &made) : e;
	if (f->e == FH_ERR_OK && e->kind == FH_EXPR_GET) {
		f->last = e;
		f->folded = with;
	}
	return f->e == FH_ERR_OK ? with : e;
}

fh_err fh_fold(const struct fh_expr *e, struct fh_names *names, struct fh_arena *a,
	       const struct fh_expr **out)
{
	struct folding f = { .names = names, .arena = a, .v = { .arena = a } };
	const struct fh_expr *folded = fold(&f, e);

	if (f.e == FH_ERR_OK)
		*out = folded;
	return f.e;
}
