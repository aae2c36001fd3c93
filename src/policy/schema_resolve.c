/* SPDX-License-Identifier: Apache-2.0 */
/* Looks up what a schema's declarations name, and makes its types.  */
#include "base/builder.h"
#include "base/limits.h"
#include "policy/schema_draft.h"
#include "policy/suggest.h"

/* --- names ------------------------------------------------------------ */

void fh_resolve_undeclared(struct fh_resolve *r, const char *what, struct fh_draft_name name,
			   struct fh_span near)
{
	char cure[128] = "declare it, or remove it here";

	if (near.n > 0) {
		struct fh_builder b = fh_builder_of(cure, sizeof(cure));

		fh_builder_text(&b, "did you mean `");
		fh_builder_bytes(&b, fh_span_first(near, 64));
		fh_builder_text(&b, "`?");
		fh_builder_u8(&b, 0);
	}
	fh_parse_refuse(&r->d->p, name.at, FH_ERR_UNKNOWN, cure, "%s `%.*s` is not declared", what,
			fh_shown(name.text), (const char *)name.text.p);
}

/* An entity type that is nearly NAME; ALIASES: or a common type.  */
static struct fh_span near_type(struct fh_resolve *r, struct fh_span name, bool aliases)
{
	struct fh_suggestion near = fh_suggestion_for(name);

	for (uint32_t i = 0; i < r->s.types_n; i++)
		fh_suggestion_offer(&near, r->s.types[i].name);
	for (uint32_t i = 0; aliases && i < r->d->aliases.n; i++)
		fh_suggestion_offer(&near, fh_draft_alias(r->d, i)->name.text);
	return near.best;
}

static bool is_qualified(struct fh_span name)
{
	return fh_span_find(name, ':') < name.n;
}

uint32_t fh_resolve_entity(struct fh_resolve *r, struct fh_draft_name name, uint32_t space)
{
	uint32_t found = FH_SCHEMA_NONE;

	if (!is_qualified(name.text))
		found = fh_schema_find_type(&r->s, fh_resolve_in(r, space, name));
	if (found >= r->s.types_n)
		found = fh_schema_find_type(&r->s, name.text);
	if (found < r->s.types_n)
		return found;
	fh_resolve_undeclared(r, "entity type", name, near_type(r, name.text, false));
	return FH_SCHEMA_NONE;
}

/* --- types ------------------------------------------------------------ */

static const struct fh_type *alias_type(struct fh_resolve *r, uint32_t i)
{
	const struct fh_draft_alias *c = fh_draft_alias(r->d, i);

	if (r->alias[i] == nullptr && r->open[i]) {
		fh_draft_refuse(r->d, c->name, FH_ERR_CONFLICT, "break the circle", "the type ",
				" is made of itself");
		return fh_type_plain(FH_KIND_NEVER);
	}
	r->open[i] = 1;
	if (r->alias[i] == nullptr)
		r->alias[i] = fh_resolve_type(r, c->type, c->space);
	return r->alias[i];
}

/* What Cedar itself calls NAME, with or without `__cedar::`; NULL: nothing.  */
static const struct fh_type *own_type(struct fh_span name)
{
	const struct fh_span own = FH_SPAN_LIT("__cedar::");
	struct fh_span word = fh_span_starts(name, own) ? fh_span_skip(name, own.n) : name;
	const struct fh_extension_name *extension = fh_extension_named(word);

	if (extension != nullptr)
		return fh_type_extension(extension->kind);
	if (fh_span_equal(word, FH_SPAN_LIT("Long")))
		return fh_type_plain(FH_KIND_LONG);
	if (fh_span_equal(word, FH_SPAN_LIT("String")))
		return fh_type_plain(FH_KIND_STRING);
	return fh_span_equal(word, FH_SPAN_LIT("Bool")) ? fh_type_plain(FH_KIND_BOOL) : nullptr;
}

/* What has the whole NAME, as far as FORM may mean it; NULL: nothing.  */
static const struct fh_type *declared_type(struct fh_resolve *r, enum fh_draft_form form,
					   struct fh_span name)
{
	uint32_t alias = fh_resolve_find_alias(r, name);
	uint32_t type = fh_schema_find_type(&r->s, name);

	if (form != FH_DRAFT_ENTITY && alias != FH_SCHEMA_NONE)
		return alias_type(r, alias);
	return form != FH_DRAFT_ALIAS && type != FH_SCHEMA_NONE ? &r->s.types[type].self : nullptr;
}

/* An entity type outside of all namespaces hides what Cedar itself calls NAME, even where JSON
 * asks for a common type.  */
static bool hides_own(const struct fh_resolve *r, struct fh_span name)
{
	return !is_qualified(name) && fh_schema_find_type(&r->s, name) < r->s.types_n;
}

/* A name without `::` is first looked for in its own namespace.  */
static const struct fh_type *named_type(struct fh_resolve *r, const struct fh_draft_type *t,
					uint32_t space)
{
	const struct fh_type *found = nullptr;

	if (!is_qualified(t->name.text) && space != 0)
		found = declared_type(r, t->form, fh_resolve_in(r, space, t->name));
	if (found == nullptr)
		found = declared_type(r, t->form, t->name.text);
	if (found == nullptr && t->form != FH_DRAFT_ENTITY && !hides_own(r, t->name.text))
		found = own_type(t->name.text);
	if (found != nullptr)
		return found;
	if (t->form == FH_DRAFT_ALIAS && fh_schema_find_type(&r->s, t->name.text) < r->s.types_n)
		fh_parse_refuse(&r->d->p, t->name.at, FH_ERR_UNKNOWN,
				"make \"type\" \"EntityOrCommon\", and this \"name\"",
				"type `%.*s` is not declared, only an entity type of that name",
				fh_shown(t->name.text), (const char *)t->name.text.p);
	fh_resolve_undeclared(r, t->form == FH_DRAFT_ENTITY ? "entity type" : "type", t->name,
			      near_type(r, t->name.text, t->form != FH_DRAFT_ENTITY));
	return fh_type_plain(FH_KIND_NEVER);
}

static const struct fh_type *extension_type(struct fh_resolve *r, struct fh_draft_name name)
{
	const struct fh_extension_name *extension = fh_extension_named(name.text);

	if (extension != nullptr)
		return fh_type_extension(extension->kind);
	fh_draft_refuse(r->d, name, FH_ERR_UNKNOWN, "write decimal, ipaddr, datetime or duration",
			"there is no extension type ", "");
	return fh_type_plain(FH_KIND_NEVER);
}

/* How deep a type that holds INNER is, if it was DEPTH deep; T is what is written.  */
static uint8_t depth_with(struct fh_resolve *r, const struct fh_draft_type *t, uint8_t depth,
			  const struct fh_type *inner)
{
	if (inner->depth == FH_TYPE_DEPTH_MAX)
		fh_parse_refuse(&r->d->p, t->name.at, FH_ERR_LIMIT, "make it flatter",
				"types stand more than %d deep in each other", FH_TYPE_DEPTH_MAX);
	return inner->depth < depth ? depth : (uint8_t)(inner->depth + 1);
}

static const struct fh_type *set_type(struct fh_resolve *r, const struct fh_draft_type *t,
				      uint32_t space)
{
	const struct fh_type *element = fh_resolve_type(r, t->element, space);
	struct fh_type *made = fh_parse_take(&r->d->p, sizeof(*made));

	if (made == nullptr)
		return fh_type_plain(FH_KIND_NEVER);
	*made = (struct fh_type){ .kind = FH_KIND_SET, .element = element,
				  .depth = depth_with(r, t, 1, element) };
	return made;
}

static struct fh_position field_at(const struct fh_draft_type *t, struct fh_span name)
{
	struct fh_position at = t->name.at;

	for (size_t i = 0; i < t->fields_n; i++) {
		if (fh_span_equal(t->fields[i].name.text, name))
			at = t->fields[i].name.at; /* the last of them */
	}
	return at;
}

static const struct fh_type *record_type(struct fh_resolve *r, const struct fh_draft_type *t,
					 uint32_t space)
{
	struct fh_type_field *fields = fh_parse_take(&r->d->p, t->fields_n * sizeof(*fields));
	struct fh_type *made = fh_parse_take(&r->d->p, sizeof(*made));
	struct fh_draft_name twice = { 0 };

	if (fields == nullptr || made == nullptr)
		return fh_type_plain(FH_KIND_RECORD);
	*made = (struct fh_type){ .kind = FH_KIND_RECORD, .n = (uint32_t)t->fields_n,
				  .fields = fields, .depth = 1 };
	for (size_t i = 0; i < t->fields_n; i++) {
		fields[i] = (struct fh_type_field){ t->fields[i].name.text,
						    fh_resolve_type(r, t->fields[i].type, space),
						    t->fields[i].required };
		made->depth = depth_with(r, t, made->depth, fields[i].type);
	}
	if (!fh_type_fields_sort(fields, made->n, &twice.text)) {
		twice.at = field_at(t, twice.text);
		fh_draft_refuse(r->d, twice, FH_ERR_CONFLICT, "keep one", "the attribute ",
				" is declared twice");
	}
	return made;
}

const struct fh_type *fh_resolve_type(struct fh_resolve *r, const struct fh_draft_type *t,
				      uint32_t space)
{
	const struct fh_type *made = fh_type_plain(FH_KIND_NEVER);

	if (r->depth == FH_TYPE_DEPTH_MAX)
		fh_parse_refuse(&r->d->p, t->name.at, FH_ERR_LIMIT, "make it flatter",
				"types stand more than %d deep in each other", FH_TYPE_DEPTH_MAX);
	if (r->d->p.e != FH_ERR_OK)
		return made;
	r->depth++;
	switch (t->form) {
	case FH_DRAFT_PLAIN:
		made = fh_type_plain(t->primitive);
		break;
	case FH_DRAFT_SET:
		made = set_type(r, t, space);
		break;
	case FH_DRAFT_RECORD:
		made = record_type(r, t, space);
		break;
	case FH_DRAFT_EXTENSION:
		made = extension_type(r, t->name);
		break;
	case FH_DRAFT_NAME:
	case FH_DRAFT_ALIAS:
	case FH_DRAFT_ENTITY:
		made = named_type(r, t, space);
		break;
	}
	r->depth--;
	return made;
}

/* The same for what must be a record; WHAT says of whom.  */
static const struct fh_type *resolve_record(struct fh_resolve *r, const struct fh_draft_type *t,
					    uint32_t space, const char *what)
{
	const struct fh_type *made =
		t == nullptr ? fh_type_plain(FH_KIND_RECORD) : fh_resolve_type(r, t, space);

	if (made->kind != FH_KIND_RECORD)
		fh_parse_refuse(&r->d->p, t->name.at, FH_ERR_CONFLICT, "write {...}",
				"%s must be a record", what);
	return made;
}

/* --- declarations ----------------------------------------------------- */

static const uint32_t *entity_types(struct fh_resolve *r, const struct fh_list *names,
				    uint32_t space, uint32_t *n)
{
	const struct fh_draft_name *name = names->p;
	uint32_t *found = fh_parse_take(&r->d->p, names->n * sizeof(*found));

	for (size_t i = 0; r->d->p.e == FH_ERR_OK && i < names->n; i++)
		found[i] = fh_resolve_entity(r, name[i], space);
	*n = (uint32_t)names->n;
	return found;
}

static void resolve_choices(struct fh_resolve *r, const struct fh_draft_entity *from,
			    struct fh_schema_type *to)
{
	const struct fh_draft_name *name = from->choices.p;
	struct fh_span *choices = fh_parse_take(&r->d->p, from->choices.n * sizeof(*choices));

	for (size_t i = 0; choices != nullptr && i < from->choices.n; i++)
		choices[i] = name[i].text;
	to->choices = choices;
	to->choices_n = (uint32_t)from->choices.n;
}

static void resolve_entity(struct fh_resolve *r, const struct fh_draft_entity *from,
			   struct fh_schema_type *to)
{
	to->parents = entity_types(r, &from->parents, from->space, &to->parents_n);
	to->attributes = resolve_record(r, from->shape, from->space, "what entities look like");
	if (from->tags != nullptr)
		to->tags = fh_resolve_type(r, from->tags, from->space);
	resolve_choices(r, from, to);
}

static uint32_t resolve_group(struct fh_resolve *r, const struct fh_draft_group *g,
			      uint32_t space)
{
	struct fh_span type = g->type.n == 0 ? FH_SPAN_LIT(FH_TYPE_ACTION) : g->type;
	struct fh_draft_name name = { type, g->id.at };
	struct fh_entity_uid inside = { type, g->id.text }, outside = inside;

	if (!is_qualified(type))
		inside.type = fh_resolve_in(r, space, name);
	uint32_t found = fh_schema_find_action(&r->s, inside);

	if (found == FH_SCHEMA_NONE)
		found = fh_schema_find_action(&r->s, outside);
	if (found != FH_SCHEMA_NONE)
		return found;
	struct fh_suggestion near = fh_suggestion_for(g->id.text);

	for (uint32_t i = 0; i < r->s.actions_n; i++)
		fh_suggestion_offer(&near, r->s.actions[i].uid.id);
	fh_resolve_undeclared(r, "action", g->id, near.best);
	return FH_SCHEMA_NONE;
}

static void resolve_action(struct fh_resolve *r, const struct fh_draft_action *from,
			   struct fh_schema_action *to)
{
	const struct fh_draft_group *group = from->groups.p;
	uint32_t *parents = fh_parse_take(&r->d->p, from->groups.n * sizeof(*parents));

	for (size_t i = 0; r->d->p.e == FH_ERR_OK && i < from->groups.n; i++)
		parents[i] = resolve_group(r, &group[i], from->space);
	to->parents = parents;
	to->parents_n = (uint32_t)from->groups.n;
	to->principals = entity_types(r, &from->principals, from->space, &to->principals_n);
	to->resources = entity_types(r, &from->resources, from->space, &to->resources_n);
	to->context = resolve_record(r, from->context, from->space, "a context");
}

void fh_draft_resolve(struct fh_draft *d, struct fh_schema *out)
{
	struct fh_resolve r = { .d = d };

	fh_resolve_enter(&r);
	for (uint32_t i = 0; d->p.e == FH_ERR_OK && i < d->aliases.n; i++)
		(void)alias_type(&r, i);
	for (size_t i = 0; d->p.e == FH_ERR_OK && i < d->entities.n; i++)
		resolve_entity(&r, fh_draft_entity(d, i), &r.s.types[i]);
	for (size_t i = 0; d->p.e == FH_ERR_OK && i < d->actions.n; i++)
		resolve_action(&r, fh_draft_action(d, i), &r.s.actions[i]);
	if (d->p.e == FH_ERR_OK)
		fh_resolve_close(&r);
	if (d->p.e == FH_ERR_OK)
		*out = r.s;
}
