/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions, policies, and what is loaded into the TPM.  TPM 2.0 Library part 1,
 * clauses 17 to 19.  */
#include "chip/tpm2/tpm2_private.h"

#include <string.h>

#include "crypto/hash.h"

constexpr TPMA_SESSION every_attribute = 0xff;
constexpr size_t flush_size = 14; /* bytes of a TPM2_FlushContext command */

void fh_esys_free(void *pointer_to_pointer)
{
	void *p;

	memcpy(&p, pointer_to_pointer, sizeof(p));
	Esys_Free(p);
}

/* TPM2_FlushContext without ESYS, which refuses all work once a command of it
 * was lost.  What comes of it cannot matter: nothing is left to try.  */
static void flush_bare(struct fh_tpm2 *t, TPM2_HANDLE handle)
{
	uint8_t bytes[flush_size], answer[TPM2_MAX_RESPONSE_SIZE];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	size_t n = sizeof(answer);

	fh_builder_be16(&b, TPM2_ST_NO_SESSIONS);
	fh_builder_be32(&b, flush_size);
	fh_builder_be32(&b, TPM2_CC_FlushContext);
	fh_builder_be32(&b, handle);
	if (Tss2_Tcti_Transmit(t->tcti, b.n, bytes) == TSS2_RC_SUCCESS)
		(void)Tss2_Tcti_Receive(t->tcti, &n, answer, TSS2_TCTI_TIMEOUT_BLOCK);
}

void fh_tpm2_handle_drop(struct fh_tpm2_handle *h)
{
	struct fh_tpm2_handle held = *h;
	TPM2_HANDLE handle;

	*h = (struct fh_tpm2_handle){ 0 };
	if (held.tpm == nullptr)
		return;
	if (held.keep) {
		(void)Esys_TR_Close(held.tpm->esys, &held.tr);
		return;
	}
	TSS2_RC known = Esys_TR_GetTpmHandle(held.tpm->esys, held.tr, &handle);

	if (Esys_FlushContext(held.tpm->esys, held.tr) != TSS2_RC_SUCCESS &&
	    known == TSS2_RC_SUCCESS)
		flush_bare(held.tpm, handle);
}

fh_err fh_tpm2_name_of(struct fh_tpm2 *t, ESYS_TR tr, struct fh_tpm2_name *out)
{
	FH_ESYS TPM2B_NAME *name = nullptr;
	TSS2_RC rc;

	rc = Esys_TR_GetName(t->esys, tr, &name);
	if (rc != TSS2_RC_SUCCESS)
		return fh_tpm2_fail(t, "name", rc);
	if (name->size != FH_TPM2_NAME_SIZE) {
		fh_trace_where(t->trace, "TPM");
		fh_trace_what(t->trace, "an object's name is not a SHA-256 one");
		return FH_ERR_TPM;
	}
	memcpy(out->bytes, name->name, FH_TPM2_NAME_SIZE);
	return FH_ERR_OK;
}

fh_err fh_tpm2_session_of_kind(struct fh_tpm2 *t, TPM2_SE kind, TPMA_SESSION attributes,
			       struct fh_tpm2_handle *out)
{
	static const TPMT_SYM_DEF cipher = {
		.algorithm = TPM2_ALG_AES,
		.keyBits = { .aes = 128 },
		.mode = { .aes = TPM2_ALG_CFB },
	};
	FH_OWN(fh_tpm2_handle) session = { 0 };
	ESYS_TR tr;
	TSS2_RC rc;
	fh_err e;

	rc = Esys_StartAuthSession(t->esys, t->srk, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
				   ESYS_TR_NONE, /* nonceCaller: */ nullptr, kind, &cipher,
				   TPM2_ALG_SHA256, &tr);
	if (rc != TSS2_RC_SUCCESS)
		return fh_tpm2_fail(t, "TPM2_StartAuthSession", rc);
	session = (struct fh_tpm2_handle){ .tpm = t, .tr = tr };
	e = fh_tpm2_session_turn(&session, attributes);
	if (e != FH_ERR_OK)
		return e;
	*out = session;
	session = (struct fh_tpm2_handle){ 0 };
	return FH_ERR_OK;
}

fh_err fh_tpm2_session(struct fh_tpm2 *t, TPMA_SESSION attributes, struct fh_tpm2_handle *out)
{
	return fh_tpm2_session_of_kind(t, TPM2_SE_HMAC, attributes, out);
}

fh_err fh_tpm2_session_turn(const struct fh_tpm2_handle *session, TPMA_SESSION attributes)
{
	/* continueSession stays, so that it is always us who end a session.  */
	TSS2_RC rc = Esys_TRSess_SetAttributes(session->tpm->esys, session->tr,
					       attributes | TPMA_SESSION_CONTINUESESSION,
					       every_attribute);

	if (rc != TSS2_RC_SUCCESS)
		return fh_tpm2_fail(session->tpm, "session attributes", rc);
	return FH_ERR_OK;
}

fh_err fh_tpm2_policy_pcr(struct fh_tpm2 *t, ESYS_TR policy, uint32_t selected,
			  const struct fh_hash *digest)
{
	TPM2B_DIGEST expected = { .size = FH_HASH_SIZE };
	TPML_PCR_SELECTION selection;

	memcpy(expected.buffer, digest->bytes, FH_HASH_SIZE);
	fh_tpm2_selection(selected, &selection);

	TSS2_RC rc = Esys_PolicyPCR(t->esys, policy, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
				    &expected, &selection);

	if (fh_tpm2_code(rc) == TPM2_RC_VALUE)
		return FH_ERR_STATE;
	return rc == TSS2_RC_SUCCESS ? FH_ERR_OK : fh_tpm2_fail(t, "TPM2_PolicyPCR", rc);
}

fh_err fh_tpm2_policy_command(struct fh_tpm2 *t, struct fh_tpm2_handle *policy, TPM2_CC command,
			      struct fh_tpm2_handle *out)
{
	TSS2_RC rc = Esys_PolicyCommandCode(t->esys, policy->tr, ESYS_TR_NONE, ESYS_TR_NONE,
					    ESYS_TR_NONE, command);

	if (rc != TSS2_RC_SUCCESS)
		return fh_tpm2_fail(t, "TPM2_PolicyCommandCode", rc);
	*out = *policy;
	*policy = (struct fh_tpm2_handle){ 0 };
	return FH_ERR_OK;
}

fh_err fh_tpm2_policy_session(struct fh_tpm2 *t, TPM2_CC command, struct fh_tpm2_handle *out)
{
	FH_OWN(fh_tpm2_handle) policy = { 0 };
	fh_err e = fh_tpm2_session_of_kind(t, TPM2_SE_POLICY, TPMA_SESSION_ENCRYPT, &policy);

	return e == FH_ERR_OK ? fh_tpm2_policy_command(t, &policy, command, out) : e;
}

/* Part 3, TPM2_PolicyCommandCode: H(zeros || TPM_CC_PolicyCommandCode || code).  */
struct fh_hash fh_tpm2_command_policy(TPM2_CC command)
{
	uint8_t bytes[FH_HASH_SIZE + 8] = { 0 };
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	(void)fh_builder_space(&b, FH_HASH_SIZE);
	fh_builder_be32(&b, TPM2_CC_PolicyCommandCode);
	fh_builder_be32(&b, command);
	return fh_hash_of(fh_builder_span(&b));
}
