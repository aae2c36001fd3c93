/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CHAIN_JOINT_H
#define FH_CHAIN_JOINT_H

#include "chain/approval.h"

/* Approvals that take several operators (docs/spec/CHIP, "Several operators").  The state
 * that a device key is released in is what an NV index says (TPM2_PolicyAuthorizeNV), and
 * each write of that index takes as many companions as `reference` has for its threshold
 * (TPM2_PolicySigned, each over the whole command).  Pure, as approval.h is.  */

/* R takes more than one companion.  */
bool fh_release_joint(const struct fh_release *r);

/* What TPM2_PolicySigned puts into the policy beside the key, so that an index belongs to
 * one device of one chain: SHA-256("freehold/joint-approval/v1" LF || chain id || device
 * id).  */
struct fh_hash fh_joint_reference(const struct fh_release *r);

/* The index: its handle, which follows from its policy, so that the one for other
 * operators stands beside it; its policy; and its Name, algorithm included, before or
 * after it was ever WRITTEN.  */
constexpr size_t FH_JOINT_NAME_SIZE = 34;
struct fh_joint_index {
	uint32_t handle;
	uint32_t attributes; /* TPMA_NV without TPMA_NV_WRITTEN */
	struct fh_hash policy;
};
struct fh_joint_index fh_joint_index_of(const struct fh_release *r);
void fh_joint_name_put(struct fh_builder *b, const struct fh_joint_index *i, bool written);

/* What is written: a TPMT_HA of the policy that STATE satisfies in the epoch of R before
 * the session is locked.  The epoch is in it, so what was signed for an older one is of
 * no use when it is written again.  */
constexpr size_t FH_JOINT_CONTENT_SIZE = 34;
void fh_joint_content_put(struct fh_builder *b, const struct fh_release *r,
			  const struct fh_pcr_state *state, struct fh_span epoch_name);

/* The cpHash of TPM2_NV_Write of CONTENT to the index, and what a companion signs about
 * it (ECDSA over that digest): SHA-256(expiration 0 || cpHash || reference).  The Name of
 * an index changes with its first write, so there are two of each.  */
struct fh_hash fh_joint_command(const struct fh_release *r, struct fh_span content, bool written);
struct fh_hash fh_joint_digest(const struct fh_release *r, const struct fh_pcr_state *state,
			       bool written);

/* The companions of R in SIGNED (bit I: the I-th), as many as R needs, as TPM2_PolicyOR
 * climbs from their branch to the whole policy.  Each step is one TPM2_PolicyOR over
 * BRANCH[0 .. BRANCHES); false when there is none left.  */
constexpr size_t FH_POLICY_BRANCHES_MAX = 8;
struct fh_joint_climb {
	size_t place, width; /* of the branch among those of its level */
	size_t level;
	struct fh_hash branch[FH_POLICY_BRANCHES_MAX];
	size_t branches;
};
fh_err fh_joint_climb_begin(const struct fh_release *r, uint32_t signers,
			    struct fh_joint_climb *out);
bool fh_joint_climb_step(const struct fh_release *r, struct fh_joint_climb *c);

/* SIGNATURE is of the I-th companion of R over one of the two digests for STATE; *WRITTEN
 * says which.  FH_ERR_OK, FH_ERR_SIGNATURE if it is of neither, FH_ERR_CRYPTO.  */
fh_err fh_joint_check(const struct fh_release *r, const struct fh_pcr_state *state, size_t i,
		      struct fh_span signature, bool *written);
/* As many companions as R needs have signed both: bit I of SIGNERS[0] and of SIGNERS[1] is
 * the I-th, before the first write of the index and after it.  */
bool fh_joint_enough(const struct fh_release *r, const uint32_t signers[2]);

/* The digest from which TPM2_PolicyAuthorizeNV of the index (written) goes on.  */
struct fh_hash fh_joint_authorized(const struct fh_release *r);

#endif
