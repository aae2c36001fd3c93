/* SPDX-License-Identifier: Apache-2.0 */
/* Where a verification goes on that ended before: behind the last entry that it was of.  Of the
 * segment in which that lies the frames are passed over by what they say of themselves; the root of
 * the batch that ends there has to be the one that was verified.  docs/spec/SAVED.  */
#include "verify/record_private.h"

uint64_t fh_record_check_next(const struct fh_record_check *c)
{
	return c->since > 0 && !c->resumed ? c->options.saved->number[FH_SAVED_SEGMENT]
					   : c->tree.size;
}

/* What is passed over; each says what is wrong with a frame, or *FOUND: it is the last one.  */
struct passing {
	struct fh_record_check *c;
	bool found;
};

static void refuse(struct passing *p, const char *code, const char *what)
{
	fh_trace_what(fh_record_refuse(p->c, code), "%s", what);
}

static void rewritten(struct passing *p)
{
	refuse(p, "since-rewritten", "the record leads to another root than the one that was "
				     "verified: it was rewritten, or is another branch of it");
}

static void pass_head(struct passing *p, struct fh_span body)
{
	struct fh_record_check *c = p->c;
	struct fh_hash root = fh_tree_root(&c->tree);
	struct fh_segment_head h;

	if (fh_segment_head_read(body, &h) != FH_ERR_OK)
		refuse(p, "head", "the segment's head is malformed");
	else if (!fh_hash_equal(&h.chain_id, &c->chain_id)
		 || !fh_hash_equal(&h.device_id, &c->device_id))
		refuse(p, "since-other", "the record is another than the one that was verified");
	else if (h.first != c->segment_first)
		refuse(p, "order", "the segment is another than its name says");
	else if (h.first == c->since && !fh_hash_equal(&h.root, &root))
		rewritten(p);
	else
		p->found = h.first == c->since;
}

/* Payloads that were pruned since are counted, as the entry for that is of the whole segment.  */
static void count_stubs(struct fh_record_check *c, struct fh_batch *batch)
{
	struct fh_stored s;
	struct fh_sealed sealed;

	for (uint64_t i = batch->first; fh_batch_next(batch, &s) == FH_ERR_OK; i++) {
		if (fh_payload_is_sealed(s.payload)
		    && fh_sealed_read(s.payload, &sealed) == FH_ERR_OK && sealed.pruned)
			fh_stubs_add(&c->stubs, i, &sealed);
	}
}

static void pass_batch(struct passing *p, struct fh_span body)
{
	struct fh_record_check *c = p->c;
	struct fh_batch batch;

	if (fh_batch_read(body, &batch) != FH_ERR_OK)
		refuse(p, "batch", "the batch is malformed");
	else if (batch.size > c->since
		 || (batch.size == c->since && !fh_hash_equal(&batch.root, &c->least.at.root)))
		rewritten(p);
	else
		p->found = batch.size == c->since;
	if (!c->refused)
		count_stubs(c, &batch);
}

void fh_record_pass(struct fh_record_check *c, struct fh_cursor *cursor)
{
	struct passing p = { .c = c };
	const size_t n = cursor->rest.n;
	enum fh_segment_frame type = FH_SEGMENT_END;
	struct fh_span body;
	fh_err e = FH_ERR_OK;

	c->segment_first = fh_record_check_next(c);
	while (!p.found && !c->refused) {
		bool first = c->offset == 0;

		e = fh_segment_next(cursor, &type, &body);
		if (e != FH_ERR_OK || type == FH_SEGMENT_END)
			break;
		if (first != (type == FH_SEGMENT_HEAD))
			refuse(&p, "head", "the segment's head is not at its beginning");
		else if (type == FH_SEGMENT_HEAD)
			pass_head(&p, body);
		else if (type == FH_SEGMENT_BATCH)
			pass_batch(&p, body);
		c->offset = n - cursor->rest.n;
	}
	if (e != FH_ERR_OK && !c->refused)
		fh_trace_what(fh_record_refuse(c, e == FH_ERR_TORN ? "torn-tail" : "frame"),
			      "the segment cannot be followed to where it was verified before: %s",
			      fh_err_text(e));
	c->resumed = p.found;
	fh_record_answer_since(c);
}

size_t fh_record_check_passed(const struct fh_record_check *c, struct fh_span bytes)
{
	struct fh_cursor cursor = fh_cursor_of(bytes);
	enum fh_segment_frame type;
	struct fh_span body;
	struct fh_batch batch;
	uint64_t size = 0;
	size_t passed = 0;

	while (c->since > 0 && !c->resumed && size < c->since
	       && fh_segment_next(&cursor, &type, &body) == FH_ERR_OK && type != FH_SEGMENT_END) {
		if (type == FH_SEGMENT_BATCH && fh_batch_read(body, &batch) == FH_ERR_OK)
			size = batch.size;
		if (size <= c->since)
			passed = bytes.n - cursor.rest.n;
	}
	return passed;
}

void fh_record_answer_since(struct fh_record_check *c)
{
	if (c->since == 0 || c->resumed)
		return;
	if (!c->refused) {
		struct fh_trace *t = fh_record_refuse(c, "since-cut");

		fh_trace_what(t, "the record does not reach entry %llu, to which it was verified: "
				 "its end was cut off, or it was put back to an earlier one",
			      (unsigned long long)c->since);
		fh_trace_cure(t, "look for another copy of the record");
	}
	/* What was verified is of another record than the one that is here.  */
	c->counts = (struct fh_record_counts){ 0 };
	c->tree = (struct fh_tree){ 0 };
	c->covered = (struct fh_boundary){ .root = fh_tree_root(&c->tree) };
}
