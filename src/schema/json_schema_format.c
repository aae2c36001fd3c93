/* SPDX-License-Identifier: Apache-2.0 */
/* Times, identifiers and pointers.  */
#include "schema/json_schema_format.h"

bool fh_format_is_among(uint32_t c, const char *set)
{
	return c > 0 && c < 0x80 && fh_span_find(fh_span_str(set), (uint8_t)c) < fh_span_str(set).n;
}

uint32_t fh_format_next(struct fh_span *s)
{
	uint8_t lead = s->p[0];
	size_t n = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	struct fh_span one = fh_span_first(*s, n);
	uint32_t c = n == 1 ? lead : lead & (0x7fu >> n);

	for (size_t i = 1; i < one.n; i++)
		c = c << 6 | (one.p[i] & 0x3f);
	*s = fh_span_skip(*s, n);
	return c;
}

struct fh_span fh_format_until(struct fh_span *s, uint8_t b)
{
	size_t n = fh_span_find(*s, b);
	struct fh_span before = fh_span_first(*s, n);

	*s = fh_span_skip(*s, n + 1);
	return before;
}

/* --- times ---------------------------------------------------------------- */

/* Exactly N digits; turns C bad otherwise.  */
static uint32_t digits(struct fh_cursor *c, size_t n)
{
	struct fh_span s = fh_cursor_take(c, n);
	uint32_t v = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (!fh_format_is_digit(s.p[i]))
			fh_cursor_fail(c, FH_ERR_FORMAT);
		v = v * 10 + (uint32_t)(s.p[i] - '0');
	}
	return v;
}

static uint8_t peek(const struct fh_cursor *c)
{
	return c->rest.n > 0 ? c->rest.p[0] : 0;
}

static bool is_leap_year(uint32_t y)
{
	return y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
}

static bool read_date(struct fh_cursor *c)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	uint32_t year = digits(c, 4);

	fh_cursor_expect(c, FH_SPAN_LIT("-"));
	uint32_t month = digits(c, 2);

	fh_cursor_expect(c, FH_SPAN_LIT("-"));
	uint32_t day = digits(c, 2);

	if (fh_cursor_bad(c) || month < 1 || month > 12 || day < 1)
		return false;
	return day <= days[month - 1] + (uint32_t)(month == 2 && is_leap_year(year));
}

/* Minutes that the offset is ahead of UTC.  */
static bool read_offset(struct fh_cursor *c, int *minutes)
{
	uint8_t sign = fh_cursor_u8(c);

	*minutes = 0;
	if (sign == 'Z' || sign == 'z')
		return true;
	uint32_t h = digits(c, 2);

	fh_cursor_expect(c, FH_SPAN_LIT(":"));
	uint32_t m = digits(c, 2);

	*minutes = (int)(h * 60 + m) * (sign == '-' ? -1 : 1);
	return (sign == '+' || sign == '-') && h < 24 && m < 60;
}

/* A leap second is the last of a day in UTC.  */
static bool read_time(struct fh_cursor *c)
{
	constexpr int day = 24 * 60;
	uint32_t h = digits(c, 2);
	int minutes;

	fh_cursor_expect(c, FH_SPAN_LIT(":"));
	uint32_t m = digits(c, 2);

	fh_cursor_expect(c, FH_SPAN_LIT(":"));
	uint32_t s = digits(c, 2);

	if (peek(c) == '.') {
		(void)fh_cursor_u8(c);
		(void)digits(c, 1);
		while (fh_format_is_digit(peek(c)))
			(void)fh_cursor_u8(c);
	}
	if (!read_offset(c, &minutes) || fh_cursor_bad(c) || h > 23 || m > 59 || s > 60)
		return false;
	return s < 60 || ((int)(h * 60 + m) - minutes + 2 * day) % day == day - 1;
}

bool fh_format_date(struct fh_span s)
{
	struct fh_cursor c = fh_cursor_of(s);

	return read_date(&c) && fh_cursor_end(&c) == FH_ERR_OK;
}

bool fh_format_time(struct fh_span s)
{
	struct fh_cursor c = fh_cursor_of(s);

	return read_time(&c) && fh_cursor_end(&c) == FH_ERR_OK;
}

bool fh_format_date_time(struct fh_span s)
{
	struct fh_cursor c = fh_cursor_of(s);

	return read_date(&c) && (fh_cursor_u8(&c) | 0x20) == 't' && read_time(&c) &&
	       fh_cursor_end(&c) == FH_ERR_OK;
}

/* Numbers with the letters of UNITS behind them, in that order and without a gap; how
 * many.  */
static size_t read_units(struct fh_cursor *c, const char *units)
{
	struct fh_span letters = fh_span_str(units);
	size_t n = 0, at = letters.n;

	while (fh_format_is_digit(peek(c))) {
		while (fh_format_is_digit(peek(c)))
			(void)fh_cursor_u8(c);
		size_t found = fh_span_find(letters, fh_cursor_u8(c));

		if (found == letters.n || (n > 0 && found != at + 1))
			fh_cursor_fail(c, FH_ERR_FORMAT);
		at = found;
		n++;
	}
	return n;
}

bool fh_format_duration(struct fh_span s)
{
	struct fh_cursor c = fh_cursor_of(s);

	fh_cursor_expect(&c, FH_SPAN_LIT("P"));
	struct fh_cursor weeks = c;

	if (read_units(&weeks, "W") == 1 && fh_cursor_end(&weeks) == FH_ERR_OK)
		return true;
	size_t n = read_units(&c, "YMD");

	if (peek(&c) == 'T') {
		(void)fh_cursor_u8(&c);
		size_t times = read_units(&c, "HMS");

		n = times == 0 ? 0 : n + times;
	}
	return n > 0 && fh_cursor_end(&c) == FH_ERR_OK;
}

/* --- identifiers and pointers --------------------------------------------- */

bool fh_format_uuid(struct fh_span s)
{
	bool good = s.n == 36;

	for (size_t i = 0; good && i < s.n; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		good = dash ? s.p[i] == '-' : fh_format_is_hex(s.p[i]);
	}
	return good;
}

bool fh_format_json_pointer(struct fh_span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '~' && (i + 1 == s.n || (s.p[i + 1] != '0' && s.p[i + 1] != '1')))
			return false;
	}
	return s.n == 0 || s.p[0] == '/';
}

bool fh_format_relative_json_pointer(struct fh_span s)
{
	size_t n = 0;

	while (n < s.n && fh_format_is_digit(s.p[n]))
		n++;
	if (n == 0 || (n > 1 && s.p[0] == '0'))
		return false;
	s = fh_span_skip(s, n);
	return fh_span_equal(s, FH_SPAN_LIT("#")) || fh_format_json_pointer(s);
}

/* --- addresses ------------------------------------------------------------ */

bool fh_format_ipv4(struct fh_span s)
{
	for (int i = 0; i < 4; i++) {
		bool last = fh_span_find(s, '.') == s.n;
		struct fh_span part = fh_format_until(&s, '.');
		uint32_t v = 0;

		if (part.n < 1 || part.n > 3 || (part.n > 1 && part.p[0] == '0') ||
			last != (i == 3))
			return false;
		for (size_t k = 0; k < part.n; k++) {
			if (!fh_format_is_digit(part.p[k]))
				return false;
			v = v * 10 + (uint32_t)(part.p[k] - '0');
		}
		if (v > 255)
			return false;
	}
	return s.n == 0;
}

/* Groups between colons in S, the last of which may be an IPv4 address that counts as two;
 * SIZE_MAX if one is none.  */
static size_t groups(struct fh_span s, bool may_end_in_ipv4)
{
	size_t n = 0;

	while (s.n > 0) {
		bool last = fh_span_find(s, ':') == s.n;
		struct fh_span part = fh_format_until(&s, ':');

		if (last && may_end_in_ipv4 && fh_format_ipv4(part))
			return n + 2;
		if (part.n < 1 || part.n > 4 || (!last && s.n == 0))
			return SIZE_MAX;
		for (size_t k = 0; k < part.n; k++) {
			if (!fh_format_is_hex(part.p[k]))
				return SIZE_MAX;
		}
		n++;
	}
	return n;
}

bool fh_format_ipv6(struct fh_span s)
{
	size_t gap = 0;

	while (gap < s.n && !fh_span_starts(fh_span_skip(s, gap), FH_SPAN_LIT("::")))
		gap++;
	if (gap == s.n)
		return groups(s, true) == 8;
	size_t before = groups(fh_span_first(s, gap), false);
	size_t behind = groups(fh_span_skip(s, gap + 2), true);

	return before <= 7 && behind <= 7 && before + behind <= 7;
}
