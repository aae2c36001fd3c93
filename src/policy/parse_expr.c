/* SPDX-License-Identifier: Apache-2.0 */
/* Operators, from the loosest to the tightest: if, ||, &&, one relation, + and -,
 * *, and then signs.  A relation does not chain: `a == b == c` is refused.  */
#include "policy/parse.h"

#include "base/limits.h"

enum level {
	LEVEL_OR = 0,
	LEVEL_AND,
	LEVEL_RELATION,
	LEVEL_ADD,
	LEVEL_MULTIPLY,
	LEVEL_UNARY,
};

struct operator {
	struct fh_span text;
	enum level level;
	enum fh_expr_kind kind;
};

static const struct operator operators[] = {
	{ FH_TEXT_INIT("||"), LEVEL_OR, FH_EXPR_OR },
	{ FH_TEXT_INIT("&&"), LEVEL_AND, FH_EXPR_AND },
	{ FH_TEXT_INIT("=="), LEVEL_RELATION, FH_EXPR_EQUAL },
	{ FH_TEXT_INIT("!="), LEVEL_RELATION, FH_EXPR_UNEQUAL },
	{ FH_TEXT_INIT("<"), LEVEL_RELATION, FH_EXPR_LESS },
	{ FH_TEXT_INIT("<="), LEVEL_RELATION, FH_EXPR_LESS_EQUAL },
	{ FH_TEXT_INIT(">"), LEVEL_RELATION, FH_EXPR_MORE },
	{ FH_TEXT_INIT(">="), LEVEL_RELATION, FH_EXPR_MORE_EQUAL },
	{ FH_TEXT_INIT("in"), LEVEL_RELATION, FH_EXPR_IN },
	{ FH_TEXT_INIT("has"), LEVEL_RELATION, FH_EXPR_HAS },
	{ FH_TEXT_INIT("like"), LEVEL_RELATION, FH_EXPR_LIKE },
	{ FH_TEXT_INIT("is"), LEVEL_RELATION, FH_EXPR_IS },
	{ FH_TEXT_INIT("+"), LEVEL_ADD, FH_EXPR_ADD },
	{ FH_TEXT_INIT("-"), LEVEL_ADD, FH_EXPR_SUBTRACT },
	{ FH_TEXT_INIT("*"), LEVEL_MULTIPLY, FH_EXPR_MULTIPLY },
};

/* The operator that is next, or NULL.  */
static const struct operator *operator_next(const struct fh_parse *p)
{
	enum fh_token_kind kind = p->lex.next.kind;
	struct fh_span text = p->lex.next.text;

	if (p->e != FH_ERR_OK || (kind != FH_TOKEN_MARK && kind != FH_TOKEN_WORD))
		return nullptr;
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		if (operators[i].text.p[0] == text.p[0] && fh_span_equal(operators[i].text, text))
			return &operators[i];
	}
	return nullptr;
}

/* Refuses by name what looks like an operator and is none.  */
static void refuse_lookalike(struct fh_parse *p)
{
	struct fh_position at = p->lex.next.at;

	if (fh_parse_sees(p, "="))
		fh_parse_refuse(p, at, FH_ERR_FORMAT, "write `==`", "`=` compares nothing");
	else if (fh_parse_sees(p, "/") || fh_parse_sees(p, "%"))
		fh_parse_refuse(p, at, FH_ERR_FORMAT, "multiply the other side instead",
				"Cedar does not divide");
}

static const struct fh_expr *binary(struct fh_parse *p, enum level least);

const struct fh_expr *fh_parse_node(struct fh_parse *p, struct fh_expr e)
{
	static const struct fh_expr nothing = { 0 };
	const struct fh_expr *child[] = { e.a, e.b, e.c };
	uint16_t depth = e.depth;

	for (size_t i = 0; i < 3; i++) {
		if (child[i] != nullptr && child[i]->depth > depth)
			depth = child[i]->depth;
	}
	if (depth >= FH_EXPR_DEPTH_MAX)
		fh_parse_refuse(p, e.at, FH_ERR_LIMIT,
				"split the policy, or compare with a set: [...].contains(x)",
				"the expression is deeper than %d", FH_EXPR_DEPTH_MAX);
	struct fh_expr *made = fh_parse_take(p, sizeof(*made));

	if (made == nullptr)
		return &nothing;
	*made = e;
	made->depth = depth + 1;
	return made;
}

const struct fh_expr *fh_parse_has(struct fh_parse *p, const struct fh_expr *before,
				   struct fh_expr *e, bool last)
{
	const struct fh_expr *one = fh_parse_node(p, *e);

	if (!last)
		e->a = fh_parse_node(p, (struct fh_expr){ .kind = FH_EXPR_GET, .at = e->at,
							  .a = e->a, .text = e->text });
	if (before == nullptr)
		return one;
	return fh_parse_node(p, (struct fh_expr){ .kind = FH_EXPR_AND, .at = e->at, .a = before,
						  .b = one });
}

/* `has a`, `has a.b.c` or `has "a"`, standing behind `has`.  */
static const struct fh_expr *has(struct fh_parse *p, struct fh_expr e)
{
	const struct fh_expr *all = nullptr;

	if (p->e == FH_ERR_OK && p->lex.next.kind == FH_TOKEN_STRING) {
		fh_parse_note(p, fh_lexer_string(&p->lex, "", p->arena, &e.text));
		return fh_parse_node(p, e);
	}
	do {
		if (p->e == FH_ERR_OK)
			p->e = fh_lexer_word(&p->lex, "an attribute", &e.text);
		all = fh_parse_has(p, all, &e, /* last= */ !fh_parse_sees(p, "."));
	} while (fh_parse_accept(p, "."));
	return all;
}

/* `is T` or `is T in E`, standing behind `is`.  */
static const struct fh_expr *is(struct fh_parse *p, struct fh_expr e)
{
	bool literal = false;

	if (p->e == FH_ERR_OK)
		p->e = fh_lexer_path(&p->lex, "an entity type", p->arena, &e.text, &literal);
	if (literal)
		fh_parse_refuse(p, p->lex.next.at, FH_ERR_FORMAT,
				"compare with `==`, or leave the id out",
				"`is` wants a type, not an entity");
	if (fh_parse_accept(p, "in")) {
		e.kind = FH_EXPR_IS_IN;
		e.b = binary(p, LEVEL_ADD);
	}
	return fh_parse_node(p, e);
}

/* What stands behind the operator in E, whose left side E has.  */
static const struct fh_expr *right_side(struct fh_parse *p, enum level level, struct fh_expr e)
{
	switch (e.kind) {
	case FH_EXPR_HAS:
		return has(p, e);
	case FH_EXPR_IS:
		return is(p, e);
	case FH_EXPR_LIKE:
		if (p->e == FH_ERR_OK)
			p->e = fh_lexer_pattern(&p->lex, "a pattern in quotes", p->arena,
						&e.text);
		return fh_parse_node(p, e);
	default:
		e.b = binary(p, level + 1);
		return fh_parse_node(p, e);
	}
}

const struct fh_expr *fh_parse_number(struct fh_parse *p, bool negative)
{
	struct fh_token token = p->lex.next;
	const uint64_t most = (uint64_t)INT64_MAX + negative;
	uint64_t v = 0;

	for (size_t i = 0; i < token.text.n; i++) {
		uint64_t digit = token.text.p[i] - '0';

		if (v > (most - digit) / 10) {
			fh_parse_refuse(p, token.at, FH_ERR_FORMAT,
					"integers go from -9223372036854775808 to "
					"9223372036854775807",
					"the number does not fit into 64 bits");
			break;
		}
		v = 10 * v + digit;
	}
	if (p->e == FH_ERR_OK)
		p->e = fh_lexer_step(&p->lex);
	return fh_parse_node(p, (struct fh_expr){ .kind = FH_EXPR_LONG, .at = token.at,
						  .integer = (int64_t)(negative ? 0 - v : v) });
}

/* A number with a minus before it is one literal, unless something hangs behind
 * it, as in -1.foo, which no valid policy has.  */
static bool is_plain_number(const struct fh_parse *p)
{
	struct fh_lexer look = p->lex;

	return p->e == FH_ERR_OK && look.next.kind == FH_TOKEN_NUMBER &&
	       fh_lexer_step(&look) == FH_ERR_OK && !fh_lexer_sees(&look, ".") &&
	       !fh_lexer_sees(&look, "[") && !fh_lexer_sees(&look, "(");
}

/* Up to four of ! or up to four of -, not mixed, as in Cedar's grammar.  */
static const struct fh_expr *unary(struct fh_parse *p)
{
	constexpr size_t signs_max = 4;
	struct fh_position at[signs_max];
	bool minus = fh_parse_sees(p, "-");
	const char *sign = minus ? "-" : "!";
	size_t n = 0;

	while (fh_parse_sees(p, sign)) {
		if (n == signs_max) {
			fh_parse_refuse(p, p->lex.next.at, FH_ERR_FORMAT, "remove two of them",
					"more than four `%s` in a row", sign);
			break;
		}
		at[n++] = p->lex.next.at;
		(void)fh_parse_accept(p, sign);
	}
	bool literal = minus && is_plain_number(p);
	const struct fh_expr *e = literal ? fh_parse_number(p, /* negative= */ true)
					  : fh_parse_member(p);

	for (n -= literal; n > 0; n--)
		e = fh_parse_node(p, (struct fh_expr){
					     .kind = minus ? FH_EXPR_NEGATE : FH_EXPR_NOT,
					     .at = at[n - 1], .a = e });
	return e;
}

/* Operators of level LEAST and tighter.  Behind a relation stands nothing that is
 * as tight: `a == b == c` and `a has b + 1` are refused.  */
static const struct fh_expr *binary(struct fh_parse *p, enum level least)
{
	const struct fh_expr *left = unary(p);
	const struct operator *op = operator_next(p);

	for (bool related = false; op != nullptr && op->level >= least; op = operator_next(p)) {
		struct fh_expr e = { .kind = op->kind, .at = p->lex.next.at, .a = left };

		if (related && op->level >= LEVEL_RELATION) {
			fh_parse_refuse(p, e.at, FH_ERR_FORMAT, "put one of them in parentheses",
					"relations do not chain");
			break;
		}
		related = op->level == LEVEL_RELATION;
		(void)fh_parse_accept(p, (const char *)op->text.p);
		left = right_side(p, op->level, e);
	}
	return left;
}

static const struct fh_expr *condition(struct fh_parse *p)
{
	struct fh_expr e = { .kind = FH_EXPR_IF, .at = p->lex.next.at };

	(void)fh_parse_accept(p, "if");
	e.a = fh_parse_expr(p);
	fh_parse_demand(p, "then");
	e.b = fh_parse_expr(p);
	fh_parse_demand(p, "else");
	e.c = fh_parse_expr(p);
	return fh_parse_node(p, e);
}

const struct fh_expr *fh_parse_expr(struct fh_parse *p)
{
	if (++p->nesting > FH_EXPR_NESTING_MAX)
		fh_parse_refuse(p, p->lex.next.at, FH_ERR_LIMIT, "split the policy",
				"more than %d brackets and ifs in each other",
				FH_EXPR_NESTING_MAX);
	const struct fh_expr *e = fh_parse_sees(p, "if") ? condition(p) : binary(p, LEVEL_OR);

	refuse_lookalike(p);
	p->nesting--;
	return e;
}
