/* SPDX-License-Identifier: Apache-2.0 */
#include "role/gate.h"

#include "codec/cbor.h"

#include <string.h>

fh_err fh_gate_document_take(struct fh_gate *g, struct fh_span body)
{
	struct fh_builder tag = FH_BUILDER_ARRAY(g->etag);
	struct fh_cursor c = fh_cursor_of(body);
	struct fh_span document = fh_cbor_bytes(&c, FH_DOCUMENT_MAX);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK && (document.n == 0 || !g->network))
		e = FH_ERR_FORMAT;
	if (e != FH_ERR_OK)
		return e;
	struct fh_hash h = fh_hash_of(document);

	memcpy(g->document, document.p, document.n);
	g->document_n = document.n;
	fh_builder_text(&tag, "\"");
	fh_builder_hex(&tag, fh_hash_span(&h));
	fh_builder_text(&tag, "\"");
	return FH_ERR_OK;
}

struct fh_http_response fh_gate_document_answer(const struct fh_gate *g,
						const struct fh_http_request *r)
{
	struct fh_http_response a = { .status = 200, .published = true,
				      .etag = FH_SPAN_ARRAY(g->etag),
				      .body = fh_span_of(g->document, g->document_n),
				      .head_only = r->method == FH_HTTP_HEAD };

	if (g->document_n == 0)
		return (struct fh_http_response){ .status = 503 };
	if (fh_http_has_tag(r, "if-none-match", a.etag)) {
		a.status = 304;
		a.body = (struct fh_span){ 0 };
	}
	return a;
}
