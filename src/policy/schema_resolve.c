/* SPDX-License-Identifier: Apache-2.0 */
/* Looks up what a schema names, and refuses what is not declared, declared
 * twice, or circular.  */
#include "policy/schema_draft.h"

#include "base/limits.h"
#include "policy/suggest.h"

static fh_err declared_twice(struct fh_draft *d, struct fh_draft_name name, bool builtin)
{
	fh_trace_what(d->lex.trace, "`%.*s` %s", fh_shown(name.text), (const char *)name.text.p,
		      builtin ? "exists without being declared" : "is declared twice");
	fh_trace_cure(d->lex.trace, "remove this declaration");
	return fh_lexer_refuse(&d->lex, name.at, FH_ERR_CONFLICT);
}

static fh_err undeclared(struct fh_draft *d, const char *what, struct fh_draft_name name,
			 struct fh_span near)
{
	fh_trace_what(d->lex.trace, "%s `%.*s` is not declared", what, fh_shown(name.text),
		      (const char *)name.text.p);
	if (near.n > 0)
		fh_trace_cure(d->lex.trace, "did you mean `%.*s`?", fh_shown(near),
			      (const char *)near.p);
	else
		fh_trace_cure(d->lex.trace, "declare it, or remove it here");
	return fh_lexer_refuse(&d->lex, name.at, FH_ERR_UNKNOWN);
}

fh_err fh_schema_table_of(struct fh_draft *d, size_t n, struct fh_schema_table *out)
{
	uint32_t slots = 8;

	while (slots < 2 * n)
		slots *= 2;
	out->slot = fh_arena_array(d->arena, slots, sizeof(*out->slot));
	out->mask = slots - 1;
	return out->slot == nullptr ? fh_lexer_full(&d->lex) : FH_ERR_OK;
}

static fh_err index_room(struct fh_draft *d, size_t n, uint32_t **out)
{
	*out = fh_arena_array(d->arena, n, sizeof(**out));
	return *out == nullptr ? fh_lexer_full(&d->lex) : FH_ERR_OK;
}

static fh_err enter_type(struct fh_draft *d, struct fh_schema *s, const struct fh_draft_type *type)
{
	uint32_t known = fh_schema_find_type(s, type->name.text);

	if (known != FH_SCHEMA_NONE)
		return declared_twice(d, type->name, s->types[known].builtin);
	if (fh_span_equal(type->name.text, FH_SPAN_LIT(FH_TYPE_ACTION)))
		return declared_twice(d, type->name, true);
	s->types[s->types_n] = (struct fh_schema_type){ .name = type->name.text,
							.builtin = type->builtin };
	fh_schema_table_put(&s->by_type, fh_text_hash(type->name.text, 0), s->types_n++);
	return FH_ERR_OK;
}

static fh_err enter_action(struct fh_draft *d, struct fh_schema *s,
			   const struct fh_draft_action *action)
{
	struct fh_entity_uid uid = fh_entity_uid_of(FH_TYPE_ACTION, action->name.text);
	uint32_t known = fh_schema_find_action(s, uid);

	if (known != FH_SCHEMA_NONE)
		return declared_twice(d, action->name, s->actions[known].builtin);
	s->actions[s->actions_n] = (struct fh_schema_action){ .uid = uid,
							      .doc = action->notes.doc.text,
							      .builtin = action->builtin };
	fh_schema_table_put(&s->by_action, fh_entity_hash(uid), s->actions_n++);
	return FH_ERR_OK;
}

static fh_err enter_names(struct fh_draft *d, struct fh_schema *s)
{
	fh_err e = fh_schema_table_of(d, d->types_n, &s->by_type);

	if (e == FH_ERR_OK)
		e = fh_schema_table_of(d, d->actions_n, &s->by_action);
	if (e != FH_ERR_OK)
		return e;
	s->types = fh_arena_array(d->arena, d->types_n, sizeof(*s->types));
	s->actions = fh_arena_array(d->arena, d->actions_n, sizeof(*s->actions));
	if (s->types == nullptr || s->actions == nullptr)
		return fh_lexer_full(&d->lex);
	for (size_t i = 0; e == FH_ERR_OK && i < d->types_n; i++)
		e = enter_type(d, s, &d->types[i]);
	for (size_t i = 0; e == FH_ERR_OK && i < d->actions_n; i++)
		e = enter_action(d, s, &d->actions[i]);
	return e;
}

static fh_err find_types(struct fh_draft *d, const struct fh_schema *s,
			 struct fh_draft_names names, const uint32_t **out, uint32_t *n)
{
	uint32_t *found;
	fh_err e = index_room(d, names.n, &found);

	for (size_t i = 0; e == FH_ERR_OK && i < names.n; i++) {
		found[i] = fh_schema_find_type(s, names.name[i].text);
		if (found[i] != FH_SCHEMA_NONE)
			continue;
		struct fh_suggestion near = fh_suggestion_for(names.name[i].text);

		for (uint32_t k = 0; k < s->types_n; k++)
			fh_suggestion_offer(&near, s->types[k].name);
		return undeclared(d, "entity type", names.name[i], near.best);
	}
	*out = found;
	*n = (uint32_t)names.n;
	return e;
}

static fh_err find_groups(struct fh_draft *d, const struct fh_schema *s,
			  struct fh_draft_names names, struct fh_schema_action *action)
{
	uint32_t *found;
	fh_err e = index_room(d, names.n, &found);

	for (size_t i = 0; e == FH_ERR_OK && i < names.n; i++) {
		found[i] = fh_schema_find_action(
			s, fh_entity_uid_of(FH_TYPE_ACTION, names.name[i].text));
		if (found[i] != FH_SCHEMA_NONE)
			continue;
		struct fh_suggestion near = fh_suggestion_for(names.name[i].text);

		for (uint32_t k = 0; k < s->actions_n; k++)
			fh_suggestion_offer(&near, s->actions[k].uid.id);
		return undeclared(d, "action", names.name[i], near.best);
	}
	action->parents = found;
	action->parents_n = (uint32_t)names.n;
	return e;
}

static fh_err find_names(struct fh_draft *d, struct fh_schema *s)
{
	fh_err e = FH_ERR_OK;

	for (size_t i = 0; e == FH_ERR_OK && i < d->types_n; i++)
		e = find_types(d, s, d->types[i].parents, &s->types[i].parents,
			       &s->types[i].parents_n);
	for (size_t i = 0; e == FH_ERR_OK && i < d->actions_n; i++) {
		const struct fh_draft_action *from = &d->actions[i];
		struct fh_schema_action *to = &s->actions[i];

		e = find_groups(d, s, from->parents, to);
		if (e == FH_ERR_OK)
			e = find_types(d, s, from->principals, &to->principals, &to->principals_n);
		if (e == FH_ERR_OK)
			e = find_types(d, s, from->resources, &to->resources, &to->resources_n);
	}
	return e;
}

static fh_err circular(struct fh_draft *d, uint32_t action)
{
	struct fh_draft_name name = d->actions[action].name;

	fh_trace_what(d->lex.trace, "action `%.*s` is in itself", fh_shown(name.text),
		      (const char *)name.text.p);
	fh_trace_cure(d->lex.trace, "break the circle of groups");
	return fh_lexer_refuse(&d->lex, name.at, FH_ERR_CONFLICT);
}

/* Collects the groups of ACTION breadth first into QUEUE.  SEEN holds, for each
 * action, the last one whose walk met it, plus one.  */
static fh_err walk_groups(struct fh_draft *d, const struct fh_schema *s, uint32_t action,
			  uint32_t *queue, uint32_t *seen, uint32_t *n)
{
	uint32_t count = 0;

	queue[count++] = action;
	seen[action] = action + 1;
	for (uint32_t i = 0; i < count; i++) {
		const struct fh_schema_action *at = &s->actions[queue[i]];

		for (uint32_t k = 0; k < at->parents_n; k++) {
			if (at->parents[k] == action)
				return circular(d, action);
			if (seen[at->parents[k]] != action + 1)
				queue[count++] = at->parents[k];
			seen[at->parents[k]] = action + 1;
		}
	}
	*n = count;
	return FH_ERR_OK;
}

static fh_err close_groups(struct fh_draft *d, struct fh_schema *s)
{
	uint32_t *queue, *seen, *kept;
	fh_err e = index_room(d, s->actions_n, &queue);

	if (e == FH_ERR_OK)
		e = index_room(d, s->actions_n, &seen);
	for (uint32_t i = 0; e == FH_ERR_OK && i < s->actions_n; i++) {
		struct fh_schema_action *action = &s->actions[i];

		e = walk_groups(d, s, i, queue, seen, &action->ancestors_n);
		if (e == FH_ERR_OK)
			e = index_room(d, action->ancestors_n, &kept);
		for (uint32_t k = 0; e == FH_ERR_OK && k < action->ancestors_n; k++)
			kept[k] = queue[k];
		if (e == FH_ERR_OK)
			action->ancestors = kept;
	}
	return e;
}

fh_err fh_draft_resolve(struct fh_draft *d, struct fh_schema *out)
{
	struct fh_schema s = { 0 };
	fh_err e = enter_names(d, &s);

	if (e == FH_ERR_OK)
		e = find_names(d, &s);
	if (e == FH_ERR_OK)
		e = close_groups(d, &s);
	if (e == FH_ERR_OK)
		e = fh_draft_resolve_wire(d, &s);
	if (e == FH_ERR_OK)
		*out = s;
	return e;
}
