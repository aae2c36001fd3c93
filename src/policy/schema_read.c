/* SPDX-License-Identifier: Apache-2.0 */
/* The syntax of a schema.  Cedar's attributes, tags, common types and namespaces
 * are refused by name: nothing here evaluates them yet.  */
#include "policy/schema_draft.h"

#include "base/limits.h"

static const struct fh_draft_name team[] = { { FH_TEXT_INIT(FH_TYPE_TEAM), { 0 } } };
static const struct fh_draft_name device[] = { { FH_TEXT_INIT(FH_TYPE_DEVICE), { 0 } } };
static const struct fh_draft_name server[] = { { FH_TEXT_INIT(FH_TYPE_SERVER), { 0 } } };
static const struct fh_draft_name asker[] = { { FH_TEXT_INIT(FH_TYPE_ACTOR), { 0 } },
					      { FH_TEXT_INIT(FH_TYPE_DEVICE), { 0 } } };

static const struct fh_draft_type builtin_types[] = {
	{ { FH_TEXT_INIT(FH_TYPE_ACTOR), { 0 } }, { team, 1 }, true },
	{ { FH_TEXT_INIT(FH_TYPE_TEAM), { 0 } }, { team, 1 }, true },
	{ { FH_TEXT_INIT(FH_TYPE_DEVICE), { 0 } }, { 0 }, true },
	{ { FH_TEXT_INIT(FH_TYPE_SERVER), { 0 } }, { 0 }, true },
};

static const struct fh_draft_action builtin_actions[] = {
	{ .name = { FH_TEXT_INIT(FH_ACTION_MCP_INITIALIZE), { 0 } }, .principals = { asker, 2 },
	  .resources = { server, 1 }, .builtin = true },
	{ .name = { FH_TEXT_INIT(FH_ACTION_MCP_LIST), { 0 } }, .principals = { asker, 2 },
	  .resources = { server, 1 }, .builtin = true },
	{ .name = { FH_TEXT_INIT(FH_ACTION_SERVER_START), { 0 } }, .principals = { device, 1 },
	  .resources = { server, 1 }, .builtin = true },
};

constexpr size_t builtin_types_n = sizeof(builtin_types) / sizeof(builtin_types[0]);
constexpr size_t builtin_actions_n = sizeof(builtin_actions) / sizeof(builtin_actions[0]);

/* Refuses the next token: Cedar has it, we do not.  */
static fh_err refuse_feature(struct fh_draft *d, const char *what)
{
	fh_trace_what(d->lex.trace, "%s not evaluated yet", what);
	fh_trace_cure(d->lex.trace, "remove it; docs/spec/POLICY lists what is accepted");
	return fh_lexer_refuse(&d->lex, d->lex.next.at, FH_ERR_UNSUPPORTED);
}

static fh_err too_many(struct fh_draft *d, const char *what, size_t max)
{
	fh_trace_what(d->lex.trace, "the schema declares more than %zu %s", max, what);
	fh_trace_cure(d->lex.trace, "declare fewer");
	return fh_lexer_refuse(&d->lex, d->lex.next.at, FH_ERR_LIMIT);
}

/* How a name may be written where it stands.  */
enum name_form {
	NAME_TYPE,   /* File */
	NAME_ACTION, /* "files.read" or read */
	NAME_GROUP,  /* the same, or Action::"files.read" */
};

static fh_err type_name(struct fh_draft *d, struct fh_span *out)
{
	fh_err e = fh_lexer_word(&d->lex, "the name of an entity type", out);

	if (e == FH_ERR_OK && fh_lexer_sees(&d->lex, "::"))
		return refuse_feature(d, "namespaces are");
	return e;
}

static fh_err read_name(struct fh_draft *d, enum name_form form, struct fh_draft_name *out)
{
	struct fh_lexer *lex = &d->lex;
	fh_err e;

	out->at = lex->next.at;
	if (form == NAME_TYPE)
		return type_name(d, &out->text);
	if (lex->next.kind == FH_TOKEN_STRING)
		return fh_lexer_string(lex, "the name of an action", d->arena, &out->text);
	e = fh_lexer_word(lex, "the name of an action", &out->text);
	if (e != FH_ERR_OK || !fh_lexer_sees(lex, "::"))
		return e;
	if (form != NAME_GROUP || !fh_span_equal(out->text, FH_SPAN_LIT(FH_TYPE_ACTION)))
		return refuse_feature(d, "namespaces are");
	e = fh_lexer_step(lex);
	return e == FH_ERR_OK ? fh_lexer_string(lex, "the name of an action", d->arena, &out->text)
			      : e;
}

static fh_err name_room(struct fh_draft *d, size_t n, struct fh_draft_name **out)
{
	*out = fh_arena_array(d->arena, n, sizeof(**out));
	return *out == nullptr ? fh_lexer_full(&d->lex) : FH_ERR_OK;
}

/* NAME, or [NAME, ...], or [].  */
static fh_err read_list(struct fh_draft *d, enum name_form form, struct fh_draft_names *out)
{
	bool listed = fh_lexer_sees(&d->lex, "[");
	struct fh_draft_name *name;
	size_t commas = 0;
	fh_err e = listed ? fh_lexer_step(&d->lex) : FH_ERR_OK;

	if (e == FH_ERR_OK && listed && fh_lexer_sees(&d->lex, "]")) {
		*out = (struct fh_draft_names){ 0 };
		return fh_lexer_step(&d->lex);
	}
	if (e == FH_ERR_OK && listed)
		e = fh_lexer_commas(d->lex, &commas);
	if (e == FH_ERR_OK)
		e = name_room(d, commas + 1, &name);
	for (size_t i = 0; e == FH_ERR_OK && i <= commas; i++) {
		e = i > 0 ? fh_lexer_demand(&d->lex, ",") : FH_ERR_OK;
		if (e == FH_ERR_OK)
			e = read_name(d, form, &name[i]);
	}
	if (e == FH_ERR_OK && listed)
		e = fh_lexer_demand(&d->lex, "]");
	if (e == FH_ERR_OK)
		*out = (struct fh_draft_names){ name, commas + 1 };
	return e;
}

/* The record {}: anything in it is refused as WHAT.  */
static fh_err empty_record(struct fh_draft *d, const char *what)
{
	fh_err e = fh_lexer_demand(&d->lex, "{");

	if (e == FH_ERR_OK && !fh_lexer_sees(&d->lex, "}"))
		return refuse_feature(d, what);
	return e == FH_ERR_OK ? fh_lexer_step(&d->lex) : e;
}

/* Everything of an entity declaration behind its names.  */
static fh_err entity_rest(struct fh_draft *d, struct fh_draft_names *parents)
{
	struct fh_lexer *lex = &d->lex;
	fh_err e = FH_ERR_OK;

	if (fh_lexer_sees(lex, "enum"))
		return refuse_feature(d, "enumerated entities are");
	if (fh_lexer_sees(lex, "in")) {
		e = fh_lexer_step(lex);
		if (e == FH_ERR_OK)
			e = read_list(d, NAME_TYPE, parents);
	}
	bool equals = e == FH_ERR_OK && fh_lexer_sees(lex, "=");

	if (equals)
		e = fh_lexer_step(lex);
	if (e == FH_ERR_OK && (equals || fh_lexer_sees(lex, "{")))
		e = empty_record(d, "attributes of entities are");
	if (e == FH_ERR_OK && fh_lexer_sees(lex, "tags"))
		return refuse_feature(d, "tags of entities are");
	return e == FH_ERR_OK ? fh_lexer_demand(lex, ";") : e;
}

/* entity A, B in [C];  */
static fh_err read_entity(struct fh_draft *d, const struct fh_draft_annotations *notes)
{
	size_t first = d->types_n;
	struct fh_draft_names parents = { 0 };
	fh_err e;

	if (notes->mcp.text.p != nullptr || notes->pointer.text.p != nullptr) {
		fh_trace_what(d->lex.trace, "@mcp and @resource belong to actions");
		fh_trace_cure(d->lex.trace, "move them to an action");
		return fh_lexer_refuse(&d->lex, d->lex.next.at, FH_ERR_CONFLICT);
	}
	do {
		e = fh_lexer_step(&d->lex); /* `entity` or a comma */
		if (e == FH_ERR_OK && d->types_n == d->types_room)
			e = too_many(d, "entity types", FH_SCHEMA_TYPES_MAX);
		if (e == FH_ERR_OK)
			e = read_name(d, NAME_TYPE, &d->types[d->types_n++].name);
	} while (e == FH_ERR_OK && fh_lexer_sees(&d->lex, ","));
	if (e == FH_ERR_OK)
		e = entity_rest(d, &parents);
	for (size_t i = first; i < d->types_n; i++)
		d->types[i].parents = parents;
	return e;
}

/* One `name: value` of appliesTo.  */
static fh_err applies_part(struct fh_draft *d, struct fh_draft_action *action)
{
	struct fh_lexer *lex = &d->lex;
	bool principal = fh_lexer_sees(lex, "principal");
	bool context = fh_lexer_sees(lex, "context");
	struct fh_draft_names *list = principal ? &action->principals : &action->resources;
	struct fh_position at = lex->next.at;

	if (!principal && !context && !fh_lexer_sees(lex, "resource"))
		return fh_lexer_unexpected(lex, "`principal`, `resource` or `context`");
	fh_err e = fh_lexer_step(lex);

	if (e == FH_ERR_OK)
		e = fh_lexer_demand(lex, ":");
	if (e != FH_ERR_OK)
		return e;
	if (context)
		return empty_record(d, "a context is");
	if (list->n > 0) {
		fh_trace_what(lex->trace, "appliesTo says this twice");
		fh_trace_cure(lex->trace, "keep one");
		return fh_lexer_refuse(lex, at, FH_ERR_CONFLICT);
	}
	e = read_list(d, NAME_TYPE, list);
	if (e == FH_ERR_OK && list->n == 0) {
		fh_trace_what(lex->trace, "an empty list: the action would apply to nothing");
		fh_trace_cure(lex->trace, "name a type, or leave appliesTo out for a mere group");
		return fh_lexer_refuse(lex, at, FH_ERR_CONFLICT);
	}
	return e;
}

/* appliesTo { principal: ..., resource: ..., context: {} }  */
static fh_err applies_to(struct fh_draft *d, struct fh_draft_action *action)
{
	struct fh_lexer *lex = &d->lex;
	struct fh_position at = lex->next.at;
	fh_err e = fh_lexer_step(lex);

	if (e == FH_ERR_OK)
		e = fh_lexer_demand(lex, "{");
	while (e == FH_ERR_OK && !fh_lexer_sees(lex, "}")) {
		e = applies_part(d, action);
		if (e == FH_ERR_OK && !fh_lexer_sees(lex, "}"))
			e = fh_lexer_demand(lex, ",");
	}
	if (e == FH_ERR_OK && (action->principals.n == 0 || action->resources.n == 0)) {
		fh_trace_what(lex->trace, "appliesTo must name principal and resource");
		fh_trace_cure(lex->trace, "add what is missing");
		return fh_lexer_refuse(lex, at, FH_ERR_FORMAT);
	}
	return e == FH_ERR_OK ? fh_lexer_step(lex) : e;
}

static fh_err action_rest(struct fh_draft *d, struct fh_draft_action *action)
{
	struct fh_lexer *lex = &d->lex;
	fh_err e = FH_ERR_OK;

	if (fh_lexer_sees(lex, "in")) {
		e = fh_lexer_step(lex);
		if (e == FH_ERR_OK)
			e = read_list(d, NAME_GROUP, &action->parents);
	}
	if (e == FH_ERR_OK && fh_lexer_sees(lex, "appliesTo"))
		e = applies_to(d, action);
	if (e == FH_ERR_OK && fh_lexer_sees(lex, "attributes"))
		return refuse_feature(d, "attributes of actions are");
	return e == FH_ERR_OK ? fh_lexer_demand(lex, ";") : e;
}

/* action "a", "b" in ["g"] appliesTo { ... };  */
static fh_err read_action(struct fh_draft *d, const struct fh_draft_annotations *notes)
{
	size_t first = d->actions_n;
	struct fh_draft_action shape = { .notes = *notes };
	fh_err e;

	do {
		e = fh_lexer_step(&d->lex); /* `action` or a comma */
		if (e == FH_ERR_OK && d->actions_n == d->actions_room)
			e = too_many(d, "actions", FH_SCHEMA_ACTIONS_MAX);
		if (e == FH_ERR_OK)
			e = read_name(d, NAME_ACTION, &d->actions[d->actions_n++].name);
	} while (e == FH_ERR_OK && fh_lexer_sees(&d->lex, ","));
	if (e == FH_ERR_OK)
		e = action_rest(d, &shape);
	for (size_t i = first; i < d->actions_n; i++) {
		shape.name = d->actions[i].name;
		d->actions[i] = shape;
	}
	return e;
}

struct fh_span fh_draft_trim(struct fh_span s)
{
	while (s.n > 0 && s.p[0] == ' ')
		s = fh_span_skip(s, 1);
	while (s.n > 0 && s.p[s.n - 1] == ' ')
		s = fh_span_first(s, s.n - 1);
	return s;
}

/* @resource("/pointer; kind"), all in one string: split at the last `;`.  */
static void split_resource(struct fh_draft_annotations *notes)
{
	struct fh_span all = notes->pointer.text;
	size_t cut = all.n;

	while (cut > 0 && all.p[cut - 1] != ';')
		cut--;
	notes->kind = notes->pointer;
	notes->kind.text = fh_draft_trim(fh_span_skip(all, cut));
	notes->pointer.text = fh_draft_trim(fh_span_first(all, cut == 0 ? 0 : cut - 1));
}

/* The strings of @resource, standing behind `(`.  */
static fh_err resource_strings(struct fh_draft *d, struct fh_draft_annotations *notes)
{
	struct fh_lexer *lex = &d->lex;
	const char *what = "a string, as in @resource(\"/path\", \"posix-path\")";

	notes->pointer.at = lex->next.at;
	fh_err e = fh_lexer_string(lex, what, d->arena, &notes->pointer.text);

	if (e != FH_ERR_OK)
		return e;
	if (!fh_lexer_sees(lex, ",")) {
		split_resource(notes);
		return FH_ERR_OK;
	}
	e = fh_lexer_step(lex);
	notes->kind.at = lex->next.at;
	return e == FH_ERR_OK ? fh_lexer_string(lex, what, d->arena, &notes->kind.text) : e;
}

/* Where the annotation NAME is kept, or NULL.  */
static struct fh_draft_name *note_named(struct fh_draft_annotations *notes, struct fh_span name)
{
	if (fh_span_equal(name, FH_SPAN_LIT("doc")))
		return &notes->doc;
	if (fh_span_equal(name, FH_SPAN_LIT("mcp")))
		return &notes->mcp;
	return fh_span_equal(name, FH_SPAN_LIT("resource")) ? &notes->pointer : nullptr;
}

static fh_err read_annotation(struct fh_draft *d, struct fh_draft_annotations *notes)
{
	struct fh_lexer *lex = &d->lex;
	fh_err e = fh_lexer_step(lex); /* `@` */

	if (e != FH_ERR_OK)
		return e;
	struct fh_token name = lex->next;
	struct fh_draft_name *note = note_named(notes, name.text);

	if (name.kind != FH_TOKEN_WORD)
		return fh_lexer_unexpected(lex, "the name of an annotation");
	if (note == nullptr || note->text.p != nullptr) {
		fh_trace_what(lex->trace, "annotation @%.*s %s", fh_shown(name.text),
			      (const char *)name.text.p,
			      note == nullptr ? "is not evaluated yet" : "stands here twice");
		fh_trace_cure(lex->trace, "remove it");
		return fh_lexer_refuse(lex, name.at,
				       note == nullptr ? FH_ERR_UNSUPPORTED : FH_ERR_CONFLICT);
	}
	e = fh_lexer_step(lex);
	if (e == FH_ERR_OK)
		e = fh_lexer_demand(lex, "(");
	note->at = lex->next.at;
	if (e == FH_ERR_OK)
		e = note == &notes->pointer
			    ? resource_strings(d, notes)
			    : fh_lexer_string(lex, "a string", d->arena, &note->text);
	return e == FH_ERR_OK ? fh_lexer_demand(lex, ")") : e;
}

static fh_err read_declaration(struct fh_draft *d)
{
	struct fh_draft_annotations notes = { 0 };
	struct fh_lexer *lex = &d->lex;
	fh_err e = FH_ERR_OK;

	while (e == FH_ERR_OK && fh_lexer_sees(lex, "@"))
		e = read_annotation(d, &notes);
	if (e != FH_ERR_OK)
		return e;
	if (fh_lexer_sees(lex, "entity"))
		return read_entity(d, &notes);
	if (fh_lexer_sees(lex, "action"))
		return read_action(d, &notes);
	if (fh_lexer_sees(lex, "namespace"))
		return refuse_feature(d, "namespaces are");
	if (fh_lexer_sees(lex, "type"))
		return refuse_feature(d, "common types are");
	return fh_lexer_unexpected(lex, "`entity`, `action` or an annotation");
}

/* No more is declared than there are commas and semicolons.  */
static size_t declarations(struct fh_span text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == ';' || text.p[i] == ',';
	return n + 1;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static fh_err draft_room(struct fh_span text, struct fh_draft *d)
{
	size_t n = declarations(text);

	d->types_room = least(n + builtin_types_n, FH_SCHEMA_TYPES_MAX);
	d->actions_room = least(n + builtin_actions_n, FH_SCHEMA_ACTIONS_MAX);
	d->types = fh_arena_array(d->arena, d->types_room, sizeof(*d->types));
	d->actions = fh_arena_array(d->arena, d->actions_room, sizeof(*d->actions));
	if (d->types == nullptr || d->actions == nullptr)
		return fh_lexer_full(&d->lex);
	for (size_t i = 0; i < builtin_types_n; i++)
		d->types[d->types_n++] = builtin_types[i];
	for (size_t i = 0; i < builtin_actions_n; i++)
		d->actions[d->actions_n++] = builtin_actions[i];
	return FH_ERR_OK;
}

fh_err fh_draft_read(struct fh_span text, struct fh_arena *a, struct fh_trace *t,
		     struct fh_draft *out)
{
	struct fh_draft d = { .arena = a };
	fh_err e = fh_lexer_open(text, FH_SCHEMA_TEXT_MAX, "schema", a, t, &d.lex);

	if (e == FH_ERR_OK)
		e = draft_room(text, &d);
	while (e == FH_ERR_OK && d.lex.next.kind != FH_TOKEN_END)
		e = read_declaration(&d);
	if (e == FH_ERR_OK)
		*out = d;
	return e;
}
