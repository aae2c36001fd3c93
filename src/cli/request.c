/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/request.h"

#include <string.h>

#define MAGIC "freehold device request 1"

void fh_request_put(struct fh_builder *b, const struct fh_hash *chain_id, struct fh_span body)
{
	fh_cbor_put_array(b, 3);
	fh_cbor_put_text(b, FH_SPAN_LIT(MAGIC));
	fh_cbor_put_bytes(b, fh_hash_span(chain_id));
	fh_cbor_put_bytes(b, body);
}

fh_err fh_request_read(struct fh_span file, struct fh_request *out, struct fh_trace *t)
{
	struct fh_cursor c = fh_cursor_of(file);
	struct fh_request r = { 0 };

	fh_cbor_array_exact(&c, 3);

	struct fh_span magic = fh_cbor_text(&c, FH_NAME_MAX);
	struct fh_span id = fh_cbor_bytes_exact(&c, FH_HASH_SIZE);

	r.body = fh_cbor_bytes(&c, FH_REQUEST_MAX);

	fh_err e = fh_cursor_end(&c);

	if (e != FH_ERR_OK || !fh_span_equal(magic, FH_SPAN_LIT(MAGIC))) {
		fh_trace_what(t, "this is no device request");
		fh_trace_cure(t, "give the file that `freehold init --request` wrote");
		return e != FH_ERR_OK ? e : FH_ERR_FORMAT;
	}
	memcpy(r.chain_id.bytes, id.p, FH_HASH_SIZE);
	e = fh_device_read(r.body, &r.device, t);
	if (e == FH_ERR_OK)
		e = fh_device_possession_check(&r.device, &r.chain_id);
	if (e == FH_ERR_SIGNATURE)
		fh_trace_what(t, "the machine does not prove that it holds its key");
	if (e == FH_ERR_OK)
		*out = r;
	return e;
}
