/* SPDX-License-Identifier: Apache-2.0 */
/* Logs that go on after a quote was taken, of IMA and of systemd: a beginning of each has to
 * lead from where the firmware's log did to the quoted values of the PCRs it extends.  */
#include "evidence/event_log.h"
#include "evidence/ima.h"
#include "evidence/quote.h"
#include "evidence/userspace.h"

struct late {
	enum fh_quote_check check;
	const char *name;                  /* for people */
	void *log;
	struct fh_span file;
	enum fh_bank bank;
	enum fh_ima_padding padding;       /* of IMA */
	fh_err (*open)(struct late *l, struct fh_trace *t);
	/* What the next record extends, and what it says that its digest denies, or NULL;
	 * false at the end or when malformed, and then WHY says so.  */
	bool (*next)(struct late *l, unsigned *pcr, struct fh_digest *d, const char **lie);
	fh_err (*why)(const struct late *l);
};

static void refuse(const struct late *l, struct fh_quote_result *r, const char *what)
{
	r->answer[l->check] = FH_ANSWER_NO;
	fh_trace_where(&r->why[l->check], "%s", l->name);
	fh_trace_what(&r->why[l->check], "%s", what);
}

/* The PCRs that L extends.  */
static fh_err extended(struct late *l, uint32_t *mask, struct fh_trace *t)
{
	fh_err e = l->open(l, t);
	struct fh_digest d;
	const char *lie;
	unsigned pcr;

	*mask = 0;
	while (e == FH_ERR_OK && l->next(l, &pcr, &d, &lie)) {
		if (pcr >= FH_PCRS_MAX)
			return FH_ERR_FORMAT;
		*mask |= 1U << pcr;
	}
	return e == FH_ERR_OK ? l->why(l) : e;
}

/* The PCRs of MASK are at their quoted values.  */
static bool arrived(const struct fh_quote_replay *log, uint32_t mask,
		    const struct fh_pcr_values *pcrs, enum fh_bank bank)
{
	for (; mask != 0; mask &= mask - 1) {
		unsigned pcr = (unsigned)__builtin_ctz(mask);

		if (!fh_span_equal(fh_digest_span(&log->value[pcr]),
				   fh_pcr_values_find(pcrs, bank, pcr)))
			return false;
	}
	return true;
}

/* From where the firmware's log led, or a reset.  */
static struct fh_quote_replay begin(const struct fh_quote_replay *log, uint32_t mask,
				    enum fh_bank bank)
{
	struct fh_quote_replay r = *log;

	for (unsigned pcr = 0; pcr < FH_PCRS_MAX; pcr++) {
		if ((mask & ~log->events & 1U << pcr) != 0)
			r.value[pcr] = fh_event_reset(bank, pcr);
	}
	r.events |= mask;
	return r;
}

/* Goes on with L until the PCRs of MASK are as quoted.  */
static void walk(struct late *l, uint32_t mask, const struct fh_pcr_values *pcrs,
		 struct fh_quote_replay *log, struct fh_quote_result *r, size_t *entries)
{
	struct fh_quote_replay at = begin(log, mask, r->bank);
	bool there = arrived(&at, mask, pcrs, r->bank);
	fh_err e = l->open(l, nullptr);
	const char *lie = nullptr;
	struct fh_digest d;
	unsigned pcr;

	while (e == FH_ERR_OK && !there && lie == nullptr && l->next(l, &pcr, &d, &lie)) {
		++*entries;
		if ((mask & 1U << pcr) == 0)
			continue;
		fh_bank_extend(r->bank, &at.value[pcr], fh_digest_span(&d));
		there = arrived(&at, mask, pcrs, r->bank);
	}
	if (lie != nullptr) {
		refuse(l, r, lie);
	} else if (!there) {
		refuse(l, r, "no beginning of it leads to the quoted values");
	} else {
		r->answer[l->check] = FH_ANSWER_YES;
		*log = at;
	}
}

static void follow(struct late *l, const struct fh_pcr_values *pcrs, struct fh_quote_replay *log,
		   struct fh_quote_result *r, size_t *entries)
{
	struct fh_trace t = { 0 };
	uint32_t mask;

	*entries = 0;
	if (r->answer[FH_QUOTE_BANK] != FH_ANSWER_YES ||
	    r->answer[FH_QUOTE_DIGEST] != FH_ANSWER_YES)
		return;
	l->bank = r->bank;
	if (extended(l, &mask, &t) != FH_ERR_OK)
		refuse(l, r, t.what[0] != '\0' ? t.what : "cannot be read");
	else if ((mask & r->mask) == 0)
		refuse(l, r, "extends no PCR that was quoted, so nothing vouches for it");
	else
		walk(l, mask & r->mask, pcrs, log, r, entries);
}

/* --- IMA ------------------------------------------------------------------ */

static fh_err ima_open(struct late *l, struct fh_trace *t)
{
	return fh_ima_open(l->file, l->log, t);
}

static bool ima_next(struct late *l, unsigned *pcr, struct fh_digest *d, const char **lie)
{
	struct fh_ima_entry e;

	*lie = nullptr;
	do {
		if (!fh_ima_next(l->log, &e))
			return false;
	} while (e.pcr >= FH_PCRS_MAX);
	*pcr = e.pcr;
	*d = fh_ima_digest(&e, l->bank, l->padding);
	return true;
}

/* Why no beginning leads there: perhaps the kernel is of before 5.8.  */
static void say_padded(struct late *l, const struct fh_pcr_values *pcrs,
		       struct fh_quote_replay log, struct fh_quote_result *r)
{
	struct fh_quote_result other = *r;
	size_t entries;

	l->padding = FH_IMA_PADDED;
	other.answer[l->check] = FH_ANSWER_UNCHECKED;
	follow(l, pcrs, &log, &other, &entries);
	if (other.answer[l->check] != FH_ANSWER_YES)
		return;
	refuse(l, r, "was extended as SHA-1 digests with zeros behind them, which prove nothing");
	fh_trace_cure(&r->why[l->check], "start Linux 5.8 or later");
}

static fh_err ima_why(const struct late *l)
{
	const struct fh_ima_log *log = l->log;

	return log->rest.why;
}

fh_err fh_quote_follow_ima(struct fh_span file, const struct fh_pcr_values *pcrs,
			   struct fh_arena *scratch, struct fh_quote_replay *log,
			   struct fh_quote_result *r, size_t *entries)
{
	struct late l = { .check = FH_QUOTE_IMA, .name = "IMA's log", .file = file,
			  .log = fh_arena_space(scratch, sizeof(struct fh_ima_log)),
			  .open = ima_open, .next = ima_next, .why = ima_why };

	if (l.log == nullptr)
		return FH_ERR_NOMEM;
	follow(&l, pcrs, log, r, entries);
	if (r->answer[FH_QUOTE_IMA] == FH_ANSWER_NO)
		say_padded(&l, pcrs, *log, r);
	return FH_ERR_OK;
}

/* --- systemd -------------------------------------------------------------- */

static fh_err userspace_open(struct late *l, struct fh_trace *t)
{
	struct fh_userspace_log *log = l->log;

	return fh_userspace_open(l->file, log->scratch, log, t);
}

static bool userspace_next(struct late *l, unsigned *pcr, struct fh_digest *d, const char **lie)
{
	struct fh_userspace_log *log = l->log;
	struct fh_userspace_event e;

	*lie = nullptr;
	do {
		if (!fh_userspace_next(log, &e))
			return false;
	} while (e.elsewhere);
	*pcr = e.pcr;
	if (!fh_userspace_digest(&e, l->bank, d)) {
		fh_trace_what(log->t, "an event has no digest of the bank that was quoted");
		log->why = FH_ERR_MISSING;
		return false;
	}
	if (fh_userspace_says(&e) && !fh_userspace_is_right(&e, l->bank))
		*lie = "an event's text is not what was digested";
	return true;
}

static fh_err userspace_why(const struct late *l)
{
	const struct fh_userspace_log *log = l->log;

	return log->why;
}

fh_err fh_quote_follow_userspace(struct fh_span file, const struct fh_pcr_values *pcrs,
				 struct fh_arena *scratch, struct fh_quote_replay *log,
				 struct fh_quote_result *r, size_t *entries)
{
	struct fh_userspace_log reader = { .scratch = scratch };
	struct late l = { .check = FH_QUOTE_USERSPACE, .name = "systemd's log", .file = file,
			  .log = &reader, .open = userspace_open, .next = userspace_next,
			  .why = userspace_why };

	follow(&l, pcrs, log, r, entries);
	return reader.why == FH_ERR_NOMEM ? FH_ERR_NOMEM : FH_ERR_OK;
}
