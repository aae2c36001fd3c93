/* SPDX-License-Identifier: Apache-2.0 */
#include "role/record_ask.h"

#include "base/decimal.h"
#include "codec/cbor.h"
#include "entry/anchor_name.h"

#define PAYLOAD_PREFIX "payload/"
#define ANCHORS_PREFIX "anchors/"

static fh_err parse_anchor(struct fh_span name, struct fh_record_ask *a)
{
	enum fh_anchor_file which;

	a->part = FH_RECORD_ANCHORS;
	if (fh_span_equal(name, FH_SPAN_LIT("list")))
		return FH_ERR_OK;
	fh_err e = fh_anchor_name_read(name, &a->tile.index, &which);

	if (e == FH_ERR_OK)
		a->part = which == FH_ANCHOR_PROOF ? FH_RECORD_ANCHOR_PROOF : FH_RECORD_ANCHOR;
	return e;
}

fh_err fh_record_ask_parse(struct fh_span path, struct fh_record_ask *out)
{
	const struct fh_span payload = FH_SPAN_LIT(PAYLOAD_PREFIX);
	const struct fh_span anchors = FH_SPAN_LIT(ANCHORS_PREFIX);
	struct fh_record_ask a = { .tile.width = 1 };
	fh_err e = FH_ERR_OK;

	if (fh_span_equal(path, FH_SPAN_LIT("checkpoint"))) {
		a.part = FH_RECORD_CHECKPOINT;
	} else if (fh_span_equal(path, FH_SPAN_LIT("receipt"))) {
		a.part = FH_RECORD_RECEIPT;
	} else if (fh_span_equal(path, FH_SPAN_LIT("witnessed"))) {
		a.part = FH_RECORD_WITNESSED;
	} else if (fh_span_starts(path, payload)) {
		a.part = FH_RECORD_PAYLOAD;
		e = fh_decimal_read(fh_span_skip(path, payload.n), &a.tile.index);
	} else if (fh_span_starts(path, anchors)) {
		e = parse_anchor(fh_span_skip(path, anchors.n), &a);
	} else {
		e = fh_tile_parse_path(path, &a.tile);
		a.part = a.tile.level == FH_TILE_ENTRIES ? FH_RECORD_ENTRIES : FH_RECORD_TILE;
	}
	if (e != FH_ERR_OK)
		return FH_ERR_FORMAT;
	if (a.part != FH_RECORD_TILE)
		a.tile.level = 0;
	*out = a;
	return FH_ERR_OK;
}

static void put_member(struct fh_builder *b, const char *name, uint64_t v)
{
	fh_cbor_put_text(b, fh_span_str(name));
	fh_cbor_put_uint(b, v);
}

void fh_record_ask_put(struct fh_builder *b, const struct fh_record_ask *a)
{
	fh_cbor_put_map(b, 4);
	put_member(b, "part", a->part);
	put_member(b, "index", a->tile.index);
	put_member(b, "level", (uint64_t)a->tile.level);
	put_member(b, "width", a->tile.width);
}

static uint64_t read_member(struct fh_cursor *c, const char *name, uint64_t max)
{
	struct fh_span text = fh_cbor_text(c, 16);
	uint64_t v = fh_cbor_uint(c);

	if (!fh_span_equal(text, fh_span_str(name)) || v > max)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	return v;
}

fh_err fh_record_ask_read(struct fh_span params, struct fh_record_ask *out)
{
	struct fh_cursor c = fh_cursor_of(params);
	struct fh_record_ask a;

	fh_cbor_map_exact(&c, 4);
	a.part = (enum fh_record_part)read_member(&c, "part", FH_RECORD_ANCHOR_PROOF);
	a.tile.index = read_member(&c, "index", UINT64_MAX);
	a.tile.level = (int)read_member(&c, "level", 63);
	a.tile.width = (unsigned)read_member(&c, "width", FH_TILE_WIDTH);
	if (a.part == 0 || a.tile.width == 0)
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*out = a;
	return e;
}
