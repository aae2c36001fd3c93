/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/validate.h"

#include "policy/suggest.h"

static fh_err refuse_unknown(const struct fh_lexer *lex, const char *what, struct fh_span name,
			     struct fh_span near, struct fh_position at)
{
	fh_trace_what(lex->trace, "the schema declares no %s `%.*s`", what, fh_shown(name),
		      (const char *)name.p);
	if (near.n > 0)
		fh_trace_cure(lex->trace, "did you mean `%.*s`?", fh_shown(near),
			      (const char *)near.p);
	else
		fh_trace_cure(lex->trace, "declare it in the schema, or remove it here");
	return fh_lexer_refuse(lex, at, FH_ERR_UNKNOWN);
}

static fh_err find_type(const struct fh_lexer *lex, const struct fh_schema *s, struct fh_span name,
			struct fh_position at)
{
	struct fh_suggestion near = fh_suggestion_for(name);

	if (fh_schema_find_type(s, name) != FH_SCHEMA_NONE)
		return FH_ERR_OK;
	for (uint32_t i = 0; i < s->types_n; i++)
		fh_suggestion_offer(&near, s->types[i].name);
	return refuse_unknown(lex, "entity type", name, near.best, at);
}

/* The action UID, which stands AT, by index.  */
static fh_err find_action(const struct fh_lexer *lex, const struct fh_schema *s,
			  struct fh_entity_uid uid, struct fh_position at, uint32_t *out)
{
	struct fh_suggestion near = fh_suggestion_for(uid.id);

	if (!fh_span_equal(uid.type, FH_SPAN_LIT(FH_TYPE_ACTION))) {
		fh_trace_what(lex->trace, "`%.*s` is no type of actions", fh_shown(uid.type),
			      (const char *)uid.type.p);
		fh_trace_cure(lex->trace, "write Action::\"...\"");
		return fh_lexer_refuse(lex, at, FH_ERR_UNKNOWN);
	}
	*out = fh_schema_find_action(s, uid);
	if (*out != FH_SCHEMA_NONE)
		return FH_ERR_OK;
	for (uint32_t k = 0; k < s->actions_n; k++)
		fh_suggestion_offer(&near, s->actions[k].uid.id);
	return refuse_unknown(lex, "action", uid.id, near.best, at);
}

/* Every action P names, by index.  */
static fh_err find_actions(const struct fh_lexer *lex, const struct fh_schema *s,
			   const struct fh_policy *p, uint32_t *actions)
{
	fh_err e = FH_ERR_OK;

	for (size_t i = 0; e == FH_ERR_OK && i < p->action.entities_n; i++)
		e = find_action(lex, s, p->action.entities[i], p->action.where[i], &actions[i]);
	return e;
}

/* The entity UID, which stands AT: its type is declared, and a path canonical.  */
static fh_err check_entity(const struct fh_lexer *lex, const struct fh_schema *s,
			   struct fh_entity_uid uid, struct fh_position at)
{
	const char *why = "";
	fh_err e = find_type(lex, s, uid.type, at);

	if (e != FH_ERR_OK || !s->types[fh_schema_find_type(s, uid.type)].is_path)
		return e;
	e = fh_posix_path_check(uid.id, &why);
	if (e == FH_ERR_OK)
		return e;
	fh_trace_what(lex->trace, "`%.*s` is not a canonical path: %s", fh_shown(uid.id),
		      (const char *)uid.id.p, why);
	fh_trace_cure(lex->trace, "no request could match it; write it as \"/a/b\"");
	return fh_lexer_refuse(lex, at, e);
}

/* The types and entities that one side of the scope names.  */
static fh_err check_side(const struct fh_lexer *lex, const struct fh_schema *s,
			 const struct fh_scope *side)
{
	fh_err e = side->type.n > 0 ? find_type(lex, s, side->type, side->type_at) : FH_ERR_OK;

	if (e != FH_ERR_OK || side->entities_n == 0)
		return e;
	return check_entity(lex, s, side->entities[0], side->where[0]);
}

/* --- conditions ------------------------------------------------------- */

/* What E itself names.  Schemas declare no attributes, tags and contexts yet, so what
 * reads one of an entity or of the context can only err.  */
static fh_err check_names(const struct fh_lexer *lex, const struct fh_schema *s,
			  const struct fh_expr *e)
{
	bool action = e->kind == FH_EXPR_ENTITY
		      && fh_span_equal(e->entity->uid.type, FH_SPAN_LIT(FH_TYPE_ACTION));
	bool reads = e->kind == FH_EXPR_GET || e->kind == FH_EXPR_GET_TAG;
	uint32_t found;

	if (action)
		return find_action(lex, s, e->entity->uid, e->at, &found);
	if (e->kind == FH_EXPR_ENTITY)
		return check_entity(lex, s, e->entity->uid, e->at);
	if ((e->kind == FH_EXPR_IS || e->kind == FH_EXPR_IS_IN) &&
	    !fh_span_equal(e->text, FH_SPAN_LIT(FH_TYPE_ACTION)))
		return find_type(lex, s, e->text, e->at);
	if (!reads || (e->a->kind != FH_EXPR_VARIABLE && e->a->kind != FH_EXPR_ENTITY))
		return FH_ERR_OK;
	fh_trace_what(lex->trace, "the schema declares no %s here",
		      e->kind == FH_EXPR_GET_TAG ? "tags" : "attribute");
	fh_trace_cure(lex->trace, "ask for the entity itself: ==, in, is");
	return fh_lexer_refuse(lex, e->at, FH_ERR_UNKNOWN);
}

/* The depth of E is bounded, so the recursion is.  */
static fh_err check_expr(const struct fh_lexer *lex, const struct fh_schema *s,
			 const struct fh_expr *e)
{
	const struct fh_expr *const child[] = { e->a, e->b, e->c };
	bool listed = e->kind == FH_EXPR_SET || e->kind == FH_EXPR_CALL;
	fh_err done = check_names(lex, s, e);

	for (size_t i = 0; done == FH_ERR_OK && i < 3; i++) {
		if (child[i] != nullptr)
			done = check_expr(lex, s, child[i]);
	}
	for (uint32_t i = 0; done == FH_ERR_OK && i < e->n; i++)
		done = check_expr(lex, s, listed ? e->items[i] : e->fields[i].value);
	return done;
}

static fh_err check_conditions(const struct fh_lexer *lex, const struct fh_schema *s,
			       const struct fh_policy *p)
{
	fh_err e = FH_ERR_OK;

	for (size_t i = 0; e == FH_ERR_OK && i < p->conditions_n; i++)
		e = check_expr(lex, s, p->conditions[i].body);
	return e;
}

/* --- whether it can apply --------------------------------------------- */

/* An entity of TYPE can satisfy SIDE.  */
static bool side_possible(const struct fh_schema *s, const struct fh_scope *side, uint32_t type)
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
		if (side_possible(s, side, types[i]))
			return true;
	}
	return false;
}

static bool action_matches(const struct fh_schema *s, const struct fh_policy *p,
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

		if (a->principals_n == 0 || !action_matches(s, p, named, i))
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

static fh_err check_possible(const struct fh_lexer *lex, const struct fh_schema *s,
			     const struct fh_policy *p, const uint32_t *named)
{
	struct reach r = reach_of(s, p, named);
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
	fh_trace_what(lex->trace, "the policy can never apply: %s", what);
	fh_trace_cure(lex->trace, "compare it with appliesTo and `in` in the schema");
	return fh_lexer_refuse(lex, at, FH_ERR_CONFLICT);
}

fh_err fh_policy_validate(const struct fh_lexer *lex, const struct fh_schema *s,
			  const struct fh_policy *p, struct fh_arena *a,
			  const uint32_t **actions)
{
	uint32_t *named = fh_arena_array(a, p->action.entities_n, sizeof(*named));

	if (named == nullptr)
		return fh_lexer_full(lex);
	fh_err e = check_side(lex, s, &p->principal);

	if (e == FH_ERR_OK)
		e = find_actions(lex, s, p, named);
	if (e == FH_ERR_OK)
		e = check_side(lex, s, &p->resource);
	if (e == FH_ERR_OK)
		e = check_possible(lex, s, p, named);
	if (e == FH_ERR_OK)
		e = check_conditions(lex, s, p);
	if (e == FH_ERR_OK)
		*actions = named;
	return e;
}
