/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_EVIDENCE_MACHINE_H
#define FH_EVIDENCE_MACHINE_H

#include "chain/approval.h"

/* Freehold's own quotes: what they are about, and how they are carried
 * (docs/spec/EVIDENCE, "Machine quotes").  */

/* Why a quote was taken; part of what it signs, so that none stands in for
 * another.  */
enum fh_quote_purpose {
	FH_QUOTE_SESSION = 1,   /* in a session's certificate, before the lock */
	FH_QUOTE_START = 2,     /* at a later start in the same boot */
	FH_QUOTE_SCHEDULED = 3, /* over a checkpoint, from time to time */
	FH_QUOTE_LIVE = 4,      /* for somebody who asked, with a nonce of his own */
	FH_QUOTE_ENROLMENT = 5, /* in a request to be enrolled, before any session */
};

constexpr size_t FH_QUOTE_NONCE_MAX = 64;
constexpr size_t FH_QUOTE_ORIGIN_MAX = 256;
constexpr size_t FH_QUOTE_EXPORTER_MAX = 64;

/* What a quote is about: the qualifying data is a hash of all of it.  */
struct fh_quote_subject {
	enum fh_quote_purpose purpose;
	struct fh_hash chain_id;
	struct fh_hash device_id;      /* SHA-256 of the device key */
	struct fh_hash session_id;     /* SHA-256 of the session key */
	uint64_t size;                 /* the last signed checkpoint */
	struct fh_hash root;
	uint64_t boot;                 /* boots of the machine */
	uint64_t start;                /* start counter */
	uint64_t head_sequence;        /* the chain's head */
	struct fh_hash head;
	uint64_t serial;               /* of the document; 0 if there is none yet */
	struct fh_span nonce;          /* live: the asker's; else empty */
	struct fh_span origin;         /* live: the URL asked, as the asker wrote it */
	struct fh_span exporter;       /* live: of the TLS session, or empty */
};

/* SHA-256("freehold/quote/v1" LF || deterministic CBOR of SUBJECT).  FH_ERR_LIMIT
 * if a member is longer than it may be.  */
fh_err fh_quote_qualify(const struct fh_quote_subject *subject, struct fh_hash *out);

/* What shows that a credential was opened, to who made it and to nobody else:
 * SHA-256("freehold/activation/v1" LF || SECRET).  A credential that somebody made for
 * another end stays closed.  */
struct fh_hash fh_activation_proof(struct fh_span secret);

/* A quote as it is carried.  */
struct fh_machine_quote {
	struct fh_span attest;      /* TPMS_ATTEST, as the TPM signed it */
	struct fh_span signature;   /* TPMT_SIGNATURE */
	struct fh_pcr_state pcrs;   /* the values quoted, SHA-256 bank */
};

/* PCRs of every machine quote: those that no command resets.  */
constexpr uint32_t FH_MACHINE_PCRS = FH_PCRS_STATIC;

constexpr uint64_t FH_MACHINE_QUOTE_VERSION = 1;
constexpr size_t FH_MACHINE_ATTEST_MAX = 256;
constexpr size_t FH_MACHINE_SIGNATURE_MAX = 576; /* an RSA-4096 one fits */
constexpr size_t FH_MACHINE_QUOTE_MAX = 1792;

/* [version, attest, signature, {index: value ...}]  */
void fh_machine_quote_put(struct fh_builder *b, const struct fh_machine_quote *q);
fh_err fh_machine_quote_read(struct fh_span bytes, struct fh_machine_quote *out);

#endif
