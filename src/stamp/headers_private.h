/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_STAMP_HEADERS_PRIVATE_H
#define FH_STAMP_HEADERS_PRIVATE_H

#include "stamp/headers.h"

/* What the files of the set share; nobody else includes it.  */

constexpr size_t FH_HEADERS_NO_RUN = SIZE_MAX;

/* The index of the header at HEIGHT on the path that ends in RUN, or SIZE_MAX.  */
size_t fh_headers_index(const struct fh_headers *h, size_t run, uint64_t height);

/* The run that the best branch ends in, or FH_HEADERS_NO_RUN.  */
size_t fh_headers_best(const struct fh_headers *h);

/* The header NEXT may follow, at HEIGHT, the path that ends in RUN with its
 * parent.  */
fh_err fh_headers_rules(const struct fh_headers *h, size_t run, uint64_t height,
			const struct fh_header *next, struct fh_trace *t);

#endif
