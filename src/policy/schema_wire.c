/* SPDX-License-Identifier: Apache-2.0 */
/* @mcp, @openai, @resource and @tokens: which wire call is which action, on what, and what it
 * uses.  */
#include "base/decimal.h"
#include "base/limits.h"
#include "policy/schema_draft.h"

static void refuse(struct fh_draft *d, struct fh_position at, fh_err e, const char *what,
		   const char *cure)
{
	fh_parse_refuse(&d->p, at, e, cure, "%s", what);
}

static const struct fh_annotation *note(struct fh_draft *d, uint32_t action, const char *name)
{
	return fh_draft_note(&fh_draft_action(d, action)->notes, fh_span_str(name));
}

struct fh_span fh_draft_trim(struct fh_span s)
{
	while (s.n > 0 && s.p[0] == ' ')
		s = fh_span_skip(s, 1);
	while (s.n > 0 && s.p[s.n - 1] == ' ')
		s = fh_span_first(s, s.n - 1);
	return s;
}

/* --- calls ------------------------------------------------------------ */

static bool is_plain(struct fh_span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < 0x20 || s.p[i] == 0x7f)
			return false;
	}
	return s.n > 0 && s.n <= FH_NAME_MAX;
}

/* What OpenAI's API takes as the name of a function.  */
static bool is_function(struct fh_span s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9')
		    && c != '_' && c != '-')
			return false;
	}
	return s.n > 0 && s.n <= FH_FUNCTION_NAME_MAX;
}

static bool read_tool(struct fh_draft *d, struct fh_span text, struct fh_position at,
		      struct fh_schema_call *call)
{
	size_t slash = fh_span_find(text, '/');

	call->server = fh_span_first(text, slash);
	call->tool = fh_span_skip(text, slash + 1);
	if (is_plain(call->server) && is_plain(call->tool))
		return true;
	refuse(d, at, FH_ERR_FORMAT, "@mcp holds something that is no call",
	       "write \"server/tool\", several separated by `;`");
	return false;
}

static bool read_function(struct fh_draft *d, struct fh_span text, struct fh_position at,
			  struct fh_schema_call *call)
{
	call->tool = text;
	if (is_function(text))
		return true;
	refuse(d, at, FH_ERR_FORMAT, "@openai holds something that is no function's name",
	       "write 1 to 64 letters, digits, `_` and `-`, several names separated by `;`");
	return false;
}

/* The call in TEXT, of ACTION, into the schema.  */
static void map_call(struct fh_draft *d, struct fh_schema *s, struct fh_span text,
		     struct fh_position at, bool function, uint32_t action)
{
	struct fh_schema_call call = { .action = action };

	if (!(function ? read_function : read_tool)(d, text, at, &call))
		return;
	uint32_t known = fh_schema_find_call(s, call.server, call.tool);

	if (known != FH_SCHEMA_NONE) {
		struct fh_span other = s->actions[s->calls[known].action].uid.id;

		fh_parse_refuse(&d->p, at, FH_ERR_CONFLICT, "map each call once",
				"the call `%.*s` is mapped to action `%.*s` already",
				fh_shown(text), (const char *)text.p, fh_shown(other),
				(const char *)other.p);
		return;
	}
	s->calls[s->calls_n] = call;
	fh_schema_table_put(&s->by_call, fh_schema_call_hash(call.server, call.tool),
			    s->calls_n++);
	s->actions[action].calls_n++;
	s->actions[action].functions_n += function;
}

/* Those in ACTION's annotation NAME.  */
static void map_calls(struct fh_draft *d, struct fh_schema *s, const char *name, bool function,
		      uint32_t action)
{
	const struct fh_annotation *calls = note(d, action, name);

	if (calls == nullptr)
		return;
	if (s->actions[action].principals_n == 0)
		fh_parse_refuse(&d->p, calls->at, FH_ERR_CONFLICT,
				"add appliesTo, or remove the annotation",
				"@%s on an action that is a mere group", name);
	for (struct fh_span rest = calls->value; d->p.e == FH_ERR_OK;) {
		size_t n = fh_span_find(rest, ';');

		map_call(d, s, fh_draft_trim(fh_span_first(rest, n)), calls->at, function, action);
		if (n == rest.n)
			return;
		rest = fh_span_skip(rest, n + 1);
	}
}

/* --- resources -------------------------------------------------------- */

/* RFC 6901: "/" before each part, and after "~" a 0 or a 1.  */
static bool is_pointer(struct fh_span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '~' && (i + 1 == s.n || (s.p[i + 1] != '0' && s.p[i + 1] != '1')))
			return false;
	}
	return s.n > 0 && s.p[0] == '/';
}

/* "POINTER; KIND", split at the last `;`.  */
static void split_resource(struct fh_span all, struct fh_span *pointer, struct fh_span *kind)
{
	size_t cut = all.n;

	while (cut > 0 && all.p[cut - 1] != ';')
		cut--;
	*kind = fh_draft_trim(fh_span_skip(all, cut));
	*pointer = fh_draft_trim(fh_span_first(all, cut == 0 ? 0 : cut - 1));
}

/* An action whose calls have no @resource is about the tool server.  */
static void server_rule(struct fh_draft *d, const struct fh_schema *s, uint32_t action)
{
	const struct fh_schema_action *a = &s->actions[action];
	uint32_t server = fh_schema_find_type(s, FH_SPAN_LIT(FH_TYPE_SERVER));

	if (a->functions_n > 0)
		refuse(d, fh_draft_action(d, action)->name.at, FH_ERR_CONFLICT,
		       "@openai without @resource: no server is called that could be the resource",
		       "add @resource");
	else if (a->calls_n > 0 && (a->resources_n != 1 || a->resources[0] != server))
		refuse(d, fh_draft_action(d, action)->name.at, FH_ERR_CONFLICT,
		       "without @resource, a call's resource is its Server",
		       "declare `resource: [Server]`, or add @resource");
}

static void argument_rule(struct fh_draft *d, struct fh_schema *s, uint32_t action,
			  const struct fh_annotation *resource)
{
	struct fh_schema_action *a = &s->actions[action];
	struct fh_span kind;

	split_resource(resource->value, &a->pointer, &kind);
	bool path = fh_span_equal(kind, FH_SPAN_LIT("posix-path"));

	if (a->calls_n == 0)
		refuse(d, resource->at, FH_ERR_CONFLICT,
		       "@resource without @mcp and @openai: there is no argument",
		       "add one of them, or remove @resource");
	if (!is_pointer(a->pointer))
		refuse(d, resource->at, FH_ERR_FORMAT,
		       "@resource must begin with a JSON Pointer such as \"/path\"",
		       "write @resource(\"/path\", \"posix-path\")");
	if (!path && !fh_span_equal(kind, FH_SPAN_LIT("text")))
		refuse(d, resource->at, FH_ERR_UNKNOWN, "@resource of an unknown kind",
		       "kinds are \"posix-path\" and \"text\"");
	if (a->resources_n != 1)
		refuse(d, resource->at, FH_ERR_CONFLICT,
		       "with @resource, appliesTo must name exactly one resource type",
		       "name one");
	if (d->p.e != FH_ERR_OK)
		return;
	struct fh_schema_type *type = &s->types[a->resources[0]];

	if (type->builtin)
		refuse(d, resource->at, FH_ERR_CONFLICT,
		       "an argument cannot name an entity of a built-in type",
		       "declare an entity type for it");
	a->kind = path ? FH_RESOURCE_POSIX_PATH : FH_RESOURCE_TEXT;
	type->is_path |= path;
	type->is_text |= !path;
}

/* The folders of paths are paths: File in [Folder], and Folder in [Folder].  */
static void path_rule(struct fh_draft *d, struct fh_schema *s, uint32_t type)
{
	struct fh_schema_type *t = &s->types[type];
	struct fh_position at = fh_draft_entity(d, type)->name.at;

	if (t->parents_n == 0)
		return;
	struct fh_schema_type *folder = &s->types[t->parents[0]];

	if (t->parents_n > 1 || folder->builtin)
		refuse(d, at, FH_ERR_CONFLICT,
		       "a posix-path must be declared `in` exactly one type of its own",
		       "declare one folder type: entity File in [Folder];");
	if (folder->parents_n != 1 || folder->parents[0] != t->parents[0])
		refuse(d, at, FH_ERR_CONFLICT,
		       "the folders of a posix-path must be in folders themselves",
		       "declare: entity Folder in [Folder];");
	folder->is_path = true;
}

/* @tokens("/pointer; N"): where in its result a call says what it used, and at most what.  */
static void tokens_rule(struct fh_draft *d, struct fh_schema *s, uint32_t action)
{
	const struct fh_annotation *tokens = note(d, action, "tokens");
	struct fh_schema_action *a = &s->actions[action];
	struct fh_span at, most;

	if (tokens == nullptr)
		return;
	split_resource(tokens->value, &at, &most);
	if (a->calls_n == a->functions_n)
		refuse(d, tokens->at, FH_ERR_CONFLICT, "@tokens without @mcp: there is no result",
		       "add @mcp, or remove @tokens");
	else if (!is_pointer(at) || at.n > FH_TOKENS_POINTER_MAX)
		refuse(d, tokens->at, FH_ERR_FORMAT,
		       "@tokens must begin with a JSON Pointer of at most 128 bytes",
		       "write @tokens(\"/structuredContent/usage/total_tokens; 8192\")");
	else if (fh_decimal_read(most, &a->tokens_max) != FH_ERR_OK || a->tokens_max == 0
		 || a->tokens_max > FH_TOKENS_MAX)
		refuse(d, tokens->at, FH_ERR_FORMAT,
		       "@tokens says no number from 1 to 1000000000 behind its last `;`",
		       "say how many tokens one call may use at most");
	a->tokens_at = at;
}

/* --- what calls name ---------------------------------------------------- */

/* An entity of the type TYPE, which a call names, has the attributes that the operator listed,
 * if it did: none of them is always there.  AT is where the action names the type.  */
static void named_rule(struct fh_draft *d, const struct fh_schema *s, struct fh_position at,
		       uint32_t type)
{
	const struct fh_type *x = s->types[type].attributes;

	for (uint32_t k = 0; k < x->n; k++) {
		struct fh_span name = x->fields[k].name;

		if (x->fields[k].required)
			fh_parse_refuse(&d->p, at, FH_ERR_CONFLICT,
					"declare it with a question mark",
					"what a call names may lack the attribute `%.*s`",
					fh_shown(name), (const char *)name.p);
	}
}

/* Arguments become values of the type X.  Types are at most FH_TYPE_DEPTH_MAX deep: that
 * bounds the recursion.  */
static void argument_type_rule(struct fh_draft *d, const struct fh_schema *s,
			       struct fh_position at, const struct fh_type *x)
{
	uint32_t type = x->kind == FH_KIND_ENTITY ? x->members[0] : FH_SCHEMA_NONE;

	if (x->kind == FH_KIND_SET)
		argument_type_rule(d, s, at, x->element);
	for (uint32_t i = 0; x->kind == FH_KIND_RECORD && i < x->n; i++)
		argument_type_rule(d, s, at, x->fields[i].type);
	if (type == FH_SCHEMA_NONE)
		return;
	if (s->types[type].builtin || s->types[type].action)
		refuse(d, at, FH_ERR_CONFLICT,
		       "an argument cannot name an entity of a built-in type",
		       "declare an entity type for it, or a String");
	else
		named_rule(d, s, at, type);
}

/* The resource and the context of a call.  */
static void named_rules(struct fh_draft *d, const struct fh_schema *s, uint32_t action)
{
	const struct fh_schema_action *a = &s->actions[action];
	const struct fh_draft_action *from = fh_draft_action(d, action);

	if (a->calls_n == 0)
		return;
	for (uint32_t i = 0; i < a->resources_n; i++)
		named_rule(d, s, from->name.at, a->resources[i]);
	if (from->context != nullptr)
		argument_type_rule(d, s, from->context->name.at, a->context);
}

static void type_rules(struct fh_draft *d, struct fh_schema *s)
{
	for (uint32_t i = 0; d->p.e == FH_ERR_OK && i < s->types_n; i++) {
		if (s->types[i].is_path)
			path_rule(d, s, i);
	}
	for (uint32_t i = 0; d->p.e == FH_ERR_OK && i < s->types_n; i++) {
		if (s->types[i].is_path && s->types[i].is_text)
			refuse(d, fh_draft_entity(d, i)->name.at, FH_ERR_CONFLICT,
			       "one type is both a posix-path and a text",
			       "use two entity types");
	}
}

/* An upper bound for the calls of all actions: one more than semicolons.  */
static size_t calls_written(struct fh_draft *d, const char *name)
{
	size_t n = 0;

	for (uint32_t i = 0; i < d->actions.n; i++) {
		const struct fh_annotation *calls = note(d, i, name);

		n += calls != nullptr;
		for (size_t k = 0; calls != nullptr && k < calls->value.n; k++)
			n += calls->value.p[k] == ';';
	}
	return n;
}

void fh_draft_resolve_wire(struct fh_draft *d, struct fh_schema *s)
{
	size_t n = calls_written(d, "mcp") + calls_written(d, "openai");

	if (n > FH_SCHEMA_CALLS_MAX)
		refuse(d, (struct fh_position){ 1, 1 }, FH_ERR_LIMIT,
		       "the schema maps too many calls", "map fewer");
	s->by_call = fh_schema_table_of(&d->p, n);
	s->calls = fh_parse_take(&d->p, n * sizeof(*s->calls));
	for (uint32_t i = 0; d->p.e == FH_ERR_OK && i < s->actions_n; i++) {
		const struct fh_annotation *resource = note(d, i, "resource");
		const struct fh_annotation *doc = note(d, i, "doc");

		if (doc != nullptr)
			s->actions[i].doc = doc->value;
		map_calls(d, s, "mcp", /* function= */ false, i);
		map_calls(d, s, "openai", /* function= */ true, i);
		if (resource == nullptr)
			server_rule(d, s, i);
		else
			argument_rule(d, s, i, resource);
		named_rules(d, s, i);
		tokens_rule(d, s, i);
	}
	type_rules(d, s);
}
