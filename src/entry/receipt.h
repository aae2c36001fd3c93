/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ENTRY_RECEIPT_H
#define FH_ENTRY_RECEIPT_H

#include "base/builder.h"
#include "crypto/hash.h"
#include "merkle/proof.h"

/* COSE receipts (RFC 9942) for the record's tree, RFC9162_SHA256: a COSE_Sign1 by
 * the session key over the root, which is not in it, with one inclusion proof
 * beside it.  The signature is over the root alone, so one serves all receipts
 * under that root.  docs/spec/PROOF.  */

/* Largest receipt: a proof of 64 hashes and a signature.  */
constexpr size_t FH_RECEIPT_MAX = 8192;
/* Largest signed root: what receipts are made from.  */
constexpr size_t FH_SIGNED_ROOT_MAX = 4096;
constexpr uint64_t FH_SIGNED_ROOT_VERSION = 1;

struct fh_receipt {
	struct fh_hash session;   /* SHA-256 of the key that signed: the kid */
	uint64_t size;            /* leaves of the tree; at least 2 */
	uint64_t index;           /* of the leaf */
	struct fh_proof proof;    /* at least one hash, as RFC 9942 demands */
	struct fh_span signature; /* 3309 bytes */
};

/* A root with the signature that receipts need: the file record/receipt.  */
struct fh_signed_root {
	uint64_t size;
	struct fh_hash root;
	struct fh_hash session;
	struct fh_span signature; /* 3309 bytes */
};

/* Bytes of what fh_receipt_put_signed() writes for a root.  */
constexpr size_t FH_RECEIPT_SIGNED_MAX = 128;

/* What the session key signs for ROOT, 32 bytes: the Sig_structure of RFC 9052,
 * section 4.4, with nothing external.  */
void fh_receipt_put_signed(struct fh_builder *b, const struct fh_hash *session,
			   struct fh_span root);

/* Writes / reads a receipt.  A tree of one leaf has none: its proof would be empty,
 * which RFC 9942 does not allow; B turns bad.  Reading is strict: our headers, one
 * proof, no payload.  */
void fh_receipt_put(struct fh_builder *b, const struct fh_receipt *r);
fh_err fh_receipt_read(struct fh_span bytes, struct fh_receipt *out);

/* Writes / reads [1, size, root, session, signature].  */
void fh_signed_root_put(struct fh_builder *b, const struct fh_signed_root *s);
fh_err fh_signed_root_read(struct fh_span bytes, struct fh_signed_root *out);

#endif
