/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/cases.h"

#include "base/duration.h"
#include "base/limits.h"
#include "policy/decision.h"
#include "policy/lexer.h"

struct reading {
	struct fh_json_document d;
	const struct fh_json *teams; /* of the file: actor to its teams; or NULL */
};

static fh_err text_of(const struct reading *r, const struct fh_json *object, const char *name,
		      bool needed, struct fh_span *out)
{
	const struct fh_json *m = fh_json_member(object, name);

	if (m == nullptr && !needed)
		return FH_ERR_OK;
	if (m == nullptr)
		return fh_json_refuse(&r->d, object, FH_ERR_FORMAT, "add it", "\"%s\" is missing",
				      name);
	if (m->kind != FH_JSON_STRING || m->text.n == 0)
		return fh_json_refuse(&r->d, m, FH_ERR_FORMAT, "write \"...\"",
				      "\"%s\" is a text that is not empty", name);
	*out = m->text;
	return FH_ERR_OK;
}

/* ARRAY holds texts only, at most MAX.  */
static fh_err check_texts(const struct reading *r, const struct fh_json *array, size_t max)
{
	if (array->kind != FH_JSON_ARRAY || array->n > max)
		return fh_json_refuse(&r->d, array, FH_ERR_FORMAT, "write [\"...\"]",
				      "an array of at most %zu texts expected here", max);
	for (const struct fh_json *i = array->first; i != nullptr; i = i->next) {
		if (i->kind != FH_JSON_STRING)
			return fh_json_refuse(&r->d, i, FH_ERR_FORMAT, "write \"...\"",
					      "a text expected here");
	}
	return FH_ERR_OK;
}

/* The teams that the test J names, or else those that the file gives its actor.  */
static fh_err read_teams(const struct reading *r, const struct fh_json *j, struct fh_case *out)
{
	const struct fh_json *list = fh_json_member(j, "teams");

	for (const struct fh_json *m = list == nullptr && r->teams != nullptr ? r->teams->first
									      : nullptr;
	     m != nullptr; m = m->next) {
		if (fh_span_equal(m->name, out->actor))
			list = m;
	}
	if (list == nullptr)
		return FH_ERR_OK;
	fh_err e = check_texts(r, list, FH_POLICY_PARENTS_MAX);

	for (const struct fh_json *i = list->first; e == FH_ERR_OK && i != nullptr; i = i->next)
		out->teams[out->teams_n++] = i->text;
	return e;
}

/* "server/tool".  */
static fh_err read_tool(const struct reading *r, const struct fh_json *call, struct fh_case *out)
{
	size_t slash = fh_span_find(call->text, '/');

	if (call->kind != FH_JSON_STRING || slash == 0 || slash + 1 >= call->text.n)
		return fh_json_refuse(&r->d, call, FH_ERR_FORMAT, "write \"server/tool\"",
				      "this is no call");
	out->server = fh_span_first(call->text, slash);
	out->tool = fh_span_skip(call->text, slash + 1);
	return FH_ERR_OK;
}

static fh_err read_arguments(const struct reading *r, const struct fh_json *arguments,
			     struct fh_case *out)
{
	if (arguments == nullptr)
		return FH_ERR_OK;
	if (arguments->kind != FH_JSON_OBJECT)
		return fh_json_refuse(&r->d, arguments, FH_ERR_FORMAT, "write {...}",
				      "arguments are an object");
	out->arguments = arguments->raw;
	return FH_ERR_OK;
}

/* What is asked: a call of a tool or a function, or an action on a resource.  */
static fh_err read_asked(const struct reading *r, const struct fh_json *j, struct fh_case *out)
{
	const struct fh_json *tool = fh_json_member(j, "call");
	const struct fh_json *function = fh_json_member(j, "function");
	const struct fh_json *call = tool != nullptr ? tool : function;
	const struct fh_json *resource = fh_json_member(j, "resource");
	const struct fh_json *arguments = fh_json_member(j, "arguments");
	const struct fh_json *context = fh_json_member(j, "context");
	struct fh_span action = { 0 };
	fh_err e = text_of(r, j, "action", /* needed= */ call == nullptr, &action);

	if (e != FH_ERR_OK)
		return e;
	if (call != nullptr
	    && (action.n > 0 || resource != nullptr || (tool != nullptr && function != nullptr)))
		return fh_json_refuse(&r->d, call, FH_ERR_CONFLICT, "keep one of them",
				      "a test has a call, a function, or an action and a resource");
	if (call != nullptr && context != nullptr)
		return fh_json_refuse(&r->d, context, FH_ERR_CONFLICT, "leave it out",
				      "the context of a call is read from its arguments");
	if (call != nullptr) {
		e = tool != nullptr ? read_tool(r, tool, out)
				    : text_of(r, j, "function", /* needed= */ true, &out->tool);
		return e == FH_ERR_OK ? read_arguments(r, arguments, out) : e;
	}
	if (arguments != nullptr)
		return fh_json_refuse(&r->d, arguments, FH_ERR_CONFLICT, "name a call",
				      "only a call has arguments");
	e = fh_json_demand(&r->d, j, "resource", &resource);
	if (e == FH_ERR_OK)
		e = fh_json_entity(&r->d, resource, &out->resource);
	out->action = fh_action_named(action);
	out->context = context;
	return e;
}

static fh_err read_circumstances(const struct reading *r, const struct fh_json *j,
				 struct fh_case *out)
{
	const struct fh_json *leased = fh_json_member(j, "leased");
	const struct fh_json *before = fh_json_member(j, "before");
	struct fh_span later = { 0 };
	fh_err e = text_of(r, j, "later", /* needed= */ false, &later);

	if (e != FH_ERR_OK)
		return e;
	if (leased != nullptr && leased->kind != FH_JSON_BOOL)
		return fh_json_refuse(&r->d, leased, FH_ERR_FORMAT, "write true or false",
				      "\"leased\" is true or false");
	out->unleased = leased != nullptr && !leased->boolean;
	if (before != nullptr
	    && (before->kind != FH_JSON_INTEGER || before->integer < 0
		|| (uint64_t)before->integer > FH_CASE_BEFORE_MAX))
		return fh_json_refuse(&r->d, before, FH_ERR_LIMIT, "write fewer",
				      "\"before\" is a number from 0 to %llu",
				      (unsigned long long)FH_CASE_BEFORE_MAX);
	out->before = before == nullptr ? 0 : (uint64_t)before->integer;
	if (later.n > 0 && fh_duration_read(later, &out->later_ms) != FH_ERR_OK)
		return fh_json_refuse(&r->d, fh_json_member(j, "later"), FH_ERR_FORMAT,
				      "write a time like \"90s\" or \"2h\"", "this is no time");
	return FH_ERR_OK;
}

static fh_err read_expected(const struct reading *r, const struct fh_json *j, struct fh_case *out)
{
	fh_err e = text_of(r, j, "expect", /* needed= */ true, &out->expect);

	if (e != FH_ERR_OK)
		return e;
	if (fh_reason_read(out->expect) == FH_REASON_COUNT
	    && !fh_span_equal(out->expect, FH_SPAN_LIT("refused")))
		return fh_json_refuse(&r->d, fh_json_member(j, "expect"), FH_ERR_FORMAT,
				      "write permitted, refused, or the code of a reason",
				      "nothing is decided as `%.*s`", fh_shown(out->expect),
				      (const char *)out->expect.p);
	out->policies = fh_json_member(j, "policies");
	return out->policies == nullptr ? FH_ERR_OK
					: check_texts(r, out->policies, FH_POLICY_REASONS_MAX);
}

static fh_err read_case(const struct reading *r, const struct fh_json *j, struct fh_case *out)
{
	static const char *const names[] = {
		"name", "actor", "teams", "call", "function", "arguments", "action", "resource",
		"context", "leased", "before", "later", "expect", "policies"
	};
	fh_err e = fh_json_only(&r->d, j, names, sizeof(names) / sizeof(names[0]));

	out->at = j->at;
	if (e == FH_ERR_OK)
		e = text_of(r, j, "name", /* needed= */ true, &out->name);
	if (e == FH_ERR_OK)
		e = text_of(r, j, "actor", /* needed= */ true, &out->actor);
	if (e == FH_ERR_OK)
		e = read_teams(r, j, out);
	if (e == FH_ERR_OK)
		e = read_asked(r, j, out);
	if (e == FH_ERR_OK)
		e = read_circumstances(r, j, out);
	return e == FH_ERR_OK ? read_expected(r, j, out) : e;
}

static fh_err read_all(struct reading *r, const struct fh_json *j, struct fh_cases *out)
{
	static const char *const names[] = { "teams", "tests" };
	const struct fh_json *tests;
	fh_err e = fh_json_only(&r->d, j, names, sizeof(names) / sizeof(names[0]));

	if (e == FH_ERR_OK)
		e = fh_json_demand(&r->d, j, "tests", &tests);
	if (e != FH_ERR_OK)
		return e;
	if (tests->kind != FH_JSON_ARRAY || tests->n == 0 || tests->n > FH_CASES_MAX)
		return fh_json_refuse(&r->d, tests, FH_ERR_LIMIT, "write [{...}]",
				      "tests are an array of 1 to %u", FH_CASES_MAX);
	r->teams = fh_json_member(j, "teams");
	if (r->teams != nullptr && r->teams->kind != FH_JSON_OBJECT)
		return fh_json_refuse(&r->d, r->teams, FH_ERR_FORMAT, "write {\"actor\": [...]}",
				      "teams are an object");
	struct fh_case *list = fh_arena_array(r->d.arena, tests->n, sizeof(*list));

	if (list == nullptr)
		return fh_json_full(&r->d, tests);
	*out = (struct fh_cases){ .list = list };
	for (const struct fh_json *i = tests->first; e == FH_ERR_OK && i != nullptr; i = i->next)
		e = read_case(r, i, &list[out->n++]);
	return e;
}

fh_err fh_cases_read(struct fh_span text, const char *name, struct fh_arena *a,
		     struct fh_cases *out, struct fh_trace *t)
{
	static const struct fh_json_limits limits = { FH_CASES_TEXT_MAX, FH_CASES_DEPTH_MAX };
	struct reading r = { .d = { .name = name, .arena = a, .trace = t } };
	struct fh_cases read = { 0 };
	const struct fh_json *j;
	fh_err e = fh_json_tree(text, &limits, name, a, &j, t);

	if (e == FH_ERR_OK)
		e = read_all(&r, j, &read);
	if (e == FH_ERR_OK)
		*out = read;
	return e;
}
