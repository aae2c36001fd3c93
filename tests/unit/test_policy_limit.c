/* SPDX-License-Identifier: Apache-2.0 */
/* Quotas, budgets, the lease and @fallback: what they read, and that they only narrow.  */
#include "test_policy.h"

#include "policy/authorize.h"

#define ALL "permit(principal,action,resource);"

/* How much every budget has, and what was asked of it.  */
struct purse {
	uint64_t left;
	size_t asked;
	bool full; /* nothing more can be remembered */
};

static enum fh_funds funds(void *context, const struct fh_charge *charge)
{
	struct purse *p = context;

	p->asked++;
	if (charge->amount > charge->count || charge->amount > p->left)
		return FH_FUNDS_USED_UP;
	return p->full ? FH_FUNDS_NO_ROOM : FH_FUNDS_SUFFICE;
}

static struct fh_decision ask_in(const struct document *d, const char *who,
				 const struct fh_circumstances *now)
{
	const struct fh_known_entities known = { &d->set.schema, uid("Actor", who), nullptr, 0 };
	const struct fh_request r = { uid("Actor", who), uid("Action", "files.read"),
				      uid("File", "/a"), fh_value_none(),
				      fh_known_entities_source(&known) };
	static _Alignas(max_align_t) uint8_t memory[65536];
	struct fh_arena scratch = fh_arena_of(memory, sizeof(memory));
	struct fh_decision out = { 0 };

	if (d->e != FH_ERR_OK)
		fail_msg("%s: %s", d->trace.where, d->trace.what);
	assert_int_equal(fh_policy_decide(&d->set, &r, now, &scratch, &out), FH_ERR_OK);
	assert_int_equal(scratch.n, 0);
	return out;
}

static struct fh_decision ask_with(const char *cedar, bool lease, uint64_t left)
{
	OWN_DOCUMENT d = document_of(cedar, files_schema);
	struct purse purse = { .left = left };
	const struct fh_circumstances now = { lease, { 1, 1000 }, funds, &purse };

	return ask_in(&d, "claude", &now);
}

static void reads_quotas(void **state)
{
	(void)state;
	OWN_DOCUMENT d = document_of(
		"@id(\"a\") @quota(\"200/hour per principal; 8000000 bytes/day;7 calls/90m\")" ALL
		"@id(\"b\") @fallback @retain(\"90d\")" ALL ALL
		"@budget(\"b\") @quota(\"1/week\")" ALL "@quota(\"1/7d\") @budget(\"b\")" ALL,
		files_schema);

	assert_int_equal(d.e, FH_ERR_OK);
	const struct fh_limits *l = d.set.limits;

	assert_int_equal(l[0].n, 3);
	assert_int_equal(l[0].limit[0].count, 200);
	assert_int_equal(l[0].limit[0].period_ms, 3600000);
	assert_int_equal(l[0].limit[0].unit, FH_UNIT_CALLS);
	assert_int_equal(l[0].limit[0].per, FH_PER_PRINCIPAL);
	assert_int_equal(l[0].limit[1].count, 8000000);
	assert_int_equal(l[0].limit[1].unit, FH_UNIT_BYTES);
	assert_int_equal(l[0].limit[1].per, FH_PER_ALL);
	assert_int_equal(l[0].limit[2].period_ms, 5400000);
	assert_true(fh_span_equal(l[0].budget, FH_SPAN_LIT("a")));
	assert_true(l[1].fallback);
	assert_int_equal(l[1].retain_ms, UINT64_C(90) * 86400000);
	assert_int_equal(l[1].n, 0);
	assert_false(l[2].fallback);
	assert_true(l[3].shared && l[4].shared);
}

static void refuses_what_it_would_not_keep(void **state)
{
	(void)state;
	static const struct {
		const char *words;
		fh_err e;
		const char *what;
	} rows[] = {
		{ "@quota(\"1/day\")", FH_ERR_CONFLICT, "without @id" },
		{ "@id(\"a\") @quota(\"\")", FH_ERR_FORMAT, "no number" },
		{ "@id(\"a\") @quota(\"0/day\")", FH_ERR_FORMAT, "no number" },
		{ "@id(\"a\") @quota(\"01/day\")", FH_ERR_FORMAT, "no number" },
		{ "@id(\"a\") @quota(\"-1/day\")", FH_ERR_FORMAT, "no number" },
		{ "@id(\"a\") @quota(\"9007199254740993/day\")", FH_ERR_FORMAT, "no number" },
		{ "@id(\"a\") @quota(\"1\")", FH_ERR_FORMAT, "no period" },
		{ "@id(\"a\") @quota(\"1/fortnight\")", FH_ERR_FORMAT, "no period" },
		{ "@id(\"a\") @quota(\"1/367d\")", FH_ERR_FORMAT, "no period" },
		{ "@id(\"a\") @quota(\"1/day per user\")", FH_ERR_FORMAT, "per something" },
		{ "@id(\"a\") @quota(\"1/day for principal\")", FH_ERR_FORMAT, "not `per ...`" },
		{ "@id(\"a\") @quota(\"1 apples/day\")", FH_ERR_FORMAT, "something unknown" },
		{ "@id(\"a\") @quota(\"1 tokens/day\")", FH_ERR_CONFLICT, "has no @tokens" },
		{ "@id(\"a\") @quota(\"4000000 bytes/day\")", FH_ERR_CONFLICT, "never" },
		{ "@id(\"a\") @quota(\"1/day;;2/hour\")", FH_ERR_FORMAT, "no number" },
		{ "@id(\"a\") @quota(\"1/day;2/day\")", FH_ERR_CONFLICT, "twice" },
		{ "@id(\"a\") @quota(\"1/1s;1/2s;1/3s;1/4s;1/5s;1/6s;1/7s;1/8s;1/9s\")",
		  FH_ERR_LIMIT, "too many" },
		{ "@budget(\"b\")", FH_ERR_CONFLICT, "without a @quota" },
		{ "@budget @quota(\"1/day\")", FH_ERR_FORMAT, "a name" },
		{ "@fallback(\"yes\")", FH_ERR_FORMAT, "no value" },
		{ "@retain", FH_ERR_FORMAT, "no time" },
		{ "@retain(\"0d\")", FH_ERR_FORMAT, "no time" },
		{ "@retain(\"forever\")", FH_ERR_FORMAT, "no time" },
	};
	char cedar[512];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(cedar, sizeof(cedar), "%s %s", rows[i].words, ALL);
		OWN_DOCUMENT d = document_of(cedar, files_schema);

		if (d.e != rows[i].e || strstr(d.trace.what, rows[i].what) == nullptr)
			fail_msg("%s: %s: %s", rows[i].words, fh_err_text(d.e), d.trace.what);
		assert_true(d.trace.cure[0] != '\0');
	}
	assert_refused("@budget(\"b\") @quota(\"1/day\")" ALL "\n@budget(\"b\") @quota(\"2/day\")"
		       ALL, files_schema, FH_ERR_CONFLICT, "policy:2:2", "different quotas");
}

static void refuses_limits_on_a_forbid(void **state)
{
	(void)state;
	static const char *const words[] = { "@quota(\"1/day\")", "@budget(\"b\")", "@fallback",
					     "@retain(\"1d\")" };
	char cedar[128];

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		snprintf(cedar, sizeof(cedar), "%s forbid(principal,action,resource);", words[i]);
		assert_refused(cedar, files_schema, FH_ERR_CONFLICT, "policy:1:2", "on a forbid");
	}
}

static void needs_a_lease_or_fallback(void **state)
{
	(void)state;
	assert_int_equal(ask_with(ALL, true, 0).reason, FH_REASON_PERMITTED);
	assert_int_equal(ask_with(ALL, false, 0).reason, FH_REASON_NO_LEASE);
	assert_int_equal(ask_with("@fallback " ALL, false, 0).reason, FH_REASON_PERMITTED);
	assert_true(ask_with("@fallback " ALL, false, 0).fallback);
	assert_false(ask_with(ALL, true, 0).fallback);
	assert_int_equal(ask_with(ALL "@fallback " ALL, false, 0).determining_n, 1);
	assert_int_equal(ask_with("@fallback " ALL "forbid(principal,action,resource);", false, 0)
				 .reason, FH_REASON_FORBIDDEN);
}

static void needs_every_budget_to_suffice(void **state)
{
	(void)state;
	static const char one[] = "@id(\"a\") @quota(\"5/day\")" ALL;
	static const char two[] = "@id(\"a\") @quota(\"5/day; 5000000 bytes/day\")" ALL;

	assert_int_equal(ask_with(one, true, 1).reason, FH_REASON_PERMITTED);
	assert_int_equal(ask_with(one, true, 0).reason, FH_REASON_NO_QUOTA);
	assert_int_equal(ask_with(two, true, 1).reason, FH_REASON_NO_QUOTA);
	assert_int_equal(ask_with(two, true, 1000).reason, FH_REASON_PERMITTED);
	assert_int_equal(ask_with(two, true, 1000).charges, 2);
}

static void needs_room_to_remember_what_is_taken(void **state)
{
	(void)state;
	static const char limited[] = "@id(\"a\") @quota(\"5/day\")" ALL;
	static const char either[] = "@id(\"a\") @quota(\"5/day\")" ALL ALL;
	OWN_DOCUMENT first = document_of(limited, files_schema);
	OWN_DOCUMENT second = document_of(either, files_schema);
	struct purse purse = { .left = 5, .full = true };
	const struct fh_circumstances now = { true, { 1, 1000 }, funds, &purse };
	struct fh_decision x = ask_in(&first, "claude", &now);

	assert_false(fh_allows(x.verdict));
	assert_string_equal(fh_reason_code(x.reason), "too-many-budgets");
	assert_int_equal(x.determining_n, 1);
	assert_int_equal(x.charges, 0);
	x = ask_in(&second, "claude", &now); /* what needs no room goes on */
	assert_int_equal(x.reason, FH_REASON_PERMITTED);
	assert_int_equal(x.charges, 0);
	purse.left = 0;
	assert_int_equal(ask_in(&first, "claude", &now).reason, FH_REASON_NO_QUOTA);
	/* Another permit still counts; only that one is charged.  */
	OWN_DOCUMENT both = document_of("@id(\"a\") @quota(\"5/day\")" ALL "@id(\"b\")" ALL,
					files_schema);
	struct fh_decision d = ask_in(&both, "claude", &leased);

	assert_int_equal(d.reason, FH_REASON_PERMITTED);
	assert_int_equal(d.charges, 0);
	assert_int_equal(d.determining_n, 1);
	assert_true(fh_span_equal(d.determining[0], FH_SPAN_LIT("b")));
}

static void charges_each_budget_once(void **state)
{
	(void)state;
	struct fh_decision d = ask_with(
		"@budget(\"b\") @quota(\"5/day\")" ALL "@budget(\"b\") @quota(\"5/day\")" ALL
		"@id(\"b\") @quota(\"5/day\")" ALL, true, 9);

	assert_int_equal(d.determining_n, 3);
	assert_int_equal(d.charges, 2);
	assert_int_equal(d.charge[0].amount, 1);
	assert_false(fh_hash_equal(&d.charge[0].budget, &d.charge[1].budget));
}

static void counts_apart_for_whom_it_says(void **state)
{
	(void)state;
	OWN_DOCUMENT each = document_of("@id(\"a\") @quota(\"5/day per principal\")" ALL,
					files_schema);
	OWN_DOCUMENT all = document_of("@id(\"a\") @quota(\"5/day\")" ALL, files_schema);
	OWN_DOCUMENT more = document_of("@id(\"a\") @quota(\"6/day\")" ALL, files_schema);
	struct purse purse = { .left = 9 };
	const struct fh_circumstances now = { true, { 1 }, funds, &purse };
	struct fh_hash a = ask_in(&each, "a", &now).charge[0].budget;
	struct fh_hash b = ask_in(&each, "b", &now).charge[0].budget;
	struct fh_hash c = ask_in(&all, "a", &now).charge[0].budget;
	struct fh_hash d = ask_in(&all, "b", &now).charge[0].budget;
	struct fh_hash e = ask_in(&more, "b", &now).charge[0].budget;

	assert_false(fh_hash_equal(&a, &b));
	assert_false(fh_hash_equal(&a, &c));
	assert_true(fh_hash_equal(&c, &d));
	assert_true(fh_hash_equal(&d, &e)); /* a larger quota does not begin anew */
}

static void keeps_no_longer_than_the_shortest(void **state)
{
	(void)state;
	assert_int_equal(ask_with("@retain(\"9d\")" ALL "@retain(\"2d\")" ALL ALL, true, 0)
				 .retain_ms, UINT64_C(2) * 86400000);
	assert_int_equal(ask_with(ALL, true, 0).retain_ms, 0);
}

static void refuses_more_budgets_than_it_charges(void **state)
{
	(void)state;
	static char cedar[8192];
	size_t n = 0;

	for (size_t i = 0; i <= FH_CHARGES_MAX; i++)
		n += (size_t)snprintf(cedar + n, sizeof(cedar) - n, "@id(\"%zu\") @quota(\"5/day\")"
				      ALL, i);
	OWN_DOCUMENT d = document_of(cedar, files_schema);
	const struct fh_known_entities known = { &d.set.schema, uid("Actor", "a"), nullptr, 0 };
	const struct fh_request r = { uid("Actor", "a"), uid("Action", "files.read"),
				      uid("File", "/a"), fh_value_none(),
				      fh_known_entities_source(&known) };
	static _Alignas(max_align_t) uint8_t memory[65536];
	struct fh_arena scratch = fh_arena_of(memory, sizeof(memory));
	struct purse purse = { .left = 9 };
	const struct fh_circumstances now = { true, { 1 }, funds, &purse };
	struct fh_decision out;

	assert_int_equal(fh_policy_decide(&d.set, &r, &now, &scratch, &out), FH_ERR_LIMIT);
}

/* --- they only narrow ---------------------------------------------------- */

static uint32_t seed = 1;

static uint32_t pick(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

/* The same policies twice: as they are, and without their annotations.  */
static void random_policies(char *full, char *plain, size_t cap)
{
	static const char *const head[] = {
		"permit(principal,action,resource)", "permit(principal == Actor::\"a\",action,"
		"resource)", "permit(principal,action == Action::\"files.write\",resource)",
		"permit(principal,action,resource in Folder::\"/\")",
	};
	static const char *const forbid[] = {
		"forbid(principal == Actor::\"b\",action,resource)",
		"forbid(principal,action,resource == File::\"/x\")",
		"forbid(principal,action == Action::\"files.read\",resource)",
	};
	static const char *const condition[] = { "", " when {1 < 2}", " when {false}",
						 " unless {principal == Actor::\"a\"}",
						 " when {9223372036854775807 + 1 == 2}" };
	size_t n = 0, m = 0;
	uint32_t policies = 1 + pick(5);

	for (uint32_t i = 0; i < policies; i++) {
		bool forbids = pick(6) == 0;
		const char *body = forbids ? forbid[pick(3)] : head[pick(4)];
		const char *when = condition[pick(5)];

		n += (size_t)snprintf(full + n, cap - n, "@id(\"%u\")%s%s%s%s %s%s;\n", i,
				      !forbids && pick(3) == 0 ? " @fallback" : "",
				      !forbids && pick(2) == 0 ? " @quota(\"3/day per action; "
								 "4300000 bytes/hour\")" : "",
				      !forbids && pick(4) == 0 ? " @retain(\"1d\")" : "",
				      "", body, when);
		m += (size_t)snprintf(plain + m, cap - m, "@id(\"%u\") %s%s;\n", i, body, when);
	}
}

/* By Cedar's own rules, which know no lease.  */
static bool plain_cedar_allows(struct document *d, const char *who)
{
	const struct fh_known_entities known = { &d->set.schema, uid("Actor", who), nullptr, 0 };
	const struct fh_entity_source source = fh_known_entities_source(&known);
	struct fh_evaluation v;
	struct fh_response r;

	assert_int_equal(fh_evaluation_begin(&v, uid("Actor", who), uid("Action", "files.read"),
					     uid("File", "/a"), fh_value_none(), &source,
					     &d->arena), FH_ERR_OK);
	assert_int_equal(fh_authorize(&d->set.rules, &v, &d->arena, &r), FH_ERR_OK);
	return r.allowed;
}

static void only_ever_narrows(void **state)
{
	(void)state;
	static char full[8192], plain[8192];
	size_t narrowed = 0, allowed = 0;

	for (size_t i = 0; i < 300; i++) {
		random_policies(full, plain, sizeof(full));
		OWN_DOCUMENT with = document_of(full, files_schema);
		OWN_DOCUMENT without = document_of(plain, files_schema);
		struct purse purse = { .left = pick(3) * 600 };
		const struct fh_circumstances now = {
			pick(2) == 0, { 1 + pick(4), pick(1200) }, funds, &purse };
		const char *who = pick(2) == 0 ? "a" : "b";
		struct fh_decision a = ask_in(&with, who, &now);
		struct fh_decision b = ask_in(&without, who, &leased);

		if (fh_allows(b.verdict) && !plain_cedar_allows(&without, who))
			fail_msg("allowed, and not by Cedar:\n%s", plain);

		if (fh_allows(a.verdict) && !fh_allows(b.verdict))
			fail_msg("allowed by its annotations:\n%s", full);
		allowed += fh_allows(a.verdict);
		narrowed += !fh_allows(a.verdict) && fh_allows(b.verdict);
	}
	assert_true(allowed > 20 && narrowed > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_quotas),
		cmocka_unit_test(refuses_what_it_would_not_keep),
		cmocka_unit_test(refuses_limits_on_a_forbid),
		cmocka_unit_test(needs_a_lease_or_fallback),
		cmocka_unit_test(needs_every_budget_to_suffice),
		cmocka_unit_test(needs_room_to_remember_what_is_taken),
		cmocka_unit_test(charges_each_budget_once),
		cmocka_unit_test(counts_apart_for_whom_it_says),
		cmocka_unit_test(keeps_no_longer_than_the_shortest),
		cmocka_unit_test(refuses_more_budgets_than_it_charges),
		cmocka_unit_test(only_ever_narrows),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
