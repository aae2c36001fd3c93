/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CHAIN_STATEMENT_H
#define FH_CHAIN_STATEMENT_H

#include "base/limits.h"
#include "base/trace.h"
#include "codec/cose.h"

/* One statement of the authority chain and the file that carries it with its
 * signatures (docs/spec/STATEMENT).  Reading checks form only; whether it may
 * be believed is chain.h's business.  Spans look into the input.  */

constexpr uint64_t FH_STATEMENT_VERSION = 1;

/* What each signer's COSE signature names as its purpose (external_aad).  */
#define FH_STATEMENT_AAD "freehold/statement/v1"
/* What a device key's proof of possession names as its purpose.  */
#define FH_DEVICE_POSSESSION_AAD "freehold/device-possession/v1"

/* Every kind this version knows by name, in the order of the specification.
 * The third column says whether it is understood, or only known by name.  */
#define FH_STATEMENT_KINDS(X)      \
	X(GENESIS, "genesis", true) \
	X(SIGNERS, "signers", true) \
	X(DEVICE, "device", true)   \
	X(ACTOR, "actor", true)     \
	X(SERVER, "server", true)   \
	X(POLICY, "policy", true)   \
	X(REVOKE, "revoke", true)   \
	X(PINS, "pins", true)       \
	X(REFERENCE, "reference", true) \
	X(ROOTS, "roots", true)     \
	X(WITNESS, "witness", true) \
	X(READER, "reader", false)  \
	X(HOLD, "hold", true)       \
	X(SHRED, "shred", true)     \
	X(SLOT, "slot", true)       \
	X(RELEASE, "release", false) \
	X(REFUSE, "refuse", false)  \
	X(MIGRATE, "migrate", false) \
	X(LOST, "lost", false)      \
	X(RECOVER, "recover", false)

enum fh_statement_kind {
	FH_STATEMENT_OTHER = 0, /* a kind of a newer version */
#define FH_STATEMENT_ROW(name, text, understood) FH_STATEMENT_##name,
	FH_STATEMENT_KINDS(FH_STATEMENT_ROW)
#undef FH_STATEMENT_ROW
};

/* "genesis", ...; "other" for FH_STATEMENT_OTHER.  Static, never NULL.  */
const char *fh_statement_kind_text(enum fh_statement_kind k);
/* FH_STATEMENT_OTHER for a text that is not in the list.  */
enum fh_statement_kind fh_statement_kind_parse(struct fh_span text);
/* This version can apply statements of kind K.  */
bool fh_statement_kind_understood(enum fh_statement_kind k);

/* The payload.  */
struct fh_statement {
	struct fh_hash chain_id;      /* genesis' statement hash; zero in genesis */
	uint64_t sequence;            /* 0 is genesis */
	struct fh_hash previous;      /* the last statement's hash; zero in genesis */
	enum fh_statement_kind kind;  /* kind_text, recognised */
	struct fh_span kind_text;     /* as it is written */
	struct fh_span body;          /* one CBOR map with text keys */
	uint64_t issued_ms;           /* when it was signed, as the signer says: Unix ms */
	struct fh_span payload;       /* the bytes all of this was read from */
	struct fh_hash hash;          /* statement hash of the payload */
};

/* A statement and who signed it.  */
struct fh_envelope {
	struct fh_statement statement;
	struct fh_cose_signature signature[FH_STATEMENT_SIGNATURES_MAX]; /* rising key ids */
	size_t signatures;
};

/* SHA-256("freehold/statement/v1\n" || PAYLOAD).  */
struct fh_hash fh_statement_hash(struct fh_span payload);

/* Reads a payload, at most FH_STATEMENT_MAX bytes.  FH_ERR_VERSION for another
 * version than ours.  T may be NULL.  */
fh_err fh_statement_parse(struct fh_span payload, struct fh_statement *out, struct fh_trace *t);

/* Writes the payload of S: chain_id, sequence, previous, kind_text, body and
 * issued_ms are read, the rest is not.  */
void fh_statement_put(struct fh_builder *b, const struct fh_statement *s);

/* Reads a statement file.  */
fh_err fh_envelope_parse(struct fh_span file, struct fh_envelope *out, struct fh_trace *t);

/* Writes a statement file: PAYLOAD and its N signatures in rising key id.  */
void fh_envelope_put(struct fh_builder *b, struct fh_span payload,
		     const struct fh_cose_signature *s, size_t n);

/* Largest statement file.  */
constexpr size_t FH_ENVELOPE_MAX =
	FH_STATEMENT_MAX + FH_STATEMENT_SIGNATURES_MAX * (FH_MLDSA65_SIGNATURE_SIZE + 64) + 64;

#endif
