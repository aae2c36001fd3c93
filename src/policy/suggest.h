/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_POLICY_SUGGEST_H
#define FH_POLICY_SUGGEST_H

#include "base/span.h"

/* Finds the name somebody probably meant: offer each candidate, then ask.  */
struct fh_suggestion {
	struct fh_span asked; /* what was written */
	struct fh_span best;  /* the nearest candidate; empty if none is near */
	size_t distance;      /* letters to change, insert or delete */
};

static inline struct fh_suggestion fh_suggestion_for(struct fh_span asked)
{
	return (struct fh_suggestion){ asked, { 0 }, SIZE_MAX };
}

/* Keeps NAME if it is near, and nearer than what is held.  Names above 64 bytes
 * are not compared.  */
void fh_suggestion_offer(struct fh_suggestion *s, struct fh_span name);

#endif
