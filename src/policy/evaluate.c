/* SPDX-License-Identifier: Apache-2.0 */
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

/* Begins with the keys that V has.  The entity ACTION is asked for if it is NULL.  Member by
 * member: clearing all of it first takes longer.  */
static fh_err begin(struct fh_evaluation *v, const struct fh_entity *action,
		    struct fh_value context, const struct fh_entity_source *source,
		    struct fh_arena *a)
{
	v->source = source;
	v->arena = a;
	v->fault = (struct fh_fault){ 0 };
	v->e = FH_ERR_OK;
	v->variable[FH_VARIABLE_CONTEXT] = context;
	v->entity[FH_VARIABLE_ACTION] = action;
	for (size_t i = 0; v->e == FH_ERR_OK && i < 3; i++) {
		v->variable[i] = (struct fh_value){ .kind = FH_VALUE_ENTITY,
						    .entity = &v->key[i] };
		v->self[i] = FH_UNNAMED;
		v->in[i] = (struct fh_numbers){ 0 };
		if (i != FH_VARIABLE_ACTION || action == nullptr)
			v->e = source->find(source->context, &v->key[i], a, &v->entity[i]);
	}
	return v->e;
}

fh_err fh_evaluation_begin(struct fh_evaluation *v, struct fh_entity_uid principal,
			   struct fh_entity_uid action, struct fh_entity_uid resource,
			   struct fh_value context, const struct fh_entity_source *source,
			   struct fh_arena *a)
{
	v->key[FH_VARIABLE_PRINCIPAL] = fh_entity_key_of(principal);
	v->key[FH_VARIABLE_ACTION] = fh_entity_key_of(action);
	v->key[FH_VARIABLE_RESOURCE] = fh_entity_key_of(resource);
	return begin(v, nullptr, context, source, a);
}

fh_err fh_evaluation_begin_as(struct fh_evaluation *v, struct fh_entity_uid principal,
			      const struct fh_entity *action, struct fh_entity_uid resource,
			      struct fh_value context, const struct fh_entity_source *source,
			      struct fh_arena *a)
{
	v->key[FH_VARIABLE_PRINCIPAL] = fh_entity_key_of(principal);
	v->key[FH_VARIABLE_ACTION] = action->key;
	v->key[FH_VARIABLE_RESOURCE] = fh_entity_key_of(resource);
	return begin(v, action, context, source, a);
}

fh_err fh_evaluation_number(struct fh_evaluation *v, const struct fh_names *names,
			    enum fh_variable i)
{
	const struct fh_entity *e = v->entity[i];
	size_t room = e == nullptr ? 1 : (size_t)e->ancestors_n + 1;
	uint32_t *list = fh_arena_space(v->arena, room * sizeof(*list)), n = 0;

	if (list == nullptr)
		return FH_ERR_NOMEM;
	v->self[i] = list[0] = fh_names_find(names, &v->key[i]);
	n = list[0] == FH_UNNAMED ? 0 : 1;
	for (uint32_t k = 0; e != nullptr && k < e->ancestors_n; k++) {
		list[n] = fh_names_find(names, e->ancestors[k]);
		n += list[n] == FH_UNNAMED ? 0 : 1;
	}
	v->in[i] = (struct fh_numbers){ list, n };
	return FH_ERR_OK;
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
