/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_VERIFY_CHAIN_H
#define FH_CLI_VERIFY_CHAIN_H

#include "chain/chain.h"
#include "cli/options.h"

/* A chain that a verifier is given as files, for kinds of verification that have none in
 * what they look at.  */

#define FH_VERIFY_CHAIN_OPTIONS                                                               \
	{ "chain", 0, false, "DIR", "statement files (*.fhs) of the chain that is trusted" }, \
	{ "genesis", 0, false, "HASH", "its genesis hash" }

struct fh_verify_chain {
	struct fh_arena live, spare, scratch, files;
	struct fh_chain chain; /* empty: none was given */
};
void fh_verify_chain_drop(struct fh_verify_chain *c);

/* Reads what --chain and --genesis name, which go together.  Returns -1 to go on, or the
 * status of an error: what is refused, of another chain, or does not lead to one head, is one.
 * OUT must stay where it is; drop it in any case.  */
int fh_verify_chain_read(const struct fh_usage *u, const struct fh_arguments *a,
			 struct fh_verify_chain *out);

#endif
