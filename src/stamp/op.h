/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_STAMP_OP_H
#define FH_STAMP_OP_H

#include "base/arena.h"

/* The operations of OpenTimestamps, which lead from one message to the next.
 * The limits are those of the reference implementation, so that what it reads we
 * read, and what we write it reads.  docs/spec/STAMP.  */

constexpr size_t FH_STAMP_MESSAGE_MAX = 4096;  /* a message, before and after an operation */
constexpr size_t FH_STAMP_ARGUMENT_MAX = 4096; /* what is appended or prepended */

/* By their tags in the file.  */
enum fh_stamp_op : uint8_t {
	FH_STAMP_SHA1 = 0x02,
	FH_STAMP_RIPEMD160 = 0x03,
	FH_STAMP_SHA256 = 0x08,
	FH_STAMP_KECCAK256 = 0x67,
	FH_STAMP_APPEND = 0xf0,
	FH_STAMP_PREPEND = 0xf1,
	FH_STAMP_REVERSE = 0xf2,
	FH_STAMP_HEXLIFY = 0xf3,
};

/* "sha256", ...; NULL if TAG is no operation.  */
const char *fh_stamp_op_name(uint8_t tag);

/* OP is followed by an argument.  */
bool fh_stamp_op_has_argument(enum fh_stamp_op op);

/* Bytes of what OP yields if it is a hash, otherwise 0.  */
size_t fh_stamp_op_digest_size(enum fh_stamp_op op);

/* The digest of any number of BYTES by OP, which is a hash; OUT has its size.
 * FH_ERR_UNSUPPORTED for a hash that this build's OpenSSL does not have.  */
fh_err fh_stamp_op_digest(enum fh_stamp_op op, struct fh_span bytes, uint8_t *out);

/* OP with ARGUMENT on MESSAGE, into A.  FH_ERR_LIMIT if the message or the result
 * is too long, FH_ERR_FORMAT if either is empty, FH_ERR_UNSUPPORTED as above.  */
fh_err fh_stamp_op_apply(enum fh_stamp_op op, struct fh_span argument, struct fh_span message,
			 struct fh_arena *a, struct fh_span *out);

#endif
