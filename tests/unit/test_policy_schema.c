/* SPDX-License-Identifier: Apache-2.0 */
#include "test_policy.h"

static void accepts_the_subset(void **state)
{
	(void)state;
	OWN_DOCUMENT d = document_of("", files_schema);

	assert_int_equal(d.e, FH_ERR_OK);
	assert_int_equal(d.set.schema.types_n, 4 + 3);
	assert_int_equal(d.set.schema.actions_n, 3 + 7);
	assert_int_equal(d.set.schema.calls_n, 5);
	assert_accepted("", "entity A, B in [C] {}; entity C in D; entity D = {}; // end");
	assert_accepted("", "entity A; action a, \"b\" in [Action::\"g\"] appliesTo "
			    "{ principal: [Actor], resource: [A], };action g;");
}

static void has_the_built_in_declarations(void **state)
{
	(void)state;
	OWN_DOCUMENT d = document_of("permit(principal in Team::\"t\",action in "
				     "[Action::\"mcp.initialize\",Action::\"mcp.list\"],"
				     "resource == Server::\"files\");"
				     "permit(principal is Device,"
				     "action == Action::\"server.start\","
				     "resource is Server);", "");

	assert_int_equal(d.e, FH_ERR_OK);
	assert_refused("", "entity Actor;", FH_ERR_CONFLICT, "schema:1:8",
		       "exists without being declared");
	assert_refused("", "action \"mcp.list\";", FH_ERR_CONFLICT, "schema:1:8",
		       "exists without being declared");
	assert_refused("", "entity Action;", FH_ERR_CONFLICT, "schema:1:8", "exists without");
}

static void refuses_by_name_what_is_not_evaluated(void **state)
{
	(void)state;
	static const struct {
		const char *schema, *where;
	} rows[] = {
		{ "@unit(\"s\") entity A;", "schema:1:2" },
		{ "@unit(\"s\") namespace N { entity A; }", "schema:1:2" },
		{ "@unit(\"s\") type T = Long;", "schema:1:2" },
		{ "entity A { @unit(\"s\") x?: Long };", "schema:1:13" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_refused("", rows[i].schema, FH_ERR_UNSUPPORTED, rows[i].where,
			       "annotation @unit");
	assert_refused("", "@mcp(\"s/t\") namespace N { entity A; }", FH_ERR_CONFLICT,
		       "schema:1:2", "belong to actions");
	assert_accepted("", "@doc(\"d\") namespace N { @doc(\"d\") type T = { @doc(\"d\") x: "
			    "Long }; "
			    "}");
}

/* What platform engineers have: namespaces, common types, tags, enumerations.  */
static const char shop_schema[] =
	"type Money = { amount: Long, unit?: Shop::Unit };\n"
	"namespace Shop {\n"
	"  type Path = String;\n"
	"  entity Unit enum [\"eur\", \"usd\"];\n"
	"  entity Folder in [Folder];\n"
	"  entity File in [Folder] { owner?: Actor } tags String;\n"
	"  entity Order in [Team] { total?: Money } tags Set<String>;\n"
	"  action files in [\"all\"];\n"
	"  @mcp(\"shop/read\") @resource(\"/path\", \"posix-path\")\n"
	"  action read in [files] appliesTo { principal: [Actor], resource: [File],\n"
	"    context: { lines?: Long, target?: File, units?: Set<Unit>, from?: ipaddr } };\n"
	"  action all;\n"
	"}\n"
	"namespace Shop::Desk {\n"
	"  @mcp(\"desk/pay\") @resource(\"/unit\", \"text\")\n"
	"  action pay in [Shop::Action::\"all\"] appliesTo { principal: [Actor],\n"
	"    resource: [Shop::Unit], context: Money };\n"
	"}\n";

static void takes_all_that_cedar_declares(void **state)
{
	(void)state;
	OWN_DOCUMENT d = document_of(
		"permit (principal, action in Shop::Action::\"all\", resource);\n"
		"forbid (principal, action == Shop::Desk::Action::\"pay\", resource)\n"
		"  unless { context.amount < 100 && resource == Shop::Unit::\"eur\" };\n"
		"forbid (principal, action == Shop::Action::\"read\", "
		"resource in Shop::Folder::\"/etc\")\n"
		"  when { context has target && context.target in Shop::Folder::\"/etc\" };\n",
		shop_schema);

	if (d.e != FH_ERR_OK)
		fail_msg("%s: %s", d.trace.where, d.trace.what);
	assert_int_equal(d.set.schema.calls_n, 2);
	assert_refused("permit (principal, action == Action::\"read\", resource);", shop_schema,
		       FH_ERR_UNKNOWN, "policy:1:30", "no action `read` of the type `Action`");
	assert_refused("permit (principal, action, resource == Shop::Unit::\"gbp\");", shop_schema,
		       FH_ERR_UNKNOWN, "policy:1:40", "gbp");
}

static void refuses_names_that_hide_what_every_schema_has(void **state)
{
	(void)state;
	assert_refused("", "namespace N { entity Team; }", FH_ERR_CONFLICT, "schema:1:22",
		       "hides the type of that name that exists without being declared");
	assert_refused("", "namespace N { type Actor = Long; }", FH_ERR_CONFLICT, "schema:1:20",
		       "exists without being declared");
	assert_refused("", "namespace N { action \"mcp.list\"; }", FH_ERR_CONFLICT, "schema:1:22",
		       "hides the one of that name");
	assert_refused("", "entity A; namespace N { entity A; }", FH_ERR_CONFLICT, "schema:1:32",
		       "outside of all namespaces");
}

/* A call brings no attributes along, and names what the operator may not have listed.  */
static void takes_no_attribute_of_a_calls_resource_for_granted(void **state)
{
	(void)state;
	assert_refused("", "entity A { name: String };\n@mcp(\"s/t\") @resource(\"/x\", \"text\")\n"
		       "action a appliesTo { principal: Actor, resource: A };",
		       FH_ERR_CONFLICT, "schema:3:8", "may lack the attribute `name`");
	assert_refused("", "entity A { name: String };\n@mcp(\"s/t\") action a appliesTo\n"
		       "{ principal: Actor, resource: Server, context: { x?: Set<{ y: A }> } };",
		       FH_ERR_CONFLICT, "schema:3:48", "may lack the attribute `name`");
	assert_refused("", "@mcp(\"s/t\") action a appliesTo\n"
		       "{ principal: Actor, resource: Server, context: { who: Team } };",
		       FH_ERR_CONFLICT, "schema:2:48", "built-in type");
	assert_accepted("", "entity A { name?: String };\n@mcp(\"s/t\") @resource(\"/x\", "
			    "\"text\")\n"
			"action a appliesTo { principal: Actor, resource: A };");
	assert_accepted("", "entity A { name: String };\n"
			"action a appliesTo { principal: A, resource: A, context: { x: Long } };");
}

static void refuses_what_is_not_a_schema(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"entity;", "entity A", "entity A,;", "entity \"A\";", "entity in;", "entity A in;",
		"entity A in [B,];", "entity A in [B;", "action;", "action a,;",
		"action a in [b", "action a appliesTo;", "action a appliesTo { principal };",
		"action a appliesTo { principal: Actor };", "action a appliesTo { other: Actor };",
		"action a appliesTo { principal: Actor resource: Server };", "entitty A;",
		"@doc entity A;", "@doc(\"a\"", "@mcp(\"a/b\",\"c\") action a;",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		OWN_DOCUMENT d = document_of("", rows[i]);

		if (d.e != FH_ERR_FORMAT || strncmp(d.trace.where, "schema:1:", 9) != 0)
			fail_msg("%s -> %s: %s", rows[i], d.trace.where, d.trace.what);
	}
}

static void refuses_contradictions(void **state)
{
	(void)state;
	static const struct {
		fh_err e;
		const char *schema, *what;
	} rows[] = {
		{ FH_ERR_CONFLICT, "entity A; entity A;", "declared twice" },
		{ FH_ERR_CONFLICT, "action a; action \"a\";", "declared twice" },
		{ FH_ERR_UNKNOWN, "entity A in B;", "entity type `B` is not declared" },
		{ FH_ERR_UNKNOWN, "entity A in [N::B];", "entity type `N::B` is not declared" },
		{ FH_ERR_UNKNOWN, "action a in [b];", "action `b` is not declared" },
		{ FH_ERR_UNKNOWN, "action a appliesTo { principal: Acter, resource: Server };",
		  "`Acter` is not declared" },
		{ FH_ERR_CONFLICT, "action a in b; action b in a;", "is in itself" },
		{ FH_ERR_CONFLICT, "action a in a;", "is in itself" },
		{ FH_ERR_CONFLICT, "action a appliesTo { principal: [], resource: Server };",
		  "empty list" },
		{ FH_ERR_CONFLICT,
		  "action a appliesTo { principal: Actor, principal: Actor, resource: Server };",
		  "twice" },
		{ FH_ERR_CONFLICT, "@doc(\"a\") @doc(\"b\") entity A;", "two @doc" },
		{ FH_ERR_CONFLICT, "@mcp(\"a/b\") entity A;", "belong to actions" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		OWN_DOCUMENT d = document_of("", rows[i].schema);

		if (d.e != rows[i].e || strstr(d.trace.what, rows[i].what) == nullptr)
			fail_msg("%s -> %s: %s", rows[i].schema, d.trace.where, d.trace.what);
	}
}

#define APPLIES(type) "appliesTo { principal: Actor, resource: " type " };"

static void refuses_wire_rules_that_cannot_work(void **state)
{
	(void)state;
	static const struct {
		fh_err e;
		const char *schema, *what;
	} rows[] = {
		{ FH_ERR_CONFLICT, "@mcp(\"s/t\") action a, b " APPLIES("Server"),
		  "mapped to action `a` already" },
		{ FH_ERR_CONFLICT, "@mcp(\"s/t; s/t\") action a " APPLIES("Server"), "mapped" },
		{ FH_ERR_CONFLICT, "@mcp(\"s/t\") action a;", "mere group" },
		{ FH_ERR_FORMAT, "@mcp(\"s\") action a " APPLIES("Server"), "no call" },
		{ FH_ERR_FORMAT, "@mcp(\"/t\") action a " APPLIES("Server"), "no call" },
		{ FH_ERR_FORMAT, "@mcp(\"s/t;\") action a " APPLIES("Server"), "no call" },
		{ FH_ERR_FORMAT, "@mcp(\"\") action a " APPLIES("Server"), "no call" },
		{ FH_ERR_CONFLICT, "entity F; @mcp(\"s/t\") action a " APPLIES("F"),
		  "resource is its Server" },
		{ FH_ERR_CONFLICT, "entity F; @resource(\"/p\",\"text\") action a " APPLIES("F"),
		  "without @mcp" },
		{ FH_ERR_FORMAT,
		  "entity F; @mcp(\"s/t\") @resource(\"p\",\"text\") action a " APPLIES("F"),
		  "JSON Pointer" },
		{ FH_ERR_FORMAT,
		  "entity F; @mcp(\"s/t\") @resource(\"/~2\",\"text\") action a " APPLIES("F"),
		  "JSON Pointer" },
		{ FH_ERR_FORMAT, "entity F; @mcp(\"s/t\") @resource(\"/p\") action a " APPLIES("F"),
		  "JSON Pointer" },
		{ FH_ERR_UNKNOWN,
		  "entity F; @mcp(\"s/t\") @resource(\"/p;url\") action a " APPLIES("F"),
		  "unknown kind" },
		{ FH_ERR_CONFLICT,
		  "entity F,G; @mcp(\"s/t\") @resource(\"/p;text\") action a " APPLIES("[F,G]"),
		  "exactly one resource type" },
		{ FH_ERR_CONFLICT,
		  "@mcp(\"s/t\") @resource(\"/p;text\") action a " APPLIES("Server"), "built-in" },
		{ FH_ERR_CONFLICT,
		  "entity D; entity F in D; @mcp(\"s/t\") @resource(\"/p;posix-path\") action a "
		  APPLIES("F"), "folders" },
		{ FH_ERR_CONFLICT,
		  "entity D,E; entity F in [D,E]; @mcp(\"s/t\") @resource(\"/p;posix-path\") "
		  "action a " APPLIES("F"), "exactly one type" },
		{ FH_ERR_CONFLICT,
		  "entity F; @mcp(\"s/t\") @resource(\"/p;posix-path\") action a " APPLIES("F")
		  "@mcp(\"s/u\") @resource(\"/p;text\") action b " APPLIES("F"), "both" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		OWN_DOCUMENT d = document_of("", rows[i].schema);

		if (d.e != rows[i].e || strstr(d.trace.what, rows[i].what) == nullptr ||
		    d.trace.cure[0] == '\0')
			fail_msg("%s -> %s: %s", rows[i].schema, d.trace.where, d.trace.what);
	}
}

static void refuses_functions_that_cannot_work(void **state)
{
	(void)state;
	static const struct {
		fh_err e;
		const char *schema, *what;
	} rows[] = {
		{ FH_ERR_FORMAT, "@openai(\"s/t\") action a " APPLIES("Server"), "no function" },
		{ FH_ERR_FORMAT, "@openai(\"\") action a " APPLIES("Server"), "no function" },
		{ FH_ERR_FORMAT, "@openai(\"a; b c\") action a " APPLIES("Server"), "no function" },
		{ FH_ERR_FORMAT,
		 "@openai(\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		  "aaaa\") action a " APPLIES("Server"), "no function" },
		{ FH_ERR_CONFLICT, "@openai(\"f\") action a;",
		 "@openai on an action that is a mere" },
		{ FH_ERR_CONFLICT, "@openai(\"f\") action a " APPLIES("Server"),
		 "no server is called" },
		{ FH_ERR_CONFLICT, "@mcp(\"s/t\") @openai(\"f\") action a " APPLIES("Server"),
		  "no server is called" },
		{ FH_ERR_CONFLICT, "entity A; @openai(\"f\") @resource(\"/x\", \"text\") action a "
		  APPLIES("A") " @openai(\"f\") @resource(\"/x\", \"text\") action b " APPLIES("A"),
		  "mapped to action `a` already" },
		{ FH_ERR_CONFLICT, "entity A; @openai(\"f\") @resource(\"/x\", \"text\") "
		  "@tokens(\"/n; 10\") action a " APPLIES("A"), "@tokens without @mcp" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		OWN_DOCUMENT d = document_of("", rows[i].schema);

		if (d.e != rows[i].e || strstr(d.trace.what, rows[i].what) == nullptr ||
		    d.trace.cure[0] == '\0')
			fail_msg("%s -> %s: %s", rows[i].schema, d.trace.where, d.trace.what);
	}
}

static void refuses_too_many_types(void **state)
{
	(void)state;
	static char text[16 * (FH_SCHEMA_TYPES_MAX + 1)];
	size_t n = 0;

	for (size_t i = 0; i < FH_SCHEMA_TYPES_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "entity A%zu;", i);
	OWN_DOCUMENT d = document_of("", text);

	assert_int_equal(d.e, FH_ERR_LIMIT);
	assert_non_null(strstr(d.trace.what, "more than 1024 entity types"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_the_subset),
		cmocka_unit_test(has_the_built_in_declarations),
		cmocka_unit_test(refuses_by_name_what_is_not_evaluated),
		cmocka_unit_test(takes_all_that_cedar_declares),
		cmocka_unit_test(refuses_names_that_hide_what_every_schema_has),
		cmocka_unit_test(takes_no_attribute_of_a_calls_resource_for_granted),
		cmocka_unit_test(refuses_what_is_not_a_schema),
		cmocka_unit_test(refuses_contradictions),
		cmocka_unit_test(refuses_wire_rules_that_cannot_work),
		cmocka_unit_test(refuses_functions_that_cannot_work),
		cmocka_unit_test(refuses_too_many_types),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
