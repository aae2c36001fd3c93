/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/mcp.h"

#include "codec/cbor.h"
#include "codec/json.h"
#include "codec/lookup.h"

/* What a method may carry.  */
struct shape {
	const char *name;           /* as on the wire */
	enum fh_mcp_method method;
	bool request;               /* must have an id; otherwise must not */
	const char *members[4];     /* of its params, NULL-ended; _meta is dropped */
};

static const struct shape shapes[] = {
	{ "initialize", FH_MCP_INITIALIZE, true,
	  { "clientInfo", "capabilities", "protocolVersion" } },
	{ "ping", FH_MCP_PING, true, { nullptr } },
	{ "tools/list", FH_MCP_LIST, true, { "cursor" } },
	{ "tools/call", FH_MCP_CALL, true, { "name", "arguments" } },
	{ "notifications/initialized", FH_MCP_INITIALIZED, false, { nullptr } },
	{ "notifications/cancelled", FH_MCP_CANCELLED, false, { "requestId", "reason" } },
};

static const struct shape *shape_of(struct fh_span method)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (fh_span_equal(method, fh_span_str(shapes[i].name)))
			return &shapes[i];
	return nullptr;
}

/* A CBOR map of those of the COUNT members NAME that PARAMS has; the names are
 * in deterministic order, shorter ones first.  */
static enum fh_mcp_reason keep(struct fh_span params, const char *const *name, size_t count,
			       struct fh_arena *a, struct fh_span *out)
{
	size_t cap = params.n + 16, present = 0;
	struct fh_builder b = fh_builder_of(fh_arena_take(a, cap), cap);

	if (b.p == nullptr)
		return FH_MCP_REASON_MEMORY;
	for (size_t i = 0; i < count; i++)
		present += fh_cbor_map_get(params, name[i]).n > 0;
	fh_cbor_put_map(&b, present);
	for (size_t i = 0; i < count; i++) {
		struct fh_span value = fh_cbor_map_get(params, name[i]);

		if (value.n == 0)
			continue;
		fh_rpc_key(&b, name[i]);
		fh_builder_bytes(&b, value);
	}
	return fh_builder_end(&b, out) == FH_ERR_OK ? FH_MCP_REASON_FINE : FH_MCP_REASON_MEMORY;
}

static enum fh_mcp_reason read_initialize(struct fh_span params, struct fh_arena *a,
					  struct fh_mcp *out, struct fh_trace *t)
{
	static const char *const kept[] = { "clientInfo", "capabilities", "protocolVersion" };
	bool whole = fh_rpc_is(fh_cbor_map_get(params, "clientInfo"), FH_CBOR_MAP)
		  && fh_rpc_is(fh_cbor_map_get(params, "capabilities"), FH_CBOR_MAP)
		  && fh_rpc_is(fh_cbor_map_get(params, "protocolVersion"), FH_CBOR_TEXT);

	if (!whole) {
		fh_trace_what(t, "initialize needs protocolVersion (a string), capabilities and "
				 "clientInfo (objects)");
		return FH_MCP_REASON_PARAMS;
	}
	return keep(params, kept, 3, a, &out->params);
}

static enum fh_mcp_reason read_list(struct fh_span params, struct fh_arena *a,
				    struct fh_mcp *out, struct fh_trace *t)
{
	static const char *const kept[] = { "cursor" };
	struct fh_span cursor = fh_cbor_map_get(params, "cursor");

	if (cursor.n > 0 && !fh_rpc_is(cursor, FH_CBOR_TEXT)) {
		fh_trace_what(t, "the cursor of tools/list must be a string");
		return FH_MCP_REASON_PARAMS;
	}
	return keep(params, kept, 1, a, &out->params);
}

/* An id, or what else the client names something by.  */
static bool is_name(struct fh_span item)
{
	return item.n <= FH_MCP_ID_MAX
	       && (fh_rpc_is(item, FH_CBOR_UINT) || fh_rpc_is(item, FH_CBOR_NINT)
		   || fh_rpc_is(item, FH_CBOR_TEXT));
}

static enum fh_mcp_reason read_call(struct fh_span params, struct fh_mcp *out,
				    struct fh_trace *t)
{
	static const uint8_t no_arguments[] = { FH_CBOR_MAP << 5 };
	struct fh_span arguments = fh_cbor_map_get(params, "arguments");
	struct fh_span tool = fh_rpc_text(fh_cbor_map_get(params, "name"));

	if (tool.n == 0 || tool.n > FH_NAME_MAX) {
		fh_trace_what(t, "tools/call needs the name of a tool, 1 to %zu bytes",
			      FH_NAME_MAX);
		return FH_MCP_REASON_PARAMS;
	}
	if (arguments.n > 0 && !fh_rpc_is(arguments, FH_CBOR_MAP)) {
		fh_trace_what(t, "the arguments of tools/call must be an object");
		return FH_MCP_REASON_PARAMS;
	}
	struct fh_span token = fh_cbor_map_get(fh_cbor_map_get(params, "_meta"), "progressToken");

	if (token.n > 0 && !is_name(token)) {
		fh_trace_what(t, "a progressToken must be a string or an integer, of at most %zu "
			      "bytes", FH_MCP_ID_MAX - 3);
		return FH_MCP_REASON_PARAMS;
	}
	out->progress = token;
	out->tool = tool;
	out->params = arguments.n > 0 ? arguments : FH_SPAN_ARRAY(no_arguments);
	return FH_MCP_REASON_FINE;
}

static enum fh_mcp_reason read_cancelled(struct fh_span params, struct fh_mcp *out,
					 struct fh_trace *t)
{
	struct fh_span id = fh_cbor_map_get(params, "requestId");
	struct fh_span why = fh_cbor_map_get(params, "reason");

	if (!is_name(id) || (why.n > 0 && !fh_rpc_is(why, FH_CBOR_TEXT))) {
		fh_trace_what(t, "notifications/cancelled needs requestId (a string or an "
				 "integer) and at most a reason (a string)");
		return FH_MCP_REASON_PARAMS;
	}
	out->target = id;
	return FH_MCP_REASON_FINE;
}

static enum fh_mcp_reason read_params(const struct shape *s, struct fh_span params,
				      struct fh_arena *a, struct fh_mcp *out, struct fh_trace *t)
{
	static const uint8_t none[] = { FH_CBOR_MAP << 5 };
	const char *allowed[5] = { "_meta" };
	size_t count = 1;

	if (params.n == 0)
		params = FH_SPAN_ARRAY(none);
	if (!fh_rpc_is(params, FH_CBOR_MAP)) {
		fh_trace_what(t, "the params of %s must be an object", s->name);
		return FH_MCP_REASON_PARAMS;
	}
	for (size_t i = 0; i < 4 && s->members[i] != nullptr; i++)
		allowed[count++] = s->members[i];
	if (!fh_rpc_only(params, allowed, count, t))
		return FH_MCP_REASON_PARAMS;
	switch (s->method) {
	case FH_MCP_INITIALIZE:
		return read_initialize(params, a, out, t);
	case FH_MCP_LIST:
		return read_list(params, a, out, t);
	case FH_MCP_CALL:
		return read_call(params, out, t);
	case FH_MCP_CANCELLED:
		return read_cancelled(params, out, t);
	default:
		return FH_MCP_REASON_FINE;
	}
}

static enum fh_mcp_reason read_method(const struct fh_rpc *r, struct fh_arena *a,
				      struct fh_mcp *out, struct fh_trace *t)
{
	const struct shape *s = shape_of(r->method);

	if (s == nullptr || s->request != out->request) {
		fh_trace_what(t, "the method \"%.*s\" is not governed here as a %s",
			      (int)r->method.n, (const char *)r->method.p,
			      out->request ? "request" : "notification");
		return FH_MCP_REASON_METHOD;
	}
	out->method = s->method;
	return read_params(s, r->params, a, out, t);
}

static enum fh_mcp_reason read_message(struct fh_span json, struct fh_arena *a,
				       struct fh_mcp *out, struct fh_trace *t)
{
	struct fh_rpc r;
	enum fh_mcp_reason why = fh_rpc_read(json, a, &r, t);

	out->id = r.id;
	out->request = r.id.n > 0;
	out->name = r.method;
	if (why != FH_MCP_REASON_FINE)
		return why;
	if (r.id_null) {
		fh_trace_what(t, "the id must not be null");
		return FH_MCP_REASON_ID;
	}
	if (r.method.n == 0 && (r.result.n > 0 || r.error.n > 0)) {
		fh_trace_what(t, "a response; nothing was asked of the client");
		return FH_MCP_REASON_RESPONSE;
	}
	if (r.method.n == 0) {
		fh_trace_what(t, "the member \"method\" is missing");
		return FH_MCP_REASON_METHOD_FORM;
	}
	if (r.result.n > 0 || r.error.n > 0) {
		fh_trace_what(t, "a request has no result and no error");
		return FH_MCP_REASON_MEMBER;
	}
	return read_method(&r, a, out, t);
}

fh_err fh_mcp_read(struct fh_span json, struct fh_arena *a, struct fh_mcp *out,
		   struct fh_trace *t)
{
	*out = (struct fh_mcp){ 0 };
	out->reason = read_message(json, a, out, t);
	switch (out->reason) {
	case FH_MCP_REASON_FINE:
		return FH_ERR_OK;
	case FH_MCP_REASON_TOO_LARGE:
		return FH_ERR_LIMIT;
	case FH_MCP_REASON_METHOD:
		return FH_ERR_UNSUPPORTED;
	case FH_MCP_REASON_MEMORY:
		return FH_ERR_NOMEM;
	default:
		return FH_ERR_FORMAT;
	}
}
