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

fh_err fh_time_read(const char *text, uint64_t *ms)
{
	char whole[FH_TIME_TEXT], again[FH_TIME_TEXT];
	struct tm tm = { 0 };
	size_t day = sizeof("2026-01-31") - 1;

	if (strlen(text) >= sizeof(whole))
		return FH_ERR_FORMAT;
	memcpy(whole, text, strlen(text) + 1);
	if (strlen(text) == day)
		memcpy(whole + day, "T00:00:00Z", sizeof("T00:00:00Z"));
	if (strptime(whole, "%Y-%m-%dT%H:%M:%SZ", &tm) == nullptr)
		return FH_ERR_FORMAT;
	time_t seconds = timegm(&tm);

	if (seconds < 0)
		return FH_ERR_FORMAT;
	fh_time_text((uint64_t)seconds * 1000, again);
	if (strcmp(whole, again) != 0) /* there is no 31st of February */
		return FH_ERR_FORMAT;
	*ms = (uint64_t)seconds * 1000;
	return FH_ERR_OK;
}
