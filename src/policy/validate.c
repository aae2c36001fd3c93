/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/validate.h"

#include "policy/check.h"

/* A policy that is checked in one environment after the other.  */
struct each {
	struct fh_validation *v;
	const struct fh_policy *policy;
	const uint32_t *named;  /* actions */
	struct fh_check *check;
	bool idle;              /* its conditions are always false, so far */
};

/* Whether C's conditions hold never, in *FALSE; an error if they do not fit.  The
 * next is evaluated only where those before it hold, and may rely on it.  */
static void check_conditions(struct each *x, bool *never)
{
	struct fh_known prior = { 0 };

	*never = false;
	for (size_t i = 0; i < x->policy->conditions_n && !*never; i++) {
		const struct fh_condition *when = &x->policy->conditions[i];
		struct fh_checked is =
			fh_check_expected(x->check, when->body, &prior, FH_KINDS_BOOL, "a Bool");

		if (is.type == nullptr) {
			while (++i < x->policy->conditions_n)
				fh_check_behind(x->check, x->policy->conditions[i].body,
						/* boolean= */ true);
			return;
		}
		*never = is.type->kind == (when->unless ? FH_KIND_TRUE : FH_KIND_FALSE);
		if (!when->unless)
			prior = fh_known_both(prior, &is.known);
	}
}

static void check_environment(struct each *x, const struct fh_schema_action *action,
			      uint32_t principal, uint32_t resource)
{
	const struct fh_schema *s = x->v->schema;
	size_t taken = x->v->arena->n;
	bool never = true;

	x->check->action = action;
	x->check->variable[FH_VARIABLE_PRINCIPAL] = &s->types[principal].self;
	x->check->variable[FH_VARIABLE_ACTION] = &s->types[action->type].self;
	x->check->variable[FH_VARIABLE_RESOURCE] = &s->types[resource].self;
	x->check->variable[FH_VARIABLE_CONTEXT] = action->context;
	if (fh_typing_step(&x->check->typing))
		check_conditions(x, &never);
	x->idle &= never;
	x->v->arena->n = taken;
}

static void check_action(struct each *x, const struct fh_schema_action *action)
{
	const struct fh_schema *s = x->v->schema;

	for (uint32_t i = 0; i < action->principals_n; i++) {
		if (!fh_scope_passes_type(s, &x->policy->principal, action->principals[i]))
			continue;
		for (uint32_t k = 0; k < action->resources_n; k++) {
			if (x->check->typing.e == FH_ERR_OK &&
			    fh_scope_passes_type(s, &x->policy->resource, action->resources[k]))
				check_environment(x, action, action->principals[i],
						  action->resources[k]);
		}
	}
}

static fh_err refuse_steps(const struct fh_validation *v, struct fh_position at)
{
	fh_trace_what(v->lex->trace, "the policies need more than %llu steps to be validated",
		      (unsigned long long)FH_VALIDATION_STEPS_MAX);
	fh_trace_cure(v->lex->trace, "name actions and types in scopes, or split the document");
	return fh_lexer_refuse(v->lex, at, FH_ERR_LIMIT);
}

/* The conditions in each environment that the scope lets through.  Without conditions
 * there is nothing to check.  */
static fh_err check_everywhere(struct each *x)
{
	const struct fh_schema *s = x->v->schema;
	struct fh_typing *typing = &x->check->typing;

	for (uint32_t i = 0; typing->e == FH_ERR_OK && i < s->actions_n; i++) {
		if (fh_typing_step(typing) &&
		    fh_scope_passes_action(s, x->policy, x->named, i))
			check_action(x, &s->actions[i]);
	}
	x->v->steps = FH_VALIDATION_STEPS_MAX - typing->steps_left;
	if (typing->e == FH_ERR_LIMIT && !x->check->refused)
		return refuse_steps(x->v, x->policy->at);
	if (typing->e == FH_ERR_NOMEM)
		return fh_lexer_full(x->v->lex);
	return typing->e == FH_ERR_OK && x->check->refused ? x->check->first : typing->e;
}

static fh_err check_types(struct fh_validation *v, const struct fh_policy *p,
			  const uint32_t *named, bool *idle)
{
	size_t taken = v->arena->n;
	struct fh_check *check = fh_arena_space(v->arena, sizeof(*check));

	if (check == nullptr)
		return fh_lexer_full(v->lex);
	check->typing = (struct fh_typing){ .schema = v->schema, .arena = v->arena,
					    .strict = !v->permissive,
					    .steps_left = FH_VALIDATION_STEPS_MAX - v->steps };
	check->lex = v->lex;
	check->capabilities_n = 0;
	check->refused = false;
	check->problems = v->problems;
	struct each x = { v, p, named, check, true };
	fh_err e = check_everywhere(&x);

	v->arena->n = taken;
	*idle = x.idle;
	return e;
}

fh_err fh_policy_validate(struct fh_validation *v, const struct fh_policy *p,
			  const uint32_t **actions, bool *idle)
{
	uint32_t *named = fh_arena_array(v->arena, p->action.entities_n, sizeof(*named));
	size_t before = v->problems == nullptr ? 0 : v->problems->total;
	fh_err e = named == nullptr ? fh_lexer_full(v->lex) : fh_policy_check_names(v, p, named);

	*idle = false;
	if (e == FH_ERR_OK && v->problems != nullptr && v->problems->total > before)
		return v->problems->list[0].e; /* what has no meaning has no type either */
	if (e == FH_ERR_OK)
		e = fh_policy_check_possible(v, p, named);
	if (e == FH_ERR_OK && p->conditions_n > 0)
		e = check_types(v, p, named, idle);
	if (e == FH_ERR_OK)
		*actions = named;
	return e;
}
