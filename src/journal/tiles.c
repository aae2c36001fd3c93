/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/tiles.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

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
