/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/request.h"

#include "crypto/hash.h"
#include "stamp/stamp_private.h"

fh_err fh_stamp_attest_request(struct fh_stamp *at, struct fh_arena *a)
{
	return fh_stamp_attest(at, fh_notary_request, (struct fh_span){ 0 }, a);
}

/* Stamping hashes the file, which the tree has to do as well.  */
static fh_err take(const struct fh_stamp_claim *claim, const struct fh_stamp_file *answer,
		   struct fh_arena *a)
{
	struct fh_stamp *hashed;
	fh_err e = fh_stamp_extend(claim->at, answer->op, (struct fh_span){ 0 }, a, &hashed);

	if (e == FH_ERR_OK)
		e = fh_stamp_merge(hashed, answer->root, a);
	if (e == FH_ERR_OK && fh_stamp_anchored(hashed))
		fh_stamp_retract(claim->at, claim->attestation);
	return e;
}

static bool is_of(const struct fh_stamp_file *answer, struct fh_span message)
{
	struct fh_hash digest = fh_hash_of(message);

	return answer->op == FH_STAMP_SHA256
	       && fh_span_equal(answer->root->message, fh_hash_span(&digest));
}

fh_err fh_stamp_answer(struct fh_stamp *s, const struct fh_stamp_file *answer, struct fh_arena *a)
{
	struct fh_stamp_claim *claim;
	size_t n = 0;
	fh_err e = fh_stamp_claims(s, a, &claim, &n);

	if (e != FH_ERR_OK)
		return e;
	for (size_t i = 0; i < n; i++) {
		if (claim[i].attestation->notary == FH_NOTARY_REQUEST
		    && is_of(answer, claim[i].at->message))
			return take(&claim[i], answer, a);
	}
	return FH_ERR_MISSING;
}
