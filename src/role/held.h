/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_HELD_H
#define FH_ROLE_HELD_H

#include "role/outbox.h"

/* Answers that wait, each until a moment of its own: what a flood is answered comes later, and
 * what is asked beside it does not stand behind it.  */
struct fh_held {
	uint8_t *p;
	size_t cap;
	size_t from, n;  /* between them they lie, in the order in which they came; some are gone */
	uint64_t due_ms; /* boot clock, of the first that may go; UINT64_MAX: none waits */
};

/* Room for CAP bytes from ARENA, and nothing in it.  */
fh_err fh_held_open(size_t cap, struct fh_arena *arena, struct fh_held *out);
/* The frame BODY waits until DUE_MS.  FH_ERR_FULL if it does not fit.  */
fh_err fh_held_put(struct fh_held *h, struct fh_span body, uint64_t due_ms);
/* Puts those that may go at NOW_MS into OUT, in the order in which they came, as long as they
 * fit.  */
void fh_held_move(struct fh_held *h, uint64_t now_ms, struct fh_outbox *out);

#endif
