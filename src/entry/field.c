/* SPDX-License-Identifier: Apache-2.0 */
#include "entry/field.h"

#include "codec/cbor.h"
#include "codec/lookup.h"
#include "merkle/tree.h"

static const char *const names[FH_FIELD_IDS] = {
	[FH_FIELD_ACTOR] = "actor",         [FH_FIELD_IDENTITY] = "identity",
	[FH_FIELD_ACTION] = "action",       [FH_FIELD_RESOURCE] = "resource",
	[FH_FIELD_DECISION] = "decision",   [FH_FIELD_ARGUMENTS] = "arguments",
	[FH_FIELD_RESULT] = "result",       [FH_FIELD_SERVER] = "server",
	[FH_FIELD_CLIENT] = "client",       [FH_FIELD_INTENT] = "intent",
	[FH_FIELD_STATUS] = "status",       [FH_FIELD_EFFECT] = "effect",
	[FH_FIELD_STATEMENT] = "statement", [FH_FIELD_CERTIFICATE] = "certificate",
	[FH_FIELD_DETAIL] = "detail",       [FH_FIELD_QUOTE] = "quote",
	[FH_FIELD_LOG] = "log",             [FH_FIELD_STATE] = "state",
	[FH_FIELD_SUBJECT] = "subject",
	[FH_FIELD_AUTHORITY] = "authority",
	[FH_FIELD_FOLD] = "fold",
};

constexpr size_t opening_members = 3;
constexpr uint64_t sealing_none = 0;
/* What is hashed before a value: the tree's mark of a leaf, then of the opening array, id,
 * salt's head and the salt.  */
constexpr size_t opening_head_max = 1 + 1 + 2 + 2 + FH_SALT_SIZE;

const char *fh_field_text(enum fh_field_id id)
{
	if ((unsigned)id >= FH_FIELD_IDS || names[id] == nullptr)
		return "unknown";
	return names[id];
}

fh_err fh_field_parse(struct fh_span text, enum fh_field_id *out)
{
	for (unsigned id = 1; id < FH_FIELD_IDS; id++) {
		if (fh_span_equal(text, fh_span_str(names[id]))) {
			*out = (enum fh_field_id)id;
			return FH_ERR_OK;
		}
	}
	return FH_ERR_UNKNOWN;
}

static void put_head(struct fh_builder *b, const struct fh_field *f)
{
	fh_cbor_put_array(b, opening_members);
	fh_cbor_put_uint(b, f->id);
	fh_cbor_put_bytes(b, f->salt);
}

void fh_field_put_opening(struct fh_builder *b, const struct fh_field *f)
{
	put_head(b, f);
	fh_builder_bytes(b, f->value);
}

struct fh_field fh_field_take_opening(struct fh_cursor *c)
{
	struct fh_field f = { 0 };

	fh_cbor_array_exact(c, opening_members);
	uint64_t id = fh_cbor_uint(c);

	if (id == 0 || id >= FH_FIELD_IDS)
		fh_cursor_fail(c, FH_ERR_UNKNOWN);
	f.id = (enum fh_field_id)id;
	f.salt = fh_cbor_bytes_exact(c, FH_SALT_SIZE);
	f.value = fh_cbor_item(c);
	return f;
}

fh_err fh_field_read_opening(struct fh_span bytes, struct fh_field *out)
{
	struct fh_cursor c = fh_cursor_of(bytes);
	struct fh_field f = fh_field_take_opening(&c);
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*out = f;
	return e;
}

struct fh_hash fh_field_hash(const struct fh_field *f)
{
	uint8_t head[opening_head_max];
	struct fh_builder b = FH_BUILDER_ARRAY(head);
	struct fh_sha256 s;

	fh_builder_u8(&b, 0);
	put_head(&b, f);
	fh_sha256_begin(&s);
	fh_sha256_add(&s, fh_builder_span(&b));
	fh_sha256_add(&s, f->value);
	return fh_sha256_end(&s);
}

struct fh_hash fh_fields_root(const struct fh_fields *f)
{
	struct fh_tree t = { 0 };

	for (size_t i = 0; i < f->n; i++) {
		struct fh_hash h = fh_field_hash(&f->field[i]);

		fh_tree_add(&t, &h);
	}
	return fh_tree_root(&t);
}

const struct fh_field *fh_fields_get(const struct fh_fields *f, enum fh_field_id id)
{
	for (size_t i = 0; i < f->n; i++) {
		if (f->field[i].id == id)
			return &f->field[i];
	}
	return nullptr;
}

struct fh_span fh_fields_text(const struct fh_fields *f, enum fh_field_id id, const char *key)
{
	const struct fh_field *field = fh_fields_get(f, id);
	struct fh_span value = field != nullptr ? field->value : (struct fh_span){ 0 };
	struct fh_cursor c = fh_cursor_of(key == nullptr ? value : fh_cbor_map_get(value, key));

	return fh_cbor_text(&c, FH_PAYLOAD_MAX);
}

void fh_payload_put(struct fh_builder *b, const struct fh_fields *f)
{
	fh_cbor_put_array(b, 2);
	fh_cbor_put_uint(b, sealing_none);
	fh_cbor_put_array(b, f->n);
	for (size_t i = 0; i < f->n; i++)
		fh_field_put_opening(b, &f->field[i]);
}

fh_err fh_payload_read(struct fh_span payload, struct fh_fields *out)
{
	struct fh_cursor c = fh_cursor_of(payload);
	struct fh_fields f = { 0 };
	unsigned last = 0;

	fh_cbor_array_exact(&c, 2);
	if (fh_cbor_uint(&c) != sealing_none && !fh_cursor_bad(&c))
		return FH_ERR_VERSION;
	f.n = fh_cbor_array(&c, FH_FIELDS_MAX);
	for (size_t i = 0; i < f.n && !fh_cursor_bad(&c); i++) {
		f.field[i] = fh_field_take_opening(&c);
		if (f.field[i].id <= last)
			fh_cursor_fail(&c, FH_ERR_FORMAT);
		last = f.field[i].id;
	}
	fh_err e = fh_cursor_end(&c);

	if (e == FH_ERR_OK)
		*out = f;
	return e;
}

fh_err fh_payload_value(struct fh_span payload, enum fh_field_id id, struct fh_span *out)
{
	const struct fh_field *field;
	struct fh_fields f;
	fh_err e = fh_payload_read(payload, &f);

	if (e != FH_ERR_OK)
		return e;
	field = fh_fields_get(&f, id);
	if (field == nullptr)
		return FH_ERR_FORMAT;
	*out = field->value;
	return FH_ERR_OK;
}
