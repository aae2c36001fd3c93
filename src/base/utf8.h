/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_BASE_UTF8_H
#define FH_BASE_UTF8_H

#include "base/builder.h"

/* S is well-formed UTF-8 (RFC 3629: shortest forms, no surrogates, at most
 * U+10FFFF).  */
bool fh_utf8_valid(struct fh_span s);

/* The longest beginning of the valid S of at most MAX bytes that does not end in
 * the middle of a character.  */
struct fh_span fh_utf8_first(struct fh_span s, size_t max);

/* Makes the N bytes at P, which may be foreign and cut anywhere, valid in place: what is no part
 * of a character becomes '?', and a last one whose end is missing goes.  How many are left.  */
size_t fh_utf8_mend(uint8_t *p, size_t n);

/* Writes the code point V, at most U+10FFFF and no surrogate.  */
void fh_utf8_put(struct fh_builder *b, uint32_t v);

#endif
