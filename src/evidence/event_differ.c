/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/event_differ.h"

/* The next record that extends PCR; false at the end, of which LOG->rest.why tells
 * whether it is one.  */
static bool next_of(struct fh_event_log *log, uint32_t pcr, struct fh_event *out)
{
	while (fh_event_log_next(log, out)) {
		if (out->pcr == pcr && out->type != FH_EV_NO_ACTION)
			return true;
	}
	return false;
}

bool fh_event_differ(struct fh_span before, struct fh_span now, uint32_t pcr,
		     struct fh_event_difference *out)
{
	struct fh_event_log old, new;
	struct fh_event was, is;

	if (fh_event_log_open(before, &old, /* trace: */ nullptr) != FH_ERR_OK
	    || fh_event_log_open(now, &new, /* trace: */ nullptr) != FH_ERR_OK)
		return false;
	for (;;) {
		bool had = next_of(&old, pcr, &was), has = next_of(&new, pcr, &is);

		if (fh_cursor_bad(&old.rest) || fh_cursor_bad(&new.rest) || (!had && !has))
			return false;
		if (had && has && fh_span_equal(fh_event_digest(&was, FH_BANK_SHA256),
						fh_event_digest(&is, FH_BANK_SHA256)))
			continue;
		*out = (struct fh_event_difference){ has ? is : was, !has };
		return true;
	}
}
