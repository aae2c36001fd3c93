/* SPDX-License-Identifier: Apache-2.0 */
/* What has no operators: literals, names, sets, records and parentheses, and the
 * attributes and calls behind them.  */
#include "policy/parse.h"

#include "base/limits.h"
#include "policy/suggest.h"

/* A method that is not of an extension type.  */
struct method {
	struct fh_span name;
	enum fh_expr_kind kind;
	uint32_t arguments_n;
};

static const struct method methods[] = {
	{ FH_TEXT_INIT("contains"), FH_EXPR_CONTAINS, 1 },
	{ FH_TEXT_INIT("containsAll"), FH_EXPR_CONTAINS_ALL, 1 },
	{ FH_TEXT_INIT("containsAny"), FH_EXPR_CONTAINS_ANY, 1 },
	{ FH_TEXT_INIT("isEmpty"), FH_EXPR_IS_EMPTY, 0 },
	{ FH_TEXT_INIT("getTag"), FH_EXPR_GET_TAG, 1 },
	{ FH_TEXT_INIT("hasTag"), FH_EXPR_HAS_TAG, 1 },
};

static const struct method *method_find(struct fh_span name)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (fh_span_equal(methods[i].name, name))
			return &methods[i];
	}
	return nullptr;
}

/* --- lists of expressions --------------------------------------------- */

/* Expressions up to CLOSE, standing behind the opening bracket, appended to what
 * L has; E gets them all.  */
static void expressions(struct fh_parse *p, const char *close, struct fh_list l,
			struct fh_expr *e)
{
	for (bool first = true; fh_parse_next(p, first, close); first = false) {
		const struct fh_expr *item = fh_parse_expr(p);

		if (item->depth > e->depth)
			e->depth = item->depth;
		fh_list_add(p, &l, &item, sizeof(item));
	}
	e->items = l.p;
	e->n = (uint32_t)l.n;
}

/* --- calls ------------------------------------------------------------ */

static void refuse_name(struct fh_parse *p, struct fh_span name, struct fh_position at,
			bool method)
{
	struct fh_suggestion near = fh_suggestion_for(name);

	if (p->e != FH_ERR_OK)
		return;
	for (unsigned f = 0; f < FH_FUNCTION_COUNT; f++) {
		const struct fh_function_shape *shape = fh_function_shape((enum fh_function)f);

		if (shape->method == method)
			fh_suggestion_offer(&near, shape->name);
	}
	for (size_t i = 0; method && i < sizeof(methods) / sizeof(methods[0]); i++)
		fh_suggestion_offer(&near, methods[i].name);
	fh_parse_refuse(p, at, FH_ERR_FORMAT, "docs/spec/POLICY lists them all",
			"there is no %s `%.*s`", method ? "method" : "function", fh_shown(name),
			(const char *)name.p);
	if (near.best.n > 0)
		fh_trace_cure(p->lex.trace, "did you mean `%.*s`?", fh_shown(near.best),
			      (const char *)near.best.p);
}

/* f(...), standing behind the opening parenthesis.  */
static const struct fh_expr *function_call(struct fh_parse *p, struct fh_span name,
					   struct fh_position at)
{
	enum fh_function f = fh_function_find(name);
	struct fh_expr e = { .kind = FH_EXPR_CALL, .which = (uint8_t)f, .at = at };

	if (method_find(name) != nullptr ||
	    (f != FH_FUNCTION_COUNT && fh_function_shape(f)->method))
		fh_parse_refuse(p, at, FH_ERR_FORMAT, "write x.f(...), not f(x, ...)",
				"`%.*s` is a method", fh_shown(name), (const char *)name.p);
	else if (f == FH_FUNCTION_COUNT)
		refuse_name(p, name, at, /* method= */ false);
	expressions(p, ")", (struct fh_list){ 0 }, &e);
	return fh_parse_node(p, e);
}

/* a.METHOD(...) of sets and entities, standing behind the parenthesis.  */
static const struct fh_expr *plain_method(struct fh_parse *p, const struct method *m,
					  struct fh_expr e)
{
	struct fh_expr arguments = { .at = e.at };

	e.kind = m->kind;
	expressions(p, ")", (struct fh_list){ 0 }, &arguments);
	if (p->e == FH_ERR_OK && arguments.n != m->arguments_n)
		fh_parse_refuse(p, e.at, FH_ERR_FORMAT,
				m->arguments_n == 0 ? "leave the parentheses empty"
						    : "give exactly one argument",
				"`%.*s` takes %u argument%s, not %u", fh_shown(m->name),
				(const char *)m->name.p, m->arguments_n,
				m->arguments_n == 1 ? "" : "s", arguments.n);
	if (p->e == FH_ERR_OK && arguments.n == 1)
		e.b = arguments.items[0];
	return fh_parse_node(p, e);
}

/* a.NAME(...), standing behind the parenthesis.  */
static const struct fh_expr *method_call(struct fh_parse *p, const struct fh_expr *a,
					 struct fh_span name, struct fh_position at)
{
	const struct method *m = method_find(name);
	enum fh_function f = fh_function_find(name);
	struct fh_expr e = { .kind = FH_EXPR_CALL, .which = (uint8_t)f, .at = at,
			     .depth = a->depth };
	struct fh_list l = { 0 };

	if (m != nullptr)
		return plain_method(p, m, (struct fh_expr){ .at = at, .a = a });
	if (f != FH_FUNCTION_COUNT && !fh_function_shape(f)->method)
		fh_parse_refuse(p, at, FH_ERR_FORMAT, "write f(x), not x.f()",
				"`%.*s` is a function", fh_shown(name), (const char *)name.p);
	else if (f == FH_FUNCTION_COUNT)
		refuse_name(p, name, at, /* method= */ true);
	fh_list_add(p, &l, &a, sizeof(a));
	expressions(p, ")", l, &e);
	return fh_parse_node(p, e);
}

/* --- primaries -------------------------------------------------------- */

static bool has_field(const struct fh_list *l, struct fh_span name)
{
	const struct fh_expr_field *field = l->p;

	for (size_t i = 0; i < l->n; i++) {
		if (fh_span_equal(field[i].name, name))
			return true;
	}
	return false;
}

static void field(struct fh_parse *p, struct fh_list *l, struct fh_expr *e)
{
	struct fh_expr_field f = { .at = p->lex.next.at };

	if (p->lex.next.kind == FH_TOKEN_STRING)
		fh_parse_note(p, fh_lexer_string(&p->lex, "", p->arena, &f.name));
	else if (p->e == FH_ERR_OK)
		p->e = fh_lexer_word(&p->lex, "the name of a field, or `}`", &f.name);
	if (p->e == FH_ERR_OK && has_field(l, f.name))
		fh_parse_refuse(p, f.at, FH_ERR_FORMAT, "keep one",
				"the field `%.*s` stands here twice", fh_shown(f.name),
				(const char *)f.name.p);
	if (l->n == FH_RECORD_FIELDS_MAX)
		fh_parse_refuse(p, f.at, FH_ERR_LIMIT, "write a smaller one",
				"a record has more than %zu fields", FH_RECORD_FIELDS_MAX);
	fh_parse_demand(p, ":");
	f.value = fh_parse_expr(p);
	if (f.value->depth > e->depth)
		e->depth = f.value->depth;
	fh_list_add(p, l, &f, sizeof(f));
}

static const struct fh_expr *record(struct fh_parse *p)
{
	struct fh_expr e = { .kind = FH_EXPR_RECORD, .at = p->lex.next.at };
	struct fh_list l = { 0 };

	fh_parse_demand(p, "{");
	for (bool first = true; fh_parse_next(p, first, "}"); first = false)
		field(p, &l, &e);
	e.fields = l.p;
	e.n = (uint32_t)l.n;
	return fh_parse_node(p, e);
}

static const struct fh_expr *set(struct fh_parse *p)
{
	struct fh_expr e = { .kind = FH_EXPR_SET, .at = p->lex.next.at };

	fh_parse_demand(p, "[");
	expressions(p, "]", (struct fh_list){ 0 }, &e);
	return fh_parse_node(p, e);
}

/* Type::"id", whose type has been read; the string is next.  */
static const struct fh_expr *entity(struct fh_parse *p, struct fh_span type, struct fh_position at)
{
	struct fh_entity_uid uid = { .type = type };

	fh_parse_note(p, fh_lexer_string(&p->lex, "the entity's id", p->arena, &uid.id));
	struct fh_entity_key *kept = fh_parse_take(p, sizeof(*kept));

	if (kept != nullptr)
		*kept = fh_entity_key_of(uid);
	return fh_parse_node(p, (struct fh_expr){ .kind = FH_EXPR_ENTITY, .at = at,
						  .entity = kept });
}

/* true, false, a variable, an entity or the call of a function.  */
static const struct fh_expr *word(struct fh_parse *p)
{
	static const struct fh_span variables[] = { FH_TEXT_INIT("principal"),
						    FH_TEXT_INIT("action"),
						    FH_TEXT_INIT("resource"),
						    FH_TEXT_INIT("context") };
	struct fh_expr e = { .kind = FH_EXPR_BOOL, .at = p->lex.next.at };
	struct fh_span name = { 0 };
	bool literal = false;

	e.boolean = fh_parse_sees(p, "true");
	if (fh_parse_accept(p, "true") || fh_parse_accept(p, "false"))
		return fh_parse_node(p, e);
	if (p->e == FH_ERR_OK)
		p->e = fh_lexer_path(&p->lex, "an expression", p->arena, &name, &literal);
	if (literal)
		return entity(p, name, e.at);
	if (fh_parse_accept(p, "("))
		return function_call(p, name, e.at);
	e.kind = FH_EXPR_VARIABLE;
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++, e.which++) {
		if (fh_span_equal(name, variables[i]))
			return fh_parse_node(p, e);
	}
	fh_parse_refuse(p, e.at, FH_ERR_FORMAT,
			"variables are principal, action, resource and context; an entity is "
			"Type::\"id\", a text stands in quotes",
			"there is no variable `%.*s`", fh_shown(name), (const char *)name.p);
	return fh_parse_node(p, e);
}

static const struct fh_expr *parenthesis(struct fh_parse *p)
{
	fh_parse_demand(p, "(");
	const struct fh_expr *e = fh_parse_expr(p);

	fh_parse_demand(p, ")");
	return e;
}

static const struct fh_expr *primary(struct fh_parse *p)
{
	struct fh_expr e = { .kind = FH_EXPR_STRING, .at = p->lex.next.at };

	switch (p->e == FH_ERR_OK ? p->lex.next.kind : FH_TOKEN_END) {
	case FH_TOKEN_NUMBER:
		return fh_parse_number(p, /* negative= */ false);
	case FH_TOKEN_STRING:
		p->e = fh_lexer_string(&p->lex, "", p->arena, &e.text);
		return fh_parse_node(p, e);
	case FH_TOKEN_WORD:
		return word(p);
	case FH_TOKEN_SLOT:
		fh_parse_refuse(p, e.at, FH_ERR_FORMAT,
				"compare with principal or resource instead",
				"a slot may stand only in the scope");
		return fh_parse_node(p, e);
	default:
		break;
	}
	if (fh_parse_sees(p, "("))
		return parenthesis(p);
	if (fh_parse_sees(p, "["))
		return set(p);
	if (fh_parse_sees(p, "{"))
		return record(p);
	fh_parse_unexpected(p, "an expression");
	return fh_parse_node(p, e);
}

/* .name or .name(...), standing behind the point.  */
static const struct fh_expr *dotted(struct fh_parse *p, const struct fh_expr *a)
{
	struct fh_expr e = { .kind = FH_EXPR_GET, .at = p->lex.next.at, .a = a };

	if (p->e == FH_ERR_OK)
		p->e = fh_lexer_word(&p->lex, "an attribute or a method", &e.text);
	if (fh_parse_accept(p, "("))
		return method_call(p, a, e.text, e.at);
	return fh_parse_node(p, e);
}

/* ["name"], standing behind the bracket.  */
static const struct fh_expr *indexed(struct fh_parse *p, const struct fh_expr *a)
{
	struct fh_expr e = { .kind = FH_EXPR_GET, .at = p->lex.next.at, .a = a };

	if (p->e == FH_ERR_OK)
		p->e = fh_lexer_string(&p->lex, "an attribute in quotes", p->arena, &e.text);
	fh_parse_demand(p, "]");
	return fh_parse_node(p, e);
}

const struct fh_expr *fh_parse_member(struct fh_parse *p)
{
	const struct fh_expr *e = primary(p);

	for (;;) {
		if (fh_parse_accept(p, "."))
			e = dotted(p, e);
		else if (fh_parse_accept(p, "["))
			e = indexed(p, e);
		else
			break;
	}
	if (fh_parse_sees(p, "("))
		fh_parse_refuse(p, p->lex.next.at, FH_ERR_FORMAT, "remove the parenthesis",
				"this cannot be called");
	return e;
}
