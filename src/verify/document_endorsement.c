/* SPDX-License-Identifier: Apache-2.0 */
/* Who says that the machine's TPM is one, and what that says of the device key.  */
#include "verify/document_private.h"

#include "evidence/certified.h"
#include "verify/endorsed.h"

static void say_endorsed(struct fh_document_check *c)
{
	const struct fh_ek_result *ek = &c->ek;
	struct fh_finding *f = &c->finding;

	if (ek->anchor.maker == FH_X509_MAKER_SIMULATOR) {
		if (f->grade > FH_GRADE_SIMULATED)
			f->grade = FH_GRADE_SIMULATED;
		fh_trace_what(fh_document_say(c, "simulator", "endorsement certificate"),
			      "is a software TPM's, so no hardware stands behind it");
	} else if (ek->anchor.maker == FH_X509_MAKER_HYPERVISOR) {
		fh_trace_what(fh_document_say(c, "hypervisor", "endorsement certificate"),
			      "is a virtual TPM's: whoever runs the machine's host stands"
			      " behind it");
	} else if (ek->anchor.maker == FH_X509_MAKER_UNKNOWN) {
		fh_trace_what(fh_document_say(c, "root-unknown", "endorsement certificate"),
			      "its root is no chip maker's that is known here: it is worth what"
			      " whoever gave it says");
	} else {
		fh_trace_what(fh_document_say(c, "endorsed", "endorsement certificate"),
			      "maker %s, model %s, by the root \"%s\" (%s)", ek->manufacturer,
			      ek->model, ek->anchor.name, ek->anchor.vendor);
	}
	fh_revocation_tell(ek->revocation, fh_document_say(c, fh_revocation_code(ek->revocation),
					       "endorsement certificate"));
}

static fh_err no_roots(struct fh_document_check *c, const char *why)
{
	struct fh_trace *t = fh_document_say(c, "no-roots", "endorsement certificate");

	fh_trace_what(t, "not checked: %s", why);
	fh_trace_cure(t, "give makers' certificates: --roots, or freehold roots add");
	return FH_ERR_OK;
}

fh_err fh_document_check_endorsement(struct fh_document_check *c,
				     const struct fh_document_options *o)
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
		say_endorsed(c);
	} else {
		struct fh_trace *t = fh_document_refuse(c, c->ek.code, "");

		if (t != nullptr)
			*t = c->ek.why;
	}
	if (held != nullptr)
		fh_endorsed_tell(held->sequence, o->roots != nullptr,
				 fh_finding_say(&c->finding, "roots-signed"));
	return FH_ERR_OK;
}

/* --- how the device key is kept ----------------------------------------- */

fh_err fh_document_check_sealed(struct fh_document_check *c)
{
	static const char where[] = "device key";
	const struct fh_device *d = fh_chain_device(&c->chain, &c->device_id);
	struct fh_trace why = { 0 }, *t;
	struct fh_release r;

	c->sealed = FH_ANSWER_UNCHECKED;
	if (d == nullptr || d->body.certified.n == 0) {
		t = fh_document_say(c, "sealed-unchecked", where);
		fh_trace_what(t, "not checked: the chain does not hold what the TPM certifies of "
				 "how"
				 " it is kept");
		fh_trace_cure(t, "a machine that is enrolled anew has it in its statement");
		return FH_ERR_OK;
	}
	fh_err e = FH_ERR_SIGNATURE;

	if (fh_chain_release_first(&c->chain, &d->id, d->body.epoch, &r))
		e = fh_certified_check(d->body.ak, d->body.certified, &r, &why);
	if (e == FH_ERR_NOMEM || e == FH_ERR_CRYPTO)
		return e;
	c->sealed = e == FH_ERR_OK ? FH_ANSWER_YES : FH_ANSWER_NO;
	if (c->sealed == FH_ANSWER_NO) {
		fh_trace_what(fh_document_refuse(c, "sealed", where),
			      "is not kept as the device statement says: %s", why.what);
		return FH_ERR_OK;
	}
	fh_trace_what(fh_document_say(c, "sealed", where), "the attestation key certifies an object"
		      " made for it in this TPM, which only states that the operators of genesis"
		      " approve open, in boot epoch %llu", (unsigned long long)d->body.epoch);
	return FH_ERR_OK;
}
