/* SPDX-License-Identifier: Apache-2.0 */
#include "base/decimal.h"

#include <stdckdint.h>

fh_err fh_decimal_read(struct fh_span digits, uint64_t *out)
{
	uint64_t v = 0;

	if (digits.n == 0 || (digits.n > 1 && digits.p[0] == '0'))
		return FH_ERR_FORMAT;
	for (size_t i = 0; i < digits.n; i++) {
		uint8_t b = digits.p[i];

		if (b < '0' || b > '9' || ckd_mul(&v, v, 10u) ||
		    ckd_add(&v, v, (unsigned)(b - '0')))
			return FH_ERR_FORMAT;
	}
	*out = v;
	return FH_ERR_OK;
}
