/* SPDX-License-Identifier: Apache-2.0 */
/* PCRs: reading, locking and quoting them.  Only the SHA-256 bank counts; a TPM
 * on which it is not allocated is refused, never read in another bank.  TPM 2.0
 * Library part 3, clauses 18 and 22.  */
#include "chip/tpm2/tpm2_private.h"

#include <string.h>

#include <tss2/tss2_mu.h>

#include "base/cursor.h"

/* A PCR may be extended between reading and quoting; not for ever.  */
constexpr unsigned quote_tries = 5;

void fh_tpm2_selection(uint32_t selected, TPML_PCR_SELECTION *out)
{
	*out = (TPML_PCR_SELECTION){ .count = 1 };
	out->pcrSelections[0].hash = TPM2_ALG_SHA256;
	out->pcrSelections[0].sizeofSelect = FH_PCRS / 8;
	for (unsigned i = 0; i < FH_PCRS / 8; i++)
		out->pcrSelections[0].pcrSelect[i] = (BYTE)(selected >> 8 * i);
}

static fh_err no_bank(struct fh_tpm2 *t)
{
	fh_trace_where(t->trace, "TPM");
	fh_trace_what(t->trace, "has no SHA-256 PCRs");
	fh_trace_cure(t->trace, "allocate the SHA-256 bank in the firmware's settings "
				"(tpm2_pcrallocate sha256:all), and reboot");
	return FH_ERR_UNSUPPORTED;
}

/* The PCRs that one answer holds: S is what was answered, a part of WANTED.  */
static fh_err take_values(struct fh_tpm2 *t, uint32_t wanted, const TPML_PCR_SELECTION *s,
			  const TPML_DIGEST *values, struct fh_pcr_state *out)
{
	const TPMS_PCR_SELECTION *bank = &s->pcrSelections[0];
	uint32_t got = 0;
	size_t n = 0;

	if (s->count != 1 || bank->hash != TPM2_ALG_SHA256 || bank->sizeofSelect != FH_PCRS / 8)
		return no_bank(t);
	for (unsigned i = 0; i < FH_PCRS / 8; i++)
		got |= (uint32_t)bank->pcrSelect[i] << 8 * i;
	if (got == 0 || values->count == 0)
		return no_bank(t);
	for (unsigned i = 0; i < FH_PCRS; i++) {
		if ((got >> i & 1) == 0)
			continue;
		if ((wanted >> i & 1) == 0 || n >= values->count || n >= 8
		    || values->digests[n].size != FH_HASH_SIZE) {
			fh_trace_where(t->trace, "TPM");
			fh_trace_what(t->trace, "TPM2_PCR_Read: values that were not asked for");
			return FH_ERR_TPM;
		}
		out->selected |= UINT32_C(1) << i;
		memcpy(out->value[i].bytes, values->digests[n++].buffer, FH_HASH_SIZE);
	}
	return FH_ERR_OK;
}

/* A TPM answers with eight PCRs at most; each round brings at least one.  */
static fh_err read_pcrs(struct fh_tpm2 *t, uint32_t selected, struct fh_pcr_state *out)
{
	struct fh_pcr_state s = { 0 };
	fh_err e = FH_ERR_OK;

	while (e == FH_ERR_OK && s.selected != selected) {
		FH_ESYS TPML_PCR_SELECTION *got = nullptr;
		FH_ESYS TPML_DIGEST *values = nullptr;
		TPML_PCR_SELECTION asked;
		UINT32 updates;

		fh_tpm2_selection(selected & ~s.selected, &asked);

		TSS2_RC rc = Esys_PCR_Read(t->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
					   &asked, &updates, &got, &values);

		if (rc != TSS2_RC_SUCCESS)
			return fh_tpm2_fail(t, "TPM2_PCR_Read", rc);
		e = take_values(t, selected & ~s.selected, got, values, &s);
	}
	if (e == FH_ERR_OK)
		*out = s;
	return e;
}

fh_err fh_tpm2_pcrs(struct fh_chip *c, struct fh_pcr_state *out)
{
	return read_pcrs(fh_tpm2_of(c), (UINT32_C(1) << FH_PCRS) - 1, out);
}

fh_err fh_tpm2_lock(struct fh_chip *c, const struct fh_hash *session_id)
{
	struct fh_tpm2 *t = fh_tpm2_of(c);
	FH_OWN(fh_tpm2_handle) session = { 0 };
	TPML_DIGEST_VALUES digests = { .count = 1 };
	fh_err e = fh_tpm2_session(t, 0, &session);

	if (e != FH_ERR_OK)
		return e;
	digests.digests[0].hashAlg = TPM2_ALG_SHA256;
	memcpy(digests.digests[0].digest.sha256, session_id->bytes, FH_HASH_SIZE);

	TSS2_RC rc = Esys_PCR_Extend(t->esys, ESYS_TR_PCR0 + FH_PCR_LOCK, session.tr, ESYS_TR_NONE,
				     ESYS_TR_NONE, &digests);

	return rc == TSS2_RC_SUCCESS ? FH_ERR_OK : fh_tpm2_fail(t, "TPM2_PCR_Extend", rc);
}

/* --- quotes ----------------------------------------------------------- */

static fh_err sign_pcrs(struct fh_tpm2 *t, ESYS_TR ak, ESYS_TR session,
			const struct fh_hash *qualifying, uint32_t selected,
			struct fh_chip_quote *out)
{
	static const TPMT_SIG_SCHEME own_scheme = { .scheme = TPM2_ALG_NULL };
	FH_ESYS TPM2B_ATTEST *attest = nullptr;
	FH_ESYS TPMT_SIGNATURE *signature = nullptr;
	TPM2B_DATA data = { .size = FH_HASH_SIZE };
	TPML_PCR_SELECTION selection;
	struct fh_tpm2_attested a;

	memcpy(data.buffer, qualifying->bytes, FH_HASH_SIZE);
	fh_tpm2_selection(selected, &selection);

	TSS2_RC rc = Esys_Quote(t->esys, ak, session, ESYS_TR_NONE, ESYS_TR_NONE, &data,
				&own_scheme,
				&selection, &attest, &signature);

	if (rc != TSS2_RC_SUCCESS)
		return fh_tpm2_fail(t, "TPM2_Quote", rc);
	fh_err e = fh_tpm2_attested(t, "TPM2_Quote", attest, signature, &a);

	if (e != FH_ERR_OK)
		return e;
	memcpy(out->attest, a.attest, a.attest_n);
	memcpy(out->signature, a.signature, a.signature_n);
	out->attest_n = a.attest_n;
	out->signature_n = a.signature_n;
	return FH_ERR_OK;
}

/* The digest of the PCRs stands at the end of a quote (part 2, clause 10.12.4).  */
static bool quotes_values(const struct fh_chip_quote *q)
{
	struct fh_hash digest = fh_pcr_digest(&q->pcrs);

	return q->attest_n > FH_HASH_SIZE
	       && fh_span_equal(fh_span_skip(fh_span_of(q->attest, q->attest_n),
					     q->attest_n - FH_HASH_SIZE),
				fh_hash_span(&digest));
}

fh_err fh_tpm2_quote(struct fh_chip *c, const struct fh_hash *qualifying, uint32_t selected,
		     struct fh_chip_quote *out)
{
	struct fh_tpm2 *t = fh_tpm2_of(c);
	FH_OWN(fh_tpm2_handle) session = { 0 };
	FH_OWN(fh_tpm2_handle) ak = { 0 };
	struct fh_chip_quote q;
	fh_err e = fh_tpm2_session(t, TPMA_SESSION_ENCRYPT, &session);

	if (e == FH_ERR_OK)
		e = fh_tpm2_ak(t, &session, &ak, /* name: */ nullptr, /* public: */ nullptr);
	if (e == FH_ERR_OK)
		e = fh_tpm2_session_turn(&session, TPMA_SESSION_DECRYPT);
	for (unsigned i = 0; i < quote_tries && e == FH_ERR_OK; i++) {
		e = read_pcrs(t, selected, &q.pcrs);
		if (e == FH_ERR_OK)
			e = sign_pcrs(t, ak.tr, session.tr, qualifying, selected, &q);
		if (e == FH_ERR_OK && quotes_values(&q)) {
			*out = q;
			return FH_ERR_OK;
		}
	}
	if (e == FH_ERR_OK) {
		fh_trace_where(t->trace, "TPM");
		fh_trace_what(t->trace, "its PCRs never stood still for a quote");
		e = FH_ERR_TPM;
	}
	return e;
}
