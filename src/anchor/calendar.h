/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ANCHOR_CALENDAR_H
#define FH_ANCHOR_CALENDAR_H

#include "crypto/hash.h"
#include "stamp/stamp.h"

/* Calendars of OpenTimestamps: servers that collect commitments and put one hash for
 * all of them into a block.  They learn a nonced hash and nothing else, and nothing
 * that they say is believed before it has been read as a proof of that hash.  */

constexpr size_t FH_CALENDAR_ANSWER_MAX = 10000; /* bytes; the reference's bound */

/* The calendars that may be asked: URLs, as the operator named them.  */
struct fh_calendars {
	const char *const *url;
	size_t n;
	const char *ca_file; /* whom they are trusted by: see fh_fetch */
};

/* URI is one of ALLOWED, an end slash aside.  */
bool fh_calendar_allowed(const struct fh_calendars *allowed, struct fh_span uri);

/* Hands AT's message to calendar I of ALLOWED and merges what it promises into AT.  */
fh_err fh_calendar_submit(const struct fh_calendars *allowed, size_t i, struct fh_stamp *at,
			  struct fh_arena *a, struct fh_trace *t);

/* Asks the calendar of the pending attestation CLAIM what became of it, and merges
 * that.  FH_ERR_MISSING if there is nothing new yet, FH_ERR_PERMISSION if it is none of
 * ALLOWED.  */
fh_err fh_calendar_upgrade(const struct fh_calendars *allowed, const struct fh_stamp_claim *claim,
			   struct fh_arena *a, struct fh_trace *t);

#endif
