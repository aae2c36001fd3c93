/* SPDX-License-Identifier: Apache-2.0 */
/* The note of the record: an NV index that anybody reads, and that only who holds
 * its authorisation writes.  Another system on this machine can undefine it with
 * the owner's authorisation, and then it is missing; it cannot put an older
 * note in its place that the key would write (keeper_device.c).  */
#include "chip/tpm2/nv.h"

#include <string.h>

constexpr TPM2_HANDLE note_handle = 0x0183464a;

static const struct fh_tpm2_index note_index = {
	.handle = note_handle,
	.attributes = TPMA_NV_POLICYREAD | TPMA_NV_AUTHWRITE | TPMA_NV_NO_DA |
		      (TPM2_NT_ORDINARY << TPMA_NV_TPM2_NT_SHIFT),
	.size = FH_CHIP_NOTE_SIZE,
	.read_by_policy = true,
	.what = "note of the record",
};

fh_err fh_tpm2_note_create(struct fh_chip *c, const struct fh_secret *key)
{
	struct fh_tpm2 *t = fh_tpm2_of(c);
	FH_OWN(fh_tpm2_handle) session = { 0 };
	FH_OWN(fh_tpm2_handle) index = { 0 };
	bool written;
	fh_err e;

	if (key->n != FH_CHIP_NOTE_KEY_SIZE)
		return FH_ERR_FORMAT;
	e = fh_tpm2_session(t, TPMA_SESSION_DECRYPT, &session);
	if (e != FH_ERR_OK)
		return e;
	e = fh_tpm2_index_find(t, &note_index, &index, &written);
	/* An older one has another key: it belongs to an earlier enrolment.  */
	if (e == FH_ERR_OK) {
		e = fh_tpm2_session_turn(&session, 0);
		if (e == FH_ERR_OK)
			e = fh_tpm2_index_remove(t, &index, &session);
		if (e == FH_ERR_OK)
			index = (struct fh_tpm2_handle){ 0 };
		if (e == FH_ERR_OK)
			e = fh_tpm2_session_turn(&session, TPMA_SESSION_DECRYPT);
	} else if (e == FH_ERR_MISSING) {
		e = FH_ERR_OK;
	}
	if (e == FH_ERR_OK)
		e = fh_tpm2_index_define(t, &note_index, &session, fh_secret_span(key), &index);
	return e;
}

static fh_err authorise(struct fh_tpm2 *t, const struct fh_tpm2_handle *index,
			const struct fh_secret *key)
{
	TPM2B_AUTH auth = { .size = (UINT16)key->n };

	if (key->n != FH_CHIP_NOTE_KEY_SIZE)
		return FH_ERR_FORMAT;
	memcpy(auth.buffer, key->bytes, key->n);

	TSS2_RC rc = Esys_TR_SetAuth(t->esys, index->tr, &auth);

	fh_wipe(&auth, sizeof(auth));
	return rc == TSS2_RC_SUCCESS ? FH_ERR_OK : fh_tpm2_fail(t, "authorisation", rc);
}

fh_err fh_tpm2_note_write(struct fh_chip *c, const struct fh_secret *key, struct fh_span note)
{
	struct fh_tpm2 *t = fh_tpm2_of(c);
	FH_OWN(fh_tpm2_handle) session = { 0 };
	FH_OWN(fh_tpm2_handle) index = { 0 };
	TPM2B_MAX_NV_BUFFER in = { .size = FH_CHIP_NOTE_SIZE };
	unsigned tries = 0;
	bool written;
	TSS2_RC rc;
	fh_err e;

	if (note.n != FH_CHIP_NOTE_SIZE)
		return FH_ERR_FORMAT;
	memcpy(in.buffer, note.p, note.n);
	e = fh_tpm2_index_find(t, &note_index, &index, &written);
	if (e == FH_ERR_OK)
		e = authorise(t, &index, key);
	if (e == FH_ERR_OK)
		e = fh_tpm2_session(t, TPMA_SESSION_DECRYPT, &session);
	if (e != FH_ERR_OK)
		return e;
	do {
		rc = Esys_NV_Write(t->esys, index.tr, index.tr, session.tr, ESYS_TR_NONE,
				   ESYS_TR_NONE, &in, /* offset: */ 0);
	} while (fh_tpm2_again(&tries, rc));
	if (fh_tpm2_code(rc) == TPM2_RC_BAD_AUTH) {
		fh_trace_where(t->trace, "TPM");
		fh_trace_what(t->trace, "its note of the record is another enrolment's, made with "
			      "this TPM after this one, or somebody has put another in its place");
		fh_trace_cure(t->trace, "serve from the newest one; a TPM keeps one note");
		return FH_ERR_CONFLICT;
	}
	return rc == TSS2_RC_SUCCESS ? FH_ERR_OK : fh_tpm2_fail(t, "TPM2_NV_Write", rc);
}

fh_err fh_tpm2_note_read(struct fh_chip *c, uint8_t note[FH_CHIP_NOTE_SIZE])
{
	struct fh_tpm2 *t = fh_tpm2_of(c);
	FH_OWN(fh_tpm2_handle) policy = { 0 };
	FH_OWN(fh_tpm2_handle) index = { 0 };
	bool written;
	fh_err e = fh_tpm2_index_find(t, &note_index, &index, &written);

	if (e == FH_ERR_OK && !written)
		return FH_ERR_MISSING;
	if (e == FH_ERR_OK)
		e = fh_tpm2_policy_session(t, TPM2_CC_NV_Read, &policy);
	/* Encrypting the answer would take the index's authorisation, which a reader
	 * does not have; that it is authentic does not (part 1, clause 21).  */
	if (e == FH_ERR_OK)
		e = fh_tpm2_session_turn(&policy, 0);
	if (e == FH_ERR_OK)
		e = fh_tpm2_index_read(t, &index, &policy, FH_CHIP_NOTE_SIZE, note);
	return e;
}
