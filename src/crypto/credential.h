/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CRYPTO_CREDENTIAL_H
#define FH_CRYPTO_CREDENTIAL_H

#include "base/secret.h"
#include "crypto/x509.h"

/* TPM2_MakeCredential in software (TPM 2.0 Library part 1, clause 24): the
 * operator's half of binding an attestation key to an endorsement key.  Only
 * the TPM with the endorsement key can open it, and only while the key with
 * the stated name is loaded beside it.  */

constexpr size_t FH_CREDENTIAL_SECRET_MAX = 32; /* the digest size of the endorsement key */
/* The content of a TPM2B_ID_OBJECT: HMAC with its length, secret with its.  */
constexpr size_t FH_CREDENTIAL_OBJECT_MAX = 2 + 32 + 2 + FH_CREDENTIAL_SECRET_MAX;
/* The content of a TPM2B_ENCRYPTED_SECRET: a P-256 point, each half with its
 * length, or what RSA-2048 encrypted.  */
constexpr size_t FH_CREDENTIAL_POINT_SIZE = 2 * (2 + 32);
constexpr size_t FH_CREDENTIAL_SEED_MAX = 256;

struct fh_credential {
	uint8_t object[FH_CREDENTIAL_OBJECT_MAX]; /* for TPM2_ActivateCredential: credentialBlob */
	size_t object_n;                          /* bytes of it */
	uint8_t seed[FH_CREDENTIAL_SEED_MAX];     /* the same: secret, which encloses a seed */
	size_t seed_n;                            /* bytes of it */
};

/* Wraps SECRET (1 to FH_CREDENTIAL_SECRET_MAX bytes) for the TPM with the
 * endorsement key EK and its key named NAME.  FH_ERR_FORMAT if EK is no point
 * of the curve, FH_ERR_LIMIT for another length.  */
fh_err fh_credential_make(const struct fh_x509_key *ek, struct fh_span name,
			  const struct fh_secret *secret, struct fh_credential *out);

#endif
