/* SPDX-License-Identifier: Apache-2.0 */
#include "os/clock.h"

#include <time.h>

static uint64_t read_ns(clockid_t clock)
{
	struct timespec t = { 0 };

	(void)clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint64_t fh_clock_real_ms(void)
{
	return read_ns(CLOCK_REALTIME) / 1000000;
}

uint64_t fh_clock_boot_ms(void)
{
	return read_ns(CLOCK_BOOTTIME) / 1000000;
}

uint64_t fh_clock_boot_ns(void)
{
	return read_ns(CLOCK_BOOTTIME);
}
