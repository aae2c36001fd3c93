/* SPDX-License-Identifier: Apache-2.0 */
/* When an expression is true, false, or neither; and so when a policy is satisfied.  */
#include "policy/analyse_symbol.h"

#include "base/limits.h"
#include "policy/extension.h"

constexpr struct fh_outcome never = { FH_FORMULA_NO, FH_FORMULA_NO };

fh_err fh_symbols_begin(struct fh_symbols *s, const struct fh_schema *schema, uint32_t action,
			uint32_t principal, uint32_t resource, struct fh_arena *a, uint64_t *work)
{
	fh_err e = FH_ERR_OK;

	*s = (struct fh_symbols){
		.arena = a, .schema = schema, .actions = schema, .work = work,
		.action = fh_entity_key_of(schema->actions[action].uid),
		.principal = &schema->types[principal].self,
		.resource = &schema->types[resource].self,
		.context = schema->actions[action].context,
		.typing = { .schema = schema, .arena = a, .strict = true,
			    .steps_left = FH_VALIDATION_STEPS_MAX },
	};
	e = fh_formulas_begin(&s->f, a);
	return e == FH_ERR_OK ? fh_terms_begin(&s->t, a) : e;
}

struct fh_outcome fh_symbols_opaque(struct fh_symbols *s)
{
	struct fh_atom x = { FH_ATOM_OPAQUE, FH_TERM_NONE, FH_TERM_NONE, ++s->opaque, { 0 } };
	uint32_t yes = fh_formula_atom(&s->f, fh_atom_of(&s->t, &x));

	x.number = ++s->opaque;
	uint32_t no = fh_formula_atom(&s->f, fh_atom_of(&s->t, &x));

	return (struct fh_outcome){ yes, fh_formula_and(&s->f, no, fh_formula_not(yes)) };
}

/* --- logic -------------------------------------------------------------------- */

/* When TEST holds X, otherwise Y; and so for "false".  */
static struct fh_outcome pick(struct fh_symbols *s, struct fh_outcome test, struct fh_outcome x,
			      struct fh_outcome y)
{
	struct fh_formulas *f = &s->f;

	return (struct fh_outcome){
		fh_formula_or(f, fh_formula_and(f, test.yes, x.yes),
			      fh_formula_and(f, test.no, y.yes)),
		fh_formula_or(f, fh_formula_and(f, test.yes, x.no),
			      fh_formula_and(f, test.no, y.no)),
	};
}

/* a && b is `if a then b else false`, a || b is `if a then true else b`; what is never
 * evaluated is not looked at, as in validation.  */
static struct fh_outcome logic(struct fh_symbols *s, const struct fh_expr *e)
{
	constexpr struct fh_outcome yes = { FH_FORMULA_YES, FH_FORMULA_NO };
	constexpr struct fh_outcome no = { FH_FORMULA_NO, FH_FORMULA_YES };
	struct fh_outcome a = fh_symbols_outcome(s, e->a), b = never, c = never;

	if (e->kind == FH_EXPR_NOT)
		return (struct fh_outcome){ a.no, a.yes };
	if (e->kind == FH_EXPR_OR)
		b = yes;
	else if (a.yes != FH_FORMULA_NO)
		b = fh_symbols_outcome(s, e->b);
	if (e->kind == FH_EXPR_AND)
		c = no;
	else if (a.no != FH_FORMULA_NO)
		c = fh_symbols_outcome(s, e->kind == FH_EXPR_OR ? e->b : e->c);
	return pick(s, a, b, c);
}

/* --- questions ------------------------------------------------------------------ */

/* Adds that, when WHEN, the answer is yes if HOLDS and otherwise no.  */
static void add(struct fh_symbols *s, struct fh_outcome *out, uint32_t when, uint32_t holds)
{
	struct fh_formulas *f = &s->f;

	out->yes = fh_formula_or(f, out->yes, fh_formula_and(f, when, holds));
	out->no = fh_formula_or(f, out->no, fh_formula_and(f, when, fh_formula_not(holds)));
}

/* The answer for the terms A and B; B is NONE if there is only one.  */
static uint32_t ask(struct fh_symbols *s, const struct fh_expr *e, uint32_t a, uint32_t b)
{
	switch (e->kind) {
	case FH_EXPR_EQUAL:
		return fh_symbols_equal(s, a, b);
	case FH_EXPR_UNEQUAL:
		return fh_formula_not(fh_symbols_equal(s, a, b));
	case FH_EXPR_LESS:
		return fh_symbols_less(s, a, b);
	case FH_EXPR_LESS_EQUAL:
		return fh_formula_not(fh_symbols_less(s, b, a));
	case FH_EXPR_MORE:
		return fh_symbols_less(s, b, a);
	case FH_EXPR_MORE_EQUAL:
		return fh_formula_not(fh_symbols_less(s, a, b));
	case FH_EXPR_IN:
		return fh_symbols_in(s, a, b);
	case FH_EXPR_HAS:
		return fh_symbols_has(s, a, e->text);
	case FH_EXPR_LIKE:
		return fh_symbols_like(s, a, e->text);
	case FH_EXPR_CONTAINS:
		return fh_symbols_contains(s, a, b);
	case FH_EXPR_CONTAINS_ALL:
		return fh_symbols_contains_all(s, a, b);
	case FH_EXPR_CONTAINS_ANY:
		return fh_symbols_contains_any(s, a, b);
	case FH_EXPR_IS_EMPTY:
		return fh_symbols_is_empty(s, a);
	default:
		return fh_symbols_opaque(s).yes;
	}
}

static struct fh_outcome question(struct fh_symbols *s, const struct fh_expr *e)
{
	struct fh_cases x = fh_symbols_cases(s, e->a), y = { 0 };
	struct fh_outcome out = never;

	if (e->b != nullptr)
		y = fh_symbols_cases(s, e->b);
	for (uint32_t i = 0; i < x.n && !fh_symbols_full(s); i++) {
		const struct fh_case *a = &x.list[i];

		if (e->b == nullptr)
			add(s, &out, a->when, ask(s, e, a->term, FH_TERM_NONE));
		for (uint32_t k = 0; k < y.n; k++) {
			uint32_t when = fh_formula_and(&s->f, a->when, y.list[k].when);

			if (when != FH_FORMULA_NO)
				add(s, &out, when, ask(s, e, a->term, y.list[k].term));
		}
	}
	return out;
}

/* a is T, a is T in b; b is not evaluated where a is not of T.  */
static struct fh_outcome is(struct fh_symbols *s, const struct fh_expr *e)
{
	struct fh_cases x = fh_symbols_cases(s, e->a), y = { 0 };
	struct fh_outcome out = never;

	if (e->kind == FH_EXPR_IS_IN)
		y = fh_symbols_cases(s, e->b);
	for (uint32_t i = 0; i < x.n && !fh_symbols_full(s); i++) {
		const struct fh_case *a = &x.list[i];
		int typed = fh_symbols_is(s, a->term, e->text);

		if (typed < 0)
			return fh_symbols_opaque(s);
		if (typed == 0 || e->kind == FH_EXPR_IS)
			add(s, &out, a->when, typed == 0 ? FH_FORMULA_NO : FH_FORMULA_YES);
		for (uint32_t k = 0; typed == 1 && k < y.n; k++)
			add(s, &out, fh_formula_and(&s->f, a->when, y.list[k].when),
			    fh_symbols_in(s, a->term, y.list[k].term));
	}
	return out;
}

static struct fh_outcome has_tag(struct fh_symbols *s, const struct fh_expr *e)
{
	struct fh_cases x = fh_symbols_cases(s, e->a), y = fh_symbols_cases(s, e->b);
	struct fh_outcome out = never;

	for (uint32_t i = 0; i < x.n; i++) {
		for (uint32_t k = 0; k < y.n; k++)
			add(s, &out, fh_formula_and(&s->f, x.list[i].when, y.list[k].when),
			    fh_symbols_has_tag(s, x.list[i].term, y.list[k].term));
	}
	return out;
}

/* --- functions -------------------------------------------------------------------- */

/* The addresses TEXT, as a constant.  */
static uint32_t addresses(struct fh_symbols *s, const char *text)
{
	struct fh_ip *ip = fh_arena_take(s->arena, sizeof(*ip));

	if (ip == nullptr || fh_ip_parse(fh_span_str(text), ip) != FH_ERR_OK) {
		s->full = true;
		return 0;
	}
	return fh_symbols_constant(s, (struct fh_value){ .kind = FH_VALUE_IP, .ip = ip });
}

/* A is in one of the two ranges.  */
static uint32_t in_either(struct fh_symbols *s, uint32_t a, const char *v4, const char *v6)
{
	return fh_formula_or(&s->f, fh_symbols_in_range(s, a, addresses(s, v4)),
			     fh_symbols_in_range(s, a, addresses(s, v6)));
}

static uint32_t call(struct fh_symbols *s, enum fh_function f, uint32_t a, uint32_t b)
{
	switch (f) {
	case FH_FUNCTION_LESS_THAN:
		return fh_symbols_less(s, a, b);
	case FH_FUNCTION_LESS_OR_EQUAL:
		return fh_formula_not(fh_symbols_less(s, b, a));
	case FH_FUNCTION_GREATER_THAN:
		return fh_symbols_less(s, b, a);
	case FH_FUNCTION_GREATER_OR_EQUAL:
		return fh_formula_not(fh_symbols_less(s, a, b));
	case FH_FUNCTION_IS_IPV4:
		return fh_symbols_in_range(s, a, addresses(s, "0.0.0.0/0"));
	case FH_FUNCTION_IS_IPV6:
		return fh_symbols_in_range(s, a, addresses(s, "::/0"));
	case FH_FUNCTION_IS_LOOPBACK:
		return in_either(s, a, "127.0.0.0/8", "::1");
	case FH_FUNCTION_IS_MULTICAST:
		return in_either(s, a, "224.0.0.0/4", "ff00::/8");
	case FH_FUNCTION_IS_IN_RANGE:
		return fh_symbols_in_range(s, a, b);
	default:
		return fh_symbols_opaque(s).yes;
	}
}

/* A function with the answer yes or no: a method with one argument or none.  */
static struct fh_outcome asked_by_call(struct fh_symbols *s, const struct fh_expr *e)
{
	struct fh_cases x = fh_symbols_cases(s, e->items[0]), y = { 0 };
	struct fh_outcome out = never;

	if (e->n == 2)
		y = fh_symbols_cases(s, e->items[1]);
	for (uint32_t i = 0; i < x.n && !fh_symbols_full(s); i++) {
		enum fh_function f = (enum fh_function)e->which;
		const struct fh_case *a = &x.list[i];

		if (e->n == 1)
			add(s, &out, a->when, call(s, f, a->term, FH_TERM_NONE));
		for (uint32_t k = 0; k < y.n; k++)
			add(s, &out, fh_formula_and(&s->f, a->when, y.list[k].when),
			    call(s, f, a->term, y.list[k].term));
	}
	return out;
}

/* A Bool that is computed otherwise: an attribute, or what `if` picks.  */
static struct fh_outcome truth(struct fh_symbols *s, const struct fh_expr *e)
{
	struct fh_cases x = fh_symbols_cases(s, e);
	struct fh_outcome out = never;

	for (uint32_t i = 0; i < x.n; i++)
		add(s, &out, x.list[i].when, fh_symbols_truth(s, x.list[i].term));
	return out;
}

/* Expressions are at most FH_EXPR_DEPTH_MAX deep: that bounds the recursion.  */
struct fh_outcome fh_symbols_outcome(struct fh_symbols *s, const struct fh_expr *e)
{
	*s->work -= *s->work > 0;
	if (fh_symbols_full(s))
		return never;
	switch (e->kind) {
	case FH_EXPR_BOOL:
	case FH_EXPR_VARIABLE:
	case FH_EXPR_GET:
	case FH_EXPR_GET_TAG:
		return truth(s, e);
	case FH_EXPR_NOT:
	case FH_EXPR_AND:
	case FH_EXPR_OR:
	case FH_EXPR_IF:
		return logic(s, e);
	case FH_EXPR_IS:
	case FH_EXPR_IS_IN:
		return is(s, e);
	case FH_EXPR_HAS_TAG:
		return has_tag(s, e);
	case FH_EXPR_CALL:
		return fh_function_shape(e->which)->result == FH_VALUE_BOOL
			       ? asked_by_call(s, e)
			       : never;
	case FH_EXPR_LONG:
	case FH_EXPR_STRING:
	case FH_EXPR_ENTITY:
	case FH_EXPR_RECORD:
	case FH_EXPR_SET:
	case FH_EXPR_NEGATE:
	case FH_EXPR_ADD:
	case FH_EXPR_SUBTRACT:
	case FH_EXPR_MULTIPLY:
	case FH_EXPR_KINDS:
		return never; /* no Bool: it errs */
	default:
		return question(s, e);
	}
}

/* --- policies ---------------------------------------------------------------------- */

static uint32_t variable(struct fh_symbols *s, enum fh_variable which)
{
	const struct fh_expr e = { .kind = FH_EXPR_VARIABLE, .which = (uint8_t)which };
	struct fh_cases x = fh_symbols_cases(s, &e);

	return x.n == 1 ? x.list[0].term : 0;
}

static uint32_t side_matches(struct fh_symbols *s, enum fh_variable which,
			     const struct fh_scope *side)
{
	uint32_t self = variable(s, which), some = FH_FORMULA_NO;

	if (side->type.n > 0 && fh_symbols_is(s, self, side->type) != 1)
		return FH_FORMULA_NO;
	if (side->kind == FH_SCOPE_ANY || side->kind == FH_SCOPE_IS)
		return FH_FORMULA_YES;
	for (size_t i = 0; i < side->entities_n; i++) {
		uint32_t named = fh_symbols_entity(s, side->entities[i]);

		some = fh_formula_or(&s->f, some,
				     side->kind == FH_SCOPE_EQUAL
					     ? fh_symbols_equal(s, self, named)
					     : fh_symbols_in(s, self, named));
	}
	return some;
}

struct fh_outcome fh_symbols_policy(struct fh_symbols *s, const struct fh_policy_set *set,
				    const struct fh_policy *p, uint32_t *scope)
{
	struct fh_formulas *f = &s->f;
	struct fh_outcome all = { FH_FORMULA_YES, FH_FORMULA_NO };

	s->actions = &set->schema;
	s->listed = &set->entities;
	*scope = side_matches(s, FH_VARIABLE_ACTION, &p->action);
	if (*scope != FH_FORMULA_NO)
		*scope = fh_formula_and(f, *scope,
					side_matches(s, FH_VARIABLE_PRINCIPAL, &p->principal));
	if (*scope != FH_FORMULA_NO)
		*scope = fh_formula_and(f, *scope,
					side_matches(s, FH_VARIABLE_RESOURCE, &p->resource));
	for (size_t i = 0; i < p->conditions_n && *scope != FH_FORMULA_NO &&
			   all.yes != FH_FORMULA_NO; i++) {
		struct fh_outcome x = fh_symbols_outcome(s, p->conditions[i].body);

		if (p->conditions[i].unless)
			x = (struct fh_outcome){ x.no, x.yes };
		all.no = fh_formula_or(f, all.no, fh_formula_and(f, all.yes, x.no));
		all.yes = fh_formula_and(f, all.yes, x.yes);
	}
	return (struct fh_outcome){ fh_formula_and(f, *scope, all.yes),
				    fh_formula_and(f, *scope, all.no) };
}
