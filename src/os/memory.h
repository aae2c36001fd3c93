/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_OS_MEMORY_H
#define FH_OS_MEMORY_H

#include "base/arena.h"
#include "base/own.h"

/* The only place that asks the system for memory: arenas of zeroed pages, which
 * cost nothing until touched.  */

/* An arena of CAP bytes; FH_ERR_NOMEM if the system has none.  */
fh_err fh_arena_map(size_t cap, struct fh_arena *out);

/* Gives A's pages back; a zeroed one and a second call are fine.  */
void fh_arena_drop(struct fh_arena *a);

#endif
