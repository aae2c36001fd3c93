/* SPDX-License-Identifier: Apache-2.0 */
/* This machine as a witness of other logs, over HTTP: C2SP tlog-witness.  The gate looks at
 * the path and the size; what is asked is read by core.  docs/spec/WITNESS.  */
#include "role/gate.h"

#include "base/hex.h"
#include "codec/cbor.h"
#include "merkle/witness.h"
#include "role/witness_ask.h"

#include <string.h>

bool fh_gate_witness_read(struct fh_gate *g, const struct fh_http_request *r,
			  struct fh_builder *params)
{
	const struct fh_span prefix = FH_SPAN_LIT(FH_ROUTE_WITNESS_PREFIX);
	struct fh_span path = fh_span_skip(r->target, prefix.n);
	struct fh_span hex = fh_span_first(path, 2 * FH_HASH_SIZE);
	struct fh_witness_ask a = { 0 };
	size_t cap = r->body.n + 64;

	if (fh_span_equal(path, FH_SPAN_LIT("add-checkpoint"))) {
		a.request = r->body;
	} else if (!fh_span_equal(fh_span_skip(path, hex.n), FH_SPAN_LIT("/checkpoint"))
		   || fh_hex_read(hex, a.origin.bytes, FH_HASH_SIZE) != FH_ERR_OK) {
		return false;
	}
	if (a.request.n > FH_WITNESS_REQUEST_MAX || fh_gate_renew_scratch(g) != FH_ERR_OK)
		return false;
	*params = fh_builder_of(fh_arena_space(&g->scratch, cap), cap);
	if (params->p == nullptr)
		params->cap = 0;
	fh_witness_ask_put(params, &a);
	return !params->bad;
}

/* Sizes have a type of their own, everything else is lines of text.  */
void fh_gate_witness_answer(struct fh_client *c, const struct fh_reply *r)
{
	struct fh_witness_reply w;
	struct fh_http_response out = { .head_only = c->http.request.method == FH_HTTP_HEAD,
					.cache = "no-store" };

	if (r->status != FH_REPLY_RESULT || fh_witness_reply_read(r->body, &w) != FH_ERR_OK) {
		fh_gate_http_refuse(c, 503, r->reason, r->text);
		return;
	}
	if (w.status != 200 && w.status != 409) {
		fh_gate_http_refuse(c, w.status, FH_SPAN_LIT("not-cosigned"), w.body);
		return;
	}
	out.status = w.status;
	out.type = w.status == 409 ? FH_WITNESS_SIZE_TYPE : "text/plain; charset=utf-8";
	out.body = w.body;
	fh_gate_http_respond(c, &out);
}
