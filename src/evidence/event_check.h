/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_EVIDENCE_EVENT_CHECK_H
#define FH_EVIDENCE_EVENT_CHECK_H

#include "evidence/event_log.h"

/* What is wrong with a log beyond its form.  A record's type is what its writer says,
 * and covered by no digest: where the type defines what was digested, that is
 * compared; and what ends the firmware's measurements must stand exactly once in each
 * of its PCRs, under its own type.  Findings are for a policy to judge: a log with
 * findings may still lead to what was quoted.  */

#define FH_EVENT_FINDING_LIST(X)                                                            \
	X(TYPE, "event-type", "its type is none that the profile knows")                    \
	X(DATA, "event-data", "its data is not what its type demands")                      \
	X(DIGEST, "event-digest", "its digest is not of its data, though its type says so") \
	X(NO_ACTION, "no-action-digest", "it extends nothing and yet has a digest")         \
	X(SEPARATOR_ERROR, "separator-error", "the firmware told of an error")              \
	X(SEPARATOR_AGAIN, "separator-again", "its PCR has a separator already")            \
	X(SEPARATOR_HIDDEN, "separator-hidden", "it has the digest of a separator") \
	X(AFTER_SEPARATOR, "after-separator", "it belongs before the separator") \
	X(LOCALITY, "startup-locality", "it is too late, or no possible locality")

enum fh_event_finding {
#define FH_EVENT_FINDING_ROW(name, code, text) FH_EVENT_##name,
	FH_EVENT_FINDING_LIST(FH_EVENT_FINDING_ROW)
#undef FH_EVENT_FINDING_ROW
	FH_EVENT_FINDINGS
};

/* Stable, for programs; and for people.  */
const char *fh_event_finding_code(enum fh_event_finding f);
const char *fh_event_finding_text(enum fh_event_finding f);

/* What was seen so far.  Zero-initialised before the first record.  */
struct fh_event_check {
	uint32_t extended;   /* bit I: PCR I was extended */
	uint32_t separators; /* bit I: PCR I has a right separator */
	bool exit_called;    /* "Exit Boot Services Invocation" was measured into PCR 5 ... */
	bool exit_returned;  /* ... and that it returned with success */
	uint32_t findings;   /* all of them */
	struct fh_event_separator {
		enum fh_bank bank;           /* FH_BANK_NONE: not computed yet */
		struct fh_digest zeros, ones; /* the digests of 00000000 and of ffffffff */
	} separator[FH_EVENT_ALGORITHMS_MAX]; /* by a record's digests */
};

constexpr uint32_t FH_EVENT_FIRMWARE_PCRS = 0xff; /* 0 to 7: each needs a separator */

/* What is wrong with E, the next record: bit I is finding I.  */
uint32_t fh_event_check(struct fh_event_check *c, const struct fh_event *e);

#endif
