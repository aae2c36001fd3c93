/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ENTRY_FIELD_H
#define FH_ENTRY_FIELD_H

#include "base/builder.h"
#include "base/cursor.h"
#include "base/limits.h"
#include "crypto/hash.h"

/* Committed fields: what an entry says, each with a salt of its own.  A field's
 * opening is the CBOR array [id, salt, value]; the commitment root is the RFC
 * 6962 root over the openings in order of id.  So one field can be shown with
 * an inclusion proof and the others stay hidden.  An opening starts with 0x83
 * and a leaf of the record with 0xa9, so neither stands in for the other.
 * docs/spec/LEAF.  */

constexpr size_t FH_SALT_SIZE = 32;

/* Values are part of the format: append.  */
enum fh_field_id {
	FH_FIELD_ACTOR = 1,       /* text: Cedar entity, Actor::"claude" */
	FH_FIELD_IDENTITY = 2,    /* map: how the actor was known (grade, uid, executable) */
	FH_FIELD_ACTION = 3,      /* text: Cedar entity, Action::"notes.read" */
	FH_FIELD_RESOURCE = 4,    /* text: Cedar entity */
	FH_FIELD_DECISION = 5,    /* array: [allowed, reason, [policy id...]] */
	FH_FIELD_ARGUMENTS = 6,   /* map as sent, or [length, SHA-256] when large */
	FH_FIELD_RESULT = 7,      /* as received, or [length, SHA-256] when large */
	FH_FIELD_SERVER = 8,      /* text: tool server */
	FH_FIELD_CLIENT = 9,      /* bytes: client session */
	FH_FIELD_INTENT = 10,     /* uint: index of the intent this completes */
	FH_FIELD_STATUS = 11,     /* text: result, error, failed, timeout, unknown, ... */
	FH_FIELD_EFFECT = 12,     /* array: what it does to the fold (state/effect.h) */
	FH_FIELD_STATEMENT = 13,  /* bytes: the accepted statement's envelope */
	FH_FIELD_CERTIFICATE = 14, /* bytes: the session certificate */
	FH_FIELD_DETAIL = 15,     /* map: what else a start, stop or refusal says */
	FH_FIELD_QUOTE = 16,      /* bytes: a machine quote (docs/spec/EVIDENCE) */
	FH_FIELD_LOG = 17,        /* bytes: the firmware's event log */
	FH_FIELD_STATE = 18,      /* bytes: the hash of the fold before this entry */
	FH_FIELD_SUBJECT = 19,    /* text: Cedar entity that a question is about */
	FH_FIELD_AUTHORITY = 20,  /* bytes: over the indexes of the session, chain and lease
				     entries before this one (state/fold.h) */
	FH_FIELD_FOLD = 21,       /* array: which period of the class `fold` comes, and the fold,
				     sealed in it (entry/carried.h) */
	FH_FIELD_IDS,
};

/* "actor", "identity", ...; an unknown value reads "unknown".  */
const char *fh_field_text(enum fh_field_id id);

/* The inverse; FH_ERR_UNKNOWN for another text.  */
fh_err fh_field_parse(struct fh_span text, enum fh_field_id *out);

struct fh_field {
	enum fh_field_id id;
	struct fh_span salt;  /* FH_SALT_SIZE bytes */
	struct fh_span value; /* one deterministic CBOR item */
};

struct fh_fields {
	struct fh_field field[FH_FIELDS_MAX]; /* in rising order of id */
	size_t n;
};

/* Writes F's opening.  */
void fh_field_put_opening(struct fh_builder *b, const struct fh_field *f);

/* Reads one opening, strictly.  */
fh_err fh_field_read_opening(struct fh_span bytes, struct fh_field *out);

/* The same, of what comes next in C, which turns bad otherwise.  */
struct fh_field fh_field_take_opening(struct fh_cursor *c);

/* RFC 6962 leaf hash of F's opening, without building it.  */
struct fh_hash fh_field_hash(const struct fh_field *f);

/* The commitment root.  */
struct fh_hash fh_fields_root(const struct fh_fields *f);

/* The field ID, or NULL.  */
const struct fh_field *fh_fields_get(const struct fh_fields *f, enum fh_field_id id);

/* The text in field ID of F, or under KEY (may be NULL) of the map that it holds; else empty.  */
struct fh_span fh_fields_text(const struct fh_fields *f, enum fh_field_id id, const char *key);

/* The payload as it is stored beside the leaf while it is not sealed: the CBOR
 * array [0, [opening...]], 0 being the sealing (none).  Reading demands rising
 * ids and whole salts; FH_ERR_VERSION for another sealing.  */
void fh_payload_put(struct fh_builder *b, const struct fh_fields *f);
fh_err fh_payload_read(struct fh_span payload, struct fh_fields *out);

/* The value of the field ID in such a payload, into *OUT; FH_ERR_FORMAT if there is none.  */
fh_err fh_payload_value(struct fh_span payload, enum fh_field_id id, struct fh_span *out);

#endif
