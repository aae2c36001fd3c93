/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_OS_MAP_H
#define FH_OS_MAP_H

#include "base/span.h"
#include "freehold/error.h"

/* Regular files mapped to be read.  One that is cut while it is looked at, or lies where the
 * disk cannot be read, would end the program by SIGBUS without a word: here it says which file
 * it was, and ends with status 2, as what it found so far is worth nothing.  */

/* Maps the SIZE bytes of FD, more than none.  FH_ERR_NOMEM, or by errno.  */
fh_err fh_map_open(int fd, size_t size, struct fh_span *out);

/* Gives BYTES back, as they came; empty ones are none.  */
void fh_map_drop(struct fh_span *bytes);

#endif
