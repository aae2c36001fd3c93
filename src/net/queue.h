/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_NET_QUEUE_H
#define FH_NET_QUEUE_H

#include "base/arena.h"

/* Bytes of one client that wait, in or out.  A little memory is always there;
 * what does not fit goes to pages that are mapped for it and given back once the
 * queue is empty.  How many queues may do so at one time is counted, so that
 * many clients together cannot take all memory.  */

/* The count, shared by all queues of one kind.  */
struct fh_large {
	size_t used;
	size_t max;
};

struct fh_queue {
	uint8_t *p;             /* where the bytes are: small, or large.p */
	size_t from;            /* first byte that waits */
	size_t n;               /* end of the bytes that wait */
	size_t cap;             /* bytes there are at p */
	uint8_t *small;         /* the memory that is always there */
	size_t small_cap;
	struct fh_arena large;  /* mapped while needed */
	size_t large_cap;       /* most that ever waits */
	struct fh_large *count;
};

/* An empty queue over CAP bytes from ARENA, which can grow to LARGE_CAP.  */
fh_err fh_queue_open(size_t cap, size_t large_cap, struct fh_large *count,
		     struct fh_arena *arena, struct fh_queue *out);

/* What waits.  Valid until the queue is changed.  */
struct fh_span fh_queue_span(const struct fh_queue *q);

/* The first N bytes no longer wait.  */
void fh_queue_skip(struct fh_queue *q, size_t n);
void fh_queue_clear(struct fh_queue *q);

/* Makes N bytes fit behind what waits.  FH_ERR_LIMIT if they never can,
 * FH_ERR_FULL if too many queues are large just now.  */
fh_err fh_queue_reserve(struct fh_queue *q, size_t n);

/* Appends S; errors as fh_queue_reserve().  */
fh_err fh_queue_put(struct fh_queue *q, struct fh_span s);

/* Receives from the socket FD into the room there is, at least one byte's
 * (reserve it).  FH_ERR_CLOSED at the end, FH_ERR_STATE if there is nothing
 * now.  */
fh_err fh_queue_receive(struct fh_queue *q, int fd);

/* Sends what the socket FD takes.  FH_ERR_CLOSED if nobody reads it any more.  */
fh_err fh_queue_send(struct fh_queue *q, int fd);

#endif
