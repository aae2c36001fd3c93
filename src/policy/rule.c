/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/rule.h"

#include "policy/eval.h"
#include "policy/fold.h"

/* --- made once -------------------------------------------------------------- */

static fh_err compile_scope(const struct fh_scope *s, struct fh_names *names, struct fh_arena *a,
			    struct fh_rule_scope *out)
{
	struct fh_entity_key *key = fh_arena_array(a, s->entities_n, sizeof(*key));
	uint32_t *numbers = fh_arena_array(a, s->entities_n, sizeof(*numbers));
	fh_err e = key == nullptr || numbers == nullptr ? FH_ERR_NOMEM : FH_ERR_OK;

	for (size_t i = 0; e == FH_ERR_OK && i < s->entities_n; i++) {
		key[i] = fh_entity_key_of(s->entities[i]);
		e = fh_names_put(names, &key[i], a, &numbers[i]);
	}
	*out = (struct fh_rule_scope){ .kind = s->kind, .n = (uint32_t)s->entities_n,
				       .numbers = numbers, .type = s->type };
	return e;
}

/* Conditions that always hold are left out.  */
static fh_err compile_conditions(const struct fh_policy *p, struct fh_names *names,
				 struct fh_arena *a, struct fh_rule *r)
{
	struct fh_condition *list = fh_arena_array(a, p->conditions_n, sizeof(*list));
	fh_err e = list == nullptr ? FH_ERR_NOMEM : FH_ERR_OK;

	r->conditions = list;
	for (size_t i = 0; e == FH_ERR_OK && i < p->conditions_n; i++) {
		struct fh_condition c = p->conditions[i];

		e = fh_fold(c.body, names, a, &c.body);
		if (c.body->kind != FH_EXPR_BOOL || c.body->boolean == c.unless)
			list[r->conditions_n++] = c;
	}
	return e;
}

static fh_err compile(const struct fh_policy *p, struct fh_names *names, struct fh_arena *a,
		      struct fh_rule *r)
{
	const struct fh_scope *scope[] = { &p->principal, &p->action, &p->resource };
	fh_err e = FH_ERR_OK;

	r->policy = p;
	for (size_t i = 0; e == FH_ERR_OK && i < 3; i++)
		e = compile_scope(scope[i], names, a, &r->scope[i]);
	return e == FH_ERR_OK ? compile_conditions(p, names, a, r) : e;
}

fh_err fh_rules_compile(const struct fh_policies *p, struct fh_arena *a, struct fh_rules *out)
{
	struct fh_rule *list = fh_arena_array(a, p->n, sizeof(*list));
	struct fh_rules made = { .list = list, .n = p->n };
	fh_err e = list == nullptr ? FH_ERR_NOMEM : FH_ERR_OK;

	for (size_t i = 0; e == FH_ERR_OK && i < p->n; i++)
		e = compile(&p->list[i], &made.names, a, &list[i]);
	if (e == FH_ERR_OK)
		*out = made;
	return e;
}

/* --- asked of each request -------------------------------------------------- */

/* Variable I is, or is in, something that S names.  */
static bool is_in(const struct fh_evaluation *v, size_t i, const struct fh_rule_scope *s)
{
	for (uint32_t k = 0; k < s->n; k++) {
		if (fh_numbers_have(&v->in[i], s->numbers[k]))
			return true;
	}
	return false;
}

static bool scope_holds(const struct fh_evaluation *v, size_t i, const struct fh_rule_scope *s)
{
	switch (s->kind) {
	case FH_SCOPE_ANY:
		return true;
	case FH_SCOPE_EQUAL:
		return s->n == 1 && v->self[i] == s->numbers[0];
	case FH_SCOPE_IN:
		return is_in(v, i, s);
	case FH_SCOPE_IS:
		return fh_span_equal(v->key[i].uid.type, s->type);
	case FH_SCOPE_IS_IN:
		return fh_span_equal(v->key[i].uid.type, s->type) && is_in(v, i, s);
	}
	return false;
}

bool fh_rule_matches(const struct fh_evaluation *v, const struct fh_rule *r)
{
	for (size_t i = 0; i < 3; i++) {
		if (!scope_holds(v, i, &r->scope[i]))
			return false;
	}
	return true;
}

fh_err fh_rule_evaluate(struct fh_evaluation *v, const struct fh_rule *r, bool *satisfied,
			struct fh_fault *fault)
{
	size_t taken = v->arena->n;
	bool holds = true, evaluated = true;

	v->fault = (struct fh_fault){ 0 };
	v->e = FH_ERR_OK;
	for (size_t i = 0; i < r->conditions_n && evaluated && holds; i++) {
		evaluated = fh_eval_bool(v, r->conditions[i].body, &holds);
		holds ^= r->conditions[i].unless;
	}
	if (v->e != FH_ERR_OK)
		return v->e;
	v->arena->n = taken;
	*satisfied = evaluated && holds;
	*fault = v->fault;
	return FH_ERR_OK;
}
