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

/* Whether the entity KEY is, or is in, UP.  */
static bool reaches(struct fh_evaluation *v, const struct fh_entity_key *key,
		    const struct fh_entity_key *up, bool *out)
{
	const struct fh_entity *e;

	*out = fh_entity_key_equal(key, up);
	if (*out)
		return true;
	if (!find(v, key, &e))
		return false;
	*out = e != nullptr && fh_entity_has_ancestor(e, up);
	return true;
}

/* Every element of a set must be an entity, also those behind one that tells.  */
static bool in_set(struct fh_evaluation *v, const struct fh_expr *e,
		   const struct fh_entity_key *key, const struct fh_value *set, bool *out)
{
	for (uint32_t i = 0; i < set->n; i++) {
		if (set->items[i].kind != FH_VALUE_ENTITY)
			return fh_eval_fault(v, e->b, FH_FAULT_TYPE);
	}
	*out = false;
	for (uint32_t i = 0; !*out && i < set->n; i++) {
		if (!reaches(v, key, set->items[i].entity, out))
			return false;
	}
	return true;
}

/* Whether A, which E->a is, is in E->b.  */
static bool is_in(struct fh_evaluation *v, const struct fh_expr *e, const struct fh_value *a,
		  bool *out)
{
	struct fh_value room;
	const struct fh_value *b = fh_eval_operand(v, e->b, &room);

	if (b == nullptr)
		return false;
	if (a->kind != FH_VALUE_ENTITY)
		return fh_eval_fault(v, e->a, FH_FAULT_TYPE);
	if (b->kind == FH_VALUE_SET)
		return in_set(v, e, a->entity, b, out);
	if (b->kind != FH_VALUE_ENTITY)
		return fh_eval_fault(v, e->b, FH_FAULT_TYPE);
	return reaches(v, a->entity, b->entity, out);
}

bool fh_eval_in(struct fh_evaluation *v, const struct fh_expr *e, bool *out)
{
	struct fh_value room;
	const struct fh_value *a = fh_eval_operand(v, e->a, &room);

	return a != nullptr && is_in(v, e, a, out);
}

/* `a is T in b` is `a is T && a in b`.  */
bool fh_eval_is(struct fh_evaluation *v, const struct fh_expr *e, bool *out)
{
	struct fh_value room;
	const struct fh_value *a = fh_eval_operand(v, e->a, &room);

	if (a == nullptr)
		return false;
	if (a->kind != FH_VALUE_ENTITY)
		return fh_eval_fault(v, e->a, FH_FAULT_TYPE);
	*out = fh_span_equal(a->entity->uid.type, e->text);
	return !*out || e->kind == FH_EXPR_IS || is_in(v, e, a, out);
}

/* What E->a is: the record, which may be in *ROOM, or the attributes of the entity (NULL:
 * none such).  */
static bool container(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *room,
		      const struct fh_value **out)
{
	const struct fh_value *a = fh_eval_operand(v, e->a, room);
	const struct fh_entity *entity;

	if (a == nullptr)
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

bool fh_eval_has(struct fh_evaluation *v, const struct fh_expr *e, bool *out)
{
	const struct fh_value *record = nullptr;
	struct fh_value room;

	if (!container(v, e, &room, &record))
		return false;
	*out = record != nullptr && fh_value_field(record, e->text) != nullptr;
	return true;
}

bool fh_eval_get(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out)
{
	const struct fh_value *record = nullptr;
	struct fh_value room;

	if (!container(v, e, &room, &record))
		return false;
	if (record == nullptr)
		return fh_eval_fault(v, e, FH_FAULT_NO_ENTITY);
	const struct fh_value *field = fh_value_field(record, e->text);

	if (field == nullptr)
		return fh_eval_fault(v, e, FH_FAULT_NO_ATTRIBUTE);
	*out = *field;
	return true;
}

/* The entity E->a (NULL: there is none), and its tag E->b (NULL: it has none).  */
static bool tag_of(struct fh_evaluation *v, const struct fh_expr *e,
		   const struct fh_entity **entity, const struct fh_value **tag)
{
	struct fh_value rooms[2];
	const struct fh_value *a = fh_eval_operand(v, e->a, &rooms[0]);
	const struct fh_value *b = a == nullptr ? nullptr : fh_eval_operand(v, e->b, &rooms[1]);

	if (b == nullptr)
		return false;
	if (a->kind != FH_VALUE_ENTITY)
		return fh_eval_fault(v, e->a, FH_FAULT_TYPE);
	if (b->kind != FH_VALUE_STRING)
		return fh_eval_fault(v, e->b, FH_FAULT_TYPE);
	if (!find(v, a->entity, entity))
		return false;
	*tag = *entity == nullptr ? nullptr : fh_value_field(&(*entity)->tags, b->text);
	return true;
}

bool fh_eval_has_tag(struct fh_evaluation *v, const struct fh_expr *e, bool *out)
{
	const struct fh_entity *entity;
	const struct fh_value *tag = nullptr;

	if (!tag_of(v, e, &entity, &tag))
		return false;
	*out = tag != nullptr;
	return true;
}

bool fh_eval_get_tag(struct fh_evaluation *v, const struct fh_expr *e, struct fh_value *out)
{
	const struct fh_entity *entity = nullptr;
	const struct fh_value *tag = nullptr;

	if (!tag_of(v, e, &entity, &tag))
		return false;
	if (entity == nullptr)
		return fh_eval_fault(v, e, FH_FAULT_NO_ENTITY);
	if (tag == nullptr)
		return fh_eval_fault(v, e, FH_FAULT_NO_TAG);
	*out = *tag;
	return true;
}
