/* SPDX-License-Identifier: Apache-2.0 */
/* URIs, IRIs and templates for them.  */
#include "schema/json_schema_format.h"

/* RFC 3987, section 2.2: ucschar, and with PRIVATE iprivate.  */
static bool is_international(uint32_t c, bool private)
{
	if (private && ((c >= 0xe000 && c <= 0xf8ff) || (c >= 0xf0000 && (c & 0xffff) <= 0xfffd)))
		return true;
	if (c >= 0x10000)
		return c < 0xf0000 && (c & 0xffff) <= 0xfffd && (c < 0xe0000 || c >= 0xe1000);
	return (c >= 0xa0 && c <= 0xd7ff) || (c >= 0xf900 && c <= 0xfdcf) ||
	       (c >= 0xfdf0 && c <= 0xffef);
}

/* Whether S is `%` and two digits; takes the digits off it if so.  */
static bool take_escape(struct fh_span *s)
{
	if (s->n < 2 || !fh_format_is_hex(s->p[0]) || !fh_format_is_hex(s->p[1]))
		return false;
	*s = fh_span_skip(*s, 2);
	return true;
}

/* S consists of unreserved characters, escapes and those of OTHERS.  */
static bool consists(struct fh_span s, const char *others, bool iri, bool private)
{
	while (s.n > 0) {
		uint32_t c = fh_format_next(&s);

		if (c == '%' ? take_escape(&s)
			     : fh_format_is_letter(c) || fh_format_is_digit(c) ||
				       fh_format_is_among(c, "-._~") ||
				       fh_format_is_among(c, others) ||
				       (iri && is_international(c, private)))
			continue;
		return false;
	}
	return true;
}

#define SUB_DELIMS "!$&'()*+,;="

/* What stands in brackets: an IPv6 address or one of the future.  */
static bool is_literal(struct fh_span s)
{
	if (s.n == 0 || (s.p[0] | 0x20) != 'v')
		return fh_format_ipv6(s);
	s = fh_span_skip(s, 1);
	struct fh_span version = fh_format_until(&s, '.');
	bool good = version.n > 0 && s.n > 0;

	for (size_t i = 0; good && i < version.n; i++)
		good = fh_format_is_hex(version.p[i]);
	return good && fh_span_find(s, '%') == s.n && consists(s, SUB_DELIMS ":", false, false);
}

static bool is_port(struct fh_span s)
{
	bool good = true;

	for (size_t i = 0; good && i < s.n; i++)
		good = fh_format_is_digit(s.p[i]);
	return good;
}

static bool is_authority(struct fh_span s, bool iri)
{
	if (fh_span_find(s, '@') < s.n &&
	    !consists(fh_format_until(&s, '@'), SUB_DELIMS ":", iri, false))
		return false;
	if (s.n == 0 || s.p[0] != '[')
		return consists(fh_format_until(&s, ':'), SUB_DELIMS, iri, false) && is_port(s);
	bool closed = fh_span_find(s, ']') < s.n;
	struct fh_span literal = fh_span_skip(fh_format_until(&s, ']'), 1);

	return closed && is_literal(literal) && (s.n == 0 || s.p[0] == ':') &&
	       is_port(fh_span_skip(s, 1));
}

/* Length of the scheme and its colon, or 0.  */
static size_t scheme_length(struct fh_span s)
{
	size_t n = fh_span_find(s, ':');

	if (n == s.n || n == 0 || !fh_format_is_letter(s.p[0]))
		return 0;
	for (size_t i = 1; i < n; i++) {
		if (!fh_format_is_letter(s.p[i]) && !fh_format_is_digit(s.p[i]) &&
		    !fh_format_is_among(s.p[i], "+-."))
			return 0;
	}
	return n + 1;
}

static bool is_reference(struct fh_span s, bool iri, bool absolute)
{
	size_t scheme = scheme_length(s);

	if (absolute && scheme == 0)
		return false;
	struct fh_span fragment = fh_span_skip(s, fh_span_find(s, '#') + 1);

	s = fh_span_first(s, fh_span_find(s, '#'));
	struct fh_span query = fh_span_skip(s, fh_span_find(s, '?') + 1);

	s = fh_span_skip(fh_span_first(s, fh_span_find(s, '?')), scheme);
	if (!consists(fragment, SUB_DELIMS ":@/?", iri, false) ||
	    !consists(query, SUB_DELIMS ":@/?", iri, true))
		return false;
	if (fh_span_starts(s, FH_SPAN_LIT("//"))) {
		s = fh_span_skip(s, 2);
		size_t n = fh_span_find(s, '/');

		if (!is_authority(fh_span_first(s, n), iri))
			return false;
		s = fh_span_skip(s, n);
	} else if (scheme == 0 && fh_span_find(s, ':') < fh_span_find(s, '/')) {
		return false; /* the first segment would be taken for a scheme */
	}
	return consists(s, SUB_DELIMS ":@/", iri, false);
}

bool fh_format_uri(struct fh_span s)
{
	return is_reference(s, false, true);
}

bool fh_format_uri_reference(struct fh_span s)
{
	return is_reference(s, false, false);
}

bool fh_format_iri(struct fh_span s)
{
	return is_reference(s, true, true);
}

bool fh_format_iri_reference(struct fh_span s)
{
	return is_reference(s, true, false);
}

/* --- templates ------------------------------------------------------------ */

/* Letters, digits, `_` and escapes, with single dots between them.  */
static bool is_variable(struct fh_span s)
{
	bool any = false;

	while (s.n > 0) {
		uint32_t c = fh_format_next(&s);
		bool good = c == '%' ? take_escape(&s)
				     : fh_format_is_letter(c) || fh_format_is_digit(c) || c == '_';

		if (!good && (c != '.' || !any || s.n == 0))
			return false;
		any = good;
	}
	return any;
}

/* `*`, or `:` and a number of 1 to 4 digits, off the end of *S.  */
static bool take_modifier(struct fh_span *s)
{
	size_t colon = fh_span_find(*s, ':');
	struct fh_span length = fh_span_skip(*s, colon + 1);

	if (colon == s->n) {
		if (s->n > 0 && s->p[s->n - 1] == '*')
			*s = fh_span_first(*s, s->n - 1);
		return true;
	}
	*s = fh_span_first(*s, colon);
	return length.n >= 1 && length.n <= 4 && length.p[0] != '0' && is_port(length);
}

static bool is_expression(struct fh_span s)
{
	if (s.n > 0 && fh_format_is_among(s.p[0], "+#./;?&=,!@|"))
		s = fh_span_skip(s, 1);
	for (bool last = false; !last;) {
		last = fh_span_find(s, ',') == s.n;
		struct fh_span one = fh_format_until(&s, ',');

		if (!take_modifier(&one) || !is_variable(one))
			return false;
	}
	return true;
}

static bool is_literal_text(struct fh_span s)
{
	while (s.n > 0) {
		uint32_t c = fh_format_next(&s);

		if (c == '%' ? !take_escape(&s)
			     : c <= 0x20 || c == 0x7f || fh_format_is_among(c, "\"<>\\^`{|}") ||
				       (c >= 0x80 && !is_international(c, true)))
			return false;
	}
	return true;
}

bool fh_format_uri_template(struct fh_span s)
{
	while (s.n > 0) {
		bool opens = fh_span_find(s, '{') < s.n;

		if (!is_literal_text(fh_format_until(&s, '{')))
			return false;
		if (!opens)
			return true;
		bool closes = fh_span_find(s, '}') < s.n;

		if (!closes || !is_expression(fh_format_until(&s, '}')))
			return false;
	}
	return true;
}
