/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/machine.h"

#include "base/own.h"

static fh_err values_of(const struct fh_machine_quote *q, struct fh_pcr_values *out)
{
	struct fh_span value[FH_PCRS];
	size_t n = 0;

	for (unsigned i = 0; i < FH_PCRS; i++) {
		if ((q->pcrs.selected >> i & 1) != 0)
			value[n++] = fh_hash_span(&q->pcrs.value[i]);
	}
	return fh_pcr_values_of(FH_BANK_SHA256, q->pcrs.selected, value, out);
}

fh_err fh_machine_quote_judge(struct fh_span ak, struct fh_span quote,
			      const struct fh_quote_subject *subject,
			      struct fh_machine_result *out)
{
	FH_OWN(fh_tpm_verifier) key = { 0 };
	struct fh_tpm_public public;
	struct fh_hash qualifying;
	fh_err e;

	*out = (struct fh_machine_result){ 0 };
	if (fh_machine_quote_read(quote, &out->quote) != FH_ERR_OK
	    || values_of(&out->quote, &out->values) != FH_ERR_OK
	    || fh_tpm_public_read(ak, &public) != FH_ERR_OK
	    || fh_quote_qualify(subject, &qualifying) != FH_ERR_OK)
		return FH_ERR_OK;
	e = fh_tpm_verifier_new(&public.key, &key);
	if (e != FH_ERR_OK)
		return e == FH_ERR_FORMAT ? FH_ERR_OK : e;
	const struct fh_quote_claim claim = {
		.ak = &public, .key = &key, .message = out->quote.attest,
		.signature = out->quote.signature, .pcrs = &out->values, .nonce_given = true,
		.nonce = fh_hash_span(&qualifying),
	};

	e = fh_quote_check(&claim, &out->checks);
	out->readable = e == FH_ERR_OK;
	return e;
}

bool fh_machine_quote_holds(const struct fh_machine_result *r)
{
	return r->readable && fh_quote_holds(&r->checks);
}
