/* SPDX-License-Identifier: Apache-2.0 */
/* Enters what a schema declares, and refuses what is declared twice or shadowed.  */
#include "base/limits.h"
#include "policy/schema_draft.h"

static void declared_twice(struct fh_draft *d, struct fh_draft_name name, bool builtin)
{
	fh_draft_refuse(d, name, FH_ERR_CONFLICT, "remove this declaration", "",
			builtin ? " exists without being declared" : " is declared twice");
}

uint32_t fh_resolve_find_alias(const struct fh_resolve *r, struct fh_span name)
{
	uint32_t slot = (uint32_t)fh_text_hash(name, 0);

	for (;;) {
		uint32_t i = fh_schema_table_next(&r->by_alias, &slot);

		if (i == FH_SCHEMA_NONE ||
		    fh_span_equal(fh_draft_alias(r->d, i)->name.text, name))
			return i;
	}
}

static void enter_aliases(struct fh_resolve *r)
{
	struct fh_draft *d = r->d;

	r->by_alias = fh_schema_table_of(&d->p, d->aliases.n);
	r->alias = fh_parse_take(&d->p, d->aliases.n * sizeof(*r->alias));
	r->open = fh_parse_take(&d->p, d->aliases.n);
	for (uint32_t i = 0; d->p.e == FH_ERR_OK && i < d->aliases.n; i++) {
		struct fh_draft_name name = fh_draft_alias(d, i)->name;

		if (fh_resolve_find_alias(r, name.text) != FH_SCHEMA_NONE)
			declared_twice(d, name, false);
		fh_schema_table_put(&r->by_alias, fh_text_hash(name.text, 0), i);
	}
}

/* The entity type or type of actions NAME; MEMBERS[i] is i.  */
static void put_type(struct fh_resolve *r, struct fh_span name, uint32_t *members)
{
	uint32_t i = r->s.types_all++;

	members[i] = i;
	r->s.types[i].name = name;
	r->s.types[i].attributes = fh_type_plain(FH_KIND_RECORD);
	r->s.types[i].self =
		(struct fh_type){ .kind = FH_KIND_ENTITY, .n = 1, .members = &members[i] };
	fh_schema_table_put(&r->s.by_type, fh_text_hash(name, 0), i);
}

/* The entity types, and behind them a type of actions for each namespace, which
 * only those namespaces keep that have one.  */
static void enter_types(struct fh_resolve *r)
{
	struct fh_draft *d = r->d;
	size_t n = d->entities.n + d->spaces.n;
	uint32_t *members = fh_parse_take(&d->p, n * sizeof(*members));

	r->s.by_type = fh_schema_table_of(&d->p, n);
	r->s.types = fh_parse_take(&d->p, n * sizeof(*r->s.types));
	for (size_t i = 0; d->p.e == FH_ERR_OK && i < d->entities.n; i++) {
		const struct fh_draft_entity *e = fh_draft_entity(d, i);
		uint32_t known = fh_schema_find_type(&r->s, e->name.text);

		if (known != FH_SCHEMA_NONE)
			declared_twice(d, e->name, r->s.types[known].builtin);
		put_type(r, e->name.text, members);
		r->s.types[i].builtin = e->builtin;
		r->s.types[i].notes = (struct fh_schema_notes){ e->notes.p, e->notes.n };
	}
	r->s.types_n = r->s.types_all;
	for (size_t i = 0; d->p.e == FH_ERR_OK && i < d->actions.n; i++) {
		struct fh_span space = fh_draft_space_name(d, fh_draft_action(d, i)->space);
		struct fh_draft_name name = { FH_SPAN_LIT(FH_TYPE_ACTION), { 1, 1 } };

		name.text = fh_draft_join(d, space, name);
		if (fh_schema_find_type(&r->s, name.text) != FH_SCHEMA_NONE)
			continue;
		put_type(r, name.text, members);
		r->s.types[r->s.types_all - 1].action = true;
	}
}

struct fh_span fh_resolve_in(struct fh_resolve *r, uint32_t space, struct fh_draft_name name)
{
	return fh_draft_join(r->d, fh_draft_space_name(r->d, space), name);
}

static void enter_actions(struct fh_resolve *r)
{
	struct fh_draft *d = r->d;

	r->s.by_action = fh_schema_table_of(&d->p, d->actions.n);
	r->s.actions = fh_parse_take(&d->p, d->actions.n * sizeof(*r->s.actions));
	for (uint32_t i = 0; d->p.e == FH_ERR_OK && i < d->actions.n; i++) {
		const struct fh_draft_action *a = fh_draft_action(d, i);
		struct fh_draft_name type = { FH_SPAN_LIT(FH_TYPE_ACTION), a->name.at };
		struct fh_entity_uid uid = { fh_resolve_in(r, a->space, type), a->name.text };
		uint32_t known = fh_schema_find_action(&r->s, uid);

		if (known != FH_SCHEMA_NONE)
			declared_twice(d, a->name, r->s.actions[known].builtin);
		r->s.actions[i] = (struct fh_schema_action){
			.uid = uid, .type = fh_schema_find_type(&r->s, uid.type),
			.context = fh_type_plain(FH_KIND_RECORD), .builtin = a->builtin,
			.notes = { a->notes.p, a->notes.n }
		};
		fh_schema_table_put(&r->s.by_action, fh_entity_hash(uid), i);
		r->s.actions_n++;
	}
}

/* What stands behind the last `::` of NAME.  */
static struct fh_span last_word(struct fh_span name)
{
	size_t n = name.n;

	while (n > 0 && name.p[n - 1] != ':')
		n--;
	return fh_span_skip(name, n);
}

static const char hides[] = " hides what has that name outside of all namespaces";

/* A name in a namespace hides none that stands outside of all: whoever reads `E` need
 * not ask which is meant.  */
static void check_shadow(struct fh_resolve *r, uint32_t space, struct fh_draft_name name)
{
	struct fh_span outside = last_word(name.text);
	uint32_t type = space == 0 ? FH_SCHEMA_NONE : fh_schema_find_type(&r->s, outside);

	if (type < r->s.types_n && r->s.types[type].builtin)
		fh_draft_refuse(r->d, name, FH_ERR_CONFLICT, "choose another name", "",
				" hides the type of that name that exists without being declared");
	else if (space != 0 && (type < r->s.types_n ||
				fh_resolve_find_alias(r, outside) != FH_SCHEMA_NONE))
		fh_draft_refuse(r->d, name, FH_ERR_CONFLICT, "choose another name", "", hides);
}

static void check_shadows(struct fh_resolve *r)
{
	struct fh_draft *d = r->d;

	for (size_t i = 0; d->p.e == FH_ERR_OK && i < d->aliases.n; i++)
		check_shadow(r, fh_draft_alias(d, i)->space, fh_draft_alias(d, i)->name);
	for (size_t i = 0; d->p.e == FH_ERR_OK && i < d->entities.n; i++)
		check_shadow(r, fh_draft_entity(d, i)->space, fh_draft_entity(d, i)->name);
	for (size_t i = 0; d->p.e == FH_ERR_OK && i < d->actions.n; i++) {
		const struct fh_draft_action *a = fh_draft_action(d, i);

		if (a->space != 0 &&
		    fh_schema_find_action(&r->s, fh_entity_uid_of(FH_TYPE_ACTION, a->name.text)) !=
			    FH_SCHEMA_NONE)
			fh_draft_refuse(d, a->name, FH_ERR_CONFLICT, "choose another name",
					"action ",
					" hides the one of that name outside of all namespaces");
	}
}

void fh_resolve_enter(struct fh_resolve *r)
{
	enter_aliases(r);
	enter_types(r);
	enter_actions(r);
	check_shadows(r);
}
