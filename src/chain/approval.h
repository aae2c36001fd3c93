/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CHAIN_APPROVAL_H
#define FH_CHAIN_APPROVAL_H

#include "base/trace.h"
#include "codec/cbor.h"
#include "crypto/companion.h"
#include "crypto/hash.h"

/* How an operator approves a boot state so that a TPM understands it
 * (docs/spec/CHIP, "Release"): the state as PCR values, the digests that a
 * policy session of a TPM arrives at (TPM 2.0 Library part 3, clause 23), and
 * what the companion key signs.  Pure, because the operator computes all of it
 * far from the TPM, and a verifier again.  */

constexpr unsigned FH_PCRS = 24;
/* PCRs that no command resets without a reset of the machine (part 1, clause
 * 17): 0 to 15.  Only these can be relied on.  */
constexpr uint32_t FH_PCRS_STATIC = 0xffff;
/* Extended by the session of a boot once the device key was used, so that it is
 * not released again before the next boot.  Measured boot leaves 13 alone but for
 * systemd's system extensions, which a machine under Freehold cannot have.  */
constexpr unsigned FH_PCR_LOCK = 13;

/* PCRs that nobody has a reason to extend once a machine has booted: not 10, where IMA
 * goes on, 11, where systemd says that the machine is up and goes down, and 15, where
 * it tells of volumes as they are opened.  */
constexpr uint32_t FH_PCRS_STILL = 0x53ff;

/* A boot state: some PCRs of the SHA-256 bank and their values.  */
struct fh_pcr_state {
	uint32_t selected;                /* bit I: PCR I is part of it */
	struct fh_hash value[FH_PCRS];    /* zero for those that are not */
};

/* The map {index: bstr 32, ...}.  Reading turns the cursor bad for an empty one,
 * for a PCR that can be reset, and for the lock PCR.  */
void fh_pcr_state_put(struct fh_builder *b, const struct fh_pcr_state *s);
struct fh_pcr_state fh_pcr_state_read(struct fh_cursor *c);

/* The PCRs of STATE that NOW does not have at its value: 0 if NOW is that state.  */
uint32_t fh_pcr_state_differs(const struct fh_pcr_state *state, const struct fh_pcr_state *now);

/* The lock PCR after the session with this id (SHA-256 of its key) has locked
 * it.  */
struct fh_hash fh_pcr_locked(const struct fh_hash *session_id);

/* TPML_PCR_SELECTION of the SHA-256 bank, as the TPM hashes it, and the digest
 * over the values of the PCRs SELECTED, rising.  */
void fh_pcr_selection_put(struct fh_builder *b, uint32_t selected);
struct fh_hash fh_pcr_digest(const struct fh_pcr_state *s);

/* The policy that STATE satisfies before the session is locked: TPM2_PolicyPCR
 * over it and the lock PCR at zero.  */
struct fh_hash fh_approval_policy(const struct fh_pcr_state *state);

/* For which device key, and which epoch of it, an approval holds: the policyRef
 * SHA-256("freehold/approval/v1" LF || chain id || device id || epoch).  */
struct fh_hash fh_approval_reference(const struct fh_hash *chain_id,
				     const struct fh_hash *device_id, uint64_t epoch);

/* What the companion signs (ECDSA over this digest): SHA-256(policy ||
 * policyRef), part 3, TPM2_PolicyAuthorize.  */
struct fh_hash fh_approval_digest(const struct fh_hash *policy, const struct fh_hash *reference);

/* Whether SIGNATURE is COMPANION's approval of STATE for that device and epoch: FH_ERR_OK,
 * FH_ERR_SIGNATURE if not, FH_ERR_CRYPTO.  */
fh_err fh_approval_check(const struct fh_pcr_state *state, const struct fh_hash *reference,
			 struct fh_span companion, struct fh_span signature);

/* TPMT_PUBLIC of a companion as a TPM loads it, and its Name without the
 * algorithm.  */
constexpr size_t FH_COMPANION_AREA_SIZE = 88;
void fh_companion_area_put(struct fh_builder *b, const struct fh_p256_public *companion);
struct fh_hash fh_companion_name(const struct fh_p256_public *companion);

/* The policy of a secret that is released while the PCRs SELECTED have the DIGEST of
 * fh_pcr_digest(): TPM2_PolicyPCR, and nothing but unsealing.  */
struct fh_hash fh_boot_policy(uint32_t selected, const struct fh_hash *digest);

/* Who may approve: any one of these.  A PolicyOR has at most eight branches.  */
constexpr size_t FH_COMPANIONS_MAX = 8;

/* Under what a device secret is sealed.  */
struct fh_release {
	struct fh_hash chain_id;
	struct fh_hash device_id;
	uint64_t epoch;                                   /* of the epoch counter */
	struct fh_p256_public companion[FH_COMPANIONS_MAX];
	size_t companions;                                /* 1 .. FH_COMPANIONS_MAX */
	size_t needed;                                    /* of them; up to 1: any one (joint.h) */
};

/* A and B are released by the same companions, and as many of them.  */
bool fh_release_same_approvers(const struct fh_release *a, const struct fh_release *b);
/* Which companion of R has this POINT; false if none.  */
bool fh_release_companion(const struct fh_release *r, struct fh_span point, size_t *out);

/* The digest after TPM2_PolicyAuthorize by companion I of R.  */
struct fh_hash fh_release_authorized(const struct fh_release *r, size_t i);
/* The whole policy: authorised by as many of the companions as are needed, the epoch
 * counter (whose index has the Name EPOCH_NAME, algorithm included) at its epoch, and
 * nothing but unsealing.  */
struct fh_hash fh_release_policy(const struct fh_release *r, struct fh_span epoch_name);
/* The digest after POLICY by TPM2_PolicyNV: the counter is at EPOCH.  */
struct fh_hash fh_release_in_epoch(const struct fh_hash *policy, uint64_t epoch,
				   struct fh_span epoch_name);
/* The Name of the epoch counter's index, algorithm included: 34 bytes.  */
void fh_epoch_name_put(struct fh_builder *b);

/* The policy of what is unsealed in the data epoch EPOCH alone, in any state; DATA_NAME is the
 * Name of that counter.  */
struct fh_hash fh_data_policy(uint64_t epoch, struct fh_span data_name);

#endif
