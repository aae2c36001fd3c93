/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_WIRE_PROGRESS_H
#define FH_WIRE_PROGRESS_H

#include "wire/rpc.h"

/* How far a call is, told before its answer (MCP 2025-11-25, "Progress").  Between the roles
 * it is the CBOR map {"total"?: number, "message"?: text, "progress": number} of at most
 * FH_PROGRESS_MAX bytes, without a token: the server's token is the index of the call's
 * intent, the client's never leaves the gate.  */

/* Takes PARAMS of a server's notifications/progress apart: for which call, *TOKEN, and that map,
 * *TOLD, which looks into A.  Other members are left out.  FH_ERR_FORMAT for what is none of
 * ours, FH_ERR_LIMIT, FH_ERR_NOMEM.  */
fh_err fh_mcp_read_progress(struct fh_span params, struct fh_arena *a, uint64_t *token,
			    struct fh_span *told);

/* Appends the notification for a client, whose token (CBOR text or integer) TOKEN is, on one
 * line without a line feed.  FH_ERR_FORMAT if TOLD is no such map, FH_ERR_LIMIT if B is full; B
 * is bad then.  */
fh_err fh_mcp_put_progress(struct fh_builder *b, struct fh_span token, struct fh_span told);

#endif
