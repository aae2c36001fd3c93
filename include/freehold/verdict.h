/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FREEHOLD_VERDICT_H
#define FREEHOLD_VERDICT_H

#include <stdint.h>

/* What a check concluded.  An error (fh_err) says that it could not conclude;
 * the two can never stand in for each other.  */

#ifdef __cplusplus
extern "C" {
#endif

/* All-zero memory means "no": a verdict nobody set, one from calloc() and a
 * wiped one all refuse.  It is a struct so that neither an fh_err nor an int
 * can stand in for it.  Only fh_verdict_settle() in policy/decision.c sets
 * the mark.  */
struct fh_verdict {
	uint32_t mark; /* FH_VERDICT_ALLOWS, or anything else for "no" */
};

#define FH_VERDICT_ALLOWS UINT32_C(0x3ca5965a)

/* 1 if V opens the door, 0 otherwise.  */
static inline int fh_allows(struct fh_verdict v)
{
	return v.mark == FH_VERDICT_ALLOWS;
}

/* One of the four answers about evidence (RFC 9334 appraisal, split).  Zero is
 * "no".  */
enum fh_answer {
	FH_ANSWER_NO = 0,        /* checked, and no */
	FH_ANSWER_UNCHECKED = 1, /* could not be checked with what was given */
	FH_ANSWER_YES = 2,       /* checked, and yes */
};

/* "no", "unchecked" or "yes"; an unknown value reads "no".  */
const char *fh_answer_text(enum fh_answer a);

#ifdef __cplusplus
}
#endif

#endif
