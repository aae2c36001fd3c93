/* SPDX-License-Identifier: Apache-2.0 */
/* All that is wrong with a document is told, each in its place and once.  */
#include "test_policy.h"

#include "base/builder.h"

constexpr size_t memory_size = 4 << 20;

#define CLOSE "action == Action::\"close\""

static const struct {
	const char *cedar;
	const char *schema; /* NULL: the usual */
	const char *places;
} rows[] = {
	{ "permit(principal,action,resource);", nullptr, "" },
	/* what stands between the semicolons is read by itself */
	{ "permit(principal);permit(principal,action,resource);forbid(a,b,c);", nullptr,
	  "policy:1:17 policy:1:60 " },
	{ "permit(principal,action,resource) when { 1 = 1 };\n"
	  "permit(principal,action == Action::\"no\",resource);", nullptr,
	  "policy:1:44 policy:2:28 " },
	{ "permit(principal,action,resource) when { \"\n };", nullptr, "policy:1:42 " },
	{ "permit(principal,action,resource)\npermit(principal,action,resource);\nforbid(x);",
	  nullptr, "policy:2:1 policy:3:8 " },
	/* names: all of them, and then no types */
	{ "permit(principal in Tem::\"a\",action in [Action::\"x\", Action::\"y\"],resource is Z)"
	  "when {1 == principal.x && principal is W};", nullptr,
	  "policy:1:21 policy:1:41 policy:1:54 policy:1:79 policy:1:117 " },
	/* types: behind what is refused, too */
	{ "permit(principal," CLOSE ",resource) when { principal.a && principal.b };", nullptr,
	  "policy:1:71 policy:1:86 " },
	{ "permit(principal," CLOSE ",resource) when { principal.a || 3 };", nullptr,
	  "policy:1:71 policy:1:76 " },
	{ "permit(principal," CLOSE ",resource) when { if 1 then principal.a else principal.b };",
	  nullptr, "policy:1:64 policy:1:81 policy:1:98 " },
	{ "permit(principal," CLOSE ",resource) when { 1 } unless { 2 } when { 3 < \"a\" };",
	  nullptr, "policy:1:61 policy:1:74 policy:1:89 " },
	/* what was refused may have said that something exists */
	{ "permit(principal," CLOSE ",resource) when { 1 && principal has x && principal.x };",
	  nullptr, "policy:1:61 policy:1:95 " },
	/* one mistake in many environments is one */
	{ "permit(principal,action,resource) when { 7 };", nullptr, "policy:1:42 " },
	/* ids, slots and limits */
	{ "@id(\"a\")permit(principal,action,resource);@id(\"a\")@quota(\"x\")permit(principal,"
	  "action,resource == ?resource);", nullptr, "policy:1:52 policy:1:62 policy:1:98 " },
	/* both texts, the schema first; what it does not declare is not looked for */
	{ "permit(principal in X::\"a\",action,resource);permit(", "entity A in [B];",
	  "schema:1:14 policy:1:52 " },
};

static void tells_all_that_is_wrong(void **state)
{
	(void)state;
	uint8_t *memory = malloc(memory_size);

	assert_non_null(memory);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *schema = rows[i].schema == nullptr ? files_schema : rows[i].schema;
		struct fh_arena a = fh_arena_of(memory, memory_size);
		struct fh_problems problems;
		struct fh_policy_set set = { 0 };
		char places[512] = "";
		struct fh_builder b = fh_builder_of(places, sizeof(places) - 1);
		fh_err e = fh_policy_check_problems(fh_span_str(rows[i].cedar),
						    fh_span_str(schema),
						    (struct fh_span){ 0 }, &a, &set,
						    &problems);

		for (size_t k = 0; k < problems.n; k++) {
			const struct fh_trace *t = &problems.list[k].why;

			assert_true(t->what[0] != '\0' && t->cure[0] != '\0');
			fh_builder_text(&b, t->where);
			fh_builder_u8(&b, ' ');
		}
		if (strcmp(places, rows[i].places) != 0)
			fail_msg("%s, not %s: %s", places, rows[i].places, rows[i].cedar);
		assert_int_equal(problems.n, problems.total);
		assert_int_equal(e, problems.n == 0 ? FH_ERR_OK : problems.list[0].e);
		assert_true((set.policies != nullptr) == (problems.n == 0));
	}
	free(memory);
}

static void keeps_a_hundred_and_counts_on(void **state)
{
	(void)state;
	static char text[1 << 16];
	uint8_t *memory = malloc(memory_size);
	struct fh_arena a = fh_arena_of(memory, memory_size);
	struct fh_policy_set set;
	struct fh_problems problems;
	size_t n = 0;

	assert_non_null(memory);
	for (int i = 0; i < 300; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "permit(principal,action,"
				      "resource == X::\"%d\");\n", i);
	fh_err e = fh_policy_check_problems(fh_span_of(text, n), fh_span_str(files_schema),
					    (struct fh_span){ 0 }, &a, &set, &problems);

	assert_int_equal(e, FH_ERR_UNKNOWN);
	assert_int_equal(problems.n, FH_PROBLEMS_MAX);
	assert_true(problems.total >= 300);
	free(memory);
}

/* Whoever passes no list gets the first, as ever.  */
static void ends_at_the_first_otherwise(void **state)
{
	(void)state;
	assert_refused("permit(principal);permit(x);", files_schema, FH_ERR_FORMAT, "policy:1:17",
		       "`,` expected");
	assert_refused("permit(principal in X::\"a\",action,resource is Y);", files_schema,
		       FH_ERR_UNKNOWN, "policy:1:21", "no entity type `X`");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_all_that_is_wrong),
		cmocka_unit_test(keeps_a_hundred_and_counts_on),
		cmocka_unit_test(ends_at_the_first_otherwise),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
