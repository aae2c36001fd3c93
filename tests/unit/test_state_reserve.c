/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens: what the schema says of a call, what is reserved, and what its result gives back.  */
#include "test_policy.h"

#include "codec/json.h"
#include "state/reserve.h"

static const char schema[] =
	"@mcp(\"model/ask\") @tokens(\"/structuredContent/usage/total_tokens; 4096\")\n"
	"action ask appliesTo { principal: [Actor], resource: [Server] };\n"
	"@mcp(\"model/ping\") action ping appliesTo { principal: [Actor], resource: [Server] };\n";

#define ASK "permit (principal, action == Action::\"ask\", resource);"

static enum fh_funds funds(void *context, const struct fh_charge *charge)
{
	(void)context;
	return charge->amount <= charge->count ? FH_FUNDS_SUFFICE : FH_FUNDS_USED_UP;
}

static struct fh_decision decided(const struct document *d)
{
	const struct fh_known_entities known = { .schema = &d->set.schema,
						 .principal = uid("Actor", "a") };
	const struct fh_circumstances now = { true, { 1, 1000, 7 }, funds, nullptr };
	const struct fh_request r = { uid("Actor", "a"), uid("Action", "ask"),
				      uid("Server", "model"), fh_value_none(),
				      fh_known_entities_source(&known) };
	static _Alignas(max_align_t) uint8_t memory[65536];
	struct fh_arena scratch = fh_arena_of(memory, sizeof(memory));
	struct fh_decision out = { 0 };

	assert_int_equal(d->e, FH_ERR_OK);
	assert_int_equal(fh_policy_decide(&d->set, &r, &now, &scratch, &out), FH_ERR_OK);
	return out;
}

/* What a call with 10 bytes of arguments, whose result is JSON, gives back of part I.  */
static uint64_t back(const char *quota, const char *json, size_t i)
{
	char cedar[256];
	_Alignas(max_align_t) uint8_t memory[8192];
	uint8_t bytes[256];
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	struct fh_builder body = FH_BUILDER_ARRAY(bytes);

	snprintf(cedar, sizeof(cedar), "@id(\"x\") @quota(\"%s\") %s", quota, ASK);
	OWN_DOCUMENT d = document_of(cedar, schema);
	struct fh_decision decision = decided(&d);
	struct fh_reserve r = fh_reserve_of(&d.set.schema, &decision, uid("Action", "ask"), 10);

	assert_true(fh_allows(decision.verdict));
	if (json != nullptr)
		assert_int_equal(fh_json_to_cbor(fh_span_str(json), &a, &body, nullptr), FH_ERR_OK);
	struct fh_effect e = fh_reserve_settle(&r, 100, fh_builder_span(&body));

	assert_true(i < e.parts);
	assert_int_equal(r.effect.part[i].amount, r.tokens[i] ? 4096 : 1000);
	return e.part[i].amount;
}

#define USED(n) "{\"structuredContent\":{\"usage\":{\"total_tokens\":" n "}}}"

static void gives_back_what_the_result_did_not_use(void **state)
{
	(void)state;
	assert_int_equal(back("5000 tokens/day", USED("0"), 0), 4096);
	assert_int_equal(back("5000 tokens/day", USED("96"), 0), 4000);
	assert_int_equal(back("5000 tokens/day", USED("4096"), 0), 0);
	assert_int_equal(back("9000000 bytes/day; 5000 tokens/day", USED("96"), 0), 890);
	assert_int_equal(back("9000000 bytes/day; 5000 tokens/day", USED("96"), 1), 4000);
}

static void keeps_all_of_what_is_not_said_rightly(void **state)
{
	static const char *const said[] = {
		USED("4097"), USED("18446744073709551615"), USED("-1"), USED("1.0"), USED("\"1\""),
		USED("null"), USED("[1]"), "{}", "{\"usage\":{\"total_tokens\":1}}", nullptr,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
		assert_int_equal(back("5000 tokens/day", said[i], 0), 0);
}

static void a_quota_needs_to_know_what_a_call_uses(void **state)
{
	(void)state;
	assert_refused("@id(\"x\") @quota(\"5000 tokens/day\") permit (principal, action, "
		       "resource);",
		       schema, FH_ERR_CONFLICT, "policy:1:11", "which has no @tokens");
	assert_refused("@id(\"x\") @quota(\"5000 tokens/day\") permit (principal,"
		       " action in [Action::\"ask\", Action::\"ping\"], resource);",
		       schema, FH_ERR_CONFLICT, "policy:1:11", "`ping`");
	assert_refused("@id(\"x\") @quota(\"4095 tokens/day\")" ASK, schema, FH_ERR_CONFLICT,
		       "policy:1:11", "may use more");
	assert_accepted("@id(\"x\") @quota(\"4096 tokens/day per principal\")" ASK, schema);
}

static void refuses_tokens_that_say_nothing(void **state)
{
	static const struct {
		const char *words, *what;
		fh_err e;
	} rows[] = {
		{ "@tokens(\"/a; 10\")", "without @mcp", FH_ERR_CONFLICT },
		{ "@mcp(\"s/t\") @tokens(\"/a\")", "JSON Pointer", FH_ERR_FORMAT },
		{ "@mcp(\"s/t\") @tokens(\"a; 10\")", "JSON Pointer", FH_ERR_FORMAT },
		{ "@mcp(\"s/t\") @tokens(\"/a; 0\")", "no number", FH_ERR_FORMAT },
		{ "@mcp(\"s/t\") @tokens(\"/a; ten\")", "no number", FH_ERR_FORMAT },
		{ "@mcp(\"s/t\") @tokens(\"/a; 1000000001\")", "no number", FH_ERR_FORMAT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[256];

		snprintf(text, sizeof(text), "%s action a appliesTo { principal: [Actor],"
			 " resource: [Server] };", rows[i].words);
		OWN_DOCUMENT d = document_of("", text);

		if (d.e != rows[i].e || strstr(d.trace.what, rows[i].what) == nullptr)
			fail_msg("%s: %s: %s", text, fh_err_text(d.e), d.trace.what);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_back_what_the_result_did_not_use),
		cmocka_unit_test(keeps_all_of_what_is_not_said_rightly),
		cmocka_unit_test(a_quota_needs_to_know_what_a_call_uses),
		cmocka_unit_test(refuses_tokens_that_say_nothing),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
