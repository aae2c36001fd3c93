/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/prune.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* Beside the segments, and none by its name.  There is one at most.  */
static const char written_name[] = "pruned.new";

fh_err fh_pruning_begin(int directory, uint64_t first, uint64_t state, struct fh_shredded *all,
			struct fh_span room, bool write, struct fh_pruning *out)
{
	struct fh_pruning p = { .directory = directory, .first = first, .next = first,
				.state = state, .shredded = all,
				.batch = fh_builder_of((void *)room.p, room.n) };
	char name[FH_SEGMENT_NAME_SIZE];

	fh_stubs_begin(&p.stubs);
	fh_segment_name(first, name);
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return fh_errno_err(errno);
	FH_OWN(fh_fd) file = fh_fd_of(fd);
	fh_err e = fh_segment_map_open(fd, &p.map);

	if (e == FH_ERR_OK && write) {
		fd = openat(directory, written_name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC
			    | O_NOFOLLOW, 0600);
		if (fd < 0)
			e = fh_errno_err(errno);
		else
			p.out = fh_fd_of(fd);
	}
	*out = p;
	return e;
}

void fh_pruning_drop(struct fh_pruning *p)
{
	if (p->out.plus_one != 0)
		(void)unlinkat(p->directory, written_name, /* flags= */ 0);
	fh_fd_drop(&p->out);
	fh_segment_map_drop(&p->map);
	*p = (struct fh_pruning){ 0 };
}

fh_err fh_pruning_clean(int directory)
{
	if (unlinkat(directory, written_name, /* flags= */ 0) == 0 || errno == ENOENT)
		return FH_ERR_OK;
	return fh_errno_err(errno);
}

/* --- a segment, frame by frame -------------------------------------------- */

static fh_err put(struct fh_pruning *p, struct fh_span bytes)
{
	if (p->out.plus_one == 0)
		return FH_ERR_OK;
	fh_err e = fh_fd_pwrite(fh_fd_get(p->out), bytes, p->written);

	p->written += bytes.n;
	return e;
}

/* The payload of S, whose leaf is L, as it will be stored: itself, or a stub in ROOM.  */
static fh_err payload_of(struct fh_pruning *p, const struct fh_stored *s, const struct fh_leaf *l,
			 struct fh_builder *room, struct fh_span *out)
{
	struct fh_sealed sealed;

	*out = s->payload;
	if (!fh_payload_is_sealed(s->payload))
		return FH_ERR_OK;
	fh_err e = fh_sealed_read(s->payload, &sealed);

	if (e != FH_ERR_OK)
		return FH_ERR_CONFLICT;
	if (!fh_prune_allows(p->state, p->shredded, l->index, &sealed))
		return sealed.pruned ? FH_ERR_CONFLICT : FH_ERR_OK;
	fh_stubs_add(&p->stubs, l->index, &sealed);
	if (sealed.pruned)
		return FH_ERR_OK;
	fh_stub_put(room, &sealed);
	*out = fh_builder_span(room);
	p->fresh++;
	p->freed += s->payload.n - out->n;
	return FH_ERR_OK;
}

static fh_err put_entry(struct fh_pruning *p, const struct fh_stored *s)
{
	uint8_t bytes[FH_STUB_MAX];
	struct fh_builder room = FH_BUILDER_ARRAY(bytes);
	struct fh_stored as = *s;
	struct fh_leaf leaf;
	fh_err e = fh_leaf_read(s->leaf, &leaf);

	/* What was altered would not be seen any more.  */
	if (e != FH_ERR_OK || leaf.index != p->next || !fh_payload_fits(&leaf, s->payload))
		return FH_ERR_CONFLICT;
	e = payload_of(p, s, &leaf, &room, &as.payload);
	if (e == FH_ERR_OK)
		fh_stored_put(&p->batch, &as);
	p->next++;
	return e == FH_ERR_OK && (room.bad || p->batch.bad) ? FH_ERR_LIMIT : e;
}

static fh_err put_batch(struct fh_pruning *p, struct fh_span body)
{
	uint8_t open_bytes[64], close_bytes[64];
	struct fh_builder open = FH_BUILDER_ARRAY(open_bytes);
	struct fh_builder close = FH_BUILDER_ARRAY(close_bytes);
	struct fh_batch batch;
	struct fh_stored s;
	fh_err e = fh_batch_read(body, &batch);

	p->batch.n = 0;
	if (e != FH_ERR_OK || batch.first != p->next)
		return FH_ERR_CONFLICT;
	while ((e = fh_batch_next(&batch, &s)) == FH_ERR_OK) {
		e = put_entry(p, &s);
		if (e != FH_ERR_OK)
			return e;
	}
	if (e != FH_ERR_MISSING || p->next != batch.size)
		return FH_ERR_CONFLICT;
	fh_batch_put_open(&open, batch.first, batch.count, p->batch.n);
	fh_batch_put_close(&close, batch.size, &batch.root);
	e = put(p, fh_builder_span(&open));
	if (e == FH_ERR_OK)
		e = put(p, fh_builder_span(&p->batch));
	return e == FH_ERR_OK ? put(p, fh_builder_span(&close)) : e;
}

fh_err fh_pruning_step(struct fh_pruning *p, uint64_t bytes, bool *done)
{
	struct fh_span all = fh_span_of(p->map.p, p->map.n);
	const uint64_t end = p->offset + bytes;
	fh_err e = FH_ERR_OK;

	*done = false;
	while (e == FH_ERR_OK && !*done && p->offset < end) {
		struct fh_span rest = fh_span_skip(all, p->offset), body;
		struct fh_cursor c = fh_cursor_of(rest);
		enum fh_segment_frame type;

		e = fh_segment_next(&c, &type, &body);
		if (e != FH_ERR_OK)
			return FH_ERR_CONFLICT;
		*done = type == FH_SEGMENT_END;
		if (type == FH_SEGMENT_BATCH)
			e = put_batch(p, body);
		else if (!*done)
			e = put(p, fh_span_first(rest, rest.n - c.rest.n));
		p->offset += rest.n - c.rest.n;
	}
	/* A little at a time: all at the end would keep everybody waiting.  */
	if (e == FH_ERR_OK && p->out.plus_one != 0)
		e = fh_fd_sync(fh_fd_get(p->out));
	return e;
}

/* --- in its place ----------------------------------------------------------- */

static void tell_places(const struct fh_pruning *p, struct fh_span bytes, struct fh_tiles *tiles)
{
	struct fh_cursor c = fh_cursor_of(bytes);
	struct fh_place place = { .segment = p->first };
	enum fh_segment_frame type;
	struct fh_span body;
	struct fh_batch batch;

	while (fh_segment_next(&c, &type, &body) == FH_ERR_OK && type != FH_SEGMENT_END) {
		if (type == FH_SEGMENT_BATCH && fh_batch_read(body, &batch) == FH_ERR_OK)
			fh_tiles_place(tiles, batch.first, batch.size, place);
		place.offset = bytes.n - c.rest.n;
	}
	fh_err e = fh_tiles_sync(tiles);

	if (e != FH_ERR_OK)
		tiles->broken = e;
}

fh_err fh_pruning_replace(struct fh_pruning *p, struct fh_tiles *tiles)
{
	char name[FH_SEGMENT_NAME_SIZE];
	FH_OWN(fh_segment_map) m = { 0 };
	fh_err e = fh_segment_map_open(fh_fd_get(p->out), &m);

	if (e != FH_ERR_OK)
		return e;
	fh_segment_name(p->first, name);
	if (renameat(p->directory, written_name, p->directory, name) != 0)
		return fh_errno_err(errno);
	fh_fd_drop(&p->out); /* it is nothing to be removed any more */
	if (fsync(p->directory) != 0)
		return fh_errno_err(errno);
	if (tiles != nullptr)
		tell_places(p, fh_span_of(m.p, m.n), tiles);
	return FH_ERR_OK;
}
