/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/record_read.h"

#include <unistd.h>

#include "cli/progress.h"
#include "codec/cbor.h"

/* How far a reading is.  */
struct reading {
	const struct fh_record_visitor *v;
	struct fh_record_place *at;
	uint64_t here; /* the entry that must come: one of before, in a segment read anew */
	struct fh_progress bar;
	uint64_t before; /* bytes of the segments that were read */
};

/* The entries of one batch, of which those from the place on are visited.  */
static fh_err read_batch(struct fh_span body, struct reading *r)
{
	struct fh_batch batch;
	struct fh_stored s;
	struct fh_leaf leaf;
	fh_err e = fh_batch_read(body, &batch);

	if (e == FH_ERR_OK && batch.first != r->here)
		e = FH_ERR_FORMAT;
	while (e == FH_ERR_OK && (e = fh_batch_next(&batch, &s)) == FH_ERR_OK) {
		if (r->here++ < r->at->next)
			continue;
		e = fh_leaf_read(s.leaf, &leaf);
		if (e == FH_ERR_OK)
			e = r->v->entry(r->v->context, &s, &leaf);
		if (e == FH_ERR_OK)
			r->at->next = r->here;
	}
	return e == FH_ERR_MISSING ? FH_ERR_OK : e;
}

/* The frames of one segment behind the place.  A tail that is not all there is not yet
 * written: the segment just ends.  */
static fh_err read_segment(struct fh_span bytes, struct reading *r)
{
	struct fh_record_place *at = r->at;
	struct fh_cursor c = fh_cursor_of(fh_span_skip(bytes, at->offset));
	enum fh_segment_frame type;
	struct fh_span body;
	fh_err e;

	r->here = at->offset == 0 ? at->segment : at->next;
	while ((e = fh_segment_next(&c, &type, &body)) == FH_ERR_OK && type != FH_SEGMENT_END) {
		if (type == FH_SEGMENT_BATCH)
			e = read_batch(body, r);
		if (type == FH_SEGMENT_CHECKPOINT && r->v->checkpoint != nullptr)
			e = r->v->checkpoint(r->v->context, body);
		if (e != FH_ERR_OK)
			return e;
		at->offset = bytes.n - c.rest.n;
		fh_progress_tick(&r->bar, r->before + at->offset, at->next);
	}
	return e == FH_ERR_TORN ? FH_ERR_OK : e;
}

/* Where in BYTES, from FROM on, the last checkpoint ends; how many entries there are by the
 * last batch.  What cannot be read is for read_segment() to say.  */
static size_t signed_end(struct fh_span bytes, size_t from, uint64_t *size)
{
	struct fh_cursor c = fh_cursor_of(fh_span_skip(bytes, from));
	enum fh_segment_frame type;
	struct fh_batch batch;
	struct fh_span body;
	size_t end = from;
	fh_err e;

	while ((e = fh_segment_next(&c, &type, &body)) == FH_ERR_OK && type != FH_SEGMENT_END) {
		if (type == FH_SEGMENT_CHECKPOINT)
			end = bytes.n - c.rest.n;
		if (type == FH_SEGMENT_BATCH && fh_batch_read(body, &batch) == FH_ERR_OK)
			*size = batch.size;
	}
	return e == FH_ERR_OK || e == FH_ERR_TORN ? end : bytes.n;
}

/* Whether there is more to read: the segment that follows, which is named by the entry that comes
 * next.  If there are none but later ones, this one grew meanwhile, or what lies between is
 * missing: FH_ERR_FORMAT if nothing more of it was read than BEFORE.  */
static fh_err go_on(const struct fh_segments *s, const struct fh_record_visitor *v,
		    struct fh_record_place *at, uint64_t before, bool *more, struct fh_trace *t)
{
	uint64_t later;

	*more = at->next != at->segment && fh_segments_has(s, at->next);
	if (*more) {
		at->segment = at->next;
		at->offset = 0;
		return FH_ERR_OK;
	}
	fh_err e = v->settled ? FH_ERR_MISSING : fh_segments_behind(s, at->segment, &later, t);

	if (e == FH_ERR_MISSING)
		return FH_ERR_OK;
	*more = e == FH_ERR_OK && at->next > before;
	if (e != FH_ERR_OK || *more)
		return e;
	fh_trace_where(t, "%s", s->path);
	fh_trace_what(t, "entries from %llu on are missing, up to %020llu.fhj",
		      (unsigned long long)at->next, (unsigned long long)later);
	fh_trace_cure(t, "get the record anew from where it was written; "
			 "`freehold verify record` names the damage");
	return FH_ERR_FORMAT;
}

/* What of the segment in BYTES is settled: all of it, if the next one has a checkpoint.  */
static fh_err settle(const struct fh_segments *s, const struct fh_record_place *at,
		     struct fh_span *bytes, struct fh_trace *t)
{
	FH_OWN(fh_mapped) m = { 0 };
	uint64_t size = at->next, ignored = 0;
	size_t end = signed_end(*bytes, at->offset, &size);
	fh_err e = FH_ERR_OK;

	if (size > at->segment && fh_segments_has(s, size))
		e = fh_segments_map(s, size, &m, t);
	if (e == FH_ERR_OK && signed_end(m.bytes, 0, &ignored) == 0)
		*bytes = fh_span_first(*bytes, end);
	return e;
}

static fh_err explain(fh_err e, const char *name, const struct fh_record_place *at,
		      struct fh_trace *t)
{
	fh_trace_where(t, "%s entry %llu", name, (unsigned long long)at->next);
	fh_trace_what(t, "%s", fh_err_text(e));
	fh_trace_cure(t, "`freehold verify record` names the damage");
	return e;
}

/* What there is of the segment at the place.  */
static fh_err read_file(const struct fh_segments *s, struct reading *r, struct fh_trace *t)
{
	FH_OWN(fh_mapped) m = { 0 };
	struct fh_record_place *at = r->at;
	fh_err e = fh_segments_map(s, at->segment, &m, t);

	if (e != FH_ERR_OK)
		return e;
	if (m.file != at->file)
		at->offset = 0;
	at->file = m.file;
	struct fh_span bytes = m.bytes;

	e = r->v->settled ? settle(s, at, &bytes, t) : FH_ERR_OK;
	if (e == FH_ERR_OK)
		e = read_segment(bytes, r);
	if (e != FH_ERR_OK && e != FH_ERR_CLOSED)
		return explain(e, m.name, at, t);
	r->before += m.bytes.n;
	return e;
}

static fh_err read_all(const struct fh_segments *s, struct reading *r, struct fh_trace *t)
{
	bool more = true;
	fh_err e = FH_ERR_OK;

	while (e == FH_ERR_OK && more) {
		uint64_t before = r->at->next;

		e = read_file(s, r, t);
		if (e == FH_ERR_OK)
			e = go_on(s, r->v, r->at, before, &more, t);
	}
	r->at->enough = e == FH_ERR_CLOSED;
	return e == FH_ERR_CLOSED ? FH_ERR_OK : e;
}

fh_err fh_record_read_on(const struct fh_segments *s, const struct fh_record_visitor *v,
			 struct fh_record_place *at, struct fh_trace *t)
{
	struct reading r = { .v = v, .at = at, .bar = fh_progress_begin(s->bytes) };

	if (at->next > 0 || (v->prints && isatty(STDOUT_FILENO) == 1))
		r.bar.terminal = false;
	fh_err e = read_all(s, &r, t);

	fh_progress_end(&r.bar);
	return e;
}

fh_err fh_record_read(const struct fh_segments *s, const struct fh_record_visitor *v,
		      struct fh_trace *t)
{
	struct fh_record_place at = { 0 };

	return fh_record_read_on(s, v, &at, t);
}

static fh_err skip_entry(void *context, const struct fh_stored *s, const struct fh_leaf *l)
{
	(void)context;
	(void)s;
	(void)l;
	return FH_ERR_OK;
}

/* Only one is kept, in the room of the one before.  */
static fh_err keep_checkpoint(void *context, struct fh_span bytes)
{
	struct fh_builder *note = context;

	note->n = 0;
	fh_builder_bytes(note, bytes);
	return note->bad ? FH_ERR_LIMIT : FH_ERR_OK;
}

fh_err fh_record_newest(const struct fh_segments *s, struct fh_builder *note,
			struct fh_checkpoint *out, struct fh_trace *t)
{
	const struct fh_record_visitor v = { skip_entry, keep_checkpoint, note };
	struct fh_note read;
	fh_err e = fh_record_read(s, &v, t);

	if (e == FH_ERR_OK && note->n == 0) {
		fh_trace_what(t, "no checkpoint vouches for any entry");
		return FH_ERR_MISSING;
	}
	if (e == FH_ERR_OK)
		e = fh_note_parse(fh_builder_span(note), &read);
	return e == FH_ERR_OK ? fh_checkpoint_parse(read.text, out) : e;
}

fh_err fh_record_bytes(struct fh_span payload, enum fh_field_id id, struct fh_span *out)
{
	struct fh_fields f;
	fh_err e = fh_payload_read(payload, &f);
	const struct fh_field *field = e == FH_ERR_OK ? fh_fields_get(&f, id) : nullptr;

	if (field == nullptr)
		return e == FH_ERR_OK ? FH_ERR_FORMAT : e;
	struct fh_cursor c = fh_cursor_of(field->value);

	*out = fh_cbor_bytes(&c, FH_PAYLOAD_MAX);
	return fh_cursor_end(&c);
}
