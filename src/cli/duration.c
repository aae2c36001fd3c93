/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/duration.h"

#include <string.h>

#include "base/decimal.h"

constexpr uint64_t second_ms = 1000;
constexpr uint64_t day_ms = 24 * 3600 * second_ms;
constexpr uint64_t longest_ms = 3653 * day_ms;

static uint64_t unit_ms(char unit)
{
	switch (unit) {
	case 's':
		return second_ms;
	case 'm':
		return 60 * second_ms;
	case 'h':
		return 3600 * second_ms;
	case 'd':
		return day_ms;
	case 'w':
		return 7 * day_ms;
	default:
		return 0;
	}
}

fh_err fh_duration_read(const char *text, uint64_t *ms)
{
	size_t n = strlen(text);
	uint64_t count, unit = n == 0 ? 0 : unit_ms(text[n - 1]);

	if (unit == 0 || fh_decimal_read(fh_span_of(text, n - 1), &count) != FH_ERR_OK)
		return FH_ERR_FORMAT;
	if (count == 0 || count > longest_ms / unit)
		return FH_ERR_LIMIT;
	*ms = count * unit;
	return FH_ERR_OK;
}
