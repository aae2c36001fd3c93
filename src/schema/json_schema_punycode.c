/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/json_schema_host.h"

#include <stdckdint.h>
#include <string.h>

/* RFC 3492, section 5.  */
constexpr uint32_t base = 36;
constexpr uint32_t low = 1;
constexpr uint32_t high = 26;
constexpr uint32_t skew = 38;
constexpr uint32_t damp = 700;
constexpr uint32_t first_bias = 72;
constexpr uint32_t first_code = 128;

/* Section 6.1.  */
static uint32_t adapt(uint32_t delta, uint32_t points, bool first)
{
	uint32_t k = 0;

	delta = first ? delta / damp : delta / 2;
	delta += delta / points;
	for (; delta > (base - low) * high / 2; k += base)
		delta /= base - low;
	return k + (base - low + 1) * delta / (delta + skew);
}

static uint32_t threshold(uint32_t k, uint32_t bias)
{
	return k <= bias + low ? low : k >= bias + high ? high : k - bias;
}

static uint8_t lower(uint8_t b)
{
	return b >= 'A' && b <= 'Z' ? b | 0x20 : b;
}

static uint32_t digit_of(uint8_t b)
{
	b = lower(b);
	if (b >= 'a' && b <= 'z')
		return (uint32_t)(b - 'a');
	return b >= '0' && b <= '9' ? (uint32_t)(b - '0') + 26 : base;
}

/* One number of variable length at *AT.  */
static bool read_delta(const uint8_t *text, size_t n, size_t *at, uint32_t bias, uint32_t *i)
{
	uint32_t weight = 1;

	for (uint32_t k = base;; k += base) {
		uint32_t digit = *at < n ? digit_of(text[(*at)++]) : base, step;
		uint32_t t = threshold(k, bias);

		if (digit == base || ckd_mul(&step, digit, weight) || ckd_add(i, *i, step))
			return false;
		if (digit < t)
			return true;
		if (ckd_mul(&weight, weight, base - t))
			return false;
	}
}

/* Appends Q as a number of variable length; false if it does not fit.  */
static bool put_delta(uint32_t q, uint32_t bias, uint8_t *out, size_t *m)
{
	for (uint32_t k = base;; k += base) {
		uint32_t t = threshold(k, bias);
		uint32_t digit = q < t ? q : t + (q - t) % (base - t);

		if (*m == FH_LABEL_MAX)
			return false;
		out[(*m)++] = (uint8_t)(digit < 26 ? 'a' + digit : '0' + digit - 26);
		if (q < t)
			return true;
		q = (q - t) / (base - t);
	}
}

/* The smallest of the N code points at C that is not below CODE.  */
static uint32_t next_code(const uint32_t *c, size_t n, uint32_t code)
{
	uint32_t next = UINT32_MAX;

	for (size_t i = 0; i < n; i++)
		next = c[i] >= code && c[i] < next ? c[i] : next;
	return next;
}

/* Section 6.3 into OUT of FH_LABEL_MAX bytes; SIZE_MAX if it does not fit.  */
static size_t write(const uint32_t *c, size_t n, uint8_t *out)
{
	uint32_t code = first_code, delta = 0, bias = first_bias;
	size_t m = 0, done, basic;

	for (size_t i = 0; i < n; i++) {
		if (c[i] < first_code && m < FH_LABEL_MAX)
			out[m++] = (uint8_t)c[i];
	}
	done = basic = m;
	if (basic > 0 && m < FH_LABEL_MAX)
		out[m++] = '-';
	for (; done < n; delta++, code++) {
		uint32_t next = next_code(c, n, code), step;

		if (ckd_mul(&step, next - code, (uint32_t)done + 1) || ckd_add(&delta, delta, step))
			return SIZE_MAX;
		code = next;
		for (size_t i = 0; i < n; i++) {
			delta += c[i] < code;
			if (c[i] != code)
				continue;
			if (!put_delta(delta, bias, out, &m))
				return SIZE_MAX;
			bias = adapt(delta, (uint32_t)done + 1, done == basic);
			delta = 0;
			done++;
		}
	}
	return m;
}

size_t fh_punycode_length(const uint32_t *c, size_t n)
{
	uint8_t out[FH_LABEL_MAX];

	return write(c, n, out);
}

/* What it says, written again, is the same.  */
static bool is_the_one_form(const uint8_t *text, size_t n, const uint32_t *c, size_t m)
{
	uint8_t again[FH_LABEL_MAX];
	bool same = write(c, m, again) == n;

	for (size_t i = 0; same && i < n; i++)
		same = lower(text[i]) == again[i];
	return same;
}

bool fh_punycode_read(const uint8_t *text, size_t n, uint32_t *out, size_t *m)
{
	uint32_t code = first_code, i = 0, bias = first_bias;
	size_t basic = n, at = 0, count = 0;

	while (basic > 0 && text[basic - 1] != '-')
		basic--;
	if (n > FH_LABEL_MAX)
		return false;
	for (; at + 1 < basic; at++)
		out[count++] = lower(text[at]);
	for (at = basic; at < n; count++) {
		uint32_t before = i;

		if (count == FH_LABEL_MAX || !read_delta(text, n, &at, bias, &i))
			return false;
		bias = adapt(i - before, (uint32_t)count + 1, before == 0);
		if (ckd_add(&code, code, i / (uint32_t)(count + 1)) || code > 0x10ffff)
			return false;
		i %= (uint32_t)count + 1;
		memmove(&out[i + 1], &out[i], (count - i) * sizeof(*out));
		out[i++] = code;
	}
	*m = count;
	return is_the_one_form(text, n, out, count);
}
