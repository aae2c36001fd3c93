/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_MERKLE_PROOF_LINES_H
#define FH_MERKLE_PROOF_LINES_H

#include "base/builder.h"
#include "base/cursor.h"
#include "merkle/proof.h"

/* A proof as C2SP's texts have it (tlog-proof, tlog-witness): a line of base64 for each hash,
 * and an empty line.  */

void fh_proof_put_lines(struct fh_builder *b, const struct fh_proof *p);

/* Reads them into *OUT, the empty line with them.  FH_ERR_LIMIT above MAX hashes, FH_ERR_FORMAT
 * for a line that is no hash, otherwise what is wrong with C.  */
fh_err fh_proof_read_lines(struct fh_cursor *c, size_t max, struct fh_proof *out);

#endif
