/* SPDX-License-Identifier: Apache-2.0 */
/* What the analysis proves holds for requests made at random, and what it shows is so:
 * with policies made at random from most of Cedar.  */
#include "analyse_fixture.h"

#include "policy/conform.h"

constexpr size_t memory_size = 64 << 20;
constexpr size_t trials_default = 150;
/* For each pair, and so more than 10,000 for all that are the same.  */
constexpr size_t requests_default = 150;

static const char world[] =
	"entity Group in [Group];\n"
	"entity User in [Group] { n: Long, ok: Bool, s?: String, up?: User } tags Long;\n"
	"entity Color enum [\"red\", \"blue\", \"green\"];\n"
	"entity Doc in [Doc] { owner: User, marks: Set<String>, at: datetime, from: ipaddr,\n"
	"  d: decimal, hue: Color, span: duration };\n"
	"action all; action read in [all] appliesTo { principal: User, resource: Doc,\n"
	"  context: { n: Long, opt?: String, who: User, rec: { a: Long, b: Bool } } };\n";

static uint32_t seed = 1;

static uint32_t pick(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

/* --- policies --------------------------------------------------------------- */

/* In each, %1 is a number, %2 a pattern, %3 a text, %4 a digit.  */
static const char *const atom[] = {
	"principal.n < %1", "principal.n <= %1", "principal.n == %1", "context.n >= %1",
	"context.n > %1", "principal.ok", "principal.ok == (context.n < %1)",
	"principal in Group::\"g%4\"", "principal == User::\"u%4\"",
	"principal has s && principal.s == \"%3\"", "principal has s && principal.s like \"%2\"",
	"principal has s", "principal has up && principal.up in Group::\"g%4\"",
	"principal has up.s && principal.up.s like \"%2\"",
	"principal has up && principal.up == principal", "resource.owner == principal",
	"resource.owner.n > context.n", "resource.owner in Group::\"g%4\"",
	"resource.owner == User::\"u%4\"", "resource.owner.ok", "resource in Doc::\"d%4\"",
	"resource.marks.contains(\"%3\")", "resource.marks.containsAll([\"%3\", \"%3\"])",
	"resource.marks.containsAny([\"%3\", \"%3\"])", "resource.marks.isEmpty()",
	"resource.marks == [\"%3\"]", "resource.from.isInRange(ip(\"10.%4.0.0/16\"))",
	"resource.from.isInRange(ip(\"10.0.0.0/8\"))", "resource.from.isIpv4()",
	"resource.from.isLoopback()", "resource.from == ip(\"10.%4.0.0/16\")",
	"resource.from.isMulticast() || resource.from.isIpv6()",
	"resource.d.lessThan(decimal(\"%4.5\"))",
	"resource.d.greaterThanOrEqual(decimal(\"%4.5\"))", "resource.d == decimal(\"%4.0\")",
	"resource.at < datetime(\"2024-01-0%5\")",
	"resource.at.offset(duration(\"%4d\")) >= datetime(\"2024-01-03\")",
	"resource.at.durationSince(datetime(\"2024-01-01\")) < duration(\"%4h\")",
	"resource.at.toTime() < duration(\"%4h\")", "resource.span.toHours() == %1",
	"principal.hasTag(\"t1\") && principal.getTag(\"t1\") == %1", "principal.hasTag(\"t%4\")",
	"context.who == principal", "context.who.n == %1", "context.who in principal",
	"context has opt && context.opt == \"%3\"", "context has opt && context.opt like \"%2\"",
	"[1, 2, %1].contains(context.n)", "context.n + %1 > 3", "principal.n - %1 < context.n",
	/* these err for some numbers */
	"context.n + 9223372036854775805 > 0", "principal.n + 9223372036854775806 > %1",
	"context.n * 4611686018427387904 < 9", "%1 < principal.n", "%1 >= context.n",
	"principal.n * 2 == 4", "-principal.n < %1",
	"(if principal.ok then principal.n else context.n) > %1", "{a: principal.n}.a == %1",
	"context.rec == {a: %1, b: true}", "context.rec.a == %1",
	"context.rec has b && context.rec.b", "resource.hue == Color::\"red\"",
	"[Color::\"red\", Color::\"blue\"].contains(resource.hue)",
	"!(resource.hue == Color::\"green\")", "action == Action::\"read\"",
	"action in Action::\"all\"", "principal is User", "principal is User in Group::\"g%4\"",
	"principal in [Group::\"g%4\", Group::\"g%4\"]", "User::\"u%4\".n > %1",
	"User::\"u%4\" in Group::\"g%4\"", "[principal.n, context.n].contains(%1)",
	"[principal.n].containsAll([context.n])", "resource.owner has up", "true", "false",
};

/* Appends the atom A with its gaps filled.  */
static size_t put_atom(char *out, size_t cap, const char *a)
{
	static const char *const pattern[] = { "a*", "*b", "a*b", "*", "ab", "*a*b*", "b*" };
	static const char *const text[] = { "a", "ab", "aab", "b", "", "x" };
	size_t n = 0;

	for (; *a != '\0' && n + 32 < cap; a++) {
		if (*a != '%') {
			out[n++] = *a;
			continue;
		}
		a++;
		if (*a == '1')
			n += (size_t)snprintf(out + n, cap - n, "%u", pick(5));
		else if (*a == '2')
			n += (size_t)snprintf(out + n, cap - n, "%s", pattern[pick(7)]);
		else if (*a == '3')
			n += (size_t)snprintf(out + n, cap - n, "%s", text[pick(6)]);
		else
			n += (size_t)snprintf(out + n, cap - n, "%u",
					      *a == '4' ? pick(3) : 1 + pick(4));
	}
	out[n] = '\0';
	return n;
}

static size_t put_expr(char *out, size_t cap, int depth)
{
	static const char *const between[] = { " && ", " || ", " && !", " || !" };
	size_t n = 0;

	if (depth == 0 || pick(3) == 0) {
		n += (size_t)snprintf(out, cap, "(");
		n += put_atom(out + n, cap - n, atom[pick(sizeof(atom) / sizeof(atom[0]))]);
		return n + (size_t)snprintf(out + n, cap - n, ")");
	}
	bool test = pick(6) == 0;

	n += (size_t)snprintf(out, cap, test ? "(if " : "(");
	n += put_expr(out + n, cap - n, depth - 1);
	n += (size_t)snprintf(out + n, cap - n, "%s", test ? " then " : between[pick(4)]);
	n += put_expr(out + n, cap - n, depth - 1);
	if (test) {
		n += (size_t)snprintf(out + n, cap - n, " else ");
		n += put_expr(out + n, cap - n, depth - 1);
	}
	return n + (size_t)snprintf(out + n, cap - n, ")");
}

constexpr size_t policies_max = 5;
constexpr size_t policy_max = 4096;

/* A document, policy by policy.  */
struct texts {
	char policy[policies_max][policy_max];
	size_t n;
};

static void put_policy(char *out, size_t cap)
{
	static const char *const head[] = {
		"(principal, action, resource)", "(principal in Group::\"g1\", action, resource)",
		"(principal == User::\"u0\", action, resource)",
		"(principal, action == Action::\"read\", resource)",
		"(principal is User in Group::\"g2\", action in [Action::\"all\"], resource)",
		"(principal, action, resource in Doc::\"d1\")",
	};
	bool forbids = pick(4) == 0;
	size_t n = (size_t)snprintf(out, cap, "%s%s%s%s %s", "",
				    !forbids && pick(5) == 0 ? "@fallback " : "",
				    !forbids && pick(4) == 0 ? "@quota(\"3/day\") " : "",
				    forbids ? "forbid" : "permit", head[pick(6)]);

	for (uint32_t i = pick(3); i > 0; i--) {
		n += (size_t)snprintf(out + n, cap - n, pick(4) == 0 ? " unless {" : " when {");
		n += put_expr(out + n, cap - n, (int)pick(3));
		n += (size_t)snprintf(out + n, cap - n, "}");
	}
	(void)snprintf(out + n, cap - n, ";\n");
}

/* Replaces the first WHAT in TEXT by WITH.  */
static void replace(char *text, size_t cap, const char *what, const char *with)
{
	static char rest[policy_max];
	char *at = strstr(text, what);

	if (at == nullptr)
		return;
	(void)snprintf(rest, sizeof(rest), "%s", at + strlen(what));
	(void)snprintf(at, cap - (size_t)(at - text), "%s%s", with, rest);
}

/* Makes of *OLD what is a little different, or is not.  */
static void change(const struct texts *old, struct texts *new)
{
	uint32_t which;

	*new = *old;
	which = pick((uint32_t)new->n);
	switch (pick(14)) {
	case 0: /* another order */
		memcpy(new->policy[0], old->policy[old->n - 1], policy_max);
		memcpy(new->policy[old->n - 1], old->policy[0], policy_max);
		break;
	case 1:
		replace(new->policy[which], policy_max, "when {", "when {!!");
		break;
	case 2:
		replace(new->policy[which], policy_max, "principal.n <= ", "!(principal.n > ");
		replace(new->policy[which], policy_max, "!(principal.n > 1", "principal.n < 2");
		replace(new->policy[which], policy_max, "!(principal.n > ", "principal.n <= ");
		break;
	case 3: /* said twice */
		memcpy(new->policy[which], old->policy[0], policy_max);
		break;
	case 4:
		replace(new->policy[which], policy_max, " && ", " || ");
		break;
	case 5:
		replace(new->policy[which], policy_max, "when {", "when {true && ");
		break;
	case 6:
		replace(new->policy[which], policy_max, "unless {", "when {!");
		break;
	case 7:
		put_policy(new->policy[which], policy_max);
		break;
	case 8:
		replace(new->policy[which], policy_max, "1", "2");
		break;
	case 9: /* what forbids by its errors alone */
		new->n += new->n < policies_max;
		(void)snprintf(new->policy[new->n - 1], policy_max,
			       "forbid (principal, action, resource) when "
			       "{context.n + 9223372036854775805 > 0 && false};\n");
		break;
	default: /* each anew, or without the last */
		new->n -= new->n > 1;
		for (size_t i = pick((uint32_t)new->n + 1); i < new->n; i++)
			put_policy(new->policy[i], policy_max);
		break;
	}
}

static void joined(const struct texts *t, char *out, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		n += (size_t)snprintf(out + n, cap - n, "@id(\"p%zu\") %s", i, t->policy[i]);
}

/* --- requests ------------------------------------------------------------------ */

static size_t put_user(char *out, size_t cap, const char *id)
{
	static const char *const text[] = { "a", "ab", "aab", "b", "", "x", "bab" };
	size_t n = (size_t)snprintf(out, cap,
				    "{\"uid\":{\"type\":\"User\",\"id\":\"%s\"},\"attrs\":{"
				    "\"n\":%d,\"ok\":%s",
				    id, (int)pick(7) - 1, pick(2) == 0 ? "true" : "false");

	if (pick(2) == 0)
		n += (size_t)snprintf(out + n, cap - n, ",\"s\":\"%s\"", text[pick(7)]);
	if (pick(2) == 0)
		n += (size_t)snprintf(out + n, cap - n,
				      ",\"up\":{\"type\":\"User\",\"id\":\"u%u\"}", pick(4));
	n += (size_t)snprintf(out + n, cap - n, "},\"tags\":{");
	if (pick(2) == 0)
		n += (size_t)snprintf(out + n, cap - n, "\"t1\":%u", pick(5));
	n += (size_t)snprintf(out + n, cap - n, "},\"parents\":[");
	if (pick(3) != 0)
		n += (size_t)snprintf(out + n, cap - n, "{\"type\":\"Group\",\"id\":\"g%u\"}",
				      pick(3));
	return n + (size_t)snprintf(out + n, cap - n, "]}");
}

static size_t put_doc(char *out, size_t cap, const char *id)
{
	static const char *const mark[] = { "[]", "[\"a\"]", "[\"ab\",\"x\"]", "[\"a\",\"b\"]",
					    "[\"\",\"a\",\"ab\"]" };
	static const char *const from[] = { "10.0.0.1", "10.1.0.0/16", "127.0.0.1", "::1",
					    "10.2.3.4", "224.0.0.1", "8.8.8.8", "0.0.0.0/0" };
	static const char *const color[] = { "red", "blue", "green" };

	return (size_t)snprintf(
		out, cap,
		"{\"uid\":{\"type\":\"Doc\",\"id\":\"%s\"},\"attrs\":{\"owner\":{\"type\":\"User\","
		"\"id\":\"u%u\"},\"marks\":%s,\"at\":\"2024-01-0%uT0%u:00:00Z\",\"from\":\"%s\","
		"\"d\":\"%u.%u\",\"hue\":{\"type\":\"Color\",\"id\":\"%s\"},\"span\":\"%uh\"},"
		"\"parents\":[%s]}",
		id, pick(4), mark[pick(5)], 1 + pick(5), pick(4), from[pick(8)], pick(3),
		5 * pick(2), color[pick(3)], pick(5),
		strcmp(id, "d1") != 0 && pick(2) == 0 ? "{\"type\":\"Doc\",\"id\":\"d1\"}" : "");
}

/* Entities: some users and documents are missing now and then.  */
static void put_entities(char *out, size_t cap)
{
	static const char *const user[] = { "u0", "u1", "u2", "u3" };
	static const char *const doc[] = { "d0", "d1", "d9" };
	size_t n = (size_t)snprintf(out, cap, "[{\"uid\":{\"type\":\"Group\",\"id\":\"g0\"},"
				    "\"attrs\":{},\"parents\":[%s]}",
				    pick(2) == 0 ? "{\"type\":\"Group\",\"id\":\"g1\"}" : "");

	for (size_t i = 0; i < 4; i++) {
		if (pick(12) == 0)
			continue;
		n += (size_t)snprintf(out + n, cap - n, ",");
		n += put_user(out + n, cap - n, user[i]);
	}
	for (size_t i = 0; i < 3; i++) {
		if (pick(20) == 0)
			continue;
		n += (size_t)snprintf(out + n, cap - n, ",");
		n += put_doc(out + n, cap - n, doc[i]);
	}
	(void)snprintf(out + n, cap - n, "]");
}

static void put_context(char *out, size_t cap)
{
	static const char *const text[] = { "a", "ab", "b", "" };
	size_t n = (size_t)snprintf(out, cap,
				    "{\"n\":%d,\"who\":{\"type\":\"User\",\"id\":\"u%u\"},"
				    "\"rec\":{\"a\":%u",
				    (int)pick(7) - 1, pick(4), pick(5));

	n += (size_t)snprintf(out + n, cap - n, ",\"b\":%s}", pick(2) == 0 ? "true" : "false");
	if (pick(2) == 0)
		n += (size_t)snprintf(out + n, cap - n, ",\"opt\":\"%s\"", text[pick(4)]);
	(void)snprintf(out + n, cap - n, "}");
}

/* What is compared, what the analysis said, and how often it said what.  */
struct trial {
	const struct fh_policy_set *old;
	const struct fh_policy_set *new;
	enum fh_found wider[FH_WHEN_COUNT];
	enum fh_found narrower[FH_WHEN_COUNT];
	struct fh_arena rest;
	const char *texts[2];
	size_t *count; /* by enum fh_found */
};

static fh_err note(void *context, const struct fh_difference *x)
{
	struct trial *t = context;
	struct fh_arena a = t->rest;

	for (int w = 0; w < FH_WHEN_COUNT; w++) {
		enum fh_when when = (enum fh_when)w;

		t->wider[w] = x->in[w].wider;
		t->narrower[w] = x->in[w].narrower;
		t->count[x->in[w].wider]++;
		t->count[x->in[w].narrower]++;
		if (x->in[w].wider == FH_FOUND_EXAMPLE &&
		    (!allows_as_written(t->new, &x->in[w].added, when, &a) ||
		     allows_as_written(t->old, &x->in[w].added, when, &a)))
			fail_msg("no example of more:\n%s---\n%s", t->texts[0], t->texts[1]);
		if (x->in[w].narrower == FH_FOUND_EXAMPLE &&
		    (!allows_as_written(t->old, &x->in[w].removed, when, &a) ||
		     allows_as_written(t->new, &x->in[w].removed, when, &a)))
			fail_msg("no example of less:\n%s---\n%s", t->texts[0], t->texts[1]);
	}
	return FH_ERR_OK;
}

/* One request: is it as the analysis says?  */
static void try_request(struct trial *t)
{
	static char entities[1 << 16], context[4096];
	struct fh_arena a = t->rest;
	const struct fh_schema *s = &t->new->schema;
	struct fh_entities held;
	struct fh_value record;
	struct fh_trace why = { 0 };
	char who[8], what[8];

	put_entities(entities, sizeof(entities));
	put_context(context, sizeof(context));
	(void)snprintf(who, sizeof(who), "u%u", pick(4));
	(void)snprintf(what, sizeof(what), "d%u", pick(2));
	if (fh_entities_read_as(fh_span_str(entities), "entities", s, &a, &held, &why) !=
		    FH_ERR_OK ||
	    fh_context_read_as(fh_span_str(context), "context", s, s->actions[1].context, &a,
			       &record, &why) != FH_ERR_OK)
		fail_msg("%s\n%s\n%s: %s", entities, context, why.where, why.what);
	const struct fh_request r = { uid("User", who), uid("Action", "read"), uid("Doc", what),
				      record, fh_entities_source(&held) };

	for (int w = 0; w < FH_WHEN_COUNT; w++) {
		bool before = allows(t->old, &r, (enum fh_when)w, &a);
		bool after = allows(t->new, &r, (enum fh_when)w, &a);

		if (after && !before && t->wider[w] == FH_FOUND_NONE)
			fail_msg("proved not to be wider in %d:\n%s---\n%s%s\n%s\n%s %s", w,
				 t->texts[0], t->texts[1], entities, context, who, what);
		if (before && !after && t->narrower[w] == FH_FOUND_NONE)
			fail_msg("proved not to be narrower in %d:\n%s---\n%s%s\n%s\n%s %s", w,
				 t->texts[0], t->texts[1], entities, context, who, what);
	}
}

/* The number that the variable NAME gives, so that one can try for longer.  */
static size_t given(const char *name, size_t otherwise)
{
	const char *text = getenv(name);

	return text == nullptr ? otherwise : strtoul(text, nullptr, 10);
}

/* Neither more nor less is permitted at any time: so the analysis proved.  */
static bool proved_same(const struct trial *t)
{
	bool same = true;

	for (int w = 0; w < FH_WHEN_COUNT; w++)
		same &= t->wider[w] == FH_FOUND_NONE && t->narrower[w] == FH_FOUND_NONE;
	return same;
}

static void says_only_what_is_so(void **state)
{
	(void)state;
	seed = (uint32_t)given("FREEHOLD_SEED", 1);
	static struct texts before, after;
	static char old_text[1 << 15], new_text[1 << 15];
	uint8_t *memory = malloc(memory_size), *large = malloc(FH_ANALYSIS_ARENA);
	size_t n = given("FREEHOLD_TRIALS", trials_default);
	size_t requests = given("FREEHOLD_REQUESTS", requests_default), asked = 0, same = 0;
	size_t count[3] = { 0 };

	assert_true(memory != nullptr && large != nullptr);
	for (size_t i = 0; i < n; i++) {
		struct fh_arena a = fh_arena_of(memory, memory_size);
		struct fh_arena work = fh_arena_of(large, FH_ANALYSIS_ARENA);
		struct fh_policy_set old, new;
		struct trial t = { .old = &old, .new = &new, .count = count,
				   .texts = { old_text, new_text } };

		before.n = 1 + pick(policies_max);
		for (size_t k = 0; k < before.n; k++)
			put_policy(before.policy[k], policy_max);
		change(&before, &after);
		joined(&before, old_text, sizeof(old_text));
		joined(&after, new_text, sizeof(new_text));
		if (!set_of(world, old_text, &a, &old) || !set_of(world, new_text, &a, &new))
			continue;
		t.rest = fh_arena_of(a.p + a.n, a.cap - a.n);
		assert_int_equal(fh_policy_differences(&old, &new, &work, note, &t), FH_ERR_OK);
		same += proved_same(&t);
		asked += requests;
		for (size_t k = 0; k < requests; k++)
			try_request(&t);
	}
	print_message("%zu requests, %zu pairs the same\n", asked, same);
	assert_true(same > n / 3);
	print_message("%zu proofs, %zu examples, %zu unknown\n", count[FH_FOUND_NONE],
		      count[FH_FOUND_EXAMPLE], count[FH_FOUND_UNKNOWN]);
	assert_true(count[FH_FOUND_NONE] > n && count[FH_FOUND_EXAMPLE] > n / 2);
	assert_true(count[FH_FOUND_UNKNOWN] < count[FH_FOUND_EXAMPLE]);
	free(memory);
	free(large);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_only_what_is_so),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
