/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "policy/format.h"

static _Alignas(max_align_t) uint8_t memory[4 << 20];
static char laid_out[65536];

static fh_err lay_out(const char *text, struct fh_trace *t)
{
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	struct fh_builder b = fh_builder_of(laid_out, sizeof(laid_out) - 1);
	fh_err e = fh_policy_format(fh_span_str(text), &a, &b, t);

	laid_out[b.n] = '\0';
	return e;
}

/* TEXT becomes WANT, and that stays as it is.  */
static void assert_form(const char *text, const char *want)
{
	assert_int_equal(lay_out(text, nullptr), FH_ERR_OK);
	assert_string_equal(laid_out, want);
	assert_int_equal(lay_out(want, nullptr), FH_ERR_OK);
	assert_string_equal(laid_out, want);
}

static void lays_out_what_is_short_on_one_line(void **state)
{
	(void)state;
	assert_form("", "");
	assert_form("permit(principal,action,resource,);",
		    "permit (principal, action, resource);\n");
	assert_form("@id( \"a\" )@b permit(principal ,action,resource)when{1+2*- 3==-(4)}\n"
		    "unless{!context . a[\"b\"] ||ip(\"::\").isIpv4( )};forbid(principal,action,"
		    "resource);",
		    "@id(\"a\")\n@b\npermit (principal, action, resource)\n"
		    "when { 1 + 2 * -3 == -(4) }\n"
		    "unless { !context.a[\"b\"] || ip(\"::\").isIpv4() };\n\n"
		    "forbid (principal, action, resource);\n");
	assert_form("permit(principal in ?principal,action in[Action::\"a\",],resource is A::B in C"
		    "::\"d\")when{{a:[1,{\"b\":2}],}has a.b};",
		    "permit (\n  principal in ?principal,\n  action in [Action::\"a\"],\n"
		    "  resource is A::B in C::\"d\"\n)\nwhen { {a: [1, {\"b\": 2}]} has a.b };\n");
}

static void breaks_what_is_long_at_its_loosest_operator(void **state)
{
	(void)state;
	assert_form("permit(principal,action,resource)when{principal.aaaaaaaaaaaaaaaaaaaa == 1 && "
		    "principal.bbbbbbbbbbbbbbbbbbbb == 2 || principal.cccccccccccccccccccccc == "
		    "3};",
		    "permit (principal, action, resource)\nwhen {\n"
		    "  principal.aaaaaaaaaaaaaaaaaaaa == 1 && principal.bbbbbbbbbbbbbbbbbbbb == "
		    "2 ||\n"
		    "  principal.cccccccccccccccccccccc == 3\n};\n");
	assert_form("permit(principal,action,resource)when{if principal.aaaaaaaaaaaaaaaaaaaaaaaaaa "
		    "then principal.bbbbbbbbbbbbbbbbbbbbbbbb else "
		    "[principal.ccccccccccccccccccc]};",
		    "permit (principal, action, resource)\nwhen {\n"
		    "  if principal.aaaaaaaaaaaaaaaaaaaaaaaaaa\n"
		    "  then principal.bbbbbbbbbbbbbbbbbbbbbbbb\n"
		    "  else [principal.ccccccccccccccccccc]\n};\n");
	assert_form("permit(principal,action,resource)when{"
	"[\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\","
		    "\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\"].contains(principal.cccccccccc)};",
		    "permit (principal, action, resource)\nwhen {\n  [\n"
		    "    \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\n"
		    "    \"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\"\n"
		    "  ].contains(principal.cccccccccc)\n};\n");
}

static void keeps_every_comment_in_its_place(void **state)
{
	(void)state;
	assert_form("  // above\n\n  // too\npermit(principal, // who\naction,resource // what\n)"
		    "// behind\nwhen{// first\n1==1 // same\n&&// and\n2==2};//last\n// end",
		    "// above\n// too\npermit (\n  principal, // who\n  action,\n  resource // "
		    "what\n"
		    ") // behind\nwhen { // first\n  1 == 1 // same\n  && // and\n  2 == 2\n"
		    "}; //last\n\n// end\n");
	assert_form("// nothing else", "// nothing else\n");
	assert_form("permit// a\n(principal,action,resource)when// b\n{true}// c\n;",
		    "permit // a\n(\n  principal,\n  action,\n  resource\n)\nwhen // b\n{\n"
		    "  true\n} // c\n;\n");
	assert_form("permit(principal,action,resource)when{[1,// one\n2,// two\n]==[]};",
		    "permit (principal, action, resource)\nwhen {\n  [\n    1, // one\n"
		    "    2, // two\n  ] == []\n};\n");
}

static void refuses_what_is_no_policy(void **state)
{
	(void)state;
	struct fh_trace t = { 0 };

	assert_int_equal(lay_out("permit(principal,action,resource) when { 1 = 2 };", &t),
			 FH_ERR_FORMAT);
	assert_string_equal(t.where, "policy:1:44");
	assert_string_equal(laid_out, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lays_out_what_is_short_on_one_line),
		cmocka_unit_test(breaks_what_is_long_at_its_loosest_operator),
		cmocka_unit_test(keeps_every_comment_in_its_place),
		cmocka_unit_test(refuses_what_is_no_policy),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
