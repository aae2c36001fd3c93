/* SPDX-License-Identifier: Apache-2.0 */
/* Cedar's validator.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "policy/policies.h"
#include "policy/validate.h"

constexpr size_t memory_size = 8 << 20;

static const char world[] =
	"entity Group in Group;\n"
	"entity User in Group { n: Long, s?: String, up?: User, rec: { a?: Long, b: Bool } } "
	"tags Long;\n"
	"entity Color enum [\"red\", \"blue\"];\n"
	"entity Doc { owner: User, marks: Set<String>, at: datetime, from: ipaddr, d: decimal };\n"
	"action all; action read, write in all appliesTo { principal: User, resource: Doc,\n"
	"  context: { n: Long, opt?: String, who: User } };\n"
	"action paint appliesTo { principal: [User, Group], resource: Color };\n";

struct validating {
	uint8_t *memory;
	struct fh_trace trace;
	fh_err e;
	bool idle;
};

static void validating_drop(struct validating *v)
{
	free(v->memory);
}

#define OWN_VALIDATING __attribute__((cleanup(validating_drop))) struct validating

static struct validating validate(const char *schema, const char *policies, bool permissive)
{
	struct validating v = { .memory = malloc(memory_size) };
	struct fh_arena a = fh_arena_of(v.memory, memory_size);
	const struct fh_lexer lex = { .text_name = "policies", .trace = &v.trace };
	struct fh_validation validation;
	struct fh_policies all;
	struct fh_schema s;
	const uint32_t *actions;

	assert_non_null(v.memory);
	v.e = fh_schema_read(fh_span_str(schema), FH_CEDAR_TEXT_MAX, "schema", &a, &s, &v.trace);
	if (v.e == FH_ERR_OK)
		v.e = fh_policies_parse(fh_span_str(policies), FH_CEDAR_TEXT_MAX, "policies", &a,
					&all, &v.trace);
	if (v.e != FH_ERR_OK)
		return v;
	fh_validation_begin(&validation, &s, &a, &lex);
	validation.permissive = permissive;
	for (size_t i = 0; v.e == FH_ERR_OK && i < all.n; i++)
		v.e = fh_policy_validate(&validation, &all.list[i], &actions, &v.idle);
	return v;
}

#define WHEN "permit(principal,action == Action::\"read\",resource) when {"

static void accepts_what_cannot_err(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"principal.n > 1 && principal.rec.b && context.who.n <= resource.owner.n",
		"principal has s && principal.s like \"a*\"",
		"principal has up.s && principal.up.s == \"x\"",
		"if principal has s then principal.s == \"a\" else false",
		"!(principal has nothing) || principal.nothing == 1",
		"principal.rec has a && {x: principal.rec.a}.x == 1",
		"principal.hasTag(\"t\") && principal.getTag(\"t\") == 3",
		"resource.marks.contains(\"a\") || resource.marks.containsAny([\"a\", \"b\"])",
		"resource.at < datetime(\"2024-01-01\").offset(duration(\"1d\"))",
		"resource.from.isInRange(ip(\"10.0.0.0/8\")) && "
		"resource.d.lessThan(decimal(\"1.0\"))",
		"principal is User && principal in Group::\"g\" && principal in [Group::\"g\"]",
		"principal is Doc && principal.owner == 1",
		"action == Action::\"write\" && 1 + \"a\" == 2",
		"action in Action::\"all\" && 1 == \"a\" || principal == Color::\"red\"",
		"(if principal has s then true else false && true) == true || true",
		"(principal has s || principal has s) && principal.s == \"\"",
		"[{a: true}, {a: false}].contains({a: principal.rec.b})",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char policy[512];

		snprintf(policy, sizeof(policy), WHEN "%s};", rows[i]);
		OWN_VALIDATING v = validate(world, policy, /* permissive= */ false);

		if (v.e != FH_ERR_OK)
			fail_msg("%s -> %s: %s", rows[i], v.trace.where, v.trace.what);
	}
}

static void refuses_what_may_err(void **state)
{
	(void)state;
	static const struct {
		fh_err e;
		const char *expr;
		unsigned column; /* in the expression */
		const char *what;
	} rows[] = {
		{ FH_ERR_UNKNOWN, "principal.m == 1", 11, "no attribute `m` of User" },
		{ FH_ERR_UNKNOWN, "context.rec.b", 9, "no attribute `rec` of {n: Long" },
		{ FH_ERR_CONFLICT, "principal.s == \"\"", 11, "`s` may be absent" },
		{ FH_ERR_CONFLICT, "principal.s == \"\" && principal has s", 11, "absent" },
		{ FH_ERR_CONFLICT, "(principal has s || principal.rec.b) && principal.s == \"\"",
		  51,
		  "absent" },
		{ FH_ERR_CONFLICT, "principal has s && resource.owner.s == \"\"", 35, "absent" },
		{ FH_ERR_CONFLICT, "principal.getTag(\"t\") == 1", 11, "tag may be absent" },
		{ FH_ERR_CONFLICT, "principal.hasTag(\"t\") && principal.getTag(\"u\") == 1", 36,
		  "absent" },
		{ FH_ERR_UNKNOWN, "resource.getTag(\"t\") == 1", 10, "no tags" },
		{ FH_ERR_CONFLICT, "principal.n + resource.marks > 1", 24,
		  "a Long expected here, but this is of the type Set<String>" },
		{ FH_ERR_CONFLICT, "principal.n < resource.at", 24, "type of the left side" },
		{ FH_ERR_CONFLICT, "resource.d < resource.d", 10, "a Long, a datetime" },
		{ FH_ERR_CONFLICT, "principal.n == \"a\"", 13,
		  "no type in common: Long and String" },
		{ FH_ERR_CONFLICT, "resource.marks.contains(1)", 16, "String and Long" },
		{ FH_ERR_CONFLICT, "[1, \"a\"].isEmpty()", 5, "those before it" },
		{ FH_ERR_CONFLICT, "[].isEmpty()", 1, "of what type the elements" },
		{ FH_ERR_CONFLICT, "[principal, resource].isEmpty()", 13, "those before it" },
		{ FH_ERR_CONFLICT, "principal", 1, "a Bool expected" },
		{ FH_ERR_CONFLICT, "!principal.n", 12, "a Bool expected" },
		{ FH_ERR_CONFLICT, "if principal.rec.b then 1 else \"a\"", 1, "branches" },
		{ FH_ERR_CONFLICT, "principal.n like \"a\"", 11, "a String expected" },
		{ FH_ERR_CONFLICT, "principal.n in principal", 11, "an entity expected" },
		{ FH_ERR_CONFLICT, "principal in resource.marks", 23, "set of entities" },
		{ FH_ERR_CONFLICT, "principal.n has a", 11, "an entity or a record" },
		{ FH_ERR_FORMAT, "ip(\"x\").isIpv4()", 4, "no text that `ip` takes" },
		{ FH_ERR_CONFLICT, "ip(principal.rec.a).isIpv4()", 18, "string that stands here" },
		{ FH_ERR_CONFLICT, "principal.n.isIpv4()", 11, "ipaddr expected here" },
		{ FH_ERR_UNKNOWN, "principal == Usr::\"a\"", 14, "no entity type `Usr`" },
		{ FH_ERR_UNKNOWN, "false && principal is Usr", 20, "no entity type `Usr`" },
		{ FH_ERR_UNKNOWN, "false && action == Action::\"raed\"", 20, "no action `raed`" },
		{ FH_ERR_UNKNOWN, "resource == Color::\"rad\"", 13, "being enumerated: `rad`" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char policy[512], where[64];

		snprintf(policy, sizeof(policy), WHEN "%s};", rows[i].expr);
		snprintf(where, sizeof(where), "policies:1:%zu", sizeof(WHEN) - 1 + rows[i].column);
		OWN_VALIDATING v = validate(world, policy, /* permissive= */ false);

		if (v.e != rows[i].e || strcmp(v.trace.where, where) != 0 ||
		    strstr(v.trace.what, rows[i].what) == nullptr || v.trace.cure[0] == '\0')
			fail_msg("%s -> %s: %s: %s; %s", rows[i].expr, fh_err_text(v.e),
				 v.trace.where, v.trace.what, v.trace.cure);
	}
}

static void checks_each_environment_that_the_scope_lets_through(void **state)
{
	(void)state;
	OWN_VALIDATING all = validate(world, "permit(principal,action,resource)"
					     " when {principal.n == 1};", false);
	OWN_VALIDATING users = validate(world, "permit(principal is User,action,resource)"
					       " when {principal.n == 1};", false);
	OWN_VALIDATING group = validate(world, "permit(principal in Group::\"g\",action in "
					       "Action::\"all\",resource) when {context.n == 1};",
					false);
	OWN_VALIDATING never = validate(world, "permit(principal is Group,action == "
					       "Action::\"read\",resource);", false);

	assert_int_equal(all.e, FH_ERR_UNKNOWN);
	assert_non_null(strstr(all.trace.what, "attribute `n` of Group"));
	assert_int_equal(users.e, FH_ERR_OK);
	assert_int_equal(group.e, FH_ERR_OK);
	assert_int_equal(never.e, FH_ERR_CONFLICT);
	assert_string_equal(never.trace.where, "policies:1:8");
}

static void takes_templates_for_what_may_fill_them(void **state)
{
	(void)state;
	OWN_VALIDATING in = validate(world, "permit(principal in ?principal,action == "
					    "Action::\"read\",resource == ?resource)"
					    " when {principal.n == 1 && resource.marks.isEmpty()};",
				     false);
	OWN_VALIDATING bad = validate(world, "permit(principal is Group in ?principal,action == "
					     "Action::\"read\",resource);", false);

	assert_int_equal(in.e, FH_ERR_OK);
	assert_int_equal(bad.e, FH_ERR_CONFLICT);
}

static void tells_what_no_request_satisfies(void **state)
{
	(void)state;
	OWN_VALIDATING idle = validate(world, WHEN "principal is Group};", false);
	OWN_VALIDATING busy = validate(world, WHEN "principal is User};", false);

	assert_int_equal(idle.e, FH_ERR_OK);
	assert_true(idle.idle);
	assert_int_equal(busy.e, FH_ERR_OK);
	assert_false(busy.idle);
}

static void joins_what_differs_only_when_permissive(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"[principal, resource].contains(principal)", "principal.n == \"a\"",
		"[].isEmpty()", "ip(context.opt).isIpv4() || context has opt",
		"(if principal.rec.b then principal else resource) has owner",
		"(if principal.rec.b then {a: 1, b: 2} else {a: 3}).a == 1",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char policy[512];

		snprintf(policy, sizeof(policy), WHEN "%s};", rows[i]);
		OWN_VALIDATING wide = validate(world, policy, true);
		OWN_VALIDATING strict = validate(world, policy, false);

		if ((wide.e == FH_ERR_OK) == (i == 3) || strict.e != FH_ERR_CONFLICT)
			fail_msg("%s -> %s", rows[i], wide.trace.what);
	}
}

/* Two types that share their parts compare in as many steps as they have paths.  */
static void refuses_by_name_what_takes_too_long(void **state)
{
	(void)state;
	static char schema[8192];
	size_t n = 0;

	n += (size_t)snprintf(schema, sizeof(schema), "type A0 = Long; type B0 = Long;");
	for (int i = 1; i <= 40; i++)
		n += (size_t)snprintf(schema + n, sizeof(schema) - n,
				      "type A%d = { x: A%d, y: A%d }; type B%d = { x: B%d, y: B%d "
				"};",
				      i, i - 1, i - 1, i, i - 1, i - 1);
	snprintf(schema + n, sizeof(schema) - n,
		 "entity U { a: A40, b: B40 }; action q appliesTo { principal: U, resource: U };");
	OWN_VALIDATING v = validate(schema, "permit(principal,action,resource) when"
					    " {principal.a == principal.b};", false);

	assert_int_equal(v.e, FH_ERR_LIMIT);
	assert_non_null(strstr(v.trace.what, "steps"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_what_cannot_err),
		cmocka_unit_test(refuses_what_may_err),
		cmocka_unit_test(checks_each_environment_that_the_scope_lets_through),
		cmocka_unit_test(takes_templates_for_what_may_fill_them),
		cmocka_unit_test(tells_what_no_request_satisfies),
		cmocka_unit_test(joins_what_differs_only_when_permissive),
		cmocka_unit_test(refuses_by_name_what_takes_too_long),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
