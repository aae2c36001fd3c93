/* SPDX-License-Identifier: Apache-2.0 */
/* TPM 2.0 Library part 1, clause 34, and part 3, clause 31.  */
#include "chip/tpm2/nv.h"

#include <string.h>

#include <tss2/tss2_mu.h>

#include "crypto/hash.h"

static TPM2B_NV_PUBLIC public_of(const struct fh_tpm2_index *index, TPMA_NV written)
{
	TPM2B_NV_PUBLIC p = { .nvPublic = {
		.nvIndex = index->handle,
		.nameAlg = TPM2_ALG_SHA256,
		.attributes = index->attributes | written,
		.dataSize = index->size,
	} };

	if (index->read_by_policy || index->policy != nullptr) {
		struct fh_hash policy = index->policy != nullptr
						? *index->policy
						: fh_tpm2_command_policy(TPM2_CC_NV_Read);

		p.nvPublic.authPolicy.size = FH_HASH_SIZE;
		memcpy(p.nvPublic.authPolicy.buffer, policy.bytes, FH_HASH_SIZE);
	}
	return p;
}

fh_err fh_tpm2_index_name(const struct fh_tpm2_index *index, bool written,
			  struct fh_tpm2_name *out)
{
	TPM2B_NV_PUBLIC p = public_of(index, written ? TPMA_NV_WRITTEN : 0);
	uint8_t bytes[sizeof(p)];
	struct fh_builder b = FH_BUILDER_ARRAY(out->bytes);
	size_t n = 0;

	if (Tss2_MU_TPMS_NV_PUBLIC_Marshal(&p.nvPublic, bytes, sizeof(bytes), &n) !=
	    TSS2_RC_SUCCESS)
		return FH_ERR_LIMIT;

	struct fh_hash digest = fh_hash_of(fh_span_of(bytes, n));

	fh_builder_be16(&b, TPM2_ALG_SHA256);
	fh_builder_bytes(&b, fh_hash_span(&digest));
	return FH_ERR_OK;
}

static bool is_ours(const struct fh_tpm2_index *index, const struct fh_tpm2_name *name,
		    bool written)
{
	struct fh_tpm2_name ours;

	return fh_tpm2_index_name(index, written, &ours) == FH_ERR_OK
	       && fh_span_equal(fh_tpm2_name_span(name), fh_tpm2_name_span(&ours));
}

static fh_err missing(struct fh_tpm2 *t, const struct fh_tpm2_index *index)
{
	fh_trace_where(t->trace, "TPM");
	fh_trace_what(t->trace, "there is no %s (NV index 0x%08x)", index->what, index->handle);
	fh_trace_cure(t->trace, "run freehold init; if it was run, the TPM was cleared");
	return FH_ERR_MISSING;
}

static fh_err foreign(struct fh_tpm2 *t, const struct fh_tpm2_index *index)
{
	fh_trace_where(t->trace, "TPM");
	fh_trace_what(t->trace, "NV index 0x%08x is not freehold's %s", index->handle,
		      index->what);
	fh_trace_cure(t->trace, "find out who made it; tpm2_nvundefine 0x%08x removes it",
		      index->handle);
	return FH_ERR_CONFLICT;
}

fh_err fh_tpm2_index_find(struct fh_tpm2 *t, const struct fh_tpm2_index *index,
			  struct fh_tpm2_handle *out, bool *written)
{
	FH_OWN(fh_tpm2_handle) found = { 0 };
	struct fh_tpm2_name name;
	ESYS_TR tr;
	TSS2_RC rc;
	fh_err e;

	rc = Esys_TR_FromTPMPublic(t->esys, index->handle, ESYS_TR_NONE, ESYS_TR_NONE,
				   ESYS_TR_NONE, &tr);
	if (fh_tpm2_code(rc) == TPM2_RC_HANDLE)
		return missing(t, index);
	if (rc != TSS2_RC_SUCCESS)
		return fh_tpm2_fail(t, "TPM2_NV_ReadPublic", rc);
	found = (struct fh_tpm2_handle){ .tpm = t, .tr = tr, .keep = true };
	e = fh_tpm2_name_of(t, tr, &name);
	if (e != FH_ERR_OK)
		return e;

	bool was_written = is_ours(index, &name, /* written: */ true);

	if (!was_written && !is_ours(index, &name, /* written: */ false))
		return foreign(t, index);
	*out = found;
	*written = was_written;
	found = (struct fh_tpm2_handle){ 0 };
	return FH_ERR_OK;
}

fh_err fh_tpm2_index_define(struct fh_tpm2 *t, const struct fh_tpm2_index *index,
			    const struct fh_tpm2_handle *session, struct fh_span auth,
			    struct fh_tpm2_handle *out)
{
	const TPM2B_NV_PUBLIC public = public_of(index, 0);
	TPM2B_AUTH secret = { .size = (UINT16)auth.n };
	ESYS_TR tr;
	TSS2_RC rc;

	if (auth.n > sizeof(secret.buffer))
		return FH_ERR_LIMIT;
	if (auth.n > 0)
		memcpy(secret.buffer, auth.p, auth.n);
	rc = Esys_NV_DefineSpace(t->esys, ESYS_TR_RH_OWNER, session->tr, ESYS_TR_NONE, ESYS_TR_NONE,
				 &secret, &public, &tr);
	fh_wipe(&secret, sizeof(secret));
	if (rc != TSS2_RC_SUCCESS)
		return fh_tpm2_fail(t, "TPM2_NV_DefineSpace", rc);
	*out = (struct fh_tpm2_handle){ .tpm = t, .tr = tr, .keep = true };
	return FH_ERR_OK;
}

fh_err fh_tpm2_index_remove(struct fh_tpm2 *t, const struct fh_tpm2_handle *index,
			    const struct fh_tpm2_handle *session)
{
	TSS2_RC rc = Esys_NV_UndefineSpace(t->esys, ESYS_TR_RH_OWNER, index->tr, session->tr,
					   ESYS_TR_NONE, ESYS_TR_NONE);

	return rc == TSS2_RC_SUCCESS ? FH_ERR_OK
				     : fh_tpm2_fail(t, "TPM2_NV_UndefineSpace", rc);
}

fh_err fh_tpm2_index_read(struct fh_tpm2 *t, const struct fh_tpm2_handle *index,
			  const struct fh_tpm2_handle *session, uint16_t n, uint8_t *out)
{
	FH_ESYS TPM2B_MAX_NV_BUFFER *got = nullptr;
	TSS2_RC rc;

	rc = Esys_NV_Read(t->esys, index->tr, index->tr, session->tr, ESYS_TR_NONE, ESYS_TR_NONE, n,
			  /* offset: */ 0, &got);
	if (rc != TSS2_RC_SUCCESS)
		return fh_tpm2_fail(t, "TPM2_NV_Read", rc);
	if (got->size != n) {
		fh_trace_where(t->trace, "TPM");
		fh_trace_what(t->trace, "TPM2_NV_Read: %u bytes where %u were asked for",
			      got->size, n);
		return FH_ERR_TPM;
	}
	memcpy(out, got->buffer, n);
	return FH_ERR_OK;
}
