/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_STATE_H
#define FH_CLI_STATE_H

#include "cli/command.h"
#include "store/chain_files.h"

/* The state directory and its chain, as the verbs that read or extend it need
 * them.  */
struct fh_state {
	struct fh_store store;
	struct fh_arena live, spare; /* the chain's */
	struct fh_arena scratch;     /* of one judgement */
	struct fh_arena memory;      /* the verb's own */
	struct fh_chain chain;
};

void fh_state_drop(struct fh_state *s);

/* Makes the arenas and an empty chain, without a directory.  */
fh_err fh_state_begin(struct fh_state *out);
/* Opens the state directory of CLI and accepts its chain.  OUT is to be
 * dropped in any case.  */
fh_err fh_state_open(const struct fh_cli *cli, struct fh_state *out, struct fh_trace *t);

/* Policy texts can be evaluated (see fh_chain_checks).  */
fh_err fh_state_check_policy(const struct fh_policy_body *p, struct fh_arena *scratch,
			     struct fh_trace *t);

#endif
