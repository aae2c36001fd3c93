/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/request.h"

#include "chain/authority.h"
#include "evidence/certified.h"
#include "verify/machine.h"

static fh_err refuse(struct fh_trace *t, fh_err e, const char *what)
{
	fh_trace_what(t, "%s", what);
	fh_trace_cure(t, "make a fresh request on the machine, or give its state as "
			 "`freehold reference from-log --json` prints it");
	return e;
}

/* How often the TPM had been reset is what the machine calls its boot; the request does
 * not say it beside the quote.  */
static fh_err boot_of(const struct fh_request *r, uint64_t *out)
{
	struct fh_machine_quote q;
	struct fh_attest attest;
	fh_err e = fh_machine_quote_read(r->quote, &q);

	if (e == FH_ERR_OK)
		e = fh_attest_read(q.attest, &attest);
	if (e == FH_ERR_OK)
		*out = attest.resets;
	return e;
}

/* The first check that said no, in words.  */
static const char *reason(const struct fh_machine_result *r)
{
	for (int i = 0; i < FH_QUOTE_CHECKS; i++) {
		if (r->checks.answer[i] == FH_ANSWER_NO)
			return i == FH_QUOTE_NONCE
				       ? "the quote in it is not about this machine's request"
				       : r->checks.why[i].what;
	}
	return "the quote in it is none of its attestation key";
}

/* Judges the quote in R.  FOUND must stay where it is.  */
static fh_err judge(const struct fh_request *r, struct fh_machine_result *found,
		    struct fh_trace *t)
{
	/* A machine that asks was given genesis and nothing else.  */
	struct fh_quote_subject about = { .purpose = FH_QUOTE_ENROLMENT, .chain_id = r->chain_id,
					  .device_id = fh_key_id(r->device.key),
					  .head = r->chain_id };

	if (!r->tpm || r->quote.n == 0)
		return refuse(t, FH_ERR_MISSING, "it shows no boot state");
	if (boot_of(r, &about.boot) != FH_ERR_OK)
		return refuse(t, FH_ERR_SIGNATURE, "the quote in it cannot be read");
	fh_err e = fh_machine_quote_judge(r->device.ak, r->quote, &about, found);

	if (e == FH_ERR_OK && !fh_machine_quote_holds(found))
		e = refuse(t, FH_ERR_SIGNATURE, reason(found));
	return e;
}

fh_err fh_request_state(const struct fh_request *r, struct fh_pcr_state *out, struct fh_trace *t)
{
	struct fh_machine_result found;
	fh_err e = judge(r, &found, t);

	if (e == FH_ERR_OK)
		*out = found.quote.pcrs;
	return e;
}

fh_err fh_request_firmware(const struct fh_request *r, struct fh_firmware_seen *out,
			   struct fh_trace *t)
{
	struct fh_machine_result found;
	fh_err e = judge(r, &found, t);

	*out = (struct fh_firmware_seen){ 0 };
	if (e == FH_ERR_OK)
		fh_firmware_note(out, &found.checks.attest);
	return e;
}

fh_err fh_request_certified(const struct fh_request *r, struct fh_span genesis,
			    struct fh_arena *memory, struct fh_arena *scratch,
			    struct fh_trace *t)
{
	struct fh_authority_line line = { .chain_id = r->chain_id };
	struct fh_release release = { .chain_id = r->chain_id,
				      .device_id = fh_key_id(r->device.key),
				      .epoch = r->device.epoch };

	if (!r->tpm || r->device.certified.n == 0)
		return refuse(t, FH_ERR_MISSING,
			      "its TPM certifies nothing of how its device key is sealed");
	/* A machine that asks was given genesis and nothing else.  */
	fh_err e = fh_authority_follow(&line, genesis, memory, scratch, t);

	if (e == FH_ERR_OK && !fh_authority_approvers(&line.authority, &release))
		return refuse(t, FH_ERR_SIGNATURE,
			      "genesis names more operators than a TPM's policy holds");
	return e == FH_ERR_OK ? fh_certified_check(r->device.ak, r->device.certified, &release,
						   t) : e;
}
