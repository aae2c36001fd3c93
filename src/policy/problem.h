/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_PROBLEM_H
#define FH_POLICY_PROBLEM_H

#include "base/arena.h"
#include "base/trace.h"

/* All that is wrong with a document, for whoever has to correct it.  Whoever only asks
 * whether it is right passes NULL, and the first problem ends the check.  */

struct fh_problem {
	fh_err e;
	struct fh_trace why;
};

constexpr size_t FH_PROBLEMS_MAX = 100; /* told of one document; more are counted */

struct fh_problems {
	struct fh_problem *list;
	size_t n;
	size_t total;            /* found; may be more */
};

/* Begins an empty list whose memory is A's.  FH_ERR_NOMEM.  */
fh_err fh_problems_begin(struct fh_problems *p, struct fh_arena *a);

/* What becomes of the refusal E, of which T says why: FH_ERR_OK if P holds it now, so that
 * the check can go on.  E itself if P is NULL, or nothing can be checked any more
 * (FH_ERR_NOMEM).  FH_ERR_OK is passed through.  What is held already is not held twice.  */
fh_err fh_problems_note(struct fh_problems *p, fh_err e, const struct fh_trace *t);

/* Puts them in the order of the texts: schema, policies, entities.  */
void fh_problems_sort(struct fh_problems *p);

#endif
