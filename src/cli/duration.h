/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_DURATION_H
#define FH_CLI_DURATION_H

#include <stdint.h>

#include "freehold/error.h"

/* "90s", "30m", "12h", "90d" or "52w" in milliseconds, at most ten years.  */
fh_err fh_duration_read(const char *text, uint64_t *ms);

#endif
