/* SPDX-License-Identifier: Apache-2.0 */
/* A policy: annotations, effect, scope and conditions.  */
#include "policy/parse.h"

#include "base/builder.h"
#include "base/limits.h"

/* --- annotations ------------------------------------------------------ */

/* The second string of @name("first", "second") behind the first: they stand for
 * "first; second".  */
static void join_second(struct fh_parse *p, struct fh_span *value)
{
	struct fh_span second = { 0 };

	p->e = fh_lexer_string(&p->lex, "the second string", p->arena, &second);
	size_t n = value->n + 2 + second.n;
	void *room = fh_parse_take(p, n);
	struct fh_builder b = fh_builder_of(room, room == nullptr ? 0 : n);

	fh_builder_bytes(&b, *value);
	fh_builder_text(&b, "; ");
	fh_builder_bytes(&b, second);
	*value = fh_builder_span(&b);
}

/* ("value"), standing behind the bracket.  */
static void annotation_value(struct fh_parse *p, bool pair, struct fh_annotation *a)
{
	if (p->e == FH_ERR_OK)
		p->e = fh_lexer_string(&p->lex, "the annotation's value in quotes", p->arena,
				       &a->value);
	if (pair && fh_span_equal(a->name, FH_SPAN_LIT("resource")) && fh_parse_accept(p, ","))
		join_second(p, &a->value);
	fh_parse_demand(p, ")");
}

void fh_parse_annotation(struct fh_parse *p, const char *owner, bool pair, struct fh_list *l)
{
	struct fh_annotation a = { .name = p->lex.next.text, .value = FH_TEXT_INIT(""),
				   .at = p->lex.next.at };
	const struct fh_annotation *earlier = l->p;

	if (p->e == FH_ERR_OK && p->lex.next.kind != FH_TOKEN_WORD)
		fh_parse_unexpected(p, "the name of an annotation");
	for (size_t i = 0; i < l->n; i++) {
		if (fh_span_equal(earlier[i].name, a.name))
			fh_parse_refuse(p, a.at, FH_ERR_CONFLICT, "keep one",
					"%s has two @%.*s", owner, fh_shown(a.name),
					(const char *)a.name.p);
	}
	if (l->n == FH_ANNOTATIONS_MAX)
		fh_parse_refuse(p, a.at, FH_ERR_LIMIT, "write fewer",
				"%s has more than %zu annotations", owner, FH_ANNOTATIONS_MAX);
	if (p->e == FH_ERR_OK)
		p->e = fh_lexer_step(&p->lex);
	a.bare = !fh_parse_accept(p, "(");
	if (!a.bare)
		annotation_value(p, pair, &a);
	fh_list_add(p, l, &a, sizeof(a));
}

/* --- scope ------------------------------------------------------------ */

/* Entities of one clause while they are read, and where they stand.  */
struct entities {
	struct fh_list uid;
	struct fh_list where;
};

static void entity(struct fh_parse *p, struct entities *l)
{
	struct fh_position at = p->lex.next.at;
	struct fh_entity_uid uid = { 0 };
	bool literal = false;

	if (fh_parse_accept(p, "(")) { /* Cedar lets them stand around an entity */
		if (++p->nesting > FH_EXPR_NESTING_MAX)
			fh_parse_refuse(p, at, FH_ERR_LIMIT, "remove them",
					"more than %d parentheses", FH_EXPR_NESTING_MAX);
		else
			entity(p, l);
		p->nesting--;
		fh_parse_demand(p, ")");
		return;
	}
	if (p->e == FH_ERR_OK)
		p->e = fh_lexer_path(&p->lex, "an entity, such as Team::\"research\"", p->arena,
				     &uid.type, &literal);
	if (!literal)
		fh_parse_unexpected(p, "`::` and the entity's id as a string");
	if (p->e == FH_ERR_OK)
		p->e = fh_lexer_string(&p->lex, "the entity's id", p->arena, &uid.id);
	fh_list_add(p, &l->uid, &uid, sizeof(uid));
	fh_list_add(p, &l->where, &at, sizeof(at));
}

/* The slot NAME, or an entity.  */
static void entity_or_slot(struct fh_parse *p, const char *slot, struct entities *l,
			   struct fh_scope *s)
{
	struct fh_token token = p->lex.next;

	if (p->e != FH_ERR_OK || token.kind != FH_TOKEN_SLOT) {
		entity(p, l);
		return;
	}
	if (slot == nullptr || !fh_span_equal(token.text, fh_span_str(slot)))
		fh_parse_refuse(p, token.at, FH_ERR_FORMAT,
				"slots are ?principal beside principal and ?resource beside "
				"resource",
				"no slot %.*s may stand here", fh_shown(token.text),
				(const char *)token.text.p);
	if (p->e == FH_ERR_OK)
		p->e = fh_lexer_step(&p->lex);
	s->slot = true;
	fh_list_add(p, &l->where, &token.at, sizeof(token.at));
}

/* [E, ...], standing behind `[`.  */
static void entity_list(struct fh_parse *p, struct entities *l, struct fh_scope *s)
{
	s->listed = true;
	for (bool first = true; fh_parse_next(p, first, "]"); first = false)
		entity(p, l);
}

/* `is T [in E]`, standing behind `is`.  */
static void type_test(struct fh_parse *p, const char *slot, struct entities *l, struct fh_scope *s)
{
	bool literal = false;

	s->kind = FH_SCOPE_IS;
	s->type_at = p->lex.next.at;
	if (p->e == FH_ERR_OK)
		p->e = fh_lexer_path(&p->lex, "an entity type", p->arena, &s->type, &literal);
	if (literal)
		fh_parse_unexpected(p, "a type without an id (or `==` before it)");
	if (!fh_parse_accept(p, "in"))
		return;
	s->kind = FH_SCOPE_IS_IN;
	entity_or_slot(p, slot, l, s);
}

void fh_parse_check_actions(struct fh_parse *p, const struct fh_scope *s)
{
	for (size_t i = 0; p->e == FH_ERR_OK && i < s->entities_n; i++) {
		struct fh_span type = s->entities[i].type;
		struct fh_span last = type.n < 6 ? type : fh_span_skip(type, type.n - 6);
		bool whole = type.n == 6 || (type.n > 8 && type.p[type.n - 7] == ':');

		if (!whole || !fh_span_equal(last, FH_SPAN_LIT(FH_TYPE_ACTION)))
			fh_parse_refuse(p, s->where[i], FH_ERR_FORMAT,
					"write Action::\"name\"",
					"`%.*s` is no type of actions", fh_shown(type),
					(const char *)type.p);
	}
}

/* NAME and what is said about it.  Only an action may be compared with a list,
 * and only the others, which have a SLOT, tested with `is`, as in Cedar.  */
static struct fh_scope clause(struct fh_parse *p, const char *name, const char *slot)
{
	struct fh_scope s = { .at = p->lex.next.at };
	struct entities l = { 0 };

	fh_parse_demand(p, name);
	if (fh_parse_sees(p, ":"))
		fh_parse_refuse(p, p->lex.next.at, FH_ERR_FORMAT, "write `is`",
				"`:` does not name a type here");
	if (slot != nullptr && fh_parse_accept(p, "is")) {
		type_test(p, slot, &l, &s);
	} else if (fh_parse_accept(p, "==")) {
		s.kind = FH_SCOPE_EQUAL;
		entity_or_slot(p, slot, &l, &s);
	} else if (fh_parse_accept(p, "in")) {
		s.kind = FH_SCOPE_IN;
		if (slot == nullptr && fh_parse_accept(p, "["))
			entity_list(p, &l, &s);
		else
			entity_or_slot(p, slot, &l, &s);
	} else if (fh_parse_sees(p, "=")) {
		fh_parse_refuse(p, p->lex.next.at, FH_ERR_FORMAT, "write `==`",
				"`=` compares nothing");
	}
	s.entities = l.uid.p;
	s.entities_n = l.uid.n;
	s.where = l.where.p;
	if (slot == nullptr)
		fh_parse_check_actions(p, &s);
	return s;
}

static void scope(struct fh_parse *p, struct fh_policy *out)
{
	fh_parse_demand(p, "(");
	out->principal = clause(p, "principal", "?principal");
	fh_parse_demand(p, ",");
	out->action = clause(p, "action", nullptr);
	fh_parse_demand(p, ",");
	out->resource = clause(p, "resource", "?resource");
	(void)fh_parse_accept(p, ",");
	fh_parse_demand(p, ")");
}

/* --- conditions ------------------------------------------------------- */

static void condition(struct fh_parse *p, struct fh_list *l)
{
	struct fh_condition c = { .unless = fh_parse_sees(p, "unless"), .at = p->lex.next.at };

	(void)fh_parse_accept(p, c.unless ? "unless" : "when");
	fh_parse_demand(p, "{");
	if (fh_parse_sees(p, "}"))
		fh_parse_refuse(p, c.at, FH_ERR_FORMAT, "write a condition, or remove it",
				"the condition is empty");
	c.body = fh_parse_expr(p);
	fh_parse_demand(p, "}");
	fh_list_add(p, l, &c, sizeof(c));
}

/* "policyN", as Cedar names what has no name.  */
static struct fh_span number(struct fh_parse *p, size_t position)
{
	constexpr size_t room = 32;
	void *taken = fh_parse_take(p, room);
	struct fh_builder b = fh_builder_of(taken, taken == nullptr ? 0 : room);

	fh_builder_text(&b, "policy");
	fh_builder_decimal(&b, position);
	return fh_builder_span(&b);
}

struct fh_policy fh_parse_policy(struct fh_parse *p, size_t position)
{
	struct fh_policy policy = { .id = number(p, position) };
	struct fh_list annotations = { 0 }, conditions = { 0 };

	while (fh_parse_accept(p, "@"))
		fh_parse_annotation(p, "the policy", /* pair= */ false, &annotations);
	policy.at = p->lex.next.at;
	policy.forbids = fh_parse_accept(p, "forbid");
	if (!policy.forbids && !fh_parse_accept(p, "permit"))
		fh_parse_unexpected(p, "`permit`, `forbid` or an annotation");
	scope(p, &policy);
	while (fh_parse_sees(p, "when") || fh_parse_sees(p, "unless"))
		condition(p, &conditions);
	if (p->e == FH_ERR_OK && !fh_parse_sees(p, ";"))
		fh_parse_unexpected(p, "`when`, `unless` or `;`");
	fh_parse_demand(p, ";");
	policy.annotations = annotations.p;
	policy.annotations_n = annotations.n;
	policy.conditions = conditions.p;
	policy.conditions_n = conditions.n;
	return policy;
}
