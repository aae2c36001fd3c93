/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_OUTBOX_H
#define FH_ROLE_OUTBOX_H

#include "base/arena.h"
#include "freehold/error.h"

/* Frames waiting to be sent to one peer without ever blocking on it.  What is
 * put in is held until it is released: core puts replies and permits in while
 * it decides, and releases them when the entries behind them are durable and
 * signed.  */
struct fh_outbox {
	uint8_t *p;
	size_t cap;      /* bytes; a peer that lets it overflow is cut off */
	size_t from;     /* first byte not sent */
	size_t released; /* end of what may be sent */
	size_t marked;   /* end of what the batch that is being signed lets go */
	size_t n;        /* end of what was put in */
};

/* An empty outbox of CAP bytes from ARENA.  */
fh_err fh_outbox_open(size_t cap, struct fh_arena *arena, struct fh_outbox *out);

/* Puts one frame in, held.  FH_ERR_FULL if it does not fit.  */
fh_err fh_outbox_put(struct fh_outbox *o, struct fh_span body);

static inline void fh_outbox_release(struct fh_outbox *o)
{
	o->released = o->n;
}

/* All that was put in so far may be sent once fh_outbox_release_marked() says so; what is
 * put in meanwhile may not.  */
static inline void fh_outbox_mark(struct fh_outbox *o)
{
	o->marked = o->n;
}

static inline void fh_outbox_release_marked(struct fh_outbox *o)
{
	if (o->marked > o->released)
		o->released = o->marked;
}

/* Something may be sent.  */
static inline bool fh_outbox_waiting(const struct fh_outbox *o)
{
	return o->released > o->from;
}

/* Sends as much of what was released as FD takes now.  FH_ERR_CLOSED if the
 * peer is gone.  */
fh_err fh_outbox_send(struct fh_outbox *o, int fd);

#endif
