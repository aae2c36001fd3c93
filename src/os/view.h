/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_OS_VIEW_H
#define FH_OS_VIEW_H

#include "base/arena.h"
#include "base/own.h"

/* A whole file to look at, of any size: a regular one is mapped, and costs no memory;
 * of anything else, a pipe say, at most FH_VIEW_STREAM_MAX bytes are read.  A file that
 * is cut while it is looked at ends the program (os/map.h).  */

constexpr size_t FH_VIEW_STREAM_MAX = 512 << 20; /* FH_HEADERS_FILE_MAX */

struct fh_view {
	struct fh_span bytes;
	size_t mapped; /* bytes to give back */
};

/* FH_ERR_UNSUPPORTED for a directory; otherwise by errno, as in os/file.h.  */
fh_err fh_view_open(const char *path, struct fh_view *out);
void fh_view_drop(struct fh_view *v);

#endif
