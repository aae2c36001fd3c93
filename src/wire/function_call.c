/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/function_call.h"

#include "base/utf8.h"
#include "codec/cbor.h"
#include "codec/json.h"
#include "codec/lookup.h"
#include "wire/rpc.h"

constexpr size_t shown_max = 64; /* bytes of a name in a message */

/* One of the forms: where its parts are, and what else may stand there.  */
struct form {
	const char *type;
	const char *inner;       /* the member that holds name and arguments; NULL: itself */
	const char *id;
	const char *members[7];  /* of the whole; NULL at the end */
};

static const struct form forms[] = {
	{ "function", "function", "id", { "id", "type", "function", "index" } },
	{ "function_call", nullptr, "call_id",
	  { "id", "type", "name", "arguments", "call_id", "status" } },
};

static const char *const inner_members[] = { "name", "arguments", nullptr };

static fh_err refuse(struct fh_trace *t, fh_err e, const char *name, const char *what)
{
	fh_trace_where(t, "%s", name);
	fh_trace_what(t, "`%s` %s", name, what);
	fh_trace_cure(t, "send the call as the model's answer has it");
	return e;
}

static bool is_null(struct fh_span item)
{
	struct fh_cursor c = fh_cursor_of(item);

	return fh_cbor_null(&c);
}

static bool is_among(struct fh_span name, const char *const *members)
{
	for (; *members != nullptr; members++) {
		if (fh_span_equal(name, fh_span_str(*members)))
			return true;
	}
	return false;
}

/* The map ITEM has no other members than these, but for null.  */
static fh_err check_members(struct fh_span item, const char *const *members, struct fh_trace *t)
{
	struct fh_cursor c = fh_cursor_of(item);
	size_t n = fh_cbor_map(&c, FH_CBOR_ITEMS_MAX);

	for (size_t i = 0; i < n && !fh_cursor_bad(&c); i++) {
		struct fh_span name = fh_cbor_text(&c, FH_JSON_MAX);
		struct fh_span value = fh_cbor_item(&c);

		if (is_null(value) || is_among(name, members))
			continue;
		fh_trace_where(t, "action.properties");
		name = fh_utf8_first(name, shown_max);
		fh_trace_what(t, "`%.*s` is no member of a function call that is known here",
			      (int)name.n, (const char *)name.p);
		fh_trace_cure(t, "leave it out if it does not change what is called");
		return FH_ERR_FORMAT;
	}
	return fh_cursor_end(&c);
}

/* The member NAME of ITEM, which is there, a text, and of 1 to MAX bytes.  */
static fh_err read_text(struct fh_span item, const char *name, size_t max, struct fh_span *out,
			struct fh_trace *t)
{
	struct fh_span value = fh_cbor_map_get(item, name);

	if (value.n == 0 || !fh_rpc_is(value, FH_CBOR_TEXT) || fh_rpc_text(value).n == 0)
		return refuse(t, FH_ERR_FORMAT, name, "must be a text that is not empty");
	if (fh_rpc_text(value).n > max)
		return refuse(t, FH_ERR_LIMIT, name, "is too long");
	*out = fh_rpc_text(value);
	return FH_ERR_OK;
}

/* The form of ITEM; NULL if it has none.  */
static const struct form *form_of(struct fh_span item)
{
	struct fh_span type = fh_cbor_map_get(item, "type");

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (fh_rpc_is(type, FH_CBOR_TEXT)
		    && fh_span_equal(fh_rpc_text(type), fh_span_str(forms[i].type)))
			return &forms[i];
	}
	return nullptr;
}

/* A call whose arguments are still being written has none yet.  */
static fh_err check_status(struct fh_span item, struct fh_trace *t)
{
	struct fh_span status = fh_cbor_map_get(item, "status");

	if (status.n == 0 || is_null(status)
	    || (fh_rpc_is(status, FH_CBOR_TEXT)
		&& fh_span_equal(fh_rpc_text(status), FH_SPAN_LIT("completed"))))
		return FH_ERR_OK;
	return refuse(t, FH_ERR_FORMAT, "status", "must be `completed`");
}

/* The arguments TEXT as CBOR.  */
static fh_err read_arguments(struct fh_span text, struct fh_arena *a, struct fh_function_call *out)
{
	size_t cap = 9 * (text.n + 1); /* no number takes more for each of its bytes */
	struct fh_builder b = fh_builder_of(fh_arena_space(a, cap), cap);
	struct fh_trace why = { 0 };
	fh_err e = b.p == nullptr ? FH_ERR_NOMEM : FH_ERR_OK;

	if (text.n > FH_FUNCTION_ARGUMENTS_MAX)
		fh_trace_what(&why, "arguments of %zu bytes; at most %zu are read", text.n,
			      FH_FUNCTION_ARGUMENTS_MAX);
	else if (e == FH_ERR_OK)
		e = fh_json_to_cbor(text, a, &b, &why);
	if (e == FH_ERR_OK && why.what[0] == '\0' && !fh_rpc_is(fh_builder_span(&b), FH_CBOR_MAP))
		fh_trace_what(&why, "the arguments are no object");
	if (e == FH_ERR_OK && why.what[0] == '\0'
	    && fh_cbor_check_inside(fh_builder_span(&b),
				    FH_CBOR_DEPTH_MAX - FH_FUNCTION_ARGUMENTS_DEPTH_MAX)
		       != FH_ERR_OK)
		fh_trace_what(&why, "nested deeper than %d", FH_FUNCTION_ARGUMENTS_DEPTH_MAX);
	if (e == FH_ERR_NOMEM)
		return e;
	if (why.what[0] != '\0')
		/* It is the model's doing, and so part of what is asked.  */
		return fh_arena_copy(a, fh_span_str(why.what), &out->unreadable);
	if (e == FH_ERR_OK)
		out->arguments = fh_builder_span(&b);
	return e;
}

/* The member NAME of ITEM if it is a text of 1 to MAX bytes, otherwise empty.  */
static struct fh_span right_text(struct fh_span item, const char *name, size_t max)
{
	struct fh_span value = fh_cbor_map_get(item, name);
	struct fh_span text = fh_rpc_is(value, FH_CBOR_TEXT) ? fh_rpc_text(value)
							     : (struct fh_span){ 0 };

	return text.n <= max ? text : (struct fh_span){ 0 };
}

void fh_function_call_name(struct fh_span item, struct fh_function_call *out)
{
	const struct form *form = form_of(item);

	*out = (struct fh_function_call){ 0 };
	if (form == nullptr)
		return;
	struct fh_span inner = form->inner == nullptr ? item
						      : fh_cbor_map_get(item, form->inner);

	out->id = right_text(item, form->id, FH_FUNCTION_CALL_ID_MAX);
	out->name = right_text(inner, "name", FH_NAME_MAX);
}

fh_err fh_function_call_read(struct fh_span item, struct fh_arena *a,
			     struct fh_function_call *out, struct fh_trace *t)
{
	const struct form *form = form_of(item);
	struct fh_function_call call = { 0 };
	struct fh_span inner = item, value;

	if (form == nullptr)
		return refuse(t, FH_ERR_FORMAT, "type", "must be `function` or `function_call`");
	fh_err e = check_members(item, form->members, t);

	if (e == FH_ERR_OK)
		e = check_status(item, t);
	if (e == FH_ERR_OK && form->inner != nullptr) {
		inner = fh_cbor_map_get(item, form->inner);
		e = fh_rpc_is(inner, FH_CBOR_MAP)
			    ? check_members(inner, inner_members, t)
			    : refuse(t, FH_ERR_FORMAT, form->inner, "must be an object");
	}
	if (e == FH_ERR_OK)
		e = read_text(item, form->id, FH_FUNCTION_CALL_ID_MAX, &call.id, t);
	if (e == FH_ERR_OK)
		e = read_text(inner, "name", FH_NAME_MAX, &call.name, t);
	if (e != FH_ERR_OK)
		return e;
	value = fh_cbor_map_get(inner, "arguments");
	if (!fh_rpc_is(value, FH_CBOR_TEXT))
		return refuse(t, FH_ERR_FORMAT, "arguments", "must be a text, of JSON");
	e = read_arguments(fh_rpc_text(value), a, &call);
	if (e == FH_ERR_NOMEM)
		return refuse(t, e, "arguments", "need more memory than there is");
	if (e == FH_ERR_OK)
		*out = call;
	return e;
}
