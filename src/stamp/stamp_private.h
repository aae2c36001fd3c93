/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_STAMP_STAMP_PRIVATE_H
#define FH_STAMP_STAMP_PRIVATE_H

#include "base/cursor.h"
#include "stamp/stamp.h"

/* What the files of the tree share; nobody else includes it.  */

extern const uint8_t fh_notary_bitcoin[FH_STAMP_TAG_SIZE], fh_notary_litecoin[FH_STAMP_TAG_SIZE],
	fh_notary_pending[FH_STAMP_TAG_SIZE], fh_notary_transaction[FH_STAMP_TAG_SIZE],
	fh_notary_request[FH_STAMP_TAG_SIZE];

/* The major version and what stands before it.  */
constexpr uint8_t FH_STAMP_VERSION = 1;
extern const struct fh_span fh_stamp_magic;

/* A number of seven bits a byte, the lowest first, in the fewest bytes.
 * FH_ERR_LIMIT above MAX, FH_ERR_FORMAT with zeros on top.  */
uint64_t fh_stamp_cursor_number(struct fh_cursor *c, uint64_t max);
void fh_stamp_builder_number(struct fh_builder *b, uint64_t v);

/* That many bytes, and their number before them.  */
struct fh_span fh_stamp_cursor_bytes(struct fh_cursor *c, size_t min, size_t max);
void fh_stamp_builder_bytes(struct fh_builder *b, struct fh_span s);

#endif
