/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/value_json.h"

#include <stdarg.h>

#include "policy/evaluate.h"
#include "policy/lexer.h"

/* --- refusals --------------------------------------------------------- */

fh_err fh_json_refuse(const struct fh_json_document *d, const struct fh_json *at, fh_err e,
		      const char *cure, const char *what, ...)
{
	va_list arguments;

	fh_trace_where(d->trace, "%s:%u:%u", d->name, at->at.line, at->at.column);
	va_start(arguments, what);
	fh_trace_what_list(d->trace, what, arguments);
	va_end(arguments);
	fh_trace_cure(d->trace, "%s", cure);
	return e;
}

fh_err fh_json_full(const struct fh_json_document *d, const struct fh_json *at)
{
	return fh_json_refuse(d, at, FH_ERR_NOMEM, "make it smaller",
			      "the document needs more memory than it may have");
}

fh_err fh_json_only(const struct fh_json_document *d, const struct fh_json *object,
		    const char *const *names, size_t n)
{
	if (object->kind != FH_JSON_OBJECT)
		return fh_json_refuse(d, object, FH_ERR_FORMAT, "write {...}",
				      "an object expected here");
	for (const struct fh_json *m = object->first; m != nullptr; m = m->next) {
		size_t i = 0;

		while (i < n && !fh_span_equal(m->name, fh_span_str(names[i])))
			i++;
		if (i == n)
			return fh_json_refuse(d, m, FH_ERR_FORMAT, "remove it",
					      "\"%.*s\" does not belong here", fh_shown(m->name),
					      (const char *)m->name.p);
	}
	return FH_ERR_OK;
}

fh_err fh_json_demand(const struct fh_json_document *d, const struct fh_json *object,
		      const char *name, const struct fh_json **out)
{
	const struct fh_json *m = fh_json_member(object, name);

	if (m == nullptr)
		return fh_json_refuse(d, object, FH_ERR_FORMAT, "add it", "\"%s\" is missing",
				      name);
	*out = m;
	return FH_ERR_OK;
}

/* --- entities --------------------------------------------------------- */

bool fh_is_name(struct fh_span name)
{
	for (;;) {
		size_t colon = fh_span_find(name, ':');
		struct fh_span word = fh_span_first(name, colon);

		if (!fh_lexer_is_word(word) || fh_lexer_reserved(word))
			return false;
		if (colon == name.n)
			return true;
		name = fh_span_skip(name, colon + 1);
		if (name.n == 0 || name.p[0] != ':')
			return false;
		name = fh_span_skip(name, 1);
	}
}

static fh_err text_member(const struct fh_json_document *d, const struct fh_json *object,
			  const char *name, struct fh_span *out)
{
	const struct fh_json *m = nullptr;
	fh_err e = fh_json_demand(d, object, name, &m);

	if (e == FH_ERR_OK && m->kind != FH_JSON_STRING)
		return fh_json_refuse(d, m, FH_ERR_FORMAT, "put it in quotes",
				      "\"%s\" must be a string", name);
	if (e == FH_ERR_OK)
		*out = m->text;
	return e;
}

fh_err fh_json_entity(const struct fh_json_document *d, const struct fh_json *j,
		      struct fh_entity_uid *out)
{
	static const char *const outer[] = { "__entity" };
	static const char *const inner[] = { "type", "id" };
	const struct fh_json *escape = fh_json_member(j, outer[0]);
	struct fh_entity_uid uid;
	fh_err e = escape != nullptr ? fh_json_only(d, j, outer, 1) : FH_ERR_OK;

	j = escape != nullptr ? escape : j;
	if (e == FH_ERR_OK)
		e = fh_json_only(d, j, inner, 2);
	if (e == FH_ERR_OK)
		e = text_member(d, j, "type", &uid.type);
	if (e == FH_ERR_OK)
		e = text_member(d, j, "id", &uid.id);
	if (e == FH_ERR_OK && !fh_is_name(uid.type))
		return fh_json_refuse(d, j, FH_ERR_FORMAT, "write a type such as \"A::B\"",
				      "`%.*s` is no entity type", fh_shown(uid.type),
				      (const char *)uid.type.p);
	if (e == FH_ERR_OK)
		*out = uid;
	return e;
}

fh_err fh_json_entity_value(const struct fh_json_document *d, const struct fh_json *j,
			    struct fh_value *out)
{
	struct fh_entity_key *key = fh_arena_take(d->arena, sizeof(*key));
	struct fh_entity_uid uid;

	if (key == nullptr)
		return fh_json_full(d, j);
	fh_err e = fh_json_entity(d, j, &uid);

	if (e != FH_ERR_OK)
		return e;
	*key = fh_entity_key_of(uid);
	*out = (struct fh_value){ .kind = FH_VALUE_ENTITY, .entity = key };
	return FH_ERR_OK;
}

/* --- extension types -------------------------------------------------- */

/* The arguments of "arg" or "args"; more than two are counted only.  */
static fh_err arguments(const struct fh_json_document *d, const struct fh_json *call,
			struct fh_value x[2], uint32_t *n)
{
	const struct fh_json *one = fh_json_member(call, "arg"), *list = one;
	fh_err e = FH_ERR_OK;

	*n = 1;
	if (one != nullptr)
		return fh_value_read(d, one, &x[0]);
	e = fh_json_demand(d, call, "args", &list);
	if (e == FH_ERR_OK && (list->kind != FH_JSON_ARRAY || list->n > 2))
		return fh_json_refuse(d, list, FH_ERR_FORMAT, "write one or two, as [...]",
				      "\"args\" must be a list of arguments");
	if (e == FH_ERR_OK)
		*n = list->n;
	for (uint32_t i = 0; e == FH_ERR_OK && i < list->n; i++) {
		const struct fh_json *item = i == 0 ? list->first : list->first->next;

		e = fh_value_read(d, item, &x[i]);
	}
	return e;
}

fh_err fh_json_call(const struct fh_json_document *d, const struct fh_json *call,
		    struct fh_value *out)
{
	static const char *const inner[] = { "fn", "arg", "args" };
	enum fh_fault_kind fault = FH_FAULT_NONE;
	struct fh_value x[2] = { 0 };
	struct fh_span name = { 0 };
	uint32_t n = 0;
	fh_err e = fh_json_only(d, call, inner, 3);

	if (e == FH_ERR_OK)
		e = text_member(d, call, "fn", &name);
	enum fh_function f = fh_function_find(name);

	if (e == FH_ERR_OK && f == FH_FUNCTION_COUNT)
		return fh_json_refuse(d, call, FH_ERR_FORMAT,
				      "write decimal, ip, datetime or duration",
				      "there is no function `%.*s`", fh_shown(name),
				      (const char *)name.p);
	if (e == FH_ERR_OK)
		e = arguments(d, call, x, &n);
	if (e != FH_ERR_OK)
		return e;
	e = fh_function_apply(f, x, n, d->arena, out, &fault);
	if (e != FH_ERR_OK)
		return fh_json_full(d, call);
	if (fault != FH_FAULT_NONE)
		return fh_json_refuse(d, call, FH_ERR_FORMAT, "correct the argument",
				      "`%.*s` got %s", fh_shown(name), (const char *)name.p,
				      fh_fault_text(fault));
	return FH_ERR_OK;
}

static fh_err extension(const struct fh_json_document *d, const struct fh_json *j,
			const struct fh_json *call, struct fh_value *out)
{
	static const char *const names[] = { "__extn" };
	fh_err e = fh_json_only(d, j, names, 1);

	return e == FH_ERR_OK ? fh_json_call(d, call, out) : e;
}

/* --- sets and records ------------------------------------------------- */

static fh_err set(const struct fh_json_document *d, const struct fh_json *j, struct fh_value *out)
{
	struct fh_value *items = fh_arena_array(d->arena, j->n, sizeof(*items));
	fh_err e = items == nullptr ? fh_json_full(d, j) : FH_ERR_OK;
	uint32_t i = 0;

	for (const struct fh_json *c = j->first; e == FH_ERR_OK && c != nullptr; c = c->next)
		e = fh_value_read(d, c, &items[i++]);
	if (e == FH_ERR_OK)
		*out = fh_value_set(items, j->n);
	return e;
}

fh_err fh_json_record(const struct fh_json_document *d, const struct fh_json *j,
		      struct fh_value *out)
{
	if (j->kind != FH_JSON_OBJECT)
		return fh_json_refuse(d, j, FH_ERR_FORMAT, "write {...}",
				      "an object expected here");
	struct fh_value_field *fields = fh_arena_array(d->arena, j->n, sizeof(*fields));
	fh_err e = fields == nullptr ? fh_json_full(d, j) : FH_ERR_OK;
	uint32_t i = 0;

	for (const struct fh_json *m = j->first; e == FH_ERR_OK && m != nullptr; m = m->next, i++) {
		fields[i].name = m->name;
		e = fh_value_read(d, m, &fields[i].value);
	}
	if (e == FH_ERR_OK && !fh_value_record(fields, j->n, out))
		return fh_json_refuse(d, j, FH_ERR_FORMAT, "keep one", "a name comes twice");
	return e;
}

static fh_err object(const struct fh_json_document *d, const struct fh_json *j,
		     struct fh_value *out)
{
	const struct fh_json *call = fh_json_member(j, "__extn");
	const struct fh_json *expr = fh_json_member(j, "__expr");

	if (fh_json_member(j, "__entity") != nullptr)
		return fh_json_entity_value(d, j, out);
	if (call != nullptr)
		return extension(d, j, call, out);
	if (expr != nullptr)
		return fh_json_refuse(d, expr, FH_ERR_UNSUPPORTED,
				      "use \"__entity\" or \"__extn\"",
				      "\"__expr\" is no longer part of Cedar");
	return fh_json_record(d, j, out);
}

/* The tree's depth is bounded, so the recursion is.  */
fh_err fh_value_read(const struct fh_json_document *d, const struct fh_json *j,
		     struct fh_value *out)
{
	switch (j->kind) {
	case FH_JSON_BOOL:
		*out = (struct fh_value){ .kind = FH_VALUE_BOOL, .boolean = j->boolean };
		return FH_ERR_OK;
	case FH_JSON_INTEGER:
		*out = (struct fh_value){ .kind = FH_VALUE_LONG, .integer = j->integer };
		return FH_ERR_OK;
	case FH_JSON_STRING:
		*out = (struct fh_value){ .kind = FH_VALUE_STRING, .text = j->text };
		return FH_ERR_OK;
	case FH_JSON_ARRAY:
		return set(d, j, out);
	case FH_JSON_OBJECT:
		return object(d, j, out);
	case FH_JSON_REAL:
		return fh_json_refuse(d, j, FH_ERR_FORMAT,
				      "write an integer of 64 bits, or a decimal with \"__extn\"",
				      "Cedar has no such number");
	case FH_JSON_NULL:
		break;
	}
	return fh_json_refuse(d, j, FH_ERR_FORMAT, "leave the member out", "Cedar has no null");
}
