/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_WIRE_RPC_H
#define FH_WIRE_RPC_H

#include "base/arena.h"
#include "base/builder.h"
#include "base/trace.h"

/* A JSON-RPC 2.0 message taken apart, before anybody asks what it means.  Both
 * sides of the wire (client and tool server) are read through this.
 *
 * Refused: what fh_json_to_cbor() refuses, a batch (an array), anything else
 * that is no object, members that JSON-RPC does not have.  */

/* Why a message is not acted on: name, stable code for machines, JSON-RPC
 * error code.  UNREAD is zero, so that a message nobody read is refused.  */
#define FH_MCP_REASON_LIST(X)                             \
	X(UNREAD, "unread", -32603)                       \
	X(FINE, "", 0)                                    \
	X(MALFORMED, "malformed-json", -32700)            \
	X(TOO_LARGE, "too-large", -32600)                 \
	X(BATCH, "batch-refused", -32600)                 \
	X(NOT_OBJECT, "not-an-object", -32600)            \
	X(VERSION, "not-json-rpc-2.0", -32600)            \
	X(MEMBER, "unknown-member", -32600)               \
	X(ID, "bad-id", -32600)                           \
	X(RESPONSE, "response-from-client", -32600)       \
	X(METHOD_FORM, "bad-method", -32600)              \
	X(METHOD, "method-not-governed", -32601)          \
	X(PARAMS, "bad-params", -32602)                   \
	X(MEMORY, "out-of-memory", -32603)

enum fh_mcp_reason {
#define FH_MCP_REASON_ROW(name, text, code) FH_MCP_REASON_##name,
	FH_MCP_REASON_LIST(FH_MCP_REASON_ROW)
#undef FH_MCP_REASON_ROW
};

/* The stable code ("batch-refused") and the JSON-RPC error code of R.  */
const char *fh_mcp_reason_text(enum fh_mcp_reason r);
int64_t fh_mcp_reason_code(enum fh_mcp_reason r);

/* Which members a message has, and their values as CBOR items.  */
struct fh_rpc {
	struct fh_span id;     /* text or integer; empty if absent */
	bool id_null;          /* "id" is there and null */
	struct fh_span method; /* the text itself, not the item; NULL if absent */
	struct fh_span params; /* empty if absent */
	struct fh_span result; /* empty if absent */
	struct fh_span error;  /* empty if absent */
};

/* Takes the one message JSON apart into *OUT, whose spans look into A.  *OUT is
 * written in any case: a refusal names the id if there was one.  FINE, or why
 * not, with details in *T.  */
enum fh_mcp_reason fh_rpc_read(struct fh_span json, struct fh_arena *a, struct fh_rpc *out,
			       struct fh_trace *t);

/* In the map ITEM, checks that each key is among the COUNT names ALLOWED;
 * otherwise false, and *T names the first that is not.  */
bool fh_rpc_only(struct fh_span item, const char *const *allowed, size_t count,
		 struct fh_trace *t);

/* ITEM is a CBOR item of this major type (enum fh_cbor_type).  */
bool fh_rpc_is(struct fh_span item, unsigned type);

/* The text of the text item ITEM; empty if it is none.  */
struct fh_span fh_rpc_text(struct fh_span item);

/* A CBOR text key, for building maps.  */
void fh_rpc_key(struct fh_builder *b, const char *key);

#endif
