/* SPDX-License-Identifier: Apache-2.0 */
#include "role/witness_ask.h"

#include "codec/cbor.h"
#include "merkle/witness.h"

#define REQUEST "request"
#define ORIGIN "origin"

void fh_witness_ask_put(struct fh_builder *b, const struct fh_witness_ask *a)
{
	fh_cbor_put_map(b, 1);
	if (a->request.n > 0) {
		fh_cbor_put_text(b, FH_SPAN_LIT(REQUEST));
		fh_cbor_put_bytes(b, a->request);
	} else {
		fh_cbor_put_text(b, FH_SPAN_LIT(ORIGIN));
		fh_cbor_put_hash(b, &a->origin);
	}
}

fh_err fh_witness_ask_read(struct fh_span params, struct fh_witness_ask *out)
{
	struct fh_cursor c = fh_cursor_of(params);
	struct fh_witness_ask a = { 0 };

	fh_cbor_map_exact(&c, 1);
	struct fh_span name = fh_cbor_text(&c, 16);

	if (fh_span_equal(name, FH_SPAN_LIT(REQUEST))) {
		a.request = fh_cbor_bytes(&c, FH_WITNESS_REQUEST_MAX);
		if (a.request.n == 0)
			fh_cursor_fail(&c, FH_ERR_FORMAT);
	} else if (fh_span_equal(name, FH_SPAN_LIT(ORIGIN))) {
		a.origin = fh_cbor_hash(&c);
	} else {
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	}
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*out = a;
	return e;
}

void fh_witness_reply_put(struct fh_builder *b, const struct fh_witness_reply *r)
{
	fh_cbor_put_array(b, 2);
	fh_cbor_put_uint(b, r->status);
	fh_cbor_put_bytes(b, r->body);
}

fh_err fh_witness_reply_read(struct fh_span body, struct fh_witness_reply *out)
{
	struct fh_cursor c = fh_cursor_of(body);

	fh_cbor_array_exact(&c, 2);
	uint64_t status = fh_cbor_uint(&c);
	struct fh_witness_reply r = { (uint16_t)status, fh_cbor_bytes(&c, FH_NOTE_MAX) };

	if (status < 200 || status > 599)
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*out = r;
	return e;
}
