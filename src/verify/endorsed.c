/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/endorsed.h"

#include "base/own.h"

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
