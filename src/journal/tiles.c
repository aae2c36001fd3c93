/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/tiles.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cursor.h"
#include "base/limits.h"
#include "merkle/tree.h"

constexpr size_t tile_size = FH_TILE_WIDTH * FH_HASH_SIZE;
constexpr size_t place_size = 16;

void fh_tiles_begin(const char *record, struct fh_tiles *out)
{
	*out = (struct fh_tiles){ .record = record, .checking = true };
}

void fh_tiles_settled(struct fh_tiles *t)
{
	t->checking = false;
}

void fh_tiles_drop(struct fh_tiles *t)
{
	for (int i = 0; i < FH_TILE_LEVELS; i++)
		fh_fd_drop(&t->level[i].file);
	fh_fd_drop(&t->places);
}

static fh_err open_file(const struct fh_tiles *t, const char *name, struct fh_fd *file)
{
	char path[FH_PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/tiles.%s", t->record, name) >= (int)sizeof(path))
		return FH_ERR_LIMIT;
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return fh_errno_err(errno);
	*file = fh_fd_of(fd);
	return FH_ERR_OK;
}

/* BYTES at OFFSET of the file NAME, unless they are there already.  */
static void write_at(struct fh_tiles *t, const char *name, struct fh_fd *file,
		     struct fh_span bytes, uint64_t offset)
{
	uint8_t there[tile_size];
	fh_err e = file->plus_one == 0 ? open_file(t, name, file) : FH_ERR_OK;

	if (e == FH_ERR_OK && t->checking
	    && fh_fd_pread(fh_fd_get(*file), there, bytes.n, offset) == FH_ERR_OK
	    && fh_span_equal(fh_span_of(there, bytes.n), bytes))
		return;
	if (e == FH_ERR_OK)
		e = fh_fd_pwrite(fh_fd_get(*file), bytes, offset);
	if (e != FH_ERR_OK)
		t->broken = e;
}

/* The tile of level I is full: it goes to its file, and its root one level up.  */
static struct fh_hash finish(struct fh_tiles *t, int i)
{
	const char name[2] = { (char)('0' + i), '\0' };
	struct fh_tile_level *level = &t->level[i];
	struct fh_tree tree = { 0 };

	for (unsigned k = 0; k < FH_TILE_WIDTH; k++)
		fh_tree_add(&tree, &level->hash[k]);
	write_at(t, name, &level->file, fh_span_of(level->hash, tile_size),
		 level->full * tile_size);
	level->full++;
	level->n = 0;
	return fh_tree_root(&tree);
}

/* --- going on where another start has ended -------------------------------------- */

static struct fh_hash take_hash(struct fh_cursor *c)
{
	struct fh_span s = fh_cursor_take(c, FH_HASH_SIZE);
	struct fh_hash h = { 0 };

	if (s.n == FH_HASH_SIZE)
		memcpy(h.bytes, s.p, FH_HASH_SIZE);
	return h;
}

void fh_tiles_put_partial(const struct fh_tiles *t, struct fh_builder *b)
{
	for (int i = 0; i < FH_TILE_LEVELS; i++)
		fh_builder_bytes(b, fh_span_of(t->level[i].hash, t->level[i].n * FH_HASH_SIZE));
}

fh_err fh_tiles_sync(const struct fh_tiles *t)
{
	fh_err e = t->broken;

	for (int i = 0; i < FH_TILE_LEVELS && e == FH_ERR_OK; i++) {
		if (t->level[i].file.plus_one != 0)
			e = fh_fd_sync(fh_fd_get(t->level[i].file));
	}
	if (e == FH_ERR_OK && t->places.plus_one != 0)
		e = fh_fd_sync(fh_fd_get(t->places));
	return e;
}

/* The file NAME, of which SIZE bytes were durable.  */
static fh_err open_again(const struct fh_tiles *t, const char *name, uint64_t size,
			 struct fh_fd *file)
{
	struct stat st;

	if (size == 0)
		return FH_ERR_OK;
	fh_err e = open_file(t, name, file);

	if (e == FH_ERR_OK && fstat(fh_fd_get(*file), &st) != 0)
		e = fh_errno_err(errno);
	return e == FH_ERR_OK && (uint64_t)st.st_size < size ? FH_ERR_MISSING : e;
}

fh_err fh_tiles_resume(const char *record, uint64_t size, struct fh_span partial,
		       struct fh_tiles *out)
{
	struct fh_cursor c = fh_cursor_of(partial);
	struct fh_tiles t = { .record = record, .size = size, .checking = true };

	for (int i = 0; i < FH_TILE_LEVELS; i++) {
		struct fh_tile_level *level = &t.level[i];

		level->full = fh_tile_full_count(i, size);
		level->n = fh_tile_partial_width(i, size);
		for (unsigned k = 0; k < level->n; k++)
			level->hash[k] = take_hash(&c);
	}
	*out = t;
	if (fh_cursor_end(&c) != FH_ERR_OK)
		return FH_ERR_FORMAT;
	fh_err e = FH_ERR_OK;

	for (int i = 0; i < FH_TILE_LEVELS && e == FH_ERR_OK; i++) {
		const char name[2] = { (char)('0' + i), '\0' };

		e = open_again(out, name, out->level[i].full * tile_size, &out->level[i].file);
	}
	if (e == FH_ERR_OK)
		e = open_again(out, "places",
			       (size + FH_TILE_WIDTH - 1) / FH_TILE_WIDTH * place_size,
			       &out->places);
	return e;
}

/* Each level's partial tile is a tree by itself, and its perfect subtrees are ours.  */
struct fh_tree fh_tiles_tree(const struct fh_tiles *t)
{
	struct fh_tree tree = { .size = t->size };
	size_t depth = 0;

	for (int i = FH_TILE_LEVELS - 1; i >= 0; i--) {
		struct fh_tree part = { 0 };

		for (unsigned k = 0; k < t->level[i].n; k++)
			fh_tree_add(&part, &t->level[i].hash[k]);
		for (size_t k = 0; k < (size_t)__builtin_popcountll(part.size); k++)
			tree.stack[depth++] = part.stack[k];
	}
	return tree;
}

fh_err fh_tiles_subtree(void *context, int level, uint64_t index, struct fh_hash *out)
{
	constexpr int tile_height = 8;
	const struct fh_tiles *t = context;
	uint8_t bytes[tile_size];
	int within = level % tile_height;
	uint64_t first = index << within;
	struct fh_tile tile = { .level = level / tile_height, .index = first / FH_TILE_WIDTH };
	unsigned from = (unsigned)(first % FH_TILE_WIDTH), end = from + (1u << within);
	struct fh_tree part = { 0 };

	tile.width = end;
	fh_err e = fh_tiles_read(t, &tile, bytes);
	struct fh_cursor c = fh_cursor_of(fh_span_of(bytes, end * FH_HASH_SIZE));

	for (unsigned i = 0; i < end && e == FH_ERR_OK; i++) {
		struct fh_hash h = take_hash(&c);

		if (i >= from)
			fh_tree_add(&part, &h);
	}
	*out = fh_tree_root(&part);
	return e;
}

/* --- growing ------------------------------------------------------------------- */

void fh_tiles_add(struct fh_tiles *t, const struct fh_hash *leaf)
{
	struct fh_hash h = *leaf;

	if (t->broken != FH_ERR_OK)
		return;
	t->size++;
	for (int i = 0; i < FH_TILE_LEVELS; i++) {
		struct fh_tile_level *level = &t->level[i];

		level->hash[level->n++] = h;
		if (level->n < FH_TILE_WIDTH)
			return;
		h = finish(t, i);
	}
}

void fh_tiles_place(struct fh_tiles *t, uint64_t first, uint64_t end, struct fh_place place)
{
	uint8_t bytes[place_size];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	uint64_t bundle = (first + FH_TILE_WIDTH - 1) / FH_TILE_WIDTH;

	fh_builder_be64(&b, place.segment);
	fh_builder_be64(&b, place.offset);
	for (; bundle * FH_TILE_WIDTH < end && t->broken == FH_ERR_OK; bundle++)
		write_at(t, "places", &t->places, fh_builder_span(&b), bundle * place_size);
}

fh_err fh_tiles_read(const struct fh_tiles *t, const struct fh_tile *tile,
		     uint8_t out[FH_TILE_WIDTH * FH_HASH_SIZE])
{
	if (t->broken != FH_ERR_OK)
		return t->broken;
	if (tile->level < 0 || tile->level >= FH_TILE_LEVELS)
		return FH_ERR_MISSING;
	const struct fh_tile_level *level = &t->level[tile->level];

	if (tile->index < level->full)
		return fh_fd_pread(fh_fd_get(level->file), out, tile->width * FH_HASH_SIZE,
				   tile->index * tile_size);
	if (tile->index > level->full || tile->width > level->n)
		return FH_ERR_MISSING;
	memcpy(out, level->hash, tile->width * FH_HASH_SIZE);
	return FH_ERR_OK;
}

fh_err fh_tiles_find(const struct fh_tiles *t, uint64_t bundle, struct fh_place *out)
{
	uint8_t bytes[place_size];

	if (t->broken != FH_ERR_OK)
		return t->broken;
	if (bundle > t->size / FH_TILE_WIDTH)
		return FH_ERR_MISSING;
	fh_err e = fh_fd_pread(fh_fd_get(t->places), bytes, sizeof(bytes), bundle * place_size);
	struct fh_cursor c = fh_cursor_of(FH_SPAN_ARRAY(bytes));

	if (e != FH_ERR_OK)
		return e;
	out->segment = fh_cursor_be64(&c);
	out->offset = fh_cursor_be64(&c);
	return FH_ERR_OK;
}
