/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/time.h"

#include <string.h>
#include <time.h>

constexpr uint64_t last_second = UINT64_C(253402300799); /* of the year 9999 */

void fh_time_text(uint64_t ms, char out[FH_TIME_TEXT])
{
	uint64_t s = ms / 1000;
	time_t t = (time_t)(s > last_second ? last_second : s);
	struct tm tm;

	if (gmtime_r(&t, &tm) == nullptr || strftime(out, FH_TIME_TEXT, "%FT%TZ", &tm) == 0)
		memcpy(out, "?", 2);
}
