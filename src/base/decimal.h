/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_BASE_DECIMAL_H
#define FH_BASE_DECIMAL_H

#include "base/span.h"
#include "freehold/error.h"

/* Reads DIGITS, the one decimal form of a number: digits only, no leading zero
 * but in "0", below 2^64; FH_ERR_FORMAT otherwise.  Writing it is
 * fh_builder_decimal().  */
fh_err fh_decimal_read(struct fh_span digits, uint64_t *out);

#endif
