/* SPDX-License-Identifier: Apache-2.0 */
/* Release of the device secret: in a state that a companion has approved, as long
 * as this boot is not locked, in the epoch it was sealed for.  TPM 2.0 Library
 * part 3, clause 23; docs/spec/CHIP, "Release".  */
#include "chain/joint.h"
#include "chip/tpm2/nv.h"

#include <string.h>

#include <tss2/tss2_mu.h>

constexpr size_t half_size = FH_P256_SIGNATURE_SIZE / 2;
constexpr uint16_t epoch_size = 8;

fh_err fh_tpm2_not_released(struct fh_tpm2 *t, const char *what)
{
	fh_trace_where(t->trace, "TPM");
	fh_trace_what(t->trace, "%s", what);
	fh_trace_cure(t->trace, "have the operator approve this state, or boot an approved one");
	return FH_ERR_UNAPPROVED;
}

/* The Name of an epoch counter, as it is once counted.  */
static fh_err epoch_name(enum fh_chip_counter which, struct fh_tpm2_name *out)
{
	const struct fh_tpm2_index index = fh_tpm2_counter_index(which);

	return fh_tpm2_index_name(&index, /* written: */ true, out);
}

fh_err fh_tpm2_release_policy(const struct fh_release *r, struct fh_hash *out)
{
	struct fh_tpm2_name name;
	fh_err e = FH_ERR_FORMAT;

	if (r->companions > 0 && r->companions <= FH_COMPANIONS_MAX)
		e = epoch_name(FH_CHIP_EPOCH, &name);
	if (e == FH_ERR_OK)
		*out = fh_release_policy(r, fh_tpm2_name_span(&name));
	return e;
}

fh_err fh_tpm2_data_policy(uint64_t epoch, struct fh_hash *out)
{
	struct fh_tpm2_name name;
	fh_err e = epoch_name(FH_CHIP_DATA, &name);

	if (e == FH_ERR_OK)
		*out = fh_data_policy(epoch, fh_tpm2_name_span(&name));
	return e;
}

static void digest_of(const struct fh_hash *h, TPM2B_DIGEST *out)
{
	out->size = FH_HASH_SIZE;
	memcpy(out->buffer, h->bytes, FH_HASH_SIZE);
}

/* --- the steps, in the order of the policy ------------------------------ */

static fh_err in_state(struct fh_tpm2 *t, const struct fh_pcr_state *state, ESYS_TR policy)
{
	struct fh_pcr_state unlocked = *state;

	unlocked.selected |= UINT32_C(1) << FH_PCR_LOCK;
	unlocked.value[FH_PCR_LOCK] = (struct fh_hash){ 0 };
	struct fh_hash digest = fh_pcr_digest(&unlocked);

	fh_err e = fh_tpm2_policy_pcr(t, policy, unlocked.selected, &digest);

	return e != FH_ERR_STATE
		       ? e
		       : fh_tpm2_not_released(t, "the machine is not in the approved state, or the "
						 "key was used and locked in this boot already");
}

fh_err fh_tpm2_companion_load(struct fh_tpm2 *t, const struct fh_p256_public *companion,
			      struct fh_tpm2_handle *out)
{
	uint8_t area[FH_COMPANION_AREA_SIZE];
	struct fh_builder b = FH_BUILDER_ARRAY(area);
	TPM2B_PUBLIC public = { 0 };
	size_t at = 0;
	ESYS_TR tr;

	fh_companion_area_put(&b, companion);
	if (Tss2_MU_TPMT_PUBLIC_Unmarshal(area, b.n, &at, &public.publicArea) != TSS2_RC_SUCCESS)
		return FH_ERR_FORMAT;

	/* In the owner hierarchy, since tickets of the NULL hierarchy prove nothing.  */
	TSS2_RC rc = Esys_LoadExternal(t->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
				       /* private: */ nullptr, &public, ESYS_TR_RH_OWNER, &tr);

	if (rc != TSS2_RC_SUCCESS)
		return fh_tpm2_fail(t, "TPM2_LoadExternal", rc);
	*out = (struct fh_tpm2_handle){ .tpm = t, .tr = tr };
	return FH_ERR_OK;
}

TPMT_SIGNATURE fh_tpm2_companion_signature(const struct fh_p256_signature *signature)
{
	TPMT_SIGNATURE s = { .sigAlg = TPM2_ALG_ECDSA };
	TPMS_SIGNATURE_ECDSA *pair = &s.signature.ecdsa;

	pair->hash = TPM2_ALG_SHA256;
	pair->signatureR.size = half_size;
	pair->signatureS.size = half_size;
	memcpy(pair->signatureR.buffer, signature->bytes, half_size);
	memcpy(pair->signatureS.buffer, signature->bytes + half_size, half_size);
	return s;
}

/* The TPM's word that KEY signed DIGEST.  */
static fh_err ticket_for(struct fh_tpm2 *t, ESYS_TR key, const struct fh_hash *digest,
			 const struct fh_p256_signature *signature, TPMT_TK_VERIFIED **out)
{
	const TPMT_SIGNATURE s = fh_tpm2_companion_signature(signature);
	TPM2B_DIGEST said;

	digest_of(digest, &said);

	TSS2_RC rc = Esys_VerifySignature(t->esys, key, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
					  &said, &s, out);

	if (fh_tpm2_code(rc) == TPM2_RC_SIGNATURE) {
		fh_trace_where(t->trace, "TPM");
		fh_trace_what(t->trace, "the approval is not signed by the operator's companion "
					"key "
					"for this device and epoch");
		fh_trace_cure(t->trace, "import the operator's own `reference` statement again");
		return FH_ERR_SIGNATURE;
	}
	return rc == TSS2_RC_SUCCESS ? FH_ERR_OK : fh_tpm2_fail(t, "TPM2_VerifySignature", rc);
}

static fh_err authorised(struct fh_tpm2 *t, const struct fh_release *r,
			 const struct fh_chip_approval *a, ESYS_TR policy)
{
	FH_ESYS TPMT_TK_VERIFIED *ticket = nullptr;
	FH_OWN(fh_tpm2_handle) key = { 0 };
	struct fh_hash approved = fh_approval_policy(&a->state);
	struct fh_hash reference = fh_approval_reference(&r->chain_id, &r->device_id, r->epoch);
	struct fh_hash digest = fh_approval_digest(&approved, &reference);
	TPM2B_DIGEST approved_policy;
	TPM2B_NONCE policy_ref;
	TPM2B_NAME name = { .size = FH_TPM2_NAME_SIZE };
	struct fh_tpm2_name loaded;
	fh_err e = fh_tpm2_companion_load(t, &r->companion[a->companion], &key);

	if (e == FH_ERR_OK)
		e = fh_tpm2_name_of(t, key.tr, &loaded);
	if (e == FH_ERR_OK)
		e = ticket_for(t, key.tr, &digest, &a->signature, &ticket);
	if (e != FH_ERR_OK)
		return e;
	memcpy(name.name, loaded.bytes, FH_TPM2_NAME_SIZE);
	digest_of(&approved, &approved_policy);
	digest_of(&reference, &policy_ref);

	TSS2_RC rc = Esys_PolicyAuthorize(t->esys, policy, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
					  &approved_policy, &policy_ref, &name, ticket);

	return rc == TSS2_RC_SUCCESS ? FH_ERR_OK : fh_tpm2_fail(t, "TPM2_PolicyAuthorize", rc);
}

static fh_err by_any(struct fh_tpm2 *t, const struct fh_release *r, ESYS_TR policy)
{
	TPML_DIGEST branches = { .count = (UINT32)r->companions };

	if (r->companions == 1)
		return FH_ERR_OK;
	for (size_t i = 0; i < r->companions; i++) {
		struct fh_hash branch = fh_release_authorized(r, i);

		digest_of(&branch, &branches.digests[i]);
	}

	TSS2_RC rc = Esys_PolicyOR(t->esys, policy, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
				   &branches);

	return rc == TSS2_RC_SUCCESS ? FH_ERR_OK : fh_tpm2_fail(t, "TPM2_PolicyOR", rc);
}

/* FH_ERR_STATE if the counter WHICH is not at EPOCH.  */
static fh_err in_epoch(struct fh_tpm2 *t, enum fh_chip_counter which, uint64_t epoch,
		       const struct fh_tpm2_handle *session, ESYS_TR policy)
{
	const struct fh_tpm2_index what = fh_tpm2_counter_index(which);
	FH_OWN(fh_tpm2_handle) index = { 0 };
	TPM2B_OPERAND operand = { .size = epoch_size };
	struct fh_builder b = fh_builder_of(operand.buffer, epoch_size);
	bool written;
	fh_err e = fh_tpm2_index_find(t, &what, &index, &written);

	if (e == FH_ERR_OK)
		e = fh_tpm2_session_turn(session, 0);
	if (e != FH_ERR_OK)
		return e;
	fh_builder_be64(&b, epoch);

	TSS2_RC rc = Esys_PolicyNV(t->esys, index.tr, index.tr, policy, session->tr, ESYS_TR_NONE,
				   ESYS_TR_NONE, &operand, /* offset: */ 0, TPM2_EO_EQ);

	if (fh_tpm2_code(rc) == TPM2_RC_POLICY)
		return FH_ERR_STATE;
	return rc == TSS2_RC_SUCCESS ? FH_ERR_OK : fh_tpm2_fail(t, "TPM2_PolicyNV", rc);
}

fh_err fh_tpm2_in_epoch(struct fh_tpm2 *t, uint64_t epoch, const struct fh_tpm2_handle *session,
			ESYS_TR policy)
{
	fh_err e = in_epoch(t, FH_CHIP_EPOCH, epoch, session, policy);

	return e == FH_ERR_STATE ? fh_tpm2_not_released(t, "the key was sealed for another epoch, "
							   "which is over") : e;
}

/* By any one of the companions, or by as many as are needed.  */
static fh_err approved(struct fh_tpm2 *t, const struct fh_release *r,
		       const struct fh_chip_approval *a, const struct fh_tpm2_handle *session,
		       ESYS_TR policy)
{
	if (fh_release_joint(r))
		return fh_tpm2_joint_authorise(t, r, a, session, policy);

	fh_err e = authorised(t, r, a, policy);

	return e == FH_ERR_OK ? by_any(t, r, policy) : e;
}

fh_err fh_tpm2_release_session(struct fh_tpm2 *t, const struct fh_release *r,
			       const struct fh_chip_approval *a,
			       const struct fh_tpm2_handle *session, struct fh_tpm2_handle *out)
{
	FH_OWN(fh_tpm2_handle) policy = { 0 };
	fh_err e;

	if (a == nullptr || a->companion >= r->companions)
		return fh_tpm2_not_released(t, "no approval of the machine's state was given");
	e = fh_tpm2_session_of_kind(t, TPM2_SE_POLICY, TPMA_SESSION_ENCRYPT, &policy);
	if (e == FH_ERR_OK)
		e = in_state(t, &a->state, policy.tr);
	if (e == FH_ERR_OK)
		e = approved(t, r, a, session, policy.tr);
	if (e == FH_ERR_OK)
		e = fh_tpm2_in_epoch(t, r->epoch, session, policy.tr);
	return e == FH_ERR_OK ? fh_tpm2_policy_command(t, &policy, TPM2_CC_Unseal, out) : e;
}

fh_err fh_tpm2_data_session(struct fh_tpm2 *t, uint64_t epoch,
			    const struct fh_tpm2_handle *session, struct fh_tpm2_handle *out)
{
	FH_OWN(fh_tpm2_handle) policy = { 0 };
	fh_err e = fh_tpm2_session_of_kind(t, TPM2_SE_POLICY, TPMA_SESSION_ENCRYPT, &policy);

	if (e == FH_ERR_OK)
		e = in_epoch(t, FH_CHIP_DATA, epoch, session, policy.tr);
	if (e == FH_ERR_STATE) {
		fh_trace_where(t->trace, "TPM");
		fh_trace_what(t->trace, "the data key was sealed for an epoch that is over");
		e = FH_ERR_ROLLBACK;
	}
	return e == FH_ERR_OK ? fh_tpm2_policy_command(t, &policy, TPM2_CC_Unseal, out) : e;
}
