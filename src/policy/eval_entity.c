/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/eval.h"

/* The entity KEY in *OUT, NULL if there is none.  */
static bool find(struct fh_evaluation *v, const struct fh_entity_key *key,
		 const struct fh_entity **out)
{
	for (size_t i = 0; i < 3; i++) {
		if (key == &v->key[i]) {
			*out = v->entity[i];
			return true;
		}
	}
	v->e = v->source->find(v->source->context, key, v->arena, out);
	return v->e == FH_ERR_OK;
}

static bool say(struct fh_value *out, bool b)
{
	*out = (struct fh_value){ .kind = FH_VALUE_BOOL, .boolean = b };
	return true;
}

bool fh_eval_reaches(struct fh_evaluation *v, const struct fh_entity_key *key,
		     const struct fh_entity_key *up, bool *out)
{
	const struct fh_entity *e;

	if (fh_entity_key_equal(key, up)) {
		*out = true;
		return true;
	}
	if (!find(v, key, &e))
		return false;
	*out = e != nullptr && fh_entity_has_ancestor(e, up);
	return true;
}

/* Every element of a set must be an entity, also those behind one that tells.  */
static bool in_set(struct fh_evaluation *v, const struct fh_expr *e,
		   const struct fh_entity_key *key, const struct fh_value *set,
		   struct fh_value *out)
{
	bool in = false;

	for (uint32_t i = 0; i < set->n; i++) {
		if (set->items[i].kind != FH_VALUE_ENTITY)
			return fh_eval_fault(v, e->b, FH_FAULT_TYPE);
	}
	for (uint32_t i = 0; !in && i < set->n; i++) {
		if (!fh_eval_reaches(v, key, set->items[i].entity, &in))
			return false;
	}
	return say(out, in);
}

bool fh_eval_in(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out)
{
	struct fh_value a, b;
	bool in = false;

	if (!fh_eval(v, e->a, &a) || !fh_eval(v, e->b, &b))
		return false;
	if (a.kind != FH_VALUE_ENTITY)
		return fh_eval_fault(v, e->a, FH_FAULT_TYPE);
	if (b.kind == FH_VALUE_SET)
		return in_set(v, e, a.entity, &b, out);
	if (b.kind != FH_VALUE_ENTITY)
		return fh_eval_fault(v, e->b, FH_FAULT_TYPE);
	return fh_eval_reaches(v, a.entity, b.entity, &in) && say(out, in);
}

/* `a is T in b` is `a is T && a in b`.  */
bool fh_eval_is(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out)
{
	struct fh_value a;

	if (!fh_eval_kind(v, e->a, FH_VALUE_ENTITY, &a))
		return false;
	if (!fh_span_equal(a.entity->uid.type, e->text))
		return say(out, false);
	return e->kind == FH_EXPR_IS ? say(out, true) : fh_eval_in(v, e, out);
}

/* What E->a is: the record, or the attributes of the entity (NULL: none such).  */
static bool container(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *a,
		      const struct fh_value **out)
{
	const struct fh_entity *entity;

	if (!fh_eval(v, e->a, a))
		return false;
	if (a->kind == FH_VALUE_RECORD) {
		*out = a;
		return true;
	}
	if (a->kind != FH_VALUE_ENTITY)
		return fh_eval_fault(v, e->a, FH_FAULT_TYPE);
	if (!find(v, a->entity, &entity))
		return false;
	*out = entity == nullptr ? nullptr : &entity->attributes;
	return true;
}

bool fh_eval_has(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out)
{
	const struct fh_value *record = nullptr;
	struct fh_value a;

	if (!container(v, e, &a, &record))
		return false;
	return say(out, record != nullptr && fh_value_field(record, e->text) != nullptr);
}

bool fh_eval_get(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out)
{
	const struct fh_value *record = nullptr;
	struct fh_value a;

	if (!container(v, e, &a, &record))
		return false;
	if (record == nullptr)
		return fh_eval_fault(v, e, FH_FAULT_NO_ENTITY);
	const struct fh_value *field = fh_value_field(record, e->text);

	if (field == nullptr)
		return fh_eval_fault(v, e, FH_FAULT_NO_ATTRIBUTE);
	*out = *field;
	return true;
}

bool fh_eval_tag(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out)
{
	const struct fh_entity *entity;
	struct fh_value a, b;

	if (!fh_eval(v, e->a, &a) || !fh_eval(v, e->b, &b))
		return false;
	if (a.kind != FH_VALUE_ENTITY)
		return fh_eval_fault(v, e->a, FH_FAULT_TYPE);
	if (b.kind != FH_VALUE_STRING)
		return fh_eval_fault(v, e->b, FH_FAULT_TYPE);
	if (!find(v, a.entity, &entity))
		return false;
	const struct fh_value *tag =
		entity == nullptr ? nullptr : fh_value_field(&entity->tags, b.text);

	if (e->kind == FH_EXPR_HAS_TAG)
		return say(out, tag != nullptr);
	if (entity == nullptr)
		return fh_eval_fault(v, e, FH_FAULT_NO_ENTITY);
	if (tag == nullptr)
		return fh_eval_fault(v, e, FH_FAULT_NO_TAG);
	*out = *tag;
	return true;
}
