/* SPDX-License-Identifier: Apache-2.0 */
/* What the AK certifies of what is made at enrolment: TPM 2.0 Library part 3, clauses 18
 * (TPM2_CertifyCreation) and 31 (TPM2_NV_Certify); docs/spec/ENROLMENT.  */
#include "chip/tpm2/nv.h"

#include <string.h>

#include <tss2/tss2_mu.h>

#include "chip/tpm2/endorse.h"
#include "evidence/certified.h"

static const TPMT_SIG_SCHEME own_scheme = { .scheme = TPM2_ALG_NULL };

fh_err fh_tpm2_attested(struct fh_tpm2 *t, const char *command, const TPM2B_ATTEST *attest,
			const TPMT_SIGNATURE *signature, struct fh_tpm2_attested *out)
{
	size_t n = 0;

	if (attest->size > sizeof(out->attest)
	    || Tss2_MU_TPMT_SIGNATURE_Marshal(signature, out->signature, sizeof(out->signature),
					      &n) != TSS2_RC_SUCCESS) {
		fh_trace_where(t->trace, "TPM");
		fh_trace_what(t->trace, "%s: an answer that is too large", command);
		return FH_ERR_TPM;
	}
	memcpy(out->attest, attest->attestationData, attest->size);
	out->attest_n = attest->size;
	out->signature_n = n;
	return FH_ERR_OK;
}

static TPM2B_DATA data_of(const struct fh_hash *qualifying)
{
	TPM2B_DATA d = { .size = FH_HASH_SIZE };

	memcpy(d.buffer, qualifying->bytes, FH_HASH_SIZE);
	return d;
}

static fh_err certify_creation(struct fh_tpm2 *t, ESYS_TR ak, ESYS_TR session,
			       const struct fh_tpm2_created *made,
			       const struct fh_hash *qualifying, struct fh_tpm2_attested *out)
{
	const TPM2B_DATA data = data_of(qualifying);
	FH_ESYS TPM2B_ATTEST *attest = nullptr;
	FH_ESYS TPMT_SIGNATURE *signature = nullptr;
	TSS2_RC rc = Esys_CertifyCreation(t->esys, ak, made->object.tr, session, ESYS_TR_NONE,
					  ESYS_TR_NONE, &data, &made->hash, &own_scheme,
					  &made->ticket, &attest, &signature);

	if (rc != TSS2_RC_SUCCESS)
		return fh_tpm2_fail(t, "TPM2_CertifyCreation", rc);
	return fh_tpm2_attested(t, "TPM2_CertifyCreation", attest, signature, out);
}

/* The counter's own authorisation is empty; that of the AK protects the answer.  */
static fh_err certify_counter(struct fh_tpm2 *t, ESYS_TR ak, ESYS_TR session,
			      const struct fh_hash *qualifying, struct fh_tpm2_attested *out)
{
	const struct fh_tpm2_index what = fh_tpm2_counter_index(FH_CHIP_EPOCH);
	const TPM2B_DATA data = data_of(qualifying);
	FH_OWN(fh_tpm2_handle) index = { 0 };
	FH_ESYS TPM2B_ATTEST *attest = nullptr;
	FH_ESYS TPMT_SIGNATURE *signature = nullptr;
	bool written;
	fh_err e = fh_tpm2_index_find(t, &what, &index, &written);

	if (e != FH_ERR_OK)
		return e;
	TSS2_RC rc = Esys_NV_Certify(t->esys, ak, index.tr, index.tr, session, ESYS_TR_PASSWORD,
				     ESYS_TR_NONE, &data, &own_scheme, what.size, /* offset: */ 0,
				     &attest, &signature);

	if (rc != TSS2_RC_SUCCESS)
		return fh_tpm2_fail(t, "TPM2_NV_Certify", rc);
	return fh_tpm2_attested(t, "TPM2_NV_Certify", attest, signature, out);
}

static void put(struct fh_builder *b, const struct fh_tpm2_created *made,
		const struct fh_tpm2_attested *creation, const struct fh_tpm2_attested *counter)
{
	const struct fh_certified c = {
		.public = fh_span_of(made->public, made->public_n),
		.creation = fh_span_of(creation->attest, creation->attest_n),
		.creation_signature = fh_span_of(creation->signature, creation->signature_n),
		.counter = fh_span_of(counter->attest, counter->attest_n),
		.counter_signature = fh_span_of(counter->signature, counter->signature_n),
	};

	fh_certified_put(b, &c);
}

fh_err fh_endorsement_seal(struct fh_chip *c, const struct fh_release *r, struct fh_span plain,
			   struct fh_builder *blob, struct fh_builder *certified)
{
	const struct fh_hash qualifying = fh_certified_qualify(r);
	FH_OWN(fh_tpm2_created) made = { 0 };
	FH_OWN(fh_tpm2_handle) session = { 0 };
	FH_OWN(fh_tpm2_handle) ak = { 0 };
	struct fh_tpm2_attested creation, counter;

	if (!fh_tpm2_is(c))
		return FH_ERR_UNSUPPORTED;
	struct fh_tpm2 *t = fh_tpm2_of(c);
	fh_err e = fh_tpm2_seal_created(t, r, plain, blob, &made);

	if (e == FH_ERR_OK)
		e = fh_tpm2_session(t, TPMA_SESSION_ENCRYPT, &session);
	if (e == FH_ERR_OK)
		e = fh_tpm2_ak(t, &session, &ak, /* name: */ nullptr, /* public: */ nullptr);
	if (e == FH_ERR_OK)
		e = fh_tpm2_session_turn(&session, TPMA_SESSION_DECRYPT);
	if (e == FH_ERR_OK)
		e = certify_creation(t, ak.tr, session.tr, &made, &qualifying, &creation);
	if (e == FH_ERR_OK)
		e = certify_counter(t, ak.tr, session.tr, &qualifying, &counter);
	if (e == FH_ERR_OK)
		put(certified, &made, &creation, &counter);
	if (e == FH_ERR_OK && certified->bad)
		e = FH_ERR_LIMIT;
	if (e != FH_ERR_OK)
		blob->n = 0;
	return e;
}
