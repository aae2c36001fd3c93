/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_WITNESS_ASK_H
#define FH_ROLE_WITNESS_ASK_H

#include "base/builder.h"
#include "crypto/hash.h"

/* What is asked of this machine as a witness, from the network's gate to core, and what
 * core answers.  docs/spec/DOOR.  */

struct fh_witness_ask {
	struct fh_span request; /* body of add-checkpoint; empty: the checkpoint is asked for */
	struct fh_hash origin;  /* then SHA-256 of the log's origin */
};

struct fh_witness_reply {
	uint16_t status;        /* HTTP */
	struct fh_span body;
};

void fh_witness_ask_put(struct fh_builder *b, const struct fh_witness_ask *a);
fh_err fh_witness_ask_read(struct fh_span params, struct fh_witness_ask *out);
void fh_witness_reply_put(struct fh_builder *b, const struct fh_witness_reply *r);
fh_err fh_witness_reply_read(struct fh_span body, struct fh_witness_reply *out);

#endif
