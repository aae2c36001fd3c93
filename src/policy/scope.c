/* SPDX-License-Identifier: Apache-2.0 */
/* The scope of a Cedar policy.  What Cedar has beyond it (conditions, slots,
 * annotations that nobody evaluates) is refused by name: a document must never
 * say more than is enforced.  */
#include "policy/scope.h"

#include "base/builder.h"
#include "base/limits.h"

static fh_err refuse_slot(struct fh_lexer *lex)
{
	struct fh_span slot = lex->next.text;

	fh_trace_what(lex->trace, "slot %.*s: templates are not evaluated yet", fh_shown(slot),
		      (const char *)slot.p);
	fh_trace_cure(lex->trace, "write one policy for each entity");
	return fh_lexer_refuse(lex, lex->next.at, FH_ERR_UNSUPPORTED);
}

static fh_err refuse_annotation(struct fh_lexer *lex, struct fh_token name)
{
	fh_trace_what(lex->trace, "annotation @%.*s is not evaluated yet", fh_shown(name.text),
		      (const char *)name.text.p);
	fh_trace_cure(lex->trace, "remove it");
	return fh_lexer_refuse(lex, name.at, FH_ERR_UNSUPPORTED);
}

/* One annotation, standing at `@`.  */
static fh_err annotation(struct fh_lexer *lex, struct fh_arena *a, struct fh_policy *p)
{
	fh_err e = fh_lexer_demand(lex, "@");

	if (e != FH_ERR_OK)
		return e;
	struct fh_token name = lex->next;

	if (name.kind != FH_TOKEN_WORD) /* reserved words are fine here */
		return fh_lexer_unexpected(lex, "the name of an annotation");
	if (!fh_span_equal(name.text, FH_SPAN_LIT("id")))
		return refuse_annotation(lex, name);
	if (p->id.p != nullptr) {
		fh_trace_what(lex->trace, "the policy has two @id");
		fh_trace_cure(lex->trace, "keep one");
		return fh_lexer_refuse(lex, name.at, FH_ERR_CONFLICT);
	}
	e = fh_lexer_step(lex);
	if (e == FH_ERR_OK)
		e = fh_lexer_demand(lex, "(");
	struct fh_position at = lex->next.at;

	if (e == FH_ERR_OK)
		e = fh_lexer_string(lex, "the id as a string", a, &p->id);
	if (e == FH_ERR_OK && (p->id.n == 0 || p->id.n > FH_NAME_MAX)) {
		fh_trace_what(lex->trace, "@id must have 1 to %zu bytes", FH_NAME_MAX);
		fh_trace_cure(lex->trace, "choose another");
		return fh_lexer_refuse(lex, at, FH_ERR_LIMIT);
	}
	return e == FH_ERR_OK ? fh_lexer_demand(lex, ")") : e;
}

/* Type::"id" into *E, which stands at *AT.  */
static fh_err entity(struct fh_lexer *lex, struct fh_arena *a, struct fh_entity_uid *uid,
		     struct fh_position *at)
{
	bool literal;

	*at = lex->next.at;
	if (lex->next.kind == FH_TOKEN_SLOT)
		return refuse_slot(lex);
	fh_err e = fh_lexer_path(lex, "an entity, such as Team::\"research\"", a, &uid->type,
				 &literal);

	if (e != FH_ERR_OK)
		return e;
	if (!literal)
		return fh_lexer_unexpected(lex, "`::` and the entity's id as a string");
	return fh_lexer_string(lex, "the entity's id", a, &uid->id);
}

/* Room for N entities in *S.  */
static fh_err reserve(struct fh_lexer *lex, struct fh_arena *a, size_t n, struct fh_scope *s,
		      struct fh_entity_uid **uid, struct fh_position **at)
{
	*uid = fh_arena_array(a, n, sizeof(**uid));
	*at = fh_arena_array(a, n, sizeof(**at));
	if (*uid == nullptr || *at == nullptr)
		return fh_lexer_full(lex);
	s->entities = *uid;
	s->where = *at;
	s->entities_n = n;
	return FH_ERR_OK;
}

static fh_err one_entity(struct fh_lexer *lex, struct fh_arena *a, struct fh_scope *s)
{
	struct fh_entity_uid *uid;
	struct fh_position *at;
	fh_err e = reserve(lex, a, 1, s, &uid, &at);

	return e == FH_ERR_OK ? entity(lex, a, uid, at) : e;
}

/* [E, ...], standing behind `[`.  */
static fh_err entity_list(struct fh_lexer *lex, struct fh_arena *a, struct fh_scope *s)
{
	struct fh_entity_uid *uid;
	struct fh_position *at;
	size_t commas;

	if (fh_lexer_sees(lex, "]")) {
		fh_trace_what(lex->trace, "the list of actions is empty, so nothing matches it");
		fh_trace_cure(lex->trace, "name an action, or remove the policy");
		return fh_lexer_refuse(lex, lex->next.at, FH_ERR_CONFLICT);
	}
	fh_err e = fh_lexer_commas(*lex, &commas);

	if (e == FH_ERR_OK)
		e = reserve(lex, a, commas + 1, s, &uid, &at);
	for (size_t i = 0; e == FH_ERR_OK && i <= commas; i++) {
		e = i > 0 ? fh_lexer_demand(lex, ",") : FH_ERR_OK;
		if (e == FH_ERR_OK)
			e = entity(lex, a, &uid[i], &at[i]);
	}
	return e == FH_ERR_OK ? fh_lexer_demand(lex, "]") : e;
}

/* `is T [in E]`, standing behind `is`.  */
static fh_err type_test(struct fh_lexer *lex, struct fh_arena *a, struct fh_scope *s)
{
	bool literal;

	s->kind = FH_SCOPE_IS;
	s->type_at = lex->next.at;
	fh_err e = fh_lexer_path(lex, "an entity type", a, &s->type, &literal);

	if (e != FH_ERR_OK)
		return e;
	if (literal)
		return fh_lexer_unexpected(lex, "a type without an id (or `==` before it)");
	if (!fh_lexer_sees(lex, "in"))
		return FH_ERR_OK;
	s->kind = FH_SCOPE_IS_IN;
	e = fh_lexer_step(lex);
	return e == FH_ERR_OK ? one_entity(lex, a, s) : e;
}

/* NAME and what is said about it; only an action may be compared with a list,
 * and only the others may be tested with `is`, as in Cedar.  */
static fh_err clause(struct fh_lexer *lex, const char *name, bool action, struct fh_arena *a,
		     struct fh_scope *s)
{
	s->at = lex->next.at;
	fh_err e = fh_lexer_demand(lex, name);

	if (e != FH_ERR_OK)
		return e;
	bool equal = fh_lexer_sees(lex, "==");
	bool in = fh_lexer_sees(lex, "in");
	bool is = !action && fh_lexer_sees(lex, "is");

	if (!equal && !in && !is)
		return FH_ERR_OK;
	e = fh_lexer_step(lex);
	if (e != FH_ERR_OK)
		return e;
	if (is)
		return type_test(lex, a, s);
	s->kind = equal ? FH_SCOPE_EQUAL : FH_SCOPE_IN;
	if (!in || !action || !fh_lexer_sees(lex, "["))
		return one_entity(lex, a, s);
	e = fh_lexer_step(lex);
	return e == FH_ERR_OK ? entity_list(lex, a, s) : e;
}

static fh_err scope(struct fh_lexer *lex, struct fh_arena *a, struct fh_policy *p)
{
	fh_err e = fh_lexer_demand(lex, "(");

	if (e == FH_ERR_OK)
		e = clause(lex, "principal", false, a, &p->principal);
	if (e == FH_ERR_OK)
		e = fh_lexer_demand(lex, ",");
	if (e == FH_ERR_OK)
		e = clause(lex, "action", true, a, &p->action);
	if (e == FH_ERR_OK)
		e = fh_lexer_demand(lex, ",");
	if (e == FH_ERR_OK)
		e = clause(lex, "resource", false, a, &p->resource);
	return e == FH_ERR_OK ? fh_lexer_demand(lex, ")") : e;
}

/* The end of a policy; a condition is refused.  */
static fh_err ending(struct fh_lexer *lex)
{
	if (!fh_lexer_sees(lex, "when") && !fh_lexer_sees(lex, "unless"))
		return fh_lexer_demand(lex, ";");
	fh_trace_what(lex->trace, "`%.*s` is not evaluated yet", fh_shown(lex->next.text),
		      (const char *)lex->next.text.p);
	fh_trace_cure(lex->trace, "say it in the scope (==, in, is), or remove it");
	return fh_lexer_refuse(lex, lex->next.at, FH_ERR_UNSUPPORTED);
}

/* "policyN", as Cedar names what has no name.  */
static fh_err number(struct fh_lexer *lex, size_t position, struct fh_arena *a,
		     struct fh_span *id)
{
	constexpr size_t room = 32;
	void *p = fh_arena_take(a, room);

	if (p == nullptr)
		return fh_lexer_full(lex);
	struct fh_builder b = fh_builder_of(p, room);

	fh_builder_text(&b, "policy");
	fh_builder_decimal(&b, position);
	return fh_builder_end(&b, id);
}

fh_err fh_policy_parse(struct fh_lexer *lex, size_t position, struct fh_arena *a,
		       struct fh_policy *out)
{
	struct fh_policy p = { 0 };
	fh_err e = FH_ERR_OK;

	while (e == FH_ERR_OK && fh_lexer_sees(lex, "@"))
		e = annotation(lex, a, &p);
	if (e != FH_ERR_OK)
		return e;
	p.at = lex->next.at;
	p.forbids = fh_lexer_sees(lex, "forbid");
	if (!p.forbids && !fh_lexer_sees(lex, "permit"))
		return fh_lexer_unexpected(lex, "`permit`, `forbid` or an annotation");
	e = fh_lexer_step(lex);
	if (e == FH_ERR_OK)
		e = scope(lex, a, &p);
	if (e == FH_ERR_OK)
		e = ending(lex);
	if (e == FH_ERR_OK && p.id.p == nullptr)
		e = number(lex, position, a, &p.id);
	if (e == FH_ERR_OK)
		*out = p;
	return e;
}
