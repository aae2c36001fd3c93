/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_TIME_H
#define FH_CLI_TIME_H

#include <stddef.h>
#include <stdint.h>

#include "freehold/error.h"

constexpr size_t FH_TIME_TEXT = 32; /* "2026-01-31T12:00:00Z" and its zero fit */

/* Unix milliseconds as RFC 3339 in UTC, without fraction.  */
void fh_time_text(uint64_t ms, char out[FH_TIME_TEXT]);

/* The inverse, for a time after 1970; a day alone ("2026-01-31") is its beginning.
 * FH_ERR_FORMAT.  */
fh_err fh_time_read(const char *text, uint64_t *ms);

#endif
