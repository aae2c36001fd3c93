/* SPDX-License-Identifier: Apache-2.0 */
/* Who says that the TPM of a record's device is one, and what it says of the device key: as of
 * a document (document_endorsement.c), by the chain that the record holds.  */
#include "verify/endorsed.h"
#include "verify/firmware.h"
#include "verify/record_private.h"

static void say(struct fh_record_check *c, const char *code, const char *why, const char *cure)
{
	struct fh_trace *t = fh_finding_say(&c->finding, code);

	fh_trace_where(t, "endorsement certificate");
	fh_trace_what(t, "not checked: %s", why);
	if (cure != nullptr)
		fh_trace_cure(t, "%s", cure);
}

static void refuse(struct fh_record_check *c, const char *code, const struct fh_trace *why)
{
	fh_finding_set(&c->finding, FH_AUTHENTIC, FH_ANSWER_NO);
	fh_finding_say_why(&c->finding, code, why);
}

static fh_err check_endorsement(struct fh_record_check *c, const struct fh_device *d,
				const struct fh_x509_roots *own, uint64_t at_ms,
				struct fh_ek_result *ek)
{
	const struct fh_ek_claim claim = { .certificate = d->body.ek_certificate,
					   .at_ms = at_ms };
	const struct fh_roots_held *held = fh_chain_roots(&c->chain);

	/* Of a chain that nobody vouches for, anybody's roots would do.  */
	if (!c->options.genesis_given || !fh_hash_equal(&c->options.genesis, &c->chain.id))
		held = nullptr;
	if (d->body.ek_certificate.n == 0) {
		say(c, "no-endorsement", "the TPM holds none, so no maker vouches for it", nullptr);
		return FH_ERR_OK;
	}
	if (own == nullptr && held == nullptr) {
		say(c, "no-roots", "there is no root to lead to",
		    "give makers' certificates: --roots, or freehold roots add");
		return FH_ERR_OK;
	}
	fh_err e = fh_endorsed_judge(held != nullptr ? &held->body : nullptr, own, &claim, ek);

	if (e != FH_ERR_OK)
		return e;
	if (ek->answer == FH_ANSWER_YES)
		fh_endorsed_say(ek, &c->finding);
	else
		refuse(c, ek->code, &ek->why);
	if (held != nullptr)
		fh_endorsed_tell(held->sequence, own != nullptr,
				 fh_finding_say(&c->finding, "roots-signed"));
	return FH_ERR_OK;
}

static fh_err check_key(struct fh_record_check *c, const struct fh_device *d)
{
	struct fh_trace why = { 0 };
	enum fh_answer kept;
	fh_err e = fh_kept_judge(&c->chain, d, &kept, &why);

	if (e != FH_ERR_OK)
		return e;
	if (kept == FH_ANSWER_NO)
		refuse(c, "key-sealed", &why);
	else
		fh_finding_say_why(&c->finding, kept == FH_ANSWER_YES ? "key-sealed"
								       : "key-sealed-unchecked",
				   &why);
	return FH_ERR_OK;
}

fh_err fh_record_check_device(struct fh_record_check *c, const struct fh_x509_roots *own,
			      uint64_t at_ms)
{
	const struct fh_device *d = fh_chain_device(&c->chain, &c->device_id);
	struct fh_ek_result ek = { 0 };

	if (c->refused || d == nullptr || d->body.ak.n == 0)
		return FH_ERR_OK;
	fh_err e = check_endorsement(c, d, own, at_ms, &ek);

	if (e != FH_ERR_OK)
		return e;
	fh_firmware_say(&c->finding, &c->firmware, d->body.ak, &ek);
	return check_key(c, d);
}
