/* SPDX-License-Identifier: Apache-2.0 */
/* What a document lists is known: so what an entity is like is a question of which one
 * it is.  */
#include "policy/analyse_symbol.h"

/* The schema's entity type that A is of, or NULL.  */
static const struct fh_schema_type *type_of(const struct fh_symbols *s, uint32_t a)
{
	const struct fh_type *x = s->t.term[a].type;

	return x != nullptr && x->kind == FH_KIND_ENTITY && x->n == 1
		       ? &s->schema->types[x->members[0]]
		       : nullptr;
}

bool fh_symbols_is_listed(const struct fh_symbols *s, uint32_t a)
{
	const struct fh_schema_type *type = s->exact ? type_of(s, a) : nullptr;

	if (s->foreign && fh_term_is_constant(&s->t, a))
		return false; /* it may be a path to one of two schemas */
	return type != nullptr && !type->builtin && !type->is_path && !type->action;
}

/* Entity number I of the list, if A can be that.  */
static const struct fh_entity *candidate(struct fh_symbols *s, uint32_t a, uint32_t i)
{
	const struct fh_entity *e = &s->listed->list[i];

	*s->work -= *s->work > 0;
	return fh_span_equal(e->key.uid.type, type_of(s, a)->name) ? e : nullptr;
}

uint32_t fh_symbols_listed_has(struct fh_symbols *s, uint32_t a, struct fh_span name)
{
	uint32_t some = FH_FORMULA_NO;

	for (uint32_t i = 0; i < s->listed->n && !fh_symbols_full(s); i++) {
		const struct fh_entity *e = candidate(s, a, i);

		if (e == nullptr || fh_value_field(&e->attributes, name) == nullptr)
			continue;
		some = fh_formula_or(&s->f, some,
				     fh_symbols_equal(s, a, fh_symbols_entity(s, e->key.uid)));
	}
	return some;
}

void fh_symbols_listed_get(struct fh_symbols *s, uint32_t a, struct fh_span name, uint32_t when,
			   struct fh_cases *out)
{
	for (uint32_t i = 0; i < s->listed->n && !fh_symbols_full(s); i++) {
		const struct fh_entity *e = candidate(s, a, i);
		const struct fh_value *v =
			e == nullptr ? nullptr : fh_value_field(&e->attributes, name);

		if (v == nullptr)
			continue;
		uint32_t is = fh_symbols_equal(s, a, fh_symbols_entity(s, e->key.uid));

		fh_symbols_add(s, out, fh_formula_and(&s->f, when, is),
			       fh_symbols_constant(s, *v));
	}
}

/* A is E, and B is the name of its tag number I.  */
static uint32_t is_tag(struct fh_symbols *s, uint32_t a, uint32_t b, const struct fh_entity *e,
		       uint32_t i)
{
	const struct fh_value name = { .kind = FH_VALUE_STRING, .text = e->tags.fields[i].name };
	uint32_t is = fh_symbols_equal(s, a, fh_symbols_entity(s, e->key.uid));

	return fh_formula_and(&s->f, is, fh_symbols_equal(s, b, fh_symbols_constant(s, name)));
}

uint32_t fh_symbols_listed_has_tag(struct fh_symbols *s, uint32_t a, uint32_t b)
{
	uint32_t some = FH_FORMULA_NO;

	for (uint32_t i = 0; i < s->listed->n && !fh_symbols_full(s); i++) {
		const struct fh_entity *e = candidate(s, a, i);

		for (uint32_t k = 0; e != nullptr && k < e->tags.n; k++)
			some = fh_formula_or(&s->f, some, is_tag(s, a, b, e, k));
	}
	return some;
}

void fh_symbols_listed_get_tag(struct fh_symbols *s, uint32_t a, uint32_t b, uint32_t when,
			       struct fh_cases *out)
{
	for (uint32_t i = 0; i < s->listed->n && !fh_symbols_full(s); i++) {
		const struct fh_entity *e = candidate(s, a, i);

		for (uint32_t k = 0; e != nullptr && k < e->tags.n; k++)
			fh_symbols_add(s, out,
				       fh_formula_and(&s->f, when, is_tag(s, a, b, e, k)),
				       fh_symbols_constant(s, e->tags.fields[k].value));
	}
}

uint32_t fh_symbols_listed_below(struct fh_symbols *s, uint32_t a, uint32_t b)
{
	uint32_t some = FH_FORMULA_NO;

	for (uint32_t i = 0; i < s->listed->n && !fh_symbols_full(s); i++) {
		const struct fh_entity *e = candidate(s, a, i);
		uint32_t in = FH_FORMULA_NO;

		for (uint32_t k = 0; e != nullptr && k < e->ancestors_n; k++)
			in = fh_formula_or(&s->f, in,
					   fh_symbols_equal(s, b,
							    fh_symbols_entity(
								    s, e->ancestors[k]->uid)));
		if (in == FH_FORMULA_NO)
			continue;
		uint32_t is = fh_symbols_equal(s, a, fh_symbols_entity(s, e->key.uid));

		some = fh_formula_or(&s->f, some, fh_formula_and(&s->f, is, in));
	}
	return some;
}
