/* SPDX-License-Identifier: Apache-2.0 */
/* C2SP tlog-proof: the form of the file.  */
#include "base/decimal.h"
#include "merkle/proof_lines.h"
#include "verify/proof.h"

#define FIRST_LINE "c2sp.org/tlog-proof@v1"

void fh_proof_file_put(struct fh_builder *b, const struct fh_proof_file *p)
{
	fh_builder_text(b, FIRST_LINE "\n");
	if (p->extra.n > 0) {
		fh_builder_text(b, "extra ");
		fh_builder_bytes(b, p->extra);
		fh_builder_text(b, "\n");
	}
	fh_builder_text(b, "index ");
	fh_builder_decimal(b, p->index);
	fh_builder_u8(b, '\n');
	fh_proof_put_lines(b, &p->proof);
	fh_builder_bytes(b, p->note);
}

fh_err fh_proof_file_read(struct fh_span text, struct fh_proof_file *out)
{
	struct fh_cursor c = fh_cursor_of(text);
	struct fh_proof_file p = { 0 };

	if (text.n > FH_PROOF_FILE_MAX)
		return FH_ERR_LIMIT;
	fh_cursor_expect(&c, FH_SPAN_LIT(FIRST_LINE "\n"));
	if (fh_span_starts(c.rest, FH_SPAN_LIT("extra "))) {
		fh_cursor_expect(&c, FH_SPAN_LIT("extra "));
		p.extra = fh_cursor_until(&c, '\n');
		if (p.extra.n == 0)
			fh_cursor_fail(&c, FH_ERR_FORMAT);
	}
	fh_cursor_expect(&c, FH_SPAN_LIT("index "));
	struct fh_span index = fh_cursor_until(&c, '\n');

	if (fh_cursor_bad(&c))
		return c.why;
	fh_err e = fh_decimal_read(index, &p.index);

	if (e == FH_ERR_OK)
		e = fh_proof_read_lines(&c, FH_PROOF_MAX, &p.proof);
	if (e != FH_ERR_OK)
		return e;
	p.note = c.rest;
	*out = p;
	return FH_ERR_OK;
}
