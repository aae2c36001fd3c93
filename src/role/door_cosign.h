/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_DOOR_COSIGN_H
#define FH_ROLE_DOOR_COSIGN_H

#include "base/trace.h"
#include "merkle/cosignature.h"
#include "merkle/proof.h"

/* What the keeper does for witnesses of the record, and as one of other logs: requests
 * and answers, as in door.h.  docs/spec/DOOR and WITNESS.  */

/* The four keys, which follow from the device's.  */
enum fh_cosign_key {
	FH_COSIGN_LOG_ED25519,     /* 0x01, under the record's origin */
	FH_COSIGN_LOG_MLDSA44,     /* 0x06, under the record's origin */
	FH_COSIGN_WITNESS_ED25519, /* 0x04, under the origin and "/witness" */
	FH_COSIGN_WITNESS_MLDSA44, /* 0x06, under the origin and "/witness" */
	FH_COSIGN_KEYS,
};
#define FH_WITNESS_NAME_SUFFIX "/witness"

/* Logs whose last size the keeper remembers.  */
constexpr size_t FH_COSIGN_LOGS_MAX = 64;
/* Two signature lines.  */
constexpr size_t FH_COSIGN_LINES_MAX = 8 << 10;
/* All four verifier keys, each on a line.  */
constexpr size_t FH_COSIGN_VKEYS_MAX = 8 << 10;
constexpr size_t FH_DOOR_COSIGN_MAX = 64 * 36 + 512;

/* [14, time, origin, old, size, root, [hash...]]: cosign another log's checkpoint.  */
struct fh_cosign_request {
	uint64_t time_s;        /* Unix seconds, for the lines */
	struct fh_span origin;
	uint64_t old;           /* size that the log thinks was cosigned last */
	uint64_t size;
	struct fh_hash root;
	struct fh_proof proof;  /* from old */
};

enum fh_cosign_status {
	FH_COSIGNED = 0,
	FH_COSIGN_OTHER_SIZE = 1, /* last is another size than old */
	FH_COSIGN_NO_PROOF = 2,   /* the proof does not show it */
	FH_COSIGN_OTHER_ROOT = 3, /* the size is the last one's, the root is not */
	FH_COSIGN_FULL = 4,       /* there is no room for another log */
	FH_COSIGN_STATUSES,
};

/* Answer: [0, status, size, lines].  */
struct fh_cosign_answer {
	enum fh_cosign_status status;
	uint64_t last;          /* size cosigned last */
	struct fh_span lines;   /* when cosigned */
};

void fh_door_put_lines_of(struct fh_builder *b, uint64_t time_s);
fh_err fh_door_read_lines_of(struct fh_span frame, uint64_t *time_s);
void fh_door_put_cosigning(struct fh_builder *b, const struct fh_cosign_request *r);
fh_err fh_door_read_cosigning(struct fh_span frame, struct fh_cosign_request *out);

/* Answers: signature lines, or verifier keys; and the above.  */
void fh_door_put_text(struct fh_builder *b, struct fh_span text);
fh_err fh_door_read_text(struct fh_span frame, struct fh_span *text, struct fh_trace *t);
void fh_door_put_cosigned(struct fh_builder *b, const struct fh_cosign_answer *a);
fh_err fh_door_read_cosigned(struct fh_span frame, struct fh_cosign_answer *out,
			     struct fh_trace *t);

#endif
