/* SPDX-License-Identifier: Apache-2.0 */
/* What a peer asks core to do with the record: an action on the device whose record it is, decided
 * by the operator's policy like any other, with an intent before it and an outcome behind it.  */
#include "role/core_act.h"

#include "policy/value_cbor.h"
#include "role/core.h"

fh_err fh_core_act_refuse(struct fh_core_act *a, const char *code, const char *text)
{
	return fh_core_refuse(a->core, a->gate, a->ask, a->actor, code, text);
}

/* The record is its device's: the resource is that, by its id in hex.  */
static void name_resource(struct fh_core_act *a)
{
	struct fh_builder b = FH_BUILDER_ARRAY(a->device);

	fh_builder_hex(&b, fh_hash_span(&a->core->device_id));
	a->resource = fh_entity_uid_of(FH_TYPE_DEVICE, fh_builder_span(&b));
}

fh_err fh_core_act_begin(struct fh_core_act *a, bool *going_on)
{
	struct fh_core *c = a->core;

	*going_on = false;
	if (!a->actor->identified)
		return fh_core_act_refuse(a, "no-credential",
					  "no actor of the chain is known by this user and "
					  "program");
	if (!c->policy_ready)
		return fh_core_act_refuse(a, "no-policy", "no policy is in force");
	if (fh_core_full(c) != nullptr)
		return fh_core_act_refuse(a, fh_core_full(c), fh_core_full_text(c));
	if (fh_schema_find_action(&c->policy.schema, a->action) == FH_SCHEMA_NONE)
		return fh_core_act_refuse(a, "unknown-action",
					  "the operator's schema does not declare it, so nobody "
					  "may");
	name_resource(a);
	*going_on = true;
	return FH_ERR_OK;
}

static fh_err append_intent(struct fh_core_act *a)
{
	struct fh_core *c = a->core;
	char class[FH_CLASS_MAX + 1];
	struct fh_fields f = { 0 };
	fh_err e = fh_core_field_asker(c, &f, a->gate, a->actor);

	if (e == FH_ERR_OK)
		e = fh_core_field_entity(c, &f, FH_FIELD_ACTION, a->action);
	if (e == FH_ERR_OK)
		e = fh_core_field_entity(c, &f, FH_FIELD_RESOURCE, a->resource);
	if (e == FH_ERR_OK)
		e = fh_core_field_decision(c, &f, &a->decision);
	if (e == FH_ERR_OK)
		e = fh_core_field_large(c, &f, FH_FIELD_ARGUMENTS, a->ask->params);
	if (e == FH_ERR_OK && fh_allows(a->decision.verdict))
		e = fh_core_field_opened(c, &f, &a->decision);
	return e == FH_ERR_OK
		       ? fh_core_append_about(c, a->actor->name, FH_ENTRY_INTENT,
					      fh_core_class(c, a->decision.retain_ms, class), &f,
					      &a->index)
		       : e;
}

/* With the context that the schema declares, as of a call.  FH_ERR_CONFLICT: it declares what
 * there is none of; *T says what.  */
static fh_err decide(struct fh_core_act *a, struct fh_trace *t)
{
	struct fh_core *c = a->core;
	uint32_t declared = fh_schema_find_action(&c->policy.schema, a->action);
	struct fh_value context;
	fh_err e = fh_record_of_arguments(&c->policy.schema, a->ask->params,
					  c->policy.schema.actions[declared].context, &c->scratch,
					  &context, t);

	if (e == FH_ERR_OK)
		a->decision = fh_core_decide(c, a->actor, a->action, a->resource, context,
					     a->ask->params.n);
	return e;
}

fh_err fh_core_act_decide(struct fh_core_act *a, bool *going_on)
{
	struct fh_trace why = { 0 };
	fh_err e = decide(a, &why);

	*going_on = false;
	if (e == FH_ERR_CONFLICT || e == FH_ERR_LIMIT)
		return fh_core_act_refuse(a, "malformed-context", why.what);
	a->index = FH_NO_INDEX;
	bool counted = e == FH_ERR_OK && !fh_allows(a->decision.verdict)
		       && fh_core_flood(a->core, a->gate, a->actor, a->ask,
					fh_reason_code(a->decision.reason));

	if (e == FH_ERR_OK && !counted)
		e = append_intent(a);
	if (e != FH_ERR_OK)
		return e;
	*going_on = fh_allows(a->decision.verdict);
	if (!*going_on)
		fh_core_reply_denied(a->core, a->gate, a->ask, &a->decision, a->index,
				     (struct fh_span){ 0 });
	return FH_ERR_OK;
}

fh_err fh_core_act_end(const struct fh_core_act *a, enum fh_outcome_status status,
		       struct fh_span result, struct fh_span left, uint32_t *reserve)
{
	struct fh_core *c = a->core;
	bool whole = status == FH_OUTCOME_RESULT;
	char class[FH_CLASS_MAX + 1];
	struct fh_fields f = { 0 };
	fh_err e = whole ? fh_core_field(c, &f, FH_FIELD_RESULT, result) : FH_ERR_OK;

	if (e == FH_ERR_OK)
		e = fh_core_field_uint(c, &f, FH_FIELD_INTENT, a->index);
	if (e == FH_ERR_OK)
		e = fh_core_field_text(c, &f, FH_FIELD_STATUS,
				       fh_span_str(fh_outcome_text(status)));
	if (e == FH_ERR_OK)
		e = fh_core_field_closed(c, &f, *reserve, whole, /* told= */ 0, left);
	if (e == FH_ERR_OK)
		e = fh_core_append_about(c, a->actor->name, FH_ENTRY_OUTCOME,
					 fh_core_class(c, a->decision.retain_ms, class), &f,
					 /* index= */ nullptr);
	if (e == FH_ERR_OK)
		fh_core_reserve_drop(c, reserve);
	return e;
}
