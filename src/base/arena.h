/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_BASE_ARENA_H
#define FH_BASE_ARENA_H

#include "base/span.h"
#include "freehold/error.h"

/* Memory that is taken piece by piece and given back all at once.  The pure
 * directories allocate from nothing else; os/memory.h makes arenas.  */
struct fh_arena {
	uint8_t *p; /* the caller's memory, aligned for any object */
	size_t n;   /* bytes taken */
	size_t cap; /* bytes there are */
};

static inline struct fh_arena fh_arena_of(void *p, size_t cap)
{
	return (struct fh_arena){ p, 0, cap };
}

/* N zeroed bytes, aligned for any object, or NULL if they do not fit.  */
void *fh_arena_take(struct fh_arena *a, size_t n);

/* The same, not zeroed: for buffers, so that their pages are not touched before
 * they are used.  */
void *fh_arena_space(struct fh_arena *a, size_t n);

/* COUNT zeroed objects of SIZE bytes, or NULL (overflow included).  */
void *fh_arena_array(struct fh_arena *a, size_t count, size_t size);

/* A copy of S in A in *OUT, with one zero byte behind it (not counted).
 * FH_ERR_NOMEM if it does not fit.  */
fh_err fh_arena_copy(struct fh_arena *a, struct fh_span s, struct fh_span *out);

/* Everything taken so far may be taken again.  */
static inline void fh_arena_reset(struct fh_arena *a)
{
	a->n = 0;
}

#endif
