/* SPDX-License-Identifier: Apache-2.0 */
/* What anchors say of a record: that it holds what was there when a block was made.  */
#include "verify/record_private.h"

constexpr uint64_t block_slack_ms = UINT64_C(2) * 60 * 60 * 1000; /* of a block's time */

/* What is wrong with an anchor, or not known of it; the first that fits.  */
enum trouble {
	OTHER_RECORD,
	REWRITTEN,
	CUT,
	BLOCK,
	BEFORE,
	UNREADABLE,
	CLOCK,
	PENDING,
	UNCHECKED,
	NONE,
};

static const struct {
	const char *code;
	bool refuses; /* authentic is no */
	const char *what, *cure;
} troubles[] = {
	[OTHER_RECORD] = { "anchor-other", true, "its checkpoint is one of another record",
			   "keep it beside that record" },
	[REWRITTEN] = { "anchor-rewritten", true,
			"the record leads to another root there: it was rewritten",
			"look for another copy of the record" },
	[CUT] = { "anchor-cut", true, "the record does not reach so far: its end was cut off",
		  "look for another copy of the record" },
	[BLOCK] = { "anchor-block", true, "its block has another Merkle root: the proof is false",
		    "if its block was replaced by another, anchor again and take this one away" },
	[BEFORE] = { "anchor-before", false, "what it is of was not read this time",
		     "verify the whole record once, with this anchor" },
	[UNREADABLE] = { "anchor-unreadable", false,
			 "its note cannot be read, or its proof cannot, or is of something else",
			 "copy both again, or take both away" },
	[CLOCK] = { "anchor-clock", false,
		    "its block is older than the record says that its last entry is: the machine's"
		    " clock was ahead", "" },
	[PENDING] = { "anchor-pending", false, "no block attests it yet",
		      "run `freehold record anchor --upgrade`" },
	[UNCHECKED] = { "anchor-unchecked", false,
			"no header at hand bears it out", "give --headers FILE" },
};

/* What A is of was not read; another verification may have asked about it.  */
static void recall(struct fh_recall *known, struct fh_anchor *a)
{
	struct fh_saved_point p;

	if (!a->noted || !fh_recall(known, a->size, &p))
		return;
	a->reached = true;
	a->equal = fh_hash_equal(&a->root, &p.root);
	a->lo_ms = p.lo_ms;
}

void fh_record_anchors_begin(struct fh_record_check *c)
{
	struct fh_recall known = fh_recall_begin(c);

	for (size_t i = 0; i < c->options.anchors; i++) {
		c->options.anchor[i].reached = c->options.anchor[i].equal = false;
		recall(&known, &c->options.anchor[i]);
	}
	fh_record_anchors_grown(c);
}

void fh_record_anchors_grown(struct fh_record_check *c)
{
	struct fh_hash root = { 0 };
	bool known = false;

	for (; c->anchors_passed < c->options.anchors; c->anchors_passed++) {
		struct fh_anchor *a = &c->options.anchor[c->anchors_passed];

		if (a->size > c->tree.size)
			return;
		if (!a->noted || a->size < c->since)
			continue;
		if (!known)
			root = fh_tree_root(&c->tree);
		known = true;
		a->reached = true;
		a->equal = fh_hash_equal(&a->root, &root);
		a->lo_ms = c->last.time.lo_ms;
	}
}

static bool is_ours(const struct fh_record_check *c, const struct fh_anchor *a)
{
	struct fh_hash ours = fh_hash_of(fh_span_of(c->origin, c->origin_n));

	return fh_hash_equal(&a->origin, &ours);
}

static enum trouble trouble_of(const struct fh_record_check *c, const struct fh_anchor *a)
{
	if (a->noted && c->origin_n > 0 && !is_ours(c, a))
		return OTHER_RECORD;
	if (a->reached && !a->equal)
		return REWRITTEN;
	if (a->noted && !a->reached && a->size < c->since)
		return a->state == FH_ANCHOR_CONTRADICTED ? BLOCK : BEFORE;
	/* Of a record that is wrong somewhere not all was read.  */
	if (a->noted && !a->reached && !c->refused)
		return CUT;
	switch (a->state) {
	case FH_ANCHOR_CONTRADICTED:
		return BLOCK;
	case FH_ANCHOR_UNREADABLE:
		return UNREADABLE;
	case FH_ANCHOR_UNSTAMPED:
	case FH_ANCHOR_PENDING:
		return PENDING;
	case FH_ANCHOR_UNCHECKED:
		return UNCHECKED;
	case FH_ANCHOR_HOLDS:
		break;
	}
	if (a->reached && a->lo_ms > UINT64_C(1000) * a->place.header.time + block_slack_ms)
		return CLOCK;
	return NONE;
}

/* Once for all N that have it, with the first of them.  */
static void say(struct fh_record_check *c, enum trouble x, size_t first, size_t n)
{
	const struct fh_anchor *a = &c->options.anchor[first];
	struct fh_trace *t = fh_finding_say(&c->finding, troubles[x].code);

	fh_trace_where(t, "anchor of %llu entries", (unsigned long long)a->size);
	if (n > 1)
		fh_trace_what(t, "%s (so are %zu more)", troubles[x].what, n - 1);
	else
		fh_trace_what(t, "%s", troubles[x].what);
	fh_trace_cure(t, "%s", troubles[x].cure);
	if (troubles[x].refuses)
		fh_finding_set(&c->finding, FH_AUTHENTIC, FH_ANSWER_NO);
}

void fh_record_answer_anchors(struct fh_record_check *c)
{
	size_t n[NONE + 1] = { 0 }, first[NONE + 1] = { 0 };

	for (size_t i = 0; i < c->options.anchors; i++) {
		const struct fh_anchor *a = &c->options.anchor[i];
		enum trouble x = trouble_of(c, a);

		if (n[x]++ == 0)
			first[x] = i;
		if ((x == NONE || x == CLOCK) && a->equal)
			c->dated = a;
	}
	for (int x = 0; x < NONE; x++) {
		if (n[x] > 0)
			say(c, (enum trouble)x, first[x], n[x]);
	}
	c->anchors_unreadable = n[UNREADABLE] + n[BEFORE] > 0;
}
