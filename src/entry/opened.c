/* SPDX-License-Identifier: Apache-2.0 */
#include "entry/opened.h"

#include "codec/cbor.h"
#include "entry/seal.h"
#include "merkle/tree.h"

void fh_opened_put_head(struct fh_builder *b)
{
	fh_builder_text(b, FH_OPENED_MAGIC);
}

static void put_entry_head(struct fh_builder *b, uint64_t index, size_t n)
{
	fh_cbor_put_array(b, 2);
	fh_cbor_put_uint(b, index);
	fh_cbor_put_array(b, n);
}

void fh_opened_put(struct fh_builder *b, uint64_t index, const struct fh_fields *f,
		   uint64_t shown)
{
	put_entry_head(b, index, f->n);
	for (size_t i = 0; i < f->n; i++) {
		if ((shown >> f->field[i].id & 1) != 0) {
			fh_field_put_opening(b, &f->field[i]);
			continue;
		}
		struct fh_hash h = fh_field_hash(&f->field[i]);

		fh_cbor_put_hash(b, &h);
	}
}

void fh_opened_put_again(struct fh_builder *b, const struct fh_opened_entry *entry)
{
	size_t next = 0;

	put_entry_head(b, entry->index, entry->n);
	for (size_t i = 0; i < entry->n; i++) {
		if (next < entry->shown.n && entry->place[next] == i)
			fh_field_put_opening(b, &entry->shown.field[next++]);
		else
			fh_cbor_put_hash(b, &entry->hidden[i]);
	}
}

/* The member at PLACE: an opening, whose id rises, or a hash.  */
static void take_member(struct fh_cursor *c, size_t place, struct fh_opened_entry *x)
{
	struct fh_fields *f = &x->shown;

	if (fh_cbor_peek(c) != FH_CBOR_ARRAY) {
		x->hidden[place] = fh_cbor_hash(c);
		return;
	}
	struct fh_field field = fh_field_take_opening(c);

	if (f->n > 0 && field.id <= f->field[f->n - 1].id)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	x->place[f->n] = (uint8_t)place;
	f->field[f->n++] = field;
}

fh_err fh_opened_take(struct fh_cursor *c, struct fh_opened_entry *out)
{
	fh_cbor_array_exact(c, 2);
	out->index = fh_cbor_uint(c);
	out->n = fh_cbor_array(c, FH_FIELDS_MAX);
	out->shown.n = 0;
	if (out->n == 0)
		fh_cursor_fail(c, FH_ERR_FORMAT);
	for (size_t i = 0; i < out->n && !fh_cursor_bad(c); i++)
		take_member(c, i, out);
	return c->why;
}

void fh_opened_hashes(const struct fh_opened_entry *entry, struct fh_hash out[FH_FIELDS_MAX])
{
	size_t next = 0;

	for (size_t i = 0; i < entry->n; i++) {
		bool shown = next < entry->shown.n && entry->place[next] == i;

		out[i] = shown ? fh_field_hash(&entry->shown.field[next++]) : entry->hidden[i];
	}
}

struct fh_hash fh_opened_root(const struct fh_opened_entry *entry)
{
	struct fh_hash all[FH_FIELDS_MAX];
	struct fh_tree t = { 0 };

	fh_opened_hashes(entry, all);
	for (size_t i = 0; i < entry->n; i++)
		fh_tree_add(&t, &all[i]);
	return fh_tree_root(&t);
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

fh_err fh_opened_get(struct fh_opened *o, uint64_t index, struct fh_opened_entry *out)
{
	if (index < o->next)
		*o = (struct fh_opened){ .all = o->all, .rest = o->all };
	while (o->rest.n > 0) {
		struct fh_cursor c = fh_cursor_of(o->rest);

		if (fh_opened_take(&c, out) != FH_ERR_OK || out->index < o->next)
			return FH_ERR_FORMAT;
		if (out->index > index)
			break;
		o->rest = c.rest;
		o->next = out->index + 1;
		if (out->index == index)
			return FH_ERR_OK;
	}
	return FH_ERR_MISSING;
}

/* What O holds of the sealed entry LEAF.  */
static fh_err opened_of(struct fh_opened *o, const struct fh_leaf *leaf,
			struct fh_opened_entry *out)
{
	fh_err e = o == nullptr ? FH_ERR_MISSING : fh_opened_get(o, leaf->index, out);

	if (e == FH_ERR_MISSING) {
		out->n = out->shown.n = 0;
		return FH_ERR_OK;
	}
	if (e != FH_ERR_OK)
		return e;
	struct fh_hash root = fh_opened_root(out);

	return fh_hash_equal(&root, &leaf->fields) ? FH_ERR_OK : FH_ERR_SIGNATURE;
}

/* PAYLOAD, which is sealed, can be read as such.  */
static fh_err check_sealed(struct fh_span payload)
{
	struct fh_sealed s;

	return fh_sealed_read(payload, &s);
}

fh_err fh_opened_entry(struct fh_opened *o, const struct fh_leaf *leaf, struct fh_span payload,
		       struct fh_opened_entry *out)
{
	bool sealed = fh_payload_is_sealed(payload);
	fh_err e = sealed ? check_sealed(payload) : fh_payload_read(payload, &out->shown);

	if (e != FH_ERR_OK || sealed)
		return e == FH_ERR_OK ? opened_of(o, leaf, out) : e;
	out->index = leaf->index;
	out->n = out->shown.n;
	for (size_t i = 0; i < out->n; i++)
		out->place[i] = (uint8_t)i;
	return FH_ERR_OK;
}

fh_err fh_opened_fields_of(struct fh_opened *o, const struct fh_leaf *leaf, struct fh_fields *out,
			   bool *sealed)
{
	struct fh_opened_entry x;

	*sealed = true;
	out->n = 0;
	if (o == nullptr)
		return FH_ERR_OK;
	fh_err e = opened_of(o, leaf, &x);

	if (e != FH_ERR_OK)
		return e;
	*sealed = x.n == 0 || x.shown.n < x.n;
	*out = x.shown;
	return FH_ERR_OK;
}

fh_err fh_opened_fields(struct fh_opened *o, const struct fh_leaf *leaf, struct fh_span payload,
			struct fh_fields *out, bool *sealed)
{
	*sealed = fh_payload_is_sealed(payload);
	if (!*sealed)
		return fh_payload_read(payload, out);
	fh_err e = check_sealed(payload);

	return e == FH_ERR_OK ? fh_opened_fields_of(o, leaf, out, sealed) : e;
}
