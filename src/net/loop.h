/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_NET_LOOP_H
#define FH_NET_LOOP_H

#include "base/arena.h"

/* The event loop: waits for descriptors and for time, calls back one at a
 * time.  libuv underneath; nothing else of it is visible.  */

struct fh_loop;  /* opaque */
struct fh_watch; /* opaque: one descriptor that is watched */

/* A loop for at most WATCHES_MAX descriptors, in memory of ARENA.  */
fh_err fh_loop_open(size_t watches_max, struct fh_arena *arena, struct fh_loop **out);

/* Watches FD, which becomes non-blocking.  READY is called with CONTEXT when
 * what fh_watch_want() named is possible; an error of FD makes both possible, so
 * that the next read or write meets it.  At first nothing is wanted.
 * FH_ERR_LIMIT if there are too many, FH_ERR_IO if FD cannot be watched.  */
fh_err fh_loop_watch(struct fh_loop *l, int fd,
		     void (*ready)(void *context, bool readable, bool writable), void *context,
		     struct fh_watch **out);

void fh_watch_want(struct fh_watch *w, bool readable, bool writable);

/* Ends watching at once; afterwards the descriptor may be closed.  */
void fh_watch_close(struct fh_watch *w);

/* Calls TICK about every PERIOD_MS.  One per loop.  */
fh_err fh_loop_every(struct fh_loop *l, uint32_t period_ms, void (*tick)(void *context),
		     void *context);

/* Runs until fh_loop_stop().  */
void fh_loop_run(struct fh_loop *l);
void fh_loop_stop(struct fh_loop *l);

/* Milliseconds of a monotonic clock, as of the current callback.  */
uint64_t fh_loop_now_ms(const struct fh_loop *l);

#endif
