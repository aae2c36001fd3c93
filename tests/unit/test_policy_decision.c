/* SPDX-License-Identifier: Apache-2.0 */
#include "test_policy.h"

static struct fh_decision ask(const struct document *d, struct fh_entity_uid principal,
			      const char *action, struct fh_entity_uid resource)
{
	const struct fh_entity_uid groups[] = { uid("Team", "research"), uid("Team", "everyone") };
	const struct fh_known_entities known = { &d->set.schema, uid("Actor", "claude"), groups,
						 2 };
	const struct fh_request r = { principal, uid("Action", action), resource,
				      fh_value_none(), fh_known_entities_source(&known) };
	static _Alignas(max_align_t) uint8_t memory[65536];
	struct fh_arena scratch = fh_arena_of(memory, sizeof(memory));
	struct fh_decision out = { 0 };

	assert_int_equal(d->e, FH_ERR_OK);
	assert_int_equal(fh_policy_decide(&d->set, &r, &leased, &scratch, &out), FH_ERR_OK);
	assert_int_equal(scratch.n, 0);
	assert_int_equal(fh_allows(out.verdict), out.reason == FH_REASON_PERMITTED);
	return out;
}

static enum fh_reason reason(const char *cedar, const char *who, const char *action,
			     struct fh_entity_uid resource)
{
	OWN_DOCUMENT d = document_of(cedar, files_schema);

	return ask(&d, uid("Actor", who), action, resource).reason;
}

#define FILE_AT(path) uid("File", path)

static void denies_by_default(void **state)
{
	(void)state;
	assert_int_equal(reason("", "claude", "files.read", FILE_AT("/a")), FH_REASON_NO_PERMIT);
	assert_int_equal(reason("permit(principal == Actor::\"eve\",action,resource);", "claude",
				"files.read", FILE_AT("/a")), FH_REASON_NO_PERMIT);
	assert_int_equal(reason("forbid(principal == Actor::\"eve\",action,resource);", "claude",
				"files.read", FILE_AT("/a")), FH_REASON_NO_PERMIT);
}

static void lets_a_forbid_win_whatever_its_place(void **state)
{
	(void)state;
	assert_int_equal(reason("permit(principal,action,resource);"
				"forbid(principal,action == Action::\"files.read\",resource);",
				"claude", "files.read", FILE_AT("/a")), FH_REASON_FORBIDDEN);
	assert_int_equal(reason("forbid(principal in Team::\"research\",action,resource);"
				"permit(principal,action,resource);",
				"claude", "files.read", FILE_AT("/a")), FH_REASON_FORBIDDEN);
	assert_int_equal(reason("forbid(principal,action == Action::\"files.write\",resource);"
				"permit(principal,action,resource);",
				"claude", "files.read", FILE_AT("/a")), FH_REASON_PERMITTED);
}

static void takes_in_as_reflexive_and_transitive(void **state)
{
	(void)state;
	static const struct {
		const char *scope, *path;
		enum fh_reason want;
	} rows[] = {
		{ "resource in File::\"/a/b\"", "/a/b", FH_REASON_PERMITTED },
		{ "resource in Folder::\"/a\"", "/a/b/c/d", FH_REASON_PERMITTED },
		{ "resource in Folder::\"/\"", "/a", FH_REASON_PERMITTED },
		{ "resource in Folder::\"/\"", "/a/b", FH_REASON_PERMITTED },
		{ "resource in Folder::\"/a\"", "/ab/c", FH_REASON_NO_PERMIT },
		{ "resource in Folder::\"/a/b\"", "/a", FH_REASON_NO_PERMIT },
		{ "resource in Folder::\"/a/b\"", "/a/b", FH_REASON_NO_PERMIT },
		{ "resource == File::\"/a/b\"", "/a/b", FH_REASON_PERMITTED },
		{ "resource == File::\"/a\"", "/a/b", FH_REASON_NO_PERMIT },
		{ "resource is File", "/a", FH_REASON_PERMITTED },
		{ "resource is File in Folder::\"/a\"", "/a/b", FH_REASON_PERMITTED },
		{ "resource is File in Folder::\"/b\"", "/a/b", FH_REASON_NO_PERMIT },
		{ "resource is Server", "/a/b", FH_REASON_NO_PERMIT },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char cedar[256];

		snprintf(cedar, sizeof(cedar), "permit(principal,action,%s);", rows[i].scope);
		enum fh_reason got = reason(cedar, "claude", "files.read", FILE_AT(rows[i].path));

		if (got != rows[i].want)
			fail_msg("%s on %s: %s", rows[i].scope, rows[i].path, fh_reason_text(got));
	}
}

static void reads_the_codes_that_are_recorded(void **state)
{
	(void)state;

	for (enum fh_reason r = 0; r < FH_REASON_COUNT; r++)
		assert_int_equal(fh_reason_read(fh_span_str(fh_reason_code(r))), r);
	assert_int_equal(fh_reason_read(FH_SPAN_LIT("no-permit")), FH_REASON_NO_PERMIT);
	assert_int_equal(fh_reason_read(FH_SPAN_LIT("")), FH_REASON_COUNT);
	assert_int_equal(fh_reason_read(FH_SPAN_LIT("no-permits")), FH_REASON_COUNT);
	assert_string_equal(fh_reason_code(FH_REASON_COUNT), "undecided");
	assert_true(fh_reason_is_untyped(fh_reason_read(FH_SPAN_LIT("tool-not-in-schema"))));
	assert_false(fh_reason_is_untyped(FH_REASON_MALFORMED));
	assert_false(fh_reason_is_untyped(FH_REASON_PERMITTED));
}

static void compares_equal_with_the_principal_alone(void **state)
{
	(void)state;
	static const char team[] = "permit(principal in Team::\"research\",action,resource);";

	assert_int_equal(reason(team, "claude", "ping", uid("Server", "desk")),
			 FH_REASON_PERMITTED);
	assert_int_equal(reason(team, "eve", "ping", uid("Server", "desk")), FH_REASON_NO_PERMIT);
	assert_int_equal(reason("permit(principal in Actor::\"claude\",action,resource);", "claude",
				"ping", uid("Server", "desk")), FH_REASON_PERMITTED);
	assert_int_equal(reason("permit(principal is Actor in Team::\"everyone\",action,"
				"resource);", "claude", "ping", uid("Server", "desk")),
			 FH_REASON_PERMITTED);
	assert_int_equal(reason("permit(principal is Device,action,resource);", "claude", "ping",
				uid("Server", "desk")), FH_REASON_NO_PERMIT);
}

static void follows_groups_of_actions(void **state)
{
	(void)state;
	struct fh_entity_uid desk = uid("Server", "desk");

	assert_int_equal(reason("permit(principal,action in Action::\"read\",resource);", "claude",
				"ping", desk), FH_REASON_PERMITTED);
	assert_int_equal(reason("permit(principal,action in Action::\"ping\",resource);", "claude",
				"ping", desk), FH_REASON_PERMITTED);
	assert_int_equal(reason("permit(principal,action in Action::\"read\",resource);", "claude",
				"files.write", FILE_AT("/a")), FH_REASON_NO_PERMIT);
	assert_int_equal(reason("permit(principal,action in [Action::\"close\","
				"Action::\"health\"],resource);", "claude", "ping", desk),
			 FH_REASON_PERMITTED);
}

static void names_each_determining_policy_once_in_order(void **state)
{
	(void)state;
	OWN_DOCUMENT d = document_of(
		"@id(\"p\") permit(principal,action in [Action::\"health\",Action::\"files\","
		"Action::\"ping\",Action::\"ping\"],resource);"
		"@id(\"q\") permit(principal,action,resource == Server::\"desk\");"
		"@id(\"f\") forbid(principal,action,resource == Server::\"files\");"
		"@id(\"r\") permit(principal in Team::\"research\",action,resource);",
		files_schema);
	struct fh_decision x = ask(&d, uid("Actor", "claude"), "ping", uid("Server", "desk"));

	assert_int_equal(x.determining_n, 3);
	assert_int_equal(x.determining_total, 3);
	assert_true(fh_span_equal(x.determining[0], FH_SPAN_LIT("p")));
	assert_true(fh_span_equal(x.determining[1], FH_SPAN_LIT("q")));
	assert_true(fh_span_equal(x.determining[2], FH_SPAN_LIT("r")));
	x = ask(&d, uid("Actor", "claude"), "ping", uid("Server", "files"));
	assert_int_equal(x.determining_n, 1);
	assert_true(fh_span_equal(x.determining[0], FH_SPAN_LIT("f")));
}

static void keeps_the_first_of_many_determining_policies(void **state)
{
	(void)state;
	static char cedar[4096];
	size_t n = 0;

	for (size_t i = 0; i < 40; i++)
		n += (size_t)snprintf(cedar + n, sizeof(cedar) - n, i % 2 == 0
				      ? "permit(principal,action,resource);"
				      : "permit(principal is Actor,action,resource is Server);");
	OWN_DOCUMENT d = document_of(cedar, files_schema);
	struct fh_decision x = ask(&d, uid("Actor", "a"), "ping", uid("Server", "s"));

	assert_int_equal(x.determining_n, FH_POLICY_REASONS_MAX);
	assert_int_equal(x.determining_total, 40);
	assert_true(fh_span_equal(x.determining[0], FH_SPAN_LIT("policy0")));
	assert_true(fh_span_equal(x.determining[15], FH_SPAN_LIT("policy15")));
}

static void refuses_requests_the_schema_does_not_know(void **state)
{
	(void)state;
	OWN_DOCUMENT d = document_of("permit(principal,action,resource);", files_schema);
	struct fh_entity_uid desk = uid("Server", "desk"), who = uid("Actor", "claude");

	assert_int_equal(ask(&d, who, "nothing", desk).reason, FH_REASON_UNKNOWN_ACTION);
	assert_int_equal(ask(&d, who, "read", desk).reason, FH_REASON_UNKNOWN_ACTION);
	assert_int_equal(ask(&d, uid("Team", "research"), "ping", desk).reason,
			 FH_REASON_WRONG_PRINCIPAL);
	assert_int_equal(ask(&d, uid("Nobody", "x"), "ping", desk).reason,
			 FH_REASON_WRONG_PRINCIPAL);
	assert_int_equal(ask(&d, who, "ping", FILE_AT("/a")).reason, FH_REASON_WRONG_RESOURCE);
	assert_int_equal(ask(&d, uid("Device", "d"), "ping", desk).reason, FH_REASON_PERMITTED);
}

static void denies_without_a_policy(void **state)
{
	(void)state;
	const struct fh_request r = { 0 };
	struct fh_decision x = { .verdict = { FH_VERDICT_ALLOWS } };

	assert_int_equal(fh_policy_decide(nullptr, &r, &leased, nullptr, &x), FH_ERR_OK);
	assert_int_equal(x.reason, FH_REASON_NO_POLICY);
	assert_false(fh_allows(x.verdict));
}

static void settles_only_a_yes(void **state)
{
	(void)state;
	assert_true(fh_allows(fh_verdict_settle(FH_ANSWER_YES)));
	assert_false(fh_allows(fh_verdict_settle(FH_ANSWER_NO)));
	assert_false(fh_allows(fh_verdict_settle(FH_ANSWER_UNCHECKED)));
	for (int r = 0; r <= FH_REASON_COUNT; r++)
		assert_false(fh_allows(fh_decision_refused((enum fh_reason)r).verdict));
	assert_int_equal(fh_decision_refused(FH_REASON_PERMITTED).reason, FH_REASON_FAILED);
}

/* A source that fails.  */
static fh_err find_nothing(const void *context, const struct fh_entity_key *e, struct fh_arena *a,
			   const struct fh_entity **out)
{
	(void)context;
	(void)e;
	(void)a;
	(void)out;
	return FH_ERR_IO;
}

static void decides_nothing_when_it_fails(void **state)
{
	(void)state;
	static _Alignas(max_align_t) uint8_t memory[16384];
	OWN_DOCUMENT d = document_of("permit(principal,action,resource) when {[1] == [1]};",
				     files_schema);
	const struct fh_known_entities known = { &d.set.schema, uid("Actor", "a"), nullptr, 0 };
	struct fh_request r = { uid("Actor", "a"), uid("Action", "ping"), uid("Server", "s"),
				fh_value_none(), { find_nothing, nullptr } };
	struct fh_arena scratch = fh_arena_of(memory, sizeof(memory));
	struct fh_decision x = { 0 };
	fh_err e = FH_ERR_NOMEM;

	assert_int_equal(d.e, FH_ERR_OK);
	assert_int_equal(fh_policy_decide(&d.set, &r, &leased, &scratch, &x), FH_ERR_IO);
	assert_int_equal(x.reason, FH_REASON_UNDECIDED);
	r.entities = fh_known_entities_source(&known);
	for (size_t cap = 0; e == FH_ERR_NOMEM && cap < sizeof(memory); cap += 8) {
		assert_false(fh_allows(x.verdict));
		scratch = fh_arena_of(memory, cap);
		e = fh_policy_decide(&d.set, &r, &leased, &scratch, &x);
	}
	assert_int_equal(e, FH_ERR_OK);
	assert_true(fh_allows(x.verdict));
}

static void asks_the_conditions(void **state)
{
	(void)state;
	static const struct {
		const char *cedar;
		enum fh_reason want;
	} rows[] = {
		{ "permit(principal,action,resource) when {true};", FH_REASON_PERMITTED },
		{ "permit(principal,action,resource) when {false};", FH_REASON_NO_PERMIT },
		{ "permit(principal,action,resource) unless {true};", FH_REASON_NO_PERMIT },
		{ "permit(principal,action,resource) when {1 + 1 == 2} unless {1 == 2};",
		  FH_REASON_PERMITTED },
		{ "permit(principal,action,resource) when {principal in Team::\"research\"};",
		  FH_REASON_PERMITTED },
		{ "permit(principal,action,resource) when {resource in Folder::\"/a\" &&"
		  "!(resource in Folder::\"/b\")};", FH_REASON_PERMITTED },
		{ "permit(principal,action,resource) when {action in Action::\"read\"};",
		  FH_REASON_PERMITTED },
		{ "permit(principal,action,resource) when {File::\"/c/d/e\" in Folder::\"/c\"};",
		  FH_REASON_PERMITTED },
		{ "permit(principal,action,resource);"
		  "forbid(principal,action,resource) unless {resource is File};",
		  FH_REASON_PERMITTED },
		{ "permit(principal,action,resource) when {context has x};", FH_REASON_NO_PERMIT },
		{ "permit(principal,action,resource) when {9223372036854775807 + 1 == 1};",
		  FH_REASON_NO_PERMIT },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (reason(rows[i].cedar, "claude", "files.read", FILE_AT("/a/x")) != rows[i].want)
			fail_msg("%s", rows[i].cedar);
	}
}

static void takes_a_forbid_that_errs_as_a_no(void **state)
{
	(void)state;
	OWN_DOCUMENT d = document_of("permit(principal,action,resource);"
				     "@id(\"late\") forbid(principal,action,resource)"
				     "when {9223372036854775807 + 1 > 20};"
				     "permit(principal,action,resource)"
				     "when {9223372036854775807 + 1 > 20};"
				     "forbid(principal,action == Action::\"close\",resource);",
				     files_schema);
	struct fh_decision x = ask(&d, uid("Actor", "claude"), "files.read", FILE_AT("/a"));

	assert_int_equal(x.reason, FH_REASON_FORBID_ERRED);
	assert_false(fh_allows(x.verdict));
	assert_int_equal(x.determining_total, 1);
	assert_true(fh_span_equal(x.determining[0], FH_SPAN_LIT("late")));
	x = ask(&d, uid("Actor", "claude"), "close", uid("Ticket", "1"));
	assert_int_equal(x.reason, FH_REASON_FORBIDDEN);
}

/* The definition, without an index: every policy, every clause.  */
static bool plain_side(const struct fh_scope *s, struct fh_entity_uid e,
		       const struct fh_entity_uid *up, size_t n)
{
	bool in = false;

	for (size_t i = 0; i < n && s->entities_n > 0; i++) {
		for (size_t k = 0; k < s->entities_n; k++)
			in |= fh_entity_equal(up[i], s->entities[k]);
	}
	switch (s->kind) {
	case FH_SCOPE_ANY: return true;
	case FH_SCOPE_EQUAL: return fh_entity_equal(e, s->entities[0]);
	case FH_SCOPE_IN: return in;
	case FH_SCOPE_IS: return fh_span_equal(e.type, s->type);
	case FH_SCOPE_IS_IN: return in && fh_span_equal(e.type, s->type);
	}
	return false;
}

static const char *pick(uint32_t *seed, const char *const *from, size_t n)
{
	*seed = *seed * 1664525 + 1013904223;
	return from[(*seed >> 16) % n];
}

static void agrees_with_the_definition_on_random_documents(void **state)
{
	(void)state;
	static const char *const effect[] = { "permit", "permit", "permit", "forbid" };
	static const char *const who[] = { "", "== Actor::\"claude\"", "== Actor::\"eve\"",
		"is Actor", "in Team::\"research\"", "in Team::\"other\"",
		"is Actor in Team::\"everyone\"" };
	static const char *const what[] = { "", "== Action::\"files.read\"", "in Action::\"read\"",
		"in Action::\"files\"", "in [Action::\"files\",Action::\"read\"]",
		"in [Action::\"files.write\",Action::\"files.read\"]",
		"== Action::\"files.write\"" };
	static const char *const where[] = { "", "== File::\"/a/b\"", "in Folder::\"/\"",
		"is File", "in Folder::\"/a\"", "in Folder::\"/c\"", "is File in Folder::\"/a\"" };
	const struct fh_entity_uid actor[] = { uid("Actor", "claude"), uid("Team", "research"),
					       uid("Team", "everyone") };
	const struct fh_entity_uid act[] = { uid("Action", "files.read"), uid("Action", "files"),
					     uid("Action", "read") };
	const struct fh_entity_uid file[] = { uid("File", "/a/b"), uid("Folder", "/a"),
					      uid("Folder", "/") };
	uint32_t seed = 1;

	for (int round = 0; round < 200; round++) {
		static char cedar[32768];
		size_t n = 0;
		size_t permits = 0, forbids = 0;
		int policies = round % 4 == 0 ? 150 : 6; /* many: lists are searched */

		for (int i = 0; i < policies; i++)
			n += (size_t)snprintf(cedar + n, sizeof(cedar) - n,
				"%s(principal %s,action %s,resource %s);",
				pick(&seed, effect, 4), pick(&seed, who, 7), pick(&seed, what, 7),
				pick(&seed, where, 7));
		OWN_DOCUMENT d = document_of(cedar, files_schema);
		struct fh_decision x = ask(&d, actor[0], "files.read", file[0]);

		for (size_t i = 0; i < d.set.policies_n; i++) {
			const struct fh_policy *p = &d.set.policies[i];
			bool yes = plain_side(&p->principal, actor[0], actor, 3) &&
				   plain_side(&p->action, act[0], act, 3) &&
				   plain_side(&p->resource, file[0], file, 3);

			permits += yes && !p->forbids;
			forbids += yes && p->forbids;
		}
		assert_int_equal(fh_allows(x.verdict), permits > 0 && forbids == 0);
		assert_int_equal(x.determining_total, forbids > 0 ? forbids : permits);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(denies_by_default),
		cmocka_unit_test(lets_a_forbid_win_whatever_its_place),
		cmocka_unit_test(takes_in_as_reflexive_and_transitive),
		cmocka_unit_test(reads_the_codes_that_are_recorded),
		cmocka_unit_test(compares_equal_with_the_principal_alone),
		cmocka_unit_test(follows_groups_of_actions),
		cmocka_unit_test(names_each_determining_policy_once_in_order),
		cmocka_unit_test(keeps_the_first_of_many_determining_policies),
		cmocka_unit_test(refuses_requests_the_schema_does_not_know),
		cmocka_unit_test(denies_without_a_policy),
		cmocka_unit_test(settles_only_a_yes),
		cmocka_unit_test(decides_nothing_when_it_fails),
		cmocka_unit_test(asks_the_conditions),
		cmocka_unit_test(takes_a_forbid_that_errs_as_a_no),
		cmocka_unit_test(agrees_with_the_definition_on_random_documents),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
