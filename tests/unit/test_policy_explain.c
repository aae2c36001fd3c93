/* SPDX-License-Identifier: Apache-2.0 */
/* What explanations say of single policies, and that they never contradict the decision.  */
#include "test_policy.h"

#include "policy/explain.h"

static const char schema[] =
	"entity Folder in [Folder]; entity File in [Folder];\n"
	"@mcp(\"files/read\") @resource(\"/path\", \"posix-path\")\n"
	"action \"read\" appliesTo { principal: [Actor], resource: [File] };\n"
	"action \"write\" appliesTo { principal: [Actor], resource: [File] };\n";

struct bench {
	struct document document;
	struct fh_request request;
	struct fh_known_entities known;
	struct fh_entity_uid groups[1];
	struct fh_circumstances now;
	uint8_t *memory;
	struct fh_arena scratch;
};

static void bench_drop(struct bench *b)
{
	document_drop(&b->document);
	free(b->memory);
}

#define OWN_BENCH __attribute__((cleanup(bench_drop))) struct bench

/* Actor::"claude" of Team::"research" does ACTION on File::"PATH" under CEDAR.  */
static void begin(struct bench *b, const char *cedar, const char *action, const char *path)
{
	*b = (struct bench){ .document = document_of(cedar, schema), .now = leased,
			     .memory = malloc(FH_DECISION_ARENA) };
	assert_non_null(b->memory);
	assert_int_equal(b->document.e, FH_ERR_OK);
	b->scratch = fh_arena_of(b->memory, FH_DECISION_ARENA);
	b->groups[0] = uid("Team", "research");
	b->known = (struct fh_known_entities){ &b->document.set.schema, uid("Actor", "claude"),
					       b->groups, 1 };
	b->request = (struct fh_request){ b->known.principal, uid("Action", action),
					  uid("File", path), fh_value_none(),
					  fh_known_entities_source(&b->known) };
}

static struct fh_explained explain(struct bench *b, uint32_t i)
{
	struct fh_explained x = { .misses = 99 };

	assert_int_equal(fh_policy_explain(&b->document.set, i, &b->request, &b->now,
					   &b->scratch, &x), FH_ERR_OK);
	assert_int_equal(b->scratch.n, 0);
	assert_int_equal(x.policy, i);
	return x;
}

static void tells_which_clauses_do_not_match(void **state)
{
	(void)state;
	static const struct {
		const char *scope;
		bool matches[3];
		uint32_t misses;
	} rows[] = {
		{ "principal, action, resource", { true, true, true }, 0 },
		{ "principal == Actor::\"eve\", action, resource", { false, true, true }, 1 },
		{ "principal in Team::\"research\", action == Action::\"write\", resource",
		  { true, false, true }, 1 },
		{ "principal in Team::\"x\", action == Action::\"write\", "
		  "resource in Folder::\"/b\"", { false, false, false }, 3 },
		{ "principal is Actor, action in [Action::\"read\", Action::\"write\"], "
		  "resource in Folder::\"/\"", { true, true, true }, 0 },
		{ "principal, action, resource in Folder::\"/a\"", { true, true, true }, 0 },
		{ "principal, action, resource == File::\"/a\"", { true, true, false }, 1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char cedar[256];
		OWN_BENCH b;

		(void)snprintf(cedar, sizeof(cedar), "permit(%s);", rows[i].scope);
		begin(&b, cedar, "read", "/a/b");
		struct fh_explained x = explain(&b, 0);

		if (memcmp(x.matches, rows[i].matches, sizeof(x.matches)) != 0
		    || x.misses != rows[i].misses)
			fail_msg("%s: %d %d %d, %u misses", rows[i].scope, x.matches[0],
				 x.matches[1], x.matches[2], x.misses);
		assert_int_equal(x.what, x.misses == 0 ? FH_EFFECTIVE : FH_UNSATISFIED);
		assert_null(x.condition);
	}
}

/* Of the only condition, what it comes to and the column of the part that makes it so.  */
static void condition_is(const char *word, const char *condition, enum fh_effectuality what,
			 uint32_t column)
{
	char cedar[512];
	OWN_BENCH b;
	int head = snprintf(cedar, sizeof(cedar), "permit(principal,action,resource) %s { ", word);

	(void)snprintf(cedar + head, sizeof(cedar) - (size_t)head, "%s };", condition);
	begin(&b, cedar, "read", "/a");
	struct fh_explained x = explain(&b, 0);

	if (x.what != what || x.part == nullptr || x.part->at.column != (uint32_t)head + column)
		fail_msg("%s %s: %s at %u", word, condition, fh_effectuality_code(x.what),
			 x.part == nullptr ? 0 : x.part->at.column - (uint32_t)head);
	assert_ptr_equal(x.condition, &b.document.set.policies[0].conditions[0]);
	assert_int_equal(x.misses, 1);
}

static void finds_the_part_of_a_condition_that_fails(void **state)
{
	(void)state;
	condition_is("when", "1 == 2", FH_UNSATISFIED, 3);
	condition_is("when", "1 == 1 && 1 == 2 && 1 == 1", FH_UNSATISFIED, 13);
	condition_is("when", "1 == 2 && 1 == 1", FH_UNSATISFIED, 3);
	condition_is("when", "1 == 2 || 1 == 3", FH_UNSATISFIED, 8);
	condition_is("when", "if 1 == 1 then 1 == 2 else 1 == 1", FH_UNSATISFIED, 18);
	condition_is("when", "if 1 == 2 then 1 == 1 else 1 == 3", FH_UNSATISFIED, 30);
	condition_is("when", "!(1 == 1)", FH_UNSATISFIED, 1);
	condition_is("when", "1 == 1 && (1 == 2 || (1 == 3 && 1 == 1))", FH_UNSATISFIED, 19);
	condition_is("unless", "1 == 1", FH_UNSATISFIED, 3);
	condition_is("unless", "1 == 2 || 1 == 1 || 1 == 3", FH_UNSATISFIED, 13);
	condition_is("unless", "1 == 1 && 2 == 2", FH_UNSATISFIED, 8);
	condition_is("when", "9223372036854775807 + 1 > 0", FH_ERRED, 25);
}

static enum fh_funds never(void *context, const struct fh_charge *c)
{
	(void)context;
	return c->count > 1000000 ? FH_FUNDS_NO_ROOM
	       : c->count > 100  ? FH_FUNDS_SUFFICE : FH_FUNDS_USED_UP;
}

static void tells_what_narrows_a_permit(void **state)
{
	(void)state;
	OWN_BENCH b;

	begin(&b, "@id(\"a\") @quota(\"1000/day; 5/hour per principal\")"
		  "permit(principal,action,resource);"
		  "@id(\"b\") @fallback permit(principal,action,resource);"
		  "forbid(principal,action,resource) when { 1 == 2 };"
		  "@id(\"c\") @quota(\"2000000/day; 3000000/hour\")"
		  "permit(principal,action,resource);"
		  "@id(\"d\") @quota(\"2000000/day; 3/hour\") permit(principal,action,resource);",
	      "read", "/a");
	assert_int_equal(explain(&b, 0).what, FH_UNFUNDED);
	b.now.funds = never;
	struct fh_explained x = explain(&b, 0);

	assert_int_equal(x.what, FH_UNFUNDED);
	assert_int_equal(x.limit->count, 5);
	assert_int_equal(x.charge.count, 5);
	assert_int_equal(explain(&b, 1).what, FH_EFFECTIVE);
	assert_int_equal(explain(&b, 2).what, FH_UNSATISFIED);
	x = explain(&b, 3);
	assert_int_equal(x.what, FH_ROOMLESS);
	assert_int_equal(x.charge.count, 2000000);
	x = explain(&b, 4); /* what is used up says more than what has no room */
	assert_int_equal(x.what, FH_UNFUNDED);
	assert_int_equal(x.charge.count, 3);
	b.now.leased = false;
	assert_int_equal(explain(&b, 0).what, FH_UNLEASED);
	assert_int_equal(explain(&b, 1).what, FH_EFFECTIVE);
}

static void knows_which_permit_is_nearest(void **state)
{
	(void)state;
	OWN_BENCH b;

	begin(&b, "permit(principal,action == Action::\"write\",resource);"
		  "permit(principal in Team::\"x\",action == Action::\"read\","
		  "resource in Folder::\"/b\");"
		  "permit(principal,action == Action::\"read\",resource in Folder::\"/b\");"
		  "permit(principal,action == Action::\"read\",resource) when { 1 == 2 };",
	      "read", "/a");
	struct fh_explained x[4];

	for (uint32_t i = 0; i < 4; i++)
		x[i] = explain(&b, i);
	assert_true(fh_explained_nearer(&x[1], &x[0]));
	assert_true(fh_explained_nearer(&x[2], &x[1]));
	assert_true(fh_explained_nearer(&x[3], &x[2]));
	assert_false(fh_explained_nearer(&x[2], &x[3]));
}

/* For many sets: the decision's reason is what the explanations of all policies add up to.  */
static void never_contradicts_the_decision(void **state)
{
	(void)state;
	static const char *const clause[] = {
		"principal,action,resource", "principal == Actor::\"eve\",action,resource",
		"principal in Team::\"research\",action == Action::\"read\",resource",
		"principal,action == Action::\"write\",resource",
		"principal,action,resource in Folder::\"/a\"",
	};
	static const char *const condition[] = {
		"", "when { 1 == 2 }", "when { 9223372036854775807 + 1 > 0 }", "unless { 1 == 2 }",
		"when { 1 == 1 } when { 9223372036854775807 + 1 > 0 }",
	};
	static const char *const head[] = {
		"permit", "forbid", "@fallback permit", "@quota(\"5/day\") permit",
		"@quota(\"500/day\") permit", "@quota(\"2000000/day\") permit",
	};
	constexpr unsigned heads = sizeof(head) / sizeof(head[0]);
	size_t seen[FH_REASON_COUNT] = { 0 };

	for (unsigned seed = 0; seed < 4000; seed++) {
		char cedar[1024];
		int n = 0;
		unsigned r = seed * 2654435761u;
		OWN_BENCH b;

		for (unsigned i = 0; i < 3; i++) {
			n += snprintf(cedar + n, sizeof(cedar) - (size_t)n,
				      "@id(\"p%u\") %s(%s) %s;", i, head[r % heads],
				      clause[r / heads % 5], condition[r / heads / 5 % 5]);
			r = r / heads / 25 * 40503u + 77u * seed;
		}
		begin(&b, cedar, "read", seed % 3 == 0 ? "/b" : "/a/b");
		b.now.leased = seed % 4 != 0;
		b.now.funds = never;
		struct fh_decision d;
		size_t count[2][FH_UNSATISFIED + 1] = { 0 };

		assert_int_equal(fh_policy_decide(&b.document.set, &b.request, &b.now, &b.scratch,
						  &d), FH_ERR_OK);
		for (uint32_t i = 0; i < 3; i++)
			count[b.document.set.policies[i].forbids][explain(&b, i).what]++;
		enum fh_reason want = count[1][FH_EFFECTIVE] > 0  ? FH_REASON_FORBIDDEN
				      : count[1][FH_ERRED] > 0    ? FH_REASON_FORBID_ERRED
				      : count[0][FH_EFFECTIVE] > 0 ? FH_REASON_PERMITTED
				      : count[0][FH_ROOMLESS] > 0  ? FH_REASON_TOO_MANY_BUDGETS
				      : count[0][FH_UNFUNDED] > 0  ? FH_REASON_NO_QUOTA
				      : count[0][FH_UNLEASED] > 0  ? FH_REASON_NO_LEASE
								   : FH_REASON_NO_PERMIT;
		if (d.reason != want)
			fail_msg("%s: %s, explained as %s", cedar, fh_reason_code(d.reason),
				 fh_reason_code(want));
		seen[want]++;
	}
	assert_true(seen[FH_REASON_FORBIDDEN] > 0 && seen[FH_REASON_FORBID_ERRED] > 0);
	assert_true(seen[FH_REASON_PERMITTED] > 0 && seen[FH_REASON_NO_QUOTA] > 0);
	assert_true(seen[FH_REASON_TOO_MANY_BUDGETS] > 0);
	assert_true(seen[FH_REASON_NO_LEASE] > 0 && seen[FH_REASON_NO_PERMIT] > 0);
}

static void finds_the_text_of_a_policy(void **state)
{
	(void)state;
	static const char cedar[] =
		"// one\n"
		"@id(\"a;\")\n"
		"permit (\n  principal, // ; not here\n  action,\n  resource\n);\n"
		"permit (principal, action, resource) when { \";\" == \"x\" }; // behind\n"
		"\n";
	OWN_BENCH b;
	struct fh_span text;
	uint32_t line;

	begin(&b, cedar, "read", "/a");
	assert_int_equal(fh_policy_text(&b.document.set.policies[0], fh_span_str(cedar), &b.scratch,
					&text, &line), FH_ERR_OK);
	assert_int_equal(line, 2);
	assert_true(fh_span_starts(text, FH_SPAN_LIT("@id(\"a;\")\n")));
	assert_memory_equal(text.p + text.n - 2, ");", 2);
	assert_int_equal(fh_policy_text(&b.document.set.policies[1], fh_span_str(cedar), &b.scratch,
					&text, &line), FH_ERR_OK);
	assert_int_equal(line, 8);
	assert_memory_equal(text.p + text.n - 9, "// behind", 9);
	assert_int_equal(fh_policy_text(&b.document.set.policies[1], FH_SPAN_LIT("permit"),
					&b.scratch, &text, &line), FH_ERR_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_which_clauses_do_not_match),
		cmocka_unit_test(finds_the_part_of_a_condition_that_fails),
		cmocka_unit_test(tells_what_narrows_a_permit),
		cmocka_unit_test(knows_which_permit_is_nearest),
		cmocka_unit_test(never_contradicts_the_decision),
		cmocka_unit_test(finds_the_text_of_a_policy),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
