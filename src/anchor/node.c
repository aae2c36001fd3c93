/* SPDX-License-Identifier: Apache-2.0 */
#include "anchor/node.h"

#include <string.h>

#include "anchor/fetch.h"
#include "anchor/node_private.h"
#include "base/hex.h"
#include "codec/cbor.h"
#include "codec/json.h"
#include "codec/lookup.h"

constexpr size_t parameters_max = 300000; /* a transaction in hex */
constexpr double satoshi_max = 21e14;     /* all there will ever be */

/* --- what an answer holds --- */

bool fh_node_text(struct fh_span item, struct fh_span *out)
{
	struct fh_cursor c = fh_cursor_of(item);

	if (item.n == 0 || fh_cbor_peek(&c) != FH_CBOR_TEXT)
		return false;
	*out = fh_cbor_text(&c, item.n);
	return !fh_cursor_bad(&c);
}

bool fh_node_text_of(struct fh_span map, const char *name, struct fh_span *out)
{
	return fh_node_text(fh_cbor_map_get(map, name), out);
}

bool fh_node_number_of(struct fh_span map, const char *name, int64_t *out)
{
	struct fh_span item = fh_cbor_map_get(map, name);
	struct fh_cursor c = fh_cursor_of(item);

	if (item.n == 0)
		return false;
	*out = fh_cbor_int(&c);
	return !fh_cursor_bad(&c);
}

/* Bitcoins are written with a point, so that they are floats, or without one.  */
bool fh_node_amount_of(struct fh_span map, const char *name, uint64_t *satoshi)
{
	struct fh_span item = fh_cbor_map_get(map, name);
	struct fh_cursor c = fh_cursor_of(item);
	int64_t whole;
	double v = 0;

	if (fh_node_number_of(map, name, &whole))
		v = (double)whole;
	else if (item.n > 0)
		v = fh_cbor_float(&c);
	if (item.n == 0 || fh_cursor_bad(&c) || !(v >= 0) || v * 1e8 > satoshi_max)
		return false;
	*satoshi = (uint64_t)(v * 1e8 + 0.5);
	return true;
}

fh_err fh_node_read_hash(struct fh_span text, struct fh_hash *out)
{
	uint8_t shown[FH_HASH_SIZE];
	fh_err e = fh_hex_read(text, shown, FH_HASH_SIZE);

	for (size_t i = 0; e == FH_ERR_OK && i < FH_HASH_SIZE; i++)
		out->bytes[i] = shown[FH_HASH_SIZE - 1 - i];
	return e;
}

void fh_node_put_hash(struct fh_builder *b, struct fh_span hash)
{
	fh_builder_u8(b, '"');
	for (size_t i = hash.n; i > 0; i--)
		fh_builder_hex(b, fh_span_first(fh_span_skip(hash, i - 1), 1));
	fh_builder_u8(b, '"');
}

fh_err fh_node_read_bytes(struct fh_span text, struct fh_arena *a, struct fh_span *out)
{
	size_t n = text.n / 2;
	uint8_t *p = fh_arena_space(a, n + 1);

	if (p == nullptr)
		return FH_ERR_NOMEM;
	if (text.n % 2 != 0)
		return FH_ERR_FORMAT;
	for (size_t i = 0; i < n; i++) {
		fh_err e = fh_hex_read(fh_span_first(fh_span_skip(text, 2 * i), 2), p + i, 1);

		if (e != FH_ERR_OK)
			return e;
	}
	*out = fh_span_of(p, n);
	return FH_ERR_OK;
}

fh_err fh_node_nonsense(struct fh_trace *t, const char *method)
{
	fh_trace_what(t, "its answer to %s makes no sense", method);
	return FH_ERR_FORMAT;
}

/* --- calls --- */

void fh_node_put_call(struct fh_builder *b, const char *method, struct fh_span parameters)
{
	fh_builder_text(b, "{\"jsonrpc\":\"1.0\",\"id\":0,\"method\":\"");
	fh_builder_text(b, method);
	fh_builder_text(b, "\",\"params\":");
	fh_builder_bytes(b, parameters);
	fh_builder_u8(b, '}');
}

static fh_err to_cbor(struct fh_node *n, struct fh_span json, struct fh_span *out,
		      struct fh_trace *t)
{
	size_t size = 2 * json.n + 64;
	struct fh_builder b = fh_builder_of(fh_arena_space(&n->scratch, size), size);
	struct fh_trace why = { 0 };

	if (b.p == nullptr)
		return FH_ERR_NOMEM;

	fh_err e = fh_json_to_cbor(json, &n->scratch, &b, &why);

	if (e != FH_ERR_OK)
		fh_trace_what(t, "its answer is no JSON: %s", why.what);
	return e != FH_ERR_OK ? e : fh_builder_end(&b, out);
}

fh_err fh_node_ask(struct fh_node *n, struct fh_span request, struct fh_span *out,
		   struct fh_trace *t)
{
	struct fh_fetch f = { .url = n->url, .body = request, .type = "application/json",
			      .login = n->login, .max = FH_NODE_ANSWER_MAX,
			      .ca_file = n->ca_file };
	struct fh_fetched got;
	fh_err e = fh_fetch(&f, &n->scratch, &got, t);

	if (e == FH_ERR_OK && (got.status == 401 || got.status == 403)) {
		fh_trace_what(t, "it does not know us");
		fh_trace_cure(t, "give its user and password, or its cookie, with --login");
		return FH_ERR_PERMISSION;
	}
	/* Refusals come with status 500, and are in the answer.  */
	return e != FH_ERR_OK ? e : to_cbor(n, got.body, out, t);
}

constexpr int64_t no_such_method = -32601; /* JSON-RPC */

fh_err fh_node_result(struct fh_span answer, struct fh_span *out, struct fh_trace *t)
{
	struct fh_span error = fh_cbor_map_get(answer, "error"), text;
	struct fh_span result = fh_cbor_map_get(answer, "result");
	int64_t code = 0;

	if (fh_node_text_of(error, "message", &text)) {
		fh_trace_what(t, "it refuses: %.*s", (int)text.n, (const char *)text.p);
		(void)fh_node_number_of(error, "code", &code);
		return code == no_such_method ? FH_ERR_UNKNOWN : FH_ERR_STATE;
	}
	if (result.n == 0)
		return fh_node_nonsense(t, "a call");
	*out = result;
	return FH_ERR_OK;
}

fh_err fh_node_call(struct fh_node *n, const char *method, struct fh_span parameters,
		    struct fh_span *out, struct fh_trace *t)
{
	struct fh_span request, answer;

	fh_arena_reset(&n->scratch);

	struct fh_builder b = fh_builder_of(fh_arena_space(&n->scratch, parameters_max),
					    parameters_max);

	if (b.p == nullptr)
		return FH_ERR_NOMEM;
	fh_node_put_call(&b, method, parameters);

	fh_err e = fh_builder_end(&b, &request);

	if (e == FH_ERR_OK)
		e = fh_node_ask(n, request, &answer, t);
	return e != FH_ERR_OK ? e : fh_node_result(answer, out, t);
}

fh_err fh_node_network(struct fh_node *n, enum fh_network *network, uint64_t *height,
		       struct fh_trace *t)
{
	struct fh_span result, chain;
	int64_t blocks;
	fh_err e = fh_node_call(n, "getblockchaininfo", FH_SPAN_LIT("[]"), &result, t);

	if (e != FH_ERR_OK)
		return e;
	if (!fh_node_text_of(result, "chain", &chain) ||
	    !fh_node_number_of(result, "blocks", &blocks) || blocks < 0)
		return fh_node_nonsense(t, "getblockchaininfo");
	/* Nodes call testnet3 "test".  */
	if (fh_span_equal(chain, FH_SPAN_LIT("test")))
		chain = FH_SPAN_LIT("testnet");
	e = fh_network_parse(chain, network);
	if (e != FH_ERR_OK) {
		fh_trace_what(t, "it is on the network `%.*s`, which is not known here",
			      (int)chain.n, (const char *)chain.p);
		return e;
	}
	*height = (uint64_t)blocks;
	return FH_ERR_OK;
}
