/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/mapping.h"

#include "base/limits.h"
#include "codec/cbor.h"
#include "codec/lookup.h"
#include "policy/value_cbor.h"

static fh_err find_action(const struct fh_schema *s, struct fh_span server, struct fh_span tool,
			  struct fh_wire_action *out)
{
	uint32_t call = fh_schema_find_call(s, server, tool);

	if (call == FH_SCHEMA_NONE)
		return FH_ERR_UNKNOWN;
	const struct fh_schema_action *a = &s->actions[s->calls[call].action];

	*out = (struct fh_wire_action){ a->uid, a->kind, a->pointer,
					&s->types[a->resources[0]], a->context };
	return FH_ERR_OK;
}

fh_err fh_wire_action(const struct fh_schema *s, struct fh_span server, struct fh_span tool,
		      struct fh_wire_action *out)
{
	return server.n == 0 ? FH_ERR_UNKNOWN : find_action(s, server, tool, out);
}

fh_err fh_wire_function(const struct fh_schema *s, struct fh_span function,
			struct fh_wire_action *out)
{
	return find_action(s, (struct fh_span){ 0 }, function, out);
}

static fh_err refuse(struct fh_trace *t, struct fh_span pointer, fh_err e, const char *why,
		     const char *cure)
{
	fh_trace_where(t, "argument %.*s", pointer.n < 64 ? (int)pointer.n : 64,
		       (const char *)pointer.p);
	fh_trace_what(t, "%s", why);
	fh_trace_cure(t, "%s", cure);
	return e;
}

/* The text that W's pointer reaches in ARGUMENTS.  */
static fh_err find_text(const struct fh_wire_action *w, struct fh_span arguments,
			struct fh_span *out, struct fh_trace *t)
{
	struct fh_span item = arguments.n == 0 ? arguments
					       : fh_cbor_pointer(arguments, w->pointer);
	struct fh_cursor c = fh_cursor_of(item);

	if (item.n == 0)
		return refuse(t, w->pointer, FH_ERR_FORMAT, "the call lacks it",
			      "the action's resource is read from there; send it");
	if (fh_cbor_peek(&c) != FH_CBOR_TEXT)
		return refuse(t, w->pointer, FH_ERR_FORMAT, "it is not a text",
			      "the action's resource is read from there; send a string");
	struct fh_span text = fh_cbor_text(&c, FH_ENTITY_ID_MAX);
	fh_err e = fh_cursor_end(&c);

	if (e != FH_ERR_OK)
		return refuse(t, w->pointer, e,
			      e == FH_ERR_LIMIT ? "it is too long" : "it is malformed",
			      "send a shorter, well-formed string");
	if (text.n == 0)
		return refuse(t, w->pointer, FH_ERR_FORMAT, "it is empty",
			      "the action's resource is read from there; send it");
	*out = text;
	return FH_ERR_OK;
}

fh_err fh_wire_resource(const struct fh_wire_action *w, struct fh_span server,
			struct fh_span arguments, struct fh_arena *a,
			struct fh_entity_uid *out, struct fh_trace *t)
{
	struct fh_entity_uid uid = { w->resource->name, server };
	const char *why = "";
	fh_err e = FH_ERR_OK;

	if (w->kind != FH_RESOURCE_SERVER)
		e = find_text(w, arguments, &uid.id, t);
	if (e != FH_ERR_OK)
		return e;
	if (w->kind == FH_RESOURCE_POSIX_PATH)
		e = fh_posix_path_check(uid.id, &why);
	if (e != FH_ERR_OK)
		return refuse(t, w->pointer, e, why,
			      "send a canonical absolute path such as \"/a/b\"");
	if (!fh_schema_type_has_id(w->resource, uid.id))
		return refuse(t, w->pointer, FH_ERR_FORMAT, "the schema lists no such id",
			      "send one of those that it lists");
	e = fh_arena_copy(a, uid.id, &uid.id);
	if (e == FH_ERR_OK)
		*out = uid;
	return e;
}

fh_err fh_wire_context(const struct fh_schema *s, const struct fh_wire_action *w,
		       struct fh_span arguments, struct fh_arena *a, struct fh_value *out,
		       struct fh_trace *t)
{
	return fh_record_of_arguments(s, arguments, w->context, a, out, t);
}

fh_err fh_wire_call_type(const struct fh_schema *s, struct fh_span server, struct fh_span tool,
			 struct fh_span arguments, struct fh_arena *a, struct fh_wire_call *out,
			 enum fh_reason *why, struct fh_trace *t)
{
	struct fh_wire_call call = { 0 };
	struct fh_wire_action w;

	*why = FH_REASON_NOT_IN_SCHEMA;
	if (find_action(s, server, tool, &w) != FH_ERR_OK) {
		fh_trace_where(t, server.n > 0 ? "tool" : "function");
		fh_trace_what(t, "the operator's schema does not name %s",
			      server.n > 0 ? "this tool" : "it");
		return FH_ERR_OK;
	}
	call.action = w.uid;
	*why = FH_REASON_MALFORMED_RESOURCE;
	fh_err e = fh_wire_resource(&w, server, arguments, a, &call.resource, t);

	if (e == FH_ERR_OK) {
		*why = FH_REASON_MALFORMED_CONTEXT;
		e = fh_wire_context(s, &w, arguments, a, &call.context, t);
	}
	if (e == FH_ERR_NOMEM)
		return e;
	if (e == FH_ERR_OK) {
		*why = FH_REASON_PERMITTED;
		*out = call;
	}
	return FH_ERR_OK;
}
