/* SPDX-License-Identifier: Apache-2.0 */
#include "role/gate.h"

#include "base/hex.h"
#include "codec/base64.h"
#include "codec/cbor.h"
#include "codec/json_pull.h"
#include "crypto/credential.h"
#include "evidence/machine.h"

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

constexpr size_t nonce_min = 8; /* bytes: less could be guessed, and asked for beforehand */

/* The question as it was read.  */
struct question {
	uint8_t nonce[FH_QUOTE_NONCE_MAX];
	size_t nonce_n;
	struct fh_span origin;
	uint8_t object[FH_CREDENTIAL_OBJECT_MAX], secret[FH_CREDENTIAL_SEED_MAX];
	size_t object_n, secret_n; /* 0: no credential */
};

/* VALUE is a string in base64url of 1 to CAP bytes, into OUT.  */
static bool decoded(struct fh_span value, uint8_t *out, size_t cap, size_t *n)
{
	struct fh_builder b = fh_builder_of(out, cap);
	struct fh_span text;

	if (fh_json_string(value, &text) != FH_ERR_OK || fh_base64url_read(text, &b) != FH_ERR_OK)
		return false;
	*n = b.n;
	return b.n > 0;
}

static bool read_question(struct fh_span body, struct question *q)
{
	static const char *const names[] = { "nonce", "origin", "object", "secret" };
	struct fh_span v[4] = { 0 }, hex = { 0 };

	if (fh_json_object(body, names, 4, v) != FH_ERR_OK
	    || fh_json_string(v[0], &hex) != FH_ERR_OK
	    || fh_json_string(v[1], &q->origin) != FH_ERR_OK)
		return false;
	q->nonce_n = hex.n / 2;
	if (q->nonce_n < nonce_min || q->nonce_n > sizeof(q->nonce)
	    || q->origin.n > FH_QUOTE_ORIGIN_MAX
	    || fh_hex_read(hex, q->nonce, q->nonce_n) != FH_ERR_OK)
		return false;
	if (v[2].n == 0 && v[3].n == 0)
		return true;
	return decoded(v[2], q->object, sizeof(q->object), &q->object_n)
	    && decoded(v[3], q->secret, sizeof(q->secret), &q->secret_n);
}

/* A quote is of worth to who asked, so he says where he thinks he asks: at one of our
 * own names, or somebody passes his question on.  */
const char *fh_gate_quote_read(const struct fh_gate *g, struct fh_span body,
			       struct fh_builder *params, uint16_t *status)
{
	struct question q = { 0 };

	*status = 400;
	if (!read_question(body, &q))
		return "bad-question";
	*status = 403;
	if (!fh_route_is_origin(&g->authorities, q.origin))
		return "foreign-origin";
	fh_cbor_put_map(params, q.object_n > 0 ? 4 : 2);
	fh_cbor_put_text(params, FH_SPAN_LIT("nonce"));
	fh_cbor_put_bytes(params, fh_span_of(q.nonce, q.nonce_n));
	if (q.object_n > 0) {
		fh_cbor_put_text(params, FH_SPAN_LIT("object"));
		fh_cbor_put_bytes(params, fh_span_of(q.object, q.object_n));
	}
	fh_cbor_put_text(params, FH_SPAN_LIT("origin"));
	fh_cbor_put_text(params, q.origin);
	if (q.object_n > 0) {
		fh_cbor_put_text(params, FH_SPAN_LIT("secret"));
		fh_cbor_put_bytes(params, fh_span_of(q.secret, q.secret_n));
	}
	return nullptr;
}
