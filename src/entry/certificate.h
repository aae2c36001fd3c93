/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ENTRY_CERTIFICATE_H
#define FH_ENTRY_CERTIFICATE_H

#include "base/builder.h"
#include "crypto/signature.h"
#include "entry/grade.h"

/* The certificate by which the device key vouches for the session key of one
 * boot: a COSE_Sign1 over {device, boot count, start counter, previous
 * checkpoint, quote}.  It is an entry of the record.  docs/spec/KEYS.  */

/* First bytes of what the device key signs here (external_aad).  */
#define FH_CERTIFICATE_DOMAIN "freehold/session/v1"

constexpr uint64_t FH_CERTIFICATE_VERSION = 2;
constexpr size_t FH_QUOTE_MAX = 2048; /* a machine quote (docs/spec/EVIDENCE) */
/* Largest certificate, its quote included.  */
constexpr size_t FH_CERTIFICATE_MAX = 8192;

struct fh_certificate {
	struct fh_hash chain_id;
	struct fh_hash device_id;      /* SHA-256 of the device public key */
	struct fh_span session_key;    /* ML-DSA-65 public key of this boot */
	uint64_t boot;                 /* how often the machine had booted */
	uint64_t start;                /* start counter when it was made */
	uint64_t previous_size;        /* tree when it was made */
	struct fh_hash previous_root;  /* its root */
	enum fh_grade grade;           /* what the keeper's chip makes it worth */
	struct fh_span quote;          /* machine quote; empty without a TPM */
	uint64_t head_sequence;        /* the chain's head when it was made */
	struct fh_hash head;           /* its statement hash */
	bool version_1;                /* as version 1 had it, without a head */
	struct fh_span payload;        /* read only: the bytes that are signed */
	struct fh_span signature;      /* read only: 3309 bytes */
};

/* The payload that is signed: the map {1: version ... 10: head of the chain}.  */
void fh_certificate_put_payload(struct fh_builder *b, const struct fh_certificate *c);

/* What the device key signs for PAYLOAD.  */
void fh_certificate_put_signed(struct fh_builder *b, struct fh_span payload);

/* The whole: the array [payload, COSE_Sign1 with the device id as key id].  */
void fh_certificate_put(struct fh_builder *b, struct fh_span payload,
			const struct fh_hash *device_id, struct fh_span signature);

/* Reads the whole; the signature is not checked yet.  */
fh_err fh_certificate_read(struct fh_span bytes, struct fh_certificate *out);

/* FH_ERR_OK if C is signed by DEVICE_KEY and that is the key it names,
 * FH_ERR_SIGNATURE if not.  */
fh_err fh_certificate_check(const struct fh_certificate *c, struct fh_span device_key);

#endif
