/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/event_log.h"

#include <string.h>

constexpr unsigned drtm_first = 17;
constexpr unsigned drtm_last = 22;

struct fh_digest fh_event_reset(enum fh_bank bank, unsigned pcr)
{
	struct fh_digest d = fh_bank_reset(bank);

	if (pcr >= drtm_first && pcr <= drtm_last)
		memset(d.bytes, 0xff, d.n);
	return d;
}

const struct fh_event_bank *fh_event_replay_bank(const struct fh_event_replay *r,
						 enum fh_bank bank)
{
	for (size_t i = 0; i < r->banks; i++) {
		if (r->bank[i].bank == bank)
			return &r->bank[i];
	}
	return nullptr;
}

static void begin_banks(const struct fh_event_log *log, enum fh_bank only,
			struct fh_event_replay *r)
{
	for (size_t i = 0; i < log->algorithms; i++) {
		enum fh_bank bank = (enum fh_bank)log->algorithm[i].id;

		if (only != FH_BANK_NONE && bank != only)
			continue;
		if (!fh_bank_available(bank)) {
			r->unchecked_bank[r->unchecked++] = bank;
			continue;
		}
		struct fh_event_bank *b = &r->bank[r->banks++];

		b->bank = bank;
		for (unsigned pcr = 0; pcr < FH_PCRS_MAX; pcr++)
			b->value[pcr] = fh_event_reset(bank, pcr);
		if (r->locality)
			b->value[0].bytes[b->value[0].n - 1] = r->first;
	}
}

/* What PCR 0 was at first is known.  *LATE: it was extended before that.  */
static void set_first(struct fh_event_replay *r, uint8_t first, bool *late)
{
	r->locality = true;
	r->first = first;
	*late = (r->events & 1U) != 0;
	for (size_t i = 0; i < r->banks; i++)
		r->bank[i].value[0].bytes[r->bank[i].value[0].n - 1] = first;
}

/* E, if it tells what PCR 0 was at first.  Two that differ are a contradiction, unless
 * hardware settles it.  */
static fh_err note_first(const struct fh_event_log *log, const struct fh_event *e,
			 struct fh_event_replay *r, bool *late)
{
	uint8_t first;

	if (fh_event_is_hcrtm(e) && !r->hcrtm) {
		r->hcrtm = true;
		if (!r->locality || r->first != FH_EVENT_HCRTM_FIRST)
			set_first(r, FH_EVENT_HCRTM_FIRST, late);
		return FH_ERR_OK;
	}
	if (r->hcrtm || !fh_event_startup_locality(e, &first) || (r->locality && r->first == first))
		return FH_ERR_OK;
	if (r->locality) {
		fh_trace_where(log->t, "event %zu", e->number);
		fh_trace_what(log->t, "it contradicts a StartupLocality before it");
		fh_trace_cure(log->t, "do not believe the log");
		return FH_ERR_CONFLICT;
	}
	set_first(r, first, late);
	return FH_ERR_OK;
}

static void extend(struct fh_event_replay *r, const struct fh_event *e)
{
	for (size_t i = 0; i < r->banks; i++) {
		struct fh_event_bank *b = &r->bank[i];

		fh_bank_extend(b->bank, &b->value[e->pcr], fh_event_digest(e, b->bank));
	}
	r->count[e->pcr]++;
	r->events |= 1U << e->pcr;
}

/* From the first record to the last; R has its banks.  */
static fh_err follow(struct fh_event_log log, struct fh_event_replay *r, bool *late)
{
	struct fh_event e;

	for (; fh_event_log_next(&log, &e); r->records++) {
		fh_err why = note_first(&log, &e, r, late);

		if (why != FH_ERR_OK)
			return why;
		if (e.type != FH_EV_NO_ACTION)
			extend(r, &e);
	}
	return log.rest.why;
}

/* Why R has no bank to begin with: the log has none that was asked for, or it cannot be
 * checked.  */
static fh_err refuse_banks(const struct fh_event_replay *r, struct fh_trace *t)
{
	if (r->unchecked == 0) {
		fh_trace_what(t, "the log has no digests of a bank that can be replayed");
		fh_trace_cure(t, "let the firmware measure into SHA-256");
		return FH_ERR_MISSING;
	}
	fh_trace_what(t, "where it leads in %s cannot be checked: OpenSSL has no such hash here",
		      fh_bank_name(r->unchecked_bank[0]));
	fh_trace_cure(t, "use an OpenSSL that has it, or let the firmware measure into SHA-256");
	return FH_ERR_UNSUPPORTED;
}

/* Each value was computed to the end.  */
static bool is_whole(const struct fh_event_replay *r)
{
	for (size_t i = 0; i < r->banks; i++) {
		for (unsigned pcr = 0; pcr < FH_PCRS_MAX; pcr++) {
			if (r->bank[i].value[pcr].n == 0)
				return false;
		}
	}
	return true;
}

fh_err fh_event_log_replay(struct fh_span file, enum fh_bank only, struct fh_event_replay *out,
			   struct fh_trace *t)
{
	struct fh_event_replay r = { 0 };
	struct fh_event_log log;
	bool late = false;
	fh_err why = fh_event_log_open(file, &log, t);

	if (why != FH_ERR_OK)
		return why;
	begin_banks(&log, only, &r);
	if (r.banks == 0)
		return refuse_banks(&r, t);
	why = follow(log, &r, &late);
	if (why == FH_ERR_OK && late) { /* once more, from that value */
		r = (struct fh_event_replay){ .locality = true, .first = r.first,
					      .hcrtm = r.hcrtm };
		begin_banks(&log, only, &r);
		why = follow(log, &r, &late);
	}
	if (why == FH_ERR_OK && !is_whole(&r)) {
		fh_trace_what(t, "OpenSSL failed while the log was replayed");
		why = FH_ERR_CRYPTO;
	}
	if (why == FH_ERR_OK)
		*out = r;
	return why;
}
