/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about values that are not entities.  What is known of constants and types is
 * answered here, so that what remains are atoms that say as little as possible.  */
#include "policy/analyse_symbol.h"

#include <stdckdint.h>

#include "policy/extension.h"

static const struct fh_term *term(const struct fh_symbols *s, uint32_t t)
{
	return &s->t.term[t];
}

static bool constant(const struct fh_symbols *s, uint32_t t)
{
	return fh_term_is_constant(&s->t, t);
}

static uint32_t said(bool b)
{
	return b ? FH_FORMULA_YES : FH_FORMULA_NO;
}

static uint32_t make(struct fh_symbols *s, const struct fh_atom *x)
{
	return fh_formula_atom(&s->f, fh_atom_of(&s->t, x));
}

uint32_t fh_symbols_atom(struct fh_symbols *s, enum fh_atom_kind kind, uint32_t a, uint32_t b)
{
	return make(s, &(struct fh_atom){ .kind = kind, .a = a, .b = b });
}

uint32_t fh_symbols_fact(struct fh_symbols *s, enum fh_atom_kind kind, uint32_t a, uint32_t b)
{
	return make(s, &(struct fh_atom){ .kind = kind, .a = a, .b = b, .number = s->world });
}

static const struct fh_type *type_of(const struct fh_symbols *s, const struct fh_value *v)
{
	uint32_t type;

	switch (v->kind) {
	case FH_VALUE_BOOL:
		return fh_type_plain(FH_KIND_BOOL);
	case FH_VALUE_LONG:
		return fh_type_plain(FH_KIND_LONG);
	case FH_VALUE_STRING:
		return fh_type_plain(FH_KIND_STRING);
	case FH_VALUE_ENTITY:
		type = fh_schema_find_type(s->schema, v->entity->uid.type);
		return type == FH_SCHEMA_NONE ? nullptr : &s->schema->types[type].self;
	case FH_VALUE_SET:
	case FH_VALUE_RECORD:
		return nullptr;
	default:
		return fh_type_extension(v->kind);
	}
}

uint32_t fh_symbols_constant(struct fh_symbols *s, struct fh_value v)
{
	return fh_term_of(&s->t, &(struct fh_term){ .kind = FH_TERM_CONSTANT, .value = v,
						    .type = type_of(s, &v) });
}

uint32_t fh_symbols_entity(struct fh_symbols *s, struct fh_entity_uid uid)
{
	struct fh_entity_key *key = fh_arena_take(s->arena, sizeof(*key));

	if (key == nullptr) {
		s->full = true;
		return 0;
	}
	*key = fh_entity_key_of(uid);
	return fh_symbols_constant(s, (struct fh_value){ .kind = FH_VALUE_ENTITY, .entity = key });
}

/* --- truth and numbers ----------------------------------------------------- */

uint32_t fh_symbols_truth(struct fh_symbols *s, uint32_t t)
{
	const struct fh_value yes = { .kind = FH_VALUE_BOOL, .boolean = true };

	if (constant(s, t))
		return said(term(s, t)->value.kind == FH_VALUE_BOOL && term(s, t)->value.boolean);
	return fh_symbols_atom(s, FH_ATOM_EQUAL, t, fh_symbols_constant(s, yes));
}

uint32_t fh_symbols_below(struct fh_symbols *s, uint32_t a, int64_t n)
{
	const struct fh_term *x = term(s, a);
	int64_t less;

	if (x->kind == FH_TERM_CONSTANT)
		return said(x->value.integer < n);
	if (n == INT64_MIN)
		return FH_FORMULA_NO;
	if (x->kind != FH_TERM_SUM)
		return make(s, &(struct fh_atom){ FH_ATOM_BELOW, a, FH_TERM_NONE, n, { 0 } });
	if (ckd_sub(&less, n, x->number))
		return said(x->number < 0); /* n is far above, or far below, every sum */
	return fh_symbols_below(s, x->a, less); /* the term of a sum is no sum */
}

/* A is the number N.  */
static uint32_t is_number(struct fh_symbols *s, uint32_t a, int64_t n)
{
	uint32_t up = n == INT64_MAX ? FH_FORMULA_YES : fh_symbols_below(s, a, n + 1);

	return fh_formula_and(&s->f, fh_formula_not(fh_symbols_below(s, a, n)), up);
}

uint32_t fh_symbols_less(struct fh_symbols *s, uint32_t a, uint32_t b)
{
	if (a == b)
		return FH_FORMULA_NO;
	if (constant(s, b))
		return fh_symbols_below(s, a, term(s, b)->value.integer);
	if (!constant(s, a))
		return fh_symbols_atom(s, FH_ATOM_LESS, a, b);
	int64_t n = term(s, a)->value.integer;

	return n == INT64_MAX ? FH_FORMULA_NO
			      : fh_formula_not(fh_symbols_below(s, b, n + 1));
}

/* --- records ---------------------------------------------------------------- */

static bool is_record(const struct fh_term *x)
{
	return x->kind == FH_TERM_RECORD ||
	       (x->kind == FH_TERM_CONSTANT && x->value.kind == FH_VALUE_RECORD);
}

/* The field NAME of X, whose fields are all known.  */
static uint32_t field_of(struct fh_symbols *s, const struct fh_term *x, struct fh_span name)
{
	if (x->kind == FH_TERM_CONSTANT) {
		const struct fh_value *v = fh_value_field(&x->value, name);

		return v == nullptr ? FH_TERM_NONE : fh_symbols_constant(s, *v);
	}
	for (uint32_t i = 0; i < x->n; i++) {
		if (fh_span_equal(x->names[i], name))
			return x->items[i];
	}
	return FH_TERM_NONE;
}

static struct fh_span field_name(const struct fh_term *x, uint32_t i)
{
	return x->kind == FH_TERM_RECORD ? x->names[i] : x->value.fields[i].name;
}

static uint32_t fields_of(const struct fh_term *x)
{
	return x->kind == FH_TERM_RECORD ? x->n : x->value.n;
}

static uint32_t same_records(struct fh_symbols *s, uint32_t a, uint32_t b)
{
	uint32_t all = FH_FORMULA_YES, n = fields_of(term(s, a));

	if (n != fields_of(term(s, b)))
		return FH_FORMULA_NO;
	for (uint32_t i = 0; i < n && all != FH_FORMULA_NO; i++) {
		struct fh_span name = field_name(term(s, a), i);
		const struct fh_term x = *term(s, a), y = *term(s, b);
		uint32_t left = field_of(s, &x, name), right = field_of(s, &y, name);

		all = left == FH_TERM_NONE || right == FH_TERM_NONE
			      ? FH_FORMULA_NO
			      : fh_formula_and(&s->f, all, fh_symbols_equal(s, left, right));
	}
	return all;
}

/* The record A, of which the type is known, is B, of which the fields are.  */
static uint32_t is_record_like(struct fh_symbols *s, uint32_t a, uint32_t b)
{
	const struct fh_type *type = term(s, a)->type;
	const struct fh_term y = *term(s, b);
	uint32_t all = FH_FORMULA_YES, met = 0;

	for (uint32_t i = 0; i < type->n && all != FH_FORMULA_NO; i++) {
		struct fh_span name = type->fields[i].name;
		uint32_t has = fh_symbols_has(s, a, name), field = field_of(s, &y, name);

		met += field != FH_TERM_NONE;
		if (field == FH_TERM_NONE)
			has = fh_formula_not(has);
		else
			has = fh_formula_and(&s->f, has,
					     fh_symbols_equal(s, fh_symbols_get(s, a, name),
							      field));
		all = fh_formula_and(&s->f, all, has);
	}
	return all == FH_FORMULA_NO || met == fields_of(&y) ? all : FH_FORMULA_NO;
}

static bool has_closed_record(const struct fh_term *x)
{
	return x->type != nullptr && x->type->kind == FH_KIND_RECORD && !x->type->open;
}

/* --- equality ---------------------------------------------------------------- */

static bool is_bool(const struct fh_term *x)
{
	return x->type != nullptr && fh_type_is_bool(x->type);
}

static bool apart(const struct fh_term *x, const struct fh_term *y)
{
	if (x->kind == FH_TERM_CONSTANT && y->kind == FH_TERM_CONSTANT)
		return !fh_value_equal(&x->value, &y->value);
	if (x->kind == FH_TERM_CONSTANT)
		return apart(y, x);
	if (y->kind == FH_TERM_CONSTANT && y->value.kind == FH_VALUE_ENTITY && y->type == nullptr)
		return x->type != nullptr; /* of no type that there is here */
	return x->type != nullptr && y->type != nullptr && fh_types_are_apart(x->type, y->type);
}

/* Types bound how deep this goes: each step is one record further in.  */
uint32_t fh_symbols_equal(struct fh_symbols *s, uint32_t a, uint32_t b)
{
	uint32_t left = constant(s, a) || (!constant(s, b) && a < b) ? b : a;
	uint32_t right = left == a ? b : a;
	const struct fh_term *x = term(s, left), *y = term(s, right);

	if (a == b)
		return FH_FORMULA_YES;
	if (apart(x, y))
		return FH_FORMULA_NO;
	if (y->kind == FH_TERM_CONSTANT && fh_value_is_number(&y->value))
		return is_number(s, left, y->value.integer);
	if (y->kind == FH_TERM_CONSTANT && y->value.kind == FH_VALUE_BOOL)
		return fh_symbols_truth(s, left) ^ !y->value.boolean;
	if (is_bool(x) && is_bool(y)) {
		uint32_t p = fh_symbols_truth(s, left), q = fh_symbols_truth(s, right);

		return fh_formula_or(&s->f, fh_formula_and(&s->f, p, q),
				     fh_formula_and(&s->f, p ^ 1, q ^ 1));
	}
	if (is_record(x) && is_record(y))
		return same_records(s, left, right);
	if (is_record(y) && has_closed_record(x))
		return is_record_like(s, left, right);
	if (is_record(x) && has_closed_record(y))
		return is_record_like(s, right, left);
	return fh_symbols_atom(s, FH_ATOM_EQUAL, left, right);
}

/* --- texts and addresses ------------------------------------------------------ */

uint32_t fh_symbols_like(struct fh_symbols *s, uint32_t a, struct fh_span pattern)
{
	if (constant(s, a))
		return said(fh_pattern_matches(pattern, term(s, a)->value.text));
	if (fh_span_find(pattern, FH_WILDCARD) == pattern.n) {
		const struct fh_value text = { .kind = FH_VALUE_STRING, .text = pattern };

		return fh_symbols_equal(s, a, fh_symbols_constant(s, text));
	}
	if (pattern.n == 1)
		return FH_FORMULA_YES; /* any text */
	return make(s, &(struct fh_atom){ FH_ATOM_LIKE, a, FH_TERM_NONE, 0, pattern });
}

uint32_t fh_symbols_in_range(struct fh_symbols *s, uint32_t a, uint32_t b)
{
	if (constant(s, a) && constant(s, b))
		return said(fh_ip_in_range(term(s, a)->value.ip, term(s, b)->value.ip));
	return a == b ? FH_FORMULA_YES : fh_symbols_atom(s, FH_ATOM_IN_RANGE, a, b);
}

/* --- sets --------------------------------------------------------------------- */

static bool is_listed(const struct fh_term *x)
{
	return x->kind == FH_TERM_SET ||
	       (x->kind == FH_TERM_CONSTANT && x->value.kind == FH_VALUE_SET);
}

static uint32_t listed_n(const struct fh_term *x)
{
	return x->kind == FH_TERM_SET ? x->n : x->value.n;
}

static uint32_t item_of(struct fh_symbols *s, uint32_t set, uint32_t i)
{
	const struct fh_term *x = term(s, set);

	return x->kind == FH_TERM_SET ? x->items[i] : fh_symbols_constant(s, x->value.items[i]);
}

uint32_t fh_symbols_contains(struct fh_symbols *s, uint32_t set, uint32_t item)
{
	uint32_t some = FH_FORMULA_NO;

	if (!is_listed(term(s, set)))
		return fh_symbols_atom(s, FH_ATOM_CONTAINS, set, item);
	for (uint32_t i = 0; i < listed_n(term(s, set)); i++)
		some = fh_formula_or(&s->f, some, fh_symbols_equal(s, item, item_of(s, set, i)));
	return some;
}

uint32_t fh_symbols_contains_all(struct fh_symbols *s, uint32_t set, uint32_t of)
{
	uint32_t all = FH_FORMULA_YES;

	if (!is_listed(term(s, of)))
		return set == of ? all : fh_symbols_atom(s, FH_ATOM_SUBSET, of, set);
	for (uint32_t i = 0; i < listed_n(term(s, of)); i++)
		all = fh_formula_and(&s->f, all,
				     fh_symbols_contains(s, set, item_of(s, of, i)));
	return all;
}

uint32_t fh_symbols_contains_any(struct fh_symbols *s, uint32_t set, uint32_t of)
{
	uint32_t some = FH_FORMULA_NO;

	if (!is_listed(term(s, of)) && is_listed(term(s, set)))
		return fh_symbols_contains_any(s, of, set);
	if (!is_listed(term(s, of)))
		return fh_symbols_atom(s, FH_ATOM_MEET, set < of ? set : of, set < of ? of : set);
	for (uint32_t i = 0; i < listed_n(term(s, of)); i++)
		some = fh_formula_or(&s->f, some,
				     fh_symbols_contains(s, set, item_of(s, of, i)));
	return some;
}

uint32_t fh_symbols_is_empty(struct fh_symbols *s, uint32_t set)
{
	if (is_listed(term(s, set)))
		return said(listed_n(term(s, set)) == 0);
	return fh_symbols_atom(s, FH_ATOM_EMPTY, set, FH_TERM_NONE);
}
