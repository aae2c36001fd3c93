/* SPDX-License-Identifier: Apache-2.0 */
/* The record for whoever reads it: checkpoints, tiles, leaves, and what public entries
 * say (docs/spec/TILES).  Nothing of it is an action, so nothing is recorded; and nothing
 * behind the newest signed checkpoint is told.  */
#include "role/core.h"

#include "codec/cbor.h"
#include "entry/anchor_name.h"
#include "entry/receipt.h"
#include "role/log.h"
#include "role/record_ask.h"
#include "stamp/stamp.h"

#include <stdio.h>
#include <string.h>

constexpr size_t bundle_max = FH_TILE_WIDTH * (FH_LEAF_MAX + 2);

/* --- reading ---------------------------------------------------------- */

static fh_err add_leaf(void *context, const struct fh_stored *s)
{
	struct fh_builder *b = context;

	fh_builder_be16(b, (uint16_t)s->leaf.n);
	fh_builder_bytes(b, s->leaf);
	return b->bad ? FH_ERR_LIMIT : FH_ERR_OK;
}

fh_err fh_core_read_entries(struct fh_core *c, uint64_t from, uint64_t end,
			    const struct fh_entry_visitor *v)
{
	struct fh_place place;
	fh_err e = fh_tiles_find(&c->tiles, from / FH_TILE_WIDTH, &place);

	return e == FH_ERR_OK
		       ? fh_entries_read(fh_fd_get(c->journal.directory), place, from, end, v)
		       : e;
}

static fh_err read_bundle(struct fh_core *c, const struct fh_tile *t, struct fh_builder *b)
{
	const struct fh_entry_visitor v = { add_leaf, b };
	uint64_t size = c->journal.signed_tree.size;

	if (t->index > size / FH_TILE_WIDTH
	    || t->width > size - t->index * FH_TILE_WIDTH)
		return FH_ERR_MISSING;
	return fh_core_read_entries(c, t->index * FH_TILE_WIDTH,
				    t->index * FH_TILE_WIDTH + t->width, &v);
}

/* The payload of an entry, if that is public.  */
static fh_err add_payload(void *context, const struct fh_stored *s)
{
	struct fh_builder *b = context;
	struct fh_leaf leaf;
	fh_err e = fh_leaf_read(s->leaf, &leaf);

	if (e == FH_ERR_OK && !fh_span_equal(leaf.class, FH_SPAN_LIT(FH_CLASS_PUBLIC)))
		return FH_ERR_PERMISSION;
	fh_builder_bytes(b, s->payload);
	return e == FH_ERR_OK && b->bad ? FH_ERR_LIMIT : e;
}

static fh_err read_payload(struct fh_core *c, uint64_t index, struct fh_builder *b)
{
	const struct fh_entry_visitor v = { add_payload, b };

	return index < c->journal.signed_tree.size ? fh_core_read_entries(c, index, index + 1, &v)
						    : FH_ERR_MISSING;
}

/* A whole file below record/, which holds nothing that is not for everybody.  */
static fh_err read_file(struct fh_core *c, const char *name, size_t max, struct fh_builder *b)
{
	char path[FH_PATH_MAX];
	struct fh_span bytes;

	if (snprintf(path, sizeof(path), "%s/%s", c->record_path, name) >= (int)sizeof(path))
		return FH_ERR_LIMIT;
	fh_err e = fh_file_read(path, max, &c->scratch, &bytes);

	if (e == FH_ERR_OK)
		fh_builder_bytes(b, bytes);
	return e;
}

/* A file of an anchor, which others put there.  */
static fh_err read_anchor(struct fh_core *c, uint64_t size, enum fh_anchor_file which, size_t max,
			  struct fh_builder *b)
{
	char name[sizeof("anchors/") + FH_ANCHOR_NAME_SIZE] = "anchors/";
	struct fh_builder path = FH_BUILDER_ARRAY(name);

	path.n = sizeof("anchors/") - 1;
	fh_anchor_name_put(&path, size, which);
	fh_builder_u8(&path, '\0');
	return path.bad ? FH_ERR_LIMIT : read_file(c, name, max, b);
}

static fh_err read_tile(struct fh_core *c, const struct fh_tile *t, struct fh_builder *b)
{
	uint8_t hashes[FH_TILE_WIDTH * FH_HASH_SIZE];
	fh_err e = fh_tiles_read(&c->tiles, t, hashes);

	if (e == FH_ERR_OK)
		fh_builder_bytes(b, fh_span_of(hashes, t->width * FH_HASH_SIZE));
	return e;
}

/* With our lines for others, which cost a moment of the keeper's: not for each batch, and
 * not for everybody who asks.  */
static fh_err read_checkpoint(struct fh_core *c, struct fh_builder *b)
{
	struct fh_span lined;

	if (c->note_n == 0)
		return FH_ERR_MISSING;
	fh_err e = fh_core_lined(c, &lined);

	if (e == FH_ERR_OK)
		fh_builder_bytes(b, lined);
	return e == FH_ERR_OK ? e : FH_ERR_STATE;
}

static fh_err read_part(struct fh_core *c, const struct fh_record_ask *a, struct fh_builder *b)
{
	switch (a->part) {
	case FH_RECORD_CHECKPOINT:
		return read_checkpoint(c, b);
	case FH_RECORD_TILE:
		return read_tile(c, &a->tile, b);
	case FH_RECORD_ENTRIES:
		return read_bundle(c, &a->tile, b);
	case FH_RECORD_PAYLOAD:
		return read_payload(c, a->tile.index, b);
	case FH_RECORD_RECEIPT:
		return read_file(c, "receipt", FH_SIGNED_ROOT_MAX, b);
	case FH_RECORD_WITNESSED:
		return read_file(c, "witnessed", FH_NOTE_MAX, b);
	case FH_RECORD_ANCHORS:
		return read_file(c, "anchors/list", FH_ANCHORS_LIST_MAX, b);
	case FH_RECORD_ANCHOR:
		return read_anchor(c, a->tile.index, FH_ANCHOR_NOTE, FH_NOTE_MAX, b);
	case FH_RECORD_ANCHOR_PROOF:
		return read_anchor(c, a->tile.index, FH_ANCHOR_PROOF, FH_STAMP_FILE_MAX, b);
	case FH_RECORD_METRICS:
		fh_core_put_metrics(b, c);
		return FH_ERR_OK;
	}
	return FH_ERR_FORMAT;
}

/* --- answering -------------------------------------------------------- */

static size_t room_for(const struct fh_record_ask *a)
{
	switch (a->part) {
	case FH_RECORD_PAYLOAD:
		return FH_PAYLOAD_MAX;
	case FH_RECORD_ANCHORS:
		return FH_ANCHORS_LIST_MAX;
	case FH_RECORD_ANCHOR_PROOF:
		return FH_STAMP_FILE_MAX;
	default:
		return bundle_max;
	}
}

static struct fh_builder builder(struct fh_core *c, size_t n)
{
	uint8_t *p = fh_arena_space(&c->scratch, n);

	return fh_builder_of(p, p == nullptr ? 0 : n);
}

/* What cannot be told, and why, in words that stay.  */
static void explain(fh_err e, struct fh_reply *r)
{
	r->status = FH_REPLY_FAILED;
	if (e == FH_ERR_MISSING) {
		r->reason = FH_SPAN_LIT("not-found");
		r->text = FH_SPAN_LIT("the record does not reach so far");
	} else if (e == FH_ERR_PERMISSION) {
		r->reason = FH_SPAN_LIT("not-public");
		r->text = FH_SPAN_LIT("what this entry says is not for everybody");
	} else {
		r->reason = FH_SPAN_LIT("no-tiles");
		r->text = FH_SPAN_LIT("the record cannot be read back just now");
	}
}

fh_err fh_core_record_part(struct fh_core *c, size_t gate, const struct fh_ask *ask)
{
	struct fh_reply reply = { .status = FH_REPLY_RESULT, .exchange = ask->exchange,
				  .index = FH_NO_INDEX };
	struct fh_record_ask a;

	if (!c->gate[gate].peer.network || fh_record_ask_read(ask->params, &a) != FH_ERR_OK)
		return FH_ERR_FORMAT;
	struct fh_builder bytes = builder(c, room_for(&a));
	struct fh_builder body = builder(c, room_for(&a) + 16);
	fh_err e = read_part(c, &a, &bytes);

	if (e == FH_ERR_STATE) /* of the keeper, and final */
		return e;
	if (e == FH_ERR_OK) {
		fh_cbor_put_bytes(&body, fh_builder_span(&bytes));
		if (bytes.bad || body.bad)
			return FH_ERR_NOMEM;
		reply.body = fh_builder_span(&body);
	} else {
		explain(e, &reply);
	}
	fh_core_reply(c, gate, &reply);
	return FH_ERR_OK;
}

void fh_core_tiles_watch(struct fh_core *c)
{
	if (c->tiles.broken == FH_ERR_OK || c->tiles_told)
		return;
	c->tiles_told = true;
	fh_log(FH_LOG_PRIORITY_WARNING, "core", "record/tiles.* cannot be written, so no tiles are "
	       "served until the next start; the record itself goes on");
}
