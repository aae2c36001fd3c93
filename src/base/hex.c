/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hex.h"

#include <string.h>

static int digit_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

fh_err fh_hex_read(struct fh_span digits, uint8_t *out, size_t n)
{
	uint8_t bytes[64];

	if (n > sizeof(bytes) || digits.n != 2 * n)
		return FH_ERR_FORMAT;
	for (size_t i = 0; i < n; i++) {
		int high = digit_value(digits.p[2 * i]);
		int low = digit_value(digits.p[2 * i + 1]);

		if (high < 0 || low < 0)
			return FH_ERR_FORMAT;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	memcpy(out, bytes, n);
	return FH_ERR_OK;
}
