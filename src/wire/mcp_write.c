/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/mcp.h"

#include "codec/cbor.h"
#include "codec/json.h"
#include "codec/lookup.h"

constexpr size_t version_max = 64; /* of a server's own version, shown to clients */

/* {"jsonrpc":"2.0","id":ID,  -- an id that is no id becomes null.  */
static void open_message(struct fh_builder *b, struct fh_span id)
{
	fh_builder_text(b, "{\"jsonrpc\":\"2.0\",\"id\":");
	if (id.n == 0 || fh_json_from_cbor(id, b) != FH_ERR_OK)
		fh_builder_text(b, "null");
	fh_builder_text(b, ",");
}

static fh_err put_item(struct fh_builder *b, struct fh_span id, const char *member,
		       struct fh_span item)
{
	if (!fh_rpc_is(item, FH_CBOR_MAP))
		return FH_ERR_FORMAT;
	open_message(b, id);
	fh_json_put_string(b, fh_span_str(member));
	fh_builder_text(b, ":");
	fh_err e = fh_json_from_cbor(item, b);

	fh_builder_text(b, "}");
	if (e != FH_ERR_OK)
		b->bad = true;
	return e == FH_ERR_OK && b->bad ? FH_ERR_LIMIT : e;
}

fh_err fh_mcp_put_result(struct fh_builder *b, struct fh_span id, struct fh_span result)
{
	return put_item(b, id, "result", result);
}

fh_err fh_mcp_put_server_error(struct fh_builder *b, struct fh_span id, struct fh_span error)
{
	return put_item(b, id, "error", error);
}

fh_err fh_mcp_put_initialized(struct fh_builder *b, struct fh_span id, struct fh_span server,
			      struct fh_span result)
{
	if (!fh_rpc_is(result, FH_CBOR_MAP))
		return FH_ERR_FORMAT;
	struct fh_span info = fh_cbor_map_get(result, "serverInfo");
	struct fh_span version = fh_rpc_text(fh_cbor_map_get(info, "version"));
	struct fh_span instructions = fh_rpc_text(fh_cbor_map_get(result, "instructions"));

	open_message(b, id);
	fh_builder_text(b, "\"result\":{\"protocolVersion\":\"" FH_MCP_REVISION
			   "\",\"capabilities\":{\"tools\":{}},\"serverInfo\":{\"name\":");
	fh_json_put_string(b, server);
	fh_builder_text(b, ",\"version\":");
	fh_json_put_string(b, version.n > 0 && version.n <= version_max ? version
									: FH_SPAN_LIT("0"));
	fh_builder_text(b, "}");
	if (instructions.n > 0) {
		fh_builder_text(b, ",\"instructions\":");
		fh_json_put_string(b, instructions);
	}
	fh_builder_text(b, "}}");
	return b->bad ? FH_ERR_LIMIT : FH_ERR_OK;
}

/* "PREFIXreason":...,"PREFIXpolicies":[...],"PREFIXrecord":N|null  */
static void put_reasons(struct fh_builder *b, const char *prefix, const struct fh_mcp_refusal *r)
{
	fh_builder_text(b, "{\"");
	fh_builder_text(b, prefix);
	fh_builder_text(b, "reason\":");
	fh_json_put_string(b, r->reason);
	fh_builder_text(b, ",\"");
	fh_builder_text(b, prefix);
	fh_builder_text(b, "policies\":[");
	for (size_t i = 0; i < r->policies; i++) {
		if (i > 0)
			fh_builder_text(b, ",");
		fh_json_put_string(b, r->policy[i]);
	}
	fh_builder_text(b, "],\"");
	fh_builder_text(b, prefix);
	fh_builder_text(b, "record\":");
	if (r->record == UINT64_MAX)
		fh_builder_text(b, "null");
	else
		fh_builder_decimal(b, r->record);
	fh_builder_text(b, "}");
}

/* What the model reads.  One JSON string: the sentence, then the facts.  */
static void put_sentence(struct fh_builder *b, const struct fh_mcp_refusal *r)
{
	uint8_t memory[4096];
	struct fh_builder s = FH_BUILDER_ARRAY(memory);

	fh_builder_text(&s, r->code == FH_MCP_CODE_REFUSED ? "Refused by policy: "
							   : "Not carried out: ");
	fh_builder_bytes(&s, r->text.n > 0 ? r->text : r->reason);
	fh_builder_text(&s, " (reason ");
	fh_builder_bytes(&s, r->reason);
	for (size_t i = 0; i < r->policies; i++) {
		fh_builder_text(&s, i == 0 ? "; policy " : ", ");
		fh_builder_bytes(&s, r->policy[i]);
	}
	if (r->record != UINT64_MAX) {
		fh_builder_text(&s, "; record ");
		fh_builder_decimal(&s, r->record);
	}
	fh_builder_text(&s, ")");
	fh_json_put_string(b, s.bad ? r->reason : fh_builder_span(&s));
}

void fh_mcp_put_refused_call(struct fh_builder *b, struct fh_span id,
			     const struct fh_mcp_refusal *r)
{
	open_message(b, id);
	fh_builder_text(b, "\"result\":{\"content\":[{\"type\":\"text\",\"text\":");
	put_sentence(b, r);
	fh_builder_text(b, "}],\"isError\":true,\"_meta\":");
	put_reasons(b, "freehold/", r);
	fh_builder_text(b, "}}");
}

void fh_mcp_put_error(struct fh_builder *b, struct fh_span id, const struct fh_mcp_refusal *r)
{
	open_message(b, id);
	fh_builder_text(b, "\"error\":{\"code\":");
	if (r->code < 0)
		fh_builder_text(b, "-");
	fh_builder_decimal(b, r->code < 0 ? (uint64_t)-r->code : (uint64_t)r->code);
	fh_builder_text(b, ",\"message\":");
	fh_json_put_string(b, r->text.n > 0 ? r->text : r->reason);
	fh_builder_text(b, ",\"data\":");
	put_reasons(b, "", r);
	fh_builder_text(b, "}}");
}
