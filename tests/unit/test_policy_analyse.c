/* SPDX-License-Identifier: Apache-2.0 */
/* What the analysis says about documents of which the answer is known.  */
#include "analyse_fixture.h"

#include "policy/analyse_change.h"

#define READ "action == Action::\"files.read\""

static uint8_t *large;

static int get_memory(void **state)
{
	(void)state;
	large = malloc(FH_ANALYSIS_ARENA);
	return large == nullptr;
}

static int drop_memory(void **state)
{
	(void)state;
	free(large);
	return 0;
}

/* --- differences --------------------------------------------------------------- */

/* Relations of one environment, a letter for each circumstance: = + - # (both) ?  */
struct seen {
	const char *action;
	const char *principal;
	char letter[FH_WHEN_COUNT + 1];
	size_t environments;
	size_t not_same;
	size_t redeclared;
};

static char letter_of(enum fh_found wider, enum fh_found narrower)
{
	if (wider == FH_FOUND_UNKNOWN || narrower == FH_FOUND_UNKNOWN)
		return '?';
	if (wider == FH_FOUND_NONE)
		return narrower == FH_FOUND_NONE ? '=' : '-';
	return narrower == FH_FOUND_NONE ? '+' : '#';
}

static fh_err see(void *context, const struct fh_difference *x)
{
	struct seen *s = context;
	bool same = true;

	s->environments++;
	s->redeclared += x->redeclared.n > 0;
	for (int w = 0; w < FH_WHEN_COUNT; w++)
		same &= letter_of(x->in[w].wider, x->in[w].narrower) == '=';
	s->not_same += !same;
	if (!fh_span_equal(x->environment.action.id, fh_span_str(s->action)) ||
	    !fh_span_equal(x->environment.principal, fh_span_str(s->principal)))
		return FH_ERR_OK;
	for (int w = 0; w < FH_WHEN_COUNT; w++)
		s->letter[w] = letter_of(x->in[w].wider, x->in[w].narrower);
	return FH_ERR_OK;
}

static struct seen differences(const struct document *old, const struct document *new,
			       const char *action)
{
	struct fh_arena a = fh_arena_of(large, FH_ANALYSIS_ARENA);
	struct seen s = { .action = action, .principal = "Actor" };

	assert_int_equal(old->e, FH_ERR_OK);
	assert_int_equal(new->e, FH_ERR_OK);
	assert_int_equal(fh_policy_differences(&old->set, &new->set, &a, see, &s), FH_ERR_OK);
	assert_int_equal(a.n, 0);
	return s;
}

static const struct {
	const char *old;
	const char *new;
	const char *letters; /* usually, without the lease, without quotas */
} pairs[] = {
	{ "", "", "===" },
	{ "", "permit(principal," READ ",resource);", "+=+" },
	{ "permit(principal," READ ",resource);", "", "-=-" },
	{ "permit(principal," READ ",resource);",
	  "permit(principal, action, resource) when { " READ " };", "===" },
	/* who and what */
	{ "permit(principal == Actor::\"a\"," READ ",resource);",
	  "permit(principal == Actor::\"b\"," READ ",resource);", "#=#" },
	{ "permit(principal == Actor::\"a\"," READ ",resource);",
	  "permit(principal in Team::\"t\"," READ ",resource);", "#=#" },
	{ "permit(principal in Team::\"t\"," READ ",resource);",
	  "permit(principal," READ ",resource) when {principal in [Team::\"t\","
	  "Team::\"u\"]};", "+=+" },
	{ "permit(principal in Actor::\"a\"," READ ",resource);",
	  "permit(principal == Actor::\"a\"," READ ",resource);", "===" },
	/* folders hold each other */
	{ "permit(principal," READ ",resource in Folder::\"/a\");",
	  "permit(principal," READ ",resource in Folder::\"/a/b\");", "-=-" },
	{ "permit(principal," READ ",resource in Folder::\"/a\");",
	  "permit(principal," READ ",resource in Folder::\"/a\");"
	  "permit(principal," READ ",resource in Folder::\"/a/b\");"
	  "permit(principal," READ ",resource == File::\"/a/c\");", "===" },
	{ "permit(principal," READ ",resource in Folder::\"/a\") when "
	  "{resource in Folder::\"/b\"};", "", "===" },
	{ "permit(principal," READ ",resource in Folder::\"/\");",
	  "permit(principal," READ ",resource) unless {resource == File::\"/\"};", "===" },
	{ "permit(principal," READ ",resource);",
	  "permit(principal," READ ",resource in Folder::\"/\");", "-=-" },
	/* forbids */
	{ "permit(principal," READ ",resource);forbid(principal == Actor::\"a\",action,"
	  "resource);",
	  "permit(principal," READ ",resource) unless {principal == Actor::\"a\"};",
	  "===" },
	{ "permit(principal," READ ",resource);",
	  "permit(principal," READ ",resource);forbid(principal in Team::\"t\",action,"
	  "resource);", "-=-" },
	/* errors: a permit that errs permits nothing, a forbid forbids */
	{ "permit(principal," READ ",resource) when {9223372036854775807 + 1 == 2};", "",
	  "===" },
	{ "permit(principal," READ ",resource);",
	  "permit(principal," READ ",resource);forbid(principal in Team::\"t\",action,"
	  "resource) when {9223372036854775807 + 1 == 2};", "-=-" },
	{ "permit(principal," READ ",resource) when {principal == Actor::\"a\" ||"
	  "9223372036854775807 + 1 == 2};",
	  "permit(principal == Actor::\"a\"," READ ",resource);", "===" },
	/* the order, and what is said twice */
	{ "permit(principal == Actor::\"a\"," READ ",resource);"
	  "permit(principal == Actor::\"b\"," READ ",resource);",
	  "permit(principal == Actor::\"b\"," READ ",resource);"
	  "permit(principal == Actor::\"a\"," READ ",resource);"
	  "permit(principal == Actor::\"a\",action,resource) when {" READ "};", "===" },
	/* limits */
	{ "permit(principal," READ ",resource);",
	  "@id(\"a\") @quota(\"1/day\") permit(principal," READ ",resource);", "==-" },
	{ "permit(principal," READ ",resource);",
	  "@fallback permit(principal," READ ",resource);", "=+=" },
	{ "@fallback permit(principal," READ ",resource);"
	  "@id(\"a\") @quota(\"1/day\") permit(principal in Team::\"t\"," READ ",resource);",
	  "@fallback permit(principal," READ ",resource);", "===" },
};

static void tells_how_documents_differ(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		OWN_DOCUMENT old = document_of(pairs[i].old, files_schema);
		OWN_DOCUMENT new = document_of(pairs[i].new, files_schema);
		struct seen s = differences(&old, &new, "files.read");

		if (strcmp(s.letter, pairs[i].letters) != 0)
			fail_msg("%s, not %s:\n%s\n%s", s.letter, pairs[i].letters, pairs[i].old,
				 pairs[i].new);
	}
}

/* Every environment of both documents is visited, once.  */
static void visits_what_either_schema_has(void **state)
{
	(void)state;
	static const char more[] = "@mcp(\"desk/open\") action open appliesTo "
				   "{ principal: [Actor], resource: [Server] };\n";
	char schema[sizeof(files_schema) + sizeof(more)];

	snprintf(schema, sizeof(schema), "%s%s", files_schema, more);
	OWN_DOCUMENT one = document_of("permit(principal,action,resource);", files_schema);
	OWN_DOCUMENT two = document_of("permit(principal,action,resource);", schema);
	struct seen fewer = differences(&one, &one, "open");
	struct seen forth = differences(&one, &two, "open");
	struct seen back = differences(&two, &one, "open");

	assert_string_equal(fewer.letter, "");
	assert_int_equal(fewer.environments, 10);
	assert_int_equal(fewer.not_same, 0);
	assert_string_equal(forth.letter, "+=+");
	assert_int_equal(forth.environments, 11);
	assert_int_equal(forth.not_same, 1);
	assert_string_equal(back.letter, "-=-");
	assert_int_equal(back.environments, 11);
}

/* A file that is a path and one that is not are not the same thing.  */
static void cannot_tell_where_a_type_changed(void **state)
{
	(void)state;
	static const char path[] =
		"entity Folder in [Folder]; entity File in [Folder];\n"
		"@mcp(\"a/b\") @resource(\"/p; posix-path\") action \"files.read\" appliesTo "
		"{ principal: Actor, resource: File };";
	static const char text[] =
		"entity Folder in [Folder]; entity File in [Folder];\n"
		"@mcp(\"a/b\") @resource(\"/p; text\") action \"files.read\" appliesTo "
		"{ principal: Actor, resource: File };";
	static const char *const all = "permit(principal," READ ",resource);";
	OWN_DOCUMENT none = document_of("", path);
	OWN_DOCUMENT some = document_of(all, path);
	OWN_DOCUMENT other = document_of(all, text);
	OWN_DOCUMENT nothing = document_of("", text);

	assert_string_equal(differences(&some, &other, "files.read").letter, "?=?");
	assert_int_equal(differences(&some, &other, "files.read").redeclared, 1);
	assert_string_equal(differences(&none, &other, "files.read").letter, "+=+");
	assert_string_equal(differences(&some, &nothing, "files.read").letter, "-=-");
	assert_string_equal(differences(&none, &nothing, "files.read").letter, "===");
}

/* --- entities that documents list ---------------------------------------------- */

static const char tickets[] =
	"entity Person; entity Desk in [Desk]; entity Ticket in [Desk] { level?: Long, owner?: "
	"Person };\n"
	"@mcp(\"desk/close\") @resource(\"/id\", \"text\") action close appliesTo { principal: "
	"Actor, resource: Ticket };\n"
	"action ask appliesTo { principal: Actor, resource: Ticket };";

/* The document CEDAR that lists LEVEL for the ticket "b" in the desk "d".  */
static struct document with_tickets(const char *cedar, int level)
{
	struct document d = { .memory = malloc(FH_POLICY_ARENA) };
	char list[512];
	struct fh_span kept;

	assert_non_null(d.memory);
	d.arena = fh_arena_of(d.memory, FH_POLICY_ARENA);
	snprintf(list, sizeof(list),
		 "[{\"uid\":{\"type\":\"Ticket\",\"id\":\"a\"},\"attrs\":{\"level\":1},"
		 "\"parents\":[{\"type\":\"Desk\",\"id\":\"d\"}]},"
		 "{\"uid\":{\"type\":\"Ticket\",\"id\":\"b\"},"
		 "\"attrs\":{\"level\":%d},\"parents\":[]}]", level);
	assert_int_equal(fh_arena_copy(&d.arena, fh_span_str(list), &kept), FH_ERR_OK);
	d.e = fh_policy_check_all(fh_span_str(cedar), fh_span_str(tickets), kept, &d.arena,
				  &d.set, &d.trace);
	if (d.e != FH_ERR_OK)
		fail_msg("%s: %s", d.trace.where, d.trace.what);
	return d;
}

/* Of calls it is known what entities are like, of questions it is not.  */
static void knows_what_documents_list(void **state)
{
	(void)state;
	static const char low[] =
		"permit(principal,action,resource) when "
		"{resource has level && resource.level < 3};";
	static const char desk[] = "permit(principal,action,resource in Desk::\"d\");";
	static const struct {
		const char *old;
		int old_level;
		const char *new;
		int new_level;
		const char *call;     /* of `close` */
		const char *question; /* of `ask` */
	} rows[] = {
		{ low, 5, low, 5, "===", "===" },
		{ low, 5, low, 4, "===", "?=?" },
		{ low, 5, low, 2, "+=+", "?=?" },
		{ low, 2, low, 5, "-=-", "?=?" },
		{ low, 5, "permit(principal,action,resource == Ticket::\"a\");", 5, "===",
		  "?=?" },
		{ low, 2, "permit(principal,action,resource) when {resource == "
		  "Ticket::\"a\" || resource == Ticket::\"b\"};", 2, "===", "?=?" },
		{ desk, 5, low, 5, "===", "#=#" },
		{ desk, 5, "permit(principal,action,resource in Desk::\"e\");", 5, "-=-", "#=#" },
		{ low, 5, "permit(principal,action,resource) when {resource has owner};", 5, "-=-",
		  "#=#" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		OWN_DOCUMENT old = with_tickets(rows[i].old, rows[i].old_level);
		OWN_DOCUMENT new = with_tickets(rows[i].new, rows[i].new_level);
		struct seen call = differences(&old, &new, "close");
		struct seen question = differences(&old, &new, "ask");

		if (strcmp(call.letter, rows[i].call) != 0 ||
		    strcmp(question.letter, rows[i].question) != 0)
			fail_msg("%zu: %s %s, not %s %s", i, call.letter, question.letter,
				 rows[i].call, rows[i].question);
	}
}

/* --- calls in namespaces, with contexts ------------------------------------------ */

static const char shop[] =
	"namespace Shop {\n"
	"entity Folder in [Folder]; entity File in [Folder];\n"
	"entity Unit enum [\"eur\", \"usd\"];\n"
	"entity Ticket tags Long;\n"
	"@mcp(\"s/move\") @resource(\"/from\", \"posix-path\") action move appliesTo\n"
	"{ principal: Actor, resource: File, context: { to: File, count?: Long } };\n"
	"@mcp(\"s/pay\") @resource(\"/unit\", \"text\") action pay appliesTo\n"
	"{ principal: Actor, resource: Unit };\n"
	"@mcp(\"s/close\") @resource(\"/id\", \"text\") action close appliesTo\n"
	"{ principal: Actor, resource: Ticket };\n"
	"}";

static struct document shop_of(const char *cedar)
{
	static const char list[] =
		"[{\"uid\":{\"type\":\"Shop::Ticket\",\"id\":\"a\"},\"attrs\":{},\"parents\":[],"
		"\"tags\":{\"level\":1,\"rank\":9}},"
		"{\"uid\":{\"type\":\"Shop::Ticket\",\"id\":\"b\"},\"attrs\":{},\"parents\":[],"
		"\"tags\":{\"level\":2}}]";
	struct document d = { .memory = malloc(FH_POLICY_ARENA) };

	assert_non_null(d.memory);
	d.arena = fh_arena_of(d.memory, FH_POLICY_ARENA);
	d.e = fh_policy_check_all(fh_span_str(cedar), fh_span_str(shop), fh_span_str(list),
				  &d.arena, &d.set, &d.trace);
	if (d.e != FH_ERR_OK)
		fail_msg("%s\n%s: %s", cedar, d.trace.where, d.trace.what);
	return d;
}

#define SHOP(action, x) "permit(principal,action == Shop::Action::\"" action "\",resource)" x ";"

static void knows_tags_enumerations_and_contexts_of_calls(void **state)
{
	(void)state;
	static const struct {
		const char *action, *old, *new, *letters;
	} rows[] = {
		{ "move", SHOP("move", " when {context.to in Shop::Folder::\"/a\"}"),
		  SHOP("move", " when {context.to in Shop::Folder::\"/a/b\"}"), "-=-" },
		{ "move", SHOP("move", " when {context.to in Shop::Folder::\"/\"}"),
		  SHOP("move", " when {context.to != Shop::File::\"/\"}"), "===" },
		{ "move", SHOP("move", " when {context has count && context.count > 3}"),
		  SHOP("move", " when {context has count && context.count >= 4}"), "===" },
		{ "move", SHOP("move", " when {resource == context.to}"), SHOP("move", ""),
		  "+=+" },
		{ "pay", SHOP("pay", ""),
		  SHOP("pay", " when {resource == Shop::Unit::\"eur\" || resource == "
		       "Shop::Unit::\"usd\"}"), "===" },
		{ "pay", SHOP("pay", ""), SHOP("pay", " when {resource == Shop::Unit::\"eur\"}"),
		  "-=-" },
		{ "close", SHOP("close", " when {resource.hasTag(\"level\")}"),
		  SHOP("close", " when {resource == Shop::Ticket::\"a\" || resource == "
		       "Shop::Ticket::\"b\"}"), "===" },
		{ "close", SHOP("close", " when {resource.hasTag(\"level\") && "
				"resource.getTag(\"level\") > 1}"),
		  SHOP("close", " when {resource == Shop::Ticket::\"b\"}"), "===" },
		{ "close", SHOP("close", " when {resource.hasTag(\"rank\")}"),
		  SHOP("close", " when {resource.hasTag(\"level\")}"), "+=+" },
		{ "close", SHOP("close", " when {resource.hasTag(\"other\")}"), "", "===" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		OWN_DOCUMENT old = shop_of(rows[i].old);
		OWN_DOCUMENT new = shop_of(rows[i].new);
		struct seen s = differences(&old, &new, rows[i].action);

		if (strcmp(s.letter, rows[i].letters) != 0)
			fail_msg("%zu: %s, not %s", i, s.letter, rows[i].letters);
	}
}

/* --- more of Cedar than a signed document has ----------------------------------- */

static const char rich[] =
	"entity Group in [Group];\n"
	"entity User in [Group] { n: Long, ok: Bool, s?: String, up?: User };\n"
	"entity Color enum [\"red\", \"blue\"];\n"
	"entity Doc { owner: User, marks: Set<String>, from: ipaddr, d: decimal, hue: Color,\n"
	"  at: datetime };\n"
	"action read appliesTo { principal: User, resource: Doc, context: { n: Long } };\n";

#define WHEN(x) "permit(principal,action,resource) when {" x "};"

static const struct {
	const char *old;
	const char *new;
	char letter;
} conditions[] = {
	{ "context.n < 5", "context.n <= 4", '=' },
	{ "context.n < 5", "context.n <= 5", '+' },
	{ "context.n > 5 && context.n < 6", "false", '=' },
	{ "context.n + 3 > 10", "context.n > 7 && context.n <= 9223372036854775804", '=' },
	{ "context.n + 3 > 10", "context.n > 7", '+' },
	{ "context.n != 3", "context.n < 3 || 3 < context.n", '=' },
	{ "[1, 2, 3].contains(context.n)", "context.n >= 1 && !(context.n > 3)", '=' },
	{ "context.n < 9223372036854775807 || context.n >= 9223372036854775807", "true",
	  '=' },
	{ "principal.n < context.n && context.n < principal.n", "false", '=' },
	{ "principal.n * 2 == 4", "principal.n == 2", '?' },
	{ "principal.n < context.n", "!(context.n <= principal.n)", '=' },
	{ "principal has s && principal.s == \"ab\"",
	  "principal has s && principal.s like \"a*\"", '+' },
	{ "principal has s && principal.s like \"a*\" && principal.s like \"*a\"",
	  "principal has s && (principal.s == \"a\" || principal.s like \"a*a\")", '=' },
	{ "principal has s && principal.s like \"*ab*\" && !(principal.s like \"*b\")"
	  "&& !(principal.s like \"*b*?*\")", "false", '-' },
	{ "principal has s && principal.s like \"a*b\" && principal.s like \"*c\"", "false",
	  '=' },
	{ "principal has s && !(principal.s like \"*\")", "false", '=' },
	{ "resource.from.isInRange(ip(\"10.0.0.0/8\"))",
	  "resource.from.isInRange(ip(\"10.0.0.0/8\")) || "
	  "resource.from.isInRange(ip(\"10.1.0.0/16\"))", '=' },
	{ "resource.from.isIpv4() && resource.from.isIpv6()", "false", '=' },
	{ "resource.from.isIpv4() || resource.from.isIpv6()", "true", '+' },
	{ "resource.d.lessThan(decimal(\"1.5\"))",
	  "resource.d.lessThanOrEqual(decimal(\"1.4999\"))", '=' },
	{ "resource.hue == Color::\"red\"", "!(resource.hue == Color::\"blue\")", '=' },
	{ "resource.owner == principal && principal.ok",
	  "resource.owner == principal && resource.owner.ok", '=' },
	{ "principal in Group::\"a\" && Group::\"a\" in Group::\"b\"",
	  "principal in Group::\"a\" && Group::\"a\" in Group::\"b\" && "
	  "principal in Group::\"b\"", '=' },
	{ "resource.marks.containsAll([\"a\", \"b\"])",
	  "resource.marks.contains(\"b\") && resource.marks.contains(\"a\")", '=' },
	{ "resource.marks.contains(\"a\")", "!resource.marks.isEmpty()", '+' },
	{ "resource.at < datetime(\"2024-01-02\")",
	  "resource.at.offset(duration(\"-1d\")) < datetime(\"2024-01-01\")", '-' },
	{ "if principal.ok then context.n > 3 else context.n > 5",
	  "(principal.ok && context.n > 3) || (!principal.ok && context.n > 5)", '=' },
	{ "{a: context.n, b: principal.ok} == {b: true, a: 3}",
	  "principal.ok && context.n == 3", '=' },
	{ "(if principal.ok then 1 else 2) == 1", "principal.ok", '=' },
};

static void knows_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
		static uint8_t memory[8 << 20];
		struct fh_arena a = fh_arena_of(memory, sizeof(memory));
		struct fh_arena work = fh_arena_of(large, FH_ANALYSIS_ARENA);
		struct seen s = { .action = "read", .principal = "User" };
		struct fh_policy_set old, new;
		char before[512], after[512];

		memset(memory, 0, sizeof(memory));
		snprintf(before, sizeof(before), WHEN("%s"), conditions[i].old);
		snprintf(after, sizeof(after), WHEN("%s"), conditions[i].new);
		assert_true(set_of(rich, before, &a, &old) && set_of(rich, after, &a, &new));
		assert_int_equal(fh_policy_differences(&old, &new, &work, see, &s), FH_ERR_OK);
		if (s.letter[0] != conditions[i].letter)
			fail_msg("%c, not %c:\n%s\n%s", s.letter[0], conditions[i].letter,
				 conditions[i].old,
				 conditions[i].new);
	}
}

/* --- what is allowed ---------------------------------------------------------------- */

/* A letter for each circumstance: 0 nothing, * everything, s something, ?.  */
struct allowed {
	char letter[FH_WHEN_COUNT + 1];
	size_t permits;
};

static fh_err see_allowed(void *context, const struct fh_allowance *x)
{
	struct allowed *s = context;

	if (!fh_span_equal(x->environment.action.id, FH_SPAN_LIT("files.read")))
		return FH_ERR_OK;
	s->permits = x->permits_n;
	for (int w = 0; w < FH_WHEN_COUNT; w++)
		s->letter[w] = x->in[w].allowed == FH_FOUND_NONE      ? '0'
			       : x->in[w].allowed == FH_FOUND_UNKNOWN ? '?'
			       : x->in[w].refused == FH_FOUND_NONE    ? '*'
								      : 's';
	return FH_ERR_OK;
}

static void tells_what_could_be_allowed(void **state)
{
	(void)state;
	static const struct {
		const char *cedar;
		const char *letters;
		size_t permits;
	} rows[] = {
		{ "", "000", 0 },
		{ "permit(principal,action,resource);", "*0*", 1 },
		{ "@fallback permit(principal,action,resource);", "***", 1 },
		{ "@id(\"a\") @quota(\"1/day\") permit(principal,action,resource);", "*00", 1 },
		{ "permit(principal == Actor::\"a\",action,resource);"
		  "@fallback permit(principal," READ ",resource in Folder::\"/a\");"
		  "permit(principal,action == Action::\"close\",resource);", "sss", 2 },
		{ "permit(principal,action,resource);forbid(principal,action,resource);", "000",
		  1 },
		{ "permit(principal,action,resource);forbid(principal,action,resource) unless "
		  "{principal in Team::\"t\" && resource == File::\"/a\"};", "s0s", 1 },
		{ "permit(principal,action,resource) when {principal == Actor::\"a\" && "
		  "principal == Actor::\"b\"};", "000", 1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		OWN_DOCUMENT d = document_of(rows[i].cedar, files_schema);
		struct fh_arena a = fh_arena_of(large, FH_ANALYSIS_ARENA);
		struct allowed s = { 0 };

		assert_int_equal(d.e, FH_ERR_OK);
		assert_int_equal(fh_policy_allowances(&d.set, &a, see_allowed, &s), FH_ERR_OK);
		if (strcmp(s.letter, rows[i].letters) != 0 || s.permits != rows[i].permits)
			fail_msg("%s, %zu: %s", s.letter, s.permits, rows[i].cedar);
	}
}

/* --- limits ----------------------------------------------------------------------------- */

/* "policy:what:by " for each.  */
static fh_err list_idle(void *context, const struct fh_idle *x)
{
	static const char *const what[] = { "quota", "lease", "budgets" };
	struct fh_builder *b = context;

	fh_builder_decimal(b, x->policy);
	fh_builder_u8(b, ':');
	fh_builder_text(b, what[x->what]);
	if (x->by != UINT32_MAX) {
		fh_builder_u8(b, ':');
		fh_builder_decimal(b, x->by);
	}
	fh_builder_u8(b, ' ');
	return FH_ERR_OK;
}

#define QUOTA(id) "@id(\"" id "\") @quota(\"1/day\") "

static void finds_limits_that_do_not_limit(void **state)
{
	(void)state;
	static const struct {
		const char *cedar;
		const char *idle;
	} rows[] = {
		{ QUOTA("a") "permit(principal," READ ",resource);", "" },
		{ QUOTA("a") "permit(principal," READ ",resource in Folder::\"/a/b\");"
		  "permit(principal,action,resource);", "0:quota:1 " },
		{ QUOTA("a") "permit(principal," READ ",resource in Folder::\"/a\");"
		  "permit(principal," READ ",resource in Folder::\"/a/b\");", "" },
		{ QUOTA("a") "permit(principal," READ ",resource in Folder::\"/a\");"
		  QUOTA("b") "permit(principal," READ ",resource);", "" },
		{ QUOTA("a") "permit(principal in Team::\"t\"," READ ",resource);"
		  "permit(principal," READ ",resource) when {principal == Actor::\"a\"};"
		  "permit(principal," READ ",resource) unless {principal == Actor::\"a\"};",
		  "0:quota " },
		/* what a forbid takes away need not be covered */
		{ QUOTA("a") "permit(principal," READ ",resource);"
		  "permit(principal," READ ",resource in Folder::\"/a\");"
		  "forbid(principal,action,resource) unless {resource in Folder::\"/a\"};",
		  "0:quota:1 " },
		/* a permit that permits nothing has no idle quota */
		{ QUOTA("a") "permit(principal," READ ",resource) when {1 == 2};"
		  "permit(principal,action,resource);", "" },
		{ "permit(principal in Team::\"t\"," READ ",resource);"
		  "@fallback permit(principal," READ ",resource);", "0:lease:1 " },
		{ "permit(principal,action,resource);"
		  "@fallback permit(principal," READ ",resource);", "" },
		{ "@id(\"a\") @quota(\"1/day per resource\") permit(principal," READ ",resource);",
		  "0:budgets " },
		{ "@id(\"a\") @quota(\"1/day per resource\") permit(principal," READ ",resource "
		  "== File::\"/a\");", "" },
		{ "@id(\"a\") @quota(\"1/day per resource\") permit(principal," READ ",resource)"
		  "when {[File::\"/a\", File::\"/b\"].contains(resource)};", "" },
		{ "@id(\"a\") @quota(\"1/day per resource\") permit(principal,"
		  "action == Action::\"ping\",resource);", "" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		OWN_DOCUMENT d = document_of(rows[i].cedar, files_schema);
		struct fh_arena a = fh_arena_of(large, FH_ANALYSIS_ARENA);
		char idle[128] = "";
		struct fh_builder b = fh_builder_of(idle, sizeof(idle) - 1);

		if (d.e != FH_ERR_OK)
			fail_msg("%s: %s", d.trace.where, d.trace.what);
		assert_int_equal(fh_policy_idle_limits(&d.set, &a, list_idle, &b), FH_ERR_OK);
		if (strcmp(idle, rows[i].idle) != 0)
			fail_msg("`%s`, not `%s`: %s", idle, rows[i].idle, rows[i].cedar);
	}
}

static fh_err list_limit(void *context, const struct fh_limit_change *x)
{
	struct fh_builder *b = context;

	fh_builder_bytes(b, x->id);
	fh_builder_u8(b, ':');
	fh_builder_bytes(b, x->name);
	fh_builder_text(b, x->before == nullptr ? ":none" : ":some");
	fh_builder_text(b, x->after == nullptr ? ":none " : ":some ");
	return FH_ERR_OK;
}

static fh_err list_call(void *context, const struct fh_call_change *x)
{
	struct fh_builder *b = context;

	fh_builder_bytes(b, x->tool);
	fh_builder_text(b, x->before == nullptr ? ":none" : ":some");
	fh_builder_text(b, x->after == nullptr ? ":none " : ":some ");
	return FH_ERR_OK;
}

static void lists_changes_of_limits_and_calls(void **state)
{
	(void)state;
	OWN_DOCUMENT old = document_of(
		"@id(\"a\") @quota(\"1/day; 2/hour\") @retain(\"1d\") permit(principal,action,"
		"resource);@id(\"b\") @fallback permit(principal,action,resource);@id(\"gone\") "
		"@quota(\"1/day\") @budget(\"x\") permit(principal,action,resource);",
		files_schema);
	OWN_DOCUMENT new = document_of(
		"@id(\"a\") @quota(\"2/60m;1/day\") @retain(\"2d\") permit(principal,action,"
		"resource);@id(\"b\") permit(principal,action,resource);@id(\"c\") @quota(\"1/day"
		"\") permit(principal,action,resource);",
		"entity Folder in [Folder]; entity File in [Folder];"
		"@mcp(\"files/read_file\") @resource(\"/file\", \"posix-path\")"
		"action \"files.read\" appliesTo { principal: Actor, resource: File };"
		"@mcp(\"desk/ping\") action ping appliesTo { principal: Actor, resource: Server };"
		"@mcp(\"desk/new\") action new appliesTo { principal: Actor, resource: Server };");
	char text[512] = "";
	struct fh_builder b = fh_builder_of(text, sizeof(text) - 1);

	if (new.e != FH_ERR_OK)
		fail_msg("%s: %s", new.trace.where, new.trace.what);
	assert_int_equal(fh_policy_limit_changes(&old.set, &new.set, list_limit, &b), FH_ERR_OK);
	assert_string_equal(text, "a:retain:some:some b:fallback:some:none c:quota:none:some "
				  "gone:quota:some:none gone:budget:some:none ");
	memset(text, 0, sizeof(text));
	b.n = 0;
	assert_int_equal(fh_policy_call_changes(&old.set, &new.set, list_call, &b), FH_ERR_OK);
	assert_string_equal(text, "read_file:some:some new:none:some read_text_file:some:none "
				  "write_file:some:none close:some:none ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_how_documents_differ),
		cmocka_unit_test(visits_what_either_schema_has),
		cmocka_unit_test(cannot_tell_where_a_type_changed),
		cmocka_unit_test(knows_what_documents_list),
		cmocka_unit_test(knows_tags_enumerations_and_contexts_of_calls),
		cmocka_unit_test(knows_values),
		cmocka_unit_test(tells_what_could_be_allowed),
		cmocka_unit_test(finds_limits_that_do_not_limit),
		cmocka_unit_test(lists_changes_of_limits_and_calls),
	};

	return cmocka_run_group_tests(tests, get_memory, drop_memory);
}
