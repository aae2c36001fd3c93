/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_BASE_DURATION_H
#define FH_BASE_DURATION_H

#include "base/span.h"
#include "freehold/error.h"

constexpr uint64_t FH_SECOND_MS = 1000;
constexpr uint64_t FH_DAY_MS = 24 * 3600 * FH_SECOND_MS;
constexpr uint64_t FH_DURATION_MAX_MS = 3653 * FH_DAY_MS; /* ten years */

/* One s, m, h, d or w in milliseconds; 0 for another letter.  */
uint64_t fh_duration_unit_ms(uint8_t letter);

/* "90s", "30m", "12h", "90d" or "52w" in milliseconds.  FH_ERR_FORMAT; FH_ERR_LIMIT for
 * none, and for more than FH_DURATION_MAX_MS.  */
fh_err fh_duration_read(struct fh_span text, uint64_t *ms);

#endif
