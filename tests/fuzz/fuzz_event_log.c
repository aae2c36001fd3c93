/* SPDX-License-Identifier: Apache-2.0 */
/* What is replayed is replayed the same from each bank alone, all that is read lies
 * inside the log, and what is said of it can be shown to people.  */
#include "base/utf8.h"
#include "evidence/event_check.h"
#include "evidence/event_describe.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void compare(struct fh_span file, const struct fh_event_bank *b, uint32_t events)
{
	struct fh_event_replay one;

	if (fh_event_log_replay(file, b->bank, &one, nullptr) != FH_ERR_OK ||
	    one.events != events || one.banks != 1)
		abort();
	for (size_t pcr = 0; pcr < FH_PCRS_MAX; pcr++) {
		if (!fh_span_equal(fh_digest_span(&b->value[pcr]),
				   fh_digest_span(&one.bank[0].value[pcr])))
			abort();
	}
}

static void describe(const struct fh_event *e)
{
	uint8_t room[FH_EVENT_TEXT_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(room);

	fh_event_describe(e, &b);
	if (b.bad || !fh_utf8_valid(fh_builder_span(&b)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct fh_event_check check = { 0 };
	struct fh_span file = fh_span_of(bytes, n);
	struct fh_event_replay r;
	struct fh_event_log log;
	struct fh_event e;
	size_t used = 0;

	if (fh_event_log_replay(file, FH_BANK_NONE, &r, nullptr) != FH_ERR_OK)
		return 0;
	for (size_t i = 0; i < r.banks; i++)
		compare(file, &r.bank[i], r.events);
	if (fh_event_log_open(file, &log, nullptr) != FH_ERR_OK)
		abort();
	while (fh_event_log_next(&log, &e)) {
		used += e.data.n;
		describe(&e);
		(void)fh_event_check(&check, &e);
	}
	if (check.extended != r.events)
		abort();
	if (log.rest.why != FH_ERR_OK || log.number != r.records || used > n)
		abort();
	return 0;
}
