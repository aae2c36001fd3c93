/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/record_read.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/progress.h"
#include "codec/cbor.h"

/* The entries of one batch; *NEXT is the index that must come.  */
static fh_err read_batch(struct fh_span body, const struct fh_record_visitor *v, uint64_t *next)
{
	struct fh_batch batch;
	struct fh_stored s;
	struct fh_leaf leaf;
	fh_err e = fh_batch_read(body, &batch);

	if (e == FH_ERR_OK && batch.first != *next)
		e = FH_ERR_FORMAT;
	while (e == FH_ERR_OK && (e = fh_batch_next(&batch, &s)) == FH_ERR_OK) {
		e = fh_leaf_read(s.leaf, &leaf);
		if (e == FH_ERR_OK)
			e = v->entry(v->context, &s, &leaf);
		if (e == FH_ERR_OK)
			(*next)++;
	}
	return e == FH_ERR_MISSING ? FH_ERR_OK : e;
}

/* How far a reading from the beginning is.  */
struct reading {
	struct fh_progress bar;
	uint64_t before; /* bytes of the segments that were read */
};

/* The frames of one segment behind AT.  A tail that is not all there is not yet written:
 * the segment just ends.  */
static fh_err read_segment(struct fh_span bytes, const struct fh_record_visitor *v,
			   struct fh_record_place *at, struct reading *r)
{
	struct fh_cursor c = fh_cursor_of(fh_span_skip(bytes, at->offset));
	enum fh_segment_frame type;
	struct fh_span body;
	fh_err e;

	while ((e = fh_segment_next(&c, &type, &body)) == FH_ERR_OK && type != FH_SEGMENT_END) {
		if (type == FH_SEGMENT_BATCH)
			e = read_batch(body, v, &at->next);
		if (type == FH_SEGMENT_CHECKPOINT && v->checkpoint != nullptr)
			e = v->checkpoint(v->context, body);
		if (e != FH_ERR_OK)
			return e;
		at->offset = bytes.n - c.rest.n;
		if (r != nullptr)
			fh_progress_tick(&r->bar, r->before + at->offset, at->next);
	}
	return e == FH_ERR_TORN ? FH_ERR_OK : e;
}

static fh_err explain(fh_err e, const char *name, const struct fh_record_place *at,
		      struct fh_trace *t)
{
	fh_trace_where(t, "%s entry %llu", name, (unsigned long long)at->next);
	fh_trace_what(t, "%s", fh_err_text(e));
	fh_trace_cure(t, "`freehold verify record` names the damage");
	return e;
}

/* The segment that follows, if there is one: it is named by the entry that comes next.  */
static bool go_on(const struct fh_segments *s, struct fh_record_place *at)
{
	char name[FH_SEGMENTS_NAME_SIZE];
	uint64_t bytes;

	(void)snprintf(name, sizeof(name), "%020llu.fhj", (unsigned long long)at->next);
	if (at->next == at->segment || !fh_segments_is_one(fh_fd_get(s->directory), name, &bytes))
		return false;
	at->segment = at->next;
	at->offset = 0;
	return true;
}

/* R may be NULL.  */
static fh_err read_on(const struct fh_segments *s, const struct fh_record_visitor *v,
		      struct fh_record_place *at, struct reading *r, struct fh_trace *t)
{
	do {
		FH_OWN(fh_mapped) m = { 0 };
		fh_err e = fh_segments_map(s, at->segment, &m, t);

		if (e != FH_ERR_OK)
			return e;
		e = read_segment(m.bytes, v, at, r);
		if (e == FH_ERR_CLOSED) {
			at->enough = true;
			return FH_ERR_OK;
		}
		if (e != FH_ERR_OK)
			return explain(e, m.name, at, t);
		if (r != nullptr)
			r->before += m.bytes.n;
	} while (go_on(s, at));
	return FH_ERR_OK;
}

fh_err fh_record_read_on(const struct fh_segments *s, const struct fh_record_visitor *v,
			 struct fh_record_place *at, struct fh_trace *t)
{
	return read_on(s, v, at, /* r= */ nullptr, t);
}

fh_err fh_record_read(const struct fh_segments *s, const struct fh_record_visitor *v,
		      struct fh_trace *t)
{
	struct reading r = { .bar = fh_progress_begin(s->bytes) };
	struct fh_record_place at = { 0 };

	if (v->prints && isatty(STDOUT_FILENO) == 1)
		r.bar.terminal = false;
	fh_err e = read_on(s, v, &at, &r, t);

	fh_progress_end(&r.bar);
	return e;
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
