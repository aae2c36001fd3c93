/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/analyse_example.h"

#include "base/limits.h"

constexpr uint32_t entities_max = 1024; /* of one example */

struct making {
	struct fh_model *m;
	bool failed; /* there is no such example, or none can be told */
	bool full;
};

static void *take(struct making *k, size_t n)
{
	void *p = fh_arena_take(k->m->arena, n);

	k->full |= p == nullptr;
	return p;
}

/* --- values ------------------------------------------------------------------ */

static struct fh_value value_of(struct making *k, uint32_t class, const struct fh_type *type);

/* The class of the attribute NAME of CLASS, or FH_TERM_NONE if nothing speaks of it.  */
static uint32_t part_of(struct making *k, uint32_t class, struct fh_span name)
{
	const struct fh_terms *t = &k->m->s->t;

	for (uint32_t i = 0; class != FH_TERM_NONE && i < t->n; i++) {
		if (t->term[i].kind == FH_TERM_GET && fh_span_equal(t->term[i].text, name) &&
		    fh_model_class(k->m, t->term[i].a) == class)
			return fh_model_class(k->m, i);
	}
	return FH_TERM_NONE;
}

/* A literal of the kind, about CLASS, that holds, or with WANTED false, does not.  */
static bool is_said(struct making *k, enum fh_atom_kind kind, uint32_t class, struct fh_span text,
		    bool wanted)
{
	for (uint32_t i = 0; class != FH_TERM_NONE && i < k->m->literals_n; i++) {
		const struct fh_atom *x = fh_model_atom(k->m, i);

		if (x->kind == kind && k->m->literal[i].holds == wanted &&
		    fh_span_equal(x->text, text) && fh_model_class(k->m, x->a) == class)
			return true;
	}
	return false;
}

/* The record of type TYPE that CLASS is, or that is the attributes of the entity CLASS.  */
static struct fh_value record_of(struct making *k, uint32_t class, const struct fh_type *type)
{
	struct fh_value_field *fields = take(k, (type->n + 1) * sizeof(*fields));
	struct fh_value v = fh_value_none();
	uint32_t n = 0;

	for (uint32_t i = 0; fields != nullptr && i < type->n; i++) {
		const struct fh_type_field *f = &type->fields[i];

		if (!f->required && !is_said(k, FH_ATOM_HAS, class, f->name, true))
			continue;
		fields[n++] = (struct fh_value_field){
			f->name, value_of(k, part_of(k, class, f->name), f->type) };
	}
	if (fields != nullptr && !fh_value_record(fields, n, &v))
		k->failed = true;
	return v;
}

static struct fh_value entity_value(struct making *k, struct fh_entity_uid uid)
{
	struct fh_entity_key *key = take(k, sizeof(*key));

	if (key != nullptr)
		*key = fh_entity_key_of(uid);
	return (struct fh_value){ .kind = FH_VALUE_ENTITY, .entity = key };
}

/* Some entity of TYPE.  */
static struct fh_value plain_entity(struct making *k, const struct fh_type *type)
{
	const struct fh_schema_type *e = &k->m->s->schema->types[type->members[0]];
	struct fh_span id = e->choices_n > 0 ? e->choices[0]
			    : e->is_path     ? FH_SPAN_LIT("/example")
					     : FH_SPAN_LIT("example");

	return entity_value(k, (struct fh_entity_uid){ e->name, id });
}

static struct fh_value plain_extension(struct making *k, enum fh_value_kind kind)
{
	struct fh_ip *ip = kind == FH_VALUE_IP ? take(k, sizeof(*ip)) : nullptr;

	if (kind != FH_VALUE_IP)
		return (struct fh_value){ .kind = kind };
	if (ip != nullptr)
		*ip = (struct fh_ip){ .address = { 192, 0, 2, 1 }, .prefix = 32 };
	return (struct fh_value){ .kind = kind, .ip = ip };
}

/* Types are at most FH_TYPE_DEPTH_MAX deep: that bounds the recursion.  */
static struct fh_value value_of(struct making *k, uint32_t class, const struct fh_type *type)
{
	if (class != FH_TERM_NONE && k->m->value[class] != nullptr)
		return *k->m->value[class];
	switch (type->kind) {
	case FH_KIND_TRUE:
	case FH_KIND_FALSE:
	case FH_KIND_BOOL:
		return (struct fh_value){ .boolean = type->kind == FH_KIND_TRUE };
	case FH_KIND_LONG:
		return (struct fh_value){ .kind = FH_VALUE_LONG };
	case FH_KIND_STRING:
		return (struct fh_value){ .kind = FH_VALUE_STRING };
	case FH_KIND_SET:
		return (struct fh_value){ .kind = FH_VALUE_SET };
	case FH_KIND_RECORD:
		return record_of(k, class, type);
	case FH_KIND_ENTITY:
		return plain_entity(k, type);
	case FH_KIND_EXTENSION:
		return plain_extension(k, type->extension);
	default:
		k->failed = true;
		return fh_value_none();
	}
}

/* --- entities ----------------------------------------------------------------- */

/* Tags that CLASS is said to have.  */
static struct fh_value tags_of(struct making *k, uint32_t class, const struct fh_type *type)
{
	struct fh_value_field *fields =
		take(k, (k->m->literals_n + 1) * sizeof(*fields));
	struct fh_value v = fh_value_none();
	uint32_t n = 0;

	for (uint32_t i = 0; fields != nullptr && i < k->m->literals_n; i++) {
		const struct fh_atom *x = fh_model_atom(k->m, i);
		const struct fh_terms *t = &k->m->s->t;
		uint32_t tag = FH_TERM_NONE;

		if (x->kind != FH_ATOM_HAS_TAG || !k->m->literal[i].holds ||
		    fh_model_class(k->m, x->a) != class)
			continue;
		const struct fh_value *name = fh_model_value(k->m, x->b);

		for (uint32_t j = 0; j < t->n; j++) {
			if (t->term[j].kind == FH_TERM_TAG &&
			    fh_model_class(k->m, t->term[j].a) == class &&
			    fh_model_class(k->m, t->term[j].b) == fh_model_class(k->m, x->b))
				tag = fh_model_class(k->m, j);
		}
		if (name == nullptr || type == nullptr)
			k->failed = true;
		else
			fields[n++] = (struct fh_value_field){ name->text,
							       value_of(k, tag, type) };
	}
	if (fields != nullptr && !fh_value_record(fields, n, &v))
		k->failed = true;
	return v;
}

/* Every folder that holds the path E, which is of TYPE.  */
static void put_folders(struct making *k, const struct fh_schema_type *type, struct fh_entity *e,
			const struct fh_entity_key **parents)
{
	struct fh_span up = fh_path_parent(e->key.uid.id);
	struct fh_span folder = k->m->s->schema->types[type->parents[0]].name;

	for (; up.n > 0 && e->parents_n < entities_max; up = fh_path_parent(up))
		parents[e->parents_n++] =
			entity_value(k, (struct fh_entity_uid){ folder, up }).entity;
}

static void put_parents(struct making *k, uint32_t class, const struct fh_schema_type *type,
			struct fh_entity *e)
{
	const struct fh_entity_key **parents = take(k, entities_max * sizeof(*parents));

	if (parents == nullptr)
		return;
	if (type->is_path && type->parents_n > 0)
		put_folders(k, type, e, parents);
	for (uint32_t i = 0; i < k->m->literals_n && !type->is_path; i++) {
		const struct fh_atom *x = fh_model_atom(k->m, i);

		if (x->kind != FH_ATOM_ANCESTOR || !k->m->literal[i].holds ||
		    fh_model_class(k->m, x->a) != class)
			continue;
		const struct fh_value *up = fh_model_value(k->m, x->b);

		if (up == nullptr || e->parents_n == FH_POLICY_PARENTS_MAX)
			k->failed = true;
		else
			parents[e->parents_n++] = up->entity;
	}
	e->parents_n = k->full ? 0 : fh_entity_keys_sort(parents, e->parents_n);
	e->parents = parents;
}

/* The entity that CLASS is, unless it is said not to exist.  */
static void put_entity(struct making *k, uint32_t class, struct fh_entities *out)
{
	const struct fh_value *v = k->m->value[class];
	const struct fh_schema *s = k->m->s->schema;

	if (v == nullptr || v->kind != FH_VALUE_ENTITY ||
	    is_said(k, FH_ATOM_EXISTS, class, (struct fh_span){ 0 }, false))
		return;
	uint32_t type = fh_schema_find_type(s, v->entity->uid.type);

	if (type == FH_SCHEMA_NONE || s->types[type].action ||
	    (k->m->s->exact && !s->types[type].builtin && !s->types[type].is_path))
		return; /* of calls, such are what is listed */
	struct fh_entity e = { .key = *v->entity,
			       .attributes = record_of(k, class, s->types[type].attributes),
			       .tags = tags_of(k, class, s->types[type].tags) };

	put_parents(k, class, &s->types[type], &e);
	if (out->n == entities_max || fh_entities_add(out, &e) != FH_ERR_OK)
		k->failed = true;
}

/* CLASS is the principal or the resource, or an entity that something is said of.  */
static bool is_needed(struct making *k, uint32_t class)
{
	const struct fh_term *x = &k->m->s->t.term[class];

	for (uint32_t i = k->m->first[class]; i != 0; i = k->m->next[i - 1]) {
		enum fh_atom_kind kind = fh_model_atom(k->m, i - 1)->kind;

		if (k->m->literal[i - 1].holds &&
		    (kind == FH_ATOM_EXISTS || kind == FH_ATOM_ANCESTOR))
			return true;
	}
	return x->kind == FH_TERM_VARIABLE;
}

static void put_entities(struct making *k, const uint32_t *sides, struct fh_entities *out)
{
	if (fh_entities_room(out, entities_max, k->m->arena) != FH_ERR_OK) {
		k->full = true;
		return;
	}
	for (uint32_t i = 0; i < k->m->s->t.n && !k->failed && !k->full; i++) {
		if (fh_model_class(k->m, i) == i &&
		    (i == sides[0] || i == sides[1] || is_needed(k, i)))
			put_entity(k, i, out);
	}
}

/* --- the request ------------------------------------------------------------------ */

/* The class of a variable; FH_TERM_NONE if nothing speaks of it.  */
static uint32_t variable(struct making *k, enum fh_variable which)
{
	const struct fh_terms *t = &k->m->s->t;

	for (uint32_t i = 0; i < t->n; i++) {
		if (t->term[i].kind == FH_TERM_VARIABLE && t->term[i].which == which)
			return fh_model_class(k->m, i);
	}
	return FH_TERM_NONE;
}

fh_err fh_example_make(struct fh_model *m, struct fh_example *out)
{
	struct making k = { .m = m };
	const uint32_t sides[] = { variable(&k, FH_VARIABLE_PRINCIPAL),
				   variable(&k, FH_VARIABLE_RESOURCE) };
	uint32_t context = variable(&k, FH_VARIABLE_CONTEXT), which = 0;
	struct fh_value principal = value_of(&k, sides[0], m->s->principal);
	struct fh_value resource = value_of(&k, sides[1], m->s->resource);
	struct fh_example e = { .action = m->s->action.uid };

	e.context = value_of(&k, context, m->s->context);
	put_entities(&k, sides, &e.entities);
	if (k.full)
		return FH_ERR_NOMEM;
	if (k.failed || principal.kind != FH_VALUE_ENTITY || resource.kind != FH_VALUE_ENTITY ||
	    fh_entities_close(&e.entities, m->arena, &which) != FH_ERR_OK)
		return FH_ERR_UNSUPPORTED;
	e.principal = principal.entity->uid;
	e.resource = resource.entity->uid;
	*out = e;
	return FH_ERR_OK;
}

static fh_err find(const void *context, const struct fh_entity_key *e, struct fh_arena *a,
		   const struct fh_entity **out)
{
	const struct fh_example_source *x = context;
	const struct fh_entity_source known = fh_known_entities_source(&x->known);

	*out = fh_entities_find(&x->example->entities, e);
	return *out != nullptr ? FH_ERR_OK : known.find(known.context, e, a, out);
}

struct fh_entity_source fh_example_source(struct fh_example_source *room,
					  const struct fh_example *e,
					  const struct fh_policy_set *set)
{
	*room = (struct fh_example_source){
		e, { .schema = &set->schema, .listed = &set->entities } };
	return (struct fh_entity_source){ find, room };
}
