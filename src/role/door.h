/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_DOOR_H
#define FH_ROLE_DOOR_H

#include "base/limits.h"
#include "base/trace.h"
#include "codec/cbor.h"
#include "entry/certificate.h"
#include "merkle/checkpoint.h"
#include "merkle/proof.h"

/* The keeper's door: everything it will do for core.  Requests are [number,
 * body...]; answers [0, body...] or [error, where, what, cure].
 * docs/spec/DOOR.  */

/* What a keeper has been asked so far decides what it may be asked next.  */
enum fh_stage {
	FH_STAGE_NEW,    /* nothing yet */
	FH_STAGE_OPENED, /* the device key is known; the journal is being checked */
	FH_STAGE_LIVE,   /* the session signs checkpoints */
	FH_STAGE_CLOSED, /* nothing any more */
};

enum fh_door_request {
	FH_DOOR_OPEN = 1,       /* [1]: what was signed last, by whom */
	FH_DOOR_BEGIN = 2,      /* [2]: count this start; make or find the session */
	FH_DOOR_CHECKPOINT = 3, /* [3, size, root, [hash...]]: sign this tree */
	FH_DOOR_CLOSE = 4,      /* [4]: forget everything */
	FH_DOOR_DOCUMENT = 5,   /* [5, payload]: sign this document */
};

constexpr size_t FH_DOOR_REQUEST_MAX = 64 * 36 + 128;
constexpr size_t FH_DOOR_DOCUMENT_MAX = FH_DOCUMENT_PAYLOAD_MAX + 16; /* the only larger one */
constexpr size_t FH_DOOR_ANSWER_MAX = FH_CERTIFICATE_MAX + FH_CHECKPOINT_NOTE_MAX;

/* Answer to OPEN.  */
struct fh_door_opened {
	struct fh_hash chain_id;    /* the only chain this device key serves */
	struct fh_hash device_id;
	uint64_t signed_size;       /* what was signed last */
	struct fh_hash signed_root;
	enum fh_grade grade;
};

/* Answer to BEGIN.  */
struct fh_door_begun {
	bool fresh;                 /* the session was made now */
	uint64_t boot;
	uint64_t start;
	struct fh_span certificate; /* fh_certificate bytes */
};

void fh_door_put_opened(struct fh_builder *b, const struct fh_door_opened *o);
fh_err fh_door_read_opened(struct fh_span frame, struct fh_door_opened *out, struct fh_trace *t);
void fh_door_put_begun(struct fh_builder *b, const struct fh_door_begun *g);
fh_err fh_door_read_begun(struct fh_span frame, struct fh_door_begun *out, struct fh_trace *t);
void fh_door_put_checkpoint(struct fh_builder *b, uint64_t size, const struct fh_hash *root,
			    const struct fh_proof *proof);
fh_err fh_door_read_checkpoint(struct fh_span frame, uint64_t *size, struct fh_hash *root,
			       struct fh_proof *proof);
void fh_door_put_note(struct fh_builder *b, struct fh_span note);
fh_err fh_door_read_note(struct fh_span frame, struct fh_span *note, struct fh_trace *t);

void fh_door_put_document(struct fh_builder *b, struct fh_span payload);
fh_err fh_door_read_document(struct fh_span frame, struct fh_span *payload);
void fh_door_put_signature(struct fh_builder *b, const struct fh_signature *s);
fh_err fh_door_read_signature(struct fh_span frame, struct fh_signature *out, struct fh_trace *t);

/* A request without body; an error answer.  */
void fh_door_put_request(struct fh_builder *b, enum fh_door_request r);
void fh_door_put_error(struct fh_builder *b, fh_err e, const struct fh_trace *t);

#endif
