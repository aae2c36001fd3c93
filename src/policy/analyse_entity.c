/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about entities: what they are in, and what they have.  */
#include "policy/analyse_symbol.h"

static const struct fh_term *term(const struct fh_symbols *s, uint32_t t)
{
	return &s->t.term[t];
}

/* The uid that A is, or NULL.  */
static const struct fh_entity_uid *literal(const struct fh_symbols *s, uint32_t a)
{
	const struct fh_term *x = term(s, a);

	return x->kind == FH_TERM_CONSTANT && x->value.kind == FH_VALUE_ENTITY
		       ? &x->value.entity->uid
		       : nullptr;
}

/* The one entity type that A is of, by index; or FH_SCHEMA_NONE.  */
static uint32_t type_of(const struct fh_symbols *s, uint32_t a)
{
	const struct fh_type *x = term(s, a)->type;

	return x != nullptr && x->kind == FH_KIND_ENTITY && x->n == 1 ? x->members[0]
								      : FH_SCHEMA_NONE;
}

static struct fh_span type_name(const struct fh_symbols *s, uint32_t a)
{
	const struct fh_entity_uid *uid = literal(s, a);
	uint32_t type = type_of(s, a);

	if (uid != nullptr)
		return uid->type;
	return type == FH_SCHEMA_NONE ? (struct fh_span){ 0 } : s->schema->types[type].name;
}

int fh_symbols_is(const struct fh_symbols *s, uint32_t a, struct fh_span name)
{
	struct fh_span type = type_name(s, a);

	return type.n == 0 ? -1 : fh_span_equal(type, name);
}

/* --- in ----------------------------------------------------------------------- */

/* The action A is in B, as the schema of the policy that is read says.  */
static uint32_t action_in(const struct fh_symbols *s, const struct fh_entity_uid *a,
			  const struct fh_entity_uid *b)
{
	uint32_t from = fh_schema_find_action(s->actions, *a);
	uint32_t to = fh_schema_find_action(s->actions, *b);

	for (uint32_t i = 0; from != FH_SCHEMA_NONE && i < s->actions->actions[from].ancestors_n;
	     i++) {
		if (s->actions->actions[from].ancestors[i] == to)
			return FH_FORMULA_YES;
	}
	return fh_entity_equal(*a, *b) ? FH_FORMULA_YES : FH_FORMULA_NO;
}

/* The path B holds A, and is not A.  */
static bool path_holds(struct fh_span b, struct fh_span a)
{
	for (struct fh_span up = fh_path_parent(a); up.n > 0; up = fh_path_parent(up)) {
		if (fh_span_equal(up, b))
			return true;
	}
	return false;
}

/* An entity of the type FROM can be in another one of the type called NAME.  */
static bool can_be_below(const struct fh_schema *s, uint32_t from, struct fh_span name)
{
	const struct fh_schema_type *type = &s->types[from];
	uint32_t to = fh_schema_find_type(s, name);

	for (uint32_t i = 0; to != FH_SCHEMA_NONE && i < type->parents_n; i++) {
		if (fh_schema_type_reaches(s, type->parents[i], to))
			return true;
	}
	return false;
}

/* Of a call, the chain says what the principal is in, and of nobody else.  */
static uint32_t chain_says_below(struct fh_symbols *s, uint32_t a, uint32_t b)
{
	const struct fh_term who = { .kind = FH_TERM_VARIABLE, .which = FH_VARIABLE_PRINCIPAL,
				     .type = s->principal };
	uint32_t principal = fh_term_of(&s->t, &who);

	if (a == principal)
		return fh_symbols_fact(s, FH_ATOM_ANCESTOR, a, b);
	return fh_formula_and(&s->f, fh_symbols_equal(s, a, principal),
			      fh_symbols_fact(s, FH_ATOM_ANCESTOR, principal, b));
}

/* The entity A is in B and is not it.  */
static uint32_t is_below(struct fh_symbols *s, uint32_t a, uint32_t b)
{
	const struct fh_entity_uid *x = literal(s, a), *y = literal(s, b);
	uint32_t type = type_of(s, a);
	struct fh_span name = type_name(s, b);

	if (fh_symbols_is_listed(s, a))
		return fh_symbols_listed_below(s, a, b);
	if (s->foreign && x != nullptr)
		return fh_symbols_opaque(s).yes;
	if (type == FH_SCHEMA_NONE || name.n == 0)
		return fh_symbols_fact(s, FH_ATOM_ANCESTOR, a, b);
	if (!can_be_below(s->schema, type, name))
		return FH_FORMULA_NO;
	if (s->schema->types[type].is_path && x != nullptr && y != nullptr)
		return path_holds(y->id, x->id) ? FH_FORMULA_YES : FH_FORMULA_NO;
	if (s->exact && !s->schema->types[type].is_path)
		return chain_says_below(s, a, b);
	return fh_symbols_fact(s, FH_ATOM_ANCESTOR, a, b);
}

static uint32_t in_entity(struct fh_symbols *s, uint32_t a, uint32_t b)
{
	const struct fh_entity_uid *x = literal(s, a), *y = literal(s, b);

	if (a == b)
		return FH_FORMULA_YES;
	if (x != nullptr && y != nullptr && fh_is_action_type(x->type))
		return action_in(s, x, y);
	if (x != nullptr && fh_is_action_type(x->type))
		return fh_symbols_opaque(s).yes;
	return fh_formula_or(&s->f, fh_symbols_equal(s, a, b), is_below(s, a, b));
}

uint32_t fh_symbols_in(struct fh_symbols *s, uint32_t a, uint32_t b)
{
	const struct fh_term set = *term(s, b);
	bool constant = set.kind == FH_TERM_CONSTANT && set.value.kind == FH_VALUE_SET;
	uint32_t some = FH_FORMULA_NO, n = constant ? set.value.n : set.n;

	if (set.kind != FH_TERM_SET && !constant)
		return set.type != nullptr && set.type->kind == FH_KIND_SET
			       ? fh_symbols_atom(s, FH_ATOM_IN_SET, a, b)
			       : in_entity(s, a, b);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t item = constant ? fh_symbols_constant(s, set.value.items[i])
					 : set.items[i];

		some = fh_formula_or(&s->f, some, in_entity(s, a, item));
	}
	return some;
}

/* --- attributes ----------------------------------------------------------------- */

/* The field NAME of A, if A is written down; *KNOWN: it is.  */
static uint32_t written_field(struct fh_symbols *s, uint32_t a, struct fh_span name, bool *known)
{
	const struct fh_term *x = term(s, a);

	*known = x->kind == FH_TERM_RECORD ||
		 (x->kind == FH_TERM_CONSTANT && x->value.kind == FH_VALUE_RECORD);
	if (x->kind == FH_TERM_RECORD) {
		for (uint32_t i = 0; i < x->n; i++) {
			if (fh_span_equal(x->names[i], name))
				return x->items[i];
		}
	} else if (*known) {
		const struct fh_value *v = fh_value_field(&x->value, name);

		return v == nullptr ? FH_TERM_NONE : fh_symbols_constant(s, *v);
	}
	return FH_TERM_NONE;
}

uint32_t fh_symbols_has(struct fh_symbols *s, uint32_t a, struct fh_span name)
{
	bool known;
	uint32_t field = written_field(s, a, name, &known);
	const struct fh_type *type = term(s, a)->type;

	if (known)
		return field == FH_TERM_NONE ? FH_FORMULA_NO : FH_FORMULA_YES;
	if (type == nullptr || (s->foreign && literal(s, a) != nullptr))
		return fh_symbols_opaque(s).yes;
	struct fh_type_attribute x = fh_type_attribute(&s->typing, type, name);
	bool entity = type->kind != FH_KIND_RECORD;
	uint32_t has = fh_formula_atom(&s->f, fh_atom_of(&s->t, &(struct fh_atom){
		FH_ATOM_HAS, a, FH_TERM_NONE, entity ? s->world : 0, name }));

	if (!x.possible || (s->exact && entity && !fh_symbols_is_listed(s, a)))
		return FH_FORMULA_NO; /* built-in entities and paths have no attributes */
	if (fh_symbols_is_listed(s, a))
		return fh_symbols_listed_has(s, a, name);
	if (type->kind == FH_KIND_RECORD)
		return x.required ? FH_FORMULA_YES : has;
	uint32_t exists = fh_symbols_fact(s, FH_ATOM_EXISTS, a, FH_TERM_NONE);

	return x.required ? exists : fh_formula_and(&s->f, exists, has);
}

uint32_t fh_symbols_has_tag(struct fh_symbols *s, uint32_t a, uint32_t b)
{
	if (fh_symbols_is_listed(s, a))
		return fh_symbols_listed_has_tag(s, a, b);
	if (s->exact && s->foreign && literal(s, a) != nullptr)
		return fh_symbols_opaque(s).yes;
	if (s->exact)
		return FH_FORMULA_NO; /* as with attributes */
	return fh_formula_and(&s->f, fh_symbols_fact(s, FH_ATOM_EXISTS, a, FH_TERM_NONE),
			      fh_symbols_fact(s, FH_ATOM_HAS_TAG, a, b));
}

uint32_t fh_symbols_get(struct fh_symbols *s, uint32_t a, struct fh_span name)
{
	bool known;
	uint32_t field = written_field(s, a, name, &known);
	const struct fh_type *type = term(s, a)->type;

	if (known || type == nullptr)
		return field;
	struct fh_type_attribute x = fh_type_attribute(&s->typing, type, name);

	if (!x.possible)
		return FH_TERM_NONE;
	if (s->foreign && literal(s, a) != nullptr)
		x.type = nullptr;
	return fh_term_of(&s->t, &(struct fh_term){
		.kind = FH_TERM_GET, .a = a, .text = name, .type = x.type,
		.which = type->kind == FH_KIND_RECORD ? 0 : s->world });
}
