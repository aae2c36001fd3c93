/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_STAMP_STAMP_H
#define FH_STAMP_STAMP_H

#include "base/builder.h"
#include "base/trace.h"
#include "stamp/op.h"

/* OpenTimestamps: a tree of messages that begins with a file's digest.  Each
 * operation leads to another message, and an attestation says since when a
 * message exists.  Reading computes all messages, so whoever holds a tree holds
 * a path that is right; what an attestation is worth is for verify/stamp.
 * Trees borrow the bytes they were read from.  docs/spec/STAMP.  */

constexpr int FH_STAMP_DEPTH_MAX = 256;           /* messages on one path; the reference's bound */
constexpr size_t FH_STAMP_PAYLOAD_MAX = 8192;     /* one attestation; the reference's bound */
constexpr size_t FH_STAMP_URI_MAX = 1000;         /* a calendar's; the reference's bound */
constexpr size_t FH_STAMP_FILE_MAX = 1 << 20;     /* a file: a usual one has under 2 KiB */
constexpr size_t FH_STAMP_MESSAGES_MAX = 16384;   /* in a tree: each may take 4 KiB */
constexpr size_t FH_STAMP_BRANCHES_MAX = 256;     /* operations on one message, and attestations */
constexpr size_t FH_STAMP_TAG_SIZE = 8;           /* of an attestation */
constexpr size_t FH_STAMP_MEMORY = 96 << 20;      /* an arena that holds any tree that is read */

enum fh_notary {
	FH_NOTARY_UNKNOWN,     /* kept as it is, and never counted */
	FH_NOTARY_BITCOIN,     /* the message is the Merkle root of the block of this height */
	FH_NOTARY_LITECOIN,    /* the same there, which is not checked */
	FH_NOTARY_PENDING,     /* a calendar has promised to attest */
	FH_NOTARY_TRANSACTION, /* ours: the message is the id of a transaction on its way */
	FH_NOTARY_REQUEST,     /* ours: the message is a file that was carried out to be stamped */
};

struct fh_attestation {
	struct fh_attestation *next; /* in the order of the file */
	enum fh_notary notary;
	uint8_t tag[FH_STAMP_TAG_SIZE];
	struct fh_span payload; /* as it stands in the file */
	uint64_t height;        /* of a block */
	struct fh_span uri;     /* the calendar's, or the network of the transaction */
};

/* A message, and what hangs from it.  */
struct fh_stamp {
	struct fh_stamp *next;   /* the next child of the same message, in the order of the file */
	enum fh_stamp_op op;     /* how it came from the message before it; 0 for the first */
	struct fh_span argument; /* of OP */
	struct fh_span message;
	struct fh_attestation *attestation; /* the first one, or NULL */
	struct fh_stamp *child;             /* the first one, or NULL */
	uint16_t attestations, children;
};

/* A detached time stamp: of a file that is somewhere else.  */
struct fh_stamp_file {
	enum fh_stamp_op op; /* how the file was hashed */
	struct fh_stamp *root;
};

/* Reads a .ots file, every byte of it.  FH_ERR_FORMAT or FH_ERR_LIMIT for what is
 * malformed, FH_ERR_VERSION for another major version, FH_ERR_UNKNOWN for an
 * operation that does not exist, FH_ERR_UNSUPPORTED for one that OpenSSL does not
 * have, each with the place in T.  */
fh_err fh_stamp_read(struct fh_span file, struct fh_arena *a, struct fh_stamp_file *out,
		     struct fh_trace *t);

/* The same for what calendars send: a tree without a head, over MESSAGE.  */
fh_err fh_stamp_read_bare(struct fh_span bytes, struct fh_span message, struct fh_arena *a,
			  struct fh_stamp **out, struct fh_trace *t);

/* Write both, in the one canonical order.  The builder turns bad if a path ends
 * without an attestation.  */
void fh_stamp_put(struct fh_builder *b, const struct fh_stamp_file *f);
void fh_stamp_put_bare(struct fh_builder *b, const struct fh_stamp *s);

/* --- making and changing --- */

/* A tree of MESSAGE alone, in A.  */
fh_err fh_stamp_begin(struct fh_span message, struct fh_arena *a, struct fh_stamp **out);

/* What OP with ARGUMENT makes of AT's message, as its child in *OUT; the child that
 * is there already, if there is one.  */
fh_err fh_stamp_extend(struct fh_stamp *at, enum fh_stamp_op op, struct fh_span argument,
		       struct fh_arena *a, struct fh_stamp **out);

/* Puts an attestation under AT; one that is there already stays alone.
 * FH_ERR_FORMAT if the payload does not fit a known TAG.  */
fh_err fh_stamp_attest(struct fh_stamp *at, const uint8_t tag[FH_STAMP_TAG_SIZE],
		       struct fh_span payload, struct fh_arena *a);
fh_err fh_stamp_attest_bitcoin(struct fh_stamp *at, uint64_t height, struct fh_arena *a);
fh_err fh_stamp_attest_pending(struct fh_stamp *at, struct fh_span uri, struct fh_arena *a);
fh_err fh_stamp_attest_transaction(struct fh_stamp *at, struct fh_span network,
				   struct fh_arena *a);

/* Takes ATTESTATION away from under AT.  */
void fh_stamp_retract(struct fh_stamp *at, const struct fh_attestation *attestation);

/* Adds all that hangs from FROM, whose message is the same (FH_ERR_CONFLICT), to
 * INTO.  FROM stays as it was.  */
fh_err fh_stamp_merge(struct fh_stamp *into, const struct fh_stamp *from, struct fh_arena *a);

/* --- looking --- */

/* An attestation and where it hangs.  */
struct fh_stamp_claim {
	struct fh_stamp *at;
	const struct fh_attestation *attestation;
};

/* All attestations of the tree S, front to back, in A.  */
fh_err fh_stamp_claims(struct fh_stamp *s, struct fh_arena *a, struct fh_stamp_claim **out,
		       size_t *n);

/* Something in the tree S is attested by a block of Bitcoin.  */
bool fh_stamp_anchored(const struct fh_stamp *s);

/* URI may stand in a pending attestation: at most FH_STAMP_URI_MAX of A-Z a-z 0-9
 * - . _ / :  */
bool fh_stamp_uri_ok(struct fh_span uri);

#endif
