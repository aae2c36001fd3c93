/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/journal.h"

#include "journal/recover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

void fh_journal_drop(struct fh_journal *j)
{
	fh_fd_drop(&j->segment);
	fh_fd_drop(&j->directory);
	*j = (struct fh_journal){ 0 };
}

static fh_err stop(struct fh_journal *j, fh_err e)
{
	j->stopped = true;
	return e;
}

/* Begins a new segment behind the durable tree, durably.  */
static fh_err begin_segment(struct fh_journal *j)
{
	char name[FH_SEGMENT_NAME_SIZE];
	uint8_t bytes[FH_FRAME_HEAD + 256];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_segment_head h = { j->chain_id, j->device_id, j->durable.size,
				     fh_tree_root(&j->durable) };

	/* The last checkpoint in the one before was not synced, and only of the last segment may
	 * a start find the end torn.  */
	fh_err e = j->segment.plus_one == 0 ? FH_ERR_OK : fh_fd_sync(fh_fd_get(j->segment));

	if (e != FH_ERR_OK)
		return e;
	fh_segment_name(j->durable.size, name);
	int fd = openat(fh_fd_get(j->directory), name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return fh_errno_err(errno);
	FH_OWN(fh_fd) file = fh_fd_of(fd);

	fh_segment_put_head(&b, &h);
	e = fh_fd_pwrite(fd, fh_builder_span(&b), 0);

	if (e == FH_ERR_OK && (fsync(fd) != 0 || fsync(fh_fd_get(j->directory)) != 0))
		e = fh_errno_err(errno);
	if (e != FH_ERR_OK)
		return e;
	fh_fd_drop(&j->segment);
	j->segment = file;
	file = (struct fh_fd){ 0 };
	j->segment_first = j->durable.size;
	j->offset = b.n;
	j->turn = false;
	return FH_ERR_OK;
}

void fh_journal_turn(struct fh_journal *j)
{
	j->turn = j->durable.size > j->segment_first
		  && j->signed_tree.size == j->durable.size;
}

bool fh_journal_is_closed(const struct fh_journal *j, uint64_t first)
{
	return first < j->segment_first || j->turn;
}

static fh_err take_memory(struct fh_journal *j, struct fh_arena *arena)
{
	uint8_t *batch = fh_arena_space(arena, FH_BATCH_MAX);

	j->leaf = fh_arena_array(arena, 2 * FH_BATCH_ENTRIES_MAX, sizeof(*j->leaf));
	if (batch == nullptr || j->leaf == nullptr)
		return FH_ERR_NOMEM;
	j->batch = fh_builder_of(batch, FH_BATCH_MAX);
	return FH_ERR_OK;
}

fh_err fh_journal_open(const char *directory, const struct fh_hash *chain_id,
		       const struct fh_hash *device_id, uint64_t signed_size,
		       const struct fh_hash *signed_root, const struct fh_journal_visitor *visitor,
		       struct fh_arena *arena, struct fh_journal *out, struct fh_trace *t)
{
	FH_OWN(fh_journal) j = { .chain_id = *chain_id, .device_id = *device_id };
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		fh_trace_where(t, "%s", directory);
		fh_trace_what(t, "cannot be opened: %s", strerror(errno));
		return fh_errno_err(errno);
	}
	j.directory = fh_fd_of(fd);
	fh_err e = take_memory(&j, arena);

	if (e != FH_ERR_OK)
		return e;
	struct fh_recovery found = { .signed_size = signed_size, .signed_root = *signed_root,
				     .visitor = visitor };

	e = fh_recover(&j, &found, t);
	if (e != FH_ERR_OK)
		return e;
	j.tree = j.durable;
	j.tiles = visitor != nullptr ? visitor->tiles : nullptr;
	if (j.tiles != nullptr)
		fh_tiles_settled(j.tiles);
	*out = j;
	j = (struct fh_journal){ 0 };
	return FH_ERR_OK;
}

fh_err fh_journal_append(struct fh_journal *j, struct fh_span leaf, struct fh_span payload)
{
	struct fh_stored s = { leaf, payload };

	if (j->stopped)
		return FH_ERR_STATE;
	if (leaf.n > FH_LEAF_MAX || payload.n > FH_PAYLOAD_MAX)
		return FH_ERR_LIMIT;
	size_t need = leaf.n + payload.n + 6;

	if (j->tree.size - j->durable.size >= FH_BATCH_ENTRIES_MAX
	    || j->leaves >= 2 * FH_BATCH_ENTRIES_MAX
	    || fh_batch_frame_size(need) > FH_BATCH_MAX - j->batch.n)
		return FH_ERR_LIMIT;
	fh_stored_put(&j->batch, &s);
	struct fh_hash h = fh_leaf_hash(leaf);

	fh_tree_add(&j->tree, &h);
	j->leaf[j->leaves++] = h;
	return FH_ERR_OK;
}

/* Writes the three parts of the batch frame at the end of the segment.  */
static fh_err write_batch(struct fh_journal *j)
{
	const struct fh_place place = { j->segment_first, j->offset };
	uint8_t open_bytes[64], close_bytes[64];
	struct fh_builder open = FH_BUILDER_ARRAY(open_bytes);
	struct fh_builder close = FH_BUILDER_ARRAY(close_bytes);
	struct fh_hash root = fh_tree_root(&j->tree);
	struct fh_span parts[3];

	fh_batch_put_open(&open, j->durable.size, (uint32_t)(j->tree.size - j->durable.size),
			  j->batch.n);
	fh_batch_put_close(&close, j->tree.size, &root);
	parts[0] = fh_builder_span(&open);
	parts[1] = fh_builder_span(&j->batch);
	parts[2] = fh_builder_span(&close);
	for (size_t i = 0; i < 3; i++) {
		fh_err e = fh_fd_pwrite(fh_fd_get(j->segment), parts[i], j->offset);

		if (e != FH_ERR_OK)
			return e;
		j->offset += parts[i].n;
	}
	if (j->tiles != nullptr)
		fh_tiles_place(j->tiles, j->durable.size, j->tree.size, place);
	j->batch_place = place;
	return FH_ERR_OK;
}

fh_err fh_journal_sync(struct fh_journal *j)
{
	fh_err e = FH_ERR_OK;

	if (j->stopped)
		return FH_ERR_STATE;
	if (j->tree.size == j->durable.size)
		return FH_ERR_OK;
	/* The first begins with its first batch, so that a start that is refused
	 * before leaves no head of a device that does not belong here.  */
	if (j->segment.plus_one == 0 || j->turn
	    || j->offset + fh_batch_frame_size(j->batch.n) > FH_SEGMENT_MAX)
		e = begin_segment(j);
	if (e == FH_ERR_OK)
		e = write_batch(j);
	if (e == FH_ERR_OK)
		e = fh_fd_sync(fh_fd_get(j->segment));
	if (e != FH_ERR_OK)
		return stop(j, e);
	j->durable = j->tree;
	j->batch.n = 0;
	return FH_ERR_OK;
}

fh_err fh_journal_point(const struct fh_journal *j, struct fh_journal_point *out)
{
	if (j->signed_tree.size == 0)
		return FH_ERR_MISSING;
	out->tree = j->signed_tree;
	out->place = j->batch_place;
	if (j->durable.size == j->signed_tree.size)
		out->place = (struct fh_place){ j->segment_first, j->offset };
	return FH_ERR_OK;
}

/* Hash of a perfect subtree that a proof from signed_tree to durable needs: it
 * lies wholly in the signed tree's stack or wholly in the leaves since.  */
static fh_err read_subtree(void *context, int level, uint64_t index, struct fh_hash *out)
{
	const struct fh_journal *j = context;
	uint64_t start = index << level, end = start + (UINT64_C(1) << level);
	uint64_t old = j->signed_tree.size, at = 0;
	size_t depth = 0;

	if (start >= old) {
		struct fh_tree part = { 0 };

		for (uint64_t i = start; i < end; i++)
			fh_tree_add(&part, &j->leaf[i - old]);
		*out = fh_tree_root(&part);
		return FH_ERR_OK;
	}
	for (int bit = FH_TREE_LEVELS - 1; bit >= 0; bit--) {
		uint64_t width = UINT64_C(1) << bit;

		if ((old & width) == 0)
			continue;
		if (at == start && bit == level) {
			*out = j->signed_tree.stack[depth];
			return FH_ERR_OK;
		}
		at += width;
		depth++;
	}
	return FH_ERR_STATE;
}

fh_err fh_journal_proof(const struct fh_journal *j, struct fh_proof *out)
{
	struct fh_subtree_source from = { read_subtree, (void *)j };

	if (j->signed_tree.size == 0) {
		out->n = 0;
		return FH_ERR_OK;
	}
	return fh_consistency_build(&from, 0, j->signed_tree.size, j->durable.size, out);
}

fh_err fh_journal_checkpoint(struct fh_journal *j, struct fh_span note)
{
	uint8_t bytes[FH_CHECKPOINT_NOTE_MAX + FH_FRAME_HEAD];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	if (j->stopped)
		return FH_ERR_STATE;
	fh_segment_put_checkpoint(&b, note);
	if (b.bad)
		return FH_ERR_LIMIT;
	fh_err e = fh_fd_pwrite(fh_fd_get(j->segment), fh_builder_span(&b), j->offset);

	if (e != FH_ERR_OK)
		return stop(j, e);
	j->offset += b.n;
	uint64_t covered = j->durable.size - j->signed_tree.size;

	for (uint64_t i = 0; i < covered && j->tiles != nullptr; i++)
		fh_tiles_add(j->tiles, &j->leaf[i]);
	j->leaves = (size_t)(j->tree.size - j->durable.size);
	memmove(j->leaf, j->leaf + covered,
		j->leaves * sizeof(*j->leaf));
	j->signed_tree = j->durable;
	return FH_ERR_OK;
}
