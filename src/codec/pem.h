/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CODEC_PEM_H
#define FH_CODEC_PEM_H

#include "base/builder.h"
#include "base/cursor.h"

/* PEM (RFC 7468), as bundles of certificates have it: encapsulated blocks, and
 * whatever anybody wrote between them, which is skipped.  */

constexpr size_t FH_PEM_LABEL_MAX = 64;

/* The text S holds at least one block.  */
bool fh_pem_is(struct fh_span s);

/* The same, and the label of the first.  */
bool fh_pem_label(struct fh_span s, struct fh_span *label);

/* Reads the next block of TEXT: its label, and its bytes behind what OUT already
 * holds, as *DER.  FH_ERR_MISSING if no further block begins; FH_ERR_FORMAT for one
 * that is not ended by its own label or is no base64 in lines, FH_ERR_LIMIT if OUT
 * is too small.  Headers (RFC 1421) are refused: what has them is encrypted.  */
fh_err fh_pem_next(struct fh_cursor *text, struct fh_builder *out, struct fh_span *label,
		   struct fh_span *der);

#endif
