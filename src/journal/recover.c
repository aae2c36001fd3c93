/* SPDX-License-Identifier: Apache-2.0 */
/* Only what was never acknowledged may be cut off, and only at the end of the
 * last segment.  A frame that does not lead to its own root, or a break before
 * the signed size, is damage or tampering: reported, never repaired.  */
#include "journal/recover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "codec/note.h"
#include "entry/seal.h"

/* One more leaf for the batch that is being read; remembers the tree at the
 * signed size.  */
static fh_err add_leaf(struct fh_journal *j, struct fh_tree *grown, struct fh_span leaf,
		       const struct fh_recovery *r)
{
	struct fh_hash h = fh_leaf_hash(leaf);

	fh_tree_add(grown, &h);
	if (r->visitor != nullptr && r->visitor->tiles != nullptr)
		fh_tiles_add(r->visitor->tiles, &h);
	if (r->visitor != nullptr && r->visitor->noted_size == grown->size) {
		struct fh_hash root = fh_tree_root(grown);

		if (!fh_hash_equal(&root, &r->visitor->noted_root))
			return FH_ERR_ROLLBACK;
	}
	if (grown->size == r->signed_size) {
		struct fh_hash root = fh_tree_root(grown);

		if (!fh_hash_equal(&root, &r->signed_root))
			return FH_ERR_CONFLICT;
		j->signed_tree = *grown;
	}
	return FH_ERR_OK;
}

static fh_err visit(const struct fh_recovery *r, const struct fh_stored *s)
{
	struct fh_leaf leaf;

	if (r->visitor == nullptr)
		return FH_ERR_OK;
	fh_err e = fh_leaf_read(s->leaf, &leaf);

	if (e != FH_ERR_OK)
		return e;
	/* The tree holds leaves, and only they hold the payloads.  */
	if (!fh_payload_fits(&leaf, s->payload))
		return FH_ERR_CONFLICT;
	return r->visitor->entry(r->visitor->context, &leaf, s->payload);
}

/* The batch was signed and leads to its own root; J's trees are not touched.
 * One behind what was signed was never acknowledged, so nothing was done because
 * of it; and whoever could write the disk could have put it there for us to
 * sign.  It goes the way of a torn one.  */
static fh_err check_batch(const struct fh_journal *j, struct fh_span body,
			  const struct fh_recovery *r)
{
	struct fh_tree grown = j->durable;
	struct fh_batch batch;
	struct fh_stored s;
	fh_err e = fh_batch_read(body, &batch);

	if (e != FH_ERR_OK || batch.first != grown.size || batch.size > r->signed_size)
		return FH_ERR_TORN;
	while ((e = fh_batch_next(&batch, &s)) == FH_ERR_OK) {
		struct fh_hash h = fh_leaf_hash(s.leaf);

		fh_tree_add(&grown, &h);
	}
	struct fh_hash root = fh_tree_root(&grown);

	if (e != FH_ERR_MISSING || grown.size != batch.size || !fh_hash_equal(&root, &batch.root))
		return FH_ERR_TORN;
	return FH_ERR_OK;
}

/* Adds a whole batch to J, or leaves J alone if the batch does not lead to its
 * own root.  */
static fh_err add_batch(struct fh_journal *j, struct fh_span body, const struct fh_recovery *r)
{
	struct fh_tree grown = j->durable;
	struct fh_batch batch;
	struct fh_stored s;
	fh_err e = check_batch(j, body, r);

	if (e == FH_ERR_OK)
		e = fh_batch_read(body, &batch);
	if (e != FH_ERR_OK)
		return e;
	while (fh_batch_next(&batch, &s) == FH_ERR_OK) {
		e = add_leaf(j, &grown, s.leaf, r);
		if (e == FH_ERR_OK)
			e = visit(r, &s);
		if (e != FH_ERR_OK)
			return e;
	}
	j->durable = grown;
	return FH_ERR_OK;
}

/* Demands that the head is the one we would write here.  */
static bool head_fits(const struct fh_journal *j, struct fh_span body)
{
	struct fh_hash root = fh_tree_root(&j->durable);
	struct fh_segment_head h;

	return fh_segment_head_read(body, &h) == FH_ERR_OK
	       && fh_hash_equal(&h.chain_id, &j->chain_id)
	       && fh_hash_equal(&h.device_id, &j->device_id) && h.first == j->durable.size
	       && fh_hash_equal(&h.root, &root);
}

/* The note speaks of the tree before it.  One that does not is what is left of
 * a write that the power cut short: notes are not synced.  */
static bool note_fits(const struct fh_journal *j, struct fh_span body)
{
	struct fh_hash root = fh_tree_root(&j->durable);
	struct fh_checkpoint c;
	struct fh_note note;

	return fh_note_parse(body, &note) == FH_ERR_OK
	       && fh_checkpoint_parse(note.text, &c) == FH_ERR_OK && c.size == j->durable.size
	       && fh_hash_equal(&c.root, &root);
}

/* The entries since FIRST lie in the batch at OFFSET.  */
static void note_place(const struct fh_journal *j, const struct fh_recovery *r, uint64_t first,
		       uint64_t offset)
{
	if (r->visitor != nullptr && r->visitor->tiles != nullptr)
		fh_tiles_place(r->visitor->tiles, first, j->durable.size,
			       (struct fh_place){ j->segment_first, offset });
}

/* Reads one segment from OFFSET on; *END is the offset behind its last whole frame.  */
static fh_err read_segment(struct fh_journal *j, struct fh_span all, uint64_t offset,
			   const struct fh_recovery *r, uint64_t *end)
{
	struct fh_cursor c = fh_cursor_of(fh_span_skip(all, offset));
	enum fh_segment_frame type;
	struct fh_span body;
	bool first = offset == 0;
	fh_err e;

	*end = offset;
	while ((e = fh_segment_next(&c, &type, &body)) == FH_ERR_OK && type != FH_SEGMENT_END) {
		if (first != (type == FH_SEGMENT_HEAD))
			return FH_ERR_FORMAT;
		if (first && !head_fits(j, body))
			return FH_ERR_CONFLICT;
		uint64_t before = j->durable.size;

		if (type == FH_SEGMENT_BATCH)
			e = add_batch(j, body, r);
		if (type == FH_SEGMENT_CHECKPOINT && !note_fits(j, body))
			e = FH_ERR_TORN;
		if (e != FH_ERR_OK)
			return e;
		note_place(j, r, before, *end);
		first = false;
		*end = all.n - c.rest.n;
	}
	return e;
}

/* Cuts the tail of the last segment off, where that loses nothing signed.  */
static fh_err cut_tail(struct fh_journal *j, int fd, uint64_t end, uint64_t size,
		       const struct fh_recovery *r)
{
	/* What was signed may go on in the next segment, but not behind a break.  */
	if (size > end && j->durable.size < r->signed_size)
		return FH_ERR_CONFLICT;
	j->torn = size - end;
	j->offset = end;
	if (size > end && (ftruncate(fd, (off_t)end) != 0 || fsync(fd) != 0))
		return fh_errno_err(errno);
	return FH_ERR_OK;
}

static fh_err restore(struct fh_trace *t, fh_err e)
{
	fh_trace_cure(t, "restore record/ from its last copy, and keys/ if it is of another moment "
		      "or machine, or enrol this machine anew; freehold-verify record names the "
		      "damage");
	return e;
}

/* What lies in the place of a segment, and cannot be one.  */
static fh_err refuse_file(struct fh_trace *t, const char *name, fh_err e)
{
	fh_trace_where(t, "record/journal/%s", name);
	fh_trace_what(t, "%s", e == FH_ERR_LIMIT    ? "is larger than a segment can be"
			       : e == FH_ERR_FORMAT ? "is no file"
						    : fh_err_text(e));
	return restore(t, e);
}

static fh_err explain(struct fh_trace *t, const char *name, uint64_t end, uint64_t index, fh_err e)
{
	fh_trace_where(t, "record/journal/%s:%llu", name, (unsigned long long)end);
	if (e == FH_ERR_CONFLICT)
		fh_trace_what(t, "the record does not continue what was signed (it holds %llu"
			      " entries up to here)", (unsigned long long)index);
	else
		fh_trace_what(t, "%s behind entry %llu", fh_err_text(e), (unsigned long long)index);
	return restore(t, e);
}

/* Reads the segment that begins at the durable size; FH_ERR_MISSING if there is
 * none.  */
static fh_err next_segment(struct fh_journal *j, struct fh_place at, const struct fh_recovery *r,
			   struct fh_trace *t)
{
	char name[FH_SEGMENT_NAME_SIZE];
	FH_OWN(fh_segment_map) m = { 0 };
	uint64_t end, first = j->durable.size;

	fh_segment_name(at.segment, name);
	int fd = openat(fh_fd_get(j->directory), name,
			O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return fh_errno_err(errno);
	FH_OWN(fh_fd) file = fh_fd_of(fd);
	fh_err e = fh_segment_map_open(fd, &m);

	if (e != FH_ERR_OK)
		return refuse_file(t, name, e);
	if (at.offset > m.n)
		return FH_ERR_FORMAT;
	j->segment_first = at.segment;
	e = read_segment(j, fh_span_of(m.p, m.n), at.offset, r, &end);
	if (e == FH_ERR_CONFLICT || (e != FH_ERR_OK && j->durable.size < r->signed_size))
		return explain(t, name, end, j->durable.size, e);
	if (e != FH_ERR_OK && e != FH_ERR_TORN && e != FH_ERR_FORMAT && e != FH_ERR_LIMIT)
		return explain(t, name, end, j->durable.size, e);
	if (end == 0) {
		/* Begun and never headed: nothing is in it, so it is begun again.  */
		if (unlinkat(fh_fd_get(j->directory), name, /* flags= */ 0) != 0)
			return fh_errno_err(errno);
		return FH_ERR_MISSING;
	}
	e = cut_tail(j, fd, end, m.n, r);
	if (e != FH_ERR_OK)
		return explain(t, name, end, j->durable.size, e);
	fh_fd_drop(&j->segment);
	j->segment = file;
	file = (struct fh_fd){ 0 };
	return j->durable.size > first || at.offset > 0 ? FH_ERR_OK : FH_ERR_MISSING;
}

fh_err fh_recover(struct fh_journal *j, const struct fh_recovery *r, struct fh_trace *t)
{
	const struct fh_journal_point *from = r->visitor != nullptr ? r->visitor->from : nullptr;
	struct fh_place at = { 0 };
	fh_err e;

	if (from != nullptr && (from->tree.size >= r->signed_size || from->place.offset == 0))
		return FH_ERR_FORMAT;
	if (from != nullptr) {
		j->durable = from->tree;
		at = from->place;
	}
	do {
		e = next_segment(j, at, r, t);
		at = (struct fh_place){ .segment = j->durable.size };
	} while (e == FH_ERR_OK);
	if (e != FH_ERR_MISSING)
		return e;
	if (j->durable.size < r->signed_size)
		return explain(t, "", 0, j->durable.size, FH_ERR_CONFLICT);
	return FH_ERR_OK;
}
