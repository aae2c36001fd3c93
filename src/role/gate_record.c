/* SPDX-License-Identifier: Apache-2.0 */
/* The record over HTTP: which part a path names, and how what core says of it is
 * answered.  docs/spec/TILES.  */
#include "role/gate.h"

#include "codec/cbor.h"
#include "role/record_ask.h"

/* How each part is sent.  A tile, a bundle and a payload never change: whoever has one
 * need not ask again.  */
static const struct {
	const char *type;
	const char *cache;
} kinds[] = {
	[FH_RECORD_CHECKPOINT] = { "text/plain; charset=utf-8", "no-cache" },
	[FH_RECORD_TILE] = { "application/octet-stream", "public, max-age=31536000, immutable" },
	[FH_RECORD_ENTRIES] = { "application/octet-stream", "public, max-age=31536000, immutable" },
	[FH_RECORD_PAYLOAD] = { "application/cbor", "public, max-age=31536000, immutable" },
	[FH_RECORD_RECEIPT] = { "application/cbor", "no-cache" },
	[FH_RECORD_WITNESSED] = { "text/plain; charset=utf-8", "no-cache" },
	[FH_RECORD_ANCHORS] = { "text/plain; charset=utf-8", "no-cache" },
	[FH_RECORD_ANCHOR] = { "text/plain; charset=utf-8", "no-cache" },
	[FH_RECORD_ANCHOR_PROOF] = { "application/vnd.opentimestamps.v1", "no-cache" },
	[FH_RECORD_METRICS] = { "text/plain; version=0.0.4; charset=utf-8", "no-store" },
};

static fh_err part_of(const struct fh_http_request *r, struct fh_record_ask *out)
{
	const struct fh_span prefix = FH_SPAN_LIT(FH_ROUTE_RECORD_PREFIX);

	if (fh_span_equal(r->target, FH_SPAN_LIT(FH_ROUTE_METRICS))) {
		*out = (struct fh_record_ask){ .part = FH_RECORD_METRICS, .tile.width = 1 };
		return FH_ERR_OK;
	}
	return fh_record_ask_parse(fh_span_skip(r->target, prefix.n), out);
}

bool fh_gate_record_read(const struct fh_http_request *r, struct fh_builder *params)
{
	struct fh_record_ask a;

	if (part_of(r, &a) != FH_ERR_OK)
		return false;
	fh_record_ask_put(params, &a);
	return true;
}

/* The answer of core, and an entity tag for what changes.  */
static void answer_part(struct fh_client *c, const struct fh_record_ask *a, struct fh_span bytes)
{
	uint8_t tag_bytes[2 + 2 * FH_HASH_SIZE];
	struct fh_builder tag = FH_BUILDER_ARRAY(tag_bytes);
	struct fh_http_request *r = &c->http.request;
	struct fh_hash h = fh_hash_of(bytes);
	struct fh_http_response out = { .status = 200, .type = kinds[a->part].type,
					.cache = kinds[a->part].cache, .body = bytes,
					.head_only = r->method == FH_HTTP_HEAD };

	fh_builder_text(&tag, "\"");
	fh_builder_hex(&tag, fh_hash_span(&h));
	fh_builder_text(&tag, "\"");
	out.etag = fh_builder_span(&tag);
	if (fh_http_has_tag(r, "if-none-match", out.etag)) {
		out.status = 304;
		out.body = (struct fh_span){ 0 };
	}
	fh_gate_http_respond(c, &out);
}

void fh_gate_record_answer(struct fh_client *c, const struct fh_reply *r)
{
	struct fh_cursor cursor = fh_cursor_of(r->body);
	struct fh_span bytes = fh_cbor_bytes(&cursor, FH_JSON_MAX);
	struct fh_record_ask a;

	if (r->status == FH_REPLY_RESULT && fh_cursor_end(&cursor) == FH_ERR_OK
	    && part_of(&c->http.request, &a) == FH_ERR_OK) {
		answer_part(c, &a, bytes);
		return;
	}
	uint16_t status = fh_span_equal(r->reason, FH_SPAN_LIT("not-found"))    ? 404
			  : fh_span_equal(r->reason, FH_SPAN_LIT("not-public")) ? 403
										 : 503;

	fh_gate_http_refuse(c, status, r->reason, r->text);
}
