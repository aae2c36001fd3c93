/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_DOOR_H
#define FH_ROLE_DOOR_H

#include "base/limits.h"
#include "base/trace.h"
#include "chain/authority.h"
#include "codec/cbor.h"
#include "crypto/credential.h"
#include "entry/certificate.h"
#include "evidence/machine.h"
#include "merkle/checkpoint.h"
#include "merkle/proof.h"
#include "role/data_keys.h"

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
	FH_DOOR_BEGIN = 2,      /* [2, head, hash, epoch]: count this start; begin its session */
	FH_DOOR_CHECKPOINT = 3, /* [3, size, root, [hash...]]: sign this tree */
	FH_DOOR_CLOSE = 4,      /* [4]: forget everything */
	FH_DOOR_AUTHORITY = 5,  /* [5, file]: a statement that says who may sign */
	FH_DOOR_APPROVAL = 6,   /* [6, epoch, companion, signature, state]: does it fit? */
	FH_DOOR_NOTE = 7,       /* [7, sequence]: have the chip note how far the record is */
	FH_DOOR_QUOTE = 8,      /* [8, purpose, head, hash, serial, nonce, origin, exporter] */
	FH_DOOR_EPOCH = 9,      /* [9, epoch]: end the one before it */
	FH_DOOR_DOCUMENT = 10,  /* [10, payload]: sign this document */
	FH_DOOR_ACTIVATE = 11,  /* [11, object, seed]: show that this credential opens */
	FH_DOOR_RECEIPT = 12,   /* [12]: sign the root of the tree signed last for receipts */
	FH_DOOR_LINES = 13,     /* [13, time]: lines for others on the checkpoint signed last */
	FH_DOOR_COSIGN = 14,    /* [14, ...]: cosign another log's (door_cosign.h) */
	FH_DOOR_COSIGNERS = 15, /* [15]: the verifier keys of these lines */
	/* [16, subject, class, period, batch, head]: the key to seal with */
	FH_DOOR_SEAL = 16,
	FH_DOOR_UNSEAL = 17,    /* [17, name, batch]: the key to open with */
	FH_DOOR_LOOK = 18,      /* [18]: is the chip there, and in the same boot? */
	FH_DOOR_WISH = 20,      /* [20, wish, subject, sequence]: what the operator wants of keys */
	FH_DOOR_DUE = 21,       /* [21, lo]: how many end now, and when the next does */
	FH_DOOR_SHRED = 22,     /* [22, lo]: begin to end them */
	FH_DOOR_REWRAP = 23,    /* [23]: take some more of the others along */
	FH_DOOR_SHREDDED = 24,  /* [24, leaf, payload, [hash...]]: it is recorded; end it */
	FH_DOOR_RECOVERY = 25,  /* [25]: the data epoch's recovery slot, as the chain wants it */
};

/* What a WISH says.  */
enum fh_door_wish {
	FH_WISH_NONE = 0,     /* forget what was wished before */
	FH_WISH_HOLD_ALL = 1, /* nothing may end */
	FH_WISH_HOLD = 2,     /* nothing of the subject */
	FH_WISH_SHRED = 3,    /* all of the subject that was made before this statement */
	FH_WISH_CARRIED = 4,  /* all of the class `fold` of periods before this one, but for 0 */
};

/* Largest requests, by row.  */
constexpr size_t FH_DOOR_CHECKPOINT_MAX = 64 * 36 + 128;
constexpr size_t FH_DOOR_BEGIN_MAX = 64;
constexpr size_t FH_DOOR_APPROVAL_MAX = 1024;
constexpr size_t FH_DOOR_QUOTE_MAX = 512;
constexpr size_t FH_DOOR_ACTIVATE_MAX = 384;
constexpr size_t FH_DOOR_SEAL_MAX = FH_SUBJECT_MAX + FH_CLASS_MAX + 64;
constexpr size_t FH_DOOR_UNSEAL_MAX = 64;
constexpr size_t FH_DOOR_WISH_MAX = FH_SUBJECT_MAX + 32;
/* A shred entry: leaf, payload (a field's head and salt before it), proof.  */
constexpr size_t FH_SHRED_PAYLOAD_MAX = FH_SHRED_MAX + FH_SALT_SIZE + 32;
constexpr size_t FH_DOOR_SHREDDED_MAX = (FH_LEAF_MAX + FH_SHRED_PAYLOAD_MAX + 64 * 36 + 32);
constexpr size_t FH_DOOR_AUTHORITY_MAX = FH_AUTHORITY_FILE_MAX + 16;
constexpr size_t FH_DOOR_DOCUMENT_MAX = FH_DOCUMENT_PAYLOAD_MAX + 16;
constexpr size_t FH_DOOR_REQUEST_MAX = FH_DOOR_DOCUMENT_MAX;
constexpr size_t FH_DOOR_ANSWER_MAX = (FH_CERTIFICATE_MAX + FH_CHECKPOINT_NOTE_MAX
				       + FH_SHRED_LIST_MAX + FH_SHRED_SLOT_LIST_MAX);

/* What the chip remembers of the record.  */
struct fh_door_note {
	uint64_t start;             /* start counter */
	uint64_t size;              /* of the tree that was signed last */
	struct fh_hash root;
	uint64_t sequence;          /* of the chain's head */
};

/* As the chip holds it: FH_CHIP_NOTE_SIZE bytes, big-endian.  */
void fh_door_note_pack(struct fh_builder *b, const struct fh_door_note *n);
fh_err fh_door_note_unpack(struct fh_span bytes, struct fh_door_note *out);

/* Answer to OPEN.  */
struct fh_door_opened {
	struct fh_hash chain_id;    /* the only chain this device key serves */
	struct fh_hash device_id;
	uint64_t signed_size;       /* what was signed last */
	struct fh_hash signed_root;
	enum fh_grade grade;
	uint64_t epoch;             /* of the chip */
	bool measured;              /* it has PCRs, so the machine's state must be approved */
	struct fh_door_note note;
	struct fh_hash companions;  /* SHA-256 of those that may approve, in their order */
};

struct fh_door_begin {
	uint64_t head_sequence;     /* of the chain */
	struct fh_hash head;
	uint64_t epoch;             /* that the chain takes this device to */
};

/* Answer to BEGIN.  */
struct fh_door_begun {
	bool fresh;                 /* the session was made now */
	uint64_t boot;
	uint64_t start;
	struct fh_span certificate; /* fh_certificate bytes */
	/* For what the device key is sealed now.  */
	uint64_t first_epoch;
	uint64_t epochs;            /* from that one on */
	struct fh_span companions;  /* who may approve: points of 65 bytes */
	uint64_t needed;            /* how many of them it takes */
	uint64_t data_epoch;        /* of the chip */
};

/* An approval that a `reference` statement carries for this device.  */
struct fh_door_approval {
	uint64_t epoch;
	struct fh_span companion;   /* point, 65 bytes */
	struct fh_span signature;   /* 64 bytes */
	struct fh_pcr_state state;
};

/* Requests, and how the keeper reads them.  */
void fh_door_put_authority(struct fh_builder *b, struct fh_span file);
fh_err fh_door_read_authority(struct fh_span frame, struct fh_span *file);
void fh_door_put_approval(struct fh_builder *b, const struct fh_door_approval *a);
fh_err fh_door_read_approval(struct fh_span frame, struct fh_door_approval *out);
void fh_door_put_begin(struct fh_builder *b, const struct fh_door_begin *g);
fh_err fh_door_read_begin(struct fh_span frame, struct fh_door_begin *out);
void fh_door_put_noting(struct fh_builder *b, uint64_t sequence);
fh_err fh_door_read_noting(struct fh_span frame, uint64_t *sequence);
void fh_door_put_epoch(struct fh_builder *b, uint64_t epoch);
fh_err fh_door_read_epoch(struct fh_span frame, uint64_t *epoch);
/* Of SUBJECT only purpose, head, serial, nonce, origin and exporter cross; the
 * rest the keeper knows better.  */
void fh_door_put_quoting(struct fh_builder *b, const struct fh_quote_subject *subject);
fh_err fh_door_read_quoting(struct fh_span frame, struct fh_quote_subject *out);

/* Answers: done; whether an approval is for this device key, and which PCRs differ
 * from it (0: it fits); a quote.  */
void fh_door_put_done(struct fh_builder *b);
fh_err fh_door_read_done(struct fh_span frame, struct fh_trace *t);
void fh_door_put_differs(struct fh_builder *b, bool usable, uint32_t differs);
fh_err fh_door_read_differs(struct fh_span frame, bool *usable, uint32_t *differs,
			    struct fh_trace *t);
void fh_door_put_quote(struct fh_builder *b, struct fh_span quote);
fh_err fh_door_read_quote(struct fh_span frame, struct fh_span *quote, struct fh_trace *t);
void fh_door_put_activation(struct fh_builder *b, struct fh_span object, struct fh_span seed);
fh_err fh_door_read_activation(struct fh_span frame, struct fh_span *object,
			       struct fh_span *seed);
void fh_door_put_proof(struct fh_builder *b, const struct fh_hash *proof);
fh_err fh_door_read_proof(struct fh_span frame, struct fh_hash *out, struct fh_trace *t);

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

/* Begins to read an answer of MEMBERS, and says so in T if it is an error.  */
fh_err fh_door_answer_begin(struct fh_cursor *c, size_t members, struct fh_trace *t);
/* The batch key of BATCH from the period key of P, made at the statement HEAD if there is none;
 * and from the one called NAME.  Both are answered by it, and by what the period key is
 * called.  */
struct fh_door_sealing {
	struct fh_data_period of;
	uint64_t batch, head;
};
void fh_door_put_sealing(struct fh_builder *b, const struct fh_door_sealing *s);
fh_err fh_door_read_sealing(struct fh_span frame, struct fh_door_sealing *out);
void fh_door_put_unsealing(struct fh_builder *b, struct fh_span name, uint64_t batch);
fh_err fh_door_read_unsealing(struct fh_span frame, struct fh_span *name, uint64_t *batch);
/* ROOM: how many more keys can still be made.  */
void fh_door_put_key(struct fh_builder *b, struct fh_span name, const struct fh_secret *key,
		     uint64_t room);
fh_err fh_door_read_key(struct fh_span frame, uint8_t name[FH_SEAL_NAME_SIZE],
			struct fh_secret *key, uint64_t *room, struct fh_trace *t);

/* --- door_shred.c: keys that end ----------------------------------------- */

void fh_door_put_wish(struct fh_builder *b, enum fh_door_wish wish, struct fh_span subject,
		      uint64_t sequence);
fh_err fh_door_read_wish(struct fh_span frame, enum fh_door_wish *wish, struct fh_span *subject,
			 uint64_t *sequence);
/* DUE and SHRED, by REQUEST.  */
void fh_door_put_lo(struct fh_builder *b, enum fh_door_request request, uint64_t lo_ms);
fh_err fh_door_read_lo(struct fh_span frame, uint64_t *lo_ms);
void fh_door_put_due(struct fh_builder *b, const struct fh_data_due *d);
fh_err fh_door_read_due(struct fh_span frame, struct fh_data_due *out, struct fh_trace *t);
/* Answer to SHRED: the epoch that is to end, and lists of keys and slots as entry/shred.h has
 * them.  */
struct fh_door_doomed {
	uint64_t epoch;
	struct fh_span keys, slots;
};
void fh_door_put_doomed(struct fh_builder *b, const struct fh_door_doomed *d);
fh_err fh_door_read_doomed(struct fh_span frame, struct fh_door_doomed *out, struct fh_trace *t);
/* Answer to RECOVERY.  */
struct fh_door_recovery {
	bool renewed;               /* it was not as it is wanted: there is a new data epoch */
	uint64_t epoch;             /* the one there is now */
	bool held;                  /* there is a slot, */
	struct fh_hash key;         /* for this key; zeros: it could not be told */
	bool useless;               /* none: nothing can be encapsulated to what the chain names */
};
void fh_door_put_recovery(struct fh_builder *b, const struct fh_door_recovery *r);
fh_err fh_door_read_recovery(struct fh_span frame, struct fh_door_recovery *out,
			     struct fh_trace *t);
/* Answer to REWRAP: how many wait.  */
void fh_door_put_left(struct fh_builder *b, uint64_t left);
fh_err fh_door_read_left(struct fh_span frame, uint64_t *left, struct fh_trace *t);
/* The shred entry, whose leaf is the last of the tree that was signed last, and the proof that
 * it is.  */
struct fh_door_shredded {
	struct fh_span leaf, payload;
	struct fh_proof proof;
};
void fh_door_put_shredded(struct fh_builder *b, const struct fh_door_shredded *s);
fh_err fh_door_read_shredded(struct fh_span frame, struct fh_door_shredded *out);

/* A request without body; an error answer.  */
void fh_door_put_request(struct fh_builder *b, enum fh_door_request r);
void fh_door_put_error(struct fh_builder *b, fh_err e, const struct fh_trace *t);

#endif
