/* SPDX-License-Identifier: Apache-2.0 */
/* Cedar's schema language, in both of its forms.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "policy/schema.h"

constexpr size_t memory_size = 4 << 20;

struct reading {
	uint8_t *memory;
	struct fh_schema schema;
	struct fh_trace trace;
	fh_err e;
};

static void reading_drop(struct reading *r)
{
	free(r->memory);
}

#define OWN_READING __attribute__((cleanup(reading_drop))) struct reading

/* TEXT is JSON if it begins with a brace.  */
static struct reading read_schema(const char *text)
{
	struct reading r = { .memory = malloc(memory_size) };
	struct fh_arena a = fh_arena_of(r.memory, memory_size);

	assert_non_null(r.memory);
	r.e = (text[0] == '{' ? fh_schema_read_json : fh_schema_read)(
		fh_span_str(text), FH_CEDAR_TEXT_MAX, "schema", &a, &r.schema, &r.trace);
	return r;
}

static void accepts(const char *const *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		OWN_READING r = read_schema(rows[i]);

		if (r.e != FH_ERR_OK)
			fail_msg("%s -> %s: %s", rows[i], r.trace.where, r.trace.what);
	}
}

static void accepts_all_that_people_may_write(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"",
		"// nothing but a comment",
		"entity A; entity B, C in [A] = { x: Long, \"y z\"?: Set<String>, } tags A;",
		"entity A in A {}; entity B in [] tags { x?: Bool };",
		"entity A enum [\"a\", \"\"]; entity B in A;",
		"entity Set, Long, principal, tags, type; entity E { x: Set, y: Set<Set> };",
		"entity A { \"if\": Long, \"\": Long, __cedar: Long };",
		"@a @b(\"\") namespace N::M { @if entity A { @c x: Long }; @d type T = A; @e "
		"action q; }",
		"type T = { x: U }; type U = Set<A>; entity A { t: T, u: U };",
		"entity A { a: __cedar::Long, b: ipaddr, c: decimal, d: datetime, e: duration };",
		"type ipaddr = Long; entity A { a: ipaddr, b: __cedar::ipaddr };",
		"namespace N { entity A { b: B, c: M::C }; } entity B; namespace M { entity C; }",
		"entity A { a: Action }; action q; namespace N { entity B { a: Action }; }",
		"action a, \"b c\", \"\" in [g, \"h\", N::Action::\"i\"] attributes {}; action g, "
		"h;"
		"namespace N { action i; action j in Action::\"g\"; }",
		"entity A; type C = { x: Long }; action a appliesTo { principal: A, resource: [A, "
		"A],"
		" context: C, };",
	};

	accepts(rows, sizeof(rows) / sizeof(rows[0]));
}

#define SPACE(types, actions) \
	"{\"\":{\"entityTypes\":{\"A\":{}" types "},\"actions\":{" actions "}}}"
#define FIELD(type) \
	SPACE(",\"B\":{\"shape\":{\"type\":\"Record\",\"attributes\":{\"x\":" type "}}}", "")

static void accepts_all_that_json_may_say(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"{}",
		"{\"A::B\":{\"entityTypes\":{},\"actions\":{},\"annotations\":{\"a\":null}}}",
		SPACE(",\"B\":{\"memberOfTypes\":[\"A\"],\"tags\":{\"type\":\"String\"}}", ""),
		SPACE(",\"B\":{\"enum\":[\"x\"],\"annotations\":{}}", ""),
		SPACE("", "\"a\":{\"memberOf\":[{\"id\":\"g\"},{\"id\":\"g\",\"type\":\"Action\"}],"
			  "\"attributes\":null},\"g\":{\"appliesTo\":null}"),
		SPACE("", "\"a\":{\"appliesTo\":{\"principalTypes\":[],\"resourceTypes\":[\"A\"],"
			  "\"context\":{\"type\":\"Record\",\"attributes\":{}}}}"),
		FIELD("{\"type\":\"Boolean\",\"required\":false,\"annotations\":{\"a\":\"b\"}}"),
		FIELD("{\"type\":\"Set\",\"element\":{\"type\":\"Long\"}}"),
		FIELD("{\"type\":\"Entity\",\"name\":\"A\"}"),
		FIELD("{\"type\":\"EntityOrCommon\",\"name\":\"Bool\"}"),
		FIELD("{\"type\":\"Extension\",\"name\":\"ipaddr\"}"),
		FIELD("{\"type\":\"__cedar::ipaddr\"}"),
		SPACE(",\"ipaddr\":{},\"B\":{\"shape\":{\"type\":\"Record\",\"attributes\":{"
		      "\"x\":{\"type\":\"EntityOrCommon\",\"name\":\"ipaddr\"},"
		      "\"y\":{\"type\":\"__cedar::ipaddr\"}}}}", ""),
	};

	accepts(rows, sizeof(rows) / sizeof(rows[0]));
}

struct refusal {
	fh_err e;
	const char *text, *where, *what;
};

static void refuses(const struct refusal *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		OWN_READING r = read_schema(rows[i].text);

		if (r.e != rows[i].e || strcmp(r.trace.where, rows[i].where) != 0 ||
		    strstr(r.trace.what, rows[i].what) == nullptr || r.trace.cure[0] == '\0')
			fail_msg("%s -> %s: %s: %s; %s", rows[i].text, fh_err_text(r.e),
				 r.trace.where, r.trace.what, r.trace.cure);
		assert_null(r.schema.types);
	}
}

static void refuses_with_place_and_reason(void **state)
{
	(void)state;
	static const struct refusal rows[] = {
		{ FH_ERR_FORMAT, "entity A", "schema:1:9", "the text ends" },
		{ FH_ERR_FORMAT, "entity A;\n  ;", "schema:2:3", "`entity`, `action`" },
		{ FH_ERR_FORMAT, "entity if;", "schema:1:8", "the name of an entity type" },
		{ FH_ERR_FORMAT, "entity A {x: Long,,};", "schema:1:19",
		  "the name of an attribute" },
		{ FH_ERR_FORMAT, "entity A in [B,];", "schema:1:16", "the name of an entity type" },
		{ FH_ERR_FORMAT, "entity A enum [];", "schema:1:16", "an id in quotes" },
		{ FH_ERR_FORMAT, "namespace A { namespace B {} }", "schema:1:15", "or `}`" },
		{ FH_ERR_FORMAT, "action a in [];", "schema:1:14", "an action" },
		{ FH_ERR_FORMAT, "action a attributes {x: Long};", "schema:1:22", "`}`" },
		{ FH_ERR_FORMAT, "entity A; action a appliesTo {principal: A};", "schema:1:20",
		  "principal and resource" },
		{ FH_ERR_UNKNOWN, "entity A {x: Lomg};", "schema:1:14",
		  "type `Lomg` is not declared" },
		{ FH_ERR_UNKNOWN, "entity A in [Action]; action a;", "schema:1:14", "`Action`" },
		{ FH_ERR_UNKNOWN, "entity A {x: Action};", "schema:1:14", "`Action`" },
		{ FH_ERR_UNKNOWN, "entity A {x: __cedar::Foo};", "schema:1:14", "`__cedar::Foo`" },
		{ FH_ERR_UNKNOWN, "entity X; action a in [X::\"g\"];", "schema:1:24", "`g`" },
		{ FH_ERR_CONFLICT, "entity A; entity A;", "schema:1:18", "declared twice" },
		{ FH_ERR_CONFLICT, "entity A {x: Long, x: Bool};", "schema:1:20", "attribute `x`" },
		{ FH_ERR_CONFLICT, "type Set = Long;", "schema:1:6", "a word of the schema" },
		{ FH_ERR_CONFLICT, "namespace A::__cedar {}", "schema:1:11", "belongs to Cedar" },
		{ FH_ERR_CONFLICT, "namespace A {} namespace A {}", "schema:1:26", "twice" },
		{ FH_ERR_CONFLICT, "entity Action;", "schema:1:8", "exists without" },
		{ FH_ERR_CONFLICT, "type E = Long; namespace A { entity E; }", "schema:1:37",
		  "hides" },
		{ FH_ERR_CONFLICT, "action a; namespace A { action a; }", "schema:1:32", "hides" },
		{ FH_ERR_CONFLICT, "type A = {x: B}; type B = Set<A>;", "schema:1:6", "of itself" },
		{ FH_ERR_CONFLICT, "action a in b; action b in a;", "schema:1:8", "in itself" },
		{ FH_ERR_CONFLICT, "type T = Long; entity A; action a appliesTo {principal: A,\n"
				   "resource: A, context: T};", "schema:2:23", "must be a record" },
		{ FH_ERR_CONFLICT, "@a @a entity A;", "schema:1:5", "two @a" },
	};

	refuses(rows, sizeof(rows) / sizeof(rows[0]));
}

static void refuses_json_with_place_and_reason(void **state)
{
	(void)state;
	static const struct refusal rows[] = {
		{ FH_ERR_FORMAT, "{\"\":{\"entityTypes\":{}}}", "schema:1:5",
		  "\"actions\" is missing" },
		{ FH_ERR_FORMAT, "{\"a b\":{\"entityTypes\":{},\"actions\":{}}}", "schema:1:8",
		  "no name" },
		{ FH_ERR_FORMAT, SPACE(",\"B\":{\"foo\":1}", ""), "schema:1:39", "\"foo\"" },
		{ FH_ERR_FORMAT, SPACE(",\"B\":{\"enum\":[]}", ""), "schema:1:32", "is empty" },
		{ FH_ERR_CONFLICT, SPACE(",\"B\":{\"shape\":{\"type\":\"Long\"}}", ""),
		  "schema:1:49",
		  "must be a record" },
		{ FH_ERR_UNSUPPORTED, SPACE("", "\"a\":{\"attributes\":{}}"), "schema:1:58",
		  "no attributes" },
		{ FH_ERR_UNKNOWN, FIELD("{\"type\":\"A\"}"), "schema:1:84", "type `A`" },
		{ FH_ERR_UNKNOWN,
		  SPACE(",\"ipaddr\":{},\"B\":{\"shape\":{\"type\":\"Record\",\"attributes\":{"
			"\"x\":{\"type\":\"ipaddr\"}}}}", ""),
		  "schema:1:96", "type `ipaddr`" },
		{ FH_ERR_UNKNOWN, FIELD("{\"type\":\"Entity\",\"name\":\"Z\"}"), "schema:1:100",
		  "entity type `Z`" },
		{ FH_ERR_FORMAT, FIELD("{\"type\":\"Long\",\"element\":{}}"), "schema:1:101",
		  "\"element\"" },
		{ FH_ERR_FORMAT, FIELD("3"), "schema:1:76", "a type expected" },
	};

	refuses(rows, sizeof(rows) / sizeof(rows[0]));
}

static void closes_what_is_in_what(void **state)
{
	(void)state;
	OWN_READING r = read_schema("entity A in B; entity B in [C, B]; entity C; entity D;"
				    "action a in b; action b in c; action c;"
				    "namespace N { action d in Action::\"a\"; }");
	const struct fh_schema *s = &r.schema;

	assert_int_equal(r.e, FH_ERR_OK);
	assert_int_equal(s->types_n, 4);
	assert_int_equal(s->types_all, 6);
	assert_true(fh_schema_type_reaches(s, 0, 0));
	assert_true(fh_schema_type_reaches(s, 0, 2));
	assert_false(fh_schema_type_reaches(s, 0, 3));
	assert_false(fh_schema_type_reaches(s, 2, 0));
	assert_int_equal(s->actions[0].ancestors_n, 3);
	assert_int_equal(s->actions[3].ancestors_n, 4);
	uint32_t own = fh_schema_find_type(s, FH_SPAN_LIT("N::Action"));
	uint32_t plain = fh_schema_find_type(s, FH_SPAN_LIT("Action"));

	assert_true(fh_schema_type_reaches(s, own, plain));
	assert_false(fh_schema_type_reaches(s, plain, own));
}

static void bounds_how_deep_types_stand_in_each_other(void **state)
{
	(void)state;
	static char text[32768];
	size_t n = 0;

	n += (size_t)snprintf(text, sizeof(text), "type T = ");
	for (int i = 0; i < FH_SCHEMA_NESTING_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "Set<");
	snprintf(text + n, sizeof(text) - n, "Long");
	OWN_READING nested = read_schema(text);

	assert_int_equal(nested.e, FH_ERR_LIMIT);
	assert_non_null(strstr(nested.trace.what, "64 types in each other"));
	n = (size_t)snprintf(text, sizeof(text), "type T0 = Long;");
	for (int i = 1; i <= FH_TYPE_DEPTH_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "type T%d = { x: T%d };", i,
		i - 1);
	OWN_READING forwards = read_schema(text);

	assert_int_equal(forwards.e, FH_ERR_OK);
	snprintf(text + n, sizeof(text) - n, "type U = Set<T%d>;", FH_TYPE_DEPTH_MAX);
	OWN_READING deeper = read_schema(text);

	assert_int_equal(deeper.e, FH_ERR_LIMIT);
	assert_non_null(strstr(deeper.trace.what, "128 deep"));
	n = 0;
	for (int i = FH_TYPE_DEPTH_MAX; i > 0; i--)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "type T%d = { x: T%d };", i,
		i - 1);
	snprintf(text + n, sizeof(text) - n, "type T0 = Long;");
	OWN_READING backwards = read_schema(text);

	assert_int_equal(backwards.e, FH_ERR_LIMIT);
	assert_non_null(strstr(backwards.trace.what, "128 deep"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_all_that_people_may_write),
		cmocka_unit_test(accepts_all_that_json_may_say),
		cmocka_unit_test(refuses_with_place_and_reason),
		cmocka_unit_test(refuses_json_with_place_and_reason),
		cmocka_unit_test(closes_what_is_in_what),
		cmocka_unit_test(bounds_how_deep_types_stand_in_each_other),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
