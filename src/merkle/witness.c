/* SPDX-License-Identifier: Apache-2.0 */
#include "merkle/witness.h"

#include "base/cursor.h"
#include "base/decimal.h"
#include "merkle/proof_lines.h"

void fh_add_checkpoint_put(struct fh_builder *b, const struct fh_add_checkpoint *a)
{
	if (a->proof.n > FH_WITNESS_PROOF_MAX)
		b->bad = true;
	fh_builder_text(b, "old ");
	fh_builder_decimal(b, a->old);
	fh_builder_u8(b, '\n');
	fh_proof_put_lines(b, &a->proof);
	fh_builder_bytes(b, a->note);
}

fh_err fh_add_checkpoint_read(struct fh_span body, struct fh_add_checkpoint *out)
{
	struct fh_cursor c = fh_cursor_of(body);
	struct fh_add_checkpoint a = { 0 };

	if (body.n > FH_WITNESS_REQUEST_MAX)
		return FH_ERR_LIMIT;
	fh_cursor_expect(&c, FH_SPAN_LIT("old "));
	struct fh_span size = fh_cursor_until(&c, '\n');

	if (fh_cursor_bad(&c) || fh_decimal_read(size, &a.old) != FH_ERR_OK)
		return FH_ERR_FORMAT;
	fh_err e = fh_proof_read_lines(&c, FH_WITNESS_PROOF_MAX, &a.proof);

	if (e != FH_ERR_OK)
		return e == FH_ERR_LIMIT ? e : FH_ERR_FORMAT;
	a.note = c.rest;
	*out = a;
	return FH_ERR_OK;
}

void fh_witness_size_put(struct fh_builder *b, uint64_t size)
{
	fh_builder_decimal(b, size);
	fh_builder_u8(b, '\n');
}

fh_err fh_witness_size_read(struct fh_span body, uint64_t *out)
{
	struct fh_cursor c = fh_cursor_of(body);
	struct fh_span size = fh_cursor_until(&c, '\n');

	return fh_cursor_end(&c) == FH_ERR_OK ? fh_decimal_read(size, out) : FH_ERR_FORMAT;
}

fh_err fh_witness_lines_read(struct fh_span text, struct fh_span lines, struct fh_builder *b,
			     struct fh_note *out)
{
	fh_builder_bytes(b, text);
	fh_builder_u8(b, '\n');
	size_t before = b->n;

	fh_builder_bytes(b, lines);
	if (b->bad)
		return FH_ERR_LIMIT;
	fh_err e = fh_note_parse(fh_builder_span(b), out);

	/* An empty line among the lines would make the note's text another one.  */
	if (e == FH_ERR_OK && out->text.n != before - 1)
		e = FH_ERR_FORMAT;
	return e;
}
