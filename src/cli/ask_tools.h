/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_ASK_TOOLS_H
#define FH_CLI_ASK_TOOLS_H

#include "chain/chain.h"
#include "wire/tools.h"

/* What a tool server defines, as its own bytes.  */

constexpr size_t FH_ASK_PAGES_MAX = 64; /* answers to one question for all tools */

/* Starts SERVER as its statement says, asks for all its tools, and ends it.  PAGE gets
 * what it answered, in A; *N how many there are.  FH_ERR_TIMEOUT, FH_ERR_FORMAT and the errors
 * of a server that cannot be started; *T says what happened.  */
fh_err fh_ask_tools(const struct fh_server_body *server, struct fh_arena *a,
		    struct fh_mcp_tools page[FH_ASK_PAGES_MAX], size_t *n, struct fh_trace *t);

#endif
