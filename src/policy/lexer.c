/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/lexer.h"

#include "base/utf8.h"
#include "policy/entity.h"

static bool is_digit(uint8_t b)
{
	return b >= '0' && b <= '9';
}

static bool is_word(uint8_t b)
{
	return b == '_' || is_digit(b) || ((b | 0x20) >= 'a' && (b | 0x20) <= 'z');
}

static bool is_blank(uint8_t b)
{
	return b == ' ' || (b >= '\t' && b <= '\r');
}

/* Length of the blank beyond ASCII that S begins with, or 0: Unicode's property
 * White_Space, as Cedar has it.  */
static size_t wide_blank(struct fh_span s)
{
	if (s.n >= 2 && s.p[0] == 0xc2)
		return s.p[1] == 0x85 || s.p[1] == 0xa0 ? 2 : 0;
	if (s.n < 3 || s.p[0] < 0xe1 || s.p[0] > 0xe3)
		return 0;
	uint32_t c = (uint32_t)(s.p[0] & 0xf) << 12 | (uint32_t)(s.p[1] & 0x3f) << 6 |
		     (uint32_t)(s.p[2] & 0x3f);

	return c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
			       c == 0x202f || c == 0x205f || c == 0x3000
		       ? 3
		       : 0;
}

/* A comment runs to the end of the line, whichever way that is written.  */
static bool is_comment(uint8_t b)
{
	return b != '\n' && b != '\r';
}

static struct fh_span advance(struct fh_lexer *lex, size_t n)
{
	struct fh_span s = fh_cursor_take(&lex->rest, n);

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\n') {
			lex->at.line++;
			lex->at.column = 1;
		} else if ((s.p[i] & 0xc0) != 0x80) {
			lex->at.column++; /* not a continuation byte of UTF-8 */
		}
	}
	return s;
}

/* How many bytes at the front of S satisfy BELONGS.  */
static size_t run(struct fh_span s, bool (*belongs)(uint8_t))
{
	size_t n = 0;

	while (n < s.n && belongs(s.p[n]))
		n++;
	return n;
}

static void skip_blanks(struct fh_lexer *lex)
{
	for (;;) {
		struct fh_span s = lex->rest.rest;
		size_t blank = s.n > 0 && is_blank(s.p[0]) ? run(s, is_blank) : wide_blank(s);

		if (blank == 0 && fh_span_starts(s, FH_SPAN_LIT("//")))
			blank = run(s, is_comment);
		if (blank == 0)
			return;
		(void)advance(lex, blank);
	}
}

static fh_err string_token(struct fh_lexer *lex, struct fh_token *token)
{
	struct fh_span s = lex->rest.rest;
	size_t n = 1;

	while (n < s.n && s.p[n] != '"')
		n += s.p[n] == '\\' ? 2 : 1;
	if (n >= s.n) {
		fh_trace_what(lex->trace, "the string that begins here does not end");
		fh_trace_cure(lex->trace, "close it with a double quote");
		return fh_lexer_refuse(lex, token->at, FH_ERR_FORMAT);
	}
	token->kind = FH_TOKEN_STRING;
	token->text = fh_span_skip(advance(lex, n), 1);
	(void)advance(lex, 1);
	return FH_ERR_OK;
}

/* Length of the punctuation S begins with, or 0.  */
static size_t mark_length(struct fh_span s)
{
	static const struct fh_span two[] = { FH_TEXT_INIT("::"), FH_TEXT_INIT("=="),
					      FH_TEXT_INIT("!="), FH_TEXT_INIT("<="),
					      FH_TEXT_INIT(">="), FH_TEXT_INIT("&&"),
					      FH_TEXT_INIT("||") };

	for (size_t i = 0; i < sizeof(two) / sizeof(two[0]); i++) {
		if (fh_span_starts(s, two[i]))
			return 2;
	}
	struct fh_span one = FH_SPAN_LIT("()[]{},;:@=<>!+-*/%.?");

	return fh_span_find(one, s.p[0]) < one.n ? 1 : 0;
}

static fh_err mark_token(struct fh_lexer *lex, struct fh_token *token)
{
	struct fh_span s = lex->rest.rest;
	size_t slot = s.p[0] == '?' ? run(fh_span_skip(s, 1), is_word) : 0;
	size_t n = slot > 0 ? slot + 1 : mark_length(s);

	if (n == 0) {
		fh_trace_what(lex->trace, "byte 0x%02x begins nothing that Cedar knows", s.p[0]);
		fh_trace_cure(lex->trace, "remove it, or put it into a string");
		return fh_lexer_refuse(lex, token->at, FH_ERR_FORMAT);
	}
	token->kind = slot > 0 ? FH_TOKEN_SLOT : FH_TOKEN_MARK;
	token->text = advance(lex, n);
	return FH_ERR_OK;
}

fh_err fh_lexer_step(struct fh_lexer *lex)
{
	struct fh_lexer l = *lex;
	fh_err e = FH_ERR_OK;

	skip_blanks(&l);
	struct fh_span s = l.rest.rest;

	l.next = (struct fh_token){ .kind = FH_TOKEN_END, .at = l.at };
	if (s.n == 0) {
		*lex = l;
		return FH_ERR_OK;
	}
	if (is_digit(s.p[0])) {
		l.next.kind = FH_TOKEN_NUMBER;
		l.next.text = advance(&l, run(s, is_digit));
	} else if (is_word(s.p[0])) {
		l.next.kind = FH_TOKEN_WORD;
		l.next.text = advance(&l, run(s, is_word));
	} else if (s.p[0] == '"') {
		e = string_token(&l, &l.next);
	} else {
		e = mark_token(&l, &l.next);
	}
	if (e == FH_ERR_OK)
		*lex = l;
	return e;
}

fh_err fh_lexer_open(struct fh_span text, size_t max, const char *name, struct fh_arena *a,
		     struct fh_trace *t, struct fh_lexer *out)
{
	struct fh_lexer l = { .at = { 1, 1 }, .next.at = { 1, 1 }, .text_name = name,
			      .trace = t };
	struct fh_span copy;

	if (text.n > max) {
		fh_trace_what(t, "the text has more than %zu bytes", max);
		fh_trace_cure(t, "make it shorter");
		return fh_lexer_refuse(&l, l.at, FH_ERR_LIMIT);
	}
	if (!fh_utf8_valid(text)) {
		fh_trace_what(t, "the text is not UTF-8");
		fh_trace_cure(t, "save it as UTF-8");
		return fh_lexer_refuse(&l, l.at, FH_ERR_FORMAT);
	}
	if (fh_arena_copy(a, text, &copy) != FH_ERR_OK)
		return fh_lexer_full(&l);
	l.rest = fh_cursor_of(copy);
	fh_err e = fh_lexer_step(&l);

	if (e == FH_ERR_OK)
		*out = l;
	return e;
}

bool fh_lexer_is_word(struct fh_span s)
{
	return s.n > 0 && !is_digit(s.p[0]) && run(s, is_word) == s.n;
}

bool fh_lexer_sees(const struct fh_lexer *lex, const char *text)
{
	return (lex->next.kind == FH_TOKEN_WORD || lex->next.kind == FH_TOKEN_MARK) &&
	       fh_span_equal(lex->next.text, fh_span_str(text));
}

fh_err fh_lexer_demand(struct fh_lexer *lex, const char *text)
{
	char wanted[32] = "";
	struct fh_span s = fh_span_first(fh_span_str(text), sizeof(wanted) - 3);

	if (fh_lexer_sees(lex, text))
		return fh_lexer_step(lex);
	wanted[0] = '`';
	for (size_t i = 0; i < s.n; i++)
		wanted[i + 1] = (char)s.p[i];
	wanted[s.n + 1] = '`';
	return fh_lexer_unexpected(lex, wanted);
}

fh_err fh_lexer_refuse(const struct fh_lexer *lex, struct fh_position at, fh_err e)
{
	fh_trace_where(lex->trace, "%s:%u:%u", lex->text_name, at.line, at.column);
	return e;
}

fh_err fh_lexer_unexpected(const struct fh_lexer *lex, const char *wanted)
{
	struct fh_span text = lex->next.text;

	if (lex->next.kind == FH_TOKEN_END)
		fh_trace_what(lex->trace, "%s expected, but the text ends here", wanted);
	else
		fh_trace_what(lex->trace, "%s expected here, not `%.*s`", wanted, fh_shown(text),
			      (const char *)text.p);
	fh_trace_cure(lex->trace, "docs/spec/POLICY has the grammar");
	return fh_lexer_refuse(lex, lex->next.at, FH_ERR_FORMAT);
}

fh_err fh_lexer_full(const struct fh_lexer *lex)
{
	fh_trace_what(lex->trace, "the document needs more memory than it may have");
	fh_trace_cure(lex->trace, "make it smaller");
	return fh_lexer_refuse(lex, lex->next.at, FH_ERR_NOMEM);
}
