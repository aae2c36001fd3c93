/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json_tree.h"

#include <stdckdint.h>

#include "base/cursor.h"
#include "base/sort.h"
#include "base/utf8.h"

/* One text while it is read.  The first refusal stays.  */
struct reading {
	struct fh_cursor c;
	struct fh_span text;
	struct fh_arena *arena;
	struct fh_trace *trace;
	const char *name;
	int depth_max;
	struct fh_json_place place; /* of the offset counted */
	size_t counted;
	fh_err e;
};

/* Where the offset AT is, which is not before those asked for until now: so all
 * of them together cost one walk over the text.  */
static struct fh_json_place place_of(struct reading *r, size_t at)
{
	for (; r->counted < at; r->counted++) {
		uint8_t b = r->text.p[r->counted];

		if (b == '\n') {
			r->place.line++;
			r->place.column = 1;
		} else if ((b & 0xc0) != 0x80) {
			r->place.column++;
		}
	}
	return r->place;
}

const struct fh_json *fh_json_member(const struct fh_json *object, const char *name)
{
	struct fh_span wanted = fh_span_str(name);

	if (object->kind != FH_JSON_OBJECT)
		return nullptr;
	for (const struct fh_json *m = object->first; m != nullptr; m = m->next) {
		if (fh_span_equal(m->name, wanted))
			return m;
	}
	return nullptr;
}

static bool refuse(struct reading *r, struct fh_json_place at, fh_err e, const char *what,
		   const char *cure)
{
	if (r->e != FH_ERR_OK)
		return false;
	fh_trace_where(r->trace, "%s:%u:%u", r->name, at.line, at.column);
	fh_trace_what(r->trace, "%s", what);
	fh_trace_cure(r->trace, "%s", cure);
	r->e = e;
	return false;
}

static struct fh_json_place here(struct reading *r)
{
	return place_of(r, r->text.n - r->c.rest.n);
}

static bool full(struct reading *r)
{
	return refuse(r, here(r), FH_ERR_NOMEM, "the document needs more memory than it may have",
		      "make it smaller");
}

static uint8_t peek(const struct reading *r)
{
	return r->c.rest.n > 0 ? r->c.rest.p[0] : 0;
}

static void skip_blanks(struct reading *r)
{
	uint8_t b = peek(r);

	for (; b == ' ' || b == '\t' || b == '\n' || b == '\r'; b = peek(r))
		(void)fh_cursor_u8(&r->c);
}

/* Steps over B if it is next.  */
static bool accept(struct reading *r, uint8_t b)
{
	skip_blanks(r);
	if (r->e != FH_ERR_OK || r->c.rest.n == 0 || peek(r) != b)
		return false;
	(void)fh_cursor_u8(&r->c);
	return true;
}

/* --- strings ---------------------------------------------------------- */

static uint32_t four_hex(struct fh_cursor *c)
{
	struct fh_span s = fh_cursor_take(c, 4);
	uint32_t v = 0;

	for (size_t i = 0; i < s.n; i++) {
		uint8_t b = s.p[i], low = b | 0x20;
		bool digit = b >= '0' && b <= '9';

		if (!digit && (low < 'a' || low > 'f'))
			fh_cursor_fail(c, FH_ERR_FORMAT);
		v = v << 4 | (uint32_t)(digit ? b - '0' : low - 'a' + 10);
	}
	return v;
}

/* What stands behind `\u`; a surrogate must have its other half.  */
static uint32_t code_point(struct fh_cursor *c)
{
	uint32_t v = four_hex(c);

	if (v < 0xd800 || v > 0xdfff)
		return v;
	fh_cursor_expect(c, FH_SPAN_LIT("\\u"));
	uint32_t low = four_hex(c);

	if (v > 0xdbff || low < 0xdc00 || low > 0xdfff)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	return 0x10000 + ((v & 0x3ff) << 10) + (low & 0x3ff);
}

static void escape(struct fh_cursor *c, struct fh_builder *b)
{
	static const struct fh_span from = { (const uint8_t *)"nrtbf/\\\"", 8 };
	static const struct fh_span to = { (const uint8_t *)"\n\r\t\b\f/\\\"", 8 };
	uint8_t letter = fh_cursor_u8(c);
	size_t simple = fh_span_find(from, letter);

	if (simple < from.n)
		fh_builder_u8(b, to.p[simple]);
	else if (letter == 'u')
		fh_utf8_put(b, code_point(c));
	else
		fh_cursor_fail(c, FH_ERR_FORMAT);
}

static bool unescape(struct reading *r, struct fh_json_place at, struct fh_span raw,
		     struct fh_span *out)
{
	struct fh_cursor c = fh_cursor_of(raw);
	void *room = fh_arena_space(r->arena, raw.n);
	struct fh_builder b = fh_builder_of(room, raw.n);

	if (room == nullptr)
		return full(r);
	while (c.rest.n > 0) {
		uint8_t byte = fh_cursor_u8(&c);

		if (byte == '\\')
			escape(&c, &b);
		else
			fh_builder_u8(&b, byte);
	}
	if (fh_cursor_end(&c) != FH_ERR_OK)
		return refuse(r, at, FH_ERR_FORMAT,
			      "the string holds an escape JSON does not have",
			      "escapes are \\n \\r \\t \\b \\f \\/ \\\\ \\\" and \\uXXXX");
	*out = fh_builder_span(&b);
	return true;
}

static bool read_string(struct reading *r, struct fh_span *out)
{
	bool escaped = false;
	size_t n = 0;

	skip_blanks(r);
	struct fh_json_place at = here(r);

	if (!accept(r, '"'))
		return refuse(r, at, FH_ERR_FORMAT, "a string in double quotes expected here",
			      "write one");
	struct fh_span s = r->c.rest;

	for (; n < s.n && s.p[n] != '"' && s.p[n] >= 0x20; n++) {
		escaped |= s.p[n] == '\\';
		n += s.p[n] == '\\' && n + 1 < s.n;
	}
	if (n >= s.n || s.p[n] != '"')
		return refuse(r, at, FH_ERR_FORMAT, "the string that begins here does not end",
			      "close it; a control character needs an escape");
	struct fh_span raw = fh_cursor_take(&r->c, n);

	(void)fh_cursor_u8(&r->c);
	*out = raw;
	return !escaped || unescape(r, at, raw, out);
}

/* --- numbers and words ------------------------------------------------ */

static size_t skip_digits(struct reading *r)
{
	size_t n = 0;

	for (; peek(r) >= '0' && peek(r) <= '9'; n++)
		(void)fh_cursor_u8(&r->c);
	return n;
}

/* Behind the digits before the point: whether a fraction or an exponent follows,
 * which must be well-formed.  */
static bool read_rest(struct reading *r, bool *good)
{
	bool rest = false;

	if (peek(r) == '.') {
		(void)fh_cursor_u8(&r->c);
		*good &= skip_digits(r) > 0;
		rest = true;
	}
	if ((peek(r) | 0x20) == 'e') {
		(void)fh_cursor_u8(&r->c);
		if (peek(r) == '+' || peek(r) == '-')
			(void)fh_cursor_u8(&r->c);
		*good &= skip_digits(r) > 0;
		rest = true;
	}
	return rest;
}

static bool read_number(struct reading *r, struct fh_json *out)
{
	struct fh_json_place at = here(r);
	struct fh_span s = r->c.rest;
	bool negative = peek(r) == '-', fits = true;

	if (negative)
		(void)fh_cursor_u8(&r->c);
	size_t n = skip_digits(r);
	struct fh_span digits = fh_span_first(fh_span_skip(s, negative), n);
	bool good = n > 0 && (n == 1 || digits.p[0] != '0');

	out->integer = 0;
	for (size_t i = 0; i < n; i++) {
		int digit = digits.p[i] - '0';

		fits = fits && !ckd_mul(&out->integer, out->integer, 10) &&
		       !ckd_add(&out->integer, out->integer, negative ? -digit : digit);
	}
	out->kind = read_rest(r, &good) || !fits ? FH_JSON_REAL : FH_JSON_INTEGER;
	return good || refuse(r, at, FH_ERR_FORMAT, "this is no JSON value",
			      "write a string, number, list, object, true, false or null");
}

static bool read_word(struct reading *r, struct fh_json *out)
{
	static const struct fh_span words[] = { { (const uint8_t *)"null", 4 },
						{ (const uint8_t *)"true", 4 },
						{ (const uint8_t *)"false", 5 } };

	for (size_t i = 0; i < 3; i++) {
		if (!fh_span_starts(r->c.rest, words[i]))
			continue;
		(void)fh_cursor_take(&r->c, words[i].n);
		out->kind = i == 0 ? FH_JSON_NULL : FH_JSON_BOOL;
		out->boolean = i == 1;
		return true;
	}
	return read_number(r, out);
}

/* --- arrays and objects ----------------------------------------------- */

static int order_names(const void *a, const void *b)
{
	const struct fh_json *const *x = a, *const *y = b;

	return fh_span_compare((*x)->name, (*y)->name);
}

static struct fh_json_place later(struct fh_json_place a, struct fh_json_place b)
{
	return a.line > b.line || (a.line == b.line && a.column > b.column) ? a : b;
}

static bool check_names(struct reading *r, const struct fh_json *object)
{
	size_t taken = r->arena->n, i = 0;
	const struct fh_json **member = fh_arena_array(r->arena, object->n, sizeof(*member));

	if (member == nullptr)
		return full(r);
	for (const struct fh_json *m = object->first; m != nullptr; m = m->next)
		member[i++] = m;
	fh_sort(member, object->n, sizeof(*member), order_names);
	for (i = 1; i < object->n; i++) {
		if (fh_span_equal(member[i - 1]->name, member[i]->name))
			return refuse(r, later(member[i - 1]->at, member[i]->at), FH_ERR_FORMAT,
				      "two members of one object have this name",
				      "keep one");
	}
	r->arena->n = taken;
	return true;
}

static bool read_value(struct reading *r, int depth, struct fh_json *out);

/* One element or member, chained to *LAST.  */
static bool read_child(struct reading *r, int depth, struct fh_json *parent,
		       const struct fh_json ***last)
{
	struct fh_json *child = fh_arena_take(r->arena, sizeof(*child));

	if (child == nullptr)
		return full(r);
	if (parent->kind == FH_JSON_OBJECT) {
		if (!read_string(r, &child->name))
			return false;
		if (!accept(r, ':'))
			return refuse(r, here(r), FH_ERR_FORMAT, "`:` expected here", "add it");
	}
	if (!read_value(r, depth, child))
		return false;
	**last = child;
	*last = &child->next;
	parent->n++;
	return true;
}

static bool read_children(struct reading *r, int depth, uint8_t close, struct fh_json *out)
{
	const struct fh_json **last = &out->first;

	out->first = nullptr;
	if (depth >= r->depth_max)
		return refuse(r, out->at, FH_ERR_LIMIT, "nested too deeply", "make it flatter");
	if (accept(r, close))
		return true;
	do {
		if (!read_child(r, depth + 1, out, &last))
			return false;
	} while (accept(r, ','));
	if (!accept(r, close))
		return refuse(r, here(r), FH_ERR_FORMAT,
			      close == ']' ? "`,` or `]` expected here"
					   : "`,` or `}` expected here",
			      "add what is missing; no comma stands behind the last");
	return out->kind == FH_JSON_ARRAY || check_names(r, out);
}

static bool read_kind(struct reading *r, int depth, struct fh_json *out)
{
	if (accept(r, '[')) {
		out->kind = FH_JSON_ARRAY;
		return read_children(r, depth, ']', out);
	}
	if (accept(r, '{')) {
		out->kind = FH_JSON_OBJECT;
		return read_children(r, depth, '}', out);
	}
	if (peek(r) != '"')
		return read_word(r, out);
	out->kind = FH_JSON_STRING;
	return read_string(r, &out->text);
}

static bool read_value(struct reading *r, int depth, struct fh_json *out)
{
	skip_blanks(r);
	struct fh_span from = r->c.rest;

	out->at = here(r);
	if (!read_kind(r, depth, out))
		return false;
	out->raw = fh_span_first(from, from.n - r->c.rest.n);
	return true;
}

fh_err fh_json_tree(struct fh_span text, const struct fh_json_limits *limits, const char *name,
		    struct fh_arena *a, const struct fh_json **out, struct fh_trace *t)
{
	struct reading r = { .c = fh_cursor_of(text), .text = text, .arena = a, .trace = t,
			     .name = name, .depth_max = limits->depth, .place = { 1, 1 } };
	struct fh_json *root = fh_arena_take(a, sizeof(*root));

	if (root == nullptr)
		(void)full(&r);
	else if (text.n > limits->bytes || text.n > UINT32_MAX)
		(void)refuse(&r, r.place, FH_ERR_LIMIT, "the document is too large",
			     "make it smaller");
	else if (!fh_utf8_valid(text))
		(void)refuse(&r, r.place, FH_ERR_FORMAT, "the document is not UTF-8",
			     "save it as UTF-8");
	else if (read_value(&r, 0, root))
		skip_blanks(&r);
	if (r.e == FH_ERR_OK && r.c.rest.n > 0)
		(void)refuse(&r, here(&r), FH_ERR_FORMAT, "something stands behind the value",
			     "remove it");
	if (r.e == FH_ERR_OK)
		*out = root;
	return r.e;
}
