/* SPDX-License-Identifier: Apache-2.0 */
#include "base/duration.h"

#include "base/decimal.h"

uint64_t fh_duration_unit_ms(uint8_t letter)
{
	switch (letter) {
	case 's':
		return FH_SECOND_MS;
	case 'm':
		return 60 * FH_SECOND_MS;
	case 'h':
		return 3600 * FH_SECOND_MS;
	case 'd':
		return FH_DAY_MS;
	case 'w':
		return 7 * FH_DAY_MS;
	default:
		return 0;
	}
}

fh_err fh_duration_read(struct fh_span text, uint64_t *ms)
{
	uint64_t count, unit = text.n == 0 ? 0 : fh_duration_unit_ms(text.p[text.n - 1]);

	if (unit == 0 || fh_decimal_read(fh_span_first(text, text.n - 1), &count) != FH_ERR_OK)
		return FH_ERR_FORMAT;
	if (count == 0 || count > FH_DURATION_MAX_MS / unit)
		return FH_ERR_LIMIT;
	*ms = count * unit;
	return FH_ERR_OK;
}
