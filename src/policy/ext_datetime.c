/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/extension.h"

#include <stdckdint.h>

#include "base/cursor.h"

constexpr int64_t second = 1000;
constexpr int64_t minute = 60 * second;
constexpr int64_t hour = 60 * minute;
constexpr int64_t day = 24 * hour;

static bool is_digit(uint8_t b)
{
	return b >= '0' && b <= '9';
}

/* Exactly N digits, whose value is at least MIN and at most MAX.  */
static int64_t digits(struct fh_cursor *c, size_t n, int64_t min, int64_t max)
{
	struct fh_span s = fh_cursor_take(c, n);
	int64_t v = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (!is_digit(s.p[i]))
			fh_cursor_fail(c, FH_ERR_FORMAT);
		v = 10 * v + (s.p[i] - '0');
	}
	if (v < min || v > max)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	return v;
}

static bool is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int64_t month_days(int64_t year, int64_t month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return month < 1 || month > 12 ? 0 : days[month - 1] + (month == 2 && is_leap(year));
}

/* Days from 1970-01-01 to the first of YEAR, 0 to 9999, in the Gregorian calendar
 * without a beginning.  */
static int64_t year_days(int64_t year)
{
	int64_t before = year + 399; /* year 1 of a cycle of 400 is -399 */

	return 365 * (year - 1970) + before / 4 - before / 100 + before / 400 - 574;
}

static int64_t date(struct fh_cursor *c)
{
	int64_t year = digits(c, 4, 0, 9999);

	fh_cursor_expect(c, FH_SPAN_LIT("-"));
	int64_t month = digits(c, 2, 1, 12);

	fh_cursor_expect(c, FH_SPAN_LIT("-"));
	int64_t days = year_days(year) + digits(c, 2, 1, month_days(year, month)) - 1;

	for (int64_t m = 1; m < month; m++)
		days += month_days(year, m);
	return days * day;
}

static int64_t time_of_day(struct fh_cursor *c)
{
	fh_cursor_expect(c, FH_SPAN_LIT("T"));
	int64_t ms = digits(c, 2, 0, 23) * hour;

	fh_cursor_expect(c, FH_SPAN_LIT(":"));
	ms += digits(c, 2, 0, 59) * minute;
	fh_cursor_expect(c, FH_SPAN_LIT(":"));
	ms += digits(c, 2, 0, 59) * second;
	if (fh_span_starts(c->rest, FH_SPAN_LIT("."))) {
		(void)fh_cursor_u8(c);
		ms += digits(c, 3, 0, 999);
	}
	return ms;
}

/* What the zone is ahead of UTC.  */
static int64_t zone(struct fh_cursor *c)
{
	uint8_t sign = fh_cursor_u8(c);

	if (sign == 'Z')
		return 0;
	if (sign != '+' && sign != '-')
		fh_cursor_fail(c, FH_ERR_FORMAT);
	int64_t ahead = digits(c, 2, 0, 23) * hour;

	ahead += digits(c, 2, 0, 59) * minute;
	return sign == '-' ? -ahead : ahead;
}

fh_err fh_datetime_parse(struct fh_span text, int64_t *out)
{
	struct fh_cursor c = fh_cursor_of(text);
	int64_t ms = date(&c);

	if (c.rest.n > 0) {
		ms += time_of_day(&c);
		ms -= zone(&c);
	}
	fh_err e = fh_cursor_end(&c);

	if (e != FH_ERR_OK)
		return FH_ERR_FORMAT;
	*out = ms;
	return FH_ERR_OK;
}

struct unit {
	struct fh_span name;
	int64_t ms;
};

static const struct unit units[] = {
	{ FH_TEXT_INIT("d"), day },    { FH_TEXT_INIT("h"), hour }, { FH_TEXT_INIT("m"), minute },
	{ FH_TEXT_INIT("s"), second }, { FH_TEXT_INIT("ms"), 1 },
};

constexpr size_t units_n = sizeof(units) / sizeof(units[0]);

/* One quantity with its unit, which comes from *FROM on in the table; added to
 * *MS, or subtracted if NEGATIVE.  */
static fh_err quantity(struct fh_cursor *c, bool negative, size_t *from, int64_t *ms)
{
	struct fh_span s = c->rest;
	size_t n = 0, name = 0;
	int64_t v = 0;
	bool fits = true;

	for (; n < s.n && is_digit(s.p[n]); n++) {
		int digit = s.p[n] - '0';

		fits = fits && !ckd_mul(&v, v, 10) && !ckd_add(&v, v, negative ? -digit : digit);
	}
	s = fh_span_skip(s, n);
	while (name < s.n && !is_digit(s.p[name]))
		name++;
	s = fh_span_first(s, name);
	while (*from < units_n && !fh_span_equal(units[*from].name, s))
		*from += 1;
	if (n == 0 || *from == units_n)
		return FH_ERR_FORMAT;
	(void)fh_cursor_take(c, n + name);
	fits = fits && !ckd_mul(&v, v, units[*from].ms) && !ckd_add(ms, *ms, v);
	*from += 1;
	return fits ? FH_ERR_OK : FH_ERR_LIMIT;
}

fh_err fh_duration_parse(struct fh_span text, int64_t *out)
{
	bool negative = text.n > 0 && text.p[0] == '-';
	struct fh_cursor c = fh_cursor_of(negative ? fh_span_skip(text, 1) : text);
	size_t from = 0;
	int64_t ms = 0;
	fh_err e = c.rest.n == 0 ? FH_ERR_FORMAT : FH_ERR_OK;

	while (e == FH_ERR_OK && c.rest.n > 0)
		e = quantity(&c, negative, &from, &ms);
	if (e == FH_ERR_OK)
		*out = ms;
	return e;
}
