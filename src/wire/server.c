/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/server.h"

#include "base/limits.h"
#include "codec/cbor.h"
#include "codec/json.h"
#include "codec/lookup.h"
#include "wire/mcp.h"

static void open_request(struct fh_builder *b, uint64_t id, const char *method)
{
	fh_builder_text(b, "{\"jsonrpc\":\"2.0\",\"id\":");
	fh_builder_decimal(b, id);
	fh_builder_text(b, ",\"method\":\"");
	fh_builder_text(b, method);
	fh_builder_text(b, "\",\"params\":");
}

/* The map ITEM as JSON, {} for an empty span.  */
static fh_err put_map(struct fh_builder *b, struct fh_span item)
{
	fh_err e = FH_ERR_OK;

	if (item.n == 0)
		fh_builder_text(b, "{}");
	else
		e = fh_rpc_is(item, FH_CBOR_MAP) ? fh_json_from_cbor(item, b) : FH_ERR_FORMAT;
	if (e != FH_ERR_OK)
		b->bad = true;
	return e;
}

static fh_err close_line(struct fh_builder *b, fh_err e, const char *end)
{
	fh_builder_text(b, end);
	fh_builder_text(b, "\n");
	return e == FH_ERR_OK && b->bad ? FH_ERR_LIMIT : e;
}

fh_err fh_mcp_put_initialize(struct fh_builder *b, uint64_t id, struct fh_span params)
{
	struct fh_span info = fh_cbor_map_get(params, "clientInfo");

	open_request(b, id, "initialize");
	fh_builder_text(b, "{\"protocolVersion\":\"" FH_MCP_REVISION
			   "\",\"capabilities\":{},\"clientInfo\":");
	if (info.n == 0) {
		fh_builder_text(b, "{\"name\":\"freehold\",\"version\":\"1\"}");
		return close_line(b, FH_ERR_OK, "}}");
	}
	return close_line(b, put_map(b, info), "}}");
}

void fh_mcp_put_initialized_notice(struct fh_builder *b)
{
	fh_builder_text(b, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n");
}

fh_err fh_mcp_put_list(struct fh_builder *b, uint64_t id, struct fh_span params)
{
	open_request(b, id, "tools/list");
	return close_line(b, put_map(b, params), "}");
}

fh_err fh_mcp_put_call(struct fh_builder *b, uint64_t id, struct fh_span tool,
		       struct fh_span arguments, bool progress)
{
	open_request(b, id, "tools/call");
	if (progress) {
		fh_builder_text(b, "{\"_meta\":{\"progressToken\":");
		fh_builder_decimal(b, id);
		fh_builder_text(b, "},\"name\":");
	} else {
		fh_builder_text(b, "{\"name\":");
	}
	fh_json_put_string(b, tool);
	fh_builder_text(b, ",\"arguments\":");
	return close_line(b, put_map(b, arguments), "}}");
}

void fh_mcp_put_cancelled(struct fh_builder *b, uint64_t id)
{
	fh_builder_text(b, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\","
			   "\"params\":{\"requestId\":");
	fh_builder_decimal(b, id);
	fh_builder_text(b, "}}\n");
}

static void open_answer(struct fh_builder *b, struct fh_span id)
{
	fh_builder_text(b, "{\"jsonrpc\":\"2.0\",\"id\":");
	if (id.n == 0 || fh_json_from_cbor(id, b) != FH_ERR_OK)
		fh_builder_text(b, "null");
}

void fh_mcp_put_pong(struct fh_builder *b, struct fh_span id)
{
	open_answer(b, id);
	fh_builder_text(b, ",\"result\":{}}\n");
}

void fh_mcp_put_no_method(struct fh_builder *b, struct fh_span id)
{
	open_answer(b, id);
	fh_builder_text(b, ",\"error\":{\"code\":-32601,\"message\":\"method not offered\"}}\n");
}

/* {"code", "data"?, "message"} of the server's error object, and nothing else.  */
static fh_err read_error(struct fh_span error, struct fh_arena *a, struct fh_span *out)
{
	struct fh_span code = fh_cbor_map_get(error, "code");
	struct fh_span text = fh_cbor_map_get(error, "message");
	struct fh_span more = fh_cbor_map_get(error, "data");
	struct fh_cursor c = fh_cursor_of(code);

	(void)fh_cbor_int(&c);
	if (fh_cursor_end(&c) != FH_ERR_OK || !fh_rpc_is(text, FH_CBOR_TEXT))
		return FH_ERR_FORMAT;
	struct fh_builder b = fh_builder_of(fh_arena_take(a, error.n), error.n);

	if (b.p == nullptr)
		return FH_ERR_NOMEM;
	fh_cbor_put_map(&b, more.n > 0 ? 3 : 2);
	fh_rpc_key(&b, "code");
	fh_builder_bytes(&b, code);
	if (more.n > 0) {
		fh_rpc_key(&b, "data");
		fh_builder_bytes(&b, more);
	}
	fh_rpc_key(&b, "message");
	fh_builder_bytes(&b, text);
	return fh_builder_end(&b, out);
}

/* An answer belongs to a request of ours, whose ids are unsigned integers.  */
static fh_err read_answer(const struct fh_rpc *r, struct fh_arena *a,
			  struct fh_server_message *m)
{
	struct fh_cursor c = fh_cursor_of(r->id);

	if ((r->result.n > 0) == (r->error.n > 0))
		return FH_ERR_FORMAT;
	m->said = r->result.n > 0 ? FH_SERVER_RESULT : FH_SERVER_ERROR;
	m->id = FH_SERVER_NO_ID;
	if (!(m->said == FH_SERVER_ERROR && r->id_null)) {
		m->id = fh_cbor_uint(&c);
		if (fh_cursor_end(&c) != FH_ERR_OK || m->id == FH_SERVER_NO_ID)
			return FH_ERR_FORMAT;
	}
	if (m->said == FH_SERVER_ERROR)
		return read_error(r->error, a, &m->body);
	m->body = r->result;
	return fh_rpc_is(r->result, FH_CBOR_MAP) ? FH_ERR_OK : FH_ERR_FORMAT;
}

fh_err fh_mcp_read_server(struct fh_span line, struct fh_arena *a, struct fh_server_message *out,
			  struct fh_trace *t)
{
	struct fh_server_message m = { .id = FH_SERVER_NO_ID };
	struct fh_rpc r;

	if (line.n > 0 && line.p[line.n - 1] == '\n')
		line = fh_span_first(line, line.n - 1);
	enum fh_mcp_reason why = fh_rpc_read(line, a, &r, t);

	if (why == FH_MCP_REASON_TOO_LARGE)
		return FH_ERR_LIMIT;
	if (why == FH_MCP_REASON_MEMORY)
		return FH_ERR_NOMEM;
	if (why != FH_MCP_REASON_FINE)
		return FH_ERR_FORMAT;
	if (r.method.n == 0) {
		fh_err e = read_answer(&r, a, &m);

		if (e == FH_ERR_OK)
			*out = m;
		else
			fh_trace_what(t, "an answer without a usable id, result or error");
		return e;
	}
	if (r.id_null || r.result.n > 0 || r.error.n > 0) {
		fh_trace_what(t, "a message that is both a request and an answer");
		return FH_ERR_FORMAT;
	}
	m.said = r.id.n > 0 ? FH_SERVER_REQUEST : FH_SERVER_NOTICE;
	m.request_id = r.id;
	m.method = r.method;
	m.params = r.params;
	*out = m;
	return FH_ERR_OK;
}
