/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_LOGIN_H
#define FH_CLI_LOGIN_H

#include "anchor/node.h"
#include "cli/command.h"

/* The Bitcoin node that a verb speaks with, from its options and the
 * configuration.  */

#define FH_NODE_OPTIONS                                                                       \
	{ "bitcoin", 0, false, "URL", "the Bitcoin node's JSON-RPC (default: `bitcoin` in the"  \
	  " configuration)" },                                                                \
	{ "login", 0, false, "FILE", "its USER:PASSWORD, or its cookie (default:"               \
	  " `bitcoin-login`)" }

/* A node, and its memory.  */
struct fh_login {
	struct fh_node node;
	struct fh_arena memory;
};

void fh_login_drop(struct fh_login *l);

/* Reads the options of A into *OUT; its node has no URL if none was named.  Returns -1 to
 * go on, otherwise the exit status.  */
int fh_login_begin(const struct fh_cli *cli, const struct fh_usage *u, const struct fh_arguments *a,
		   struct fh_login *out);

#endif
