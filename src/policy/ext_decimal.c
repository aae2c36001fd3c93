/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/extension.h"

#include <stdckdint.h>

/* Appends the decimal DIGITS to *V, downwards if NEGATIVE.  */
static fh_err append(struct fh_span digits, bool negative, int64_t *v)
{
	int64_t sum = *v;

	if (digits.n == 0)
		return FH_ERR_FORMAT;
	for (size_t i = 0; i < digits.n; i++) {
		if (digits.p[i] < '0' || digits.p[i] > '9')
			return FH_ERR_FORMAT;
	}
	for (size_t i = 0; i < digits.n; i++) {
		int digit = digits.p[i] - '0';

		if (ckd_mul(&sum, sum, 10) || ckd_add(&sum, sum, negative ? -digit : digit))
			return FH_ERR_LIMIT;
	}
	*v = sum;
	return FH_ERR_OK;
}

fh_err fh_decimal_parse(struct fh_span text, int64_t *out)
{
	constexpr size_t places = 4;
	bool negative = text.n > 0 && text.p[0] == '-';
	struct fh_span whole = negative ? fh_span_skip(text, 1) : text;
	size_t point = fh_span_find(whole, '.');
	struct fh_span fraction = fh_span_skip(whole, point + 1);
	int64_t v = 0;

	fh_err e = append(fh_span_first(whole, point), negative, &v);

	if (e == FH_ERR_OK && fraction.n > places)
		e = FH_ERR_FORMAT;
	if (e == FH_ERR_OK)
		e = append(fraction, negative, &v);
	for (size_t i = fraction.n; e == FH_ERR_OK && i < places; i++) {
		if (ckd_mul(&v, v, 10))
			e = FH_ERR_LIMIT;
	}
	if (e == FH_ERR_OK)
		*out = v;
	return e;
}
