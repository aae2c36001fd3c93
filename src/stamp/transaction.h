/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_STAMP_TRANSACTION_H
#define FH_STAMP_TRANSACTION_H

#include "base/trace.h"
#include "crypto/hash.h"
#include "stamp/stamp.h"

/* A Bitcoin transaction that carries a commitment, and the way from it to the Merkle
 * root of its block.  docs/spec/STAMP.  */

constexpr size_t FH_TRANSACTION_MAX = 100000;      /* with witness; nodes relay no larger ones */
constexpr size_t FH_TRANSACTION_COUNTS_MAX = 1000; /* inputs, outputs, items of one witness */
constexpr size_t FH_BLOCK_TRANSACTIONS_MAX = 1 << 16; /* 4 MB of the smallest ones */

struct fh_transaction {
	struct fh_span bytes;  /* without the witness, which the id does not cover */
	size_t committed;      /* where in them the commitment stands */
	struct fh_hash id;     /* as it is hashed; people see it reversed */
};

/* Reads RAW, all of it, which has exactly one output that returns the 32 bytes
 * COMMITMENT and nothing else.  FH_ERR_FORMAT if it is malformed, FH_ERR_MISSING if it
 * has no such output, FH_ERR_LIMIT if it is too long to stand in a proof, each with a
 * reason in T.  */
fh_err fh_transaction_read(struct fh_span raw, const struct fh_hash *commitment,
			   struct fh_arena *a, struct fh_transaction *out, struct fh_trace *t);

/* Leads from AT, whose message is X's commitment, to *OUT, whose message is X's id.  */
fh_err fh_transaction_path(struct fh_stamp *at, const struct fh_transaction *x, struct fh_arena *a,
			   struct fh_stamp **out);

/* Leads from AT, whose message is one of the N transaction ids of a block, to the
 * block's Merkle root.  FH_ERR_MISSING if it is none of them.  */
fh_err fh_block_path(struct fh_stamp *at, const struct fh_hash *id, size_t n, struct fh_arena *a,
		     struct fh_stamp **out);

#endif
