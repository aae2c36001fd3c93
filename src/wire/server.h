/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_WIRE_SERVER_H
#define FH_WIRE_SERVER_H

#include "wire/rpc.h"

/* The tool server's side of the Model Context Protocol over stdio: what we
 * write to a server, always from CBOR that was decided, and what a server, which
 * may be hostile, writes to us.  One JSON object per line.  */

constexpr uint64_t FH_SERVER_NO_ID = UINT64_MAX;

/* Each appends one line with its line feed.  ID is ours, and never
 * FH_SERVER_NO_ID.  FH_ERR_FORMAT if PARAMS is not what it must be, FH_ERR_LIMIT
 * if B is full; B is bad then.  */

/* PARAMS as in FH_ASK_INITIALIZE: its clientInfo is passed on.  The capabilities
 * are empty and the revision is ours: what a client offers to servers is not
 * governed, so it is not offered.  */
fh_err fh_mcp_put_initialize(struct fh_builder *b, uint64_t id, struct fh_span params);
void fh_mcp_put_initialized_notice(struct fh_builder *b);
fh_err fh_mcp_put_list(struct fh_builder *b, uint64_t id, struct fh_span params);
/* ARGUMENTS is a CBOR map, or empty for none.  With PROGRESS the server may say how far it is,
 * under the token ID (wire/progress.h).  */
fh_err fh_mcp_put_call(struct fh_builder *b, uint64_t id, struct fh_span tool,
		       struct fh_span arguments, bool progress);
void fh_mcp_put_cancelled(struct fh_builder *b, uint64_t id);
/* The answer to a server's ping, and to any other request of a server: no such
 * method.  ID as it came (CBOR).  */
void fh_mcp_put_pong(struct fh_builder *b, struct fh_span id);
void fh_mcp_put_no_method(struct fh_builder *b, struct fh_span id);

enum fh_server_said {
	FH_SERVER_RESULT = 1,   /* for our request ID: body is a CBOR map */
	FH_SERVER_ERROR = 2,    /* for our request ID (or FH_SERVER_NO_ID): body is
	                           {"code", "data"?, "message"} */
	FH_SERVER_NOTICE = 3,   /* a notification: method, params */
	FH_SERVER_REQUEST = 4,  /* it asks something: method, request_id, params */
};

struct fh_server_message {
	enum fh_server_said said;
	uint64_t id;               /* RESULT, ERROR: which request of ours */
	struct fh_span request_id; /* REQUEST: its id, CBOR */
	struct fh_span method;     /* NOTICE, REQUEST: text */
	struct fh_span params;     /* NOTICE, REQUEST: CBOR, or empty */
	struct fh_span body;       /* RESULT, ERROR */
};

/* Classifies one LINE of a server (a line feed at its end is tolerated).  *OUT
 * looks into A.  FH_ERR_FORMAT, FH_ERR_LIMIT or FH_ERR_NOMEM, with details in
 * *T.  Whether ID was ever asked is the caller's knowledge.  */
fh_err fh_mcp_read_server(struct fh_span line, struct fh_arena *a, struct fh_server_message *out,
			  struct fh_trace *t);

#endif
