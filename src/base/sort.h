/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_BASE_SORT_H
#define FH_BASE_SORT_H

#include <stddef.h>

/* Sorts the N objects of SIZE bytes at P, ascending by ORDER, in place and never
 * slower than n log n; qsort() may allocate and may take quadratic time.  Equal
 * objects come in any order.  */
void fh_sort(void *p, size_t n, size_t size, int (*order)(const void *a, const void *b));

#endif
