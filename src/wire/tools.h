/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_WIRE_TOOLS_H
#define FH_WIRE_TOOLS_H

#include "codec/json_tree.h"
#include "crypto/hash.h"

/* What a tool server answers to tools/list, as the bytes it wrote: a pin is the digest of
 * one definition's bytes, which CBOR does not keep.  */
struct fh_mcp_tools {
	const struct fh_json *list; /* the array `tools` */
	struct fh_span cursor;      /* `nextCursor`: there is more; else empty */
};

/* Reads TEXT: an answer, its `result` alone, or the array alone.  *OUT looks into A and TEXT.
 * FH_ERR_FORMAT if it is none of them, FH_ERR_LIMIT, FH_ERR_NOMEM; *T says where.  */
fh_err fh_mcp_tools_read(struct fh_span text, struct fh_arena *a, struct fh_mcp_tools *out,
			 struct fh_trace *t);

/* The name in DEFINITION; empty if it has none.  */
struct fh_span fh_mcp_tool_name(const struct fh_json *definition);

/* The digests of all definitions in T, one after the other, in A; empty if there are
 * more than FH_TOOLS_LISTED_MAX or no memory.  */
struct fh_span fh_mcp_tool_digests(const struct fh_mcp_tools *t, struct fh_arena *a);

#endif
