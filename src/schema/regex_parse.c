/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar `Pattern` of ECMA-262, section 22.2.1, with UnicodeMode.  */
#include "schema/regex_private.h"

#include "base/limits.h"
#include "base/utf8.h"

void *fh_regex_refuse(struct fh_regex_reading *r, fh_err e, const char *what, const char *cure)
{
	if (r->e != FH_ERR_OK)
		return nullptr;
	fh_trace_what(r->trace, "the pattern, at byte %zu: %s", r->pattern.n - r->c.rest.n, what);
	fh_trace_cure(r->trace, "%s", cure);
	r->e = e;
	return nullptr;
}

void *fh_regex_full(struct fh_regex_reading *r)
{
	return fh_regex_refuse(r, FH_ERR_NOMEM, "the pattern needs more memory than it may have",
			       "make it smaller");
}

struct fh_regex_node *fh_regex_node(struct fh_regex_reading *r, enum fh_regex_kind kind)
{
	struct fh_regex_node *n = fh_arena_take(r->arena, sizeof(*n));

	if (n == nullptr)
		return fh_regex_full(r);
	n->kind = kind;
	return n;
}

static size_t length(uint8_t lead)
{
	return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

uint32_t fh_regex_peek(const struct fh_regex_reading *r)
{
	struct fh_regex_reading copy = *r;

	return fh_regex_take(&copy);
}

uint32_t fh_regex_take(struct fh_regex_reading *r)
{
	if (r->c.rest.n == 0)
		return 0;
	size_t n = length(r->c.rest.p[0]);
	struct fh_span s = fh_cursor_take(&r->c, n);
	uint32_t v = s.n == 1 ? s.p[0] : s.n == 0 ? 0 : s.p[0] & (0x7fu >> n);

	for (size_t i = 1; i < s.n; i++)
		v = v << 6 | (s.p[i] & 0x3f);
	return v;
}

bool fh_regex_accept(struct fh_regex_reading *r, const char *s)
{
	struct fh_span wanted = fh_span_str(s);

	if (r->e != FH_ERR_OK || !fh_span_starts(r->c.rest, wanted))
		return false;
	(void)fh_cursor_take(&r->c, wanted.n);
	return true;
}

static void add_child(struct fh_regex_node *parent, struct fh_regex_node *child)
{
	child->before = parent->last;
	if (parent->last == nullptr)
		parent->first = child;
	else
		parent->last->next = child;
	parent->last = child;
}

static struct fh_regex_node *read_choice(struct fh_regex_reading *r);

/* What stands in brackets, the opening one read.  */
static struct fh_regex_node *read_inside(struct fh_regex_reading *r)
{
	if (r->depth == FH_REGEX_NESTING_MAX)
		return fh_regex_refuse(r, FH_ERR_LIMIT, "groups nested too deeply",
				       "make the pattern flatter");
	r->depth++;
	struct fh_regex_node *n = read_choice(r);

	r->depth--;
	if (n != nullptr && !fh_regex_accept(r, ")"))
		return fh_regex_refuse(r, FH_ERR_FORMAT, "`)` expected here", "close the group");
	return n;
}

static struct fh_regex_node *read_look(struct fh_regex_reading *r, bool ahead, bool negated)
{
	struct fh_regex_node *inside = read_inside(r);
	struct fh_regex_node *n = fh_regex_node(r, negated ? FH_REGEX_LOOK_NOT : FH_REGEX_LOOK);
	struct fh_regex_look *look = fh_arena_take(r->arena, sizeof(*look));

	if (inside == nullptr || n == nullptr)
		return nullptr;
	if (look == nullptr)
		return fh_regex_full(r);
	look->node = inside;
	look->ahead = ahead;
	*r->look_last = look;
	r->look_last = &look->next;
	n->look = r->looks++;
	return n;
}

static bool is_letter(uint32_t c)
{
	return c == '_' || c == '$' || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
	       (c >= '0' && c <= '9') || c >= 0x80;
}

/* The name of a group up to `>`, onto *NAMES.  */
static bool read_name(struct fh_regex_reading *r, const struct fh_regex_name **names)
{
	struct fh_regex_name *n = fh_arena_take(r->arena, sizeof(*n));
	struct fh_span from = r->c.rest;
	uint32_t first = fh_regex_peek(r);

	if (n == nullptr)
		return fh_regex_full(r) != nullptr;
	while (is_letter(fh_regex_peek(r)))
		(void)fh_regex_take(r);
	n->name = fh_span_first(from, from.n - r->c.rest.n);
	if (n->name.n == 0 || (first >= '0' && first <= '9') || !fh_regex_accept(r, ">"))
		return fh_regex_refuse(r, FH_ERR_FORMAT, "the name of a group expected here",
				       "write a name and `>`") != nullptr;
	n->next = *names;
	*names = n;
	return true;
}

static bool knows(const struct fh_regex_name *names, struct fh_span name)
{
	for (; names != nullptr; names = names->next) {
		if (fh_span_equal(names->name, name))
			return true;
	}
	return false;
}

static struct fh_regex_node *read_named(struct fh_regex_reading *r)
{
	const struct fh_regex_name *before = r->names;

	if (!read_name(r, &r->names))
		return nullptr;
	if (knows(before, r->names->name))
		return fh_regex_refuse(r, FH_ERR_FORMAT, "two groups have this name",
				       "name one of them otherwise");
	return read_inside(r);
}

static struct fh_regex_node *read_group(struct fh_regex_reading *r)
{
	if (fh_regex_accept(r, "?:"))
		return read_inside(r);
	if (fh_regex_accept(r, "?="))
		return read_look(r, true, false);
	if (fh_regex_accept(r, "?!"))
		return read_look(r, true, true);
	if (fh_regex_accept(r, "?<="))
		return read_look(r, false, false);
	if (fh_regex_accept(r, "?<!"))
		return read_look(r, false, true);
	r->groups++;
	return fh_regex_accept(r, "?<") ? read_named(r) : read_inside(r);
}

static uint32_t read_decimal(struct fh_regex_reading *r, bool *any)
{
	uint64_t v = 0;

	*any = false;
	for (uint32_t c = fh_regex_peek(r); c >= '0' && c <= '9'; c = fh_regex_peek(r)) {
		v = v * 10 + (fh_regex_take(r) - '0');
		v = v < FH_REGEX_WITHOUT_END ? v : FH_REGEX_WITHOUT_END - 1;
		*any = true;
	}
	return (uint32_t)v;
}

/* A back reference is read, so that wrong ones are known from those we lack.  */
static struct fh_regex_node *read_reference(struct fh_regex_reading *r)
{
	bool any = true;

	if (fh_regex_accept(r, "k<")) {
		any = read_name(r, &r->references);
	} else {
		uint32_t n = read_decimal(r, &any);

		r->reference = n > r->reference ? n : r->reference;
	}
	r->refers = true;
	return any ? fh_regex_node(r, FH_REGEX_EMPTY) : nullptr;
}

static struct fh_regex_node *read_escape(struct fh_regex_reading *r)
{
	struct fh_code_draft d = { .arena = r->arena };
	uint32_t c = fh_regex_peek(r);

	if (fh_regex_accept(r, "b"))
		return fh_regex_node(r, FH_REGEX_WORD);
	if (fh_regex_accept(r, "B"))
		return fh_regex_node(r, FH_REGEX_NOT_WORD);
	if ((c >= '1' && c <= '9') || fh_span_starts(r->c.rest, FH_SPAN_LIT("k<")))
		return read_reference(r);
	if (!fh_regex_class_escape(r, &d)) {
		c = fh_regex_character_escape(r, false);
		fh_code_draft_add(&d, c, c);
	}
	return fh_regex_set_node(r, &d, false);
}

static struct fh_regex_node *read_any(struct fh_regex_reading *r)
{
	static const struct fh_code_range ends[] = { { '\n', '\n' }, { '\r', '\r' },
						     { 0x2028, 0x2029 } };
	struct fh_code_draft d = { .arena = r->arena };

	fh_code_draft_list(&d, ends, 3, true);
	return fh_regex_set_node(r, &d, false);
}

static struct fh_regex_node *read_character(struct fh_regex_reading *r)
{
	struct fh_code_draft d = { .arena = r->arena };
	uint32_t c = fh_regex_peek(r);

	if (c == '*' || c == '+' || c == '?')
		return fh_regex_refuse(r, FH_ERR_FORMAT, "nothing here to repeat",
				       "escape the character with a backslash");
	if (c == '{' || c == '}' || c == ']')
		return fh_regex_refuse(r, FH_ERR_FORMAT, "a bracket that nothing opens or closes",
				       "escape it with a backslash");
	c = fh_regex_take(r);
	fh_code_draft_add(&d, c, c);
	return fh_regex_set_node(r, &d, false);
}

/* One term without its quantifier.  *ASSERTS: it is none of the text's characters,
 * and may not be repeated.  */
static struct fh_regex_node *read_atom(struct fh_regex_reading *r, bool *asserts)
{
	struct fh_regex_node *n;

	if (fh_regex_accept(r, "^"))
		n = fh_regex_node(r, FH_REGEX_BEGIN);
	else if (fh_regex_accept(r, "$"))
		n = fh_regex_node(r, FH_REGEX_END);
	else if (fh_regex_accept(r, "("))
		n = read_group(r);
	else if (fh_regex_accept(r, "["))
		n = fh_regex_class(r);
	else if (fh_regex_accept(r, "\\"))
		n = read_escape(r);
	else if (fh_regex_accept(r, "."))
		n = read_any(r);
	else
		n = read_character(r);
	*asserts = n != nullptr && n->kind >= FH_REGEX_BEGIN;
	return n;
}

/* `{n}`, `{n,}` or `{n,m}`, the bracket read.  */
static bool read_counts(struct fh_regex_reading *r, uint32_t *min, uint32_t *max)
{
	bool any, bounded = true;

	*min = *max = read_decimal(r, &any);
	if (any && fh_regex_accept(r, ",")) {
		*max = read_decimal(r, &bounded);
		if (!bounded)
			*max = FH_REGEX_WITHOUT_END;
	}
	if (!any || !fh_regex_accept(r, "}"))
		return fh_regex_refuse(r, FH_ERR_FORMAT,
				       "a count `{n}`, `{n,}` or `{n,m}` expected",
				       "write one, or escape the bracket") != nullptr;
	if (*min > *max)
		return fh_regex_refuse(r, FH_ERR_FORMAT, "a count whose ends are out of order",
				       "write the smaller one first") != nullptr;
	return true;
}

static bool read_quantifier(struct fh_regex_reading *r, uint32_t *min, uint32_t *max)
{
	*min = 0;
	*max = FH_REGEX_WITHOUT_END;
	if (fh_regex_accept(r, "*"))
		return true;
	if (fh_regex_accept(r, "+")) {
		*min = 1;
		return true;
	}
	if (fh_regex_accept(r, "?")) {
		*max = 1;
		return true;
	}
	return fh_regex_accept(r, "{") && read_counts(r, min, max);
}

static struct fh_regex_node *read_term(struct fh_regex_reading *r)
{
	uint32_t min, max;
	bool asserts;
	struct fh_regex_node *atom = read_atom(r, &asserts);

	if (atom == nullptr || !read_quantifier(r, &min, &max))
		return r->e == FH_ERR_OK ? atom : nullptr;
	if (asserts)
		return fh_regex_refuse(r, FH_ERR_FORMAT, "what takes no character is repeated",
				       "remove the quantifier");
	(void)fh_regex_accept(r, "?"); /* shortest first: the answer is the same */
	struct fh_regex_node *n = fh_regex_node(r, FH_REGEX_REPEAT);

	if (n == nullptr)
		return nullptr;
	n->min = min;
	n->max = max;
	add_child(n, atom);
	return n;
}

static struct fh_regex_node *read_sequence(struct fh_regex_reading *r)
{
	struct fh_regex_node *n = fh_regex_node(r, FH_REGEX_SEQUENCE);

	while (n != nullptr && r->c.rest.n > 0 && fh_regex_peek(r) != '|' &&
	       fh_regex_peek(r) != ')') {
		struct fh_regex_node *term = read_term(r);

		if (term == nullptr)
			return nullptr;
		add_child(n, term);
	}
	return n;
}

static struct fh_regex_node *read_choice(struct fh_regex_reading *r)
{
	struct fh_regex_node *n = fh_regex_node(r, FH_REGEX_CHOICE);

	do {
		struct fh_regex_node *one = n == nullptr ? nullptr : read_sequence(r);

		if (one == nullptr)
			return nullptr;
		add_child(n, one);
	} while (fh_regex_accept(r, "|"));
	return n;
}

static bool check_references(struct fh_regex_reading *r)
{
	bool known = r->reference <= r->groups;

	for (const struct fh_regex_name *n = r->references; n != nullptr; n = n->next)
		known = known && knows(r->names, n->name);
	if (!known)
		return fh_regex_refuse(r, FH_ERR_FORMAT, "refers to a group that is not there",
				       "write the group") != nullptr;
	if (r->refers)
		return fh_regex_refuse(r, FH_ERR_UNSUPPORTED, "back references are not supported",
				       "say it without `\\1` and `\\k`") != nullptr;
	return true;
}

struct fh_regex_node *fh_regex_tree(struct fh_regex_reading *r)
{
	struct fh_regex_node *n = read_choice(r);

	if (n != nullptr && r->c.rest.n > 0)
		return fh_regex_refuse(r, FH_ERR_FORMAT, "`)` closes nothing",
				       "escape it with a backslash");
	return n != nullptr && check_references(r) ? n : nullptr;
}
