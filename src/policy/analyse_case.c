/* SPDX-License-Identifier: Apache-2.0 */
/* What values an expression has, and when.  */
#include "policy/analyse_symbol.h"

#include <stdckdint.h>

#include "policy/evaluate.h"

static struct fh_cases none(void)
{
	return (struct fh_cases){ 0 };
}

static void make_room(struct fh_symbols *s, struct fh_cases *c)
{
	uint32_t room = c->room == 0 ? 4 : 2 * c->room;
	struct fh_case *list =
		room > FH_CASES_MAX ? nullptr : fh_arena_space(s->arena, room * sizeof(*list));

	if (list == nullptr) {
		s->full = true;
		return;
	}
	for (uint32_t i = 0; i < c->n; i++)
		list[i] = c->list[i];
	c->list = list;
	c->room = room;
}

void fh_symbols_add(struct fh_symbols *s, struct fh_cases *c, uint32_t when, uint32_t term)
{
	if (when == FH_FORMULA_NO || term == FH_TERM_NONE)
		return;
	for (uint32_t i = 0; i < c->n; i++) {
		if (c->list[i].term == term) {
			c->list[i].when = fh_formula_or(&s->f, c->list[i].when, when);
			return;
		}
	}
	*s->work -= *s->work > c->n ? c->n : *s->work;
	if (c->n == c->room)
		make_room(s, c);
	if (c->n < c->room)
		c->list[c->n++] = (struct fh_case){ when, term };
}

static void add(struct fh_symbols *s, struct fh_cases *c, uint32_t when, uint32_t term)
{
	fh_symbols_add(s, c, when, term);
}

static struct fh_cases only(struct fh_symbols *s, uint32_t when, uint32_t term)
{
	struct fh_cases c = none();

	add(s, &c, when, term);
	return c;
}

static uint32_t other(struct fh_symbols *s, uint32_t which, const uint32_t *items, uint32_t n,
		      const struct fh_type *type)
{
	uint32_t *kept = fh_arena_array(s->arena, n, sizeof(*kept));

	if (kept == nullptr) {
		s->full = true;
		return 0;
	}
	for (uint32_t i = 0; i < n; i++)
		kept[i] = items[i];
	return fh_term_of(&s->t, &(struct fh_term){ .kind = FH_TERM_OTHER, .which = which,
						    .items = kept, .n = n, .type = type });
}

/* Some value of TYPE, or an error: nothing is known.  */
static struct fh_cases opaque(struct fh_symbols *s, const struct fh_type *type)
{
	struct fh_outcome fits = fh_symbols_opaque(s);
	uint32_t number = (uint32_t)s->opaque;

	return only(s, fits.yes, other(s, UINT32_MAX, &number, 1, type));
}

/* --- numbers --------------------------------------------------------------- */

/* The number X plus N, of TYPE, when WHEN.  It fits if X is not too near to an end.  */
static void add_sum(struct fh_symbols *s, struct fh_cases *out, uint32_t when, uint32_t x,
		    int64_t n, const struct fh_type *type)
{
	const struct fh_term *t = &s->t.term[x];
	struct fh_term sum = { .kind = FH_TERM_SUM, .a = x, .number = n, .type = type };
	uint32_t fits = FH_FORMULA_YES;

	if (n > 0)
		fits = fh_symbols_below(s, x, INT64_MAX - n + 1);
	else if (n < 0)
		fits = fh_formula_not(fh_symbols_below(s, x, INT64_MIN - n));
	if (t->kind == FH_TERM_SUM) {
		sum.a = t->a;
		if (ckd_add(&sum.number, t->number, n)) {
			s->full = true; /* nobody adds up more than there are numbers */
			return;
		}
	}
	add(s, out, fh_formula_and(&s->f, when, fits), fh_term_of(&s->t, &sum));
}

static void add_operation(struct fh_symbols *s, struct fh_cases *out, uint32_t when,
			  enum fh_expr_kind kind, uint32_t a, uint32_t b)
{
	const struct fh_type *type = fh_type_plain(FH_KIND_LONG);
	const struct fh_term *x = &s->t.term[a], *y = &s->t.term[b];
	bool left = x->kind == FH_TERM_CONSTANT, right = y->kind == FH_TERM_CONSTANT;
	struct fh_value v = { .kind = FH_VALUE_LONG };
	bool over = false;

	if (left && right) {
		over = kind == FH_EXPR_ADD
			       ? ckd_add(&v.integer, x->value.integer, y->value.integer)
		       : kind == FH_EXPR_SUBTRACT
			       ? ckd_sub(&v.integer, x->value.integer, y->value.integer)
			       : ckd_mul(&v.integer, x->value.integer, y->value.integer);
		if (!over)
			add(s, out, when, fh_symbols_constant(s, v));
		return;
	}
	if (kind == FH_EXPR_ADD && right)
		add_sum(s, out, when, a, y->value.integer, type);
	else if (kind == FH_EXPR_ADD && left)
		add_sum(s, out, when, b, x->value.integer, type);
	else if (kind == FH_EXPR_SUBTRACT && right && y->value.integer != INT64_MIN)
		add_sum(s, out, when, a, -y->value.integer, type);
	else {
		uint32_t t = other(s, kind, (uint32_t[]){ a, b }, 2, type);
		uint32_t fits = fh_symbols_atom(s, FH_ATOM_FITS, t, FH_TERM_NONE);

		add(s, out, fh_formula_and(&s->f, when, fits), t);
	}
}

static struct fh_cases arithmetic(struct fh_symbols *s, const struct fh_expr *e)
{
	struct fh_cases x = fh_symbols_cases(s, e->a), y = fh_symbols_cases(s, e->b);
	struct fh_cases out = none();

	for (uint32_t i = 0; i < x.n; i++) {
		for (uint32_t k = 0; k < y.n; k++)
			add_operation(s, &out,
				      fh_formula_and(&s->f, x.list[i].when, y.list[k].when),
				      e->kind, x.list[i].term, y.list[k].term);
	}
	return out;
}

/* -a is 0 - a.  */
static struct fh_cases negation(struct fh_symbols *s, const struct fh_expr *e)
{
	const struct fh_value zero = { .kind = FH_VALUE_LONG };
	struct fh_cases x = fh_symbols_cases(s, e->a), out = none();

	for (uint32_t i = 0; i < x.n; i++)
		add_operation(s, &out, x.list[i].when, FH_EXPR_SUBTRACT,
			      fh_symbols_constant(s, zero), x.list[i].term);
	return out;
}

/* --- lists ------------------------------------------------------------------- */

/* Every choice of one case of each of the N expressions: the terms of the one numbered
 * WHICH in TERMS, and when it is made.  */
static uint32_t choose(struct fh_symbols *s, const struct fh_cases *of, uint32_t n,
		       uint32_t which, uint32_t *terms)
{
	uint32_t when = FH_FORMULA_YES;

	for (uint32_t i = 0; i < n; i++) {
		const struct fh_case *c = &of[i].list[which % of[i].n];

		which /= of[i].n;
		terms[i] = c->term;
		when = fh_formula_and(&s->f, when, c->when);
	}
	return when;
}

/* The cases of all N expressions, and how many choices there are; 0 if one errs always.  */
static uint32_t choices(struct fh_symbols *s, const struct fh_expr *e, struct fh_cases *of)
{
	uint32_t all = 1;

	for (uint32_t i = 0; i < e->n; i++) {
		of[i] = fh_symbols_cases(s, e->kind == FH_EXPR_RECORD ? e->fields[i].value
								      : e->items[i]);
		all *= of[i].n;
		if (all > FH_CASES_MAX) {
			s->full = true;
			return 0;
		}
		if (all == 0)
			return 0;
	}
	return all;
}

static bool all_constant(const struct fh_symbols *s, const uint32_t *terms, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (!fh_term_is_constant(&s->t, terms[i]))
			return false;
	}
	return true;
}

static uint32_t set_of(struct fh_symbols *s, const uint32_t *terms, uint32_t n)
{
	struct fh_value *items = fh_arena_array(s->arena, n, sizeof(*items));

	if (!all_constant(s, terms, n) || items == nullptr)
		return fh_term_of(&s->t, &(struct fh_term){ .kind = FH_TERM_SET, .items = terms,
							    .n = n });
	for (uint32_t i = 0; i < n; i++)
		items[i] = s->t.term[terms[i]].value;
	return fh_symbols_constant(s, fh_value_set(items, n));
}

static uint32_t record_of(struct fh_symbols *s, const struct fh_expr *e, const uint32_t *terms)
{
	struct fh_value_field *fields = fh_arena_array(s->arena, e->n, sizeof(*fields));
	struct fh_span *names = fh_arena_array(s->arena, e->n, sizeof(*names));
	struct fh_value v = { 0 };

	if (fields == nullptr || names == nullptr) {
		s->full = true;
		return 0;
	}
	for (uint32_t i = 0; i < e->n; i++) {
		names[i] = e->fields[i].name;
		fields[i].name = names[i];
		fields[i].value = s->t.term[terms[i]].value;
	}
	if (!all_constant(s, terms, e->n) || !fh_value_record(fields, e->n, &v))
		return fh_term_of(&s->t, &(struct fh_term){ .kind = FH_TERM_RECORD, .n = e->n,
							    .items = terms, .names = names });
	return fh_symbols_constant(s, v);
}

/* What function E makes of TERMS, when WHEN.  */
static void add_call(struct fh_symbols *s, struct fh_cases *out, uint32_t when,
		     const struct fh_expr *e, const uint32_t *terms)
{
	enum fh_function f = (enum fh_function)e->which;
	enum fh_value_kind result = fh_function_shape(f)->result;
	const struct fh_type *type = result == FH_VALUE_LONG ? fh_type_plain(FH_KIND_LONG)
							     : fh_type_extension(result);
	const struct fh_term *last = &s->t.term[terms[e->n - 1]];
	bool moves = f == FH_FUNCTION_OFFSET || f == FH_FUNCTION_DURATION_SINCE;

	if (all_constant(s, terms, e->n)) {
		struct fh_value x[2] = { s->t.term[terms[0]].value, last->value }, v;
		enum fh_fault_kind fault = FH_FAULT_NONE;

		if (fh_function_apply(f, x, e->n, s->arena, &v, &fault) != FH_ERR_OK)
			s->full = true;
		else if (fault == FH_FAULT_NONE)
			add(s, out, when, fh_symbols_constant(s, v));
		return;
	}
	if (moves && last->kind == FH_TERM_CONSTANT && last->value.integer != INT64_MIN) {
		int64_t n = last->value.integer;

		add_sum(s, out, when, terms[0], f == FH_FUNCTION_OFFSET ? n : -n, type);
		return;
	}
	uint32_t t = other(s, FH_TERM_CALL + f, terms, e->n, type);
	uint32_t fits = fh_symbols_atom(s, FH_ATOM_FITS, t, FH_TERM_NONE);

	add(s, out, fh_formula_and(&s->f, when, fits), t);
}

/* [..], {..} and functions, which evaluate all that they are given.  */
static struct fh_cases listed(struct fh_symbols *s, const struct fh_expr *e)
{
	struct fh_cases *of = fh_arena_array(s->arena, e->n, sizeof(*of)), out = none();
	uint32_t n = of == nullptr ? 0 : choices(s, e, of);

	s->full |= of == nullptr;
	for (uint32_t i = 0; i < n && !fh_symbols_full(s); i++) {
		uint32_t *terms = fh_arena_array(s->arena, e->n, sizeof(*terms));

		if (terms == nullptr) {
			s->full = true;
			break;
		}
		uint32_t when = choose(s, of, e->n, i, terms);

		if (when == FH_FORMULA_NO)
			continue;
		if (e->kind == FH_EXPR_SET)
			add(s, &out, when, set_of(s, terms, e->n));
		else if (e->kind == FH_EXPR_RECORD)
			add(s, &out, when, record_of(s, e, terms));
		else
			add_call(s, &out, when, e, terms);
	}
	return out;
}

/* --- what is asked for by name -------------------------------------------------- */

static struct fh_cases attribute(struct fh_symbols *s, const struct fh_expr *e)
{
	struct fh_cases x = fh_symbols_cases(s, e->a), out = none();

	for (uint32_t i = 0; i < x.n; i++) {
		if (fh_symbols_is_listed(s, x.list[i].term)) {
			fh_symbols_listed_get(s, x.list[i].term, e->text, x.list[i].when, &out);
			continue;
		}
		uint32_t has = fh_symbols_has(s, x.list[i].term, e->text);

		has = fh_formula_and(&s->f, x.list[i].when, has);
		if (has == FH_FORMULA_NO)
			continue;
		if (s->t.term[x.list[i].term].type == nullptr &&
		    s->t.term[x.list[i].term].kind == FH_TERM_OTHER)
			return opaque(s, nullptr);
		add(s, &out, has, fh_symbols_get(s, x.list[i].term, e->text));
	}
	return out;
}

static const struct fh_type *tags_of(const struct fh_symbols *s, uint32_t term)
{
	const struct fh_type *x = s->t.term[term].type;

	return x != nullptr && x->kind == FH_KIND_ENTITY && x->n == 1
		       ? s->schema->types[x->members[0]].tags
		       : nullptr;
}

static struct fh_cases tag(struct fh_symbols *s, const struct fh_expr *e)
{
	struct fh_cases x = fh_symbols_cases(s, e->a), y = fh_symbols_cases(s, e->b);
	struct fh_cases out = none();

	for (uint32_t i = 0; i < x.n; i++) {
		for (uint32_t k = 0; k < y.n; k++) {
			uint32_t a = x.list[i].term, b = y.list[k].term;
			uint32_t when =
				fh_formula_and(&s->f, x.list[i].when, y.list[k].when);

			if (tags_of(s, a) == nullptr)
				continue;
			if (fh_symbols_is_listed(s, a)) {
				fh_symbols_listed_get_tag(s, a, b, when, &out);
				continue;
			}
			add(s, &out, fh_formula_and(&s->f, when, fh_symbols_has_tag(s, a, b)),
			    fh_term_of(&s->t, &(struct fh_term){ .kind = FH_TERM_TAG, .a = a,
								 .b = b,
								 .which = s->world,
								 .type = tags_of(s, a) }));
		}
	}
	return out;
}

static struct fh_cases choice(struct fh_symbols *s, const struct fh_expr *e)
{
	struct fh_outcome test = fh_symbols_outcome(s, e->a);
	struct fh_cases out = none();

	for (int side = 0; side < 2; side++) {
		uint32_t when = side == 0 ? test.yes : test.no;
		struct fh_cases x = when == FH_FORMULA_NO
					    ? none()
					    : fh_symbols_cases(s, side == 0 ? e->b : e->c);

		for (uint32_t i = 0; i < x.n; i++)
			add(s, &out, fh_formula_and(&s->f, when, x.list[i].when),
			    x.list[i].term);
	}
	return out;
}

static struct fh_cases variable(struct fh_symbols *s, enum fh_variable which)
{
	const struct fh_value action = { .kind = FH_VALUE_ENTITY, .entity = &s->action };
	const struct fh_type *const type[] = { s->principal, nullptr, s->resource, s->context };

	if (which == FH_VARIABLE_ACTION)
		return only(s, FH_FORMULA_YES, fh_symbols_constant(s, action));
	return only(s, FH_FORMULA_YES,
		    fh_term_of(&s->t, &(struct fh_term){ .kind = FH_TERM_VARIABLE, .which = which,
							 .type = type[which] }));
}

/* A Bool as a value.  */
static struct fh_cases answer(struct fh_symbols *s, const struct fh_expr *e)
{
	struct fh_outcome x = fh_symbols_outcome(s, e);
	struct fh_value v = { .kind = FH_VALUE_BOOL, .boolean = true };
	struct fh_cases out = only(s, x.yes, fh_symbols_constant(s, v));

	v.boolean = false;
	add(s, &out, x.no, fh_symbols_constant(s, v));
	return out;
}

struct fh_cases fh_symbols_cases(struct fh_symbols *s, const struct fh_expr *e)
{
	struct fh_value v = { 0 };

	*s->work -= *s->work > 0;
	if (fh_symbols_full(s))
		return none();
	switch (e->kind) {
	case FH_EXPR_BOOL:
		v = (struct fh_value){ .kind = FH_VALUE_BOOL, .boolean = e->boolean };
		return only(s, FH_FORMULA_YES, fh_symbols_constant(s, v));
	case FH_EXPR_LONG:
		v = (struct fh_value){ .kind = FH_VALUE_LONG, .integer = e->integer };
		return only(s, FH_FORMULA_YES, fh_symbols_constant(s, v));
	case FH_EXPR_STRING:
		v = (struct fh_value){ .kind = FH_VALUE_STRING, .text = e->text };
		return only(s, FH_FORMULA_YES, fh_symbols_constant(s, v));
	case FH_EXPR_ENTITY:
		v = (struct fh_value){ .kind = FH_VALUE_ENTITY, .entity = e->entity };
		return only(s, FH_FORMULA_YES, fh_symbols_constant(s, v));
	case FH_EXPR_VARIABLE:
		return variable(s, (enum fh_variable)e->which);
	case FH_EXPR_IF:
		return choice(s, e);
	case FH_EXPR_GET:
		return attribute(s, e);
	case FH_EXPR_GET_TAG:
		return tag(s, e);
	case FH_EXPR_NEGATE:
		return negation(s, e);
	case FH_EXPR_ADD:
	case FH_EXPR_SUBTRACT:
	case FH_EXPR_MULTIPLY:
		return arithmetic(s, e);
	case FH_EXPR_SET:
	case FH_EXPR_RECORD:
		return listed(s, e);
	case FH_EXPR_CALL:
		return fh_function_shape(e->which)->result == FH_VALUE_BOOL ? answer(s, e)
									     : listed(s, e);
	default:
		return answer(s, e);
	}
}
