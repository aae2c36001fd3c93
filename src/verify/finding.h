/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_VERIFY_FINDING_H
#define FH_VERIFY_FINDING_H

#include "base/trace.h"
#include "chain/body.h"
#include "entry/grade.h"
#include "freehold/verdict.h"

/* What a verifier found: four separate answers, a grade, and why.  All verbs of
 * `verify` fill one of these and end with fh_finding_settle().  Zeroed memory
 * answers no to everything.  docs/spec/VERDICT.  */

constexpr size_t FH_REASONS_MAX = 16; /* reasons kept; the first ones matter most */

/* The four answers, as bits of what a caller requires.  */
enum fh_aspect {
	FH_AUTHENTIC = 1 << 0, /* signatures, hashes and order are right */
	FH_FRESH = 1 << 1,     /* made for this question, now */
	FH_ENROLLED = 1 << 2,  /* by a device of the chain with the given genesis hash */
	FH_ACCEPTED = 1 << 3,  /* in a state that the operator signed for */
};
constexpr int FH_QUESTIONS = 4;

/* "authentic", ... of question number I, 0 to FH_QUESTIONS - 1.  */
const char *fh_question_text(int i);
/* The bit for TEXT; FH_ERR_UNKNOWN.  */
fh_err fh_question_parse(struct fh_span text, enum fh_aspect *out);

/* Weaknesses that make a verdict no unless the caller allows them by name.  */
enum fh_weakness {
	FH_WEAK_NONE = 1 << 0,       /* grade none */
	FH_WEAK_SIMULATED = 1 << 1,  /* grade simulated */
	FH_WEAK_CO_LOCATED = 1 << 2, /* the operator key lies on the governed machine */
	FH_WEAK_FIRMWARE = 1 << 3,   /* the TPM's firmware is known to give keys away */
};
/* "none", "simulated", "co-located" or "weak-firmware"; FH_ERR_UNKNOWN for another text.  */
fh_err fh_weakness_parse(struct fh_span text, enum fh_weakness *out);

/* One of the grounds of an answer.  */
struct fh_grounds {
	const char *code;    /* stable, for programs; static */
	struct fh_trace why; /* where, what and what to do, for people */
};

struct fh_finding {
	enum fh_answer answer[FH_QUESTIONS]; /* in the order of enum fh_aspect */
	bool graded;                 /* the grade is known */
	enum fh_grade grade;         /* the weakest key seen */
	bool placed;                 /* the placement is known */
	enum fh_placement placement; /* of the operator key */
	bool weak_firmware;          /* of the TPM; a reason says which and why */
	struct fh_grounds reason[FH_REASONS_MAX];
	size_t reasons;
	uint64_t more;               /* reasons that did not fit */
};

/* Everything unchecked, nothing said yet.  */
void fh_finding_begin(struct fh_finding *f);

/* Adds a reason and returns where to write it, or NULL when there is no room
 * (the fh_trace functions take that).  */
struct fh_trace *fh_finding_say(struct fh_finding *f, const char *code);

/* Adds a reason for which there is a text already.  */
void fh_finding_say_why(struct fh_finding *f, const char *code, const struct fh_trace *why);

/* Says why `fresh` stays unchecked for WHAT ("a record"), which is static.  */
void fh_finding_say_static(struct fh_finding *f, const char *what);

/* F's answer to Q.  */
enum fh_answer fh_finding_answer(const struct fh_finding *f, enum fh_aspect q);
void fh_finding_set(struct fh_finding *f, enum fh_aspect q, enum fh_answer a);

/* What two answers come to that are both needed: a no of either is a no.  */
static inline enum fh_answer fh_answer_both(enum fh_answer a, enum fh_answer b)
{
	return a < b ? a : b;
}

/* The verdict: no if any answer is no, or if F has a weakness that ALLOWED does
 * not hold (a reason `grade` says which); otherwise unchecked if one of the
 * REQUIRED answers is; otherwise yes.  */
enum fh_answer fh_finding_settle(struct fh_finding *f, unsigned required, unsigned allowed);

#endif
