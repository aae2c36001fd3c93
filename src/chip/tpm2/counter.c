/* SPDX-License-Identifier: Apache-2.0 */
/* The start counter: an NV counter index.  TPM 2.0 Library part 1, clause 34:
 * the first increment goes above every counter the TPM has ever had, so that
 * undefining and defining the index again cannot set it back.  */
#include "chip/tpm2/tpm2_private.h"

#include <string.h>

#include <tss2/tss2_mu.h>

#include "base/cursor.h"
#include "crypto/hash.h"

constexpr TPM2_HANDLE start_handle = 0x01834648; /* in the owner's range; ends in "FH" */
constexpr uint16_t counter_size = 8;

/* Whoever reaches the TPM may read and count up, which lowers nothing.  */
static TPM2B_NV_PUBLIC start_public(TPMA_NV written)
{
	return (TPM2B_NV_PUBLIC){ .nvPublic = {
		.nvIndex = start_handle,
		.nameAlg = TPM2_ALG_SHA256,
		.attributes = TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE | TPMA_NV_NO_DA | written |
			      (TPM2_NT_COUNTER << TPMA_NV_TPM2_NT_SHIFT),
		.dataSize = counter_size,
	} };
}

/* NAME is that of our index, in this state.  */
static bool is_ours(const struct fh_tpm2_name *name, TPMA_NV written)
{
	TPM2B_NV_PUBLIC p = start_public(written);
	uint8_t bytes[sizeof(p)], expected[FH_TPM2_NAME_SIZE];
	struct fh_builder b = FH_BUILDER_ARRAY(expected);
	size_t n = 0;

	if (Tss2_MU_TPMS_NV_PUBLIC_Marshal(&p.nvPublic, bytes, sizeof(bytes), &n) !=
	    TSS2_RC_SUCCESS)
		return false;
	struct fh_hash digest = fh_hash_of(fh_span_of(bytes, n));

	fh_builder_be16(&b, TPM2_ALG_SHA256);
	fh_builder_bytes(&b, fh_hash_span(&digest));
	return fh_span_equal(fh_tpm2_name_span(name), fh_builder_span(&b));
}

/* ESYS's record of the index.  The name in it is what sessions authenticate,
 * so an index that is not exactly ours is refused here and now:
 * FH_ERR_CONFLICT.  */
static fh_err find(struct fh_tpm2 *t, struct fh_tpm2_handle *out, bool *written)
{
	FH_OWN(fh_tpm2_handle) index = { 0 };
	struct fh_tpm2_name name;
	ESYS_TR tr;
	TSS2_RC rc;
	fh_err e;

	rc = Esys_TR_FromTPMPublic(t->esys, start_handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
				   &tr);
	if (fh_tpm2_code(rc) == TPM2_RC_HANDLE) {
		fh_trace_where(t->trace, "TPM");
		fh_trace_what(t->trace, "there is no start counter (NV index 0x%08x)",
			      start_handle);
		fh_trace_cure(t->trace, "run freehold init; if it was run, the TPM was cleared");
		return FH_ERR_MISSING;
	}
	if (rc != TSS2_RC_SUCCESS)
		return fh_tpm2_fail(t, "TPM2_NV_ReadPublic", rc);
	index = (struct fh_tpm2_handle){ .tpm = t, .tr = tr, .keep = true };
	e = fh_tpm2_name_of(t, tr, &name);
	if (e != FH_ERR_OK)
		return e;

	bool counted = is_ours(&name, TPMA_NV_WRITTEN);

	if (!counted && !is_ours(&name, 0)) {
		fh_trace_where(t->trace, "TPM");
		fh_trace_what(t->trace, "NV index 0x%08x is not freehold's counter", start_handle);
		fh_trace_cure(t->trace, "find out who made it; tpm2_nvundefine 0x%08x removes it",
			      start_handle);
		return FH_ERR_CONFLICT;
	}
	*out = index;
	*written = counted;
	index = (struct fh_tpm2_handle){ 0 };
	return FH_ERR_OK;
}

static fh_err define(struct fh_tpm2 *t, const struct fh_tpm2_handle *session,
		     struct fh_tpm2_handle *out)
{
	static const TPM2B_AUTH no_authorisation;
	const TPM2B_NV_PUBLIC public = start_public(0);
	ESYS_TR tr;
	TSS2_RC rc;

	rc = Esys_NV_DefineSpace(t->esys, ESYS_TR_RH_OWNER, session->tr, ESYS_TR_NONE, ESYS_TR_NONE,
				 &no_authorisation, &public, &tr);
	if (rc != TSS2_RC_SUCCESS)
		return fh_tpm2_fail(t, "TPM2_NV_DefineSpace", rc);
	*out = (struct fh_tpm2_handle){ .tpm = t, .tr = tr, .keep = true };
	return FH_ERR_OK;
}

static fh_err increment(struct fh_tpm2 *t, ESYS_TR index, ESYS_TR session)
{
	unsigned tries = 0;
	TSS2_RC rc;

	do {
		rc = Esys_NV_Increment(t->esys, index, index, session, ESYS_TR_NONE, ESYS_TR_NONE);
	} while (fh_tpm2_again(&tries, rc));
	if (rc != TSS2_RC_SUCCESS)
		return fh_tpm2_fail(t, "TPM2_NV_Increment", rc);
	return FH_ERR_OK;
}

static fh_err read_value(struct fh_tpm2 *t, ESYS_TR index, ESYS_TR session, uint64_t *out)
{
	FH_ESYS TPM2B_MAX_NV_BUFFER *got = nullptr;
	TSS2_RC rc;

	rc = Esys_NV_Read(t->esys, index, index, session, ESYS_TR_NONE, ESYS_TR_NONE, counter_size,
			  /* offset: */ 0, &got);
	if (rc != TSS2_RC_SUCCESS)
		return fh_tpm2_fail(t, "TPM2_NV_Read", rc);
	if (got->size != counter_size) {
		fh_trace_where(t->trace, "TPM");
		fh_trace_what(t->trace, "TPM2_NV_Read: a counter of %u bytes", got->size);
		return FH_ERR_TPM;
	}

	struct fh_cursor c = fh_cursor_of(fh_span_of(got->buffer, counter_size));

	*out = fh_cursor_be64(&c);
	return FH_ERR_OK;
}

fh_err fh_tpm2_counter_create(struct fh_chip *c)
{
	struct fh_tpm2 *t = fh_tpm2_of(c);
	FH_OWN(fh_tpm2_handle) session = { 0 };
	FH_OWN(fh_tpm2_handle) index = { 0 };
	bool written = false;
	fh_err e;

	e = find(t, &index, &written);
	if (e == FH_ERR_OK && written)
		return FH_ERR_EXISTS;
	if (e != FH_ERR_OK && e != FH_ERR_MISSING)
		return e;

	/* An index that was defined and never counted is what a crash leaves.  */
	bool defined = e == FH_ERR_OK;

	e = fh_tpm2_session(t, TPMA_SESSION_DECRYPT, &session);
	if (e == FH_ERR_OK && !defined)
		e = define(t, &session, &index);
	if (e == FH_ERR_OK)
		e = fh_tpm2_session_turn(&session, 0);
	if (e != FH_ERR_OK)
		return e;
	return increment(t, index.tr, session.tr);
}

fh_err fh_tpm2_counter_increment(struct fh_chip *c, uint64_t *now)
{
	struct fh_tpm2 *t = fh_tpm2_of(c);
	FH_OWN(fh_tpm2_handle) session = { 0 };
	FH_OWN(fh_tpm2_handle) index = { 0 };
	bool written;
	fh_err e;

	e = find(t, &index, &written);
	if (e != FH_ERR_OK)
		return e;
	if (!written)
		return fh_tpm2_fail(t, "start counter", TPM2_RC_NV_UNINITIALIZED);
	e = fh_tpm2_session(t, 0, &session);
	if (e == FH_ERR_OK)
		e = increment(t, index.tr, session.tr);
	if (e == FH_ERR_OK)
		e = fh_tpm2_session_turn(&session, TPMA_SESSION_ENCRYPT);
	if (e != FH_ERR_OK)
		return e;
	return read_value(t, index.tr, session.tr, now);
}

fh_err fh_tpm2_counter_read(struct fh_chip *c, uint64_t *now)
{
	struct fh_tpm2 *t = fh_tpm2_of(c);
	FH_OWN(fh_tpm2_handle) session = { 0 };
	FH_OWN(fh_tpm2_handle) index = { 0 };
	bool written;
	fh_err e;

	e = find(t, &index, &written);
	if (e != FH_ERR_OK)
		return e;
	if (!written)
		return fh_tpm2_fail(t, "start counter", TPM2_RC_NV_UNINITIALIZED);
	e = fh_tpm2_session(t, TPMA_SESSION_ENCRYPT, &session);
	if (e != FH_ERR_OK)
		return e;
	return read_value(t, index.tr, session.tr, now);
}
