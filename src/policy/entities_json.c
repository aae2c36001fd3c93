/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/entities_json.h"

#include "base/limits.h"
#include "policy/conform.h"
#include "policy/lexer.h"

/* The parents J of E.  */
static fh_err parents(const struct fh_json_document *d, const struct fh_json *j,
		      struct fh_entity *e)
{
	if (j->kind != FH_JSON_ARRAY)
		return fh_json_refuse(d, j, FH_ERR_FORMAT, "write [...]",
				      "\"parents\" must be a list of entities");
	struct fh_entity_key *key = fh_arena_array(d->arena, j->n, sizeof(*key));
	const struct fh_entity_key **up = fh_arena_array(d->arena, j->n, sizeof(*up));
	fh_err done = key == nullptr || up == nullptr ? fh_json_full(d, j) : FH_ERR_OK;
	uint32_t i = 0;

	for (const struct fh_json *p = j->first; done == FH_ERR_OK && p != nullptr; p = p->next) {
		struct fh_entity_uid uid;

		done = fh_json_entity(d, p, &uid);
		if (done != FH_ERR_OK)
			return done;
		key[i] = fh_entity_key_of(uid);
		up[i] = &key[i];
		i++;
	}
	if (done != FH_ERR_OK)
		return done;
	e->parents_n = fh_entity_keys_sort(up, j->n);
	e->parents = up;
	return FH_ERR_OK;
}

/* The tags J, each of type X.  */
static fh_err typed_tags(const struct fh_json_document *d, const struct fh_schema *s,
			 const struct fh_json *j, const struct fh_type *x, struct fh_value *out)
{
	struct fh_value_field *fields = fh_arena_array(d->arena, j->n, sizeof(*fields));
	uint32_t i = 0;

	if (j->kind != FH_JSON_OBJECT)
		return fh_json_record(d, j, out); /* which refuses it */
	if (fields == nullptr)
		return fh_json_full(d, j);
	for (const struct fh_json *m = j->first; m != nullptr; m = m->next, i++) {
		fields[i].name = m->name;
		fh_err e = fh_value_read_as(d, s, m, x, &fields[i].value);

		if (e != FH_ERR_OK)
			return e;
	}
	return fh_value_record(fields, j->n, out)
		       ? FH_ERR_OK
		       : fh_json_refuse(d, j, FH_ERR_FORMAT, "keep one", "a name comes twice");
}

/* The attributes and tags (NULL: none) of E, whose uid is known, as S, if it is there,
 * declares them.  */
static fh_err read_content(const struct fh_json_document *d, const struct fh_schema *s,
			   const struct fh_json *attrs, const struct fh_json *tags,
			   struct fh_entity *e)
{
	uint32_t type = s == nullptr ? FH_SCHEMA_NONE : fh_schema_find_type(s, e->key.uid.type);
	const struct fh_schema_type *of = type == FH_SCHEMA_NONE ? nullptr : &s->types[type];
	fh_err done = of == nullptr
			      ? fh_json_record(d, attrs, &e->attributes)
			      : fh_value_read_as(d, s, attrs, of->attributes, &e->attributes);

	if (done != FH_ERR_OK || tags == nullptr)
		return done;
	if (of == nullptr)
		return fh_json_record(d, tags, &e->tags);
	if (of->tags != nullptr)
		return typed_tags(d, s, tags, of->tags, &e->tags);
	return tags->kind == FH_JSON_OBJECT && tags->n == 0
		       ? FH_ERR_OK
		       : fh_json_refuse(d, tags, FH_ERR_CONFLICT, "remove them",
					"the schema declares no tags of such entities");
}

static fh_err read_entity(const struct fh_json_document *d, const struct fh_schema *s,
			  const struct fh_json *j, struct fh_entity *out)
{
	static const char *const names[] = { "uid", "attrs", "parents", "tags" };
	struct fh_entity entity = { .tags = fh_value_none() };
	const struct fh_json *uid, *attrs, *up, *tags = fh_json_member(j, "tags");
	fh_err e = fh_json_only(d, j, names, 4);

	if (e == FH_ERR_OK)
		e = fh_json_demand(d, j, "uid", &uid);
	if (e == FH_ERR_OK)
		e = fh_json_demand(d, j, "attrs", &attrs);
	if (e == FH_ERR_OK)
		e = fh_json_demand(d, j, "parents", &up);
	if (e == FH_ERR_OK)
		e = fh_json_entity(d, uid, &entity.key.uid);
	if (e == FH_ERR_OK)
		e = read_content(d, s, attrs, tags, &entity);
	if (e == FH_ERR_OK)
		e = parents(d, up, &entity);
	if (e == FH_ERR_OK && s != nullptr)
		e = fh_entity_check(d, s, j, &entity);
	if (e != FH_ERR_OK)
		return e;
	entity.key.hash = fh_entity_hash(entity.key.uid);
	*out = entity;
	return FH_ERR_OK;
}

static fh_err refuse_entity(const struct fh_json_document *d, const struct fh_json *at, fh_err e,
			    struct fh_entity_uid uid, const char *what, const char *cure)
{
	return fh_json_refuse(d, at, e, cure, "%.*s::\"%.*s\" %s", fh_shown(uid.type),
			      (const char *)uid.type.p, fh_shown(uid.id), (const char *)uid.id.p,
			      what);
}

static fh_err add_all(const struct fh_json_document *d, const struct fh_schema *schema,
		      const struct fh_json *root, struct fh_entities *s)
{
	struct fh_entity entity;
	fh_err e = FH_ERR_OK;

	for (const struct fh_json *j = root->first; e == FH_ERR_OK && j != nullptr; j = j->next) {
		e = read_entity(d, schema, j, &entity);
		if (e == FH_ERR_OK && fh_entities_add(s, &entity) != FH_ERR_OK)
			return refuse_entity(d, j, FH_ERR_CONFLICT, entity.key.uid,
					     "stands here twice, in two forms", "keep one");
	}
	return e;
}

static fh_err close_all(const struct fh_json_document *d, const struct fh_json *root,
			struct fh_entities *s)
{
	uint32_t which = 0;
	fh_err e = fh_entities_close(s, d->arena, &which);

	if (e == FH_ERR_CONFLICT)
		return refuse_entity(d, root, e, s->list[which].key.uid, "is in itself",
				     "break the circle of parents");
	if (e == FH_ERR_LIMIT)
		return fh_json_refuse(d, root, e, "make the hierarchy flatter",
				      "the entities have more than %zu ancestors together",
				      FH_CLOSURE_MAX);
	return e == FH_ERR_OK ? e : fh_json_full(d, root);
}

/* What the document says of actions is what SCHEMA does.  */
static fh_err check_actions(const struct fh_json_document *d, const struct fh_schema *schema,
			    const struct fh_json *root, const struct fh_entities *s)
{
	for (uint32_t i = 0; i < s->n; i++) {
		if (fh_is_action_type(s->list[i].key.uid.type) &&
		    !fh_action_conforms(schema, &s->list[i]))
			return refuse_entity(d, root, FH_ERR_CONFLICT, s->list[i].key.uid,
					     "is not in what the schema says",
					     "leave actions out: the schema has them");
	}
	return FH_ERR_OK;
}

static fh_err read_entities(const struct fh_json_document *d, const struct fh_schema *schema,
			    const struct fh_json *root, struct fh_entities *out)
{
	struct fh_entities s;

	if (root->kind != FH_JSON_ARRAY)
		return fh_json_refuse(d, root, FH_ERR_FORMAT, "write [...]",
				      "entities are a list");
	if (root->n > FH_ENTITIES_LIST_MAX)
		return fh_json_refuse(d, root, FH_ERR_LIMIT, "give fewer",
				      "there are more than %zu entities", FH_ENTITIES_LIST_MAX);
	uint32_t room = root->n + (schema == nullptr ? 0 : schema->actions_n);

	if (fh_entities_room(&s, room, d->arena) != FH_ERR_OK)
		return fh_json_full(d, root);
	fh_err e = add_all(d, schema, root, &s);

	if (e == FH_ERR_OK && schema != nullptr &&
	    fh_entities_add_actions(&s, schema, d->arena) != FH_ERR_OK)
		return fh_json_full(d, root);
	if (e == FH_ERR_OK)
		e = close_all(d, root, &s);
	if (e == FH_ERR_OK && schema != nullptr)
		e = check_actions(d, schema, root, &s);
	if (e == FH_ERR_OK)
		*out = s;
	return e;
}

static const struct fh_json_limits limits = { FH_ENTITIES_JSON_MAX, FH_CEDAR_JSON_DEPTH_MAX };

fh_err fh_entities_read_as(struct fh_span text, const char *name, const struct fh_schema *schema,
			   struct fh_arena *a, struct fh_entities *out, struct fh_trace *t)
{
	const struct fh_json_document d = { name, a, t };
	const struct fh_json *root;
	fh_err e = fh_json_tree(text, &limits, name, a, &root, t);

	return e == FH_ERR_OK ? read_entities(&d, schema, root, out) : e;
}

fh_err fh_entities_read(struct fh_span text, const char *name, struct fh_arena *a,
			struct fh_entities *out, struct fh_trace *t)
{
	return fh_entities_read_as(text, name, /* schema= */ nullptr, a, out, t);
}

fh_err fh_context_read_as(struct fh_span text, const char *name, const struct fh_schema *schema,
			  const struct fh_type *type, struct fh_arena *a, struct fh_value *out,
			  struct fh_trace *t)
{
	const struct fh_json_document d = { name, a, t };
	const struct fh_json *root;
	fh_err e = fh_json_tree(text, &limits, name, a, &root, t);

	return e == FH_ERR_OK ? fh_value_read_as(&d, schema, root, type, out) : e;
}

fh_err fh_context_read(struct fh_span text, const char *name, struct fh_arena *a,
		       struct fh_value *out, struct fh_trace *t)
{
	const struct fh_json_document d = { name, a, t };
	const struct fh_json *root;
	fh_err e = fh_json_tree(text, &limits, name, a, &root, t);

	return e == FH_ERR_OK ? fh_json_record(&d, root, out) : e;
}
