/* SPDX-License-Identifier: Apache-2.0 */
#include "merkle/tile.h"

#include "base/cursor.h"
#include "base/decimal.h"

constexpr int level_max = 63;
/* "tile/entries/", seven groups of an index below 2^64, ".p/255".  */
constexpr size_t path_max = 64;

static bool tile_valid(const struct fh_tile *t)
{
	return t->level >= FH_TILE_ENTRIES && t->level <= level_max && t->width >= 1 &&
	       t->width <= FH_TILE_WIDTH;
}

static void put_group(struct fh_builder *b, unsigned v)
{
	fh_builder_u8(b, (uint8_t)('0' + v / 100));
	fh_builder_u8(b, (uint8_t)('0' + v / 10 % 10));
	fh_builder_u8(b, (uint8_t)('0' + v % 10));
}

static void put_index(struct fh_builder *b, uint64_t index)
{
	uint64_t scale = 1;

	while (index / scale >= 1000)
		scale *= 1000;
	for (; scale > 1; scale /= 1000) {
		fh_builder_u8(b, 'x');
		put_group(b, (unsigned)(index / scale % 1000));
		fh_builder_u8(b, '/');
	}
	put_group(b, (unsigned)(index % 1000));
}

void fh_tile_put_path(struct fh_builder *b, const struct fh_tile *t)
{
	if (!tile_valid(t)) {
		b->bad = true;
		return;
	}
	fh_builder_text(b, "tile/");
	if (t->level == FH_TILE_ENTRIES)
		fh_builder_text(b, "entries");
	else
		fh_builder_decimal(b, (uint64_t)t->level);
	fh_builder_u8(b, '/');
	put_index(b, t->index);
	if (t->width < FH_TILE_WIDTH) {
		fh_builder_text(b, ".p/");
		fh_builder_decimal(b, t->width);
	}
}

/* Reads a number, at most MAX.  */
static uint64_t number(struct fh_cursor *c, struct fh_span digits, uint64_t max)
{
	uint64_t v = 0;

	if (fh_decimal_read(digits, &v) != FH_ERR_OK || v > max) {
		fh_cursor_fail(c, FH_ERR_FORMAT);
		return 0;
	}
	return v;
}

static int read_level(struct fh_cursor *c)
{
	struct fh_span level = fh_cursor_until(c, '/');

	if (fh_span_equal(level, FH_SPAN_LIT("entries")))
		return FH_TILE_ENTRIES;
	return (int)number(c, level, level_max);
}

/* Reads the groups.  Whether they are the right ones shows when the path is
 * written again, so an index that wraps is refused, too.  */
static uint64_t read_index(struct fh_cursor *c)
{
	uint64_t index = 0;
	bool more = true;

	while (more && !fh_cursor_bad(c)) {
		more = c->rest.n > 0 && c->rest.p[0] == 'x';
		(void)fh_cursor_take(c, more ? 1 : 0);
		struct fh_span group = fh_cursor_take(c, 3);

		for (size_t i = 0; i < group.n; i++)
			index = index * 10 + (uint8_t)(group.p[i] - '0') % 10;
		if (more)
			fh_cursor_expect(c, FH_SPAN_LIT("/"));
	}
	return index;
}

static unsigned read_width(struct fh_cursor *c)
{
	if (c->rest.n == 0)
		return FH_TILE_WIDTH;
	fh_cursor_expect(c, FH_SPAN_LIT(".p/"));
	return (unsigned)number(c, fh_cursor_take(c, c->rest.n), FH_TILE_WIDTH - 1);
}

fh_err fh_tile_parse_path(struct fh_span path, struct fh_tile *out)
{
	struct fh_cursor c = fh_cursor_of(path);
	uint8_t again[path_max];
	struct fh_builder b = FH_BUILDER_ARRAY(again);
	struct fh_tile t;

	fh_cursor_expect(&c, FH_SPAN_LIT("tile/"));
	t.level = read_level(&c);
	t.index = read_index(&c);
	t.width = read_width(&c);
	fh_err e = fh_cursor_end(&c);

	if (e != FH_ERR_OK)
		return e;
	fh_tile_put_path(&b, &t);
	if (!fh_span_equal(fh_builder_span(&b), path))
		return FH_ERR_FORMAT;
	*out = t;
	return FH_ERR_OK;
}

/* Hashes at LEVEL in a tree of SIZE: SIZE / 256^LEVEL.  Entry bundles are as
 * wide as level 0.  */
static uint64_t hashes_at(int level, uint64_t size)
{
	if (level <= 0)
		return size;
	return level >= FH_TILE_LEVELS ? 0 : size >> (8 * level);
}

unsigned fh_tile_partial_width(int level, uint64_t size)
{
	return (unsigned)(hashes_at(level, size) % FH_TILE_WIDTH);
}

uint64_t fh_tile_full_count(int level, uint64_t size)
{
	return hashes_at(level, size) / FH_TILE_WIDTH;
}

fh_err fh_bundle_entry(struct fh_span bundle, unsigned i, struct fh_span *out)
{
	struct fh_cursor c = fh_cursor_of(bundle);
	struct fh_span found = { 0 };
	unsigned count = 0;

	for (; c.rest.n > 0 && count < FH_TILE_WIDTH; count++) {
		struct fh_span entry = fh_cursor_vec16(&c, UINT16_MAX);

		if (count == i)
			found = entry;
	}
	fh_err e = fh_cursor_end(&c);

	if (e != FH_ERR_OK)
		return e;
	if (i >= count)
		return FH_ERR_MISSING;
	*out = found;
	return FH_ERR_OK;
}
