/* SPDX-License-Identifier: Apache-2.0 */
/* A gate and its clients over HTTP.  */
#include "gate_fixture.h"

static void a_session_over_http_from_begin_to_end(void **state)
{
	struct stage s;

	(void)state;
	start(&s, true);
	int fd = dial(&s);

	post(&s, fd, "Authorization: Bearer tok\r\n", INITIALIZE);
	struct fh_ask a = hear(&s);

	assert_int_equal(a.kind, FH_ASK_INITIALIZE);
	assert_true(fh_span_equal(a.server, FH_SPAN_LIT("notes")));
	assert_true(fh_span_equal(a.bearer, FH_SPAN_LIT("tok")));
	grant(&s, &a);
	const char *text = hear_text(fd, "}}}");

	assert_holds(text, "HTTP/1.1 200 OK");
	assert_holds(text, "Mcp-Session-Id: " SESSION "\r\n");
	assert_holds(text, "\"protocolVersion\":\"2025-11-25\"");
	post(&s, fd, "Mcp-Session-Id: " SESSION "\r\n",
	     "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}");
	assert_holds(hear_text(fd, "\r\n\r\n"), "HTTP/1.1 202");
	post(&s, fd, "Mcp-Session-Id: " SESSION "\r\n", CALL);
	uint64_t before = a.exchange;

	a = hear(&s);
	assert_int_equal(a.kind, FH_ASK_CALL);
	assert_true(a.exchange > before);
	assert_true(fh_span_equal(a.tool, FH_SPAN_LIT("t")));
	assert_true(fh_span_equal(a.session, FH_SPAN_ARRAY(session)));
	grant(&s, &a);
	assert_holds(hear_text(fd, "}}"), "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"ok\":1}}");
	post(&s, fd, "Mcp-Session-Id: " SESSION "\r\n",
	     "{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"ping\"}");
	assert_holds(hear_text(fd, "}}"), "\"id\":8,\"result\":{}}");
	char text_of_end[256];

	snprintf(text_of_end, sizeof(text_of_end),
		 "DELETE /mcp/notes HTTP/1.1\r\nHost: localhost:%u\r\n"
		 "Mcp-Session-Id: " SESSION "\r\n\r\n", s.port);
	send_text(fd, text_of_end);
	a = hear(&s);
	assert_int_equal(a.kind, FH_ASK_END);
	grant(&s, &a);
	assert_holds(hear_text(fd, "\r\n\r\n"), "HTTP/1.1 204");
	(void)close(fd);
	assert_int_equal(stop(&s), 0);
}

static void a_refusal_is_told_as_the_kind_of_request_wants(void **state)
{
	struct stage s;

	(void)state;
	start(&s, true);
	int fd = dial(&s);

	post(&s, fd, "", INITIALIZE);
	struct fh_ask a = hear(&s);

	refuse(&s, &a, "no-permit");
	const char *text = hear_text(fd, "}}}");

	assert_holds(text, "HTTP/1.1 200 OK");
	assert_holds(text, "\"code\":-31001");
	assert_holds(text, "\"record\":12");
	post(&s, fd, "Mcp-Session-Id: " SESSION "\r\n", CALL);
	a = hear(&s);
	refuse(&s, &a, "no-permit");
	text = hear_text(fd, "}}}");
	assert_holds(text, "\"isError\":true");
	assert_holds(text, "\"freehold/policies\":[\"p1\"]");
	post(&s, fd, "Mcp-Session-Id: " SESSION "\r\n", CALL);
	a = hear(&s);
	refuse(&s, &a, "unknown-session");
	text = hear_text(fd, "}}}");
	assert_holds(text, "HTTP/1.1 404");
	assert_holds(text, "\"error\":{\"code\":-31003");
	assert_null(strstr(text, "isError"));
	assert_null(strstr(text, "policy: "));
	post(&s, fd, "Mcp-Session-Id: " SESSION "\r\n", CALL);
	a = hear(&s);
	refuse(&s, &a, "unknown-credential");
	text = hear_text(fd, "}}}");
	assert_holds(text, "HTTP/1.1 401");
	assert_holds(text, "WWW-Authenticate: Bearer");
	(void)close(fd);
	assert_int_equal(stop(&s), 0);
}

static void what_the_gate_refuses_reaches_core_only_as_a_report(void **state)
{
	static const struct {
		const char *extra, *json, *status, *reason;
	} bad[] = {
		{ "", "[" INITIALIZE "]", "400", "batch-refused" },
		{ "", "{\"a\":1,\"a\":2}", "400", "malformed-json" },
		{ "", "{\"a\":\"\xff\"}", "400", "malformed-json" },
		{ "", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "400",
		  "malformed-json" },
		{ "", CALL, "400", "missing-session" },
		{ "Mcp-Session-Id: " SESSION "\r\n", INITIALIZE, "400", "already-initialized" },
		{ "Mcp-Session-Id: " SESSION "\r\n",
		  "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/list\"}", "200",
		  "method-not-governed" },
		{ "Mcp-Session-Id: " SESSION "\r\n",
		  "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/roots/list_changed\"}", "400",
		  "method-not-governed" },
		{ "Mcp-Session-Id: nonsense\r\n", CALL, "404", "unknown-session" },
		{ "Origin: http://evil.example\r\n", INITIALIZE, "403", "foreign-origin" },
		{ "Authorization: Basic eA==\r\n", INITIALIZE, "401", "bad-credential" },
		{ "MCP-Protocol-Version: 2026-07-28\r\n", INITIALIZE, "400", "protocol-version" },
	};
	struct stage s;

	(void)state;
	start(&s, true);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int fd = dial(&s);
		char status[32];

		post(&s, fd, bad[i].extra, bad[i].json);
		const char *text = hear_text(fd, "}}");

		snprintf(status, sizeof(status), "HTTP/1.1 %s", bad[i].status);
		assert_holds(text, status);
		assert_holds(text, bad[i].reason);
		if (strcmp(bad[i].reason, "foreign-origin") != 0) {
			struct fh_ask a = hear(&s);

			assert_int_equal(a.kind, FH_ASK_REFUSED);
			assert_true(fh_span_equal(a.tool, fh_span_str(bad[i].reason)));
		}
		assert_true(core_hears_nothing(&s));
		(void)close(fd);
	}
	assert_int_equal(stop(&s), 0);
}

static void what_is_no_http_is_refused_and_closed(void **state)
{
	static const char *const bad[] = {
		"hello\r\n\r\n",
		"GET / HTTP/1.0\r\n\r\n",
		"POST /mcp/notes HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
	};
	struct stage s;

	(void)state;
	start(&s, true);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int fd = dial(&s);

		send_text(fd, bad[i]);
		const char *text = hear_text(fd, nullptr); /* up to the end */

		assert_holds(text, "HTTP/1.1 ");
		assert_holds(text, "Connection: close");
		(void)close(fd);
	}
	assert_true(core_hears_nothing(&s));
	assert_int_equal(stop(&s), 0);
}

static void a_body_that_is_too_long_is_told_so_before_the_end(void **state)
{
	static char mega[1 << 20];
	struct stage s;

	(void)state;
	start(&s, true);
	int fd = dial(&s);

	send_text(fd, "POST /mcp/notes HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n");
	for (int i = 0; i < 4; i++)
		if (send(fd, mega, sizeof(mega), MSG_NOSIGNAL) < 0)
			break;
	assert_holds(hear_text(fd, nullptr), "HTTP/1.1 413");
	(void)close(fd);
	assert_true(core_hears_nothing(&s));
	assert_int_equal(stop(&s), 0);
}

static void a_foreign_host_is_refused(void **state)
{
	struct stage s;

	(void)state;
	start(&s, true);
	int fd = dial(&s);

	send_text(fd, "POST /mcp/notes HTTP/1.1\r\nHost: rebound.example\r\n"
		      "Content-Length: 0\r\n\r\n");
	assert_holds(hear_text(fd, "}}"), "foreign-host");
	send_text(fd, "POST /mcp/notes HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
	assert_holds(hear_text(fd, "}}"), "bad-host");
	(void)close(fd);
	assert_true(core_hears_nothing(&s));
	assert_int_equal(stop(&s), 0);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
	struct stage s;

	(void)state;
	start(&s, true);
	int fd = dial(&s);

	for (int i = 0; i < 3; i++)
		post(&s, fd, "Mcp-Session-Id: " SESSION "\r\n", CALL);
	for (int i = 0; i < 3; i++) {
		struct fh_ask a = hear(&s);

		assert_true(core_hears_nothing(&s));
		refuse(&s, &a, i == 0 ? "first" : i == 1 ? "second" : "third");
	}
	const char *text = hear_text(fd, "\"third\"");
	const char *first = strstr(text, "\"first\""), *second = strstr(text, "\"second\"");

	assert_non_null(first);
	assert_non_null(second);
	assert_true(first < second);
	assert_true(second < strstr(text, "\"third\""));
	(void)close(fd);
	assert_int_equal(stop(&s), 0);
}

static void a_slow_client_holds_up_nobody(void **state)
{
	struct stage s;

	(void)state;
	start(&s, true);
	int slow = dial(&s), fd = dial(&s);

	send_text(slow, "POST /mcp/notes HTTP/1.1\r\nHo");
	post(&s, fd, "Mcp-Session-Id: " SESSION "\r\n", CALL);
	struct fh_ask a = hear(&s);

	grant(&s, &a);
	assert_holds(hear_text(fd, "}}"), "\"ok\":1");
	(void)close(fd);
	(void)close(slow);
	assert_int_equal(stop(&s), 0);
}

static void a_client_that_leaves_cancels_nothing_over_http(void **state)
{
	struct stage s;

	(void)state;
	start(&s, true);
	int fd = dial(&s);

	post(&s, fd, "Mcp-Session-Id: " SESSION "\r\n", CALL);
	struct fh_ask a = hear(&s);

	(void)close(fd);
	assert_true(core_hears_nothing(&s));
	grant(&s, &a);
	fd = dial(&s);
	post(&s, fd, "Mcp-Session-Id: " SESSION "\r\n", CALL);
	a = hear(&s);
	grant(&s, &a);
	assert_holds(hear_text(fd, "}}"), "\"ok\":1");
	(void)close(fd);
	assert_int_equal(stop(&s), 0);
}

static void a_cancelled_notification_names_the_exchange_to_core(void **state)
{
	struct stage s;

	(void)state;
	start(&s, true);
	int fd = dial(&s), other = dial(&s);
	static const char cancelled[] = "{\"jsonrpc\":\"2.0\",\"method\":"
					"\"notifications/cancelled\",\"params\":{\"requestId\":7}}";

	post(&s, fd, "", INITIALIZE);
	struct fh_ask a = hear(&s);

	grant(&s, &a);
	(void)hear_text(fd, "}}}");
	post(&s, fd, "Mcp-Session-Id: " SESSION "\r\n", CALL);
	a = hear(&s);
	uint64_t exchange = a.exchange;

	post(&s, other, "Mcp-Session-Id: 0123456789abcdef0123456789abcdef\r\n", cancelled);
	assert_holds(hear_text(other, "}}}"), "HTTP/1.1 404");
	assert_true(core_hears_nothing(&s));
	post(&s, other, "Mcp-Session-Id: " SESSION "\r\n", cancelled);
	assert_holds(hear_text(other, "\r\n\r\n"), "HTTP/1.1 202");
	a = hear(&s);
	assert_int_equal(a.kind, FH_ASK_CANCEL);
	assert_int_equal(a.target, exchange);
	(void)close(fd);
	(void)close(other);
	assert_int_equal(stop(&s), 0);
}

static void health_is_what_core_says(void **state)
{
	struct stage s;
	char text[128];

	(void)state;
	start(&s, true);
	int fd = dial(&s);

	snprintf(text, sizeof(text), "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", s.port);
	send_text(fd, text);
	struct fh_ask a = hear(&s);

	assert_int_equal(a.kind, FH_ASK_HEALTH);
	struct fh_reply r = { .status = FH_REPLY_RESULT, .exchange = a.exchange };

	reply(&s, &r);
	assert_holds(hear_text(fd, "}"), "{\"status\":\"ok\"}");
	send_text(fd, text);
	a = hear(&s); /* and core says nothing */
	assert_holds(hear_text(fd, "}"), "HTTP/1.1 503");
	(void)close(fd);
	assert_int_equal(stop(&s), 0);
}

static void core_dying_is_told_to_who_waits(void **state)
{
	struct stage s;

	(void)state;
	start(&s, true);
	int fd = dial(&s);

	post(&s, fd, "Mcp-Session-Id: " SESSION "\r\n", CALL);
	(void)hear(&s);
	(void)close(s.core);
	s.core = -1;
	const char *text = hear_text(fd, "}}}");

	assert_holds(text, "\"isError\":true");
	assert_holds(text, "decision-unreachable");
	(void)close(fd);
	int control = s.control;

	s.control = -1; /* the gate ends by itself */
	assert_int_equal(stop(&s), 2);
	(void)close(control);
}

static void garbage_from_core_is_as_good_as_no_core(void **state)
{
	struct stage s;

	(void)state;
	start(&s, true);
	assert_int_equal(fh_frame_send(s.core, FH_SPAN_LIT("\x01\x02"), -1), FH_ERR_OK);
	int control = s.control;

	s.control = -1;
	assert_int_equal(stop(&s), 2);
	(void)close(control);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_over_http_from_begin_to_end),
		cmocka_unit_test(a_refusal_is_told_as_the_kind_of_request_wants),
		cmocka_unit_test(what_the_gate_refuses_reaches_core_only_as_a_report),
		cmocka_unit_test(what_is_no_http_is_refused_and_closed),
		cmocka_unit_test(a_body_that_is_too_long_is_told_so_before_the_end),
		cmocka_unit_test(a_foreign_host_is_refused),
		cmocka_unit_test(pipelined_requests_are_answered_in_order),
		cmocka_unit_test(a_slow_client_holds_up_nobody),
		cmocka_unit_test(a_client_that_leaves_cancels_nothing_over_http),
		cmocka_unit_test(a_cancelled_notification_names_the_exchange_to_core),
		cmocka_unit_test(health_is_what_core_says),
		cmocka_unit_test(core_dying_is_told_to_who_waits),
		cmocka_unit_test(garbage_from_core_is_as_good_as_no_core),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
