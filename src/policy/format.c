/* SPDX-License-Identifier: Apache-2.0 */
/* Lays out tokens, not the tree, so that comments and the author's words stay.
 * What is too long for a line is broken at its loosest operator, else at its
 * brackets; where, depends on the tokens and their comments alone, so a second
 * pass changes nothing.  */
#include "policy/format.h"

#include "base/limits.h"
#include "policy/policies.h"

constexpr size_t line_max = 80;

struct item {
	struct fh_span raw;   /* as written, strings with their quotes */
	struct fh_span gap;   /* what stands before it: blanks and comments */
	uint32_t match;       /* of a bracket: the other one */
	bool word;
	bool unary;           /* a minus that is a sign */
};

struct layout {
	struct item *item; /* one more than n: what stands behind the last */
	size_t n;
	struct fh_builder *b;
};

/* --- tokens ----------------------------------------------------------- */

static bool is(const struct layout *l, size_t i, const char *text)
{
	return i < l->n && fh_span_equal(l->item[i].raw, fh_span_str(text));
}

static bool is_one_of(const struct layout *l, size_t i, const char *const *texts, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		if (is(l, i, texts[k]))
			return true;
	}
	return false;
}

static bool opens(const struct layout *l, size_t i)
{
	static const char *const texts[] = { "(", "[", "{" };

	return is_one_of(l, i, texts, 3);
}

static bool closes(const struct layout *l, size_t i)
{
	static const char *const texts[] = { ")", "]", "}" };

	return is_one_of(l, i, texts, 3);
}

static bool is_keyword(const struct layout *l, size_t i)
{
	static const char *const texts[] = { "in", "is", "has", "like", "if", "then", "else" };

	return is_one_of(l, i, texts, 7);
}

/* A value ends with item I: what follows is an operator, a call or an index.  */
static bool ends_value(const struct layout *l, size_t i)
{
	return closes(l, i) || l->item[i].raw.p[0] == '"' || l->item[i].raw.p[0] == '?' ||
	       (l->item[i].raw.p[0] >= '0' && l->item[i].raw.p[0] <= '9') ||
	       (l->item[i].word && !is_keyword(l, i));
}

static void match_brackets(struct layout *l, uint32_t *stack)
{
	size_t depth = 0;

	for (size_t i = 0; i < l->n; i++) {
		if (opens(l, i)) {
			stack[depth++] = (uint32_t)i;
		} else if (closes(l, i) && depth > 0) {
			l->item[i].match = stack[--depth];
			l->item[stack[depth]].match = (uint32_t)i;
		}
		l->item[i].unary = is(l, i, "-") && (i == 0 || !ends_value(l, i - 1));
	}
}

static struct fh_span raw_of(const struct fh_token *token)
{
	if (token->kind != FH_TOKEN_STRING)
		return token->text;
	return fh_span_of(token->text.p - 1, token->text.n + 2);
}

/* The items of TEXT, which parses.  */
static fh_err read_items(struct fh_span text, struct fh_arena *a, struct layout *l)
{
	struct fh_lexer lex = { 0 };
	fh_err e = fh_lexer_open(text, FH_POLICY_TEXT_MAX, "policy", a, nullptr, &lex);
	struct fh_lexer count = lex;
	size_t room = 1;

	for (; e == FH_ERR_OK && count.next.kind != FH_TOKEN_END; room++)
		e = fh_lexer_step(&count);
	if (e != FH_ERR_OK)
		return e;
	l->item = fh_arena_array(a, room, sizeof(*l->item));
	uint32_t *stack = fh_arena_array(a, room, sizeof(*stack));

	if (l->item == nullptr || stack == nullptr)
		return FH_ERR_NOMEM;
	/* Of the lexer's copy, in which the tokens are.  */
	const uint8_t *end = lex.rest.rest.p + lex.rest.rest.n - text.n;

	for (; e == FH_ERR_OK && lex.next.kind != FH_TOKEN_END; e = fh_lexer_step(&lex)) {
		struct item *item = &l->item[l->n++];

		item->raw = raw_of(&lex.next);
		item->gap = fh_span_of(end, (size_t)(item->raw.p - end));
		item->word = lex.next.kind == FH_TOKEN_WORD;
		end = item->raw.p + item->raw.n;
	}
	l->item[l->n].gap = fh_span_of(end, (size_t)(lex.rest.rest.p - end));
	match_brackets(l, stack);
	return e;
}

/* --- comments --------------------------------------------------------- */

static bool ends_line(uint8_t b)
{
	return b == '\n' || b == '\r';
}

/* Takes the next comment from *GAP: false if there is none.  *OWN: it has a line of
 * its own.  */
static bool next_comment(struct fh_span *gap, bool *own, struct fh_span *out)
{
	while (gap->n > 0 && !fh_span_starts(*gap, FH_SPAN_LIT("//"))) {
		*own |= ends_line(gap->p[0]);
		*gap = fh_span_skip(*gap, 1);
	}
	size_t n = 0;

	while (n < gap->n && !ends_line(gap->p[n]))
		n++;
	*out = fh_span_first(*gap, n);
	*gap = fh_span_skip(*gap, n);
	while (out->n > 0 && (out->p[out->n - 1] == ' ' || out->p[out->n - 1] == '\t'))
		*out = fh_span_first(*out, out->n - 1);
	return out->n > 0;
}

static bool has_comment(const struct layout *l, size_t i)
{
	struct fh_span gap = l->item[i].gap, comment;
	bool own = false;

	return next_comment(&gap, &own, &comment);
}

static void indent_by(struct layout *l, size_t indent)
{
	for (size_t i = 0; i < indent; i++)
		fh_builder_u8(l->b, ' ');
}

/* Ends the line of item I, with the comment that stands behind it.  */
static void end_line(struct layout *l, size_t i)
{
	struct fh_span gap = l->item[i + 1].gap, comment;
	bool own = false;

	if (next_comment(&gap, &own, &comment) && !own) {
		fh_builder_text(l->b, " ");
		fh_builder_bytes(l->b, comment);
	}
	fh_builder_u8(l->b, '\n');
}

/* Begins the line of item I, with the comments above it.  */
static void start_line(struct layout *l, size_t i, size_t indent)
{
	struct fh_span gap = l->item[i].gap, comment;
	bool own = i == 0;

	while (next_comment(&gap, &own, &comment)) {
		if (!own)
			continue; /* end_line() wrote it */
		indent_by(l, indent);
		fh_builder_bytes(l->b, comment);
		fh_builder_u8(l->b, '\n');
	}
	if (i < l->n)
		indent_by(l, indent);
}

/* --- lines ------------------------------------------------------------ */

/* A blank stands between item I and the one before it.  */
static bool spaced(const struct layout *l, size_t i)
{
	static const char *const tight_after[] = { "(", "[", "{", ".", "::", "!", "@" };
	static const char *const tight_before[] = { ")", "]", "}", ",", ".", "::", ";", ":" };

	if (is_one_of(l, i - 1, tight_after, 7) || is_one_of(l, i, tight_before, 8) ||
	    l->item[i - 1].unary)
		return false;
	return !((is(l, i, "(") || is(l, i, "[")) && ends_value(l, i - 1));
}

/* A comma before a closing bracket says nothing.  */
static bool is_idle_comma(const struct layout *l, size_t i)
{
	return is(l, i, ",") && closes(l, i + 1) && !has_comment(l, i) && !has_comment(l, i + 1);
}

static size_t width_of(struct fh_span s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += (s.p[i] & 0xc0) != 0x80;
	return n;
}

/* Items FROM to before TO fit into WIDTH columns, and no comment is among them.  */
static bool fits(const struct layout *l, size_t from, size_t to, size_t width)
{
	size_t n = 0;

	for (size_t i = from; i < to && n <= width; i++) {
		if (i > from && has_comment(l, i))
			return false;
		if (!is_idle_comma(l, i))
			n += width_of(l->item[i].raw) + (i > from && spaced(l, i));
	}
	return n <= width;
}

static void put(struct layout *l, size_t i)
{
	if (!is_idle_comma(l, i))
		fh_builder_bytes(l->b, l->item[i].raw);
}

/* What stands between item I and the one before it: a comment, a blank, nothing.  */
static void join(struct layout *l, size_t i, size_t indent)
{
	if (has_comment(l, i)) {
		end_line(l, i - 1);
		start_line(l, i, indent);
	} else if (spaced(l, i)) {
		fh_builder_u8(l->b, ' ');
	}
}

/* All on one line, but for comments.  */
static void put_line(struct layout *l, size_t from, size_t to, size_t indent)
{
	for (size_t i = from; i < to; i++) {
		if (i > from)
			join(l, i, indent + 2);
		put(l, i);
	}
}

/* The item behind I that is outside of the bracket I opens, if it does.  */
static size_t after(const struct layout *l, size_t i)
{
	return opens(l, i) ? l->item[i].match + 1 : i + 1;
}

/* The first TEXT outside of brackets from FROM on, or TO.  */
static size_t find(const struct layout *l, size_t from, size_t to, const char *text)
{
	size_t i = from;

	while (i < to && !is(l, i, text))
		i = after(l, i);
	return i < to ? i : to;
}

static void put_expr(struct layout *l, size_t from, size_t to, size_t indent, int depth);

/* Parts that end with TEXT, each on a line.  */
static void put_parts(struct layout *l, size_t from, size_t to, const char *text, size_t indent,
		      int depth)
{
	for (size_t end; from < to; from = end) {
		size_t at = find(l, from, to, text);

		put_expr(l, from, at, indent, depth);
		end = at < to ? at + 1 : to;
		if (at < to) {
			join(l, at, indent);
			put(l, at);
		}
		if (end < to) {
			end_line(l, at);
			start_line(l, end, indent);
		}
	}
}

/* The `then` or `else` of the `if` at FROM.  */
static size_t find_branch(const struct layout *l, size_t from, size_t to, const char *text)
{
	size_t nested = 0, i = from + 1;

	for (; i < to; i = after(l, i)) {
		if (nested == 0 && is(l, i, text))
			break;
		nested += is(l, i, "if");
		nested -= nested > 0 && is(l, i, "else");
	}
	return i < to ? i : to;
}

/* if ..., then ... and else ..., each on a line.  */
static void put_choice(struct layout *l, size_t from, size_t to, size_t indent, int depth)
{
	size_t then = find_branch(l, from, to, "then");
	size_t otherwise = find_branch(l, from, to, "else");
	const size_t begin[] = { from, then, otherwise, to };

	for (size_t i = 0; i < 3; i++) {
		if (i > 0) {
			end_line(l, begin[i] - 1);
			start_line(l, begin[i], indent);
		}
		put(l, begin[i]);
		if (begin[i] + 1 >= begin[i + 1])
			continue;
		join(l, begin[i] + 1, indent + 2);
		put_expr(l, begin[i] + 1, begin[i + 1], indent + 2, depth);
	}
}

/* What is in the brackets at OPEN, an element on each line.  */
static void put_group(struct layout *l, size_t open, size_t indent, int depth)
{
	size_t close = l->item[open].match;

	put(l, open);
	end_line(l, open);
	if (open + 1 < close) {
		start_line(l, open + 1, indent + 2);
		put_parts(l, open + 1, close, ",", indent + 2, depth);
		end_line(l, close - 1);
	}
	start_line(l, close, indent);
	put(l, close);
}

/* The first bracket of FROM to TO that holds something, or TO.  */
static size_t find_group(const struct layout *l, size_t from, size_t to)
{
	size_t i = from;

	while (i < to && !(opens(l, i) && l->item[i].match > i + 1))
		i = after(l, i);
	return i < to ? i : to;
}

static void put_expr(struct layout *l, size_t from, size_t to, size_t indent, int depth)
{
	size_t open = find_group(l, from, to);

	if (fits(l, from, to, line_max - (indent < 60 ? indent : 60)) || depth == 0) {
		put_line(l, from, to, indent);
	} else if (is(l, from, "if")) {
		put_choice(l, from, to, indent, depth - 1);
	} else if (find(l, from, to, "||") < to) {
		put_parts(l, from, to, "||", indent, depth - 1);
	} else if (find(l, from, to, "&&") < to) {
		put_parts(l, from, to, "&&", indent, depth - 1);
	} else if (open == to) {
		put_line(l, from, to, indent);
	} else {
		put_line(l, from, open, indent);
		if (open > from)
			join(l, open, indent + 2);
		put_group(l, open, indent, depth - 1);
		size_t rest = l->item[open].match + 1;

		if (rest >= to)
			return;
		join(l, rest, indent + 2);
		put_expr(l, rest, to, indent, depth - 1);
	}
}

/* --- policies --------------------------------------------------------- */

/* @name("value"), standing at `@`: the item behind it.  */
static size_t put_annotation(struct layout *l, size_t i)
{
	size_t end = is(l, i + 2, "(") ? l->item[i + 2].match + 1 : i + 2;

	start_line(l, i, 0);
	put_line(l, i, end, 0);
	end_line(l, end - 1);
	return end;
}

/* permit (...), standing at the effect.  */
static size_t put_scope(struct layout *l, size_t i)
{
	size_t end = l->item[i + 1].match + 1;

	start_line(l, i, 0);
	put(l, i);
	if (has_comment(l, i + 1))
		join(l, i + 1, 0);
	else
		fh_builder_u8(l->b, ' ');
	if (fits(l, i, end, line_max))
		put_line(l, i + 1, end, 0);
	else
		put_group(l, i + 1, 0, FH_EXPR_NESTING_MAX);
	return end;
}

/* when {...}, standing at the word; in the line of the item before it.  */
static size_t put_condition(struct layout *l, size_t i)
{
	size_t open = i + 1, close = l->item[open].match;

	end_line(l, i - 1);
	start_line(l, i, 0);
	put(l, i);
	join(l, open, 0);
	put(l, open);
	if (fits(l, i, close + 1, line_max - 2)) {
		fh_builder_u8(l->b, ' ');
		put_line(l, open + 1, close, 0);
		fh_builder_text(l->b, " }");
		return close + 1;
	}
	end_line(l, open);
	start_line(l, open + 1, 2);
	put_expr(l, open + 1, close, 2, FH_EXPR_NESTING_MAX);
	end_line(l, close - 1);
	start_line(l, close, 0);
	put(l, close);
	return close + 1;
}

static size_t put_policy(struct layout *l, size_t i)
{
	while (is(l, i, "@"))
		i = put_annotation(l, i);
	i = put_scope(l, i);
	while (i < l->n && !is(l, i, ";"))
		i = put_condition(l, i);
	if (has_comment(l, i)) {
		end_line(l, i - 1);
		start_line(l, i, 0);
	}
	put(l, i);
	end_line(l, i);
	return i + 1;
}

fh_err fh_policy_format(struct fh_span text, struct fh_arena *a, struct fh_builder *out,
			struct fh_trace *t)
{
	struct fh_builder b = *out;
	struct layout l = { .b = &b };
	struct fh_policies all;
	fh_err e = fh_policies_parse(text, FH_POLICY_TEXT_MAX, "policy", a, &all, t);

	if (e == FH_ERR_OK)
		e = read_items(text, a, &l);
	for (size_t i = 0; e == FH_ERR_OK && i < l.n;) {
		if (i > 0)
			fh_builder_u8(&b, '\n');
		i = put_policy(&l, i);
	}
	if (e == FH_ERR_OK && l.item != nullptr && has_comment(&l, l.n)) {
		if (l.n > 0)
			fh_builder_u8(&b, '\n');
		start_line(&l, l.n, 0);
	}
	if (e == FH_ERR_OK && b.bad)
		e = FH_ERR_LIMIT;
	if (e == FH_ERR_OK)
		*out = b;
	return e;
}
