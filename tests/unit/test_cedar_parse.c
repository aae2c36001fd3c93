/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/builder.h"
#include "base/limits.h"
#include "policy/policies.h"

constexpr size_t room = 64 << 20;
static _Alignas(max_align_t) uint8_t memory[room];

static fh_err parse(const char *text, struct fh_policies *out, struct fh_trace *t)
{
	struct fh_arena a = fh_arena_of(memory, room);

	return fh_policies_parse(fh_span_str(text), FH_POLICY_TEXT_MAX, "policy", &a, out, t);
}

static void accept(const char *text)
{
	struct fh_policies all;
	struct fh_trace t = { 0 };
	fh_err e = parse(text, &all, &t);

	if (e != FH_ERR_OK)
		fail_msg("%s\n-> %s: %s; %s", text, t.where, t.what, t.cure);
}

static void refuse(const char *text, fh_err want, const char *where, const char *what)
{
	struct fh_policies all = { 0 };
	struct fh_trace t = { 0 };
	fh_err e = parse(text, &all, &t);

	if (e != want || strcmp(t.where, where) != 0 || strstr(t.what, what) == nullptr)
		fail_msg("%.200s\n-> %s: %s: %s; %s", text, fh_err_text(e), t.where, t.what,
			 t.cure);
	assert_true(t.cure[0] != '\0');
	assert_null(all.list);
}

/* One condition.  */
static const struct fh_expr *expr(const char *text)
{
	static struct fh_arena a;
	const struct fh_expr *e = nullptr;
	struct fh_trace t = { 0 };

	a = fh_arena_of(memory, room);
	if (fh_expr_parse(fh_span_str(text), &a, &e, &t) != FH_ERR_OK)
		fail_msg("%s\n-> %s: %s; %s", text, t.where, t.what, t.cure);
	return e;
}

static void refuse_expr(const char *text, fh_err want, const char *where, const char *what)
{
	struct fh_arena a = fh_arena_of(memory, room);
	const struct fh_expr *e = nullptr;
	struct fh_trace t = { 0 };
	fh_err got = fh_expr_parse(fh_span_str(text), &a, &e, &t);

	if (got != want || strcmp(t.where, where) != 0 || strstr(t.what, what) == nullptr)
		fail_msg("%.200s\n-> %s: %s: %s; %s", text, fh_err_text(got), t.where, t.what,
			 t.cure);
	assert_true(t.cure[0] != '\0');
	assert_null(e);
}

static void accepts_every_form_of_a_policy(void **state)
{
	(void)state;
	accept("");
	accept("// nothing but a comment");
	accept("permit(principal,action,resource);");
	accept("permit(principal,action,resource,);");
	accept("permit(principal == (A::\"a\"),action in [Action::\"x\",],resource in ?resource);");
	accept("permit(principal is A in ?principal,action == N::M::Action::\"x\",resource is B);");
	accept("permit(principal is A::B in C::\"\\u{1_F600}\",action in [],resource == R::\"\");");
	accept("@if @id(\"x\")@then(\"\")forbid(principal,action,resource)"
	       "when{true}unless{false}when{1==1};");
	accept("permit(principal,action,resource)//c\r//d\nwhen\xc2\xa0{\xe2\x80\xa8true};");
}

static void refuses_what_is_no_policy(void **state)
{
	(void)state;
	static const struct {
		const char *text, *where, *what;
	} rows[] = {
		{ "allow(principal,action,resource);", "policy:1:1", "`permit`, `forbid`" },
		{ "permit(action,principal,resource);", "policy:1:8", "`principal`" },
		{ "permit(principal,action);", "policy:1:24", "`,`" },
		{ "permit(principal,action,resource,context);", "policy:1:34", "`)`" },
		{ "permit(principal,action,resource)", "policy:1:34", "`;`" },
		{ "permit(principal: A,action,resource);", "policy:1:17", "`:`" },
		{ "permit(principal = A::\"\",action,resource);", "policy:1:18", "`=`" },
		{ "permit(principal,action is Action,resource);", "policy:1:25", "`,`" },
		{ "permit(principal in [A::\"a\"],action,resource);", "policy:1:21", "entity" },
		{ "permit(principal,action == [Action::\"a\"],resource);", "policy:1:28",
		  "entity" },
		{ "permit(principal,action == A::\"a\",resource);", "policy:1:28",
		  "type of actions" },
		{ "permit(principal,action == XAction::\"a\",resource);", "policy:1:28",
		  "no type" },
		{ "permit(principal,action == ?action,resource);", "policy:1:28", "?action" },
		{ "permit(principal == ?resource,action,resource);", "policy:1:21", "?resource" },
		{ "permit(principal == ?x,action,resource);", "policy:1:21", "?x" },
		{ "permit(principal,action,resource) when {};", "policy:1:35", "empty" },
		{ "permit(principal,action,resource) when true;", "policy:1:40", "`{`" },
		{ "permit(principal,action,resource) if {true};", "policy:1:35", "`when`" },
		{ "permit(principal,action,resource) when {?principal == A::\"\"};", "policy:1:41",
		  "only in the scope" },
		{ "@1 permit(principal,action,resource);", "policy:1:2", "the name" },
		{ "@id() permit(principal,action,resource);", "policy:1:5", "value" },
		{ "permit(principal == __cedar::\"a\",action,resource);", "policy:1:21", "entity" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		refuse(rows[i].text, FH_ERR_FORMAT, rows[i].where, rows[i].what);
	refuse("@a @b(\"\") @a permit(principal,action,resource);", FH_ERR_CONFLICT, "policy:1:12",
	       "two @a");
}

static void keeps_what_a_policy_says(void **state)
{
	(void)state;
	struct fh_policies all;
	struct fh_trace t;

	assert_int_equal(parse("permit(principal,action,resource);\n"
			       "@a @b(\"x\\n\") forbid(principal == ?principal,action,\n"
			       "resource is T in T::\"t\") when {true} unless {false};",
			       &all, &t), FH_ERR_OK);
	assert_int_equal(all.n, 2);
	const struct fh_policy *p = &all.list[1];

	assert_true(fh_span_equal(p->id, FH_SPAN_LIT("policy1")));
	assert_true(p->forbids);
	assert_true(fh_policy_is_template(p));
	assert_false(fh_policy_is_template(&all.list[0]));
	assert_true(fh_span_equal(fh_policy_annotation(p, FH_SPAN_LIT("b"))->value,
				  FH_SPAN_LIT("x\n")));
	assert_int_equal(fh_policy_annotation(p, FH_SPAN_LIT("a"))->value.n, 0);
	assert_null(fh_policy_annotation(p, FH_SPAN_LIT("c")));
	assert_int_equal(p->conditions_n, 2);
	assert_true(p->conditions[1].unless);
	assert_int_equal(p->at.line, 2);
	assert_int_equal(p->at.column, 14);
	assert_int_equal(p->resource.kind, FH_SCOPE_IS_IN);
	assert_int_equal(p->resource.at.line, 3);
	assert_int_equal(p->conditions[0].body->at.column, 32);
}

static void links_a_template_exactly(void **state)
{
	(void)state;
	struct fh_policies all;
	struct fh_policy p = { 0 };
	struct fh_entity_uid who = { FH_TEXT_INIT("A"), FH_TEXT_INIT("a") };
	struct fh_arena a = fh_arena_of(memory + room / 2, room / 2);
	struct fh_span id = FH_SPAN_LIT("link");

	assert_int_equal(parse("permit(principal in ?principal,action,resource);", &all, nullptr),
			 FH_ERR_OK);
	assert_int_equal(fh_policy_link(&all.list[0], id, nullptr, nullptr, &a, &p), FH_ERR_FORMAT);
	assert_int_equal(fh_policy_link(&all.list[0], id, &who, &who, &a, &p), FH_ERR_FORMAT);
	assert_int_equal(fh_policy_link(&all.list[0], id, &who, nullptr, &a, &p), FH_ERR_OK);
	assert_true(fh_span_equal(p.id, id));
	assert_false(fh_policy_is_template(&p));
	assert_true(fh_entity_equal(p.principal.entities[0], who));
	assert_int_equal(fh_policy_link(&p, id, nullptr, nullptr, &a, &p), FH_ERR_FORMAT);
}

static void binds_operators_as_cedar_does(void **state)
{
	(void)state;
	const struct fh_expr *e = expr("1 + 2 * -3 - 4 == 5 && true || !false");

	assert_int_equal(e->kind, FH_EXPR_OR);
	assert_int_equal(e->b->kind, FH_EXPR_NOT);
	assert_int_equal(e->a->kind, FH_EXPR_AND);
	e = e->a->a;
	assert_int_equal(e->kind, FH_EXPR_EQUAL);
	assert_int_equal(e->a->kind, FH_EXPR_SUBTRACT);
	assert_int_equal(e->a->a->kind, FH_EXPR_ADD);
	assert_int_equal(e->a->a->b->kind, FH_EXPR_MULTIPLY);
	assert_int_equal(e->a->a->b->b->integer, -3);
	assert_int_equal(expr("if true then 1 else 2 + 3")->c->kind, FH_EXPR_ADD);
	assert_int_equal(expr("true || false || true")->a->kind, FH_EXPR_OR);
	assert_int_equal(expr("principal is A::B in resource")->kind, FH_EXPR_IS_IN);
	assert_int_equal(expr("principal has a.b.c")->kind, FH_EXPR_AND);
	assert_int_equal(expr("principal has \"a b\"")->kind, FH_EXPR_HAS);
	assert_int_equal(expr("context.a[\"b\"].contains(1)")->kind, FH_EXPR_CONTAINS);
	assert_int_equal(expr("ip(\"::1\").isInRange(ip(\"::\"))")->which,
			 FH_FUNCTION_IS_IN_RANGE);
	assert_int_equal(expr("{a: 1, \"b c\": [1, 2,],}")->n, 2);
	assert_int_equal(expr("principal::\"a\"")->kind, FH_EXPR_ENTITY);
	assert_int_equal(expr("[[[]]]")->depth, 3);
	assert_int_equal(expr("----1")->a->a->a->integer, -1);
	assert_int_equal(expr("-(1)")->kind, FH_EXPR_NEGATE);
	assert_int_equal(expr("-1.a")->kind, FH_EXPR_NEGATE);
	assert_true(expr("-9223372036854775808")->integer == INT64_MIN);
}

static void resolves_wildcards(void **state)
{
	(void)state;
	assert_true(fh_span_equal(expr("\"\" like \"a*\\*b\\n\\u{2a}\"")->text,
				  FH_SPAN_LIT("a\xff*b\n*")));
}

static void refuses_what_is_no_expression(void **state)
{
	(void)state;
	static const struct {
		const char *text, *where, *what;
	} rows[] = {
		{ "", "expression:1:1", "an expression" },
		{ "1 2", "expression:1:3", "an operator" },
		{ "1 == 2 == 3", "expression:1:8", "chain" },
		{ "1 < 2 has a", "expression:1:7", "chain" },
		{ "principal has a + 1", "expression:1:17", "chain" },
		{ "principal is A * 2", "expression:1:16", "chain" },
		{ "!!!!!true", "expression:1:5", "four" },
		{ "!-1", "expression:1:2", "an expression" },
		{ "1 = 1", "expression:1:3", "`=`" },
		{ "1 / 1", "expression:1:3", "divide" },
		{ "9223372036854775808", "expression:1:1", "64 bits" },
		{ "-9223372036854775809", "expression:1:2", "64 bits" },
		{ "foo", "expression:1:1", "no variable `foo`" },
		{ "A::B", "expression:1:1", "no variable `A::B`" },
		{ "principal.if", "expression:1:11", "an attribute" },
		{ "principal has if", "expression:1:15", "an attribute" },
		{ "principal has (a)", "expression:1:15", "an attribute" },
		{ "principal[a]", "expression:1:11", "in quotes" },
		{ "\"a\" like (\"a\")", "expression:1:10", "pattern" },
		{ "principal is \"A\"", "expression:1:14", "type" },
		{ "principal is A::\"a\"", "expression:1:17", "wants a type" },
		{ "principal.contain(1)", "expression:1:11", "no method `contain`" },
		{ "contains(1)", "expression:1:1", "is a method" },
		{ "isIpv4(1)", "expression:1:1", "is a method" },
		{ "principal.ip()", "expression:1:11", "is a function" },
		{ "ipp(\"\")", "expression:1:1", "no function `ipp`" },
		{ "[1].contains()", "expression:1:5", "takes 1 argument" },
		{ "[1].isEmpty(1)", "expression:1:5", "takes 0 arguments" },
		{ "principal(1)", "expression:1:1", "no function `principal`" },
		{ "principal.a.b(1)(2)", "expression:1:13", "no method" },
		{ "[1](2)", "expression:1:4", "cannot be called" },
		{ "{a: 1, \"a\": 2}", "expression:1:8", "twice" },
		{ "{true: 1}", "expression:1:2", "field" },
		{ "[1 2]", "expression:1:4", "`,` or `]`" },
		{ "(1", "expression:1:3", "`)`" },
		{ "if true then 1", "expression:1:15", "`else`" },
		{ "\"\\q\"", "expression:1:1", "escape" },
		{ "\"\\*\"", "expression:1:1", "escape" },
		{ "\"\\u{_1}\"", "expression:1:1", "escape" },
		{ "\"\\u{1234567}\"", "expression:1:1", "escape" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		refuse_expr(rows[i].text, FH_ERR_FORMAT, rows[i].where, rows[i].what);
}

static void offers_the_nearest_name(void **state)
{
	(void)state;
	struct fh_arena a = fh_arena_of(memory, room);
	const struct fh_expr *e;
	struct fh_trace t;

	assert_int_equal(fh_expr_parse(FH_SPAN_LIT("[1].contians(1)"), &a, &e, &t), FH_ERR_FORMAT);
	assert_string_equal(t.cure, "did you mean `contains`?");
}

/* N times HEAD, then MIDDLE, then N times TAIL.  */
static const char *nested(size_t n, const char *head, const char *middle, const char *tail)
{
	static char text[FH_POLICY_TEXT_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(text);

	for (size_t i = 0; i < n; i++)
		fh_builder_text(&b, head);
	fh_builder_text(&b, middle);
	for (size_t i = 0; i < n; i++)
		fh_builder_text(&b, tail);
	fh_builder_u8(&b, '\0');
	assert_false(b.bad);
	return text;
}

static void bounds_depth(void **state)
{
	(void)state;
	assert_non_null(expr(nested(FH_EXPR_NESTING_MAX - 1, "(", "1", ")")));
	assert_non_null(expr(nested(FH_EXPR_DEPTH_MAX - 1, "", "1", "+1")));
	refuse_expr(nested(FH_EXPR_NESTING_MAX, "(", "1", ")"), FH_ERR_LIMIT, "expression:1:257",
		    "256 brackets");
	refuse_expr(nested(200000, "[", "1", "]"), FH_ERR_LIMIT, "expression:1:257", "256");
	refuse_expr(nested(20000, "if 1 then 1 else ", "1", ""), FH_ERR_LIMIT,
		    "expression:1:4339", "256");
	refuse_expr(nested(FH_EXPR_DEPTH_MAX, "", "1", "+1"), FH_ERR_LIMIT, "expression:1:2000",
		    "deeper than 1000");
	refuse_expr(nested(5000, "", "principal", ".a"), FH_ERR_LIMIT, "expression:1:2009",
		    "deeper than 1000");
	refuse(nested(1000, "permit(principal == (((", "", ""), FH_ERR_FORMAT, "policy:1:30",
	       "entity");
}

static void fails_cleanly_without_memory(void **state)
{
	(void)state;
	static const char text[] = "@a(\"b\") permit(principal in A::B::\"t\","
				   "action in [Action::\"files\"],resource) when {"
				   "{a: [1, ip(\"\"), principal.b.contains(\"c\" like "
				   "\"d*\")]} == A::\"b\" };";
	static _Alignas(max_align_t) uint8_t little[16384];
	fh_err e = FH_ERR_NOMEM;
	size_t cap = 0;

	for (; e == FH_ERR_NOMEM && cap < sizeof(little); cap += 16) {
		struct fh_arena a = fh_arena_of(little, cap);
		struct fh_policies all = { 0 };

		e = fh_policies_parse(fh_span_str(text), FH_POLICY_TEXT_MAX, "policy", &a, &all,
				      nullptr);
		assert_true(e == FH_ERR_OK || all.list == nullptr);
	}
	assert_int_equal(e, FH_ERR_OK);
	assert_true(cap > 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_every_form_of_a_policy),
		cmocka_unit_test(refuses_what_is_no_policy),
		cmocka_unit_test(keeps_what_a_policy_says),
		cmocka_unit_test(links_a_template_exactly),
		cmocka_unit_test(binds_operators_as_cedar_does),
		cmocka_unit_test(resolves_wildcards),
		cmocka_unit_test(refuses_what_is_no_expression),
		cmocka_unit_test(offers_the_nearest_name),
		cmocka_unit_test(bounds_depth),
		cmocka_unit_test(fails_cleanly_without_memory),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
