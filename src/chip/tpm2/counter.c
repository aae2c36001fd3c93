/* SPDX-License-Identifier: Apache-2.0 */
/* The start counter and the two of epochs: NV counter indices.  TPM 2.0 Library part 1,
 * clause 34: the first increment goes above every counter the TPM has ever had,
 * so that undefining and defining an index again cannot set it back.  */
#include "chip/tpm2/nv.h"

#include "base/cursor.h"

constexpr TPM2_HANDLE start_handle = 0x01834648; /* in the owner's range; ends in "FH" */
constexpr TPM2_HANDLE epoch_handle = 0x01834649;
constexpr TPM2_HANDLE data_handle = 0x0183464b; /* behind the note's */
constexpr uint16_t counter_size = 8;

static const struct {
	TPM2_HANDLE handle;
	const char *what;
} counters[FH_CHIP_COUNTERS] = {
	[FH_CHIP_STARTS] = { start_handle, "start counter" },
	[FH_CHIP_EPOCH] = { epoch_handle, "epoch counter" },
	[FH_CHIP_DATA] = { data_handle, "data epoch counter" },
};

struct fh_tpm2_index fh_tpm2_counter_index(enum fh_chip_counter which)
{
	return (struct fh_tpm2_index){
		.handle = counters[which].handle,
		/* Whoever reaches the TPM may read and count up, which lowers nothing.  */
		.attributes = TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE | TPMA_NV_NO_DA |
			      (TPM2_NT_COUNTER << TPMA_NV_TPM2_NT_SHIFT),
		.size = counter_size,
		.what = counters[which].what,
	};
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

fh_err fh_tpm2_counter_create(struct fh_chip *c, enum fh_chip_counter which)
{
	const struct fh_tpm2_index what = fh_tpm2_counter_index(which);
	struct fh_tpm2 *t = fh_tpm2_of(c);
	FH_OWN(fh_tpm2_handle) session = { 0 };
	FH_OWN(fh_tpm2_handle) index = { 0 };
	bool written = false;
	fh_err e;

	e = fh_tpm2_index_find(t, &what, &index, &written);
	if (e == FH_ERR_OK && written)
		return FH_ERR_EXISTS;
	if (e != FH_ERR_OK && e != FH_ERR_MISSING)
		return e;

	/* An index that was defined and never counted is what a crash leaves.  */
	bool defined = e == FH_ERR_OK;

	e = fh_tpm2_session(t, TPMA_SESSION_DECRYPT, &session);
	if (e == FH_ERR_OK && !defined)
		e = fh_tpm2_index_define(t, &what, &session, (struct fh_span){ 0 }, &index);
	if (e == FH_ERR_OK)
		e = fh_tpm2_session_turn(&session, 0);
	if (e != FH_ERR_OK)
		return e;
	return increment(t, index.tr, session.tr);
}

static fh_err find_counted(struct fh_tpm2 *t, const struct fh_tpm2_index *what,
			   struct fh_tpm2_handle *out)
{
	bool written;
	fh_err e = fh_tpm2_index_find(t, what, out, &written);

	if (e == FH_ERR_OK && !written)
		e = fh_tpm2_fail(t, what->what, TPM2_RC_NV_UNINITIALIZED);
	return e;
}

static fh_err read_value(struct fh_tpm2 *t, const struct fh_tpm2_handle *index,
			 const struct fh_tpm2_handle *session, uint64_t *out)
{
	uint8_t bytes[counter_size];
	fh_err e = fh_tpm2_session_turn(session, TPMA_SESSION_ENCRYPT);

	if (e == FH_ERR_OK)
		e = fh_tpm2_index_read(t, index, session, counter_size, bytes);
	if (e != FH_ERR_OK)
		return e;

	struct fh_cursor c = fh_cursor_of(FH_SPAN_ARRAY(bytes));

	*out = fh_cursor_be64(&c);
	return FH_ERR_OK;
}

fh_err fh_tpm2_counter_increment(struct fh_chip *c, enum fh_chip_counter which, uint64_t *now)
{
	const struct fh_tpm2_index what = fh_tpm2_counter_index(which);
	struct fh_tpm2 *t = fh_tpm2_of(c);
	FH_OWN(fh_tpm2_handle) session = { 0 };
	FH_OWN(fh_tpm2_handle) index = { 0 };
	fh_err e = find_counted(t, &what, &index);

	if (e == FH_ERR_OK)
		e = fh_tpm2_session(t, 0, &session);
	if (e == FH_ERR_OK)
		e = increment(t, index.tr, session.tr);
	if (e == FH_ERR_OK)
		e = read_value(t, &index, &session, now);
	return e;
}

fh_err fh_tpm2_counter_read(struct fh_chip *c, enum fh_chip_counter which, uint64_t *now)
{
	const struct fh_tpm2_index what = fh_tpm2_counter_index(which);
	struct fh_tpm2 *t = fh_tpm2_of(c);
	FH_OWN(fh_tpm2_handle) session = { 0 };
	FH_OWN(fh_tpm2_handle) index = { 0 };
	fh_err e = find_counted(t, &what, &index);

	if (e == FH_ERR_OK)
		e = fh_tpm2_session(t, 0, &session);
	if (e == FH_ERR_OK)
		e = read_value(t, &index, &session, now);
	return e;
}
