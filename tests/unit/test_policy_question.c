/* SPDX-License-Identifier: Apache-2.0 */
#include "test_policy.h"

#include "codec/json.h"
#include "policy/question.h"

static const char schema[] =
	"entity group;\n"
	"entity user in [group] { role?: String, age?: Long, boss?: user };\n"
	"entity record { status?: String, addresses?: Set<ipaddr> };\n"
	"entity Folder in [Folder]; entity File in [Folder] { secret?: Bool };\n"
	"action read, write appliesTo { principal: [user, Actor], resource: [record] };\n"
	"action delete appliesTo { principal: [user], resource: [record],\n"
	"  context: { action?: { soft?: Bool }, purpose?: String } };\n"
	"action erase appliesTo { principal: [user], resource: [record],\n"
	"  context: { action: { reason: String } } };\n"
	"@mcp(\"files/read\") @openai(\"read_file\") @resource(\"/path\", \"posix-path\")\n"
	"action \"files.read\" appliesTo { principal: [user, Actor], resource: [File],\n"
	"  context: { lines?: Long } };\n";

static const char cedar[] =
	"@id(\"staff\") permit (principal in group::\"staff\", action == Action::\"read\", "
	"resource);\n"
	"@id(\"own\") permit (principal == user::\"alice\", action == Action::\"write\", "
	"resource)\n"
	"  unless { resource has status && resource.status == \"archived\" };\n"
	"@id(\"admin\") permit (principal, action == Action::\"write\", resource)\n"
	"  when { principal is user && principal has role && principal.role == \"admin\" &&\n"
	"         resource has status && resource.status == \"archived\" };\n"
	"@id(\"soft\") permit (principal == user::\"alice\", action == Action::\"delete\", "
	"resource)\n"
	"  when { context has action && context.action has soft && context.action.soft };\n"
	"@id(\"tidy\") permit (principal, action == Action::\"delete\", resource)\n"
	"  when { context has purpose && context.purpose == \"tidy\" };\n"
	"@id(\"erase\") permit (principal, action == Action::\"erase\", resource)\n"
	"  when { context.action.reason == \"law\" };\n"
	"@id(\"boss\") permit (principal == user::\"carol\", action == Action::\"write\", "
	"resource)\n"
	"  when { principal has boss && principal.boss in group::\"staff\" };\n"
	"@id(\"near\") permit (principal == user::\"dave\", action == Action::\"write\", "
	"resource)\n"
	"  when { resource has addresses && resource.addresses.contains(ip(\"10.0.0.1\")) };\n"
	"@id(\"team\") permit (principal in Team::\"research\", action == Action::\"read\", "
	"resource);\n"
	"@id(\"open\") permit (principal, action == Action::\"files.read\",\n"
	"  resource in Folder::\"/open\") unless { resource has secret && resource.secret };\n";

static const char entities[] =
	"[{\"uid\":{\"type\":\"user\",\"id\":\"alice\"},\"attrs\":{},"
	"\"parents\":[{\"type\":\"group\",\"id\":\"staff\"}]},"
	"{\"uid\":{\"type\":\"user\",\"id\":\"bob\"},\"attrs\":{\"role\":\"admin\"},"
	"\"parents\":[{\"type\":\"group\",\"id\":\"staff\"}]},"
	"{\"uid\":{\"type\":\"record\",\"id\":\"r1\"},"
	"\"attrs\":{\"status\":\"active\"},\"parents\":[]},"
	"{\"uid\":{\"type\":\"record\",\"id\":\"r2\"},\"attrs\":{\"status\":\"archived\"},"
	"\"parents\":[]}]";

static struct document document(const char *policies, const char *list)
{
	struct document d = { .memory = malloc(FH_POLICY_ARENA) };

	assert_non_null(d.memory);
	d.arena = fh_arena_of(d.memory, FH_POLICY_ARENA);
	d.e = fh_policy_check_all(fh_span_str(policies), fh_span_str(schema), fh_span_str(list),
				  &d.arena, &d.set, &d.trace);
	return d;
}

/* One row: who does what on what, properties as JSON or NULL, and the answer.  */
struct row {
	const char *subject, *action, *resource;
	const char *of_subject, *of_action, *of_resource, *context;
	enum fh_reason want;
};

static struct fh_span cbor(const char *json, struct fh_arena *a)
{
	struct fh_builder b = fh_builder_of(fh_arena_space(a, 1024), 1024);

	if (json == nullptr)
		return (struct fh_span){ 0 };
	assert_int_equal(fh_json_to_cbor(fh_span_str(json), a, &b, /* trace= */ nullptr),
			 FH_ERR_OK);
	return fh_builder_span(&b);
}

/* "user alice"  */
static struct fh_entity_uid named(const char *text)
{
	const char *blank = strchr(text, ' ');

	return (struct fh_entity_uid){ fh_span_of(text, (size_t)(blank - text)),
				       fh_span_str(blank + 1) };
}

static enum fh_reason answer(const struct document *d, const struct row *r, struct fh_trace *t)
{
	static _Alignas(max_align_t) uint8_t memory[1 << 18];
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	const struct fh_question q = {
		named(r->subject), uid("Action", r->action), named(r->resource),
		cbor(r->of_subject, &a), cbor(r->of_action, &a), cbor(r->of_resource, &a),
		cbor(r->context, &a),
	};
	const struct fh_entity_uid groups[] = { uid("Team", "research") };
	const struct fh_known_entities known = {
		.schema = &d->set.schema, .principal = uid("Actor", "claude"), .groups = groups,
		.groups_n = 1, .listed = &d->set.entities };
	struct fh_decision out = { 0 };
	size_t taken = a.n;

	assert_int_equal(d->e, FH_ERR_OK);
	assert_int_equal(fh_question_decide(&d->set, &q, &known, &leased, &a, &out, t), FH_ERR_OK);
	assert_int_equal(a.n, taken);
	assert_int_equal(fh_allows(out.verdict), out.reason == FH_REASON_PERMITTED);
	return out.reason;
}

static void assert_answers(const struct row *rows, size_t n)
{
	OWN_DOCUMENT d = document(cedar, entities);

	if (d.e != FH_ERR_OK)
		fail_msg("%s: %s; %s", d.trace.where, d.trace.what, d.trace.cure);
	for (size_t i = 0; i < n; i++) {
		struct fh_trace t = { 0 };
		enum fh_reason got = answer(&d, &rows[i], &t);

		if (got != rows[i].want)
			fail_msg("row %zu: %s: %s: %s", i, fh_reason_text(got), t.where, t.what);
	}
}

#define PERMITTED FH_REASON_PERMITTED
#define NO FH_REASON_NO_PERMIT
#define MALFORMED FH_REASON_MALFORMED

static void takes_properties_as_attributes(void **state)
{
	static const struct row rows[] = {
		{ "user alice", "write", "record r9", 0, 0, 0, 0, PERMITTED },
		{ "user alice", "write", "record r9", 0, 0, "{\"status\":\"archived\"}", 0, NO },
		{ "user eve", "write", "record r9", "{\"role\":\"admin\"}", 0,
		  "{\"status\":\"archived\"}", 0, PERMITTED },
		{ "user eve", "write", "record r9", "{\"role\":\"guest\"}", 0,
		  "{\"status\":\"archived\"}", 0, NO },
		{ "user carol", "write", "record r9",
		  "{\"boss\":{\"type\":\"user\",\"id\":\"bob\"}}", 0, 0, 0, PERMITTED },
		{ "user carol", "write", "record r9",
		  "{\"boss\":{\"type\":\"user\",\"id\":\"eve\"}}", 0, 0, 0, NO },
		{ "user dave", "write", "record r9", 0, 0, "{\"addresses\":[\"10.0.0.1\"]}", 0,
		  PERMITTED },
		{ "user dave", "write", "record r9", 0, 0, "{\"addresses\":[]}", 0, NO },
	};

	(void)state;
	assert_answers(rows, sizeof(rows) / sizeof(rows[0]));
}

static void knows_what_the_operator_listed(void **state)
{
	static const struct row rows[] = {
		{ "user alice", "read", "record r1", 0, 0, 0, 0, PERMITTED },
		{ "user eve", "read", "record r1", 0, 0, 0, 0, NO },
		{ "user alice", "write", "record r2", 0, 0, 0, 0, NO },
		{ "user bob", "write", "record r1", 0, 0, 0, 0, NO },
		{ "user bob", "write", "record r2", 0, 0, 0, 0, PERMITTED },
	};

	(void)state;
	assert_answers(rows, sizeof(rows) / sizeof(rows[0]));
}

static void lets_nobody_contradict_that(void **state)
{
	static const struct row rows[] = {
		{ "user bob", "write", "record r2", "{\"role\":\"admin\"}", 0, 0, 0, PERMITTED },
		{ "user bob", "write", "record r2", "{\"role\":\"guest\"}", 0, 0, 0, MALFORMED },
		{ "user alice", "write", "record r1", 0, 0, "{\"status\":\"archived\"}", 0,
		  MALFORMED },
		{ "user alice", "write", "record r2", 0, 0, "{\"status\":\"active\"}", 0,
		  MALFORMED },
	};

	(void)state;
	assert_answers(rows, sizeof(rows) / sizeof(rows[0]));
}

static void puts_properties_of_the_action_into_the_context(void **state)
{
	static const struct row rows[] = {
		{ "user alice", "delete", "record r1", 0, "{\"soft\":true}", 0, 0, PERMITTED },
		{ "user alice", "delete", "record r1", 0, "{\"soft\":false}", 0, 0, NO },
		{ "user alice", "delete", "record r1", 0, 0, 0, 0, NO },
		{ "user alice", "delete", "record r1", 0, 0, 0, "{\"action\":{\"soft\":true}}",
		  MALFORMED },
		{ "user eve", "delete", "record r1", 0, 0, 0, "{\"purpose\":\"tidy\"}", PERMITTED },
		{ "user eve", "erase", "record r1", 0, "{\"reason\":\"law\"}", 0, 0, PERMITTED },
		{ "user eve", "erase", "record r1", 0, "{\"reason\":\"fun\"}", 0, 0, NO },
		{ "user eve", "erase", "record r1", 0, 0, 0, 0, MALFORMED },
	};

	(void)state;
	assert_answers(rows, sizeof(rows) / sizeof(rows[0]));
}

static void passes_over_what_the_schema_does_not_declare(void **state)
{
	static const struct row rows[] = {
		{ "user alice", "read", "record r1", "{\"role\":\"manager\",\"x\":[{}]}",
		  "{\"method\":\"GET\"}", "{\"owner\":\"bob\"}", "{\"ip\":1.5,\"time\":null}",
		  PERMITTED },
	};

	(void)state;
	assert_answers(rows, sizeof(rows) / sizeof(rows[0]));
}

static void refuses_what_is_not_of_the_declared_type(void **state)
{
	static const struct row rows[] = {
		{ "user alice", "read", "record r1", "{\"role\":1}", 0, 0, 0, MALFORMED },
		{ "user alice", "read", "record r1", "{\"role\":null}", 0, 0, 0, MALFORMED },
		{ "user alice", "read", "record r1", "{\"age\":1.0}", 0, 0, 0, MALFORMED },
		{ "user alice", "read", "record r1", "{\"age\":9223372036854775808}", 0, 0, 0,
		  MALFORMED },
		{ "user alice", "read", "record r1", "{\"age\":-3}", 0, 0, 0, PERMITTED },
		{ "user alice", "read", "record r1", "{\"boss\":\"bob\"}", 0, 0, 0, MALFORMED },
		{ "user alice", "read", "record r1",
		  "{\"boss\":{\"type\":\"record\",\"id\":\"r1\"}}", 0, 0, 0, MALFORMED },
		{ "user alice", "read", "record r1", 0, 0, "{\"addresses\":[\"10.0.0\"]}", 0,
		  MALFORMED },
		{ "user alice", "read", "record r1", 0, 0, "{\"addresses\":\"10.0.0.1\"}", 0,
		  MALFORMED },
		{ "user alice", "delete", "record r1", 0, "{\"soft\":\"yes\"}", 0, 0, MALFORMED },
		{ "user alice", "nothing", "record r1", 0, 0, 0, 0, FH_REASON_UNKNOWN_ACTION },
		{ "ship alice", "read", "record r1", 0, 0, 0, 0, FH_REASON_WRONG_PRINCIPAL },
		{ "group staff", "read", "record r1", 0, 0, 0, 0, FH_REASON_WRONG_PRINCIPAL },
		{ "user alice", "read", "user alice", 0, 0, 0, 0, FH_REASON_WRONG_RESOURCE },
	};

	(void)state;
	assert_answers(rows, sizeof(rows) / sizeof(rows[0]));
}

static void asks_about_actors_and_paths_as_they_would_act(void **state)
{
	static const struct row rows[] = {
		{ "Actor claude", "read", "record r1", 0, 0, 0, 0, PERMITTED },
		{ "Actor eve", "read", "record r1", 0, 0, 0, 0, NO },
		{ "Actor claude", "files.read", "File /open/a", 0, 0, 0, 0, PERMITTED },
		{ "Actor claude", "files.read", "File /shut/a", 0, 0, 0, 0, NO },
		{ "Actor claude", "files.read", "File /open/../shut", 0, 0, 0, 0, MALFORMED },
		{ "Actor claude", "files.read", "File /open/a", 0, 0, "{\"secret\":true}", 0, NO },
	};

	(void)state;
	assert_answers(rows, sizeof(rows) / sizeof(rows[0]));
}

/* What a call of FUNCTION with ARGUMENTS, JSON or NULL: unreadable, is decided as.  */
static enum fh_reason answer_call(const struct document *d, const char *function,
				  const char *arguments)
{
	static _Alignas(max_align_t) uint8_t memory[1 << 18];
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	struct fh_question q = { .subject = uid("Actor", "claude"),
				 .function = fh_span_str(function),
				 .arguments = cbor(arguments, &a),
				 .unreadable = arguments == nullptr ? FH_SPAN_LIT("why")
								   : (struct fh_span){ 0 } };
	const struct fh_known_entities known = { .schema = &d->set.schema, .principal = q.subject,
						 .listed = &d->set.entities };
	struct fh_decision out = { 0 };
	enum fh_reason why;
	struct fh_trace t = { 0 };

	assert_int_equal(d->e, FH_ERR_OK);
	assert_int_equal(fh_question_type(&d->set.schema, &q, &a, &why, &t), FH_ERR_OK);
	assert_int_equal(why == FH_REASON_PERMITTED, q.action.id.n > 0 && q.resource.id.n > 0);
	assert_int_equal(why == FH_REASON_PERMITTED, t.what[0] == '\0');
	if (why != FH_REASON_PERMITTED)
		return why;
	assert_int_equal(fh_question_decide(&d->set, &q, &known, &leased, &a, &out, &t),
			 FH_ERR_OK);
	return out.reason;
}

static void a_call_is_what_its_arguments_say(void **state)
{
	static const struct {
		const char *function, *arguments;
		enum fh_reason want;
	} rows[] = {
		{ "read_file", "{\"path\":\"/open/a\"}", PERMITTED },
		{ "read_file", "{\"path\":\"/open/a\",\"lines\":3,\"secret\":true}", PERMITTED },
		{ "read_file", "{\"path\":\"/shut/a\"}", NO },
		{ "read_file", "{\"path\":\"/open/../shut\"}", FH_REASON_MALFORMED_RESOURCE },
		{ "read_file", "{}", FH_REASON_MALFORMED_RESOURCE },
		{ "read_file", "{\"path\":\"/open/a\",\"lines\":\"3\"}",
		  FH_REASON_MALFORMED_CONTEXT },
		{ "read_file", nullptr, FH_REASON_MALFORMED_ARGUMENTS },
		{ "files/read", "{\"path\":\"/open/a\"}", FH_REASON_NOT_IN_SCHEMA },
		{ "read", nullptr, FH_REASON_NOT_IN_SCHEMA },
	};
	OWN_DOCUMENT d = document(cedar, entities);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum fh_reason got = answer_call(&d, rows[i].function, rows[i].arguments);

		if (got != rows[i].want)
			fail_msg("row %zu: %s", i, fh_reason_code(got));
	}
}

static void assert_list_refused(const char *list, fh_err e, const char *where, const char *what)
{
	OWN_DOCUMENT d = document("", list);

	if (d.e != e || strcmp(d.trace.where, where) != 0 || strstr(d.trace.what, what) == nullptr)
		fail_msg("%s\n-> %s: %s: %s", list, fh_err_text(d.e), d.trace.where, d.trace.what);
}

static void refuses_a_list_that_says_too_much(void **state)
{
	(void)state;
	assert_list_refused("{}", FH_ERR_FORMAT, "entities:1:1", "entities are a list");
	assert_list_refused("[{\"uid\":{\"type\":\"ship\",\"id\":\"x\"},"
			    "\"attrs\":{},\"parents\":[]}]",
			    FH_ERR_UNKNOWN, "entities:1:2", "no entity type `ship`");
	assert_list_refused("[{\"uid\":{\"type\":\"user\",\"id\":\"x\"},\"attrs\":{\"role\":1},"
			    "\"parents\":[]}]", FH_ERR_CONFLICT, "entities:1:50", "wants String");
	assert_list_refused("[{\"uid\":{\"type\":\"Actor\",\"id\":\"x\"},"
			    "\"attrs\":{},\"parents\":[]}]",
			    FH_ERR_CONFLICT, "entities:1:1", "the chain says");
	assert_list_refused("[{\"uid\":{\"type\":\"File\",\"id\":\"/x\"},"
			    "\"attrs\":{},\"parents\":[]}]",
			    FH_ERR_CONFLICT, "entities:1:1", "a path is in");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_properties_as_attributes),
		cmocka_unit_test(knows_what_the_operator_listed),
		cmocka_unit_test(lets_nobody_contradict_that),
		cmocka_unit_test(puts_properties_of_the_action_into_the_context),
		cmocka_unit_test(passes_over_what_the_schema_does_not_declare),
		cmocka_unit_test(refuses_what_is_not_of_the_declared_type),
		cmocka_unit_test(asks_about_actors_and_paths_as_they_would_act),
		cmocka_unit_test(a_call_is_what_its_arguments_say),
		cmocka_unit_test(refuses_a_list_that_says_too_much),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
