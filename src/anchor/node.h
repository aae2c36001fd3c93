/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ANCHOR_NODE_H
#define FH_ANCHOR_NODE_H

#include "base/builder.h"
#include "base/trace.h"
#include "stamp/headers.h"
#include "stamp/stamp.h"

/* The operator's own Bitcoin node, over JSON-RPC.  It pays and relays; what it says
 * about blocks is checked as far as headers can be.  */

constexpr size_t FH_NODE_ANSWER_MAX = 4 << 20;      /* FH_JSON_MAX; a block's ids: 300 kB */
constexpr uint64_t FH_NODE_FEE_MAX = 100000;        /* satoshi; what a transaction may cost */
constexpr uint64_t FH_NODE_CONFIRMATIONS = 6;       /* after which no block is expected to go */
constexpr size_t FH_NODE_BATCH = 1000;              /* headers asked for at one time */
constexpr size_t FH_NODE_MEMORY = 100 << 20;        /* an arena for one request and its answer */

struct fh_node {
	const char *url;
	const char *login;       /* USER:PASSWORD */
	const char *ca_file;     /* whom it is trusted by: see fh_fetch */
	struct fh_arena scratch; /* for one call at a time */
};

/* Calls METHOD with PARAMETERS, a JSON array, and gives the result as CBOR in N's
 * scratch, until the next call.  FH_ERR_UNKNOWN if there is no such method,
 * FH_ERR_PERMISSION if the node does not know us, FH_ERR_STATE if it refuses, with its
 * reason in T.  */
fh_err fh_node_call(struct fh_node *n, const char *method, struct fh_span parameters,
		    struct fh_span *out, struct fh_trace *t);

/* The network that it is on, and the height of its best block.  */
fh_err fh_node_network(struct fh_node *n, enum fh_network *network, uint64_t *height,
		       struct fh_trace *t);

/* A transaction that returns a commitment, signed and not yet sent.  */
struct fh_node_payment {
	struct fh_span raw; /* all of it, with the witness */
	uint64_t fee;       /* satoshi */
};

/* Has the wallet make and sign a transaction that returns COMMITMENT, for at most FEE_MAX
 * satoshi (FH_ERR_LIMIT).  Memory is A's.  */
fh_err fh_node_pay(struct fh_node *n, const struct fh_hash *commitment, uint64_t fee_max,
		   struct fh_arena *a, struct fh_node_payment *out, struct fh_trace *t);

/* Sends RAW to the network.  */
fh_err fh_node_send(struct fh_node *n, struct fh_span raw, struct fh_arena *a, struct fh_trace *t);

/* Looks whether the transaction whose id is AT's message is in a block of NETWORK under at
 * least CONFIRMATIONS blocks, itself counted.  If so, AT is led to that block's Merkle root
 * and attested; FH_ERR_MISSING if not yet, with how far it is in T.  */
fh_err fh_node_confirm(struct fh_node *n, enum fh_network network, uint64_t confirmations,
		       struct fh_stamp *at, struct fh_arena *a, struct fh_trace *t);

/* Adds the headers of N's best chain, up to HEIGHT, that H does not have.  PROGRESS may be
 * NULL.  */
fh_err fh_node_headers(struct fh_node *n, uint64_t height, struct fh_headers *h,
		       void (*progress)(uint64_t height, uint64_t of), struct fh_trace *t);

#endif
