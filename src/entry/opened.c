/* SPDX-License-Identifier: Apache-2.0 */
#include "entry/opened.h"

#include "codec/cbor.h"
#include "entry/seal.h"

void fh_opened_put_head(struct fh_builder *b)
{
	fh_builder_text(b, FH_OPENED_MAGIC);
}

void fh_opened_put(struct fh_builder *b, uint64_t index, const struct fh_fields *f)
{
	fh_cbor_put_array(b, 2);
	fh_cbor_put_uint(b, index);
	fh_cbor_put_array(b, f->n);
	for (size_t i = 0; i < f->n; i++)
		fh_field_put_opening(b, &f->field[i]);
}

fh_err fh_opened_take(struct fh_cursor *c, uint64_t *index, struct fh_fields *out)
{
	struct fh_fields f = { 0 };
	unsigned last = 0;

	fh_cbor_array_exact(c, 2);
	uint64_t of = fh_cbor_uint(c);

	f.n = fh_cbor_array(c, FH_FIELDS_MAX);
	for (size_t i = 0; i < f.n && !fh_cursor_bad(c); i++) {
		f.field[i] = fh_field_take_opening(c);
		if (f.field[i].id <= last)
			fh_cursor_fail(c, FH_ERR_FORMAT);
		last = f.field[i].id;
	}
	if (fh_cursor_bad(c))
		return c->why;
	*index = of;
	*out = f;
	return FH_ERR_OK;
}

fh_err fh_opened_begin(struct fh_span file, struct fh_opened *out)
{
	struct fh_cursor c = fh_cursor_of(file);

	fh_cursor_expect(&c, FH_SPAN_LIT(FH_OPENED_MAGIC));
	if (fh_cursor_bad(&c))
		return FH_ERR_FORMAT;
	*out = (struct fh_opened){ .all = c.rest, .rest = c.rest };
	return FH_ERR_OK;
}

fh_err fh_opened_get(struct fh_opened *o, uint64_t index, struct fh_fields *out)
{
	if (index < o->next)
		*o = (struct fh_opened){ .all = o->all, .rest = o->all };
	while (o->rest.n > 0) {
		struct fh_cursor c = fh_cursor_of(o->rest);
		struct fh_fields f;
		uint64_t of;

		if (fh_opened_take(&c, &of, &f) != FH_ERR_OK || of < o->next)
			return FH_ERR_FORMAT;
		if (of > index)
			break;
		o->rest = c.rest;
		o->next = of + 1;
		if (of < index)
			continue;
		*out = f;
		return FH_ERR_OK;
	}
	return FH_ERR_MISSING;
}

fh_err fh_opened_fields(struct fh_opened *o, const struct fh_leaf *leaf, struct fh_span payload,
			struct fh_fields *out, bool *sealed)
{
	struct fh_fields f = { 0 };
	struct fh_sealed s;

	*sealed = fh_payload_is_sealed(payload);
	if (!*sealed)
		return fh_payload_read(payload, out);
	fh_err e = fh_sealed_read(payload, &s);

	if (e == FH_ERR_OK)
		e = o == nullptr ? FH_ERR_MISSING : fh_opened_get(o, leaf->index, &f);
	if (e == FH_ERR_MISSING) {
		*out = f;
		return FH_ERR_OK;
	}
	if (e != FH_ERR_OK)
		return e;
	struct fh_hash root = fh_fields_root(&f);

	if (!fh_hash_equal(&root, &leaf->fields))
		return FH_ERR_SIGNATURE;
	*sealed = false;
	*out = f;
	return FH_ERR_OK;
}
