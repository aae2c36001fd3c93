/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_BASE_TIME_H
#define FH_BASE_TIME_H

#include <stdint.h>

/* Time is an interval that surely holds the present, passed in as an argument;
 * pure code never reads a clock.  Starts of validity compare with lo, ends
 * with hi, so that doubt always shortens a permission.  */
struct fh_time {
	uint64_t lo_ms; /* not before this: Unix time in milliseconds */
	uint64_t hi_ms; /* not after this: Unix time in milliseconds */
};

/* Something valid from START_MS is in force at T.  */
static inline bool fh_time_begun(struct fh_time t, uint64_t start_ms)
{
	return t.lo_ms >= start_ms;
}

/* Something valid up to and without END_MS is over at T.  */
static inline bool fh_time_ended(struct fh_time t, uint64_t end_ms)
{
	return t.hi_ms >= end_ms;
}

#endif
