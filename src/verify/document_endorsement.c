/* SPDX-License-Identifier: Apache-2.0 */
/* Who says that the machine's TPM is one, and what that says of the device key.  */
#include "verify/document_private.h"

#include "verify/endorsed.h"
#include "verify/firmware.h"

static fh_err no_roots(struct fh_document_check *c, const char *why)
{
	struct fh_trace *t = fh_document_say(c, "no-roots", "endorsement certificate");

	fh_trace_what(t, "not checked: %s", why);
	fh_trace_cure(t, "give makers' certificates: --roots, or freehold roots add");
	return FH_ERR_OK;
}

static fh_err check_certificate(struct fh_document_check *c, const struct fh_document_options *o)
{
	const struct fh_document *d = &c->document;
	const struct fh_roots_held *held = fh_chain_roots(&c->chain);
	const struct fh_ek_claim claim = { .certificate = d->endorsement[0],
					   .links = d->endorsement + 1,
					   .links_n = d->endorsements - 1, .at_ms = o->at_ms };
	/* Of a chain that nobody vouches for, anybody's roots would do.  */
	bool ours = o->genesis_given && fh_hash_equal(&o->genesis, &d->genesis);

	if (d->endorsements == 0) {
		fh_trace_what(fh_document_say(c, "no-endorsement", "endorsement certificate"),
			      "not checked: the TPM holds none, so no maker vouches for it");
		return FH_ERR_OK;
	}
	if (o->roots == nullptr && held == nullptr)
		return no_roots(c, "there is no root to lead to");
	if (o->roots == nullptr && !ours)
		return no_roots(c, "the chain names roots, but without its genesis hash anybody's"
				   " would do");
	held = ours ? held : nullptr;
	fh_err e = fh_endorsed_judge(held != nullptr ? &held->body : nullptr, o->roots, &claim,
				     &c->ek);

	if (e != FH_ERR_OK)
		return e;
	if (c->ek.answer == FH_ANSWER_YES) {
		fh_endorsed_say(&c->ek, &c->finding);
	} else {
		fh_finding_set(&c->finding, FH_AUTHENTIC, FH_ANSWER_NO);
		fh_finding_say_why(&c->finding, c->ek.code, &c->ek.why);
	}
	if (held != nullptr)
		fh_endorsed_tell(held->sequence, o->roots != nullptr,
				 fh_finding_say(&c->finding, "roots-signed"));
	return FH_ERR_OK;
}

/* By the quote that the document carries, and by the asker's own.  */
static void say_firmware(struct fh_document_check *c)
{
	struct fh_firmware_seen seen = { 0 };

	if (fh_machine_quote_holds(&c->quote))
		fh_firmware_note(&seen, &c->quote.checks.attest);
	if (fh_machine_quote_holds(&c->answer))
		fh_firmware_note(&seen, &c->answer.checks.attest);
	fh_firmware_say(&c->finding, &seen, c->document.ak, &c->ek);
}

fh_err fh_document_check_endorsement(struct fh_document_check *c,
				     const struct fh_document_options *o)
{
	fh_err e = check_certificate(c, o);

	if (e == FH_ERR_OK)
		say_firmware(c);
	return e;
}

/* --- how the device key is kept ----------------------------------------- */

fh_err fh_document_check_sealed(struct fh_document_check *c)
{
	static const char *const code[] = {
		[FH_ANSWER_NO] = "sealed",
		[FH_ANSWER_UNCHECKED] = "sealed-unchecked",
		[FH_ANSWER_YES] = "sealed",
	};
	const struct fh_device *d = fh_chain_device(&c->chain, &c->device_id);
	struct fh_trace why = { 0 };
	fh_err e = fh_kept_judge(&c->chain, d, &c->sealed, &why);

	if (e != FH_ERR_OK)
		return e;
	if (c->sealed == FH_ANSWER_NO)
		fh_finding_set(&c->finding, FH_AUTHENTIC, FH_ANSWER_NO);
	fh_finding_say_why(&c->finding, code[c->sealed], &why);
	return FH_ERR_OK;
}
