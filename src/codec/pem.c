/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/pem.h"

#include "codec/base64.h"

#include <string.h>

static const char begin[] = "-----BEGIN ";
static const char end[] = "-----END ";
static const char dashes[] = "-----";

/* Base64 of one line, without padding at most this: RFC 7468 writes 64, others
 * up to 76, and some all in one.  A quantum must not be split between calls of the
 * reader, so lines are joined here.  */
constexpr size_t joined_max = 4 << 10;

/* The next line of TEXT, without its end and blanks at its end.  */
static struct fh_span next_line(struct fh_cursor *text)
{
	struct fh_span line = fh_span_first(text->rest, fh_span_find(text->rest, '\n'));

	(void)fh_cursor_take(text, line.n < text->rest.n ? line.n + 1 : line.n);
	while (line.n > 0 && (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == ' ' ||
			      line.p[line.n - 1] == '\t'))
		line.n--;
	return line;
}

/* The label of LINE, if it is FRAME, a label and dashes.  */
static bool framed(struct fh_span line, const char *frame, struct fh_span *label)
{
	struct fh_span before = fh_span_str(frame), behind = fh_span_str(dashes);

	if (!fh_span_starts(line, before) || line.n < before.n + behind.n)
		return false;
	*label = fh_span_skip(line, before.n);
	label->n -= behind.n;
	return label->n <= FH_PEM_LABEL_MAX &&
	       fh_span_equal(fh_span_skip(line, before.n + label->n), behind);
}

/* Whole quanta of what JOINED holds go to OUT; all of it if LAST.  */
static fh_err flush(struct fh_builder *joined, struct fh_builder *out, bool last)
{
	size_t whole = last ? joined->n : joined->n - joined->n % 4;
	fh_err e = fh_base64_read(fh_span_of(joined->p, whole), out);

	if (e != FH_ERR_OK)
		return e;
	memmove(joined->p, joined->p + whole, joined->n - whole);
	joined->n -= whole;
	return FH_ERR_OK;
}

/* A line of base64 goes through JOINED to OUT.  Padding within ends what can be
 * read, so only the last quantum may have it.  */
static fh_err add(struct fh_span line, struct fh_builder *joined, struct fh_builder *out,
		  bool *padded)
{
	while (line.n > 0) {
		struct fh_span part = fh_span_first(line, joined->cap - joined->n);

		if (*padded)
			return FH_ERR_FORMAT;
		fh_builder_bytes(joined, part);
		line = fh_span_skip(line, part.n);
		if (joined->n == joined->cap || line.n == 0) {
			*padded = joined->n % 4 == 0 && joined->n > 0 &&
				  joined->p[joined->n - 1] == '=';
			fh_err e = flush(joined, out, /* last= */ false);

			if (e != FH_ERR_OK)
				return e;
		}
	}
	return FH_ERR_OK;
}

bool fh_pem_label(struct fh_span s, struct fh_span *label)
{
	struct fh_cursor text = fh_cursor_of(s);

	while (text.rest.n > 0) {
		if (framed(next_line(&text), begin, label))
			return true;
	}
	return false;
}

bool fh_pem_is(struct fh_span s)
{
	struct fh_span label;

	return fh_pem_label(s, &label);
}

fh_err fh_pem_next(struct fh_cursor *text, struct fh_builder *out, struct fh_span *label,
		   struct fh_span *der)
{
	uint8_t room[joined_max];
	struct fh_builder joined = FH_BUILDER_ARRAY(room);
	struct fh_span opened, closed;
	size_t before = out->n;
	bool padded = false;
	fh_err e = FH_ERR_OK;

	do {
		if (text->rest.n == 0)
			return FH_ERR_MISSING;
	} while (!framed(next_line(text), begin, &opened));
	while (e == FH_ERR_OK) {
		if (text->rest.n == 0)
			return FH_ERR_FORMAT;
		struct fh_span line = next_line(text);

		if (framed(line, end, &closed))
			break;
		e = add(line, &joined, out, &padded);
	}
	if (e == FH_ERR_OK)
		e = flush(&joined, out, /* last= */ true);
	if (e == FH_ERR_OK && (!fh_span_equal(opened, closed) || out->n == before))
		e = FH_ERR_FORMAT;
	if (e != FH_ERR_OK)
		return e;
	*label = opened;
	*der = fh_span_of(out->p + before, out->n - before);
	return FH_ERR_OK;
}
