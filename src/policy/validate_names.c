/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that a policy names is declared.  */
#include "policy/suggest.h"
#include "policy/validate.h"

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

/* NAME is WORD in some namespace.  */
static bool ends_in(struct fh_span name, struct fh_span word)
{
	return name.n > word.n && name.p[name.n - word.n - 1] == ':'
	       && fh_span_equal(fh_span_skip(name, name.n - word.n), word);
}

/* An entity type is declared, or one of actions, whichever these are.  */
static fh_err check_type(const struct fh_validation *v, struct fh_span name,
			 struct fh_position at)
{
	struct fh_suggestion near = fh_suggestion_for(name);
	const struct fh_schema *s = v->schema;

	if (fh_is_action_type(name) || fh_schema_find_type(s, name) != FH_SCHEMA_NONE)
		return FH_ERR_OK;
	for (uint32_t i = 0; i < s->types_n; i++)
		fh_suggestion_offer(&near, s->types[i].name);
	for (uint32_t i = 0; near.best.n == 0 && i < s->types_n; i++) {
		if (ends_in(s->types[i].name, name))
			near.best = s->types[i].name;
	}
	return refuse_unknown(v->lex, "entity type", name, near.best, at);
}

/* The action UID, which stands AT, by index.  */
static fh_err find_action(const struct fh_validation *v, struct fh_entity_uid uid,
			  struct fh_position at, uint32_t *out)
{
	struct fh_suggestion near = fh_suggestion_for(uid.id);
	const struct fh_schema *s = v->schema;

	*out = fh_schema_find_action(s, uid);
	if (*out != FH_SCHEMA_NONE)
		return FH_ERR_OK;
	if (fh_schema_find_type(s, uid.type) == FH_SCHEMA_NONE) {
		fh_trace_what(v->lex->trace, "`%.*s` is no type of actions", fh_shown(uid.type),
			      (const char *)uid.type.p);
		fh_trace_cure(v->lex->trace, "write Action::\"...\", with its namespace if it "
					     "has one");
		return fh_lexer_refuse(v->lex, at, FH_ERR_UNKNOWN);
	}
	for (uint32_t k = 0; k < s->actions_n; k++) {
		const struct fh_entity_uid other = s->actions[k].uid;

		fh_suggestion_offer(&near, other.id);
		if (!fh_span_equal(other.id, uid.id))
			continue;
		fh_trace_what(v->lex->trace, "the schema declares no action `%.*s` of the type "
			      "`%.*s`", fh_shown(uid.id), (const char *)uid.id.p,
			      fh_shown(uid.type), (const char *)uid.type.p);
		fh_trace_cure(v->lex->trace, "write %.*s::\"...\"", fh_shown(other.type),
			      (const char *)other.type.p);
		return fh_lexer_refuse(v->lex, at, FH_ERR_UNKNOWN);
	}
	return refuse_unknown(v->lex, "action", uid.id, near.best, at);
}

static fh_err check_choice(const struct fh_validation *v, const struct fh_schema_type *type,
			   struct fh_span id, struct fh_position at)
{
	struct fh_suggestion near = fh_suggestion_for(id);

	if (fh_schema_type_has_id(type, id))
		return FH_ERR_OK;
	for (uint32_t i = 0; i < type->choices_n; i++)
		fh_suggestion_offer(&near, type->choices[i]);
	return refuse_unknown(v->lex, "such entity, its type being enumerated:", id, near.best, at);
}

static fh_err check_path(const struct fh_validation *v, struct fh_span id, struct fh_position at)
{
	const char *why = "";
	fh_err e = fh_posix_path_check(id, &why);

	if (e == FH_ERR_OK)
		return e;
	fh_trace_what(v->lex->trace, "`%.*s` is not a canonical path: %s", fh_shown(id),
		      (const char *)id.p, why);
	fh_trace_cure(v->lex->trace, "no request could match it; write it as \"/a/b\"");
	return fh_lexer_refuse(v->lex, at, e);
}

/* The entity UID, which stands AT: it is an action, or its type is declared and has
 * such ids.  */
static fh_err check_entity(const struct fh_validation *v, struct fh_entity_uid uid,
			   struct fh_position at)
{
	uint32_t found;

	if (fh_is_action_type(uid.type))
		return find_action(v, uid, at, &found);
	fh_err e = check_type(v, uid.type, at);

	if (e != FH_ERR_OK)
		return e;
	const struct fh_schema_type *type =
		&v->schema->types[fh_schema_find_type(v->schema, uid.type)];

	e = check_choice(v, type, uid.id, at);
	return e == FH_ERR_OK && type->is_path ? check_path(v, uid.id, at) : e;
}

/* The types and entities that one side of the scope names.  */
static fh_err check_side(const struct fh_validation *v, const struct fh_scope *side)
{
	fh_err e = side->type.n > 0 ? check_type(v, side->type, side->type_at) : FH_ERR_OK;

	e = fh_validation_note(v, e);
	if (e != FH_ERR_OK || side->entities_n == 0)
		return e;
	return fh_validation_note(v, check_entity(v, side->entities[0], side->where[0]));
}

/* The depth of E is bounded, so the recursion is.  */
static fh_err check_expr(const struct fh_validation *v, const struct fh_expr *e)
{
	const struct fh_expr *const child[] = { e->a, e->b, e->c };
	bool listed = e->kind == FH_EXPR_SET || e->kind == FH_EXPR_CALL;
	fh_err done = FH_ERR_OK;

	if (e->kind == FH_EXPR_ENTITY)
		done = check_entity(v, e->entity->uid, e->at);
	else if (e->kind == FH_EXPR_IS || e->kind == FH_EXPR_IS_IN)
		done = check_type(v, e->text, e->at);
	done = fh_validation_note(v, done);
	for (size_t i = 0; done == FH_ERR_OK && i < 3; i++) {
		if (child[i] != nullptr)
			done = check_expr(v, child[i]);
	}
	for (uint32_t i = 0; done == FH_ERR_OK && i < e->n; i++)
		done = check_expr(v, listed ? e->items[i] : e->fields[i].value);
	return done;
}

fh_err fh_policy_check_names(const struct fh_validation *v, const struct fh_policy *p,
			     uint32_t *actions)
{
	fh_err e = check_side(v, &p->principal);

	for (size_t i = 0; e == FH_ERR_OK && i < p->action.entities_n; i++)
		e = fh_validation_note(v, find_action(v, p->action.entities[i],
						      p->action.where[i], &actions[i]));
	if (e == FH_ERR_OK)
		e = check_side(v, &p->resource);
	for (size_t i = 0; e == FH_ERR_OK && i < p->conditions_n; i++)
		e = check_expr(v, p->conditions[i].body);
	return e;
}
