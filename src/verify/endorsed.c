/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/endorsed.h"

#include "base/own.h"
#include "evidence/certified.h"

fh_err fh_endorsed_open(const struct fh_roots_body *r, struct fh_x509_roots *out,
			struct fh_trace *t)
{
	FH_OWN(fh_x509_roots) roots = { 0 };
	struct fh_span der[FH_ROOTS_CERTIFICATES_MAX], list[FH_ROOTS_LISTS_MAX];
	size_t n = fh_roots_members(r->certificates, der, FH_ROOTS_CERTIFICATES_MAX);
	size_t lists = fh_roots_members(r->lists, list, FH_ROOTS_LISTS_MAX);
	fh_err e = fh_x509_roots_new(der, n, &roots, t);

	for (size_t i = 0; i < lists && e == FH_ERR_OK; i++) {
		e = fh_x509_roots_revoke(&roots, list[i]);
		if (e != FH_ERR_OK)
			fh_trace_what(t, "list %zu is no list of revoked certificates", i + 1);
	}
	if (e != FH_ERR_OK)
		return e;
	*out = roots;
	roots = (struct fh_x509_roots){ 0 };
	return FH_ERR_OK;
}

static fh_err judge_signed(const struct fh_roots_body *r, const struct fh_ek_claim *claim,
			   struct fh_ek_result *out)
{
	FH_OWN(fh_x509_roots) roots = { 0 };
	fh_err e = fh_endorsed_open(r, &roots, &out->why);

	if (e == FH_ERR_OK)
		return fh_ek_appraise(&roots, claim, out);
	if (e == FH_ERR_NOMEM || e == FH_ERR_CRYPTO)
		return e;
	out->answer = FH_ANSWER_NO;
	out->code = "roots-format";
	fh_trace_cure(&out->why, "have the operator sign others with `freehold roots sign`");
	return FH_ERR_OK;
}

fh_err fh_endorsed_judge(const struct fh_roots_body *signed_roots, const struct fh_x509_roots *own,
			 const struct fh_ek_claim *claim, struct fh_ek_result *out)
{
	enum fh_revocation known = FH_REVOCATION_UNCHECKED;

	*out = (struct fh_ek_result){ 0 };
	if (signed_roots != nullptr) {
		fh_err e = judge_signed(signed_roots, claim, out);

		if (e != FH_ERR_OK || out->answer != FH_ANSWER_YES || own == nullptr)
			return e;
		known = out->revocation;
	}
	fh_err e = fh_ek_appraise(own, claim, out);

	/* Whatever was looked at was looked at.  */
	if (e == FH_ERR_OK && out->revocation < known)
		out->revocation = known;
	return e;
}

void fh_endorsed_tell(uint64_t sequence, bool own, struct fh_trace *t)
{
	fh_trace_where(t, "endorsement certificate");
	fh_trace_what(t, "judged by the roots that the operator signed, in statement %llu%s",
		      (unsigned long long)sequence, own ? ", and by those given here" : "");
}

/* --- what there is to say ------------------------------------------------- */

static void say(struct fh_finding *f, const char *code, const char *what)
{
	struct fh_trace *t = fh_finding_say(f, code);

	fh_trace_where(t, "endorsement certificate");
	fh_trace_what(t, "%s", what);
}

void fh_endorsed_say(const struct fh_ek_result *ek, struct fh_finding *f)
{
	struct fh_trace *t;

	if (ek->anchor.maker == FH_X509_MAKER_SIMULATOR) {
		if (f->grade > FH_GRADE_SIMULATED)
			f->grade = FH_GRADE_SIMULATED;
		say(f, "simulator", "is a software TPM's, so no hardware stands behind it");
	} else if (ek->anchor.maker == FH_X509_MAKER_HYPERVISOR) {
		say(f, "hypervisor", "is a virtual TPM's: whoever runs the machine's host stands"
				     " behind it");
	} else if (ek->anchor.maker == FH_X509_MAKER_UNKNOWN) {
		say(f, "root-unknown", "its root is no chip maker's that is known here: it is"
				       " worth what whoever gave it says");
	} else {
		t = fh_finding_say(f, "endorsed");
		fh_trace_where(t, "endorsement certificate");
		fh_trace_what(t, "maker %s, model %s, by the root \"%s\" (%s)", ek->manufacturer,
			      ek->model, ek->anchor.name, ek->anchor.vendor);
	}
	t = fh_finding_say(f, fh_revocation_code(ek->revocation));
	fh_trace_where(t, "endorsement certificate");
	fh_revocation_tell(ek->revocation, t);
}

/* --- how the device key is kept ------------------------------------------- */

fh_err fh_kept_judge(const struct fh_chain *c, const struct fh_device *d, enum fh_answer *answer,
		     struct fh_trace *why)
{
	struct fh_trace wrong = { 0 };
	fh_err e = FH_ERR_SIGNATURE;
	struct fh_release r;

	*answer = FH_ANSWER_UNCHECKED;
	fh_trace_where(why, "device key");
	if (d == nullptr || d->body.certified.n == 0) {
		fh_trace_what(why, "not checked: the chain does not hold what the TPM certifies of "
				   "how it is kept");
		fh_trace_cure(why, "a machine that is enrolled anew has it in its statement");
		return FH_ERR_OK;
	}
	if (fh_chain_release_first(c, &d->id, d->body.epoch, &r))
		e = fh_certified_check(d->body.ak, d->body.certified, &r, &wrong);
	if (e == FH_ERR_NOMEM || e == FH_ERR_CRYPTO)
		return e;
	*answer = e == FH_ERR_OK ? FH_ANSWER_YES : FH_ANSWER_NO;
	if (*answer == FH_ANSWER_NO)
		fh_trace_what(why, "is not kept as the device statement says: %s", wrong.what);
	else
		fh_trace_what(why, "the attestation key certifies an object made for it in this"
				   " TPM, which only states that the operators of genesis approve"
				   " open, in boot epoch %llu", (unsigned long long)d->body.epoch);
	return FH_ERR_OK;
}
