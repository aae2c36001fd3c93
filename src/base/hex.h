/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_BASE_HEX_H
#define FH_BASE_HEX_H

#include "base/span.h"
#include "freehold/error.h"

/* Reads exactly 2 * N hex digits of either case into OUT; FH_ERR_FORMAT
 * otherwise, and OUT is untouched.  N is at most 64.  Writing hex is
 * fh_builder_hex().  */
fh_err fh_hex_read(struct fh_span digits, uint8_t *out, size_t n);

#endif
