/* SPDX-License-Identifier: Apache-2.0 */
/* Policies in a request: the scope, and then the conditions.  */
#include "policy/evaluate.h"

#include "policy/eval.h"

const char *fh_fault_text(enum fh_fault_kind k)
{
	static const char *const text[] = {
#define FH_FAULT_ROW(name, words) [FH_FAULT_##name] = words,
		FH_FAULT_LIST(FH_FAULT_ROW)
#undef FH_FAULT_ROW
	};

	return (unsigned)k < FH_FAULT_COUNT ? text[k] : "unknown error";
}

fh_err fh_evaluation_begin(struct fh_evaluation *v, struct fh_entity_uid principal,
			   struct fh_entity_uid action, struct fh_entity_uid resource,
			   struct fh_value context, const struct fh_entity_source *source,
			   struct fh_arena *a)
{
	fh_err e = FH_ERR_OK;

	*v = (struct fh_evaluation){ .key = { fh_entity_key_of(principal),
					      fh_entity_key_of(action),
					      fh_entity_key_of(resource) },
				     .source = source, .arena = a };
	for (size_t i = 0; i < 3; i++)
		v->variable[i] = (struct fh_value){ .kind = FH_VALUE_ENTITY,
						    .entity = &v->key[i] };
	v->variable[FH_VARIABLE_CONTEXT] = context;
	for (size_t i = 0; e == FH_ERR_OK && i < 3; i++)
		e = source->find(source->context, &v->key[i], a, &v->entity[i]);
	return e;
}

fh_err fh_expr_evaluate(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out,
			struct fh_fault *fault)
{
	struct fh_value value;

	v->fault = (struct fh_fault){ 0 };
	v->e = FH_ERR_OK;
	if (fh_eval(v, e, &value))
		*out = value;
	if (v->e == FH_ERR_OK)
		*fault = v->fault;
	return v->e;
}

static bool in_any(struct fh_evaluation *v, const struct fh_scope *s,
		   const struct fh_entity_key *key, bool *out)
{
	for (size_t i = 0; i < s->entities_n && !*out; i++) {
		const struct fh_entity_key up = fh_entity_key_of(s->entities[i]);

		if (!fh_eval_reaches(v, key, &up, out))
			return false;
	}
	return true;
}

static bool scope_holds(struct fh_evaluation *v, const struct fh_scope *s,
			const struct fh_entity_key *key, bool *out)
{
	bool typed = s->type.n == 0 || fh_span_equal(key->uid.type, s->type);

	*out = false;
	switch (s->kind) {
	case FH_SCOPE_ANY:
		*out = true;
		return true;
	case FH_SCOPE_EQUAL:
		*out = s->entities_n == 1 && fh_entity_equal(key->uid, s->entities[0]);
		return true;
	case FH_SCOPE_IS:
		*out = typed;
		return true;
	case FH_SCOPE_IN:
	case FH_SCOPE_IS_IN:
		return !typed || in_any(v, s, key, out);
	}
	return true;
}

static bool conditions_hold(struct fh_evaluation *v, const struct fh_policy *p, bool *out)
{
	struct fh_value value;

	for (size_t i = 0; i < p->conditions_n && *out; i++) {
		if (!fh_eval_kind(v, p->conditions[i].body, FH_VALUE_BOOL, &value))
			return false;
		*out = value.boolean != p->conditions[i].unless;
	}
	return true;
}

/* What is known after an evaluation that took memory from TAKEN on.  */
static fh_err conclude(struct fh_evaluation *v, size_t taken, bool holds, bool *satisfied,
		       struct fh_fault *fault)
{
	if (v->e != FH_ERR_OK)
		return v->e;
	v->arena->n = taken;
	*satisfied = holds;
	*fault = v->fault;
	return FH_ERR_OK;
}

static size_t start(struct fh_evaluation *v)
{
	v->fault = (struct fh_fault){ 0 };
	v->e = FH_ERR_OK;
	return v->arena->n;
}

fh_err fh_policy_evaluate(struct fh_evaluation *v, const struct fh_policy *p, bool *satisfied,
			  struct fh_fault *fault)
{
	const struct fh_scope *scope[] = { &p->principal, &p->action, &p->resource };
	size_t taken = start(v);
	bool holds = true, evaluated = true;

	for (size_t i = 0; i < 3 && evaluated && holds; i++)
		evaluated = scope_holds(v, scope[i], &v->key[i], &holds);
	if (evaluated && holds)
		evaluated = conditions_hold(v, p, &holds);
	return conclude(v, taken, evaluated && holds, satisfied, fault);
}

fh_err fh_conditions_evaluate(struct fh_evaluation *v, const struct fh_policy *p,
			      bool *satisfied, struct fh_fault *fault)
{
	size_t taken = start(v);
	bool holds = true;
	bool evaluated = conditions_hold(v, p, &holds);

	return conclude(v, taken, evaluated && holds, satisfied, fault);
}
