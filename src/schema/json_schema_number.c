/* SPDX-License-Identifier: Apache-2.0 */
/* Decimal numbers of any length, exactly and in place: a float would call 2^53 + 1 and
 * 2^53 the same.  */
#include "schema/json_schema_private.h"

#include "base/limits.h"

/* Digits of a text one by one, stepping over the point.  */
struct digits {
	struct fh_span s;
	size_t at;
};

/* The next digit, or 0 behind the last.  */
static uint32_t next_digit(struct digits *d)
{
	while (d->at < d->s.n && d->s.p[d->at] == '.')
		d->at++;
	return d->at < d->s.n ? d->s.p[d->at++] - '0' : 0;
}

static bool is_digit(uint8_t b)
{
	return b >= '0' && b <= '9';
}

/* What stands behind `e`, with 0 for nothing.  */
static bool read_exponent(struct fh_span s, int64_t *out)
{
	bool negative = s.n > 0 && s.p[0] == '-';
	int64_t v = 0;

	for (size_t i = s.n > 0 && !is_digit(s.p[0]); i < s.n; i++) {
		v = v * 10 + (s.p[i] - '0');
		if (v > FH_SCHEMA_EXPONENT_MAX)
			return false;
	}
	*out = negative ? -v : v;
	return true;
}

bool fh_json_number_read(struct fh_span raw, struct fh_json_number *out)
{
	struct fh_json_number made = { .negative = raw.p[0] == '-' };
	struct fh_span s = fh_span_skip(raw, made.negative);
	size_t e = fh_span_find(s, 'e'), upper = fh_span_find(s, 'E');
	size_t end = e < upper ? e : upper, first = SIZE_MAX, last = 0, before = 0, skipped = 0;
	bool point = false;

	if (!read_exponent(fh_span_skip(s, end + 1), &made.point))
		return false;
	for (size_t i = 0; i < end; i++) {
		if (s.p[i] == '.') {
			point = true;
			continue;
		}
		before += !point;
		if (s.p[i] != '0') {
			first = first == SIZE_MAX ? i : first;
			last = i;
		} else if (first == SIZE_MAX) {
			skipped++;
		}
	}
	if (first == SIZE_MAX) { /* zero has one form */
		*out = (struct fh_json_number){ .digits = fh_span_first(s, 0) };
		return true;
	}
	made.digits = fh_span_skip(fh_span_first(s, last + 1), first);
	made.n = made.digits.n - (fh_span_find(made.digits, '.') < made.digits.n);
	made.point += (int64_t)before - (int64_t)skipped;
	*out = made;
	return true;
}

/* The order of two numbers without their signs.  */
static int compare_sizes(const struct fh_json_number *a, const struct fh_json_number *b)
{
	struct digits x = { .s = a->digits }, y = { .s = b->digits };

	if (a->n == 0 || b->n == 0)
		return (a->n > 0) - (b->n > 0);
	if (a->point != b->point)
		return a->point < b->point ? -1 : 1;
	for (size_t i = 0; i < a->n || i < b->n; i++) {
		uint32_t p = next_digit(&x), q = next_digit(&y);

		if (p != q)
			return p < q ? -1 : 1;
	}
	return 0;
}

int fh_json_number_compare(const struct fh_json_number *a, const struct fh_json_number *b)
{
	if (a->negative != b->negative)
		return a->negative ? -1 : 1;
	return a->negative ? compare_sizes(b, a) : compare_sizes(a, b);
}

bool fh_json_number_is_integer(const struct fh_json_number *a)
{
	return a->n == 0 || a->point >= (int64_t)a->n;
}

/* A times B modulo M, of numbers below M, which is below 2^63.  */
static uint64_t multiply(uint64_t a, uint64_t b, uint64_t m)
{
	uint64_t v = 0;

	for (; b > 0; b /= 2) {
		v = b % 2 == 1 ? (v + a) % m : v;
		a = (a + a) % m;
	}
	return v;
}

/* 10^N modulo M.  */
static uint64_t power_of_ten(uint64_t n, uint64_t m)
{
	uint64_t base = 10 % m, v = 1 % m;

	for (; n > 0; n /= 2) {
		if (n % 2 == 1)
			v = multiply(v, base, m);
		base = multiply(base, base, m);
	}
	return v;
}

bool fh_json_number_is_multiple(const struct fh_json_number *a, const struct fh_json_number *b)
{
	struct digits x = { .s = a->digits }, y = { .s = b->digits };
	int64_t zeros = (a->point - (int64_t)a->n) - (b->point - (int64_t)b->n);
	uint64_t divisor = 0, rest = 0;

	if (a->n == 0)
		return true;
	/* A's last digit is not 0, so it has no factor 10 for what B has more.  */
	if (zeros < 0)
		return false;
	for (size_t i = 0; i < b->n; i++)
		divisor = divisor * 10 + next_digit(&y);
	for (size_t i = 0; i < a->n; i++)
		rest = (rest * 10 + next_digit(&x)) % divisor;
	return multiply(rest, power_of_ten((uint64_t)zeros, divisor), divisor) == 0;
}

bool fh_json_number_count(const struct fh_json_number *a, uint64_t *out)
{
	struct digits d = { .s = a->digits };
	uint64_t v = 0;

	if (a->negative || !fh_json_number_is_integer(a))
		return false;
	for (int64_t i = 0; a->n > 0 && i < a->point; i++) {
		uint32_t digit = next_digit(&d);

		if (v > (UINT64_MAX - digit) / 10) {
			v = UINT64_MAX;
			break;
		}
		v = v * 10 + digit;
	}
	*out = v;
	return true;
}

void fh_json_number_put(struct fh_builder *b, const struct fh_json_number *a)
{
	struct digits d = { .s = a->digits };

	fh_builder_u8(b, a->negative ? '-' : '+');
	for (size_t i = 0; i < a->n; i++)
		fh_builder_u8(b, (uint8_t)('0' + next_digit(&d)));
	fh_builder_u8(b, 'e');
	fh_builder_be64(b, (uint64_t)a->point);
}
