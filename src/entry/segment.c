/* SPDX-License-Identifier: Apache-2.0 */
#include "entry/segment.h"

#include "merkle/checkpoint.h"

#include <string.h>

#define SEGMENT_MAGIC "freehold journal 1\n"

constexpr size_t batch_open = 8 + 4;
constexpr size_t batch_close = 8 + FH_HASH_SIZE;

/* --- writing ---------------------------------------------------------- */

static void put_frame(struct fh_builder *b, enum fh_segment_frame type, size_t n)
{
	fh_builder_u8(b, type);
	fh_builder_be32(b, (uint32_t)n);
}

void fh_segment_put_head(struct fh_builder *b, const struct fh_segment_head *h)
{
	struct fh_span magic = FH_SPAN_LIT(SEGMENT_MAGIC);

	put_frame(b, FH_SEGMENT_HEAD, magic.n + 3 * FH_HASH_SIZE + 8);
	fh_builder_bytes(b, magic);
	fh_builder_bytes(b, fh_hash_span(&h->chain_id));
	fh_builder_bytes(b, fh_hash_span(&h->device_id));
	fh_builder_be64(b, h->first);
	fh_builder_bytes(b, fh_hash_span(&h->root));
}

size_t fh_batch_frame_size(size_t n)
{
	return FH_FRAME_HEAD + batch_open + n + batch_close;
}

void fh_batch_put_open(struct fh_builder *b, uint64_t first, uint32_t count, size_t entries_size)
{
	put_frame(b, FH_SEGMENT_BATCH, batch_open + entries_size + batch_close);
	fh_builder_be64(b, first);
	fh_builder_be32(b, count);
}

void fh_batch_put_close(struct fh_builder *b, uint64_t size, const struct fh_hash *root)
{
	fh_builder_be64(b, size);
	fh_builder_bytes(b, fh_hash_span(root));
}

void fh_stored_put(struct fh_builder *b, const struct fh_stored *s)
{
	fh_builder_be16(b, (uint16_t)s->leaf.n);
	fh_builder_bytes(b, s->leaf);
	fh_builder_be32(b, (uint32_t)s->payload.n);
	fh_builder_bytes(b, s->payload);
}

void fh_segment_put_checkpoint(struct fh_builder *b, struct fh_span note)
{
	put_frame(b, FH_SEGMENT_CHECKPOINT, note.n);
	fh_builder_bytes(b, note);
}

/* --- reading ---------------------------------------------------------- */

static bool only_zeros(struct fh_span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != 0)
			return false;
	}
	return true;
}

static size_t body_max(enum fh_segment_frame type)
{
	switch (type) {
	case FH_SEGMENT_HEAD:
		return sizeof(SEGMENT_MAGIC) - 1 + 3 * FH_HASH_SIZE + 8;
	case FH_SEGMENT_BATCH:
		return FH_BATCH_MAX;
	case FH_SEGMENT_CHECKPOINT:
		return FH_CHECKPOINT_NOTE_MAX;
	case FH_SEGMENT_END:
		break;
	}
	return 0;
}

fh_err fh_segment_next(struct fh_cursor *c, enum fh_segment_frame *type, struct fh_span *body)
{
	struct fh_cursor ahead = *c;

	if (c->rest.n == 0 || (c->rest.p[0] == FH_SEGMENT_END && only_zeros(c->rest))) {
		*type = FH_SEGMENT_END;
		*body = (struct fh_span){ 0 };
		return FH_ERR_OK;
	}
	uint8_t first = fh_cursor_u8(&ahead);

	if (first < FH_SEGMENT_HEAD || first > FH_SEGMENT_CHECKPOINT)
		return FH_ERR_FORMAT;
	uint32_t n = fh_cursor_be32(&ahead);

	if (fh_cursor_bad(&ahead))
		return FH_ERR_TORN;
	if (n > body_max((enum fh_segment_frame)first))
		return FH_ERR_LIMIT;
	if (n > ahead.rest.n)
		return FH_ERR_TORN;
	*body = fh_cursor_take(&ahead, n);
	*type = (enum fh_segment_frame)first;
	*c = ahead;
	return FH_ERR_OK;
}

static void read_hash(struct fh_cursor *c, struct fh_hash *out)
{
	struct fh_span s = fh_cursor_take(c, FH_HASH_SIZE);

	if (s.n == FH_HASH_SIZE)
		memcpy(out->bytes, s.p, FH_HASH_SIZE);
}

fh_err fh_segment_head_read(struct fh_span body, struct fh_segment_head *out)
{
	struct fh_cursor c = fh_cursor_of(body);
	struct fh_segment_head h = { 0 };

	fh_cursor_expect(&c, FH_SPAN_LIT(SEGMENT_MAGIC));
	read_hash(&c, &h.chain_id);
	read_hash(&c, &h.device_id);
	h.first = fh_cursor_be64(&c);
	read_hash(&c, &h.root);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*out = h;
	return e;
}

fh_err fh_batch_read(struct fh_span body, struct fh_batch *out)
{
	struct fh_cursor c = fh_cursor_of(body);
	struct fh_batch b = { 0 };

	b.first = fh_cursor_be64(&c);
	b.count = fh_cursor_be32(&c);
	if (fh_cursor_bad(&c) || c.rest.n < batch_close)
		return FH_ERR_FORMAT;
	b.rest = fh_cursor_of(fh_cursor_take(&c, c.rest.n - batch_close));
	b.size = fh_cursor_be64(&c);
	read_hash(&c, &b.root);
	if (b.count == 0 || b.count > FH_BATCH_ENTRIES_MAX || b.size < b.count
	    || b.size - b.count != b.first)
		return FH_ERR_FORMAT;
	*out = b;
	return fh_cursor_end(&c);
}

fh_err fh_batch_next(struct fh_batch *b, struct fh_stored *out)
{
	if (b->rest.rest.n == 0 && !fh_cursor_bad(&b->rest))
		return FH_ERR_MISSING;
	struct fh_span leaf = fh_cursor_vec16(&b->rest, FH_LEAF_MAX);
	uint32_t n = fh_cursor_be32(&b->rest);

	if (n > FH_PAYLOAD_MAX)
		fh_cursor_fail(&b->rest, FH_ERR_LIMIT);
	struct fh_span payload = fh_cursor_take(&b->rest, n);

	if (fh_cursor_bad(&b->rest))
		return b->rest.why;
	*out = (struct fh_stored){ leaf, payload };
	return FH_ERR_OK;
}
