/* SPDX-License-Identifier: Apache-2.0 */
/* @mcp and @resource: which wire call is which action, and on what.  */
#include "base/limits.h"
#include "policy/schema_draft.h"

static fh_err refuse(struct fh_draft *d, struct fh_position at, fh_err e, const char *what,
		     const char *cure)
{
	fh_trace_what(d->lex.trace, "%s", what);
	fh_trace_cure(d->lex.trace, "%s", cure);
	return fh_lexer_refuse(&d->lex, at, e);
}

static bool is_plain(struct fh_span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < 0x20 || s.p[i] == 0x7f)
			return false;
	}
	return s.n > 0 && s.n <= FH_NAME_MAX;
}

/* "server/tool" of ACTION into the schema.  */
static fh_err map_call(struct fh_draft *d, struct fh_schema *s, struct fh_span text,
		       struct fh_position at, uint32_t action)
{
	size_t slash = fh_span_find(text, '/');
	struct fh_schema_call call = { fh_span_first(text, slash), fh_span_skip(text, slash + 1),
				       action };

	if (!is_plain(call.server) || !is_plain(call.tool))
		return refuse(d, at, FH_ERR_FORMAT, "@mcp holds something that is no call",
			      "write \"server/tool\", several separated by `;`");
	uint32_t known = fh_schema_find_call(s, call.server, call.tool);

	if (known != FH_SCHEMA_NONE) {
		struct fh_span other = s->actions[s->calls[known].action].uid.id;

		fh_trace_what(d->lex.trace, "the call `%.*s` is mapped to action `%.*s` already",
			      fh_shown(text), (const char *)text.p, fh_shown(other),
			      (const char *)other.p);
		fh_trace_cure(d->lex.trace, "map each call once");
		return fh_lexer_refuse(&d->lex, at, FH_ERR_CONFLICT);
	}
	s->calls[s->calls_n] = call;
	fh_schema_table_put(&s->by_call, fh_schema_call_hash(call.server, call.tool),
			    s->calls_n++);
	s->actions[action].calls_n++;
	return FH_ERR_OK;
}

static fh_err map_calls(struct fh_draft *d, struct fh_schema *s, uint32_t action)
{
	struct fh_draft_name mcp = d->actions[action].notes.mcp;
	fh_err e = FH_ERR_OK;

	if (mcp.text.p == nullptr)
		return FH_ERR_OK;
	if (s->actions[action].principals_n == 0)
		return refuse(d, mcp.at, FH_ERR_CONFLICT, "@mcp on an action that is a mere group",
			      "add appliesTo, or remove @mcp");
	for (struct fh_span rest = mcp.text;;) {
		size_t n = fh_span_find(rest, ';');

		e = map_call(d, s, fh_draft_trim(fh_span_first(rest, n)), mcp.at, action);
		if (e != FH_ERR_OK || n == rest.n)
			return e;
		rest = fh_span_skip(rest, n + 1);
	}
}

/* RFC 6901: "/" before each part, and after "~" a 0 or a 1.  */
static bool is_pointer(struct fh_span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '~' && (i + 1 == s.n || (s.p[i + 1] != '0' && s.p[i + 1] != '1')))
			return false;
	}
	return s.n > 0 && s.p[0] == '/';
}

/* An action whose calls have no @resource is about the tool server.  */
static fh_err server_rule(struct fh_draft *d, const struct fh_schema *s, uint32_t action)
{
	const struct fh_schema_action *a = &s->actions[action];
	uint32_t server = fh_schema_find_type(s, FH_SPAN_LIT(FH_TYPE_SERVER));

	if (a->calls_n == 0 || (a->resources_n == 1 && a->resources[0] == server))
		return FH_ERR_OK;
	return refuse(d, d->actions[action].name.at, FH_ERR_CONFLICT,
		      "without @resource, a call's resource is its Server",
		      "declare `resource: [Server]`, or add @resource");
}

static fh_err argument_rule(struct fh_draft *d, struct fh_schema *s, uint32_t action)
{
	const struct fh_draft_annotations *notes = &d->actions[action].notes;
	struct fh_schema_action *a = &s->actions[action];
	bool path = fh_span_equal(notes->kind.text, FH_SPAN_LIT("posix-path"));

	if (a->calls_n == 0)
		return refuse(d, notes->pointer.at, FH_ERR_CONFLICT,
			      "@resource without @mcp: there is no argument",
			      "add @mcp, or remove @resource");
	if (!is_pointer(notes->pointer.text))
		return refuse(d, notes->pointer.at, FH_ERR_FORMAT,
			      "@resource must begin with a JSON Pointer such as \"/path\"",
			      "write @resource(\"/path\", \"posix-path\")");
	if (!path && !fh_span_equal(notes->kind.text, FH_SPAN_LIT("text")))
		return refuse(d, notes->kind.at, FH_ERR_UNKNOWN, "@resource of an unknown kind",
			      "kinds are \"posix-path\" and \"text\"");
	if (a->resources_n != 1)
		return refuse(d, notes->pointer.at, FH_ERR_CONFLICT,
			      "with @resource, appliesTo must name exactly one resource type",
			      "name one");
	struct fh_schema_type *type = &s->types[a->resources[0]];

	if (type->builtin)
		return refuse(d, notes->pointer.at, FH_ERR_CONFLICT,
			      "an argument cannot name an entity of a built-in type",
			      "declare an entity type for it");
	a->kind = path ? FH_RESOURCE_POSIX_PATH : FH_RESOURCE_TEXT;
	a->pointer = notes->pointer.text;
	type->is_path |= path;
	type->is_text |= !path;
	return FH_ERR_OK;
}

/* The folders of paths are paths: File in [Folder], and Folder in [Folder].  */
static fh_err path_rule(struct fh_draft *d, struct fh_schema *s, uint32_t type)
{
	struct fh_schema_type *t = &s->types[type];
	struct fh_position at = d->types[type].name.at;

	if (t->parents_n == 0)
		return FH_ERR_OK;
	struct fh_schema_type *folder = &s->types[t->parents[0]];

	if (t->parents_n > 1 || folder->builtin)
		return refuse(d, at, FH_ERR_CONFLICT,
			      "a posix-path must be declared `in` exactly one type of its own",
			      "declare one folder type: entity File in [Folder];");
	if (folder->parents_n != 1 || folder->parents[0] != t->parents[0])
		return refuse(d, at, FH_ERR_CONFLICT,
			      "the folders of a posix-path must be in folders themselves",
			      "declare: entity Folder in [Folder];");
	folder->is_path = true;
	return FH_ERR_OK;
}

static fh_err type_rules(struct fh_draft *d, struct fh_schema *s)
{
	fh_err e = FH_ERR_OK;

	for (uint32_t i = 0; e == FH_ERR_OK && i < s->types_n; i++) {
		if (s->types[i].is_path)
			e = path_rule(d, s, i);
	}
	for (uint32_t i = 0; e == FH_ERR_OK && i < s->types_n; i++) {
		if (s->types[i].is_path && s->types[i].is_text)
			e = refuse(d, d->types[i].name.at, FH_ERR_CONFLICT,
				   "one type is both a posix-path and a text",
				   "use two entity types");
	}
	return e;
}

/* An upper bound for the calls of all actions: one more than semicolons.  */
static size_t calls_written(const struct fh_draft *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->actions_n; i++) {
		struct fh_span mcp = d->actions[i].notes.mcp.text;

		n += mcp.p != nullptr;
		for (size_t k = 0; k < mcp.n; k++)
			n += mcp.p[k] == ';';
	}
	return n;
}

fh_err fh_draft_resolve_wire(struct fh_draft *d, struct fh_schema *s)
{
	size_t n = calls_written(d);

	if (n > FH_SCHEMA_CALLS_MAX)
		return refuse(d, (struct fh_position){ 1, 1 }, FH_ERR_LIMIT,
			      "the schema maps too many calls", "map fewer");
	fh_err e = fh_schema_table_of(d, n, &s->by_call);

	s->calls = fh_arena_array(d->arena, n, sizeof(*s->calls));
	if (e == FH_ERR_OK && s->calls == nullptr)
		e = fh_lexer_full(&d->lex);
	for (uint32_t i = 0; e == FH_ERR_OK && i < s->actions_n; i++) {
		e = map_calls(d, s, i);
		if (e == FH_ERR_OK && d->actions[i].notes.pointer.text.p == nullptr &&
		    d->actions[i].notes.kind.text.p == nullptr)
			e = server_rule(d, s, i);
		else if (e == FH_ERR_OK)
			e = argument_rule(d, s, i);
	}
	return e == FH_ERR_OK ? type_rules(d, s) : e;
}
