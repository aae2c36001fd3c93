/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_WIRE_MCP_H
#define FH_WIRE_MCP_H

#include "base/limits.h"
#include "wire/rpc.h"

/* The client's side of the Model Context Protocol, revision 2025-11-25: what a
 * client may say, and what it is answered.  Strict: a method, a member or a
 * parameter that is not listed here is refused by name, so that nothing is
 * passed on that nobody decided about.  */

#define FH_MCP_REVISION "2025-11-25"

/* JSON-RPC error codes of ours: outside the band -32768..-32000 that JSON-RPC
 * and MCP reserve.  */
constexpr int64_t FH_MCP_CODE_REFUSED = -31001; /* decided, and no */
constexpr int64_t FH_MCP_CODE_FAILED = -31002;  /* could not be decided or carried out */
constexpr int64_t FH_MCP_CODE_ORDER = -31003;   /* not allowed at this point of the session */

enum fh_mcp_method {
	FH_MCP_UNKNOWN = 0,
	FH_MCP_INITIALIZE,
	FH_MCP_PING,
	FH_MCP_LIST,        /* tools/list */
	FH_MCP_CALL,        /* tools/call */
	FH_MCP_INITIALIZED, /* notifications/initialized */
	FH_MCP_CANCELLED,   /* notifications/cancelled */
};

struct fh_mcp {
	enum fh_mcp_reason reason; /* FINE, or why it is refused */
	enum fh_mcp_method method;
	bool request;              /* it has an id and waits for an answer */
	struct fh_span id;         /* CBOR text or integer; empty for a notification */
	struct fh_span name;       /* the method as it was sent; for people and records */
	struct fh_span tool;       /* CALL: which tool */
	struct fh_span params;     /* INITIALIZE, LIST: the parameters that count; CALL: the
	                              arguments; a CBOR map */
	struct fh_span target;     /* CANCELLED: the id it names, CBOR */
	struct fh_span progress;   /* CALL: its progress token, CBOR text or integer; or empty */
};

/* Reads one message of a client.  *OUT is written in any case and its spans
 * look into A; OUT->reason says why not FINE, OUT->id whom to tell.  Returns
 * FH_ERR_OK exactly for FINE, otherwise FH_ERR_FORMAT, FH_ERR_LIMIT,
 * FH_ERR_UNSUPPORTED (a method that is not governed) or FH_ERR_NOMEM.  */
fh_err fh_mcp_read(struct fh_span json, struct fh_arena *a, struct fh_mcp *out,
		   struct fh_trace *t);

/* Why there is no result, with what makes it checkable afterwards.  */
struct fh_mcp_refusal {
	int64_t code;                 /* JSON-RPC error code, where it becomes an error */
	struct fh_span reason;        /* stable code, e.g. "no-permit" */
	struct fh_span text;          /* one sentence for people */
	const struct fh_span *policy; /* ids of the policies that decided */
	size_t policies;
	uint64_t record;              /* index of the entry, or UINT64_MAX: none */
};

/* All writers append one JSON object on one line, without a line feed.  ID is a
 * CBOR item, or empty for null.  Errors turn B bad; those that convert what
 * others wrote say so, too: FH_ERR_FORMAT, FH_ERR_LIMIT.  */

/* RESULT (a CBOR map) as it is.  */
fh_err fh_mcp_put_result(struct fh_builder *b, struct fh_span id, struct fh_span result);

/* The answer to initialize: our revision, tools as the only capability, SERVER
 * as its name, and from the server's own RESULT its version and instructions.  */
fh_err fh_mcp_put_initialized(struct fh_builder *b, struct fh_span id, struct fh_span server,
			      struct fh_span result);

/* The server's own error object ERROR (a CBOR map).  */
fh_err fh_mcp_put_server_error(struct fh_builder *b, struct fh_span id, struct fh_span error);

/* A refused tools/call: a result with isError, so that the model learns it.  */
void fh_mcp_put_refused_call(struct fh_builder *b, struct fh_span id,
			     const struct fh_mcp_refusal *r);

/* Anything else refused: a JSON-RPC error with {reason, policies, record}.  */
void fh_mcp_put_error(struct fh_builder *b, struct fh_span id, const struct fh_mcp_refusal *r);

#endif
