/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/builder.h"
#include "base/limits.h"
#include "cedar_fixture.h"
#include "policy/fold.h"
#include "policy/policies.h"

/* --- random expressions ------------------------------------------------------- */

static uint64_t seed = 1;

static uint32_t pick(uint32_t n)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % n;
}

/* "a" is what the world has, and some more that it has not.  */
static const char *const leaves[] = {
	"principal", "action", "resource", "context", "context.n", "context.s", "context.ip",
	"context.no", "principal.age", "principal.friend", "principal.home", "principal.tags",
	"User::\"alice\"", "User::\"bob\"", "User::\"eve\"", "Group::\"staff\"",
	"Group::\"people\"", "Group::\"other\"", "Group::\"none\"", "Action::\"a\"",
	"N::R::\"r\"", "true", "false", "0", "1", "-1", "9223372036854775807",
	"-9223372036854775808", "9223372036854775807", "\"\"", "\"x\"", "\"a\"",
	"\"10.0.0.0/8\"", "[]", "{}", "ip(\"10.0.0.0/8\")", "ip(\"x\")", "decimal(\"1.5\")",
	"datetime(\"2024-10-15\")", "duration(\"1h\")", "[1, 2]",
	"[Group::\"people\", User::\"bob\"]", "[User::\"eve\", 1]",
};

/* Each % is an expression.  */
static const char *const forms[] = {
	"!%", "-%", "% && %", "% || %", "if % then % else %", "% == %", "% != %", "% < %",
	"% <= %", "% > %", "% >= %", "% + %", "% - %", "% * %", "% in %", "% in [%, %]",
	"% is User", "% is User in %", "% is N::R in %", "% has age", "% has home.zip.no",
	"%.age", "%.friend", "%.home", "%[\"a b\"]", "%.hasTag(%)", "%.getTag(%)", "% like \"*\"",
	"% like \"x*\"", "[%, %]", "[%]", "{a: %, age: %}", "%.contains(%)", "%.containsAll(%)",
	"%.containsAny(%)", "%.isEmpty()", "ip(%)", "%.isInRange(%)", "%.isIpv4()",
	"decimal(%)", "%.lessThan(%)", "datetime(%)", "%.offset(%)", "duration(%)", "%.toDays()",
};

#define ONE_OF(a) a[pick(sizeof(a) / sizeof(a[0]))]

static void put_random(struct fh_builder *b, int depth)
{
	const char *form = depth == 0 || pick(5) == 0 ? ONE_OF(leaves) : ONE_OF(forms);

	fh_builder_text(b, "(");
	for (; *form != '\0'; form++) {
		if (*form == '%')
			put_random(b, depth - 1);
		else
			fh_builder_u8(b, (uint8_t)*form);
	}
	fh_builder_text(b, ")");
}

/* --- what evaluates alike ------------------------------------------------------ */

static void number_all(struct world *w, const struct fh_names *names)
{
	for (int i = 0; i < 3; i++)
		assert_int_equal(fh_evaluation_number(&w->v, names, (enum fh_variable)i),
				 FH_ERR_OK);
}

static const struct fh_expr *expression_of(struct world *w, struct fh_span text)
{
	const struct fh_expr *e = nullptr;
	struct fh_trace t = { 0 };

	if (fh_expr_parse(text, &w->arena, &e, &t) != FH_ERR_OK)
		fail_msg("%.*s\n-> %s: %s", (int)text.n, (const char *)text.p, t.where, t.what);
	return e;
}

static const struct fh_expr *folded_of(struct world *w, struct fh_names *names,
				       const struct fh_expr *e)
{
	const struct fh_expr *out = nullptr;

	assert_int_equal(fh_fold(e, names, &w->arena, &out), FH_ERR_OK);
	number_all(w, names);
	return out;
}

/* What TEXT evaluates to, as it stands and folded: the same.  */
static enum fh_fault_kind compare(struct fh_span text)
{
	struct fh_names names = { 0 };
	struct fh_value a = { 0 }, b = { 0 };
	struct fh_fault one, other;
	struct world w;

	begin(&w);
	const struct fh_expr *e = expression_of(&w, text);
	const struct fh_expr *folded = folded_of(&w, &names, e);

	assert_int_equal(fh_expr_evaluate(&w.v, e, &a, &one), FH_ERR_OK);
	assert_int_equal(fh_expr_evaluate(&w.v, folded, &b, &other), FH_ERR_OK);
	if (one.kind != other.kind || one.at.column != other.at.column ||
	    (one.kind == FH_FAULT_NONE && !fh_value_equal(&a, &b)))
		fail_msg("%.*s\n-> %s at %u, folded %s at %u", (int)text.n, (const char *)text.p,
			 fh_fault_text(one.kind), one.at.column, fh_fault_text(other.kind),
			 other.at.column);
	return one.kind;
}

static void evaluates_as_what_was_folded(void **state)
{
	(void)state;
	const char *chosen = getenv("FREEHOLD_SEED");
	static char text[65536];
	size_t values = 0, met[FH_FAULT_COUNT] = { 0 };

	seed = chosen == nullptr ? 1 : strtoull(chosen, nullptr, 10);
	for (size_t i = 0; i < 60000; i++) {
		struct fh_builder b = FH_BUILDER_ARRAY(text);

		put_random(&b, 1 + (int)(i % 4));
		assert_false(b.bad);
		met[compare(fh_builder_span(&b))]++;
	}
	values = met[FH_FAULT_NONE];
	assert_true(values > 5000);
	for (int i = 0; i < FH_FAULT_COUNT; i++) {
		if (i != FH_FAULT_ARGUMENTS && met[i] < 5)
			fail_msg("only %zu times: %s", met[i],
				 fh_fault_text((enum fh_fault_kind)i));
	}
}

/* --- what is folded ------------------------------------------------------------ */

static enum fh_expr_kind kind_of(const char *text)
{
	struct fh_names names = { 0 };
	struct world w;

	begin(&w);
	return folded_of(&w, &names, expression_of(&w, fh_span_str(text)))->kind;
}

static void computes_what_depends_on_no_request(void **state)
{
	(void)state;
	assert_int_equal(kind_of("1 + 2 * 3"), FH_EXPR_LONG);
	assert_int_equal(kind_of("1 + 1 > 100"), FH_EXPR_BOOL);
	assert_int_equal(kind_of("[2, 1].contains(1)"), FH_EXPR_BOOL);
	assert_int_equal(kind_of("[\"b\", \"a\"]"), FH_EXPR_VALUE);
	assert_int_equal(kind_of("{a: [1]}"), FH_EXPR_VALUE);
	assert_int_equal(kind_of("ip(\"10.0.0.0/8\")"), FH_EXPR_VALUE);
	assert_int_equal(kind_of("false && principal.no"), FH_EXPR_BOOL);
	assert_int_equal(kind_of("resource is User || 1 > 2"), FH_EXPR_IS);
	assert_int_equal(kind_of("if 1 < 2 then context.n < 1 else context.no"), FH_EXPR_LESS);
	assert_int_equal(kind_of("principal in Group::\"staff\""), FH_EXPR_WITHIN);
	assert_int_equal(kind_of("action in [Action::\"a\", Action::\"b\"]"), FH_EXPR_WITHIN);
	assert_int_equal(kind_of("User::\"alice\" == principal"), FH_EXPR_NAMED);
	assert_int_equal(kind_of("principal is User in Group::\"staff\""), FH_EXPR_AND);
}

/* What would be an error stays one, where it was; what may be another type stays.  */
static void keeps_what_can_fail(void **state)
{
	(void)state;
	assert_int_equal(kind_of("9223372036854775807 + 1"), FH_EXPR_ADD);
	assert_int_equal(kind_of("ip(\"x\")"), FH_EXPR_CALL);
	assert_int_equal(kind_of("true && principal.age"), FH_EXPR_AND);
	assert_int_equal(kind_of("principal.age || true"), FH_EXPR_OR);
	assert_int_equal(kind_of("if true then context.n else 1"), FH_EXPR_IF);
	assert_int_equal(kind_of("principal in [Group::\"staff\", 1]"), FH_EXPR_IN);
	assert_int_equal(kind_of("context in Group::\"staff\""), FH_EXPR_IN);
	assert_int_equal(kind_of("User::\"alice\" in Group::\"staff\""), FH_EXPR_IN);
	assert_int_equal(kind_of("User::\"alice\".age == 30"), FH_EXPR_EQUAL);
}

/* A long `has` is many nodes that share their beginnings, and folding keeps them few.  */
static void folds_shared_parts_once(void **state)
{
	(void)state;
	static char text[8 * FH_EXPR_DEPTH_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(text);
	struct fh_names names = { 0 };
	struct world w;

	fh_builder_text(&b, "(if true || true then {b: 1} else {b: 2}) has b");
	for (int i = 0; i < 400; i++)
		fh_builder_text(&b, ".b");
	begin(&w);
	const struct fh_expr *e = expression_of(&w, fh_builder_span(&b));
	size_t taken = w.arena.n;

	(void)folded_of(&w, &names, e);
	assert_true(w.arena.n - taken < 400 * 1024);
}

static void fails_cleanly_without_memory(void **state)
{
	(void)state;
	struct fh_names names = { 0 };
	const struct fh_expr *out = nullptr;
	struct world w;

	begin(&w);
	const struct fh_expr *e =
		expression_of(&w, FH_SPAN_LIT("principal is User in Group::\"staff\" && "
					      "[ip(\"::1\")] == [{a: [1 + 1]}, context.n] && "
					      "action != Action::\"b\""));
	size_t taken = w.arena.n, refused = 0;

	for (size_t cap = taken; cap < taken + 65536 && out == nullptr; cap += 8) {
		w.arena.n = taken;
		w.arena.cap = cap;
		names = (struct fh_names){ 0 };
		fh_err err = fh_fold(e, &names, &w.arena, &out);

		refused += err == FH_ERR_NOMEM;
		assert_true(err == FH_ERR_NOMEM ? out == nullptr : err == FH_ERR_OK);
	}
	assert_non_null(out);
	assert_true(refused > 50);
}

/* --- numbers ------------------------------------------------------------------- */

static void gives_each_entity_one_number(void **state)
{
	(void)state;
	constexpr uint32_t many = 5000;
	static char ids[many][8];
	static struct fh_entity_key keys[many];
	static _Alignas(max_align_t) uint8_t space[1 << 20];
	struct fh_arena a = fh_arena_of(space, sizeof(space));
	struct fh_names names = { 0 };
	uint32_t number = 0;

	for (uint32_t i = 0; i < many; i++) {
		(void)snprintf(ids[i], sizeof(ids[i]), "%u", i);
		keys[i] = fh_entity_key_of(fh_entity_uid_of("T", fh_span_str(ids[i])));
		assert_int_equal(fh_names_find(&names, &keys[i]), FH_UNNAMED);
		assert_int_equal(fh_names_put(&names, &keys[i], &a, &number), FH_ERR_OK);
		assert_int_equal(number, i);
	}
	for (uint32_t i = 0; i < many; i++) {
		struct fh_entity_key other = keys[i];

		assert_int_equal(fh_names_find(&names, &keys[i]), i);
		assert_int_equal(fh_names_put(&names, &keys[i], &a, &number), FH_ERR_OK);
		assert_int_equal(number, i);
		other.uid.type = FH_SPAN_LIT("U"); /* the same hash, but another entity */
		assert_int_equal(fh_names_find(&names, &other), FH_UNNAMED);
	}
	assert_int_equal(names.n, many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(evaluates_as_what_was_folded),
		cmocka_unit_test(computes_what_depends_on_no_request),
		cmocka_unit_test(keeps_what_can_fail),
		cmocka_unit_test(folds_shared_parts_once),
		cmocka_unit_test(fails_cleanly_without_memory),
		cmocka_unit_test(gives_each_entity_one_number),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
