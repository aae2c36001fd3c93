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

/* A document while it is checked.  */
struct checking {
	struct fh_arena *arena;
	struct fh_trace *trace;
	struct fh_problems *problems; /* NULL: the first ends it */
	struct fh_policies all;
};

static fh_err noted(const struct checking *c, fh_err e)
{
	return fh_problems_note(c->problems, e, c->trace);
}

static size_t problems_of(const struct checking *c)
{
	return c->problems == nullptr ? 0 : c->problems->total;
}

/* What each policy's annotations say.  One that nothing evaluates is refused: a
 * document must never say more than is enforced.  */
static fh_err read_limits(const struct checking *c, const struct fh_limits **out)
{
	struct fh_limits *limits = fh_arena_array(c->arena, c->all.n, sizeof(*limits));
	fh_err e = limits == nullptr ? FH_ERR_NOMEM : FH_ERR_OK;
	size_t before = problems_of(c);

	for (size_t i = 0; e == FH_ERR_OK && i < c->all.n; i++)
		e = noted(c, fh_limits_read(&c->all.list[i], c->arena, &limits[i], c->trace));
	if (e == FH_ERR_OK && problems_of(c) == before)
		e = noted(c, fh_limits_agree(c->all.list, limits, c->all.n, c->arena, c->trace));
	*out = limits;
	return e == FH_ERR_NOMEM ? full(c->trace) : e;
}

/* The action clause of P lets ACTION through.  */
static bool clause_has(const struct fh_policy *p, const struct fh_schema *s,
		       const struct fh_schema_action *action)
{
	for (size_t i = 0; i < p->action.entities_n; i++) {
		for (uint32_t k = 0; k < action->ancestors_n; k++) {
			if (fh_entity_equal(s->actions[action->ancestors[k]].uid,
					    p->action.entities[i]))
				return true;
		}
	}
	return p->action.kind == FH_SCOPE_ANY;
}

/* A quota of COUNT tokens on P covers only calls that say what they use, and can be kept by
 * one of each.  */
static fh_err check_tokens(const struct fh_policy *p, uint64_t count, const struct fh_schema *s,
			   struct fh_trace *t)
{
	const struct fh_annotation *quota = fh_policy_annotation(p, FH_SPAN_LIT("quota"));

	for (uint32_t i = 0; i < s->actions_n; i++) {
		const struct fh_schema_action *a = &s->actions[i];

		if (a->principals_n == 0 || !clause_has(p, s, a)
		    || (a->tokens_max > 0 && a->tokens_max <= count))
			continue;
		fh_trace_what(t, "@quota counts tokens of the action `%.*s`, %s",
			      fh_shown(a->uid.id), (const char *)a->uid.id.p,
			      a->tokens_max == 0 ? "which has no @tokens in the schema"
						 : "one call of which may use more");
		fh_trace_cure(t, a->tokens_max == 0
					 ? "say there what a call uses, or name other actions"
					 : "give at least what its @tokens says");
		return refuse(t, quota->at, FH_ERR_CONFLICT);
	}
	return FH_ERR_OK;
}

static fh_err check_token_quotas(const struct checking *c, const struct fh_policy_set *set)
{
	fh_err e = FH_ERR_OK;

	for (size_t i = 0; e == FH_ERR_OK && i < c->all.n; i++) {
		const struct fh_limits *l = &set->limits[i];

		for (size_t k = 0; e == FH_ERR_OK && k < l->n; k++) {
			if (l->limit[k].unit == FH_UNIT_TOKENS)
				e = noted(c, check_tokens(&c->all.list[i], l->limit[k].count,
							  &set->schema, c->trace));
		}
	}
	return e;
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

/* Everything that is asked of each policy.  */
static fh_err check_each(const struct checking *c, const struct fh_schema *schema)
{
	const struct fh_lexer lex = { .text_name = "policy", .trace = c->trace };
	struct fh_schema_table ids;
	struct fh_validation v;
	const uint32_t *actions;
	bool idle;
	fh_err e = id_table(c->all.n, c->arena, &ids, c->trace);

	fh_validation_begin(&v, schema, c->arena, &lex);
	v.problems = c->problems;
	for (uint32_t i = 0; e == FH_ERR_OK && i < c->all.n; i++) {
		struct fh_policy *p = &c->all.list[i];

		e = noted(c, name(p, c->trace));
		if (e == FH_ERR_OK)
			e = noted(c, refuse_slots(p, c->trace));
		if (e == FH_ERR_OK)
			e = noted(c, enter_id(c->all.list, i, &ids, c->trace));
		if (e == FH_ERR_OK)
			e = noted(c, fh_policy_validate(&v, p, &actions, &idle));
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

static fh_err read_entities(const struct checking *c, struct fh_span text,
			    struct fh_policy_set *set)
{
	fh_err e = fh_entities_read_as(text, "entities", &set->schema, c->arena, &set->entities,
				       c->trace);

	return e == FH_ERR_OK ? check_listed(&set->schema, &set->entities, c->trace) : e;
}

/* With problems: goes on as long as what follows makes sense.  */
static fh_err check(struct checking *c, struct fh_span cedar, struct fh_span schema,
		    struct fh_span entities, struct fh_policy_set *set)
{
	fh_err e = noted(c, fh_schema_parse(schema, c->arena, &set->schema, c->trace));
	bool declared = e == FH_ERR_OK && problems_of(c) == 0;

	if (e == FH_ERR_OK)
		e = noted(c, fh_policies_parse_all(cedar, FH_POLICY_TEXT_MAX, "policy", c->arena,
						   &c->all, c->problems, c->trace));
	if (e == FH_ERR_OK && declared)
		e = check_each(c, &set->schema);
	if (e != FH_ERR_OK)
		return e;
	set->policies = c->all.list;
	set->policies_n = c->all.n;
	e = read_limits(c, &set->limits);
	if (e == FH_ERR_OK && declared)
		e = check_token_quotas(c, set);
	if (e == FH_ERR_OK && declared && entities.n > 0)
		e = noted(c, read_entities(c, entities, set));
	if (e == FH_ERR_OK && problems_of(c) > 0)
		return c->problems->list[0].e;
	return e == FH_ERR_OK ? compile(set, &c->all, c->arena, c->trace) : e;
}

fh_err fh_policy_check(struct fh_span cedar, struct fh_span schema, struct fh_arena *a,
		       struct fh_policy_set *out, struct fh_trace *t)
{
	return fh_policy_check_all(cedar, schema, (struct fh_span){ 0 }, a, out, t);
}

fh_err fh_policy_check_all(struct fh_span cedar, struct fh_span schema, struct fh_span entities,
			   struct fh_arena *a, struct fh_policy_set *out, struct fh_trace *t)
{
	struct checking c = { .arena = a, .trace = t };
	struct fh_policy_set set = { 0 };
	fh_err e = check(&c, cedar, schema, entities, &set);

	if (e == FH_ERR_OK)
		*out = set;
	return e;
}

fh_err fh_policy_check_problems(struct fh_span cedar, struct fh_span schema,
				struct fh_span entities, struct fh_arena *a,
				struct fh_policy_set *out, struct fh_problems *problems)
{
	struct fh_trace t = { 0 };
	struct checking c = { .arena = a, .trace = &t, .problems = problems };
	struct fh_policy_set set = { 0 };
	fh_err e = fh_problems_begin(problems, a);

	if (e == FH_ERR_OK)
		e = check(&c, cedar, schema, entities, &set);
	fh_problems_sort(problems);
	if (problems->n > 0 && e != FH_ERR_NOMEM)
		e = problems->list[0].e;
	if (e == FH_ERR_OK)
		*out = set;
	return e;
}
