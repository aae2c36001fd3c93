/* SPDX-License-Identifier: Apache-2.0 */
#include "test_policy.h"

static void accepts_every_form_of_a_scope(void **state)
{
	(void)state;
	assert_accepted("", "");
	assert_accepted("// nothing but a comment", "");
	assert_accepted("permit(principal,action,resource);", files_schema);
	assert_accepted("permit(principal == Actor::\"a\", action == Action::\"files.read\","
			"resource == File::\"/a\");", files_schema);
	assert_accepted("forbid(principal in Team::\"t\", action in Action::\"read\","
			"resource in Folder::\"/\");", files_schema);
	assert_accepted("permit(principal is Actor, action in [Action::\"close\"],"
			"resource is Ticket);", files_schema);
	assert_accepted("permit(principal is Actor in Team :: // namespace mark\n \"t\","
			"action in [Action::\"files\",Action::\"close\"],"
			"resource is File in Folder::\"/a b\");", files_schema);
	assert_accepted("@id(\"one\")permit(principal is Device,action,resource);"
			"permit(principal,action,resource == Server::\"s\");", files_schema);
}

static void names_what_has_no_id_by_its_place(void **state)
{
	(void)state;
	OWN_DOCUMENT d = document_of("permit(principal,action,resource);"
				     "@id(\"x\") permit(principal,action,resource);"
				     "forbid(principal,action,resource);", files_schema);

	assert_int_equal(d.e, FH_ERR_OK);
	assert_int_equal(d.set.policies_n, 3);
	assert_true(fh_span_equal(d.set.policies[0].id, FH_SPAN_LIT("policy0")));
	assert_true(fh_span_equal(d.set.policies[1].id, FH_SPAN_LIT("x")));
	assert_true(fh_span_equal(d.set.policies[2].id, FH_SPAN_LIT("policy2")));
}

static void refuses_by_name_what_is_not_evaluated(void **state)
{
	(void)state;
	static const struct {
		const char *cedar, *where, *what;
	} rows[] = {
		{ "permit(principal == ?principal,action,resource);", "policy:1:21",
		  "slot ?principal" },
		{ "permit(principal,action,resource in ?resource);", "policy:1:37",
		  "slot ?resource" },
		{ "@id(\"a\")\n@advice permit(principal,action,resource);", "policy:2:2",
		  "@advice is an annotation that is not evaluated yet" },
		{ "@if permit(principal,action,resource);", "policy:1:2", "@if" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_refused(rows[i].cedar, files_schema, FH_ERR_UNSUPPORTED, rows[i].where,
			       rows[i].what);
}

static void refuses_what_is_not_cedar(void **state)
{
	(void)state;
	static const struct {
		const char *cedar, *where;
	} rows[] = {
		{ "allow(principal,action,resource);", "policy:1:1" },
		{ "permit(principal,action);", "policy:1:24" },
		{ "permit(action,principal,resource);", "policy:1:8" },
		{ "permit(principal,action,resource)", "policy:1:34" },
		{ "permit(principal,action is Action,resource);", "policy:1:25" },
		{ "permit(principal in [Team::\"a\"],action,resource);", "policy:1:21" },
		{ "permit(principal,action == [Action::\"ping\"],resource);", "policy:1:28" },
		{ "permit(principal is Actor::\"a\",action,resource);", "policy:1:28" },
		{ "permit(principal == Actor,action,resource);", "policy:1:26" },
		{ "permit(principal == in::\"a\",action,resource);", "policy:1:21" },
		{ "permit(principal == \"a\",action,resource);", "policy:1:21" },
		{ "permit(principal = Actor::\"a\",action,resource);", "policy:1:18" },
		{ "permit(principal == Actor::\"a,action,resource);", "policy:1:28" },
		{ "permit(principal == Actor::\"\\q\",action,resource);", "policy:1:28" },
		{ "permit(principal == Actor::\"\\*\",action,resource);", "policy:1:28" },
		{ "permit(principal == Actor::\"\\x80\",action,resource);", "policy:1:28" },
		{ "permit(principal == Actor::\"\\u{d800}\",action,resource);", "policy:1:28" },
		{ "permit(principal == Actor::\"\\u{}\",action,resource);", "policy:1:28" },
		{ "/* c */ permit(principal,action,resource);", "policy:1:1" },
		{ "// \u00e4\u00f6\n\u00e4", "policy:2:1" },
		{ "permit(principal == Actor::\"\u00e4\u00f6\"#,", "policy:1:32" },
		{ "@id() permit(principal,action,resource);", "policy:1:5" },
		{ "@id(x) permit(principal,action,resource);", "policy:1:5" },
		{ "\xff", "policy:1:1" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_refused(rows[i].cedar, files_schema, FH_ERR_FORMAT, rows[i].where, "");
}

static void resolves_the_escapes_of_strings(void **state)
{
	(void)state;
	OWN_DOCUMENT d = document_of("permit(principal == Actor::\"\\n\\t\\r\\0\\\\\\'\\\"\\x41"
				     "\\u{e4}\\u{20ac}\\u{1F600}\",action,resource);",
				     files_schema);
	struct fh_span want = FH_SPAN_LIT("\n\t\r\0\\'\"A\u00e4\u20ac\U0001F600");

	assert_int_equal(d.e, FH_ERR_OK);
	assert_true(fh_span_equal(d.set.policies[0].principal.entities[0].id, want));
}

static void refuses_two_policies_of_one_id(void **state)
{
	(void)state;
	assert_refused("@id(\"a\") permit(principal,action,resource);\n"
		       "@id(\"a\") permit(principal,action,resource);", files_schema,
		       FH_ERR_CONFLICT, "policy:2:10", "two policies have the id `a`");
	assert_refused("@id(\"policy1\") permit(principal,action,resource);\n"
		       "permit(principal,action,resource);", files_schema, FH_ERR_CONFLICT,
		       "policy:2:1", "two policies");
	assert_refused("@id(\"a\") @id(\"b\") permit(principal,action,resource);", files_schema,
		       FH_ERR_CONFLICT, "policy:1:11", "two @id");
	assert_refused("@id(\"\") permit(principal,action,resource);", files_schema, FH_ERR_LIMIT,
		       "policy:1:2", "@id must have");
}

static void refuses_names_the_schema_does_not_declare(void **state)
{
	(void)state;
	OWN_DOCUMENT d = document_of("permit(principal,action == Action::\"files.raed\","
				     "resource);",
				     files_schema);

	assert_int_equal(d.e, FH_ERR_UNKNOWN);
	assert_string_equal(d.trace.where, "policy:1:28");
	assert_string_equal(d.trace.cure, "did you mean `files.read`?");
	assert_refused("permit(principal in Taem::\"t\",action,resource);", files_schema,
		       FH_ERR_UNKNOWN, "policy:1:21", "no entity type `Taem`");
	assert_refused("permit(principal,action,resource is A::B);", files_schema, FH_ERR_UNKNOWN,
		       "policy:1:37", "no entity type `A::B`");
	assert_refused("permit(principal,action,resource) when {[1,{a:Taem::\"t\"}] == 1};",
		       files_schema, FH_ERR_UNKNOWN, "policy:1:47", "no entity type `Taem`");
	assert_refused("permit(principal,action,resource) unless {principal is A::B in A::\"\"};",
		       files_schema, FH_ERR_UNKNOWN, "policy:1:53", "no entity type `A::B`");
	assert_refused("permit(principal,action,resource) when {action in Action::\"raed\"};",
		       files_schema, FH_ERR_UNKNOWN, "policy:1:51", "no action `raed`");
	assert_refused("permit(principal,action,resource) when {principal has a || context.a};",
		       files_schema, FH_ERR_UNKNOWN, "policy:1:68", "no attribute `a` of {}");
	assert_refused("permit(principal,action,resource) when {1 + 1};", files_schema,
		       FH_ERR_CONFLICT, "policy:1:43", "a Bool expected here");
	assert_refused("permit(principal,action,resource) when {resource.getTag(\"a\") == 1};",
		       files_schema, FH_ERR_UNKNOWN, "policy:1:50", "no tags");
	assert_refused("permit(principal,action,resource) when {resource in Folder::\"/a/\"};",
		       files_schema, FH_ERR_FORMAT, "policy:1:53", "slash");
	assert_accepted("permit(principal,action,resource) when {action is Action && {a: 1}.a == 1"
			"&& principal in Team::\"t\"};", files_schema);
	assert_refused("permit(principal,action == N::Action::\"ping\",resource);", files_schema,
		       FH_ERR_UNKNOWN, "policy:1:28", "no type of actions");
}

static void refuses_scopes_that_can_never_apply(void **state)
{
	(void)state;
	assert_refused("permit(principal == Team::\"t\",action,resource);", files_schema,
		       FH_ERR_CONFLICT, "policy:1:8", "principal");
	assert_refused("permit(principal,action == Action::\"read\",resource);", files_schema,
		       FH_ERR_CONFLICT, "policy:1:18", "is a group");
	assert_refused("permit(principal,action == Action::\"close\",resource in Folder::\"/\");",
		       files_schema, FH_ERR_CONFLICT, "policy:1:44", "resource");
	assert_refused("permit(principal is Device,action,resource is File);", files_schema,
		       FH_ERR_CONFLICT, "policy:1:1", "meet");
	assert_refused("permit(principal,action in [],resource);", files_schema, FH_ERR_CONFLICT,
		       "policy:1:18", "no action");
	assert_refused("permit(principal,action,resource in Folder::\"/a/\");", files_schema,
		       FH_ERR_FORMAT, "policy:1:37", "slash");
}

static void holds_its_limits(void **state)
{
	(void)state;
	static const char one[] = "permit(principal,action,resource);\n";
	size_t n = FH_POLICY_RULES_MAX + 1;
	char *many = calloc(n + 1, sizeof(one) - 1);

	assert_non_null(many);
	for (size_t i = 0; i < n; i++)
		memcpy(many + i * (sizeof(one) - 1), one, sizeof(one) - 1);
	assert_refused(many, files_schema, FH_ERR_LIMIT, "policy:10001:1", "more than 10000");
	many[(n - 1) * (sizeof(one) - 1)] = '\0';
	assert_accepted(many, files_schema);
	memset(many, ' ', n * (sizeof(one) - 1));
	assert_true(n * (sizeof(one) - 1) < FH_POLICY_TEXT_MAX);
	free(many);

	char *large = malloc(FH_POLICY_TEXT_MAX + 2);

	assert_non_null(large);
	memset(large, ' ', FH_POLICY_TEXT_MAX + 1);
	large[FH_POLICY_TEXT_MAX + 1] = '\0';
	assert_refused(large, "", FH_ERR_LIMIT, "policy:1:1", "bytes");
	assert_refused("", large, FH_ERR_LIMIT, "schema:1:1", "bytes");
	free(large);
}

static void fails_cleanly_without_memory(void **state)
{
	(void)state;
	static const char cedar[] = "@id(\"a\") permit(principal in Team::\"t\","
				    "action in [Action::\"files\",Action::\"close\"],resource);"
				    "permit(principal,action,resource);";
	static _Alignas(max_align_t) uint8_t memory[32768];
	fh_err e = FH_ERR_NOMEM;
	size_t cap = 0;

	for (; e == FH_ERR_NOMEM && cap < sizeof(memory); cap += 16) {
		struct fh_arena a = fh_arena_of(memory, cap);
		struct fh_policy_set set = { 0 };

		e = fh_policy_check(fh_span_str(cedar), fh_span_str(files_schema), &a, &set,
				    nullptr);
		assert_true(e == FH_ERR_OK || set.policies == nullptr);
	}
	assert_int_equal(e, FH_ERR_OK);
	assert_true(cap > 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_every_form_of_a_scope),
		cmocka_unit_test(names_what_has_no_id_by_its_place),
		cmocka_unit_test(refuses_by_name_what_is_not_evaluated),
		cmocka_unit_test(refuses_what_is_not_cedar),
		cmocka_unit_test(resolves_the_escapes_of_strings),
		cmocka_unit_test(refuses_two_policies_of_one_id),
		cmocka_unit_test(refuses_names_the_schema_does_not_declare),
		cmocka_unit_test(refuses_scopes_that_can_never_apply),
		cmocka_unit_test(holds_its_limits),
		cmocka_unit_test(fails_cleanly_without_memory),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
