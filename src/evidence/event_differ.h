/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_EVIDENCE_EVENT_DIFFER_H
#define FH_EVIDENCE_EVENT_DIFFER_H

#include "evidence/event_log.h"

/* Where one boot measured something else than another: for people, since neither log is
 * quoted here.  */

struct fh_event_difference {
	struct fh_event event; /* looks into the log that it is of */
	bool gone;             /* it is of BEFORE, and NOW has nothing in its place */
};

/* The first measurement of PCR in which the log NOW is other than BEFORE, by their SHA-256
 * digests; false if there is none, or a log cannot be read that far.  */
bool fh_event_differ(struct fh_span before, struct fh_span now, uint32_t pcr,
		     struct fh_event_difference *out);

#endif
