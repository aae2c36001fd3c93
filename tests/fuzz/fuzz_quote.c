/* SPDX-License-Identifier: Apache-2.0 */
/* A quote with what comes beside it, each part behind its length (2 bytes): key,
 * message, signature, values, certificate, event log.  Without roots nothing endorses.  */
#include <stdlib.h>

#include "base/cursor.h"
#include "verify/quote.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static alignas(max_align_t) uint8_t memory[512 << 10];
	static struct fh_quote_verdict v;
	struct fh_arena arena = fh_arena_of(memory, sizeof(memory));
	struct fh_cursor c = fh_cursor_of(fh_span_of(bytes, n));
	struct fh_trace t = { 0 };
	struct fh_quote_given given = {
		.ak = fh_cursor_vec16(&c, UINT16_MAX),
		.message = fh_cursor_vec16(&c, UINT16_MAX),
		.signature = fh_cursor_vec16(&c, UINT16_MAX),
		.pcrs_given = c.rest.n > 0,
		.pcrs = fh_cursor_vec16(&c, UINT16_MAX),
		.ek_given = c.rest.n > 0,
		.ek = fh_cursor_vec16(&c, UINT16_MAX),
		.log_given = c.rest.n > 0,
		.log = fh_cursor_vec16(&c, UINT16_MAX),
	};

	given.pcrs_given &= given.pcrs.n > 0; /* so that a log can stand for values */
	given.ek_given &= given.ek.n > 0;

	if (fh_quote_verify(&given, &arena, &v, &t) != FH_ERR_OK)
		return 0;
	enum fh_answer authentic = fh_finding_answer(&v.finding, FH_AUTHENTIC);

	if (authentic == FH_ANSWER_YES &&
	    (!fh_quote_holds(&v.quote) || given.ek_given ||
	     v.quote.answer[FH_QUOTE_SIGNATURE] != FH_ANSWER_YES))
		abort();
	if (fh_finding_answer(&v.finding, FH_FRESH) == FH_ANSWER_YES)
		abort(); /* no nonce was given */
	return 0;
}
