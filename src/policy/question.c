/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/question.h"

#include "policy/conform.h"
#include "policy/lexer.h"
#include "policy/mapping.h"
#include "policy/value_cbor.h"

/* One question while it is decided.  */
struct asking {
	const struct fh_policy_set *set;
	const struct fh_question *q;
	struct fh_question_room *room;
	struct fh_value context;
	struct fh_arena *a;
	struct fh_trace *t;
};

/* The fields of BASE and MORE, which must not disagree.  */
static fh_err merge(struct asking *k, const char *what, const struct fh_value *base,
		    const struct fh_value *more, struct fh_value *out)
{
	struct fh_value_field *all = fh_arena_array(k->a, (size_t)base->n + more->n, sizeof(*all));
	uint32_t n = 0;

	if (all == nullptr)
		return FH_ERR_NOMEM;
	for (uint32_t i = 0; i < base->n; i++)
		all[n++] = base->fields[i];
	for (uint32_t i = 0; i < more->n; i++) {
		struct fh_span name = more->fields[i].name;
		const struct fh_value *held = fh_value_field(base, name);

		if (held == nullptr) {
			all[n++] = more->fields[i];
			continue;
		}
		if (fh_value_equal(held, &more->fields[i].value))
			continue;
		fh_trace_where(k->t, "%s", what);
		fh_trace_what(k->t, "`%.*s` is not what the operator listed", fh_shown(name),
			      (const char *)name.p);
		fh_trace_cure(k->t, "leave it out, or have the operator sign it");
		return FH_ERR_CONFLICT;
	}
	return fh_value_record(all, n, out) ? FH_ERR_OK : FH_ERR_CONFLICT;
}

/* A path is one that a call could name.  */
static fh_err check_path(struct asking *k, const char *what, const struct fh_schema_type *type,
			 struct fh_span id)
{
	const char *why = "";

	if (!type->is_path || fh_posix_path_check(id, &why) == FH_ERR_OK)
		return FH_ERR_OK;
	fh_trace_where(k->t, "%s", what);
	fh_trace_what(k->t, "its id is no path: %s", why);
	fh_trace_cure(k->t, "send a canonical absolute path such as \"/a/b\"");
	return FH_ERR_CONFLICT;
}

/* What is known of UID, and what PROPERTIES say of it.  */
static fh_err describe(struct asking *k, const char *what, struct fh_entity_uid uid,
		       struct fh_span properties)
{
	const struct fh_schema *s = &k->set->schema;
	const struct fh_schema_type *type = &s->types[fh_schema_find_type(s, uid.type)];
	const struct fh_entity_key key = fh_entity_key_of(uid);
	const struct fh_entity_source source = fh_known_entities_source(&k->room->known);
	struct fh_entity *told = &k->room->told[k->room->known.told_n];
	const struct fh_entity *held;
	struct fh_value said;
	fh_err e = check_path(k, what, type, uid.id);

	if (e == FH_ERR_OK)
		e = source.find(source.context, &key, k->a, &held);
	if (e == FH_ERR_OK)
		e = fh_record_of_cbor(s, properties, type->attributes, what, /* whole= */ false,
				      k->a, &said, k->t);
	if (e != FH_ERR_OK)
		return e;
	*told = held != nullptr ? *held
				: (struct fh_entity){ .key = key, .attributes = fh_value_none(),
						      .tags = fh_value_none() };
	e = merge(k, what, &told->attributes, &said, &told->attributes);
	if (e == FH_ERR_OK)
		e = fh_record_whole(&told->attributes, type->attributes, what, k->t);
	if (e == FH_ERR_OK)
		k->room->known.told_n++;
	return e;
}

/* The context is what was sent as such, and under "action" the action's properties.  */
static fh_err describe_context(struct asking *k, const struct fh_schema_action *action)
{
	const struct fh_span name = FH_SPAN_LIT(FH_QUESTION_ACTION);
	const struct fh_schema *s = &k->set->schema;
	const struct fh_type_field *field = fh_type_field(action->context, name);
	struct fh_value said, properties = fh_value_none();
	struct fh_value_field inside = { .name = name };
	fh_err e = fh_record_of_cbor(s, k->q->context, action->context, "context",
				     /* whole= */ false, k->a, &said, k->t);

	if (e == FH_ERR_OK && field != nullptr && fh_value_field(&said, name) != nullptr) {
		fh_trace_where(k->t, "context");
		fh_trace_what(k->t, "`action` is what the action's properties are called");
		fh_trace_cure(k->t, "send them as properties of the action");
		return FH_ERR_CONFLICT;
	}
	if (e == FH_ERR_OK && field != nullptr && field->type->kind == FH_KIND_RECORD
	    && (field->required || k->q->action_properties.n > 0)) {
		e = fh_record_of_cbor(s, k->q->action_properties, field->type, "action",
				      /* whole= */ true, k->a, &inside.value, k->t);
		if (e == FH_ERR_OK)
			properties = (struct fh_value){ .kind = FH_VALUE_RECORD, .n = 1,
							.fields = &inside };
	}
	if (e == FH_ERR_OK)
		e = merge(k, "context", &said, &properties, &k->context);
	return e == FH_ERR_OK ? fh_record_whole(&k->context, action->context, "context", k->t) : e;
}

/* Of a call nothing is known but what is signed and what its arguments say.  */
static fh_err describe_all(struct asking *k, uint32_t action)
{
	const struct fh_question *q = k->q;
	fh_err e = describe(k, "subject", q->subject, q->subject_properties);

	if (q->function.n > 0) {
		k->context = q->typed;
		return e;
	}
	if (e == FH_ERR_OK)
		e = describe(k, "resource", q->resource, q->resource_properties);
	return e == FH_ERR_OK ? describe_context(k, &k->set->schema.actions[action]) : e;
}

fh_err fh_question_type(const struct fh_schema *s, struct fh_question *q, struct fh_arena *a,
			enum fh_reason *why, struct fh_trace *t)
{
	const struct fh_span no_server = { 0 };
	struct fh_wire_call call;

	*why = FH_REASON_PERMITTED;
	if (q->function.n == 0)
		return FH_ERR_OK;
	fh_err e = fh_wire_call_type(s, no_server, q->function, q->arguments, a, &call, why, t);

	if (e != FH_ERR_OK || *why == FH_REASON_NOT_IN_SCHEMA)
		return e;
	if (q->unreadable.n > 0) {
		*why = FH_REASON_MALFORMED_ARGUMENTS;
		fh_trace_where(t, "arguments");
		fh_trace_what(t, "%.*s", (int)q->unreadable.n, (const char *)q->unreadable.p);
		fh_trace_cure(t, "have the model call the function anew");
	}
	if (*why != FH_REASON_PERMITTED)
		return FH_ERR_OK;
	q->action = call.action;
	q->resource = call.resource;
	q->typed = call.context;
	return FH_ERR_OK;
}

fh_err fh_question_request(const struct fh_policy_set *set, const struct fh_question *q,
			   const struct fh_known_entities *known, struct fh_question_room *room,
			   struct fh_arena *a, struct fh_request *out, struct fh_trace *t)
{
	struct asking k = { .set = set, .q = q, .room = room, .context = fh_value_none(), .a = a,
			    .t = t };
	uint32_t action;
	fh_err e = FH_ERR_OK;

	room->known = *known;
	room->known.told = room->told;
	room->known.told_n = 0;
	/* What the schema does not know at all, the decision says by itself.  */
	if (fh_request_check(&set->schema, q->subject, q->action, q->resource, &action,
			     /* trace= */ nullptr) == FH_ERR_OK)
		e = describe_all(&k, action);
	if (e == FH_ERR_OK)
		*out = (struct fh_request){ q->subject, q->action, q->resource, k.context,
					    fh_known_entities_source(&room->known) };
	return e;
}

fh_err fh_question_decide(const struct fh_policy_set *set, const struct fh_question *q,
			  const struct fh_known_entities *known,
			  const struct fh_circumstances *now, struct fh_arena *scratch,
			  struct fh_decision *out, struct fh_trace *t)
{
	struct fh_question_room room;
	struct fh_request r;
	size_t taken = scratch->n;
	fh_err e = fh_question_request(set, q, known, &room, scratch, &r, t);

	if (e == FH_ERR_OK)
		e = fh_policy_decide(set, &r, now, scratch, out);
	if (e == FH_ERR_CONFLICT) {
		*out = fh_decision_refused(FH_REASON_MALFORMED);
		e = FH_ERR_OK;
	}
	scratch->n = taken;
	return e;
}
