/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_SCHEMA_REGEX_H
#define FH_SCHEMA_REGEX_H

#include "base/arena.h"
#include "base/trace.h"

/* Regular expressions as JSON Schema has them: ECMA-262 (2024, section 22.2) with its flag
 * `u`, so a character is a code point.  A text is looked at a fixed number of times
 * whatever the pattern, without going back: the work is at most the text's length
 * times the pattern's states.
 *
 * Known: everything but back references, which no such machine can follow, and
 * `\p` of anything but General_Category, Any, ASCII and Assigned.  */
struct fh_regex;

/* Reads PATTERN, valid UTF-8, into *OUT, which lies in A and does not look into
 * PATTERN.  FH_ERR_FORMAT for what ECMA-262 does not have, FH_ERR_UNSUPPORTED for what
 * it has and we do not, FH_ERR_LIMIT beyond FH_REGEX_*_MAX, FH_ERR_NOMEM; *T (may be
 * NULL) says what and where in the pattern, and leaves its place alone.  */
fh_err fh_regex_read(struct fh_span pattern, struct fh_arena *a, const struct fh_regex **out,
		     struct fh_trace *t);

/* Whether R matches somewhere in TEXT, valid UTF-8.  SCRATCH gets back what it gives:
 * 16 bytes per state, and per lookaround a bit per byte of TEXT.  Each step is counted off *STEPS;
 * FH_ERR_LIMIT if there are not enough, FH_ERR_NOMEM.  *FOUND is written on success.  */
fh_err fh_regex_search(const struct fh_regex *r, struct fh_span text, struct fh_arena *scratch,
		       uint64_t *steps, bool *found);

#endif
