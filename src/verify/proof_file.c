/* SPDX-License-Identifier: Apache-2.0 */
/* C2SP tlog-proof: the form of the file.  */
#include "base/decimal.h"
#include "codec/base64.h"
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
	for (size_t i = 0; i < p->proof.n; i++) {
		fh_base64_put(b, fh_hash_span(&p->proof.hash[i]));
		fh_builder_u8(b, '\n');
	}
	fh_builder_u8(b, '\n');
	fh_builder_bytes(b, p->note);
}

static fh_err read_hash(struct fh_span line, struct fh_hash *out)
{
	struct fh_hash h;
	struct fh_builder b = FH_BUILDER_ARRAY(h.bytes);

	if (fh_base64_read(line, &b) != FH_ERR_OK || b.n != FH_HASH_SIZE)
		return FH_ERR_FORMAT;
	*out = h;
	return FH_ERR_OK;
}

static fh_err read_hashes(struct fh_cursor *c, struct fh_proof *out)
{
	for (;;) {
		struct fh_span line = fh_cursor_until(c, '\n');

		if (fh_cursor_bad(c))
			return c->why;
		if (line.n == 0)
			return FH_ERR_OK;
		if (out->n == FH_PROOF_MAX)
			return FH_ERR_LIMIT;
		fh_err e = read_hash(line, &out->hash[out->n]);

		if (e != FH_ERR_OK)
			return e;
		out->n++;
	}
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
		e = read_hashes(&c, &p.proof);
	if (e != FH_ERR_OK)
		return e;
	p.note = c.rest;
	*out = p;
	return FH_ERR_OK;
}
