/* SPDX-License-Identifier: Apache-2.0 */
/* A gate and the connections of a peer.  */
#include "gate_fixture.h"

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
