/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/rpc.h"

#include "base/limits.h"
#include "codec/cbor.h"
#include "codec/json.h"
#include "codec/lookup.h"

const char *fh_mcp_reason_text(enum fh_mcp_reason r)
{
	static const char *const text[] = {
#define FH_MCP_REASON_ROW(name, text, code) text,
		FH_MCP_REASON_LIST(FH_MCP_REASON_ROW)
#undef FH_MCP_REASON_ROW
	};

	return (size_t)r < sizeof(text) / sizeof(text[0]) ? text[r] : text[FH_MCP_REASON_UNREAD];
}

int64_t fh_mcp_reason_code(enum fh_mcp_reason r)
{
	static const int64_t codes[] = {
#define FH_MCP_REASON_ROW(name, text, code) code,
		FH_MCP_REASON_LIST(FH_MCP_REASON_ROW)
#undef FH_MCP_REASON_ROW
	};

	return (size_t)r < sizeof(codes) / sizeof(codes[0]) ? codes[r]
							     : codes[FH_MCP_REASON_UNREAD];
}

bool fh_rpc_is(struct fh_span item, unsigned type)
{
	return item.n > 0 && item.p[0] >> 5 == type;
}

struct fh_span fh_rpc_text(struct fh_span item)
{
	struct fh_cursor c = fh_cursor_of(item);

	return fh_rpc_is(item, FH_CBOR_TEXT) ? fh_cbor_text(&c, item.n) : (struct fh_span){ 0 };
}

void fh_rpc_key(struct fh_builder *b, const char *key)
{
	fh_cbor_put_text(b, fh_span_str(key));
}

static bool is_allowed(struct fh_span key, const char *const *allowed, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fh_span_equal(key, fh_span_str(allowed[i])))
			return true;
	return false;
}

bool fh_rpc_only(struct fh_span item, const char *const *allowed, size_t count,
		 struct fh_trace *t)
{
	struct fh_cursor c = fh_cursor_of(item);
	size_t pairs = fh_cbor_map(&c, FH_CBOR_ITEMS_MAX);

	for (size_t i = 0; i < pairs && !fh_cursor_bad(&c); i++) {
		struct fh_span key = fh_cbor_text(&c, item.n);

		(void)fh_cbor_item(&c);
		if (is_allowed(key, allowed, count))
			continue;
		fh_trace_what(t, "the member \"%.*s\" is not known here",
			      (int)(key.n < 64 ? key.n : 64), (const char *)key.p);
		return false;
	}
	return !fh_cursor_bad(&c);
}

/* What comes out is at most three times as long as what went in: "0.1," grows
 * most, to a head and eight bytes.  */
static enum fh_mcp_reason convert(struct fh_span json, struct fh_arena *a, struct fh_span *item,
				  struct fh_trace *t)
{
	if (json.n > FH_JSON_MAX) {
		fh_trace_what(t, "the message has more than %zu bytes", FH_JSON_MAX);
		return FH_MCP_REASON_TOO_LARGE;
	}
	size_t cap = 3 * json.n + 16;
	struct fh_builder b = fh_builder_of(fh_arena_take(a, cap), cap);

	if (b.p == nullptr)
		return FH_MCP_REASON_MEMORY;
	fh_err e = fh_json_to_cbor(json, a, &b, t);

	if (e == FH_ERR_OK)
		e = fh_builder_end(&b, item);
	if (e == FH_ERR_OK && item->n > FH_JSON_MAX) {
		fh_trace_what(t, "the message has more than %zu bytes as CBOR", FH_JSON_MAX);
		return FH_MCP_REASON_TOO_LARGE;
	}
	if (e == FH_ERR_NOMEM)
		return FH_MCP_REASON_MEMORY;
	return e == FH_ERR_OK ? FH_MCP_REASON_FINE : FH_MCP_REASON_MALFORMED;
}

/* JSON-RPC allows a number, but a fraction is not comparable; MCP forbids null.  */
static bool read_id(struct fh_span item, struct fh_rpc *out, struct fh_trace *t)
{
	struct fh_cursor c = fh_cursor_of(item);

	out->id_null = item.n > 0 && fh_cbor_null(&c);
	if (item.n == 0 || out->id_null)
		return true;
	bool whole = fh_rpc_is(item, FH_CBOR_UINT) || fh_rpc_is(item, FH_CBOR_NINT);

	if ((whole || fh_rpc_is(item, FH_CBOR_TEXT)) && item.n <= FH_MCP_ID_MAX) {
		out->id = item;
		return true;
	}
	fh_trace_what(t, "the id must be a string or an integer of at most %zu bytes",
		      FH_MCP_ID_MAX);
	return false;
}

static enum fh_mcp_reason read_object(struct fh_span item, struct fh_rpc *out, struct fh_trace *t)
{
	static const char *const members[] = { "jsonrpc", "id", "method", "params", "result",
					       "error" };

	if (!read_id(fh_cbor_map_get(item, "id"), out, t))
		return FH_MCP_REASON_ID;
	if (!fh_span_equal(fh_rpc_text(fh_cbor_map_get(item, "jsonrpc")), FH_SPAN_LIT("2.0"))) {
		fh_trace_what(t, "the member \"jsonrpc\" must be \"2.0\"");
		return FH_MCP_REASON_VERSION;
	}
	if (!fh_rpc_only(item, members, sizeof(members) / sizeof(members[0]), t))
		return FH_MCP_REASON_MEMBER;
	struct fh_span method = fh_cbor_map_get(item, "method");

	out->method = fh_rpc_text(method);
	out->params = fh_cbor_map_get(item, "params");
	out->result = fh_cbor_map_get(item, "result");
	out->error = fh_cbor_map_get(item, "error");
	if (method.n > 0 && (out->method.n == 0 || out->method.n > FH_NAME_MAX)) {
		fh_trace_what(t, "the method must be a text of 1 to %zu bytes", FH_NAME_MAX);
		return FH_MCP_REASON_METHOD_FORM;
	}
	return FH_MCP_REASON_FINE;
}

enum fh_mcp_reason fh_rpc_read(struct fh_span json, struct fh_arena *a, struct fh_rpc *out,
			       struct fh_trace *t)
{
	struct fh_span item = { 0 };

	*out = (struct fh_rpc){ 0 };
	fh_trace_where(t, "JSON-RPC message");
	enum fh_mcp_reason r = convert(json, a, &item, t);

	if (r != FH_MCP_REASON_FINE)
		return r;
	if (fh_rpc_is(item, FH_CBOR_ARRAY)) {
		fh_trace_what(t, "a batch (array) of messages; send one object at a time");
		return FH_MCP_REASON_BATCH;
	}
	if (!fh_rpc_is(item, FH_CBOR_MAP)) {
		fh_trace_what(t, "the message must be one JSON object");
		return FH_MCP_REASON_NOT_OBJECT;
	}
	return read_object(item, out, t);
}
