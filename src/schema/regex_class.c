/* SPDX-License-Identifier: Apache-2.0 */
/* Escapes, and classes in brackets.  */
#include "schema/regex_private.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct fh_code_range digits[] = { { '0', '9' } };
static const struct fh_code_range letters[] = { { '0', '9' }, { 'A', 'Z' }, { '_', '_' },
						{ 'a', 'z' } };

/* WhiteSpace and LineTerminator, sections 12.2 and 12.3.  */
static const struct fh_code_range blanks[] = {
	{ 0x09, 0x0d }, { 0x20, 0x20 }, { 0xa0, 0xa0 }, { 0x1680, 0x1680 }, { 0x2000, 0x200a },
	{ 0x2028, 0x2029 }, { 0x202f, 0x202f }, { 0x205f, 0x205f }, { 0x3000, 0x3000 },
	{ 0xfeff, 0xfeff },
};

static bool read_property(struct fh_regex_reading *r, struct fh_code_draft *d, bool negated)
{
	struct fh_span from = r->c.rest;
	size_t n = fh_span_find(from, '}');

	if (!fh_regex_accept(r, "{") || n == from.n)
		return fh_regex_refuse(r, FH_ERR_FORMAT, "`{` and the name of a property expected",
				       "write `\\p{L}`, say") != nullptr;
	if (!fh_code_draft_property(d, fh_span_skip(fh_span_first(from, n), 1), negated))
		return fh_regex_refuse(r, FH_ERR_UNSUPPORTED, "a property that is not known here",
				       "known are general categories, scripts as Script=Greek or "
				       "Script_Extensions=Greek, Any, ASCII and Assigned") !=
		       nullptr;
	(void)fh_cursor_take(&r->c, n);
	return true;
}

bool fh_regex_class_escape(struct fh_regex_reading *r, struct fh_code_draft *d)
{
	static const struct {
		const char *letter;
		const struct fh_code_range *range;
		size_t n;
		bool negated;
	} rows[] = {
		{ "d", digits, COUNT(digits), false }, { "D", digits, COUNT(digits), true },
		{ "w", letters, COUNT(letters), false }, { "W", letters, COUNT(letters), true },
		{ "s", blanks, COUNT(blanks), false }, { "S", blanks, COUNT(blanks), true },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (fh_regex_accept(r, rows[i].letter)) {
			fh_code_draft_list(d, rows[i].range, rows[i].n, rows[i].negated);
			return true;
		}
	}
	if (fh_regex_accept(r, "p"))
		return read_property(r, d, false);
	return fh_regex_accept(r, "P") && read_property(r, d, true);
}

static bool hex_digit(uint32_t c, uint32_t *v)
{
	uint32_t low = c | 0x20;
	bool digit = c >= '0' && c <= '9';

	if (!digit && (low < 'a' || low > 'f'))
		return false;
	*v = *v << 4 | (digit ? c - '0' : low - 'a' + 10);
	return true;
}

static bool read_hex(struct fh_regex_reading *r, size_t n, uint32_t *v)
{
	*v = 0;
	for (size_t i = 0; i < n; i++) {
		if (!hex_digit(fh_regex_take(r), v))
			return fh_regex_refuse(r, FH_ERR_FORMAT, "hexadecimal digits expected",
					       "write all of them") != nullptr;
	}
	return true;
}

/* Behind `\u{`.  */
static uint32_t read_long(struct fh_regex_reading *r)
{
	uint32_t v = 0;
	bool any = false;

	while (v <= FH_CODE_POINT_MAX && hex_digit(fh_regex_peek(r), &v)) {
		(void)fh_regex_take(r);
		any = true;
	}
	if (!any || v > FH_CODE_POINT_MAX || !fh_regex_accept(r, "}"))
		(void)fh_regex_refuse(r, FH_ERR_FORMAT, "no code point of Unicode",
				      "write one in hexadecimal, and `}`");
	return v;
}

/* Behind `\u`; two halves of a surrogate pair are one character.  */
static uint32_t read_unicode(struct fh_regex_reading *r)
{
	uint32_t v, low;

	if (fh_regex_accept(r, "{"))
		return read_long(r);
	if (!read_hex(r, 4, &v) || v < 0xd800 || v > 0xdbff)
		return v;
	struct fh_cursor before = r->c;

	if (!fh_regex_accept(r, "\\u") || fh_regex_peek(r) == '{')
		return r->c = before, v;
	if (!read_hex(r, 4, &low))
		return v;
	if (low < 0xdc00 || low > 0xdfff)
		return r->c = before, v;
	return 0x10000 + ((v & 0x3ff) << 10) + (low & 0x3ff);
}

static uint32_t read_control(struct fh_regex_reading *r)
{
	uint32_t c = fh_regex_take(r), low = c | 0x20;

	if (low < 'a' || low > 'z')
		(void)fh_regex_refuse(r, FH_ERR_FORMAT, "a letter expected behind `\\c`",
				      "write one");
	return c % 32;
}

static uint32_t read_zero(struct fh_regex_reading *r)
{
	uint32_t c = fh_regex_peek(r);

	if (c >= '0' && c <= '9')
		(void)fh_regex_refuse(r, FH_ERR_FORMAT, "an octal escape", "write `\\x00`");
	return 0;
}

uint32_t fh_regex_character_escape(struct fh_regex_reading *r, bool in_class)
{
	static const struct fh_span from = { (const uint8_t *)"fnrtv", 5 };
	static const struct fh_span to = { (const uint8_t *)"\f\n\r\t\v", 5 };
	static const struct fh_span syntax = { (const uint8_t *)"^$\\.*+?()[]{}|/", 15 };
	uint32_t c = fh_regex_take(r), v;
	size_t simple = c < 128 ? fh_span_find(from, (uint8_t)c) : from.n;

	if (simple < from.n)
		return to.p[simple];
	if (c == 'c')
		return read_control(r);
	if (c == '0')
		return read_zero(r);
	if (c == 'x')
		return (void)read_hex(r, 2, &v), v;
	if (c == 'u')
		return read_unicode(r);
	if (in_class && c == 'b')
		return '\b';
	if ((in_class && c == '-') ||
	    (c > 0 && c < 128 && fh_span_find(syntax, (uint8_t)c) < syntax.n))
		return c;
	(void)fh_regex_refuse(r, FH_ERR_FORMAT, "an escape that ECMA-262 does not have with `u`",
			      "write the character without the backslash");
	return 0;
}

struct fh_regex_node *fh_regex_set_node(struct fh_regex_reading *r, struct fh_code_draft *d,
					bool negated)
{
	struct fh_regex_node *n = r->e != FH_ERR_OK ? nullptr : fh_regex_node(r, FH_REGEX_SET);

	if (n == nullptr)
		return nullptr;
	n->set = fh_code_draft_set(d, negated);
	return n->set == nullptr ? fh_regex_full(r) : n;
}

/* One member of a class: a character in *C, or a whole set added to D (false).  */
static bool read_member(struct fh_regex_reading *r, struct fh_code_draft *d, uint32_t *c)
{
	if (!fh_regex_accept(r, "\\")) {
		*c = fh_regex_take(r);
		return true;
	}
	if (fh_regex_class_escape(r, d))
		return false;
	*c = fh_regex_character_escape(r, true);
	return true;
}

/* One member, or two with `-` between them.  */
static void read_range(struct fh_regex_reading *r, struct fh_code_draft *d)
{
	uint32_t first, last;
	bool character = read_member(r, d, &first);
	bool dash = fh_span_starts(r->c.rest, FH_SPAN_LIT("-")) &&
		    !fh_span_starts(r->c.rest, FH_SPAN_LIT("-]"));

	if (!dash) {
		if (character)
			fh_code_draft_add(d, first, first);
		return;
	}
	(void)fh_regex_take(r);
	if (r->c.rest.n == 0)
		return;
	if (!read_member(r, d, &last) || !character || last < first)
		(void)fh_regex_refuse(r, FH_ERR_FORMAT,
				      "a range whose ends are no rising characters",
				      "escape the dash with a backslash");
	else
		fh_code_draft_add(d, first, last);
}

struct fh_regex_node *fh_regex_class(struct fh_regex_reading *r)
{
	struct fh_code_draft d = { .arena = r->arena };
	bool negated = fh_regex_accept(r, "^");

	while (r->e == FH_ERR_OK && !fh_regex_accept(r, "]")) {
		if (r->c.rest.n == 0)
			return fh_regex_refuse(r, FH_ERR_FORMAT, "the class does not end",
					       "close it with `]`");
		read_range(r, &d);
	}
	return fh_regex_set_node(r, &d, negated);
}
