/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_EVIDENCE_ATTEST_H
#define FH_EVIDENCE_ATTEST_H

#include "base/builder.h"
#include "crypto/tpm_key.h"

/* What a TPM signs about itself (TPMS_ATTEST, TPM 2.0 Library part 2, clause
 * 10.12), and the signature beside it (TPMT_SIGNATURE, clause 11.3).  Spans look
 * into what was read.  */

constexpr uint32_t FH_TPM_GENERATED = 0xff544347; /* "\xffTCG": only the TPM begins so */

constexpr size_t FH_ATTEST_MAX = 4096;        /* TPMS_ATTEST; NV contents are the longest */
constexpr size_t FH_TPM_SIGNATURE_MAX = 1024; /* TPMT_SIGNATURE of RSA-4096 takes 518 */
constexpr size_t FH_TPM_SELECTIONS_MAX = 16;  /* TPM2_NUM_PCR_BANKS of the TSS */
constexpr size_t FH_PCRS_MAX = 32;            /* PCRs of a bank; a PC has 24 */
constexpr size_t FH_TPM_EXTRA_MAX = 2 + FH_DIGEST_MAX; /* TPM2B_DATA */

enum fh_attest_type : uint16_t {
	FH_ATTEST_NV = 0x8014,
	FH_ATTEST_COMMAND_AUDIT = 0x8015,
	FH_ATTEST_SESSION_AUDIT = 0x8016,
	FH_ATTEST_CERTIFY = 0x8017,
	FH_ATTEST_QUOTE = 0x8018,
	FH_ATTEST_TIME = 0x8019,
	FH_ATTEST_CREATION = 0x801a,
	FH_ATTEST_NV_DIGEST = 0x801c,
};

/* PCRs of some banks, in the order in which they are hashed.  */
struct fh_pcr_selection {
	size_t n;
	struct {
		uint16_t hash; /* TCG's number; need not be one of fh_banks */
		uint32_t mask; /* bit I: PCR I */
	} bank[FH_TPM_SELECTIONS_MAX];
};

struct fh_attest {
	enum fh_attest_type type;
	struct fh_span signer;         /* qualified name of the key */
	struct fh_span extra;          /* what the caller gave: a nonce */
	uint64_t clock;                /* milliseconds the TPM was on, since it was cleared */
	uint32_t resets, restarts;     /* of the TPM; a resume is a restart */
	bool safe;                     /* no greater clock value was reported before */
	uint64_t firmware;
	struct fh_pcr_selection select; /* quote */
	struct fh_span digest;         /* quote: of the PCRs' values; creation: creationHash;
					  session audit: of the session; command audit: of the log;
					  NV digest: of the contents */
	struct fh_span name;           /* certify, creation, NV: of the object or index */
	struct fh_span qualified;      /* certify: the object's qualified name */
	struct fh_span contents;       /* NV: what was read */
	uint16_t offset;               /* NV: from where */
};

/* Reads BYTES to the end.  FH_ERR_UNKNOWN if they do not begin with
 * FH_TPM_GENERATED, FH_ERR_UNSUPPORTED for another type than those above,
 * FH_ERR_FORMAT or FH_ERR_LIMIT otherwise.  */
fh_err fh_attest_read(struct fh_span bytes, struct fh_attest *out);

struct fh_tpm_signature {
	uint16_t scheme;           /* enum fh_tpm_scheme or another; 0: it does not say ("plain") */
	uint16_t hash;             /* TCG's number; 0: it does not say */
	size_t n;
	uint8_t bytes[FH_TPM_RSA_MAX]; /* as fh_tpm_verifier_check() takes them */
};

/* Reads a TPMT_SIGNATURE, or what tpm2-tools call plain: the bytes of RSA, or DER
 * of ECDSA.  KEY's kind tells them apart.  FH_ERR_UNSUPPORTED for a scheme that
 * is not of KEY's kind; FH_ERR_FORMAT.  */
fh_err fh_tpm_signature_read(struct fh_span bytes, const struct fh_tpm_key *key,
			     struct fh_tpm_signature *out);

/* PCRs that S selects in all banks; and the only bank of which it selects some,
 * with the mask, or FH_BANK_NONE if there are several or another.  */
size_t fh_pcr_selection_count(const struct fh_pcr_selection *s);
enum fh_bank fh_pcr_selection_bank(const struct fh_pcr_selection *s, uint32_t *mask);

/* The same PCRs of the same banks in the same order; entries that select nothing
 * do not count.  */
bool fh_pcr_selection_equal(const struct fh_pcr_selection *a, const struct fh_pcr_selection *b);

/* "sha256:0,1,7" for people.  */
void fh_pcr_selection_describe(struct fh_builder *b, const struct fh_pcr_selection *s);

#endif
