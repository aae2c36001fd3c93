/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/value_cbor.h"

#include "base/limits.h"
#include "codec/cbor.h"
#include "codec/lookup.h"
#include "policy/evaluate.h"
#include "policy/function.h"
#include "policy/lexer.h"
#include "policy/typing.h"

/* One record that is being read.  */
struct reading {
	const struct fh_schema *s;
	struct fh_arena *a;
	const char *what;
	bool ids;        /* an entity is the text of its id; else a map with its type, too */
	const char *why; /* what is wrong with an entity, if more can be said; or NULL */
	struct fh_trace *t;
};

/* The depth of the type bounds the recursion.  */
static fh_err read_value(struct reading *r, struct fh_cursor *c, const struct fh_type *x,
			 struct fh_value *out);

static fh_err refuse(struct reading *r, struct fh_span name, const struct fh_type *x)
{
	char room[128];
	struct fh_builder b = FH_BUILDER_ARRAY(room);

	fh_type_write(r->s, x, &b);
	fh_trace_where(r->t, "%s", r->what);
	fh_trace_what(r->t, "`%.*s` must be a %.*s%s%s%s", fh_shown(name), (const char *)name.p,
		      (int)b.n, room, b.bad ? "..." : "", r->why == nullptr ? "" : ": ",
		      r->why == nullptr ? "" : r->why);
	fh_trace_cure(r->t, "compare it with what the schema declares");
	return FH_ERR_CONFLICT;
}

/* The entity's name as it is written: the text of its id, or {"id": I, "type": T}.  */
static struct fh_entity_uid entity_name(const struct reading *r, struct fh_cursor *c,
					const struct fh_type *x, bool *bad)
{
	if (r->ids && x->kind == FH_KIND_ENTITY) {
		struct fh_span id = fh_cbor_text(c, FH_ENTITY_ID_MAX);

		*bad = fh_cursor_bad(c) || id.n == 0;
		return (struct fh_entity_uid){ r->s->types[x->members[0]].name, id };
	}
	struct fh_span item = fh_cbor_item(c);
	struct fh_cursor type = fh_cursor_of(fh_cbor_map_get(item, "type"));
	struct fh_cursor id = fh_cursor_of(fh_cbor_map_get(item, "id"));
	struct fh_entity_uid uid = { fh_cbor_text(&type, FH_POLICY_NAME_MAX),
				     fh_cbor_text(&id, FH_ENTITY_ID_MAX) };

	*bad = fh_cursor_bad(&type) || fh_cursor_bad(&id);
	return uid;
}

/* UID, whose type is TYPE, is an entity that a call could name; else R->why.  */
static bool could_be(struct reading *r, const struct fh_schema_type *type, struct fh_entity_uid uid)
{
	const char *why = "it is none of the ids that the schema lists";

	if (fh_schema_type_has_id(type, uid.id)
	    && (!type->is_path || fh_posix_path_check(uid.id, &why) == FH_ERR_OK))
		return true;
	r->why = why;
	return false;
}

static fh_err read_entity(struct reading *r, struct fh_cursor *c, const struct fh_type *x,
			  struct fh_value *out)
{
	struct fh_entity_key *key = fh_arena_take(r->a, sizeof(*key));
	bool bad;
	struct fh_entity_uid uid = entity_name(r, c, x, &bad);
	uint32_t type = bad ? FH_SCHEMA_NONE : fh_schema_find_type(r->s, uid.type);

	if (key == nullptr)
		return FH_ERR_NOMEM;
	if (type >= r->s->types_n
	    || (x->kind == FH_KIND_ENTITY && x->members[0] != type)
	    || !could_be(r, &r->s->types[type], uid))
		return FH_ERR_CONFLICT;
	*key = fh_entity_key_of(uid);
	*out = (struct fh_value){ .kind = FH_VALUE_ENTITY, .entity = key };
	return FH_ERR_OK;
}

static fh_err read_extension(struct reading *r, struct fh_cursor *c,
			     const struct fh_type *x, struct fh_value *out)
{
	const struct fh_value text = { .kind = FH_VALUE_STRING,
				       .text = fh_cbor_text(c, FH_JSON_MAX) };
	enum fh_fault_kind fault = FH_FAULT_NONE;

	if (fh_cursor_bad(c))
		return FH_ERR_CONFLICT;
	fh_err e = fh_function_apply(fh_function_constructor(x->extension), &text, 1, r->a, out,
				     &fault);

	return e == FH_ERR_OK && fault != FH_FAULT_NONE ? FH_ERR_CONFLICT : e;
}

static fh_err read_set(struct reading *r, struct fh_cursor *c, const struct fh_type *x,
		       struct fh_value *out)
{
	size_t n = fh_cbor_array(c, FH_CBOR_ITEMS_MAX);
	struct fh_value *items = fh_arena_array(r->a, n, sizeof(*items));
	fh_err e = items == nullptr ? FH_ERR_NOMEM : FH_ERR_OK;

	for (size_t i = 0; e == FH_ERR_OK && i < n; i++)
		e = read_value(r, c, x->element, &items[i]);
	if (e == FH_ERR_OK && !fh_cursor_bad(c))
		*out = fh_value_set(items, (uint32_t)n);
	return e;
}

/* Members in any order; those that X does not declare are passed over.  */
static fh_err read_record(struct reading *r, struct fh_cursor *c, const struct fh_type *x,
			  struct fh_value *out)
{
	size_t n = fh_cbor_map(c, FH_CBOR_ITEMS_MAX);
	struct fh_value_field *fields = fh_arena_array(r->a, x->n, sizeof(*fields));
	uint32_t kept = 0;

	if (fields == nullptr)
		return FH_ERR_NOMEM;
	for (size_t i = 0; i < n && !fh_cursor_bad(c); i++) {
		struct fh_span name = fh_cbor_text(c, FH_JSON_MAX);
		const struct fh_type_field *field = fh_type_field(x, name);

		if (field == nullptr) {
			(void)fh_cbor_item(c);
			continue;
		}
		fields[kept].name = field->name;
		fh_err e = read_value(r, c, field->type, &fields[kept].value);

		if (e != FH_ERR_OK || fh_cursor_bad(c))
			return e == FH_ERR_NOMEM ? e : refuse(r, field->name, field->type);
		kept++;
	}
	/* Checked CBOR has each name once.  */
	return fh_value_record(fields, kept, out) ? FH_ERR_OK : FH_ERR_CONFLICT;
}

static fh_err read_value(struct reading *r, struct fh_cursor *c, const struct fh_type *x,
			 struct fh_value *out)
{
	struct fh_value value = { 0 };
	fh_err e = FH_ERR_OK;

	switch (x->kind) {
	case FH_KIND_BOOL:
		value = (struct fh_value){ .kind = FH_VALUE_BOOL, .boolean = fh_cbor_bool(c) };
		break;
	case FH_KIND_LONG:
		value = (struct fh_value){ .kind = FH_VALUE_LONG, .integer = fh_cbor_int(c) };
		break;
	case FH_KIND_STRING:
		value = (struct fh_value){ .kind = FH_VALUE_STRING,
					   .text = fh_cbor_text(c, FH_JSON_MAX) };
		break;
	case FH_KIND_ENTITY:
	case FH_KIND_ANY_ENTITY:
		e = read_entity(r, c, x, &value);
		break;
	case FH_KIND_EXTENSION:
		e = read_extension(r, c, x, &value);
		break;
	case FH_KIND_SET:
		e = read_set(r, c, x, &value);
		break;
	case FH_KIND_RECORD:
		e = read_record(r, c, x, &value);
		if (e == FH_ERR_OK)
			e = fh_record_whole(&value, x, r->what, r->t);
		break;
	default:
		return FH_ERR_CONFLICT; /* no schema declares such a type */
	}
	if (e == FH_ERR_OK && fh_cursor_bad(c))
		e = FH_ERR_CONFLICT;
	if (e == FH_ERR_OK)
		*out = value;
	return e;
}

fh_err fh_record_whole(const struct fh_value *record, const struct fh_type *type,
		       const char *what, struct fh_trace *t)
{
	for (uint32_t i = 0; i < type->n; i++) {
		struct fh_span name = type->fields[i].name;

		if (!type->fields[i].required || fh_value_field(record, name) != nullptr)
			continue;
		fh_trace_where(t, "%s", what);
		fh_trace_what(t, "`%.*s` is missing", fh_shown(name), (const char *)name.p);
		fh_trace_cure(t, "send it, or have the operator list it");
		return FH_ERR_CONFLICT;
	}
	return FH_ERR_OK;
}

fh_err fh_record_of_cbor(const struct fh_schema *s, struct fh_span item, const struct fh_type *type,
			 const char *what, bool whole, struct fh_arena *a, struct fh_value *out,
			 struct fh_trace *t)
{
	struct reading r = { .s = s, .a = a, .what = what, .t = t };
	struct fh_cursor c = fh_cursor_of(item);
	struct fh_value record = fh_value_none();
	fh_err e = item.n == 0 ? FH_ERR_OK : read_record(&r, &c, type, &record);

	if (e == FH_ERR_OK && item.n > 0 && fh_cursor_end(&c) != FH_ERR_OK)
		e = FH_ERR_CONFLICT;
	if (e == FH_ERR_OK && whole)
		e = fh_record_whole(&record, type, what, t);
	if (e == FH_ERR_OK)
		*out = record;
	return e;
}

/* The members of ARGUMENTS that X declares fit.  */
static bool fits(const struct fh_type *x, struct fh_span arguments)
{
	struct fh_cursor c = fh_cursor_of(arguments);
	size_t n = fh_cbor_map(&c, FH_CBOR_ITEMS_MAX), bytes = 0;

	for (size_t i = 0; i < n && !fh_cursor_bad(&c); i++) {
		struct fh_span name = fh_cbor_text(&c, FH_JSON_MAX);
		struct fh_span item = fh_cbor_item(&c);

		bytes += fh_type_field(x, name) == nullptr ? 0 : item.n;
	}
	return bytes <= FH_CONTEXT_MAX;
}

fh_err fh_record_of_arguments(const struct fh_schema *s, struct fh_span arguments,
			      const struct fh_type *type, struct fh_arena *a,
			      struct fh_value *out, struct fh_trace *t)
{
	struct reading r = { .s = s, .a = a, .what = "arguments", .ids = true, .t = t };
	struct fh_cursor c = fh_cursor_of(arguments);
	struct fh_value record = fh_value_none();
	bool asked = type->n > 0 && arguments.n > 0;
	fh_err e = FH_ERR_OK;

	if (asked && !fits(type, arguments)) {
		fh_trace_where(t, "arguments");
		fh_trace_what(t, "those that policies read have more than %zu bytes",
			      FH_CONTEXT_MAX);
		fh_trace_cure(t, "send less in one call");
		return FH_ERR_LIMIT;
	}
	if (asked)
		e = read_record(&r, &c, type, &record);
	if (e == FH_ERR_OK && asked && fh_cursor_end(&c) != FH_ERR_OK) {
		fh_trace_where(t, "arguments");
		fh_trace_what(t, "they are no object");
		fh_trace_cure(t, "send {\"name\": value, ...}");
		e = FH_ERR_CONFLICT;
	}
	if (e == FH_ERR_OK)
		e = fh_record_whole(&record, type, "arguments", t);
	if (e == FH_ERR_OK)
		*out = record;
	return e;
}
