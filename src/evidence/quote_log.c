/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/quote.h"

#include "evidence/event_check.h"

/* Findings that are lies, or hide one.  A type that the profile does not know, an
 * image's path that cannot be read, and an error that the firmware told of are what
 * real machines have.  */
constexpr uint32_t lies = 1U << FH_EVENT_DIGEST | 1U << FH_EVENT_NO_ACTION |
			  1U << FH_EVENT_SEPARATOR_AGAIN | 1U << FH_EVENT_SEPARATOR_HIDDEN |
			  1U << FH_EVENT_AFTER_SEPARATOR | 1U << FH_EVENT_LOCALITY;

/* VALUE is what a reset leaves in PCR.  */
static bool is_reset(enum fh_bank bank, unsigned pcr, struct fh_span value)
{
	struct fh_digest reset = fh_event_reset(bank, pcr);

	return fh_span_equal(value, fh_digest_span(&reset));
}

uint32_t fh_quote_untouched(const struct fh_quote_result *r, const struct fh_pcr_values *pcrs)
{
	uint32_t untouched = 0;

	for (unsigned pcr = 0; pcr < FH_PCRS_MAX; pcr++) {
		uint32_t bit = r->mask & FH_EVENT_FIRMWARE_PCRS & 1U << pcr;

		if (bit != 0 && is_reset(r->bank, pcr, fh_pcr_values_find(pcrs, r->bank, pcr)))
			untouched |= bit;
	}
	return untouched;
}

static void check_pcr(const struct fh_quote_replay *log, unsigned pcr, struct fh_span value,
		      struct fh_quote_result *r)
{
	enum fh_quote_check c = FH_QUOTE_LOG;
	const char *what = "the events of the log lead to another value";

	if ((log->events & 1U << pcr) != 0) {
		if (fh_span_equal(fh_digest_span(&log->value[pcr]), value))
			return;
	} else {
		bool untouched = is_reset(r->bank, pcr, value);

		if (untouched && (FH_EVENT_FIRMWARE_PCRS & 1U << pcr) == 0)
			return;
		c = FH_QUOTE_RESET;
		what = untouched ? "the log has no event of it, though every firmware measures"
				   " into it"
				 : "no event of the log explains its value";
	}
	if (r->answer[c] == FH_ANSWER_NO)
		return; /* the first is named */
	struct fh_trace *t = &r->why[c];

	r->answer[c] = FH_ANSWER_NO;
	fh_trace_where(t, "PCR %u", pcr);
	fh_trace_what(t, "%s", what);
	if (c == FH_QUOTE_RESET)
		fh_trace_cure(t, "give the log of what is extended into it, or quote without it");
}

void fh_quote_check_log(const struct fh_quote_replay *log, const struct fh_pcr_values *pcrs,
			struct fh_quote_result *r)
{
	if (r->answer[FH_QUOTE_BANK] != FH_ANSWER_YES ||
	    r->answer[FH_QUOTE_DIGEST] != FH_ANSWER_YES)
		return;
	r->answer[FH_QUOTE_LOG] = FH_ANSWER_YES;
	r->answer[FH_QUOTE_RESET] = FH_ANSWER_YES;
	for (unsigned pcr = 0; pcr < FH_PCRS_MAX; pcr++) {
		if ((r->mask & 1U << pcr) != 0)
			check_pcr(log, pcr, fh_pcr_values_find(pcrs, r->bank, pcr), r);
	}
}

/* What E says that its digests deny, or 0.  */
static uint32_t lies_in(struct fh_event_check *c, const struct fh_event *e)
{
	uint32_t found = fh_event_check(c, e);
	bool image = e->type == FH_EV_EFI_BOOT_SERVICES_APPLICATION ||
		     e->type == FH_EV_EFI_BOOT_SERVICES_DRIVER ||
		     e->type == FH_EV_EFI_RUNTIME_SERVICES_DRIVER;

	return found & (image ? lies : lies | 1U << FH_EVENT_DATA);
}

void fh_quote_check_events(struct fh_span file, struct fh_quote_result *r)
{
	struct fh_trace *t = &r->why[FH_QUOTE_EVENTS];
	struct fh_event_check check = { 0 };
	struct fh_event_log log;
	struct fh_event e;

	if (r->answer[FH_QUOTE_LOG] != FH_ANSWER_YES ||
	    fh_event_log_open(file, &log, nullptr) != FH_ERR_OK)
		return;
	r->answer[FH_QUOTE_EVENTS] = FH_ANSWER_YES;
	while (fh_event_log_next(&log, &e)) {
		uint32_t found = lies_in(&check, &e);
		const char *type = fh_event_type_name(e.type);

		if (found == 0)
			continue;
		r->answer[FH_QUOTE_EVENTS] = FH_ANSWER_NO;
		fh_trace_where(t, "event %zu (PCR %u, %s)", e.number, e.pcr,
			       type != nullptr ? type : "unknown type");
		fh_trace_what(t, "%s", fh_event_finding_text(
			      (enum fh_event_finding)__builtin_ctz(found)));
		return;
	}
}
