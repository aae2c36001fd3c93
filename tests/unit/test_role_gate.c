/* SPDX-License-Identifier: Apache-2.0 */
/* A real gate in a process of its own; this program plays core, the supervisor
 * and the clients.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/memory.h"
#include "role/ask.h"
#include "role/frame.h"
#include "role/role.h"

#define SESSION "000102030405060708090a0b0c0d0e0f"
#define CALL "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\"t\"}}"
#define INITIALIZE "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{" \
	"\"protocolVersion\":\"2025-06-18\",\"capabilities\":{},\"clientInfo\":{\"name\":\"c\"}}}"

static const uint8_t session[FH_SESSION_ID_SIZE] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
						     14, 15 };

struct stage {
	pid_t gate;
	int core;             /* core's end of its pair */
	int control;          /* the supervisor's end */
	uint16_t port;        /* of a network gate */
	struct fh_arena arena;
	struct fh_pipe pipe;  /* over core */
};

/* In the child: descriptors to their places, then the role.  */
static void become_gate(int core, int control, int listening, char **words)
{
	int count = 0;

	while (words[count] != nullptr)
		count++;
	if (fcntl(core, F_DUPFD, 20) != 20 || fcntl(control, F_DUPFD, 21) != 21
	    || (listening >= 0 && fcntl(listening, F_DUPFD, 22) != 22))
		_exit(99);
	if (dup2(20, FH_FD_CORE) < 0 || dup2(21, FH_FD_CONTROL) < 0
	    || (listening >= 0 && dup2(22, FH_FD_FIRST) < 0))
		_exit(99);
	for (int fd = FH_FD_FIRST + (listening >= 0); fd < 64; fd++)
		(void)close(fd);
	_exit(fh_role_gate(count, words));
}

static int listen_somewhere(uint16_t *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

static void start(struct stage *s, bool network)
{
	int core[2], control[2], listening = -1;
	char role[] = "gate", over_network[] = "network", of_peer[] = "peer", name[2][32];
	char *words[] = { role, network ? over_network : of_peer, network ? name[0] : nullptr,
			  name[1], nullptr };

	*s = (struct stage){ 0 };
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, core), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control), 0);
	if (network)
		listening = listen_somewhere(&s->port);
	snprintf(name[0], sizeof(name[0]), "127.0.0.1:%u", s->port);
	snprintf(name[1], sizeof(name[1]), "localhost:%u", s->port);
	s->gate = fork();
	assert_true(s->gate >= 0);
	if (s->gate == 0)
		become_gate(core[1], control[1], listening, words);
	(void)close(core[1]);
	(void)close(control[1]);
	if (listening >= 0)
		(void)close(listening);
	s->core = core[0];
	s->control = control[0];
	assert_int_equal(fh_arena_map(FH_FRAME_MAX + 4096, &s->arena), FH_ERR_OK);
	assert_int_equal(fh_pipe_open(s->core, FH_FRAME_MAX, &s->arena, &s->pipe), FH_ERR_OK);
}

/* Ends the gate as the supervisor would; its exit code.  */
static int stop(struct stage *s)
{
	int status = 0;

	if (s->control >= 0)
		(void)close(s->control);
	assert_int_equal(waitpid(s->gate, &status, 0), s->gate);
	if (s->core >= 0)
		(void)close(s->core);
	fh_arena_drop(&s->arena);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Core hears the next ask; waits at most five seconds.  */
static struct fh_ask hear(struct stage *s)
{
	struct fh_ask a = { 0 };
	struct fh_span frame;
	struct pollfd f = { .fd = s->core, .events = POLLIN };
	fh_err e = fh_pipe_next(&s->pipe, &frame);

	while (e == FH_ERR_MISSING) {
		assert_int_equal(poll(&f, 1, 5000), 1);
		assert_int_equal(fh_pipe_receive(&s->pipe), FH_ERR_OK);
		e = fh_pipe_next(&s->pipe, &frame);
	}
	assert_int_equal(e, FH_ERR_OK);
	assert_int_equal(fh_ask_read(frame, &a), FH_ERR_OK);
	return a;
}

static bool core_hears_nothing(struct stage *s)
{
	struct pollfd f = { .fd = s->core, .events = POLLIN };
	struct fh_span frame;

	return fh_pipe_next(&s->pipe, &frame) == FH_ERR_MISSING && poll(&f, 1, 100) == 0;
}

static void reply(struct stage *s, const struct fh_reply *r)
{
	static uint8_t memory[8192];
	struct fh_builder b = FH_BUILDER_ARRAY(memory);

	fh_reply_put(&b, r);
	assert_int_equal(fh_frame_send(s->core, fh_builder_span(&b), -1), FH_ERR_OK);
}

static struct fh_reply result_of(const struct fh_ask *a)
{
	static const uint8_t body[] = { 0xa1, 0x62, 'o', 'k', 0x01 };
	struct fh_reply r = { .status = FH_REPLY_RESULT, .exchange = a->exchange, .index = 5,
			      .body = FH_SPAN_ARRAY(body) };

	if (a->kind == FH_ASK_INITIALIZE)
		r.session = FH_SPAN_ARRAY(session);
	return r;
}

static void grant(struct stage *s, const struct fh_ask *a)
{
	struct fh_reply r = result_of(a);

	reply(s, &r);
}

static void refuse(struct stage *s, const struct fh_ask *a, const char *reason)
{
	struct fh_reply r = { .status = FH_REPLY_REFUSED, .exchange = a->exchange, .index = 12,
			      .reason = fh_span_str(reason), .text = FH_SPAN_LIT("no"),
			      .policy = { FH_SPAN_LIT("p1") }, .policies = 1 };

	reply(s, &r);
}

static int dial(const struct stage *s)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(s->port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static void send_text(int fd, const char *text)
{
	assert_int_equal(fh_fd_write(fd, fh_span_str(text)), FH_ERR_OK);
}

/* Reads until the text holds WANTED, the other side closes, or five seconds
 * pass; the text so far.  */
static const char *hear_text(int fd, const char *wanted)
{
	static char text[1 << 16];
	size_t n = 0;
	struct pollfd f = { .fd = fd, .events = POLLIN };

	text[0] = '\0';
	while (n < sizeof(text) - 1 && (wanted == nullptr || strstr(text, wanted) == nullptr)) {
		if (poll(&f, 1, 5000) != 1)
			break;
		ssize_t got = read(fd, text + n, sizeof(text) - 1 - n);

		if (got <= 0)
			break;
		n += (size_t)got;
		text[n] = '\0';
	}
	return text;
}

static void assert_holds(const char *text, const char *part)
{
	if (strstr(text, part) == nullptr)
		print_error("wanted %s in: %s\n", part, text);
	assert_non_null(strstr(text, part));
}

/* A POST to /mcp/notes with the header lines EXTRA and the body JSON.  */
static void post(const struct stage *s, int fd, const char *extra, const char *json)
{
	static char text[1 << 14];

	snprintf(text, sizeof(text), "POST /mcp/notes HTTP/1.1\r\nHost: localhost:%u\r\n"
		 "Accept: application/json, text/event-stream\r\nContent-Type: application/json\r\n"
		 "%sContent-Length: %zu\r\n\r\n%s", s->port, extra, strlen(json), json);
	send_text(fd, text);
}

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

/* --- a peer's connections ------------------------------------------------- */

/* A connection that the supervisor hands over; the client's end.  */
static int hand_over(struct stage *s)
{
	static const uint8_t one[] = { 0x01 };
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(fh_frame_send(s->control, FH_SPAN_ARRAY(one), pair[1]), FH_ERR_OK);
	(void)close(pair[1]);
	return pair[0];
}

static int open_session(struct stage *s)
{
	int fd = hand_over(s);

	send_text(fd, "freehold-connect/1 notes\n" INITIALIZE "\n");
	struct fh_ask a = hear(s);

	assert_int_equal(a.kind, FH_ASK_INITIALIZE);
	assert_int_equal(a.bearer.n, 0);
	grant(s, &a);
	assert_holds(hear_text(fd, "\n"), "\"protocolVersion\":\"2025-11-25\"");
	return fd;
}

static void a_peer_is_answered_in_any_order(void **state)
{
	struct stage s;

	(void)state;
	start(&s, false);
	int fd = open_session(&s);

	send_text(fd, "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"tools/list\"}\n"
		      "{\"jsonrpc\":\"2.0\",\"id\":\"b\",\"method\":\"tools/list\"}\n");
	struct fh_ask a = hear(&s);
	uint64_t first = a.exchange;
	struct fh_ask b = hear(&s);

	assert_true(fh_span_equal(b.session, FH_SPAN_ARRAY(session)));
	grant(&s, &b);
	assert_holds(hear_text(fd, "\n"), "\"id\":\"b\"");
	a = (struct fh_ask){ .exchange = first };
	grant(&s, &a);
	assert_holds(hear_text(fd, "\n"), "\"id\":\"a\"");
	(void)close(fd);
	a = hear(&s);
	assert_int_equal(a.kind, FH_ASK_END);
	assert_true(fh_span_equal(a.session, FH_SPAN_ARRAY(session)));
	assert_int_equal(stop(&s), 0);
}

static void a_peer_that_leaves_cancels_and_ends(void **state)
{
	struct stage s;

	(void)state;
	start(&s, false);
	int fd = open_session(&s);

	send_text(fd, CALL "\n");
	struct fh_ask a = hear(&s);
	uint64_t exchange = a.exchange;

	(void)close(fd);
	a = hear(&s);
	assert_int_equal(a.kind, FH_ASK_CANCEL);
	assert_int_equal(a.target, exchange);
	assert_int_equal(hear(&s).kind, FH_ASK_END);
	assert_int_equal(stop(&s), 0);
}

static void a_peer_that_only_stops_sending_still_gets_its_answer(void **state)
{
	struct stage s;

	(void)state;
	start(&s, false);
	int fd = open_session(&s);

	send_text(fd, CALL "\n");
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	struct fh_ask a = hear(&s);

	grant(&s, &a);
	assert_holds(hear_text(fd, nullptr), "\"ok\":1");
	assert_int_equal(hear(&s).kind, FH_ASK_END);
	(void)close(fd);
	assert_int_equal(stop(&s), 0);
}

static void a_session_begins_with_initialize_and_only_once(void **state)
{
	struct stage s;

	(void)state;
	start(&s, false);
	int fd = hand_over(&s);

	send_text(fd, "freehold-connect/1 notes\n" CALL "\n");
	assert_holds(hear_text(fd, "\n"), "not-initialized");
	assert_int_equal(hear(&s).kind, FH_ASK_REFUSED);
	(void)close(fd);
	fd = open_session(&s);
	send_text(fd, INITIALIZE "\n");
	assert_holds(hear_text(fd, "\n"), "already-initialized");
	assert_int_equal(hear(&s).kind, FH_ASK_REFUSED);
	(void)close(fd);
	assert_int_equal(stop(&s), 0);
}

/* A session that core has opened or refused, with all that the peer said before it knew.  */
static int say_all_at_once(struct stage *s, struct fh_ask *initialize, bool ends)
{
	int fd = hand_over(s);

	send_text(fd, "freehold-connect/1 notes\n" INITIALIZE "\n"
		  "{\"jsonrpc\":\"2.0\",\"id\":\"p\",\"method\":\"ping\"}\n"
		  "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n" CALL "\n"
		  "{\"jsonrpc\":\"2.0\",\"id\":\"q\",\"method\":\"ping\"}\n");
	if (ends)
		assert_int_equal(shutdown(fd, SHUT_WR), 0);
	*initialize = hear(s);
	assert_int_equal(initialize->kind, FH_ASK_INITIALIZE);
	const char *text = hear_text(fd, "\n");

	assert_holds(text, "\"id\":\"p\"");
	assert_null(strstr(text, "\"id\":\"q\""));
	assert_true(core_hears_nothing(s));
	return fd;
}

static void what_comes_before_initialize_is_answered_waits_for_it(void **state)
{
	(void)state;
	for (int ends = 0; ends < 2; ends++) {
		struct fh_ask a;
		struct stage s;

		start(&s, false);
		int fd = say_all_at_once(&s, &a, ends);

		grant(&s, &a);
		assert_holds(hear_text(fd, "\"id\":\"q\""), "protocolVersion");
		a = hear(&s);
		assert_int_equal(a.kind, FH_ASK_CALL);
		assert_true(fh_span_equal(a.session, FH_SPAN_ARRAY(session)));
		grant(&s, &a);
		assert_holds(hear_text(fd, ends ? nullptr : "\n"), "\"ok\":1");
		(void)close(fd);
		assert_int_equal(hear(&s).kind, FH_ASK_END);
		assert_int_equal(stop(&s), 0);
	}
}

static void what_waited_for_a_session_that_is_refused_is_refused(void **state)
{
	(void)state;
	for (int ends = 0; ends < 2; ends++) {
		struct fh_ask a;
		struct stage s;

		start(&s, false);
		int fd = say_all_at_once(&s, &a, ends);

		refuse(&s, &a, "no-permit");
		const char *text = hear_text(fd, ends ? nullptr : "\"id\":\"q\"");

		assert_holds(text, "no-permit");
		assert_holds(text, "not-initialized");
		assert_holds(text, "\"id\":\"q\"");
		(void)close(fd);
		for (int i = 0; i < 2; i++) /* the notification and the call */
			assert_int_equal(hear(&s).kind, FH_ASK_REFUSED);
		assert_int_equal(stop(&s), 0);
	}
}

static void a_peer_that_leaves_while_its_session_opens_leaves_none(void **state)
{
	struct fh_ask a;
	struct stage s;

	(void)state;
	start(&s, false);
	(void)close(say_all_at_once(&s, &a, false));
	grant(&s, &a);
	/* Its call may have been asked before the gate saw that nobody reads.  */
	do
		a = hear(&s);
	while (a.kind == FH_ASK_CALL || a.kind == FH_ASK_CANCEL);
	assert_int_equal(a.kind, FH_ASK_END);
	assert_int_equal(stop(&s), 0);
}

static void a_bad_hello_is_refused_and_closed(void **state)
{
	static const char *const bad[] = { "{}\n", "freehold-connect/2 notes\n",
					   "freehold-connect/1 \n", "freehold-connect/1 a/b\n" };
	struct stage s;

	(void)state;
	start(&s, false);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int fd = hand_over(&s);

		send_text(fd, bad[i]);
		assert_holds(hear_text(fd, nullptr), "bad-hello");
		(void)close(fd);
	}
	assert_true(core_hears_nothing(&s));
	assert_int_equal(stop(&s), 0);
}

static void a_line_without_end_is_refused(void **state)
{
	struct stage s;
	static char kilo[1025];

	(void)state;
	memset(kilo, 'a', 1024);
	start(&s, false);
	int fd = open_session(&s);

	for (size_t i = 0; i <= FH_JSON_MAX / 1024; i++)
		if (send(fd, kilo, 1024, MSG_NOSIGNAL) < 0)
			break;
	assert_holds(hear_text(fd, "\n"), "too-large");
	(void)close(fd);
	assert_int_equal(stop(&s), 0);
}

static void an_ended_session_closes_its_connection(void **state)
{
	struct stage s;

	(void)state;
	start(&s, false);
	int fd = open_session(&s);
	struct fh_reply r = { .status = FH_REPLY_ENDED, .session = FH_SPAN_ARRAY(session),
			      .reason = FH_SPAN_LIT("partial"), .text = FH_SPAN_LIT("for a test") };

	reply(&s, &r);
	assert_string_equal(hear_text(fd, nullptr),
			    "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-31002,"
			    "\"message\":\"the session is over: for a test\",\"data\":{"
			    "\"reason\":\"partial\",\"policies\":[],\"record\":null}}}\n");
	(void)close(fd);
	assert_int_equal(stop(&s), 0);
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
		cmocka_unit_test(a_peer_is_answered_in_any_order),
		cmocka_unit_test(a_peer_that_leaves_cancels_and_ends),
		cmocka_unit_test(a_peer_that_only_stops_sending_still_gets_its_answer),
		cmocka_unit_test(a_session_begins_with_initialize_and_only_once),
		cmocka_unit_test(what_comes_before_initialize_is_answered_waits_for_it),
		cmocka_unit_test(what_waited_for_a_session_that_is_refused_is_refused),
		cmocka_unit_test(a_peer_that_leaves_while_its_session_opens_leaves_none),
		cmocka_unit_test(a_bad_hello_is_refused_and_closed),
		cmocka_unit_test(a_line_without_end_is_refused),
		cmocka_unit_test(an_ended_session_closes_its_connection),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
