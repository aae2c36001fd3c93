/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/set.h"

#include "base/limits.h"
#include "policy/entities_json.h"
#include "policy/index.h"
#include "policy/policies.h"
#include "policy/validate.h"

/* Refuses what stands AT in the policies.  */
static fh_err refuse(struct fh_trace *t, struct fh_position at, fh_err e)
{
	const struct fh_lexer lex = { .text_name = "policy", .trace = t };

	return fh_lexer_refuse(&lex, at, e);
}

static fh_err full(struct fh_trace *t)
{
	fh_trace_what(t, "the document needs more memory than it may have");
	fh_trace_cure(t, "make it smaller");
	return refuse(t, (struct fh_position){ 1, 1 }, FH_ERR_NOMEM);
}

/* @id names the policy.  */
static fh_err name(struct fh_policy *p, struct fh_trace *t)
{
	const struct fh_annotation *a = fh_policy_annotation(p, FH_SPAN_LIT("id"));

	if (a == nullptr)
		return FH_ERR_OK;
	if (a->value.n == 0 || a->value.n > FH_NAME_MAX) {
		fh_trace_what(t, "@id must have 1 to %zu bytes", FH_NAME_MAX);
		fh_trace_cure(t, "choose another");
		return refuse(t, a->at, FH_ERR_LIMIT);
	}
	p->id = a->value;
	return FH_ERR_OK;
}

/* What each policy's annotations say.  One that nothing evaluates is refused: a
 * document must never say more than is enforced.  */
static fh_err read_limits(const struct fh_policies *all, struct fh_arena *a,
			  const struct fh_limits **out, struct fh_trace *t)
{
	struct fh_limits *limits = fh_arena_array(a, all->n, sizeof(*limits));
	fh_err e = limits == nullptr ? FH_ERR_NOMEM : FH_ERR_OK;

	for (size_t i = 0; e == FH_ERR_OK && i < all->n; i++)
		e = fh_limits_read(&all->list[i], a, &limits[i], t);
	if (e == FH_ERR_OK)
		e = fh_limits_agree(all->list, limits, all->n, a, t);
	*out = limits;
	return e == FH_ERR_NOMEM ? full(t) : e;
}

/* Nothing fills the slots of a template here.  */
static fh_err refuse_slots(const struct fh_policy *p, struct fh_trace *t)
{
	const struct fh_scope *s = p->principal.slot ? &p->principal : &p->resource;

	if (!fh_policy_is_template(p))
		return FH_ERR_OK;
	fh_trace_what(t, "slot ?%s: nothing fills the slots of a signed policy",
		      p->principal.slot ? "principal" : "resource");
	fh_trace_cure(t, "write one policy for each entity");
	return refuse(t, s->where[0], FH_ERR_UNSUPPORTED);
}

/* Refuses an id that an earlier policy has.  */
static fh_err enter_id(const struct fh_policy *policies, uint32_t i, struct fh_schema_table *ids,
		       struct fh_trace *t)
{
	uint32_t slot = (uint32_t)fh_text_hash(policies[i].id, 0) & ids->mask;

	for (; ids->slot[slot] != 0; slot = (slot + 1) & ids->mask) {
		struct fh_span id = policies[i].id;

		if (!fh_span_equal(policies[ids->slot[slot] - 1].id, id))
			continue;
		fh_trace_what(t, "two policies have the id `%.*s`", fh_shown(id),
			      (const char *)id.p);
		fh_trace_cure(t, "give this one an @id of its own");
		return refuse(t, policies[i].at, FH_ERR_CONFLICT);
	}
	ids->slot[slot] = i + 1;
	return FH_ERR_OK;
}

static fh_err id_table(size_t n, struct fh_arena *a, struct fh_schema_table *out,
		       struct fh_trace *t)
{
	uint32_t slots = 8;

	while (slots < 2 * n)
		slots *= 2;
	out->slot = fh_arena_array(a, slots, sizeof(*out->slot));
	out->mask = slots - 1;
	return out->slot == nullptr ? full(t) : FH_ERR_OK;
}

/* Everything that is asked of each policy ALL.  */
static fh_err check_each(const struct fh_policies *all, const struct fh_schema *schema,
			 struct fh_arena *a, struct fh_trace *t)
{
	const struct fh_lexer lex = { .text_name = "policy", .trace = t };
	struct fh_schema_table ids;
	struct fh_validation v;
	const uint32_t *actions;
	bool idle;
	fh_err e = id_table(all->n, a, &ids, t);

	fh_validation_begin(&v, schema, a, &lex);
	for (uint32_t i = 0; e == FH_ERR_OK && i < all->n; i++) {
		struct fh_policy *p = &all->list[i];

		e = name(p, t);
		if (e == FH_ERR_OK)
			e = refuse_slots(p, t);
		if (e == FH_ERR_OK)
			e = enter_id(all->list, i, &ids, t);
		if (e == FH_ERR_OK)
			e = fh_policy_validate(&v, p, &actions, &idle);
	}
	return e;
}

static fh_err compile(struct fh_policy_set *set, const struct fh_policies *all, struct fh_arena *a,
		      struct fh_trace *t)
{
	fh_err e = fh_rules_compile(all, a, &set->rules);

	if (e == FH_ERR_OK)
		e = fh_policy_index_build(&set->rules, &set->schema, a, &set->index);
	return e == FH_ERR_OK ? e : full(t);
}

fh_err fh_policy_check(struct fh_span cedar, struct fh_span schema, struct fh_arena *a,
		       struct fh_policy_set *out, struct fh_trace *t)
{
	struct fh_policy_set set = { 0 };
	struct fh_policies all;
	fh_err e = fh_schema_parse(schema, a, &set.schema, t);

	if (e == FH_ERR_OK)
		e = fh_policies_parse(cedar, FH_POLICY_TEXT_MAX, "policy", a, &all, t);
	if (e == FH_ERR_OK)
		e = check_each(&all, &set.schema, a, t);
	if (e != FH_ERR_OK)
		return e;
	set.policies = all.list;
	set.policies_n = all.n;
	e = read_limits(&all, a, &set.limits, t);
	if (e == FH_ERR_OK)
		e = compile(&set, &all, a, t);
	if (e == FH_ERR_OK)
		*out = set;
	return e;
}

/* Only what the operator names has a place in the list: who acts comes from the chain, and
 * a path is in what its text says.  */
static fh_err check_listed(const struct fh_schema *s, const struct fh_entities *all,
			   struct fh_trace *t)
{
	for (uint32_t i = 0; i < all->n; i++) {
		const struct fh_entity_uid uid = all->list[i].key.uid;
		uint32_t type = fh_schema_find_type(s, uid.type);

		if (fh_is_action_type(uid.type)
		    || (!s->types[type].builtin && !s->types[type].is_path))
			continue;
		fh_trace_where(t, "entities:1:1");
		fh_trace_what(t, "%.*s::\"%.*s\" cannot be listed: %s", fh_shown(uid.type),
			      (const char *)uid.type.p, fh_shown(uid.id),
			      (const char *)uid.id.p,
			      s->types[type].is_path ? "a path is in what its text says"
						     : "the chain says who and what there is");
		fh_trace_cure(t, "leave it out");
		return FH_ERR_CONFLICT;
	}
	return FH_ERR_OK;
}

fh_err fh_policy_check_all(struct fh_span cedar, struct fh_span schema, struct fh_span entities,
			   struct fh_arena *a, struct fh_policy_set *out, struct fh_trace *t)
{
	struct fh_policy_set set;
	fh_err e = fh_policy_check(cedar, schema, a, &set, t);

	if (e == FH_ERR_OK && entities.n > 0)
		e = fh_entities_read_as(entities, "entities", &set.schema, a, &set.entities, t);
	if (e == FH_ERR_OK)
		e = check_listed(&set.schema, &set.entities, t);
	if (e == FH_ERR_OK)
		*out = set;
	return e;
}
