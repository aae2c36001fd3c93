/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/cbor.h"
#include "codec/json.h"
#include "os/memory.h"
#include "wire/mcp.h"

#define CALL(id, rest) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"tools/call\"," rest "}"

static struct fh_arena arena_of_test(void)
{
	struct fh_arena a;

	assert_int_equal(fh_arena_map(64 << 20, &a), FH_ERR_OK);
	return a;
}

/* Reads TEXT; the caller drops *A.  */
static struct fh_mcp read_text(const char *text, struct fh_arena *a, struct fh_trace *t)
{
	struct fh_mcp m;

	*t = (struct fh_trace){ 0 };
	(void)!fh_mcp_read(fh_span_str(text), a, &m, t);
	return m;
}

static void reads_each_governed_method(void **state)
{
	static const struct {
		const char *text;
		enum fh_mcp_method method;
		bool request;
	} good[] = {
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{"
		  "\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},"
		  "\"clientInfo\":{\"name\":\"c\",\"version\":\"1\"}}}",
		  FH_MCP_INITIALIZE, true },
		{ "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"ping\"}", FH_MCP_PING, true },
		{ "{\"jsonrpc\":\"2.0\",\"id\":-1,\"method\":\"tools/list\"}", FH_MCP_LIST, true },
		{ "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\",\"params\":{"
		  "\"cursor\":\"x\",\"_meta\":{\"a\":1}}}", FH_MCP_LIST, true },
		{ CALL("3", "\"params\":{\"name\":\"t\"}"), FH_MCP_CALL, true },
		{ "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}",
		  FH_MCP_INITIALIZED, false },
		{ "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{"
		  "\"requestId\":3,\"reason\":\"late\"}}", FH_MCP_CANCELLED, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		FH_OWN(fh_arena) a = arena_of_test();
		struct fh_trace t;
		struct fh_mcp m = read_text(good[i].text, &a, &t);

		assert_string_equal(fh_mcp_reason_text(m.reason), "");
		assert_int_equal(m.method, good[i].method);
		assert_int_equal(m.request, good[i].request);
	}
}

static void passes_on_the_arguments_and_drops_meta(void **state)
{
	FH_OWN(fh_arena) a = arena_of_test();
	uint8_t memory[256];
	struct fh_builder b = FH_BUILDER_ARRAY(memory);
	struct fh_trace t;
	struct fh_mcp m = read_text(CALL("7", "\"params\":{\"name\":\"read_note\",\"_meta\":{"
					      "\"progressToken\":1},\"arguments\":{\"path\":"
					      "\"/a\"}}"), &a, &t);

	(void)state;
	assert_int_equal(m.reason, FH_MCP_REASON_FINE);
	assert_true(fh_span_equal(m.tool, FH_SPAN_LIT("read_note")));
	assert_int_equal(fh_json_from_cbor(m.params, &b), FH_ERR_OK);
	assert_true(fh_span_equal(fh_builder_span(&b), FH_SPAN_LIT("{\"path\":\"/a\"}")));
}

static void takes_absent_arguments_as_none(void **state)
{
	FH_OWN(fh_arena) a = arena_of_test();
	struct fh_trace t;
	struct fh_mcp m = read_text(CALL("7", "\"params\":{\"name\":\"t\"}"), &a, &t);

	(void)state;
	assert_int_equal(m.params.n, 1);
	assert_int_equal(m.params.p[0], 0xa0);
}

static void names_each_refusal(void **state)
{
	static const struct {
		const char *text;
		const char *reason;
	} bad[] = {
		{ "", "malformed-json" },
		{ "{", "malformed-json" },
		{ "{} x", "malformed-json" },
		{ "{\"a\":1,\"a\":2}", "malformed-json" },
		{ "\"\xff\"", "malformed-json" },
		{ CALL("1e400", "\"params\":{}"), "malformed-json" },
		{ CALL("99999999999999999999", "\"params\":{}"), "malformed-json" },
		{ "[]", "batch-refused" },
		{ "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]", "batch-refused" },
		{ "1", "not-an-object" },
		{ "null", "not-an-object" },
		{ "{}", "not-json-rpc-2.0" },
		{ "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}", "not-json-rpc-2.0" },
		{ "{\"jsonrpc\":2.0,\"id\":1,\"method\":\"ping\"}", "not-json-rpc-2.0" },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"x\":1}", "unknown-member" },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"result\":{}}",
		  "unknown-member" },
		{ CALL("1.5", "\"params\":{\"name\":\"t\"}"), "bad-id" },
		{ CALL("1.0", "\"params\":{\"name\":\"t\"}"), "bad-id" },
		{ CALL("null", "\"params\":{\"name\":\"t\"}"), "bad-id" },
		{ CALL("true", "\"params\":{\"name\":\"t\"}"), "bad-id" },
		{ CALL("{}", "\"params\":{\"name\":\"t\"}"), "bad-id" },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}", "response-from-client" },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{}}", "response-from-client" },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1}", "bad-method" },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":1}", "bad-method" },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\"}", "bad-method" },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/read\"}",
		  "method-not-governed" },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"Tools/call\"}",
		  "method-not-governed" },
		{ "{\"jsonrpc\":\"2.0\",\"method\":\"tools/call\",\"params\":{\"name\":\"t\"}}",
		  "method-not-governed" },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"notifications/initialized\"}",
		  "method-not-governed" },
		{ CALL("1", "\"params\":[]"), "bad-params" },
		{ CALL("1", "\"params\":{}"), "bad-params" },
		{ CALL("1", "\"params\":{\"name\":\"\"}"), "bad-params" },
		{ CALL("1", "\"params\":{\"name\":1}"), "bad-params" },
		{ CALL("1", "\"params\":{\"name\":\"t\",\"arguments\":[]}"), "bad-params" },
		{ CALL("1", "\"params\":{\"name\":\"t\",\"arguments\":null}"), "bad-params" },
		{ CALL("1", "\"params\":{\"name\":\"t\",\"task\":{}}"), "bad-params" },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{"
		  "\"cursor\":1}}", "bad-params" },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{}}",
		  "bad-params" },
		{ "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\"}", "bad-params" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		FH_OWN(fh_arena) a = arena_of_test();
		struct fh_trace t;
		struct fh_mcp m = read_text(bad[i].text, &a, &t);

		if (strcmp(fh_mcp_reason_text(m.reason), bad[i].reason) != 0)
			print_error("%s\n", bad[i].text);
		assert_string_equal(fh_mcp_reason_text(m.reason), bad[i].reason);
		assert_true(t.what[0] != '\0');
	}
}

static void keeps_the_id_of_what_it_refuses(void **state)
{
	FH_OWN(fh_arena) a = arena_of_test();
	struct fh_trace t;
	struct fh_mcp m = read_text("{\"jsonrpc\":\"2.0\",\"id\":\"q\",\"method\":\"x/y\"}",
				    &a, &t);

	(void)state;
	assert_true(m.request);
	assert_true(fh_span_equal(m.id, FH_SPAN_LIT("\x61q")));
	assert_true(fh_span_equal(m.name, FH_SPAN_LIT("x/y")));
	assert_int_equal(fh_mcp_reason_code(m.reason), -32601);
}

static void refuses_a_long_id(void **state)
{
	FH_OWN(fh_arena) a = arena_of_test();
	char text[400];
	struct fh_trace t;
	char id[200];

	(void)state;
	memset(id, 'a', sizeof(id));
	snprintf(text, sizeof(text), CALL("\"%.*s\"", "\"params\":{\"name\":\"t\"}"), 199, id);
	assert_int_equal(read_text(text, &a, &t).reason, FH_MCP_REASON_ID);
}

static void refuses_deep_nesting_and_oversize(void **state)
{
	FH_OWN(fh_arena) a = arena_of_test();
	size_t n = FH_JSON_MAX + 1;
	uint8_t *big = malloc(n);
	char deep[400];
	struct fh_trace t = { 0 };
	struct fh_mcp m;

	(void)state;
	assert_non_null(big);
	memset(big, ' ', n);
	assert_int_equal(fh_mcp_read(fh_span_of(big, n), &a, &m, &t), FH_ERR_LIMIT);
	free(big);
	memset(deep, '[', sizeof(deep));
	(void)!fh_mcp_read(FH_SPAN_ARRAY(deep), &a, &m, &t);
	assert_int_equal(m.reason, FH_MCP_REASON_MALFORMED);
}

static void refuses_every_truncation(void **state)
{
	static const char text[] = CALL("1",
		"\"params\":{\"name\":\"t\",\"arguments\":{\"a\":[1]}}");
	FH_OWN(fh_arena) a = arena_of_test();

	(void)state;
	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		struct fh_mcp m;

		fh_arena_reset(&a);
		assert_int_not_equal(fh_mcp_read(fh_span_of(text, n), &a, &m, nullptr), FH_ERR_OK);
	}
}

static struct fh_mcp_refusal refusal_of_test(const struct fh_span *policy)
{
	return (struct fh_mcp_refusal){ .code = FH_MCP_CODE_REFUSED,
					.reason = FH_SPAN_LIT("no-permit"),
					.text = FH_SPAN_LIT("nothing permits it"),
					.policy = policy, .policies = 2, .record = 12 };
}

static void a_refused_call_names_policies_and_record(void **state)
{
	static const uint8_t id[] = { 0x05 };
	const struct fh_span policy[] = { FH_SPAN_LIT("a\"b"), FH_SPAN_LIT("c") };
	struct fh_mcp_refusal no = refusal_of_test(policy);
	uint8_t memory[1024];
	struct fh_builder b = FH_BUILDER_ARRAY(memory);

	(void)state;
	fh_mcp_put_refused_call(&b, FH_SPAN_ARRAY(id), &no);
	assert_true(fh_span_equal(fh_builder_span(&b), FH_SPAN_LIT(
		"{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":{\"content\":[{\"type\":\"text\","
		"\"text\":\"Refused by policy: nothing permits it (reason no-permit; policy "
		"a\\\"b, c; record 12)\"}],\"isError\":true,\"_meta\":{\"freehold/reason\":"
		"\"no-permit\",\"freehold/policies\":[\"a\\\"b\",\"c\"],"
		"\"freehold/record\":12}}}")));
}

static void any_other_refusal_is_an_error_with_the_same_facts(void **state)
{
	static const uint8_t id[] = { 0x61, 'x' };
	const struct fh_span policy[] = { FH_SPAN_LIT("a"), FH_SPAN_LIT("b") };
	struct fh_mcp_refusal no = refusal_of_test(policy);
	uint8_t memory[1024];
	struct fh_builder b = FH_BUILDER_ARRAY(memory);

	(void)state;
	no.record = UINT64_MAX;
	fh_mcp_put_error(&b, FH_SPAN_ARRAY(id), &no);
	assert_true(fh_span_equal(fh_builder_span(&b), FH_SPAN_LIT(
		"{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"error\":{\"code\":-31001,\"message\":"
		"\"nothing permits it\",\"data\":{\"reason\":\"no-permit\",\"policies\":"
		"[\"a\",\"b\"],\"record\":null}}}")));
}

static void shows_only_tools_of_a_servers_initialize_result(void **state)
{
	static const uint8_t id[] = { 0x01 };
	FH_OWN(fh_arena) a = arena_of_test();
	uint8_t item[512], memory[1024];
	struct fh_builder body = FH_BUILDER_ARRAY(item), b = FH_BUILDER_ARRAY(memory);

	(void)state;
	assert_int_equal(fh_json_to_cbor(FH_SPAN_LIT(
		"{\"protocolVersion\":\"2024-11-05\",\"capabilities\":{\"tools\":{\"listChanged\":"
		"true},\"resources\":{}},\"serverInfo\":{\"name\":\"evil\",\"version\":\"3\"},"
		"\"instructions\":\"be kind\"}"), &a, &body, nullptr), FH_ERR_OK);
	assert_int_equal(fh_mcp_put_initialized(&b, FH_SPAN_ARRAY(id), FH_SPAN_LIT("notes"),
						fh_builder_span(&body)), FH_ERR_OK);
	assert_true(fh_span_equal(fh_builder_span(&b), FH_SPAN_LIT(
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"protocolVersion\":\"2025-11-25\","
		"\"capabilities\":{\"tools\":{}},\"serverInfo\":{\"name\":\"notes\",\"version\":"
		"\"3\"},\"instructions\":\"be kind\"}}")));
}

static void a_result_that_is_no_map_is_not_passed_on(void **state)
{
	static const uint8_t one[] = { 0x01 };
	uint8_t memory[256];
	struct fh_builder b = FH_BUILDER_ARRAY(memory);

	(void)state;
	assert_int_equal(fh_mcp_put_result(&b, FH_SPAN_ARRAY(one), FH_SPAN_ARRAY(one)),
			 FH_ERR_FORMAT);
}

static void a_full_builder_is_a_limit(void **state)
{
	static const uint8_t id[] = { 0x01 }, none[] = { 0xa0 };
	uint8_t memory[64];

	(void)state;
	for (size_t cap = 0; cap < 36; cap++) {
		struct fh_builder b = fh_builder_of(memory, cap);

		assert_int_equal(fh_mcp_put_result(&b, FH_SPAN_ARRAY(id), FH_SPAN_ARRAY(none)),
				 FH_ERR_LIMIT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_each_governed_method),
		cmocka_unit_test(passes_on_the_arguments_and_drops_meta),
		cmocka_unit_test(takes_absent_arguments_as_none),
		cmocka_unit_test(names_each_refusal),
		cmocka_unit_test(keeps_the_id_of_what_it_refuses),
		cmocka_unit_test(refuses_a_long_id),
		cmocka_unit_test(refuses_deep_nesting_and_oversize),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(a_refused_call_names_policies_and_record),
		cmocka_unit_test(any_other_refusal_is_an_error_with_the_same_facts),
		cmocka_unit_test(shows_only_tools_of_a_servers_initialize_result),
		cmocka_unit_test(a_result_that_is_no_map_is_not_passed_on),
		cmocka_unit_test(a_full_builder_is_a_limit),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
