/* SPDX-License-Identifier: Apache-2.0 */
/* What the TPM says of itself, and which boot it is in.  */
#include "chip/tpm2/tpm2_private.h"

#include <stdio.h>
#include <string.h>

#include "crypto/hash.h"

constexpr size_t vendor_words = 4; /* TPM_PT_VENDOR_STRING_1 to 4 */

/* TPMs that are programs, by manufacturer (TCG Vendor ID Registry) and the
 * beginning of the vendor string: libtpms and swtpm, IBM's simulator, the
 * reference implementation.  A program can claim any name, so a name not listed
 * here proves nothing; only its endorsement does.  */
static const struct simulator {
	const char *manufacturer; /* without the filling zero or blank */
	const char *vendor; /* "": any */
} simulators[] = {
	{ "IBM", "" },
	{ "MSFT", "xCG fTPM" },
	{ "XYZZ", "" },
};

constexpr size_t simulators_count = sizeof(simulators) / sizeof(simulators[0]);

/* Four characters of a property, printable and without filling zeros.  */
static void put_word(struct fh_builder *b, uint32_t word)
{
	for (int shift = 24; shift >= 0; shift -= 8) {
		uint8_t c = (uint8_t)(word >> shift);

		if (c != 0)
			fh_builder_u8(b, c >= 0x20 && c < 0x7f ? c : '?');
	}
}

static bool is_simulator(struct fh_span manufacturer, struct fh_span vendor)
{
	for (size_t i = 0; i < simulators_count; i++) {
		if (fh_span_starts(manufacturer, fh_span_str(simulators[i].manufacturer)) &&
		    fh_span_starts(vendor, fh_span_str(simulators[i].vendor)))
			return true;
	}
	return false;
}

fh_err fh_tpm2_identify(struct fh_tpm2 *t, enum fh_grade *grade, char name[64])
{
	uint32_t manufacturer, word, high = 0, low = 0;
	uint8_t maker[4], text[4 * vendor_words];
	struct fh_builder m = FH_BUILDER_ARRAY(maker), v = FH_BUILDER_ARRAY(text);
	fh_err e;

	e = fh_tpm2_property(t, TPM2_PT_MANUFACTURER, &manufacturer);
	if (e != FH_ERR_OK)
		return e;
	put_word(&m, manufacturer);
	for (TPM2_PT i = 0; i < vendor_words && e == FH_ERR_OK; i++) {
		e = fh_tpm2_property(t, TPM2_PT_VENDOR_STRING_1 + i, &word);
		if (e == FH_ERR_OK)
			put_word(&v, word);
	}
	if (e == FH_ERR_OK)
		e = fh_tpm2_property(t, TPM2_PT_FIRMWARE_VERSION_1, &high);
	if (e == FH_ERR_OK)
		e = fh_tpm2_property(t, TPM2_PT_FIRMWARE_VERSION_2, &low);
	/* A TPM may leave these out; its manufacturer it has to name.  */
	if (e != FH_ERR_OK && e != FH_ERR_MISSING)
		return e;
	*grade = is_simulator(fh_builder_span(&m), fh_builder_span(&v)) ? FH_GRADE_SIMULATED :
									  FH_GRADE_TPM_SEALED;
	snprintf(name, 64, "TPM %.*s %.*s, firmware %x.%x", (int)m.n, (const char *)maker, (int)v.n,
		 (const char *)text, high, low);
	return FH_ERR_OK;
}

/* TPM2_ReadClock; authentic in an audit session.  */
static fh_err read_clock(struct fh_tpm2 *t, ESYS_TR session, TPMS_CLOCK_INFO *out)
{
	FH_ESYS TPMS_TIME_INFO *now = nullptr;
	TSS2_RC rc;

	rc = Esys_ReadClock(t->esys, session, ESYS_TR_NONE, ESYS_TR_NONE, &now);
	if (rc != TSS2_RC_SUCCESS)
		return fh_tpm2_fail(t, "TPM2_ReadClock", rc);
	*out = now->clockInfo;
	return FH_ERR_OK;
}

fh_err fh_tpm2_boot(struct fh_chip *c, uint64_t *count, uint8_t id[32])
{
	struct fh_tpm2 *t = fh_tpm2_of(c);
	FH_OWN(fh_tpm2_handle) session = { 0 };
	FH_OWN(fh_tpm2_handle) primary = { 0 };
	TPMS_CLOCK_INFO now = { 0 };
	struct fh_tpm2_name name;
	fh_err e;

	e = fh_tpm2_session(t, TPMA_SESSION_AUDIT, &session);
	if (e == FH_ERR_OK)
		e = read_clock(t, session.tr, &now);
	if (e == FH_ERR_OK)
		e = fh_tpm2_session_turn(&session, TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT);
	if (e == FH_ERR_OK)
		e = fh_tpm2_null_primary(t, &session, &primary, &name);
	if (e != FH_ERR_OK)
		return e;

	struct fh_hash digest = fh_hash_of(fh_tpm2_name_span(&name));

	*count = now.resetCount;
	memcpy(id, digest.bytes, FH_HASH_SIZE);
	return FH_ERR_OK;
}

static fh_err replaced(struct fh_tpm2 *t, const char *what)
{
	fh_trace_where(t->trace, "TPM");
	fh_trace_what(t->trace, "is not the one that this session began with, or was cleared: %s",
		      what);
	fh_trace_cure(t->trace, "start freehold again: it tells which of the two it is, and what "
				"to do; if nobody exchanged it, treat the machine as attacked");
	return FH_ERR_REPLACED;
}

/* A session was refused, WHY: because what it is salted to is of another TPM?  */
static fh_err why_refused(struct fh_tpm2 *t, fh_err why)
{
	struct fh_trace *trace = t->trace;
	bool there = true;

	t->trace = nullptr; /* what failed is told, if it is not that */
	fh_err e = fh_tpm2_srk_is_there(t, &there);

	t->trace = trace;
	return e == FH_ERR_OK && !there ? replaced(t, "it has another storage key") : why;
}

/* A clock goes back when the power fails, which is a reset, or TPM2_Clear sets it to zero.  */
static fh_err compare_clock(struct fh_tpm2 *t, const TPMS_CLOCK_INFO *now)
{
	bool back = now->resetCount == t->resets && now->clock < t->clock;

	t->resets = now->resetCount;
	t->clock = now->clock;
	return back ? replaced(t, "its clock went back, and it was not reset") : FH_ERR_OK;
}

fh_err fh_tpm2_look(struct fh_chip *c, bool authentic, uint64_t *count)
{
	struct fh_tpm2 *t = fh_tpm2_of(c);
	FH_OWN(fh_tpm2_handle) session = { 0 };
	fh_err e = authentic ? fh_tpm2_session(t, TPMA_SESSION_AUDIT, &session) : FH_ERR_OK;
	TPMS_CLOCK_INFO now;

	if (e == FH_ERR_OK)
		e = read_clock(t, authentic ? session.tr : ESYS_TR_NONE, &now);
	if (e != FH_ERR_OK)
		return authentic && e == FH_ERR_TPM ? why_refused(t, e) : e;
	*count = now.resetCount;
	return compare_clock(t, &now);
}
