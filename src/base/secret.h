/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_BASE_SECRET_H
#define FH_BASE_SECRET_H

#include "base/span.h"
#include "freehold/error.h"

/* Key material.  A type of its own on purpose: nothing accepts it but the few
 * functions that need it, so that it cannot be logged, sent or compared with
 * memcmp() by accident.  Processes that hold secrets lock all their pages and
 * are excluded from dumps (role/confine.h).  */

constexpr size_t FH_SECRET_MAX = 64; /* bytes: the largest shared secret we derive from */

struct fh_secret {
	uint8_t bytes[FH_SECRET_MAX]; /* never beyond n */
	size_t n;                     /* length in bytes */
};

/* Copies S, at most FH_SECRET_MAX bytes (FH_ERR_LIMIT above).  */
fh_err fh_secret_from(struct fh_span s, struct fh_secret *out);

/* For the few functions that must see the bytes.  */
static inline struct fh_span fh_secret_span(const struct fh_secret *s)
{
	return fh_span_of(s->bytes, s->n);
}

/* Constant time in the content; lengths are public.  */
bool fh_secret_equal(struct fh_span a, struct fh_span b);

/* Wipes N bytes at P; the compiler may not remove it.  */
void fh_wipe(void *p, size_t n);

/* Wipes *S; a zeroed one and a second call are fine.  */
void fh_secret_drop(struct fh_secret *s);

#endif
