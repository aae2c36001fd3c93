/* SPDX-License-Identifier: Apache-2.0 */
#include "entry/told.h"

#include "codec/cbor.h"

void fh_told_add(struct fh_told *t, struct fh_span message)
{
	struct fh_sha256 h;

	fh_sha256_begin(&h);
	fh_sha256_add(&h, fh_hash_span(&t->link));
	fh_sha256_add(&h, message);
	t->link = fh_sha256_end(&h);
	t->messages++;
	t->bytes += message.n;
}

void fh_told_put(struct fh_builder *b, const struct fh_told *t)
{
	size_t members = (t->messages > 0) + (t->dropped > 0);

	if (members == 0)
		return;
	fh_cbor_put_map(b, members);
	if (t->messages > 0) {
		fh_cbor_put_text(b, FH_SPAN_LIT("told"));
		fh_cbor_put_array(b, 3);
		fh_cbor_put_uint(b, t->messages);
		fh_cbor_put_uint(b, t->bytes);
		fh_cbor_put_hash(b, &t->link);
	}
	if (t->dropped > 0) {
		fh_cbor_put_text(b, FH_SPAN_LIT("dropped"));
		fh_cbor_put_uint(b, t->dropped);
	}
}

/* The member that comes next, of N that are left; true if it was `told`.  */
static bool read_told(struct fh_cursor *c, size_t n, struct fh_told *t)
{
	struct fh_cursor ahead = *c;

	fh_cbor_name(&ahead, "told");
	if (n == 0 || fh_cursor_bad(&ahead))
		return false;
	*c = ahead;
	fh_cbor_array_exact(c, 3);
	t->messages = fh_cbor_uint(c);
	t->bytes = fh_cbor_uint(c);
	t->link = fh_cbor_hash(c);
	if (t->messages == 0)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	return true;
}

fh_err fh_told_read(const struct fh_fields *f, struct fh_told *out)
{
	const struct fh_field *detail = fh_fields_get(f, FH_FIELD_DETAIL);
	struct fh_told t = { 0 };

	*out = t;
	if (detail == nullptr)
		return FH_ERR_MISSING;
	struct fh_cursor c = fh_cursor_of(detail->value);
	size_t n = fh_cbor_map(&c, 2);

	if (n == 0)
		fh_cursor_fail(&c, FH_ERR_FORMAT);
	if (read_told(&c, n, &t))
		n--;
	if (n > 0) {
		fh_cbor_name(&c, "dropped");
		t.dropped = fh_cbor_uint(&c);
		if (t.dropped == 0)
			fh_cursor_fail(&c, FH_ERR_FORMAT);
	}
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*out = t;
	return e;
}
