/* SPDX-License-Identifier: Apache-2.0 */
/* Release of the device secret by several operators: an NV index holds the policy that is
 * approved, and only as many of their companions as are needed write it.  TPM 2.0 Library
 * part 3, clauses 23 and 31; docs/spec/CHIP, "Several operators".  */
#include "chain/joint.h"
#include "chip/tpm2/nv.h"

#include <string.h>

static struct fh_tpm2_index index_of(const struct fh_joint_index *i)
{
	return (struct fh_tpm2_index){
		.handle = i->handle,
		.attributes = i->attributes,
		.size = FH_JOINT_CONTENT_SIZE,
		.policy = &i->policy,
		.what = "index of approved states",
	};
}

/* --- making it ---------------------------------------------------------- */

static fh_err define(struct fh_tpm2 *t, const struct fh_tpm2_index *what)
{
	FH_OWN(fh_tpm2_handle) session = { 0 };
	FH_OWN(fh_tpm2_handle) index = { 0 };
	fh_err e = fh_tpm2_session(t, TPMA_SESSION_DECRYPT, &session);

	if (e == FH_ERR_OK)
		e = fh_tpm2_index_define(t, what, &session, (struct fh_span){ 0 }, &index);
	if (e == FH_ERR_PERMISSION)
		fh_trace_cure(t->trace, "make the index of approved states for these operators "
			      "with the owner's authorisation: freehold device index --owner-auth "
			      "FILE");
	return e;
}

fh_err fh_tpm2_joint_prepare(struct fh_chip *c, const struct fh_release *r)
{
	struct fh_tpm2 *t = fh_tpm2_of(c);
	const struct fh_joint_index i = fh_joint_index_of(r);
	const struct fh_tpm2_index what = index_of(&i);
	FH_OWN(fh_tpm2_handle) index = { 0 };
	bool written;

	if (!fh_release_joint(r))
		return FH_ERR_OK;
	fh_err e = fh_tpm2_index_find(t, &what, &index, &written);

	return e == FH_ERR_MISSING ? define(t, &what) : e;
}

static fh_err find(struct fh_tpm2 *t, const struct fh_release *r, struct fh_tpm2_handle *index)
{
	const struct fh_joint_index i = fh_joint_index_of(r);
	const struct fh_tpm2_index what = index_of(&i);
	bool written;

	if (!fh_release_joint(r))
		return FH_ERR_MISSING;
	fh_err e = fh_tpm2_index_find(t, &what, index, &written);

	return e == FH_ERR_CONFLICT ? FH_ERR_MISSING : e; /* 21 bits of a policy may be another's */
}

fh_err fh_chip_tpm2_joint_there(struct fh_chip *c, const struct fh_release *r, bool *there)
{
	FH_OWN(fh_tpm2_handle) index = { 0 };
	fh_err e = fh_tpm2_is(c) ? find(fh_tpm2_of(c), r, &index) : FH_ERR_UNSUPPORTED;

	if (e != FH_ERR_OK && e != FH_ERR_MISSING)
		return e;
	*there = e == FH_ERR_OK;
	return FH_ERR_OK;
}

fh_err fh_chip_tpm2_joint_remove(struct fh_chip *c, const struct fh_release *r)
{
	FH_OWN(fh_tpm2_handle) session = { 0 };
	FH_OWN(fh_tpm2_handle) index = { 0 };
	struct fh_tpm2 *t;

	if (!fh_tpm2_is(c))
		return FH_ERR_UNSUPPORTED;
	t = fh_tpm2_of(c);
	fh_err e = find(t, r, &index);

	if (e == FH_ERR_OK)
		e = fh_tpm2_session(t, 0, &session);
	if (e == FH_ERR_OK)
		e = fh_tpm2_index_remove(t, &index, &session);
	if (e == FH_ERR_OK)
		index = (struct fh_tpm2_handle){ 0 };
	return e;
}

/* --- writing it --------------------------------------------------------- */

/* One companion's word for COMMAND, in POLICY.  Without a nonce of the session, so that
 * it can be given far away and before; it binds the whole command instead.  */
static fh_err signed_by(struct fh_tpm2 *t, const struct fh_p256_public *companion,
			const struct fh_p256_signature *signature, const struct fh_hash *command,
			const struct fh_hash *reference, ESYS_TR policy)
{
	const TPMT_SIGNATURE s = fh_tpm2_companion_signature(signature);
	const TPM2B_NONCE no_nonce = { 0 };
	TPM2B_DIGEST what = { .size = FH_HASH_SIZE };
	TPM2B_NONCE ref = { .size = FH_HASH_SIZE };
	FH_OWN(fh_tpm2_handle) key = { 0 };
	FH_ESYS TPM2B_TIMEOUT *timeout = nullptr;
	FH_ESYS TPMT_TK_AUTH *ticket = nullptr;
	fh_err e = fh_tpm2_companion_load(t, companion, &key);

	if (e != FH_ERR_OK)
		return e;
	memcpy(what.buffer, command->bytes, FH_HASH_SIZE);
	memcpy(ref.buffer, reference->bytes, FH_HASH_SIZE);
	TSS2_RC rc = Esys_PolicySigned(t->esys, key.tr, policy, ESYS_TR_NONE, ESYS_TR_NONE,
				       ESYS_TR_NONE, &no_nonce, &what, &ref, /* expiration: */ 0,
				       &s, &timeout, &ticket);

	if (fh_tpm2_code(rc) == TPM2_RC_SIGNATURE) {
		fh_trace_where(t->trace, "TPM");
		fh_trace_what(t->trace, "an approval is not signed by the companion it names for "
			      "this state, device and epoch");
		fh_trace_cure(t->trace, "import the operators' own `reference` statement again");
		return FH_ERR_SIGNATURE;
	}
	return rc == TSS2_RC_SUCCESS ? FH_ERR_OK : fh_tpm2_fail(t, "TPM2_PolicySigned", rc);
}

static fh_err climb(struct fh_tpm2 *t, const struct fh_release *r, uint32_t signers,
		    ESYS_TR policy)
{
	struct fh_joint_climb c;
	fh_err e = fh_joint_climb_begin(r, signers, &c);

	while (e == FH_ERR_OK && fh_joint_climb_step(r, &c)) {
		TPML_DIGEST branches = { .count = (UINT32)c.branches };

		for (size_t i = 0; i < c.branches; i++) {
			branches.digests[i].size = FH_HASH_SIZE;
			memcpy(branches.digests[i].buffer, c.branch[i].bytes, FH_HASH_SIZE);
		}
		TSS2_RC rc = Esys_PolicyOR(t->esys, policy, ESYS_TR_NONE, ESYS_TR_NONE,
					   ESYS_TR_NONE, &branches);

		if (rc != TSS2_RC_SUCCESS)
			e = fh_tpm2_fail(t, "TPM2_PolicyOR", rc);
	}
	return e;
}

/* As many of the signers as are needed, the first ones; 0 if they are too few.  */
static uint32_t enough(const struct fh_release *r, uint32_t signers)
{
	uint32_t taken = 0;
	size_t n = 0;

	for (size_t i = 0; i < r->companions && n < r->needed; i++) {
		if ((signers >> i & 1) == 0)
			continue;
		taken |= UINT32_C(1) << i;
		n++;
	}
	return n == r->needed ? taken : 0;
}

static fh_err write_signed(struct fh_tpm2 *t, const struct fh_tpm2_handle *index,
			   struct fh_span content, ESYS_TR policy)
{
	TPM2B_MAX_NV_BUFFER in = { .size = (UINT16)content.n };
	unsigned tries = 0;
	TSS2_RC rc;

	memcpy(in.buffer, content.p, content.n);
	do {
		rc = Esys_NV_Write(t->esys, index->tr, index->tr, policy, ESYS_TR_NONE,
				   ESYS_TR_NONE, &in, /* offset: */ 0);
	} while (fh_tpm2_again(&tries, rc));
	return rc == TSS2_RC_SUCCESS ? FH_ERR_OK : fh_tpm2_fail(t, "TPM2_NV_Write", rc);
}

static fh_err write_content(struct fh_tpm2 *t, const struct fh_release *r,
			    const struct fh_chip_approval *a, const struct fh_tpm2_handle *index,
			    bool written, struct fh_span content)
{
	FH_OWN(fh_tpm2_handle) policy = { 0 };
	struct fh_hash command = fh_joint_command(r, content, written);
	struct fh_hash reference = fh_joint_reference(r);
	uint32_t signers = enough(r, a->signers[written]);

	if (signers == 0)
		return fh_tpm2_not_released(t, "too few operators have approved the machine's "
					       "state");
	fh_err e = fh_tpm2_session_of_kind(t, TPM2_SE_POLICY, 0, &policy);

	for (size_t i = 0; e == FH_ERR_OK && i < r->companions; i++) {
		if ((signers >> i & 1) != 0)
			e = signed_by(t, &r->companion[i], &a->joint[written][i], &command,
				      &reference, policy.tr);
	}
	if (e == FH_ERR_OK)
		e = climb(t, r, signers, policy.tr);
	return e == FH_ERR_OK ? write_signed(t, index, content, policy.tr) : e;
}

/* --- release ------------------------------------------------------------ */

/* The index says CONTENT, which A's signers have signed.  */
static fh_err say(struct fh_tpm2 *t, const struct fh_release *r, const struct fh_chip_approval *a,
		  const struct fh_tpm2_handle *session, struct fh_tpm2_handle *index,
		  struct fh_span content)
{
	const struct fh_joint_index i = fh_joint_index_of(r);
	const struct fh_tpm2_index what = index_of(&i);
	uint8_t held[FH_JOINT_CONTENT_SIZE];
	bool written = false;
	fh_err e = fh_tpm2_index_find(t, &what, index, &written);

	if (e == FH_ERR_OK && written)
		e = fh_tpm2_session_turn(session, TPMA_SESSION_ENCRYPT);
	if (e == FH_ERR_OK && written)
		e = fh_tpm2_index_read(t, index, session, FH_JOINT_CONTENT_SIZE, held);
	if (e != FH_ERR_OK || (written && fh_span_equal(FH_SPAN_ARRAY(held), content)))
		return e;
	return write_content(t, r, a, index, written, content);
}

static fh_err authorise_by(struct fh_tpm2 *t, const struct fh_tpm2_handle *index,
			   const struct fh_tpm2_handle *session, ESYS_TR policy)
{
	fh_err e = fh_tpm2_session_turn(session, 0);

	if (e != FH_ERR_OK)
		return e;
	TSS2_RC rc = Esys_PolicyAuthorizeNV(t->esys, index->tr, index->tr, policy, session->tr,
					    ESYS_TR_NONE, ESYS_TR_NONE);

	if (fh_tpm2_code(rc) == TPM2_RC_VALUE)
		return fh_tpm2_not_released(t, "the machine is not in the state that the index of "
					       "approved states says");
	return rc == TSS2_RC_SUCCESS ? FH_ERR_OK : fh_tpm2_fail(t, "TPM2_PolicyAuthorizeNV", rc);
}

fh_err fh_tpm2_joint_authorise(struct fh_tpm2 *t, const struct fh_release *r,
			       const struct fh_chip_approval *a,
			       const struct fh_tpm2_handle *session, ESYS_TR policy)
{
	uint8_t bytes[FH_JOINT_CONTENT_SIZE], name[FH_TPM2_NAME_SIZE];
	struct fh_builder content = FH_BUILDER_ARRAY(bytes), epoch = FH_BUILDER_ARRAY(name);
	FH_OWN(fh_tpm2_handle) index = { 0 };

	fh_epoch_name_put(&epoch);
	fh_joint_content_put(&content, r, &a->state, fh_builder_span(&epoch));
	fh_err e = fh_tpm2_in_epoch(t, r->epoch, session, policy);

	if (e == FH_ERR_OK)
		e = say(t, r, a, session, &index, fh_builder_span(&content));
	return e == FH_ERR_OK ? authorise_by(t, &index, session, policy) : e;
}
