/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_EVIDENCE_TPM_PUBLIC_H
#define FH_EVIDENCE_TPM_PUBLIC_H

#include "crypto/tpm_key.h"

/* A TPM's public area (TPM 2.0 Library part 2, clause 12.2): the key, and what
 * the TPM promises about it.  A bare key, in PEM or DER, promises nothing.  */

constexpr size_t FH_TPM_PUBLIC_MAX = 8192; /* a file with any form; RSA-4096 in PEM takes 800 */
constexpr size_t FH_TPM_NAME_MAX = 2 + FH_DIGEST_MAX;

/* Object attributes that matter to a verifier (part 2, clause 8.3).  */
enum fh_tpm_attribute : uint32_t {
	FH_TPM_FIXED_TPM = 1U << 1,              /* never leaves this TPM */
	FH_TPM_FIXED_PARENT = 1U << 4,           /* nor its parent */
	FH_TPM_SENSITIVE_DATA_ORIGIN = 1U << 5,  /* made in the TPM */
	FH_TPM_RESTRICTED = 1U << 16,            /* signs only what the TPM itself made */
	FH_TPM_DECRYPT = 1U << 17,
	FH_TPM_SIGN = 1U << 18,
};

/* nameAlg and the digest of the public area.  */
struct fh_tpm_name {
	size_t n; /* 0: none */
	uint8_t bytes[FH_TPM_NAME_MAX];
};

struct fh_tpm_public {
	struct fh_tpm_key key;
	bool area;                    /* read from a public area: what follows is known */
	enum fh_bank name_hash;       /* nameAlg */
	uint32_t attributes;          /* of enum fh_tpm_attribute, and others */
	uint16_t scheme;              /* TPM_ALG_NULL (0x10), enum fh_tpm_scheme, or another */
	enum fh_bank scheme_hash;     /* of the scheme, or FH_BANK_NONE */
	struct fh_tpm_name name;
};

/* Reads BYTES, which is a TPMT_PUBLIC or a TPM2B_PUBLIC and nothing else.
 * FH_ERR_UNSUPPORTED for a type, curve, size or exponent that is not fh_tpm_key's,
 * FH_ERR_FORMAT otherwise.  */
fh_err fh_tpm_public_read(struct fh_span bytes, struct fh_tpm_public *out);

/* The same for a file in any form that tools write: also SubjectPublicKeyInfo in
 * DER or PEM, of which only the key is known.  */
fh_err fh_tpm_public_read_any(struct fh_span file, struct fh_tpm_public *out);

static inline struct fh_span fh_tpm_name_span(const struct fh_tpm_name *n)
{
	return fh_span_of(n->bytes, n->n);
}

#endif
