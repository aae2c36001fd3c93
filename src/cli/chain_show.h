/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_CHAIN_SHOW_H
#define FH_CLI_CHAIN_SHOW_H

#include "chain/chain.h"

/* Prints C for people, or as one JSON object on one line.  */
fh_err fh_chain_show_text(const struct fh_chain *c);
fh_err fh_chain_show_json(const struct fh_chain *c, struct fh_arena *memory);

#endif
