/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ANCHOR_NODE_PRIVATE_H
#define FH_ANCHOR_NODE_PRIVATE_H

#include "anchor/node.h"

/* What the files of the node share; nobody else includes it.  */

/* Sends REQUEST, an object or an array of them, and gives the answer as CBOR in N's
 * scratch.  */
fh_err fh_node_ask(struct fh_node *n, struct fh_span request, struct fh_span *out,
		   struct fh_trace *t);

/* Writes the call of METHOD with PARAMETERS.  */
void fh_node_put_call(struct fh_builder *b, const char *method, struct fh_span parameters);

/* The result in ANSWER, one answer to one call; otherwise why there is none.  */
fh_err fh_node_result(struct fh_span answer, struct fh_span *out, struct fh_trace *t);

/* What a result's members hold; false if there is no such member of that type.  */
bool fh_node_text(struct fh_span item, struct fh_span *out);
bool fh_node_text_of(struct fh_span map, const char *name, struct fh_span *out);
bool fh_node_number_of(struct fh_span map, const char *name, int64_t *out);
bool fh_node_amount_of(struct fh_span map, const char *name, uint64_t *satoshi);

/* The 32 bytes that the hex digits TEXT show backwards, and back, with its quotes.  */
fh_err fh_node_read_hash(struct fh_span text, struct fh_hash *out);
void fh_node_put_hash(struct fh_builder *b, struct fh_span hash);

/* Bytes in hex, in A.  */
fh_err fh_node_read_bytes(struct fh_span text, struct fh_arena *a, struct fh_span *out);

/* Says in T that the node's answer makes no sense.  */
fh_err fh_node_nonsense(struct fh_trace *t, const char *method);

#endif
