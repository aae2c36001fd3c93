/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_EVIDENCE_DOCUMENT_H
#define FH_EVIDENCE_DOCUMENT_H

#include "base/arena.h"
#include "base/limits.h"
#include "base/time.h"
#include "chain/body.h"
#include "codec/jose.h"
#include "entry/grade.h"
#include "evidence/machine.h"

/* What a machine publishes of itself at /.well-known/freehold-operator-key.json:
 * JSON, signed by the session key as a JWS (docs/spec/EVIDENCE, "The document").
 * Written by the daemon, read by verifiers, by the same file.  */

/* The protected header, and so the first bytes of what is signed.  */
#define FH_DOCUMENT_HEADER "{\"alg\":\"ML-DSA-65\",\"typ\":\"freehold-evidence+jws\"}"

constexpr uint64_t FH_DOCUMENT_VERSION = 1;

/* An earlier cold start: a session and where the record was then.  */
struct fh_document_start {
	uint64_t boot, start;
	uint64_t time_ms;        /* not before this */
	struct fh_hash session;  /* session id */
	uint64_t size;           /* of the tree that was signed last */
};

/* A machine quote with what it is about.  The ids of its subject are not written:
 * they are the document's own.  */
struct fh_document_quote {
	struct fh_quote_subject subject;
	struct fh_span evidence; /* machine quote; empty: there is none */
};

struct fh_document {
	uint64_t serial;          /* rises with each document of a machine */
	struct fh_time issued;
	struct fh_hash genesis;   /* statement hash: the chain id */
	enum fh_placement placement;
	enum fh_grade grade;
	const struct fh_public_key *operator_key; /* those who may sign at the head */
	size_t operator_keys;
	struct fh_public_key device;
	const struct fh_span *statement; /* the whole chain, lowest first ... */
	size_t statements;               /* ... or 0: it is too large to be carried */
	uint64_t head_sequence;
	struct fh_hash head;
	uint64_t boot, start;
	struct fh_span checkpoint;       /* the newest note */
	struct fh_span ak;               /* TPMT_PUBLIC, or empty */
	struct fh_span endorsement[FH_ENDORSEMENTS_MAX]; /* EK certificate first, DER */
	size_t endorsements;
	struct fh_document_quote quote;  /* the newest */
	struct fh_span log;              /* event log of the firmware, or empty */
	struct fh_span userspace_log;    /* of systemd, or empty */
	struct fh_document_start cold_start[FH_DOCUMENT_STARTS_MAX]; /* newest first */
	size_t cold_starts;
};

/* What the session key signs for PAYLOAD.  */
void fh_document_put_signed(struct fh_builder *b, struct fh_span payload);

/* Writes the payload.  A full B turns bad.  */
void fh_document_put(struct fh_builder *b, const struct fh_document *d);

/* Reads the payload TEXT; what is in base64 is decoded into ARENA (as much as the
 * text at most, and the structs).  FH_ERR_VERSION for another version.  */
fh_err fh_document_read(struct fh_span text, struct fh_arena *arena, struct fh_document *out);

/* The member `quote` alone, as live answers carry it too.  */
void fh_document_quote_put(struct fh_builder *b, const struct fh_document_quote *q);
fh_err fh_document_quote_read(struct fh_span text, struct fh_arena *arena,
			      struct fh_document_quote *out);

#endif
