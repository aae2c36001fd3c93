/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ANALYSE_FIXTURE_H
#define ANALYSE_FIXTURE_H

#include "test_policy.h"

#include "policy/analyse.h"
#include "policy/conform.h"
#include "policy/entities_json.h"
#include "policy/index.h"
#include "policy/policies.h"
#include "policy/validate.h"
#include "policy/value_write.h"

/* A set under any Cedar schema, which a signed document may not have yet; memory is A's.
 * False: it is not valid.  */
static inline bool set_of(const char *schema, const char *cedar, struct fh_arena *a,
			  struct fh_policy_set *out)
{
	struct fh_trace t = { 0 };
	const struct fh_lexer lex = { .text_name = "policy", .trace = &t };
	struct fh_policy_set set = { 0 };
	struct fh_validation v;
	struct fh_policies all;
	const uint32_t *actions;
	bool idle;

	if (fh_schema_read(fh_span_str(schema), FH_CEDAR_TEXT_MAX, "schema", a, &set.schema, &t)
	    != FH_ERR_OK)
		fail_msg("%s: %s", t.where, t.what);
	if (fh_policies_parse(fh_span_str(cedar), FH_CEDAR_TEXT_MAX, "policy", a, &all, &t)
	    != FH_ERR_OK)
		fail_msg("%s\n%s: %s", cedar, t.where, t.what);
	struct fh_limits *limits = fh_arena_array(a, all.n, sizeof(*limits));

	assert_non_null(limits);
	fh_validation_begin(&v, &set.schema, a, &lex);
	for (size_t i = 0; i < all.n; i++) {
		if (fh_policy_validate(&v, &all.list[i], &actions, &idle) != FH_ERR_OK)
			return false;
		assert_int_equal(fh_limits_read(&all.list[i], a, &limits[i], &t), FH_ERR_OK);
	}
	set.policies = all.list;
	set.policies_n = all.n;
	set.limits = limits;
	assert_int_equal(fh_rules_compile(&all, a, &set.rules), FH_ERR_OK);
	assert_int_equal(fh_policy_index_build(&set.rules, &set.schema, a, &set.index), FH_ERR_OK);
	*out = set;
	return true;
}

static inline enum fh_funds all_suffice(void *context, const struct fh_charge *charge)
{
	(void)context;
	(void)charge;
	return FH_FUNDS_SUFFICE;
}

/* SET's own answer, WHEN.  */
static inline bool allows(const struct fh_policy_set *set, const struct fh_request *r,
			  enum fh_when when, struct fh_arena *a)
{
	const struct fh_circumstances now = {
		.leased = when != FH_WHEN_UNLEASED, .amount = { 1, 1 },
		.funds = when == FH_WHEN_UNFUNDED ? nullptr : all_suffice };
	struct fh_decision d = { 0 };

	assert_int_equal(fh_policy_decide(set, r, &now, a, &d), FH_ERR_OK);
	return fh_allows(d.verdict);
}

/* Whether SET allows E, once E was written down and read again under the schema, as
 * whoever is shown it would.  */
static inline bool allows_as_written(const struct fh_policy_set *set, const struct fh_example *e,
				     enum fh_when when, struct fh_arena *a)
{
	static uint8_t text[1 << 18];
	struct fh_builder b = FH_BUILDER_ARRAY(text);
	const struct fh_schema *s = &set->schema;
	struct fh_entities entities;
	struct fh_trace t = { 0 };
	struct fh_span kept;
	struct fh_value context;
	uint32_t action;

	fh_entities_put(&b, &e->entities);
	assert_false(b.bad);
	assert_int_equal(fh_arena_copy(a, fh_builder_span(&b), &kept), FH_ERR_OK);
	if (fh_request_check(s, e->principal, e->action, e->resource, &action, &t) != FH_ERR_OK)
		fail_msg("%s", t.what);
	if (fh_entities_read_as(kept, "entities", s, a, &entities, &t) != FH_ERR_OK)
		fail_msg("%.*s\n%s: %s", (int)kept.n, (const char *)kept.p, t.where, t.what);
	b.n = 0;
	fh_value_put(&b, &e->context);
	assert_int_equal(fh_arena_copy(a, fh_builder_span(&b), &kept), FH_ERR_OK);
	if (fh_context_read_as(kept, "context", s, s->actions[action].context, a, &context, &t)
	    != FH_ERR_OK)
		fail_msg("%.*s\n%s: %s", (int)kept.n, (const char *)kept.p, t.where, t.what);
	const struct fh_request r = { e->principal, e->action, e->resource, context,
				      fh_entities_source(&entities) };

	return allows(set, &r, when, a);
}

#endif
