/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_ANALYSE_TEXT_H
#define FH_POLICY_ANALYSE_TEXT_H

#include "base/arena.h"
#include "freehold/error.h"

/* A text that patterns match and others do not.  Patterns are those of `like`: each
 * wildcard the byte FH_WILDCARD.  */

struct fh_text_demand {
	struct fh_span pattern;
	bool matches;
};

enum fh_text_found {
	FH_TEXT_UNKNOWN = 0, /* a limit was met */
	FH_TEXT_NONE,        /* there is no such text */
	FH_TEXT_FOUND,
};

constexpr size_t FH_TEXT_PATTERNS_MAX = 64;
constexpr size_t FH_TEXT_STATES_MAX = 1 << 14;

/* Looks for a shortest text for all N demands, and *OUT in A is it.  */
enum fh_text_found fh_text_find(const struct fh_text_demand *demand, size_t n, struct fh_arena *a,
				struct fh_span *out);

#endif
