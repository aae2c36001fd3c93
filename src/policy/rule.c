/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/rule.h"

#include "policy/fold.h"

/* A rule while its tests are collected: first they are counted, then written.  */
struct compiling {
	struct fh_names *names;
	struct fh_arena *arena;
	struct fh_test *tests; /* NULL: they are counted */
	uint32_t n;
	uint32_t implied;
};

static void add(struct compiling *c, struct fh_test test)
{
	if (c->tests != nullptr)
		c->tests[c->n] = test;
	c->n++;
}

/* Adds what E, or if UNLESS the contrary of E, is the conjunction of: parts are asked in the same
 * order, and no further than the first that tells.  */
static void add_condition(struct compiling *c, const struct fh_expr *e, bool unless)
{
	struct fh_test test = { .kind = FH_TEST_EXPR, .unless = unless, .expr = e };

	if (e->kind == FH_EXPR_NOT) {
		add_condition(c, e->a, !unless);
		return;
	}
	if (e->kind == (unless ? FH_EXPR_OR : FH_EXPR_AND)) {
		add_condition(c, e->a, unless);
		add_condition(c, e->b, unless);
		return;
	}
	if (e->kind == FH_EXPR_BOOL && e->boolean != unless)
		return;
	if (e->kind == FH_EXPR_NAMED || (e->kind == FH_EXPR_WITHIN && e->n == 1)) {
		test.kind = e->kind == FH_EXPR_NAMED ? FH_TEST_NAMED : FH_TEST_WITHIN;
		test.which = e->which;
		test.number = e->numbers[0];
	} else if (e->kind == FH_EXPR_IS && e->a->kind == FH_EXPR_VARIABLE &&
		   e->a->which != FH_VARIABLE_CONTEXT) {
		test.kind = FH_TEST_TYPE;
		test.which = e->a->which;
		test.type = &e->text;
	}
	add(c, test);
}

/* Adds what the scope says about variable WHICH, whose entities have NUMBERS.  */
static fh_err add_scope(struct compiling *c, const struct fh_scope *s, enum fh_variable which,
			const uint32_t *numbers)
{
	struct fh_test test = { .kind = FH_TEST_TYPE, .which = which, .type = &s->type };

	if (s->kind == FH_SCOPE_IS || s->kind == FH_SCOPE_IS_IN)
		add(c, test);
	if (s->kind == FH_SCOPE_ANY || s->kind == FH_SCOPE_IS)
		return FH_ERR_OK;
	test.kind = s->kind == FH_SCOPE_EQUAL ? FH_TEST_NAMED : FH_TEST_WITHIN;
	if (s->entities_n == 1) {
		test.number = numbers[0];
		add(c, test);
		return FH_ERR_OK;
	}
	struct fh_expr *any = fh_arena_take(c->arena, sizeof(*any));

	if (any == nullptr)
		return FH_ERR_NOMEM;
	*any = (struct fh_expr){ .kind = FH_EXPR_WITHIN, .which = (uint8_t)which, .depth = 1,
				 .n = (uint32_t)s->entities_n, .at = s->at, .numbers = numbers };
	test.kind = FH_TEST_EXPR;
	test.expr = any;
	add(c, test);
	return FH_ERR_OK;
}

/* The numbers of the entities of S.  */
static fh_err number(struct compiling *c, const struct fh_scope *s, const uint32_t **out)
{
	struct fh_entity_key *key = fh_arena_array(c->arena, s->entities_n, sizeof(*key));
	uint32_t *numbers = fh_arena_array(c->arena, s->entities_n, sizeof(*numbers));
	fh_err e = key == nullptr || numbers == nullptr ? FH_ERR_NOMEM : FH_ERR_OK;

	for (size_t i = 0; e == FH_ERR_OK && i < s->entities_n; i++) {
		key[i] = fh_entity_key_of(s->entities[i]);
		e = fh_names_put(c->names, &key[i], c->arena, &numbers[i]);
	}
	*out = numbers;
	return e;
}

/* What the scope S says about variable WHICH is known to hold when the index finds P: it was
 * looked for under something that the variable is or is in.  */
static bool is_implied(const struct fh_policy *p, const struct fh_scope *s, enum fh_variable which)
{
	enum fh_variable key = p->resource.entities_n > 0 ? FH_VARIABLE_RESOURCE
							  : FH_VARIABLE_PRINCIPAL;

	return s->kind == FH_SCOPE_IN && (which == FH_VARIABLE_ACTION || which == key);
}

/* Adds all that P asks, its conditions being BODIES.  */
static fh_err add_all(struct compiling *c, const struct fh_policy *p,
		      const uint32_t *const *numbers, const struct fh_expr *const *bodies)
{
	const struct fh_scope *scope[] = { &p->principal, &p->action, &p->resource };
	fh_err e = FH_ERR_OK;

	c->n = 0;
	for (int i = 0; e == FH_ERR_OK && i < 3; i++) {
		if (is_implied(p, scope[i], (enum fh_variable)i))
			e = add_scope(c, scope[i], (enum fh_variable)i, numbers[i]);
	}
	c->implied = c->n;
	for (int i = 0; e == FH_ERR_OK && i < 3; i++) {
		if (!is_implied(p, scope[i], (enum fh_variable)i))
			e = add_scope(c, scope[i], (enum fh_variable)i, numbers[i]);
	}
	for (size_t i = 0; e == FH_ERR_OK && i < p->conditions_n; i++)
		add_condition(c, bodies[i], p->conditions[i].unless);
	return e;
}

/* What P asks, as C's tests: counted, and then written.  */
static fh_err collect(struct compiling *c, const struct fh_policy *p,
		      const uint32_t *const *numbers, const struct fh_expr *const *bodies)
{
	c->tests = nullptr;
	fh_err e = add_all(c, p, numbers, bodies);

	if (e != FH_ERR_OK)
		return e;
	c->tests = fh_arena_array(c->arena, c->n, sizeof(*c->tests));
	return c->tests == nullptr ? FH_ERR_NOMEM : add_all(c, p, numbers, bodies);
}

static fh_err compile(struct compiling *c, const struct fh_policy *p, struct fh_rule *r)
{
	const struct fh_scope *scope[] = { &p->principal, &p->action, &p->resource };
	const struct fh_expr **bodies = fh_arena_array(c->arena, p->conditions_n, sizeof(*bodies));
	const uint32_t *numbers[3] = { 0 };
	fh_err e = bodies == nullptr ? FH_ERR_NOMEM : FH_ERR_OK;

	for (size_t i = 0; e == FH_ERR_OK && i < 3; i++)
		e = number(c, scope[i], &numbers[i]);
	for (size_t i = 0; e == FH_ERR_OK && i < p->conditions_n; i++)
		e = fh_fold(p->conditions[i].body, c->names, c->arena, &bodies[i]);
	if (e == FH_ERR_OK)
		e = collect(c, p, numbers, bodies);
	if (e != FH_ERR_OK)
		return e;
	*r = (struct fh_rule){
		.tests = c->tests, .tests_n = c->n, .implied = (uint8_t)c->implied,
		.forbids = p->forbids, .policy = p,
		.principal = p->principal.entities_n > 0 ? numbers[0][0] : FH_UNNAMED,
		.resource = p->resource.entities_n > 0 ? numbers[2][0] : FH_UNNAMED,
		.actions = numbers[1], .actions_n = (uint32_t)p->action.entities_n,
	};
	return FH_ERR_OK;
}

fh_err fh_rules_compile(const struct fh_policies *p, struct fh_arena *a, struct fh_rules *out)
{
	struct fh_rule *list = fh_arena_array(a, p->n, sizeof(*list));
	struct fh_rules made = { .list = list, .n = p->n };
	struct compiling c = { .names = &made.names, .arena = a };
	fh_err e = list == nullptr ? FH_ERR_NOMEM : FH_ERR_OK;

	for (size_t i = 0; e == FH_ERR_OK && i < p->n; i++)
		e = compile(&c, &p->list[i], &list[i]);
	if (e == FH_ERR_OK)
		*out = made;
	return e;
}
