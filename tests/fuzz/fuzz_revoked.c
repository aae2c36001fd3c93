/* SPDX-License-Identifier: Apache-2.0 */
/* A list of revoked certificates: two bytes, the length of a key's certificate; that; two
 * bytes and its issuer's; the list.  */
#include <stdlib.h>

#include "base/cursor.h"
#include "base/own.h"
#include "crypto/x509_ek.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static struct fh_span certificate(struct fh_cursor *c)
{
	return fh_cursor_take(c, fh_cursor_be16(c));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	FH_OWN(fh_x509_roots) roots = { 0 };
	struct fh_cursor c = fh_cursor_of(fh_span_of(bytes, n));
	struct fh_span ek = certificate(&c), issuer = certificate(&c), list = c.rest;
	struct fh_trace t = { 0 };
	struct fh_x509_list facts;
	struct fh_ek_result before, after;

	if (fh_cursor_bad(&c))
		return 0;
	bool root = fh_x509_roots_new(&issuer, 1, &roots, &t) == FH_ERR_OK;

	if (!root && fh_x509_roots_new(nullptr, 0, &roots, nullptr) != FH_ERR_OK)
		abort();
	const struct fh_ek_claim claim = { .certificate = ek, .at_ms = UINT64_C(1800000000000) };
	fh_err asked = fh_ek_appraise(&roots, &claim, &before);
	fh_err said = fh_x509_list_describe(&roots, list, &facts);

	if (said == FH_ERR_OK && facts.known && !root)
		abort(); /* by nobody's signature */
	if ((fh_x509_roots_revoke(&roots, list) == FH_ERR_OK) != (said == FH_ERR_OK)
	    && said != FH_ERR_FORMAT)
		abort();
	/* A list only takes back: whatever it says, no "no" becomes a "yes".  */
	if (asked != FH_ERR_OK || fh_ek_appraise(&roots, &claim, &after) != FH_ERR_OK)
		return 0;
	if (before.answer != FH_ANSWER_YES && after.answer == FH_ANSWER_YES)
		abort();
	if (before.answer != after.answer && (said != FH_ERR_OK || !facts.known))
		abort();
	return 0;
}
