/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_OS_CLOCK_H
#define FH_OS_CLOCK_H

#include <stdint.h>

/* Unix time in milliseconds, as the system claims it: anybody with root may
 * set it.  */
uint64_t fh_clock_real_ms(void);

/* Milliseconds since boot, suspended time included; never goes back.  */
uint64_t fh_clock_boot_ms(void);

/* Nanoseconds of the same clock, for measuring.  */
uint64_t fh_clock_boot_ns(void);

#endif
