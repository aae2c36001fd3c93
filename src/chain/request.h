/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CHAIN_REQUEST_H
#define FH_CHAIN_REQUEST_H

#include "chain/ak.h"
#include "chain/body.h"
#include "crypto/x509.h"

/* The file in which a machine asks to be enrolled (docs/spec/ENROLMENT): the
 * body of its device statement and its TPM's endorsement key, signed as a whole
 * by the device key.  So the operator who compares the device id has compared
 * everything.  */

/* What the device key's signature over a request names as its purpose.  */
#define FH_REQUEST_AAD "freehold/device-request/v1"

struct fh_request {
	struct fh_hash chain_id;      /* the chain the machine was given */
	struct fh_span body;          /* what the operator is to sign */
	struct fh_device_body device; /* the same, read */
	bool tpm;                     /* ek and ak hold; otherwise grade is none */
	struct fh_x509_key ek;        /* the endorsement key, as the TPM made it */
	struct fh_span quote;         /* machine quote (docs/spec/EVIDENCE), or empty */
	struct fh_span log;           /* the firmware's event log, or empty */
	struct fh_span authorisations; /* of the TPM (chain/authorisations.h), or empty */
	struct fh_ak_name ak;         /* the Name of device.ak */
};

/* A request up to its signature, of its chain_id, body, quote, log and authorisations;
 * EK is the key's bytes, empty without TPM.  */
void fh_request_put(struct fh_builder *b, const struct fh_request *r, struct fh_span ek);
/* What the device key signs over the SAID of fh_request_put().  */
constexpr size_t FH_REQUEST_TO_SIGN = FH_HASH_SIZE + FH_COSE_SIGNED_OVERHEAD;
void fh_request_put_signed(struct fh_builder *b, struct fh_span said);

/* Reads a request and checks everything that it alone can tell: the device key
 * signed it and proves possession for the chain (FH_ERR_SIGNATURE), a
 * certificate is for the endorsement key (FH_ERR_CONFLICT), the attestation key
 * is one, and the grade goes with having a TPM or none (FH_ERR_FORMAT).  Who
 * certified the endorsement key is not looked at.  Spans look into FILE.  */
fh_err fh_request_read(struct fh_span file, struct fh_request *out, struct fh_trace *t);

#endif
