/* SPDX-License-Identifier: Apache-2.0 */
/* Stubs: that a shred entry ended each key that one names, and a prune entry behind its segment was
 * signed for just these.  Which came first in the life of the machine is not seen from a record: of
 * the three only the stub was not there before.  docs/spec/LEAF, "Prune".  */
#include "verify/record_private.h"

fh_err fh_record_pruned_begin(struct fh_record_check *c)
{
	c->pruned = fh_arena_space(c->memory.own, FH_RECORD_PRUNED_MAX * sizeof(*c->pruned));
	fh_stubs_begin(&c->stubs);
	return c->pruned == nullptr ? FH_ERR_NOMEM : FH_ERR_OK;
}

void fh_record_stub_add(struct fh_record_check *c, const struct fh_record_entry *entry)
{
	struct fh_sealed s;

	if (fh_sealed_read(entry->payload, &s) == FH_ERR_OK) /* it was read so before */
		fh_stubs_add(&c->stubs, entry->leaf.index, &s);
}

void fh_record_pruned_end_segment(struct fh_record_check *c)
{
	if (c->stubs.n == 0)
		return;
	if (c->pruned_n == FH_RECORD_PRUNED_MAX)
		c->pruned_lost = true; /* no honest device prunes so many */
	else
		c->pruned[c->pruned_n++] = (struct fh_record_pruned){
			.first = c->segment_first, .end = c->tree.size,
			.stubs = fh_stubs_sum(&c->stubs) };
	fh_stubs_begin(&c->stubs);
}

/* The segment that begins with FIRST, if it holds stubs.  */
static struct fh_record_pruned *segment_of(struct fh_record_check *c, uint64_t first)
{
	size_t from = 0, to = c->pruned_n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (c->pruned[middle].first < first)
			from = middle + 1;
		else
			to = middle;
	}
	return from < c->pruned_n && c->pruned[from].first == first ? &c->pruned[from] : nullptr;
}

void fh_record_prune_check(struct fh_record_check *c, const struct fh_record_entry *entry)
{
	const char *what = nullptr;
	struct fh_prune p;

	if (fh_prune_of_payload(entry->payload, &p) != FH_ERR_OK)
		what = "the entry does not say what was pruned";
	else if (p.end > entry->leaf.index)
		what = "it speaks of entries behind it";
	else if (c->fold_period == FH_FOLD_PERIOD_FIRST || p.state > c->fold_period)
		what = "no state entry there carries the fold";
	else if (fh_chain_holds_all(&c->chain))
		what = "something is pruned although everything is held";
	if (what != nullptr) {
		fh_trace_what(fh_record_refuse(c, "prune"), "%s", what);
		return;
	}
	struct fh_record_pruned *s = segment_of(c, p.first);

	/* Others are of before more was pruned there, or of what was never done.  */
	if (s != nullptr && fh_prune_covers(&p, s->first, s->end, &s->stubs))
		s->covered = true;
}

/* --- at the end ---------------------------------------------------------- */

static void take_first(uint64_t *first, uint64_t index)
{
	if (index < *first)
		*first = index;
}

/* The first stub for which an entry is wanting, and what kind of entry; false: there is none.  */
static bool find_unexplained(const struct fh_record_check *c, uint64_t *index, const char **lacks)
{
	uint64_t unpruned = UINT64_MAX, unshredded = UINT64_MAX;

	for (size_t i = 0; i < c->pruned_n; i++) {
		if (!c->pruned[i].covered)
			take_first(&unpruned, c->pruned[i].stubs.first);
	}
	for (size_t i = 0; i < FH_RECORD_KEY_PLACES; i++) {
		if (c->key[i].entries > 0 && c->key[i].stubs > 0)
			take_first(&unshredded, c->key[i].stub);
	}
	*index = unshredded <= unpruned ? unshredded : unpruned;
	*lacks = unshredded <= unpruned ? "no shred entry ended all its keys"
					: "no prune entry says so of its segment";
	return *index != UINT64_MAX;
}

void fh_record_answer_pruned(struct fh_record_check *c)
{
	const char *lacks;
	uint64_t index;
	bool found = find_unexplained(c, &index, &lacks);

	bool lost = c->pruned_lost || (c->pruned_n > 0 && c->keys_lost);

	if (c->refused || (!found && !lost))
		return;
	if (found)
		fh_finding_set(&c->finding, FH_AUTHENTIC, FH_ANSWER_NO);
	else if (fh_finding_answer(&c->finding, FH_AUTHENTIC) == FH_ANSWER_YES)
		fh_finding_set(&c->finding, FH_AUTHENTIC, FH_ANSWER_UNCHECKED);
	struct fh_trace *t = fh_finding_say(&c->finding, "missing");

	if (!found) {
		fh_trace_where(t, "authentic");
		fh_trace_what(t, "whether what was pruned was shredded before is not known: there "
			      "are too many segments or keys");
		return;
	}
	fh_trace_where(t, "entry %llu", (unsigned long long)index);
	fh_trace_what(t, "its payload is missing: it is stored as pruned, and %s", lacks);
	fh_trace_cure(t, "look for another copy of the record");
}
