/* SPDX-License-Identifier: Apache-2.0 */
#include "chip/tpm2/tpm2_private.h"

#include <errno.h>
#include <time.h>

#include <tss2/tss2_rc.h>

constexpr unsigned tries_max = 20;        /* repetitions of a command that a busy TPM put off */
constexpr long tries_wait_ns = 100000000; /* between two: self-tests take up to a second or two */

constexpr TSS2_RC layer_mask = UINT32_C(0xff) << TSS2_RC_LAYER_SHIFT;
constexpr TSS2_RC format_one_mask = 0xbf; /* the bit of format one and six of the error */
constexpr TSS2_RC format_zero_mask = 0xfff;

/* Codes that mean something to us.  All others are FH_ERR_TPM.  */
static const struct answer {
	TPM2_RC code;     /* without numbers */
	fh_err e;         /* what the caller is told */
	const char *cure; /* what people can do */
} answers[] = {
	{ TPM2_RC_AUTH_FAIL, FH_ERR_PERMISSION,
	  "the TPM has another owner authorisation; `freehold device authorisations` tells what an "
	  "earlier enrolment set (init --owner-auth)" },
	{ TPM2_RC_BAD_AUTH, FH_ERR_PERMISSION,
	  "the TPM has another owner authorisation; `freehold device authorisations` tells what an "
	  "earlier enrolment set (init --owner-auth)" },
	{ TPM2_RC_NV_SPACE, FH_ERR_NV_FULL,
	  "the TPM's NV memory is full; remove an index that nothing needs (tpm2_nvundefine)" },
	{ TPM2_RC_NV_DEFINED, FH_ERR_EXISTS, "" },
	{ TPM2_RC_NV_UNINITIALIZED, FH_ERR_MISSING, "run freehold init again" },
	{ TPM2_RC_COMMAND_CODE, FH_ERR_UNSUPPORTED, "use a TPM of library version 1.38 or newer" },
	{ TPM2_RC_CURVE, FH_ERR_UNSUPPORTED, "use a TPM with NIST P-256" },
	{ TPM2_RC_SYMMETRIC, FH_ERR_UNSUPPORTED, "use a TPM with AES-128-CFB" },
	{ TPM2_RC_HASH, FH_ERR_UNSUPPORTED, "use a TPM with SHA-256" },
	{ TPM2_RC_HIERARCHY, FH_ERR_TPM, "enable the TPM's owner hierarchy in the firmware" },
	{ TPM2_RC_INITIALIZE, FH_ERR_TPM, "nobody started the TPM; reboot, or start the simulator "
					  "with --flags startup-clear" },
	{ TPM2_RC_FAILURE, FH_ERR_TPM,
	  "the TPM is in failure mode; switch the machine off and on" },
	{ TPM2_RC_OBJECT_MEMORY, FH_ERR_LOCKED,
	  "other programs fill the TPM; use device:/dev/tpmrm0, which shares it" },
	{ TPM2_RC_SESSION_MEMORY, FH_ERR_LOCKED,
	  "other programs fill the TPM; use device:/dev/tpmrm0, which shares it" },
	{ TPM2_RC_SESSION_HANDLES, FH_ERR_LOCKED,
	  "other programs fill the TPM; use device:/dev/tpmrm0, which shares it" },
	{ TPM2_RC_RETRY, FH_ERR_TIMEOUT, "the TPM is busy; try again" },
	{ TPM2_RC_TESTING, FH_ERR_TIMEOUT, "the TPM is testing itself; try again" },
	{ TPM2_RC_YIELDED, FH_ERR_TIMEOUT, "the TPM is busy; try again" },
	{ TPM2_RC_NV_RATE, FH_ERR_TIMEOUT, "the TPM limits writes to its memory; try again later" },
};

constexpr size_t answers_count = sizeof(answers) / sizeof(answers[0]);

TPM2_RC fh_tpm2_code(TSS2_RC rc)
{
	TSS2_RC layer = rc & layer_mask;

	if (layer != TSS2_TPM_RC_LAYER && layer != TSS2_RESMGR_TPM_RC_LAYER)
		return 0;
	return rc & TPM2_RC_FMT1 ? rc & format_one_mask : rc & format_zero_mask;
}

/* How long a locked TPM stays so: part 1, clause 19.8.  */
static void explain_lockout(struct fh_tpm2 *t)
{
	struct fh_trace *trace = t->trace;
	uint32_t seconds = 0;

	t->trace = nullptr; /* asking may fail, too, and must not overwrite the reason */
	fh_err e = fh_tpm2_property(t, TPM2_PT_LOCKOUT_INTERVAL, &seconds);
	t->trace = trace;
	if (e == FH_ERR_OK && seconds > 0)
		fh_trace_cure(trace,
			      "clear it (tpm2_dictionarylockout --clear-lockout) with the "
			      "authorisation that `freehold device authorisations` tells, or wait: "
			      "one failure is forgotten every %u seconds", seconds);
	else
		fh_trace_cure(trace,
			      "clear it (tpm2_dictionarylockout --clear-lockout) with the "
			      "authorisation that `freehold device authorisations` tells");
}

static fh_err fail_above(struct fh_tpm2 *t, TSS2_RC rc)
{
	TSS2_RC layer = rc & layer_mask;

	if (rc == TSS2_ESYS_RC_MEMORY)
		return FH_ERR_NOMEM;
	if (rc == TSS2_ESYS_RC_RSP_AUTH_FAILED || rc == TSS2_ESYS_RC_MALFORMED_RESPONSE ||
	    layer == TSS2_SYS_RC_LAYER || layer == TSS2_MU_RC_LAYER) {
		fh_trace_cure(t->trace, "what answers is not this TPM, or something between alters "
					"its answers: treat the machine as attacked");
		return FH_ERR_TPM;
	}
	if (layer == TSS2_TCTI_RC_LAYER || layer == TSS2_RESMGR_RC_LAYER ||
	    rc == TSS2_ESYS_RC_BAD_SEQUENCE) {
		fh_trace_cure(t->trace, "the TPM does not answer; check that it is there, then "
					"restart freehold");
		return FH_ERR_GONE;
	}
	return FH_ERR_TPM;
}

fh_err fh_tpm2_fail(struct fh_tpm2 *t, const char *command, TSS2_RC rc)
{
	TPM2_RC code = fh_tpm2_code(rc);

	fh_trace_where(t->trace, "TPM");
	fh_trace_what(t->trace, "%s: %s (0x%x)", command, Tss2_RC_Decode(rc), rc);
	fh_trace_cure(t->trace, "%s", "");
	if (code == 0)
		return fail_above(t, rc);
	if (code == TPM2_RC_LOCKOUT) {
		explain_lockout(t);
		return FH_ERR_LOCKOUT;
	}
	for (size_t i = 0; i < answers_count; i++) {
		if (answers[i].code == code) {
			fh_trace_cure(t->trace, "%s", answers[i].cure);
			return answers[i].e;
		}
	}
	return FH_ERR_TPM;
}

bool fh_tpm2_again(unsigned *tries, TSS2_RC rc)
{
	TPM2_RC code = fh_tpm2_code(rc);
	struct timespec wait = { .tv_nsec = tries_wait_ns };

	if (code != TPM2_RC_RETRY && code != TPM2_RC_TESTING && code != TPM2_RC_YIELDED &&
	    code != TPM2_RC_NV_RATE)
		return false;
	if (*tries >= tries_max)
		return false;
	++*tries;
	while (nanosleep(&wait, &wait) != 0 && errno == EINTR)
		;
	return true;
}

fh_err fh_tpm2_property(struct fh_tpm2 *t, TPM2_PT property, uint32_t *out)
{
	FH_ESYS TPMS_CAPABILITY_DATA *got = nullptr;
	TPMI_YES_NO more;
	TSS2_RC rc;

	rc = Esys_GetCapability(t->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
				TPM2_CAP_TPM_PROPERTIES, property, 1, &more, &got);
	if (rc != TSS2_RC_SUCCESS)
		return fh_tpm2_fail(t, "TPM2_GetCapability", rc);
	/* A TPM without the property answers with the next one it has.  */
	if (got->capability != TPM2_CAP_TPM_PROPERTIES || got->data.tpmProperties.count < 1 ||
	    got->data.tpmProperties.tpmProperty[0].property != property)
		return FH_ERR_MISSING;
	*out = got->data.tpmProperties.tpmProperty[0].value;
	return FH_ERR_OK;
}
