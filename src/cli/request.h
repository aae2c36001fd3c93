/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_REQUEST_H
#define FH_CLI_REQUEST_H

#include "chain/body.h"

/* The file in which a machine asks to be enrolled (docs/spec/STATEMENT): CBOR
 * ["freehold device request 1", chain id, body of the device statement].  It
 * is not signed as a whole; the body proves possession for the chain.  */

constexpr size_t FH_REQUEST_MAX = 32 << 10;

struct fh_request {
	struct fh_hash chain_id;    /* the chain the machine was given */
	struct fh_span body;        /* what the operator is to sign */
	struct fh_device_body device;
};

void fh_request_put(struct fh_builder *b, const struct fh_hash *chain_id, struct fh_span body);
/* Reads a request and checks its proof of possession.  */
fh_err fh_request_read(struct fh_span file, struct fh_request *out, struct fh_trace *t);

#endif
