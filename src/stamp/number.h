/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_STAMP_NUMBER_H
#define FH_STAMP_NUMBER_H

#include <stdint.h>

/* Numbers of 256 bits: targets of Bitcoin blocks, and work.  */
struct fh_number {
	uint32_t word[8]; /* the lowest first */
};

/* < 0, 0 or > 0.  */
int fh_number_compare(const struct fh_number *a, const struct fh_number *b);
/* A + B; sums of work stay far below 2^256.  */
struct fh_number fh_number_add(const struct fh_number *a, const struct fh_number *b);
/* A - B, where A is not less.  */
struct fh_number fh_number_subtract(const struct fh_number *a, const struct fh_number *b);
/* The 32 bytes P, the lowest first, as a hash is compared with a target.  */
struct fh_number fh_number_of_hash(const uint8_t p[32]);

/* The target that the field `bits` of a header names; false if it is negative,
 * zero or above 2^256.  */
bool fh_number_of_bits(uint32_t bits, struct fh_number *out);
/* The bits that name N, with its low digits cut off.  */
uint32_t fh_number_bits(const struct fh_number *n);

/* N * BY / PER; N * BY is below 2^256.  PER is not 0.  */
struct fh_number fh_number_scale(const struct fh_number *n, uint32_t by, uint32_t per);

/* How many hashes it takes to meet TARGET: 2^256 / (TARGET + 1).  */
struct fh_number fh_number_work(const struct fh_number *target);

/* The exponent of the highest power of two in N, -1 for zero.  */
int fh_number_log2(const struct fh_number *n);

#endif
