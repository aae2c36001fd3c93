/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "policy/est.h"

constexpr size_t room = 64 << 20;
static _Alignas(max_align_t) uint8_t memory[room];

static struct fh_arena arena(void)
{
	return fh_arena_of(memory, room);
}

/* TEXT as JSON, as one policy or as a set.  */
static const char *json_of(const char *text, bool one)
{
	static char out[65536];
	struct fh_builder b = FH_BUILDER_ARRAY(out);
	struct fh_arena a = arena();
	struct fh_policies all;

	assert_int_equal(fh_policies_parse(fh_span_str(text), FH_POLICY_TEXT_MAX, "policy", &a,
					   &all, nullptr), FH_ERR_OK);
	if (one)
		fh_est_write_policy(&b, &all.list[0]);
	else
		fh_est_write(&b, &all);
	fh_builder_u8(&b, '\0');
	assert_false(b.bad);
	return out;
}

static void writes_cedars_form(void **state)
{
	(void)state;
	assert_string_equal(
		json_of("@a(\"b\") permit(principal == U::\"a\", action in [Action::\"x\"],"
			"resource is T in ?resource) when { principal.a has b } unless { !true };",
			true),
		"{\"effect\":\"permit\","
		"\"principal\":{\"op\":\"==\",\"entity\":{\"type\":\"U\",\"id\":\"a\"}},"
		"\"action\":{\"op\":\"in\",\"entities\":[{\"type\":\"Action\",\"id\":\"x\"}]},"
		"\"resource\":{\"op\":\"is\",\"entity_type\":\"T\",\"in\":"
		"{\"slot\":\"?resource\"}},"
		"\"conditions\":[{\"kind\":\"when\",\"body\":{\"has\":{\"left\":{\".\":{\"left\":"
		"{\"Var\":\"principal\"},\"attr\":\"a\"}},\"attr\":\"b\"}}},{\"kind\":\"unless\","
		"\"body\":{\"!\":{\"arg\":{\"Value\":true}}}}],\"annotations\":{\"a\":\"b\"}}");
	assert_string_equal(
		json_of("permit(principal,action in Action::\"a\",resource) when {"
			"if \"a\" like \"*b\" then [1, -2] else {\"x\": ip(\"::\").isIpv4()}};",
				true),
		"{\"effect\":\"permit\",\"principal\":{\"op\":\"All\"},"
		"\"action\":{\"op\":\"in\",\"entity\":{\"type\":\"Action\",\"id\":\"a\"}},"
		"\"resource\":{\"op\":\"All\"},\"conditions\":[{\"kind\":\"when\",\"body\":"
		"{\"if-then-else\":{\"if\":{\"like\":{\"left\":{\"Value\":\"a\"},\"pattern\":"
		"[\"Wildcard\",{\"Literal\":\"b\"}]}},\"then\":{\"Set\":[{\"Value\":1},"
		"{\"Value\":-2}]},\"else\":{\"Record\":{\"x\":{\"isIpv4\":[{\"ip\":"
		"[{\"Value\":\"::\"}]}]}}}}}}]}");
	assert_string_equal(json_of("", false),
			    "{\"staticPolicies\":{},\"templates\":{},\"templateLinks\":[]}");
}

static void reads_what_it_writes(void **state)
{
	(void)state;
	static const char text[] =
		"permit(principal,action,resource) when {1 + 2 * 3 - -4 < 5 || 1 <= 2 && 1 > 2};"
		"forbid(principal in ?principal,action == Action::\"a\",resource is N::T);"
		"permit(principal is T in G::\"g\",action,resource == R::\"\\u{0}\\\"\\n\");"
		"permit(principal,action,resource) when {1 >= 2} when {1 != 2} when {principal in "
		"[action]} unless {[1].containsAll([]) == [1].containsAny([1])} when {"
		"[].isEmpty() || principal.hasTag(\"a\")} when {principal.getTag(\"b\").contains(1)"
		"} when {principal is A::B in resource} when {principal is A} when {-(1) == 1} "
		"when "
		"{datetime(\"2024-01-01\").offset(duration(\"1d\")) == context[\"a b\"]} when {"
		"\"\" like \"\"} when {\"*\" like \"\\*a*\"} when {A::\"b\" == {}} when {\"a\" "
		"== true};";
	static char first[65536];
	struct fh_arena a = arena();
	struct fh_policies all;
	struct fh_trace t = { 0 };
	struct fh_builder b = { 0 };

	(void)snprintf(first, sizeof(first), "%s", json_of(text, false));
	if (fh_est_read(fh_span_str(first), sizeof(first), "est", &a, &all, &t) != FH_ERR_OK)
		fail_msg("%s: %s; %s", t.where, t.what, t.cure);
	static char second[65536];

	b = FH_BUILDER_ARRAY(second);
	fh_est_write(&b, &all);
	fh_builder_u8(&b, '\0');
	assert_string_equal(first, second);
}

#define ALL \
	"\"principal\":{\"op\":\"All\"},\"action\":{\"op\":\"All\"}," \
	"\"resource\":{\"op\":\"All\"}"
#define BODY(e) \
	"{\"effect\":\"permit\"," ALL ",\"conditions\":[{\"kind\":\"when\",\"body\":" e "}]}"

static void reads_every_literal(void **state)
{
	(void)state;
	static const char text[] = BODY(
		"{\"Value\":[1,{\"a\":\"b\"},{\"__entity\":{\"type\":\"T\",\"id\":\"x\"}},"
		"{\"__extn\":"
		"{\"fn\":\"ip\",\"arg\":\"::\"}},{\"__extn\":{\"fn\":\"offset\",\"args\":[1,"
		"2]}}]}");
	struct fh_arena a = arena();
	struct fh_policies all;

	assert_int_equal(fh_est_read(fh_span_str(text), 4096, "est", &a, &all, nullptr), FH_ERR_OK);
	assert_int_equal(all.n, 1);
	const struct fh_expr *e = all.list[0].conditions[0].body;

	assert_int_equal(e->kind, FH_EXPR_SET);
	assert_int_equal(e->n, 5);
	assert_int_equal(e->items[1]->kind, FH_EXPR_RECORD);
	assert_int_equal(e->items[2]->kind, FH_EXPR_ENTITY);
	assert_int_equal(e->items[3]->which, FH_FUNCTION_IP);
	assert_int_equal(e->items[4]->n, 2);
	assert_int_equal(e->depth, 3);
}

static void reads_a_has_with_several_attributes(void **state)
{
	(void)state;
	static const char text[] =
		BODY("{\"has\":{\"left\":{\"Var\":\"context\"},\"attr\":[\"a\",\"b\",\"c\"]}}");
	struct fh_arena a = arena();
	struct fh_policies all;
	static char out[4096];
	struct fh_builder b = FH_BUILDER_ARRAY(out);

	assert_int_equal(fh_est_read(fh_span_str(text), 4096, "est", &a, &all, nullptr), FH_ERR_OK);
	fh_est_write_policy(&b, &all.list[0]);
	fh_builder_u8(&b, '\0');
	assert_string_equal(out, json_of("permit(principal,action,resource) when "
					 "{context has a.b.c};", true));
	assert_int_equal(fh_est_read(FH_SPAN_LIT(BODY("{\"has\":{\"left\":{\"Var\":"
						      "\"context\"},\"attr\":[]}}")),
				     4096, "est", &a, &all, nullptr), FH_ERR_FORMAT);
	assert_int_equal(fh_est_read(FH_SPAN_LIT(BODY("{\"has\":{\"left\":{\"Var\":"
						      "\"context\"},\"attr\":[1]}}")),
				     4096, "est", &a, &all, nullptr), FH_ERR_FORMAT);
}

static void links_templates(void **state)
{
	(void)state;
	static const char text[] =
		"{\"templates\":{\"t\":{\"effect\":\"permit\",\"principal\":"
		"{\"op\":\"==\",\"slot\":"
		"\"?principal\"},\"action\":{\"op\":\"All\"},\"resource\":{\"op\":\"All\"},"
		"\"conditions\":[],\"annotations\":{\"a\":null}}},\"templateLinks\":"
		"[{\"templateId\":"
		"\"t\",\"newId\":\"l\",\"values\":{\"?principal\":"
		"{\"type\":\"U\",\"id\":\"a\"}}}]}";
	struct fh_arena a = arena();
	struct fh_policies all;
	static char out[4096];
	struct fh_builder b = FH_BUILDER_ARRAY(out);

	assert_int_equal(fh_est_read(fh_span_str(text), 4096, "est", &a, &all, nullptr), FH_ERR_OK);
	assert_int_equal(all.n, 2);
	assert_true(fh_policy_is_template(&all.list[0]));
	assert_false(fh_policy_is_template(&all.list[1]));
	assert_true(fh_span_equal(all.list[1].principal.entities[0].id, FH_SPAN_LIT("a")));
	fh_est_write(&b, &all);
	fh_builder_u8(&b, '\0');
	assert_non_null(strstr(out, "\"templateLinks\":[{\"templateId\":\"t\",\"newId\":\"l\","
				    "\"values\":{\"?principal\":{\"type\":\"U\",\"id\":\"a\"}}}]"));
}

static void refuses_by_name_what_is_malformed(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		fh_err e;
		const char *what;
	} rows[] = {
		{ "[]", FH_ERR_FORMAT, "object" },
		{ "{\"x\":1}", FH_ERR_FORMAT, "does not belong" },
		{ "{\"effect\":\"allow\"," ALL ",\"conditions\":[]}", FH_ERR_FORMAT, "effect" },
		{ "{\"effect\":\"permit\"," ALL "}", FH_ERR_FORMAT, "\"conditions\" is missing" },
		{ BODY("1"), FH_ERR_FORMAT, "one member" },
		{ BODY("{}"), FH_ERR_FORMAT, "one member" },
		{ BODY("{\"Value\":null}"), FH_ERR_FORMAT, "no such value" },
		{ BODY("{\"Value\":1.5}"), FH_ERR_FORMAT, "no such value" },
		{ BODY("{\"Var\":\"x\"}"), FH_ERR_FORMAT, "variable" },
		{ BODY("{\"Slot\":\"?principal\"}"), FH_ERR_FORMAT, "no operator" },
		{ BODY("{\"xor\":{}}"), FH_ERR_FORMAT, "no operator" },
		{ BODY("{\"==\":{\"left\":{\"Value\":1}}}"), FH_ERR_FORMAT,
		 "\"right\" is missing" },
		{ BODY("{\"!\":{\"arg\":{\"Value\":1},\"x\":1}}"), FH_ERR_FORMAT,
		 "does not belong" },
		{ BODY("{\".\":{\"left\":{\"Value\":1},\"attr\":1}}"), FH_ERR_FORMAT, "string" },
		{ BODY("{\"like\":{\"left\":{\"Value\":1},\"pattern\":\"a\"}}"), FH_ERR_FORMAT,
		 "list" },
		{ BODY("{\"is\":{\"left\":{\"Value\":1},\"entity_type\":\"a b\"}}"), FH_ERR_FORMAT,
		  "type" },
		{ BODY("{\"ip\":1}"), FH_ERR_FORMAT, "list" },
		{ BODY("{\"Set\":1}"), FH_ERR_FORMAT, "list" },
		{ BODY("{\"Record\":[]}"), FH_ERR_FORMAT, "object" },
		{ "{\"staticPolicies\":{\"a\":{\"effect\":\"permit\",\"principal\":{\"op\":\"==\","
		  "\"slot\":\"?principal\"},\"action\":{\"op\":\"All\"},\"resource\":"
		  "{\"op\":\"All\"},"
		  "\"conditions\":[]}}}", FH_ERR_FORMAT, "does not belong here" },
		{ "{\"templateLinks\":[{\"templateId\":\"t\",\"newId\":\"l\",\"values\":{}}]}",
		  FH_ERR_UNKNOWN, "no such template" },
		{ "{\"effect\":\"permit\",\"principal\":{\"op\":\"in\",\"entities\":[]},\"action\":"
		  "{\"op\":\"All\"},\"resource\":{\"op\":\"All\"},\"conditions\":[]}",
		  	FH_ERR_FORMAT,
		  "\"entity\" is missing" },
		{ "{\"effect\":\"permit\",\"principal\":{\"op\":\"All\"},\"action\":{\"op\":\"==\","
		  "\"entity\":{\"type\":\"U\",\"id\":\"\"}},\"resource\":{\"op\":\"All\"},"
		  "\"conditions\":[]}", FH_ERR_FORMAT, "no type of actions" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fh_arena a = arena();
		struct fh_policies all = { 0 };
		struct fh_trace t = { 0 };
		fh_err e = fh_est_read(fh_span_str(rows[i].text), 65536, "est", &a, &all, &t);

		if (e != rows[i].e || strstr(t.what, rows[i].what) == nullptr)
			fail_msg("%s\n-> %s: %s: %s", rows[i].text, fh_err_text(e), t.where,
				 t.what);
		assert_true(t.where[0] != '\0' && t.cure[0] != '\0');
		assert_null(all.list);
	}
}

static void bounds_depth(void **state)
{
	(void)state;
	static char text[65536];

	for (size_t n = FH_EXPR_DEPTH_MAX - 1; n < FH_EXPR_DEPTH_MAX + 2; n++) {
		struct fh_builder b = FH_BUILDER_ARRAY(text);
		struct fh_arena a = arena();
		struct fh_policies all;

		fh_builder_text(&b, "{\"effect\":\"permit\"," ALL
				    ",\"conditions\":[{\"kind\":\"when\",\"body\":");
		for (size_t i = 0; i < n; i++)
			fh_builder_text(&b, "{\"!\":{\"arg\":");
		fh_builder_text(&b, "{\"Value\":true}");
		for (size_t i = 0; i < n; i++)
			fh_builder_text(&b, "}}");
		fh_builder_text(&b, "}]}");
		assert_false(b.bad);
		assert_int_equal(fh_est_read(fh_builder_span(&b), sizeof(text), "est", &a, &all,
					     nullptr),
				 n < FH_EXPR_DEPTH_MAX ? FH_ERR_OK : FH_ERR_LIMIT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_cedars_form),
		cmocka_unit_test(reads_what_it_writes),
		cmocka_unit_test(reads_every_literal),
		cmocka_unit_test(reads_a_has_with_several_attributes),
		cmocka_unit_test(links_templates),
		cmocka_unit_test(refuses_by_name_what_is_malformed),
		cmocka_unit_test(bounds_depth),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
