/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/json.h"
#include "os/memory.h"
#include "wire/server.h"
#include "wire/tools.h"

static fh_err read_line(const char *line, struct fh_arena *a, struct fh_server_message *m)
{
	struct fh_trace t = { 0 };

	if (a->p == nullptr)
		assert_int_equal(fh_arena_map(32 << 20, a), FH_ERR_OK);
	fh_arena_reset(a);
	return fh_mcp_read_server(fh_span_str(line), a, m, &t);
}

static void assert_json(struct fh_span item, const char *json)
{
	uint8_t memory[512];
	struct fh_builder b = FH_BUILDER_ARRAY(memory);

	assert_int_equal(fh_json_from_cbor(item, &b), FH_ERR_OK);
	fh_builder_u8(&b, 0);
	assert_string_equal((const char *)memory, json);
}

static void reads_a_result(void **state)
{
	FH_OWN(fh_arena) a = { 0 };
	struct fh_server_message m;

	(void)state;
	assert_int_equal(read_line("{\"jsonrpc\":\"2.0\",\"id\":4,\"result\":{\"a\":1}}\n", &a, &m),
			 FH_ERR_OK);
	assert_int_equal(m.said, FH_SERVER_RESULT);
	assert_int_equal(m.id, 4);
	assert_json(m.body, "{\"a\":1}");
}

static void reads_an_error_and_drops_what_is_not_in_it(void **state)
{
	FH_OWN(fh_arena) a = { 0 };
	struct fh_server_message m;

	(void)state;
	assert_int_equal(read_line("{\"jsonrpc\":\"2.0\",\"id\":4,\"error\":{\"code\":-5,\"e\":1,"
				   "\"message\":\"no\",\"data\":[2]}}", &a, &m), FH_ERR_OK);
	assert_int_equal(m.said, FH_SERVER_ERROR);
	assert_json(m.body, "{\"code\":-5,\"data\":[2],\"message\":\"no\"}");
}

static void reads_an_error_without_id(void **state)
{
	FH_OWN(fh_arena) a = { 0 };
	struct fh_server_message m;

	(void)state;
	assert_int_equal(read_line("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,"
				   "\"message\":\"parse\"}}", &a, &m), FH_ERR_OK);
	assert_true(m.id == FH_SERVER_NO_ID);
}

static void reads_a_notification_and_a_request(void **state)
{
	FH_OWN(fh_arena) a = { 0 };
	struct fh_server_message m;

	(void)state;
	assert_int_equal(read_line("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\","
				   "\"params\":{}}", &a, &m), FH_ERR_OK);
	assert_int_equal(m.said, FH_SERVER_NOTICE);
	assert_true(fh_span_equal(m.method, FH_SPAN_LIT("notifications/message")));
	assert_int_equal(read_line("{\"jsonrpc\":\"2.0\",\"id\":\"s1\",\"method\":"
				   "\"sampling/createMessage\"}", &a, &m), FH_ERR_OK);
	assert_int_equal(m.said, FH_SERVER_REQUEST);
	assert_json(m.request_id, "\"s1\"");
}

static void refuses_what_is_none_of_these(void **state)
{
	static const char *const bad[] = {
		"", "\n", "{}", "[]", "1", "hello",
		"[{\"jsonrpc\":\"2.0\",\"id\":4,\"result\":{}}]",
		"{\"jsonrpc\":\"2.0\",\"id\":4}",
		"{\"jsonrpc\":\"2.0\",\"id\":4,\"result\":1}",
		"{\"jsonrpc\":\"2.0\",\"id\":4,\"result\":{},\"error\":{}}",
		"{\"jsonrpc\":\"2.0\",\"id\":\"4\",\"result\":{}}",
		"{\"jsonrpc\":\"2.0\",\"id\":-4,\"result\":{}}",
		"{\"jsonrpc\":\"2.0\",\"id\":null,\"result\":{}}",
		"{\"jsonrpc\":\"2.0\",\"id\":18446744073709551615,\"result\":{}}",
		"{\"jsonrpc\":\"2.0\",\"result\":{}}",
		"{\"jsonrpc\":\"2.0\",\"id\":4,\"error\":1}",
		"{\"jsonrpc\":\"2.0\",\"id\":4,\"error\":{\"code\":1.5,\"message\":\"a\"}}",
		"{\"jsonrpc\":\"2.0\",\"id\":4,\"error\":{\"code\":1}}",
		"{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"a\",\"result\":{}}",
		"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"a\"}",
		"{\"jsonrpc\":\"2.0\",\"id\":4,\"result\":{},\"x\":1}",
		"{\"jsonrpc\":\"2.0\",\"id\":4,\"result\":{}} {}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		FH_OWN(fh_arena) a = { 0 };
		struct fh_server_message m = { .id = 99 };

		assert_int_equal(read_line(bad[i], &a, &m), FH_ERR_FORMAT);
		assert_int_equal(m.id, 99);
	}
}

static void writes_one_line_each(void **state)
{
	static const uint8_t arguments[] = { 0xa1, 0x61, 'p', 0x62, '\n', 'x' };
	uint8_t memory[2048];
	struct fh_builder b = FH_BUILDER_ARRAY(memory);

	(void)state;
	assert_int_equal(fh_mcp_put_initialize(&b, 1, (struct fh_span){ 0 }), FH_ERR_OK);
	fh_mcp_put_initialized_notice(&b);
	assert_int_equal(fh_mcp_put_list(&b, 2, (struct fh_span){ 0 }), FH_ERR_OK);
	assert_int_equal(fh_mcp_put_call(&b, 3, FH_SPAN_LIT("t\n"), FH_SPAN_ARRAY(arguments),
					 false),
			 FH_ERR_OK);
	fh_mcp_put_cancelled(&b, 3);
	fh_builder_u8(&b, 0);
	assert_false(b.bad);
	assert_string_equal((const char *)memory,
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{"
		"\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},\"clientInfo\":{\"name\":"
		"\"freehold\",\"version\":\"1\"}}}\n"
		"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n"
		"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\",\"params\":{}}\n"
		"{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/call\",\"params\":{\"name\":"
		"\"t\\n\",\"arguments\":{\"p\":\"\\nx\"}}}\n"
		"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{"
		"\"requestId\":3}}\n");
}

static void writes_no_call_without_a_map(void **state)
{
	static const uint8_t text[] = { 0x61, 'a' };
	uint8_t memory[512];
	struct fh_builder b = FH_BUILDER_ARRAY(memory);

	(void)state;
	assert_int_equal(fh_mcp_put_call(&b, 3, FH_SPAN_LIT("t"), FH_SPAN_ARRAY(text), false),
			 FH_ERR_FORMAT);
	assert_true(b.bad);
}

static void answers_a_servers_request(void **state)
{
	static const uint8_t id[] = { 0x62, 's', '1' };
	uint8_t memory[512];
	struct fh_builder b = FH_BUILDER_ARRAY(memory);

	(void)state;
	fh_mcp_put_pong(&b, FH_SPAN_ARRAY(id));
	fh_mcp_put_no_method(&b, FH_SPAN_ARRAY(id));
	fh_builder_u8(&b, 0);
	assert_string_equal((const char *)memory,
		"{\"jsonrpc\":\"2.0\",\"id\":\"s1\",\"result\":{}}\n"
		"{\"jsonrpc\":\"2.0\",\"id\":\"s1\",\"error\":{\"code\":-32601,\"message\":"
		"\"method not offered\"}}\n");
}

static void tells_the_bytes_of_each_definition(void **state)
{
	static const char *const forms[] = {
		"[{\"name\": \"a\"} , {\"b\":1}]",
		"{\"tools\":[{\"name\": \"a\"} , {\"b\":1}],\"nextCursor\":\"c\"}",
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":"
		"[{\"name\": \"a\"} , {\"b\":1}]}}",
	};
	static _Alignas(max_align_t) uint8_t memory[65536];
	struct fh_hash wanted = fh_hash_of(FH_SPAN_LIT("{\"name\": \"a\"}"));
	struct fh_mcp_tools t;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct fh_arena a = fh_arena_of(memory, sizeof(memory));

		assert_int_equal(fh_mcp_tools_read(fh_span_str(forms[i]), &a, &t, nullptr),
				 FH_ERR_OK);
		assert_int_equal(t.list->n, 2);
		assert_int_equal(t.cursor.n, i == 1);
		assert_true(fh_span_equal(fh_mcp_tool_name(t.list->first), FH_SPAN_LIT("a")));
		assert_int_equal(fh_mcp_tool_name(t.list->first->next).n, 0);
		struct fh_span digests = fh_mcp_tool_digests(&t, &a);

		assert_int_equal(digests.n, 2 * FH_HASH_SIZE);
		assert_memory_equal(digests.p, wanted.bytes, FH_HASH_SIZE);
	}
	static const char *const others[] = { "", "{}", "1", "{\"tools\":1}", "{\"result\":[]}",
					      "{\"tools\":[],\"tools\":[]}" };

	for (size_t i = 0; i < 6; i++) {
		struct fh_arena a = fh_arena_of(memory, sizeof(memory));

		assert_int_equal(fh_mcp_tools_read(fh_span_str(others[i]), &a, &t, nullptr),
				 FH_ERR_FORMAT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_result),
		cmocka_unit_test(reads_an_error_and_drops_what_is_not_in_it),
		cmocka_unit_test(reads_an_error_without_id),
		cmocka_unit_test(reads_a_notification_and_a_request),
		cmocka_unit_test(refuses_what_is_none_of_these),
		cmocka_unit_test(writes_one_line_each),
		cmocka_unit_test(writes_no_call_without_a_map),
		cmocka_unit_test(answers_a_servers_request),
		cmocka_unit_test(tells_the_bytes_of_each_definition),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
