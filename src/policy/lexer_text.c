/* SPDX-License-Identifier: Apache-2.0 */
/* Names and strings, and what Cedar lets them look like.  */
#include "policy/lexer.h"

#include "base/builder.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "policy/entity.h"

bool fh_lexer_reserved(struct fh_span word)
{
	static const struct fh_span reserved[] = {
		FH_TEXT_INIT("true"), FH_TEXT_INIT("false"), FH_TEXT_INIT("if"),
		FH_TEXT_INIT("then"), FH_TEXT_INIT("else"), FH_TEXT_INIT("in"),
		FH_TEXT_INIT("is"),   FH_TEXT_INIT("like"), FH_TEXT_INIT("has"),
		FH_TEXT_INIT("__cedar"),
	};

	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		if (fh_span_equal(word, reserved[i]))
			return true;
	}
	return false;
}

fh_err fh_lexer_word(struct fh_lexer *lex, const char *what, struct fh_span *out)
{
	struct fh_token token = lex->next;

	if (token.kind != FH_TOKEN_WORD || fh_lexer_reserved(token.text))
		return fh_lexer_unexpected(lex, what);
	if (token.text.n > FH_POLICY_NAME_MAX) {
		fh_trace_what(lex->trace, "a name has more than %zu bytes", FH_POLICY_NAME_MAX);
		fh_trace_cure(lex->trace, "choose a shorter one");
		return fh_lexer_refuse(lex, token.at, FH_ERR_LIMIT);
	}
	fh_err e = fh_lexer_step(lex);

	if (e == FH_ERR_OK)
		*out = token.text;
	return e;
}

/* The hexadecimal digit B, or 16.  */
static uint32_t hex_digit(uint8_t b)
{
	uint8_t low = b | 0x20;

	if (b >= '0' && b <= '9')
		return (uint32_t)(b - '0');
	return low >= 'a' && low <= 'f' ? (uint32_t)(low - 'a' + 10) : 16;
}

/* The value of up to MAX hexadecimal digits, at least MIN; bad otherwise.  As in
 * Rust, whose escapes Cedar has, underscores may stand behind the first digit of
 * what stands in braces.  */
static uint32_t hex_digits(struct fh_cursor *c, size_t min, size_t max, bool braced)
{
	uint32_t v = 0;
	size_t n = 0;

	while (c->rest.n > 0) {
		uint8_t b = c->rest.p[0];
		bool mark = braced && n > 0 && b == '_';

		if (!mark && (n == max || hex_digit(b) > 15))
			break;
		(void)fh_cursor_u8(c);
		if (mark)
			continue;
		v = v << 4 | hex_digit(b);
		n++;
	}
	if (n < min)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	return v;
}

static void unicode_escape(struct fh_cursor *c, struct fh_builder *b)
{
	fh_cursor_expect(c, FH_SPAN_LIT("{"));
	uint32_t v = hex_digits(c, 1, 6, true);

	fh_cursor_expect(c, FH_SPAN_LIT("}"));
	if (v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
		fh_cursor_fail(c, FH_ERR_FORMAT);
	if (!fh_cursor_bad(c))
		fh_utf8_put(b, v);
}

/* What follows a backslash.  `\*` belongs to patterns, not to strings.  */
static void escape(struct fh_cursor *c, bool pattern, struct fh_builder *b)
{
	static const struct fh_span from = FH_TEXT_INIT("nrt0\\'\"");
	static const struct fh_span to = FH_TEXT_INIT("\n\r\t\0\\'\"");
	uint8_t letter = fh_cursor_u8(c);
	size_t simple = fh_span_find(from, letter);

	if (simple < from.n || (pattern && letter == '*')) {
		fh_builder_u8(b, letter == '*' ? letter : to.p[simple]);
	} else if (letter == 'x') {
		uint32_t v = hex_digits(c, 2, 2, false);

		if (v > 0x7f)
			fh_cursor_fail(c, FH_ERR_FORMAT);
		fh_builder_u8(b, (uint8_t)v);
	} else if (letter == 'u') {
		unicode_escape(c, b);
	} else {
		fh_cursor_fail(c, FH_ERR_FORMAT);
	}
}

/* An escape is never shorter than what it stands for, so OUT needs no more
 * room than RAW has.  */
static fh_err unescape(struct fh_span raw, bool pattern, struct fh_builder *out)
{
	struct fh_cursor c = fh_cursor_of(raw);

	while (c.rest.n > 0) {
		uint8_t b = fh_cursor_u8(&c);

		if (b == '\\')
			escape(&c, pattern, out);
		else if (b == '\r')
			fh_cursor_fail(&c, FH_ERR_FORMAT);
		else
			fh_builder_u8(out, pattern && b == '*' ? FH_WILDCARD : b);
	}
	return fh_cursor_end(&c);
}

static fh_err string_value(struct fh_lexer *lex, struct fh_span raw, bool pattern,
			   struct fh_arena *a, struct fh_span *out)
{
	if (raw.n > FH_CEDAR_STRING_MAX) {
		fh_trace_what(lex->trace, "a string has more than %zu bytes",
			      FH_CEDAR_STRING_MAX);
		fh_trace_cure(lex->trace, "make it shorter");
		return fh_lexer_refuse(lex, lex->next.at, FH_ERR_LIMIT);
	}
	void *room = fh_arena_space(a, raw.n + 1);

	if (room == nullptr)
		return fh_lexer_full(lex);
	struct fh_builder b = fh_builder_of(room, raw.n + 1);

	if (unescape(raw, pattern, &b) != FH_ERR_OK) {
		fh_trace_what(lex->trace, "the string holds an escape that Cedar does not have");
		fh_trace_cure(lex->trace,
			      "escapes are \\n \\r \\t \\0 \\\\ \\' \\\" \\x00-\\x7f \\u{...}%s",
			      pattern ? " \\*" : "");
		return fh_lexer_refuse(lex, lex->next.at, FH_ERR_FORMAT);
	}
	return fh_builder_end(&b, out);
}

static fh_err take_string(struct fh_lexer *lex, const char *what, bool pattern,
			  struct fh_arena *a, struct fh_span *out)
{
	struct fh_span value;

	if (lex->next.kind != FH_TOKEN_STRING)
		return fh_lexer_unexpected(lex, what);
	fh_err e = string_value(lex, lex->next.text, pattern, a, &value);

	if (e != FH_ERR_OK)
		return e;
	e = fh_lexer_step(lex);
	if (e == FH_ERR_OK)
		*out = value;
	return e;
}

fh_err fh_lexer_string(struct fh_lexer *lex, const char *what, struct fh_arena *a,
		       struct fh_span *out)
{
	return take_string(lex, what, /* pattern= */ false, a, out);
}

fh_err fh_lexer_pattern(struct fh_lexer *lex, const char *what, struct fh_arena *a,
			struct fh_span *out)
{
	return take_string(lex, what, /* pattern= */ true, a, out);
}

/* Appends "::WORD" to *NAME, in new memory.  */
static fh_err lengthen(struct fh_lexer *lex, struct fh_span word, struct fh_arena *a,
		       struct fh_span *name)
{
	size_t n = name->n + 2 + word.n;

	if (n > FH_POLICY_NAME_MAX) {
		fh_trace_what(lex->trace, "a name has more than %zu bytes", FH_POLICY_NAME_MAX);
		fh_trace_cure(lex->trace, "choose a shorter one");
		return fh_lexer_refuse(lex, lex->next.at, FH_ERR_LIMIT);
	}
	void *room = fh_arena_take(a, n);

	if (room == nullptr)
		return fh_lexer_full(lex);
	struct fh_builder b = fh_builder_of(room, n);

	fh_builder_bytes(&b, *name);
	fh_builder_text(&b, "::");
	fh_builder_bytes(&b, word);
	return fh_builder_end(&b, name);
}

fh_err fh_lexer_path(struct fh_lexer *lex, const char *what, struct fh_arena *a,
		     struct fh_span *out, bool *literal)
{
	struct fh_span name, word;
	bool string = false;
	fh_err e = fh_lexer_word(lex, what, &name);

	while (e == FH_ERR_OK && !string && fh_lexer_sees(lex, "::")) {
		e = fh_lexer_step(lex);
		string = e == FH_ERR_OK && lex->next.kind == FH_TOKEN_STRING;
		if (e != FH_ERR_OK || string)
			continue;
		e = fh_lexer_word(lex, "a name or a string", &word);
		if (e == FH_ERR_OK)
			e = lengthen(lex, word, a, &name);
	}
	if (e != FH_ERR_OK)
		return e;
	*out = name;
	*literal = string;
	return FH_ERR_OK;
}

fh_err fh_lexer_commas(struct fh_lexer look, size_t *n)
{
	size_t commas = 0;

	while (!fh_lexer_sees(&look, "]")) {
		if (look.next.kind == FH_TOKEN_END || fh_lexer_sees(&look, ";"))
			return fh_lexer_unexpected(&look, "`]`");
		commas += fh_lexer_sees(&look, ",");
		fh_err e = fh_lexer_step(&look);

		if (e != FH_ERR_OK)
			return e;
	}
	*n = commas;
	return FH_ERR_OK;
}
