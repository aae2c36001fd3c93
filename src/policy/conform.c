/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/conform.h"

#include "policy/evaluate.h"
#include "policy/lexer.h"
#include "policy/typing.h"

/* --- values ----------------------------------------------------------- */

static fh_err refuse_type(const struct fh_json_document *d, const struct fh_schema *s,
			  const struct fh_json *j, const struct fh_type *x)
{
	char room[128];
	struct fh_builder b = FH_BUILDER_ARRAY(room);

	fh_type_write(s, x, &b);
	return fh_json_refuse(d, j, FH_ERR_CONFLICT, "compare it with what the schema declares",
			      "the schema wants %.*s%s here", (int)b.n, room, b.bad ? "..." : "");
}

/* The entity UID, which stands at J, is one that there may be.  */
static fh_err check_uid(const struct fh_json_document *d, const struct fh_schema *s,
			const struct fh_json *j, struct fh_entity_uid uid)
{
	uint32_t type = fh_schema_find_type(s, uid.type);

	if (fh_is_action_type(uid.type) && fh_schema_find_action(s, uid) == FH_SCHEMA_NONE)
		return fh_json_refuse(d, j, FH_ERR_UNKNOWN, "declare it",
				      "the schema declares no such action");
	if (type == FH_SCHEMA_NONE)
		return fh_json_refuse(d, j, FH_ERR_UNKNOWN, "declare it",
				      "the schema declares no entity type `%.*s`",
				      fh_shown(uid.type), (const char *)uid.type.p);
	if (!fh_schema_type_has_id(&s->types[type], uid.id))
		return fh_json_refuse(d, j, FH_ERR_UNKNOWN, "give one of its ids",
				      "the enumerated type `%.*s` has no such id",
				      fh_shown(uid.type), (const char *)uid.type.p);
	return FH_ERR_OK;
}

static fh_err read_entity(const struct fh_json_document *d, const struct fh_schema *s,
			  const struct fh_json *j, const struct fh_type *x, struct fh_value *out)
{
	struct fh_value value;

	if (j->kind != FH_JSON_OBJECT)
		return refuse_type(d, s, j, x);
	fh_err e = fh_json_entity_value(d, j, &value);

	if (e == FH_ERR_OK && x->kind == FH_KIND_ENTITY &&
	    !fh_span_equal(value.entity->uid.type, s->types[x->members[0]].name))
		return refuse_type(d, s, j, x);
	if (e == FH_ERR_OK)
		e = check_uid(d, s, j, value.entity->uid);
	if (e == FH_ERR_OK)
		*out = value;
	return e;
}

static fh_err construct(const struct fh_json_document *d, const struct fh_schema *s,
			const struct fh_json *j, const struct fh_type *x, struct fh_value *out)
{
	const struct fh_value text = { .kind = FH_VALUE_STRING, .text = j->text };
	enum fh_fault_kind fault = FH_FAULT_NONE;
	fh_err e = fh_function_apply(fh_function_constructor(x->extension), &text, 1, d->arena, out,
				     &fault);

	if (e != FH_ERR_OK)
		return fh_json_full(d, j);
	return fault == FH_FAULT_NONE ? FH_ERR_OK : refuse_type(d, s, j, x);
}

static fh_err read_extension(const struct fh_json_document *d, const struct fh_schema *s,
			     const struct fh_json *j, const struct fh_type *x,
			     struct fh_value *out)
{
	struct fh_value value = { 0 };
	fh_err e;

	if (j->kind == FH_JSON_STRING)
		e = construct(d, s, j, x, &value);
	else if (fh_json_member(j, "fn") != nullptr)
		e = fh_json_call(d, j, &value);
	else
		e = fh_value_read(d, j, &value);
	if (e == FH_ERR_OK && value.kind != x->extension)
		return refuse_type(d, s, j, x);
	if (e == FH_ERR_OK)
		*out = value;
	return e;
}

static fh_err read_set(const struct fh_json_document *d, const struct fh_schema *s,
		       const struct fh_json *j, const struct fh_type *x, struct fh_value *out)
{
	struct fh_value *items;
	uint32_t i = 0;

	if (j->kind != FH_JSON_ARRAY)
		return refuse_type(d, s, j, x);
	items = fh_arena_array(d->arena, j->n, sizeof(*items));
	fh_err e = items == nullptr ? fh_json_full(d, j) : FH_ERR_OK;

	for (const struct fh_json *c = j->first; e == FH_ERR_OK && c != nullptr; c = c->next)
		e = fh_value_read_as(d, s, c, x->element, &items[i++]);
	if (e == FH_ERR_OK)
		*out = fh_value_set(items, j->n);
	return e;
}

/* Every field that X's values must have is in RECORD, which stands at J.  */
static fh_err check_required(const struct fh_json_document *d, const struct fh_json *j,
			     const struct fh_type *x, const struct fh_value *record)
{
	for (uint32_t i = 0; i < x->n; i++) {
		struct fh_span name = x->fields[i].name;

		if (x->fields[i].required && fh_value_field(record, name) == nullptr)
			return fh_json_refuse(d, j, FH_ERR_CONFLICT, "add it",
					      "`%.*s`, which the schema requires, is missing",
					      fh_shown(name), (const char *)name.p);
	}
	return FH_ERR_OK;
}

static fh_err read_field(const struct fh_json_document *d, const struct fh_schema *s,
			 const struct fh_json *m, const struct fh_type *x,
			 struct fh_value_field *out)
{
	const struct fh_type_field *f = fh_type_field(x, m->name);

	out->name = m->name;
	if (f == nullptr)
		return fh_json_refuse(d, m, FH_ERR_CONFLICT, "declare it, or remove it here",
				      "the schema declares no `%.*s` here", fh_shown(m->name),
				      (const char *)m->name.p);
	return fh_value_read_as(d, s, m, f->type, &out->value);
}

static fh_err read_record(const struct fh_json_document *d, const struct fh_schema *s,
			  const struct fh_json *j, const struct fh_type *x, struct fh_value *out)
{
	struct fh_value_field *fields;
	struct fh_value record;
	uint32_t i = 0;

	if (j->kind != FH_JSON_OBJECT)
		return refuse_type(d, s, j, x);
	fields = fh_arena_array(d->arena, j->n, sizeof(*fields));
	fh_err e = fields == nullptr ? fh_json_full(d, j) : FH_ERR_OK;

	for (const struct fh_json *m = j->first; e == FH_ERR_OK && m != nullptr; m = m->next)
		e = read_field(d, s, m, x, &fields[i++]);
	if (e == FH_ERR_OK && !fh_value_record(fields, j->n, &record))
		return fh_json_refuse(d, j, FH_ERR_FORMAT, "keep one", "a name comes twice");
	if (e == FH_ERR_OK)
		e = check_required(d, j, x, &record);
	if (e == FH_ERR_OK)
		*out = record;
	return e;
}

/* The depth of the JSON, and that of the type, bound the recursion.  */
fh_err fh_value_read_as(const struct fh_json_document *d, const struct fh_schema *s,
			const struct fh_json *j, const struct fh_type *x, struct fh_value *out)
{
	static const enum fh_json_kind plain[] = { [FH_KIND_BOOL] = FH_JSON_BOOL,
						   [FH_KIND_LONG] = FH_JSON_INTEGER,
						   [FH_KIND_STRING] = FH_JSON_STRING };

	switch (x->kind) {
	case FH_KIND_ENTITY:
	case FH_KIND_ANY_ENTITY:
		return read_entity(d, s, j, x, out);
	case FH_KIND_EXTENSION:
		return read_extension(d, s, j, x, out);
	case FH_KIND_SET:
		return read_set(d, s, j, x, out);
	case FH_KIND_RECORD:
		return read_record(d, s, j, x, out);
	case FH_KIND_BOOL:
	case FH_KIND_LONG:
	case FH_KIND_STRING:
		return j->kind == plain[x->kind] ? fh_value_read(d, j, out)
						 : refuse_type(d, s, j, x);
	default:
		return refuse_type(d, s, j, x); /* no schema declares such a type */
	}
}

/* --- entities --------------------------------------------------------- */

/* An entity of type FROM can be in one of type UP; itself only if it is declared so.  */
static bool can_be_in(const struct fh_schema *s, uint32_t from, uint32_t up)
{
	const struct fh_schema_type *type = &s->types[from];

	for (uint32_t i = 0; i < type->parents_n; i++) {
		if (fh_schema_type_reaches(s, type->parents[i], up))
			return true;
	}
	return false;
}

fh_err fh_entity_check(const struct fh_json_document *d, const struct fh_schema *s,
		       const struct fh_json *j, const struct fh_entity *e)
{
	fh_err done = check_uid(d, s, j, e->key.uid);

	for (uint32_t i = 0; done == FH_ERR_OK && i < e->parents_n; i++) {
		struct fh_entity_uid up = e->parents[i]->uid;

		done = check_uid(d, s, j, up);
		if (done == FH_ERR_OK && !fh_is_action_type(e->key.uid.type) &&
		    !can_be_in(s, fh_schema_find_type(s, e->key.uid.type),
			       fh_schema_find_type(s, up.type)))
			return fh_json_refuse(d, j, FH_ERR_CONFLICT, "declare it with `in`",
					      "the schema lets no %.*s be in a %.*s",
					      fh_shown(e->key.uid.type),
					      (const char *)e->key.uid.type.p, fh_shown(up.type),
					      (const char *)up.type.p);
	}
	return done;
}

static fh_err action_entity(const struct fh_schema *s, const struct fh_schema_action *action,
			    struct fh_arena *a, struct fh_entity *out)
{
	struct fh_entity_key *key = fh_arena_array(a, action->parents_n, sizeof(*key));
	const struct fh_entity_key **up = fh_arena_array(a, action->parents_n, sizeof(*up));

	if (key == nullptr || up == nullptr)
		return FH_ERR_NOMEM;
	for (uint32_t i = 0; i < action->parents_n; i++) {
		key[i] = fh_entity_key_of(s->actions[action->parents[i]].uid);
		up[i] = &key[i];
	}
	*out = (struct fh_entity){ .key = fh_entity_key_of(action->uid),
				   .attributes = fh_value_none(), .tags = fh_value_none(),
				   .parents = up };
	out->parents_n = fh_entity_keys_sort(up, action->parents_n);
	return FH_ERR_OK;
}

fh_err fh_entities_add_actions(struct fh_entities *all, const struct fh_schema *s,
			       struct fh_arena *a)
{
	fh_err e = FH_ERR_OK;

	for (uint32_t i = 0; e == FH_ERR_OK && i < s->actions_n; i++) {
		struct fh_entity_key key = fh_entity_key_of(s->actions[i].uid);
		struct fh_entity entity;

		if (fh_entities_find(all, &key) != nullptr)
			continue;
		e = action_entity(s, &s->actions[i], a, &entity);
		if (e == FH_ERR_OK)
			e = fh_entities_add(all, &entity);
	}
	return e;
}

bool fh_action_conforms(const struct fh_schema *s, const struct fh_entity *e)
{
	uint32_t found = fh_schema_find_action(s, e->key.uid);
	const struct fh_schema_action *action = &s->actions[found == FH_SCHEMA_NONE ? 0 : found];

	if (found == FH_SCHEMA_NONE || action->ancestors_n != e->ancestors_n + 1)
		return false;
	for (uint32_t i = 1; i < action->ancestors_n; i++) { /* the first is itself */
		struct fh_entity_key up = fh_entity_key_of(s->actions[action->ancestors[i]].uid);

		if (!fh_entity_has_ancestor(e, &up))
			return false;
	}
	return true;
}

/* --- requests --------------------------------------------------------- */

static fh_err refuse_request(struct fh_trace *t, fh_err e, const char *what,
			     struct fh_entity_uid uid, const char *why)
{
	fh_trace_where(t, "request");
	fh_trace_what(t, "the %s %.*s::\"%.*s\" %s", what, fh_shown(uid.type),
		      (const char *)uid.type.p, fh_shown(uid.id), (const char *)uid.id.p, why);
	fh_trace_cure(t, "compare it with what the schema declares");
	return e;
}

/* UID is of one of the N types of LIST, and has an id that its type has.  */
static fh_err check_part(const struct fh_schema *s, const char *what, struct fh_entity_uid uid,
			 const uint32_t *list, uint32_t n, struct fh_trace *t)
{
	uint32_t type = fh_schema_find_type(s, uid.type);

	if (type >= s->types_n)
		return refuse_request(t, FH_ERR_UNKNOWN, what, uid, "is of no declared type");
	if (!fh_schema_type_has_id(&s->types[type], uid.id))
		return refuse_request(t, FH_ERR_UNKNOWN, what, uid,
				      "has no id of its enumerated type");
	for (uint32_t i = 0; i < n; i++) {
		if (list[i] == type)
			return FH_ERR_OK;
	}
	return refuse_request(t, FH_ERR_CONFLICT, what, uid,
			      "is of a type that the action does not apply to");
}

fh_err fh_request_check(const struct fh_schema *s, struct fh_entity_uid principal,
			struct fh_entity_uid action, struct fh_entity_uid resource,
			uint32_t *out, struct fh_trace *t)
{
	uint32_t found = fh_schema_find_action(s, action);

	if (found == FH_SCHEMA_NONE)
		return refuse_request(t, FH_ERR_UNKNOWN, "action", action, "is not declared");
	const struct fh_schema_action *of = &s->actions[found];
	fh_err e = check_part(s, "principal", principal, of->principals, of->principals_n, t);

	if (e == FH_ERR_OK)
		e = check_part(s, "resource", resource, of->resources, of->resources_n, t);
	if (e == FH_ERR_OK)
		*out = found;
	return e;
}
