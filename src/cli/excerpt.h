/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_EXCERPT_H
#define FH_CLI_EXCERPT_H

#include "base/span.h"

/* Prints the line of TEXT that WHERE, "NAME:LINE:COLUMN", names, with a mark under
 * what stands there, to stderr; nothing if WHERE names no place in TEXT.
 *
 *	  3 | permit (principal, action is File, resource);
 *	    |                           ^^
 */
void fh_excerpt(struct fh_span text, const char *where);

#endif
