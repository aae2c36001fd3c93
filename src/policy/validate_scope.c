/* SPDX-License-Identifier: Apache-2.0 */
/* Which requests a policy's scope lets through.  */
#include "policy/validate.h"

/* An entity of TYPE can satisfy SIDE.  A slot is filled as it suits.  */
bool fh_scope_passes_type(const struct fh_schema *s, const struct fh_scope *side, uint32_t type)
{
	if (side->type.n > 0 && !fh_span_equal(s->types[type].name, side->type))
		return false;
	if (side->entities_n == 0)
		return true;
	uint32_t named = fh_schema_find_type(s, side->entities[0].type);

	return side->kind == FH_SCOPE_EQUAL ? type == named
					    : fh_schema_type_reaches(s, type, named);
}

static bool some_possible(const struct fh_schema *s, const struct fh_scope *side,
			  const uint32_t *types, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (fh_scope_passes_type(s, side, types[i]))
			return true;
	}
	return false;
}

bool fh_scope_passes_action(const struct fh_schema *s, const struct fh_policy *p,
			    const uint32_t *named, uint32_t action)
{
	const struct fh_schema_action *a = &s->actions[action];

	if (p->action.kind == FH_SCOPE_ANY)
		return true;
	for (size_t i = 0; i < p->action.entities_n; i++) {
		uint32_t reach = p->action.kind == FH_SCOPE_EQUAL ? 1 : a->ancestors_n;

		for (uint32_t k = 0; k < reach; k++) {
			if (a->ancestors[k] == named[i])
				return true;
		}
	}
	return false;
}

/* How far some action gets through the scope, part by part.  */
struct reach {
	bool action;
	bool principal;
	bool resource;
	bool all;
};

static struct reach reach_of(const struct fh_schema *s, const struct fh_policy *p,
			     const uint32_t *named)
{
	struct reach r = { 0 };

	for (uint32_t i = 0; i < s->actions_n && !r.all; i++) {
		const struct fh_schema_action *a = &s->actions[i];

		if (a->principals_n == 0 || !fh_scope_passes_action(s, p, named, i))
			continue;
		bool who = some_possible(s, &p->principal, a->principals, a->principals_n);
		bool what = some_possible(s, &p->resource, a->resources, a->resources_n);

		r.action = true;
		r.principal |= who;
		r.resource |= what;
		r.all |= who && what;
	}
	return r;
}

fh_err fh_policy_check_possible(const struct fh_validation *v, const struct fh_policy *p,
				const uint32_t *named)
{
	struct reach r = reach_of(v->schema, p, named);
	const char *what = "no action lets this principal and this resource meet";
	struct fh_position at = p->at;

	if (r.all)
		return FH_ERR_OK;
	if (!r.action) {
		what = p->action.kind == FH_SCOPE_EQUAL
			       ? "the action is a group, and no request is for a group (use `in`)"
			       : "no action that applies to anything is in it";
		at = p->action.at;
	} else if (!r.principal) {
		what = "the action never applies to such a principal";
		at = p->principal.at;
	} else if (!r.resource) {
		what = "the action never applies to such a resource";
		at = p->resource.at;
	}
	fh_trace_what(v->lex->trace, "the policy can never apply: %s", what);
	fh_trace_cure(v->lex->trace, "compare it with appliesTo and `in` in the schema");
	return fh_lexer_refuse(v->lex, at, FH_ERR_CONFLICT);
}
