/* SPDX-License-Identifier: Apache-2.0 */
#include "anchor/node_private.h"
#include "codec/cbor.h"

constexpr size_t request_max = FH_NODE_BATCH * 160;

/* Hashes of a stretch of the node's chain.  */
struct stretch {
	uint64_t first;
	size_t n;
	struct fh_hash hash[FH_NODE_BATCH];
};

/* Sends one batch: an array of calls that PUT writes.  */
static fh_err ask_batch(struct fh_node *n, const struct stretch *s,
			void (*put)(struct fh_builder *, const struct stretch *, size_t),
			struct fh_cursor *out, struct fh_trace *t)
{
	struct fh_span request, answer;

	fh_arena_reset(&n->scratch);

	struct fh_builder b = fh_builder_of(fh_arena_space(&n->scratch, request_max), request_max);

	if (b.p == nullptr)
		return FH_ERR_NOMEM;
	for (size_t i = 0; i < s->n; i++) {
		fh_builder_u8(&b, i == 0 ? '[' : ',');
		put(&b, s, i);
	}
	fh_builder_u8(&b, ']');

	fh_err e = fh_builder_end(&b, &request);

	if (e == FH_ERR_OK)
		e = fh_node_ask(n, request, &answer, t);
	if (e != FH_ERR_OK)
		return e;
	*out = fh_cursor_of(answer);
	if (fh_cbor_array(out, s->n) != s->n || fh_cursor_bad(out))
		return fh_node_nonsense(t, "a batch of calls");
	return FH_ERR_OK;
}

static void put_hash_call(struct fh_builder *b, const struct stretch *s, size_t i)
{
	uint8_t room[32];
	struct fh_builder p = FH_BUILDER_ARRAY(room);

	fh_builder_u8(&p, '[');
	fh_builder_decimal(&p, s->first + i);
	fh_builder_u8(&p, ']');
	fh_node_put_call(b, "getblockhash", fh_builder_span(&p));
}

static void put_header_call(struct fh_builder *b, const struct stretch *s, size_t i)
{
	uint8_t room[128];
	struct fh_builder p = FH_BUILDER_ARRAY(room);

	fh_builder_u8(&p, '[');
	fh_node_put_hash(&p, fh_hash_span(&s->hash[i]));
	fh_builder_text(&p, ",false]");
	fh_node_put_call(b, "getblockheader", fh_builder_span(&p));
}

static fh_err read_hashes(struct fh_node *n, struct stretch *s, struct fh_trace *t)
{
	struct fh_cursor c;
	struct fh_span result, text;
	fh_err e = ask_batch(n, s, put_hash_call, &c, t);

	for (size_t i = 0; e == FH_ERR_OK && i < s->n; i++) {
		e = fh_node_result(fh_cbor_item(&c), &result, t);
		if (e == FH_ERR_OK && (!fh_node_text(result, &text) ||
				       fh_node_read_hash(text, &s->hash[i]) != FH_ERR_OK))
			e = fh_node_nonsense(t, "getblockhash");
	}
	return e;
}

/* The header that is the answer at C, which must have the hash that it was asked for
 * by.  */
static fh_err read_header(struct fh_node *n, struct fh_cursor *c, const struct fh_hash *hash,
			  struct fh_span *out, struct fh_trace *t)
{
	struct fh_span result, hex;
	fh_err e = fh_node_result(fh_cbor_item(c), &result, t);

	if (e != FH_ERR_OK)
		return e;
	if (!fh_node_text(result, &hex) || hex.n != 2 * FH_HEADER_SIZE ||
	    fh_node_read_bytes(hex, &n->scratch, out) != FH_ERR_OK)
		return fh_node_nonsense(t, "getblockheader");

	struct fh_header h = fh_header_of(out->p);

	return fh_hash_equal(&h.hash, hash) ? FH_ERR_OK : fh_node_nonsense(t, "getblockheader");
}

static fh_err read_headers(struct fh_node *n, const struct stretch *s, struct fh_headers *h,
			   struct fh_trace *t)
{
	struct fh_cursor c;
	struct fh_span bytes;
	fh_err e = ask_batch(n, s, put_header_call, &c, t);

	for (size_t i = 0; e == FH_ERR_OK && i < s->n; i++) {
		fh_trace_where(t, "block %llu of %s", (unsigned long long)(s->first + i), n->url);
		e = read_header(n, &c, &s->hash[i], &bytes, t);
		if (e == FH_ERR_OK)
			e = fh_headers_add(h, s->first + i, bytes.p, t);
	}
	return e;
}

/* The node has the header at HEIGHT that H has on its best branch.  */
static fh_err agree(struct fh_node *n, const struct fh_headers *h, uint64_t height, bool *out,
		    struct fh_trace *t)
{
	struct stretch s = { .first = height, .n = 1 };
	struct fh_header_place ours;
	fh_err e = read_hashes(n, &s, t);

	*out = e == FH_ERR_OK && fh_headers_find(h, height, &ours) &&
	       fh_hash_equal(&ours.header.hash, &s.hash[0]);
	return e;
}

/* The height from which on the node has something new: back in growing steps, so that a
 * branch of a few blocks costs a few questions.  */
static fh_err find_start(struct fh_node *n, const struct fh_headers *h, uint64_t height,
			 uint64_t *out, struct fh_trace *t)
{
	struct fh_header_place tip;
	uint64_t at, step = 1;
	bool same;

	*out = 0;
	if (!fh_headers_tip(h, &tip))
		return FH_ERR_OK;
	for (at = tip.height < height ? tip.height : height; ; at -= step, step *= 2) {
		fh_err e = agree(n, h, at, &same, t);

		if (e != FH_ERR_OK)
			return e;
		if (same)
			*out = at + 1;
		if (same || at < step)
			return FH_ERR_OK;
	}
}

fh_err fh_node_headers(struct fh_node *n, uint64_t height, struct fh_headers *h,
		       void (*progress)(uint64_t height, uint64_t of), struct fh_trace *t)
{
	struct stretch s;
	fh_err e = find_start(n, h, height, &s.first, t);

	for (; e == FH_ERR_OK && s.first <= height; s.first += s.n) {
		s.n = height - s.first < FH_NODE_BATCH ? (size_t)(height - s.first) + 1
						       : FH_NODE_BATCH;
		e = read_hashes(n, &s, t);
		if (e == FH_ERR_OK)
			e = read_headers(n, &s, h, t);
		if (e == FH_ERR_OK && progress != nullptr)
			progress(s.first + s.n - 1, height);
	}
	return e;
}
