/* SPDX-License-Identifier: Apache-2.0 */
/* The k-th allocation, or the k-th send or receive, fails in a gate and in a
 * worker, for every k: the process neither crashes nor hangs, core gets whole
 * frames only, and the other side whole messages or the end of its connection.
 * What is merely interrupted or short changes nothing.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "codec/json.h"
#include "fault.h"
#include "os/memory.h"
#include "role/ask.h"
#include "role/frame.h"
#include "role/permit.h"
#include "role/role.h"

#define SESSION "000102030405060708090a0b0c0d0e0f"
#define CALL "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\"t\"}}"
#define INITIALIZE "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{" \
	"\"protocolVersion\":\"2025-06-18\",\"capabilities\":{},\"clientInfo\":{\"name\":\"c\"}}}"

constexpr int met_mark = 64;   /* in the exit code: the fault was met */
constexpr int quiet_ms = 1500; /* then nothing more will come; above the gate's tick */
constexpr unsigned hang_s = 30;
constexpr size_t places = 4;   /* descriptors of the child, from FH_FD_CONTROL on */

/* --- calls that fail ------------------------------------------------------------ */

ssize_t __real_send(int fd, const void *p, size_t n, int flags);
ssize_t __real_recv(int fd, void *p, size_t n, int flags);
ssize_t __real_sendmsg(int fd, const struct msghdr *m, int flags);
ssize_t __real_recvmsg(int fd, struct msghdr *m, int flags);
ssize_t __wrap_send(int fd, const void *p, size_t n, int flags);
ssize_t __wrap_recv(int fd, void *p, size_t n, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *m, int flags);
ssize_t __wrap_recvmsg(int fd, struct msghdr *m, int flags);

static size_t shorter(size_t n)
{
	return n > 3 ? 3 : n;
}

ssize_t __wrap_send(int fd, const void *p, size_t n, int flags)
{
	if (!fault_fails("send"))
		return __real_send(fd, p, n, flags);
	return fault_now()->error == FAULT_SHORT ? __real_send(fd, p, shorter(n), flags) : -1;
}

ssize_t __wrap_recv(int fd, void *p, size_t n, int flags)
{
	if (!fault_fails("recv"))
		return __real_recv(fd, p, n, flags);
	return fault_now()->error == FAULT_SHORT ? __real_recv(fd, p, shorter(n), flags) : -1;
}

ssize_t __wrap_sendmsg(int fd, const struct msghdr *m, int flags)
{
	if (!fault_fails("sendmsg"))
		return __real_sendmsg(fd, m, flags);
	struct iovec v = { m->msg_iov[0].iov_base, shorter(m->msg_iov[0].iov_len) };
	struct msghdr part = *m;

	part.msg_iov = &v;
	part.msg_iovlen = 1;
	return fault_now()->error == FAULT_SHORT ? __real_sendmsg(fd, &part, flags) : -1;
}

ssize_t __wrap_recvmsg(int fd, struct msghdr *m, int flags)
{
	if (!fault_fails("recvmsg"))
		return __real_recvmsg(fd, m, flags);
	struct iovec all = m->msg_iov[0];

	m->msg_iov[0].iov_len = shorter(all.iov_len);
	ssize_t n = fault_now()->error == FAULT_SHORT ? __real_recvmsg(fd, m, flags) : -1;

	m->msg_iov[0] = all;
	return n;
}

static bool is_transfer(const char *call)
{
	return strncmp(call, "send", 4) == 0 || strncmp(call, "recv", 4) == 0;
}

static bool is_allocation(const char *call)
{
	return !is_transfer(call);
}

struct fault_kind {
	bool (*chosen)(const char *call);
	int error;
	bool harmless; /* everything goes on as if it had not been */
	bool cuts;     /* what is on its way may end in the middle */
};

/* --- the child ------------------------------------------------------------------ */

enum scene_kind { OVER_HTTP, OVER_LINES, A_WORKER };

struct scene {
	enum scene_kind kind;
	pid_t child;
	int core, control;     /* this program's ends; -1: closed */
	int from, to;          /* the client's connection, or the tool server's pipes */
	uint16_t port;
	struct fh_arena arena;
	struct fh_pipe pipe;   /* over core */
	struct fh_arena json;
	bool core_closed, closed; /* by the child */
	size_t answers;        /* that the client, or core from a worker, got */
	char text[1 << 14];    /* all that came from the child's other side */
	size_t text_n;
	size_t text_seen;      /* of it in whole messages */
};

/* Descriptors to their places, then the role; the exit code tells of the fault.  */
static void become(const struct scene *s, const int place[places], size_t k,
		   const struct fault_kind *kind)
{
	char role[] = "gate", over_network[] = "network", of_peer[] = "peer", name[32];
	char *words[] = { role, s->kind == OVER_HTTP ? over_network : of_peer,
			  s->kind == OVER_HTTP ? name : nullptr, nullptr };

	snprintf(name, sizeof(name), "localhost:%u", s->port);
	for (int i = 0; i < (int)places; i++) {
		if (place[i] >= 0 && fcntl(place[i], F_DUPFD, 40 + i) != 40 + i)
			_exit(99);
	}
	for (int i = 0; i < (int)places; i++) {
		(void)close(FH_FD_CONTROL + i);
		if (place[i] >= 0 && dup2(40 + i, FH_FD_CONTROL + i) < 0)
			_exit(99);
	}
	for (int fd = FH_FD_CONTROL + (int)places; fd < 64; fd++)
		(void)close(fd);
	(void)alarm(hang_s);
	fault_arm(k, kind->error, kind->chosen);
	int code = s->kind == A_WORKER ? fh_role_worker(1, words)
				       : fh_role_gate(s->kind == OVER_HTTP ? 3 : 2, words);

	_exit(code + (fault_end() ? met_mark : 0));
}

static int listen_somewhere(uint16_t *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

static int dial(uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static void make_pair(int *mine, int *its)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	*mine = pair[0];
	*its = pair[1];
}

/* The other side: what the child gets of it is put in PLACE.  */
static void make_other_side(struct scene *s, int place[places])
{
	static const uint8_t one[] = { 0x01 };
	int its;

	switch (s->kind) {
	case OVER_HTTP:
		place[2] = listen_somewhere(&s->port);
		s->from = s->to = dial(s->port);
		break;
	case OVER_LINES:
		make_pair(&s->from, &its);
		s->to = s->from;
		assert_int_equal(fh_frame_send(s->control, FH_SPAN_ARRAY(one), its), FH_ERR_OK);
		(void)close(its);
		break;
	case A_WORKER:
		make_pair(&s->to, &place[2]);
		make_pair(&s->from, &place[3]);
		break;
	}
}

static void start(struct scene *s, enum scene_kind kind, size_t k, const struct fault_kind *fault)
{
	int place[places] = { -1, -1, -1, -1 };

	memset(s, 0, sizeof(*s));
	s->kind = kind;
	make_pair(&s->control, &place[0]);
	make_pair(&s->core, &place[1]);
	make_other_side(s, place);
	assert_int_equal(fh_arena_map(FH_FRAME_MAX + 4096, &s->arena), FH_ERR_OK);
	assert_int_equal(fh_pipe_open(s->core, FH_FRAME_MAX, &s->arena, &s->pipe), FH_ERR_OK);
	assert_int_equal(fh_arena_map(1 << 20, &s->json), FH_ERR_OK);
	s->child = fork();
	assert_true(s->child >= 0);
	if (s->child == 0)
		become(s, place, k, fault);
	for (size_t i = 0; i < places; i++) {
		if (place[i] >= 0)
			(void)close(place[i]);
	}
}

/* --- what is said to it --------------------------------------------------------- */

/* The child may be gone already.  */
static void say(int fd, const char *text)
{
	(void)!__real_send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static void say_json(struct scene *s, const char *extra, const char *json)
{
	char text[2048];

	if (s->kind == OVER_LINES)
		snprintf(text, sizeof(text), "%s%s\n", extra, json);
	else
		snprintf(text, sizeof(text), "POST /mcp/notes HTTP/1.1\r\nHost: localhost:%u\r\n"
			 "Accept: application/json, text/event-stream\r\n"
			 "Content-Type: application/json\r\n%sContent-Length: %zu\r\n\r\n%s",
			 s->port, extra, strlen(json), json);
	say(s->to, text);
}

static void permit(struct scene *s, enum fh_permit_kind kind, uint64_t index)
{
	uint8_t bytes[512];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_permit p = { kind, index, kind == FH_PERMIT_CALL ? FH_SPAN_LIT("t")
					    : (struct fh_span){ 0 }, FH_SPAN_LIT("\xa0") };

	fh_permit_put(&b, &p);
	assert_false(b.bad);
	(void)!fh_frame_send(s->core, fh_builder_span(&b), -1);
}

static void say_first(struct scene *s)
{
	if (s->kind == A_WORKER)
		permit(s, FH_PERMIT_INITIALIZE, 5);
	else
		say_json(s, s->kind == OVER_LINES ? "freehold-connect/1 notes\n" : "", INITIALIZE);
}

static void say_second(struct scene *s)
{
	if (s->kind == A_WORKER)
		permit(s, FH_PERMIT_CALL, 6);
	else
		say_json(s, s->kind == OVER_LINES ? "" : "Mcp-Session-Id: " SESSION "\r\n", CALL);
}

/* --- what it says --------------------------------------------------------------- */

static void reply(struct scene *s, const struct fh_ask *a)
{
	static const uint8_t session[FH_SESSION_ID_SIZE] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
							     12, 13, 14, 15 };
	uint8_t bytes[1024];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_reply r = { .status = FH_REPLY_REFUSED, .exchange = a->exchange, .index = 12,
			      .reason = FH_SPAN_LIT("no-permit"), .text = FH_SPAN_LIT("no"),
			      .policy = { FH_SPAN_LIT("p1") }, .policies = 1 };

	if (a->kind == FH_ASK_INITIALIZE)
		r = (struct fh_reply){ .status = FH_REPLY_RESULT, .exchange = a->exchange,
				       .index = 5, .session = FH_SPAN_ARRAY(session),
				       .body = FH_SPAN_LIT("\xa1\x62ok\x01") };
	else if (a->kind != FH_ASK_CALL)
		return;
	fh_reply_put(&b, &r);
	assert_false(b.bad);
	(void)!fh_frame_send(s->core, fh_builder_span(&b), -1);
}

static void core_frame(struct scene *s, struct fh_span frame)
{
	struct fh_ask a;
	struct fh_outcome o;

	if (s->kind != A_WORKER) {
		assert_int_equal(fh_ask_read(frame, &a), FH_ERR_OK);
		reply(s, &a);
		return;
	}
	assert_int_equal(fh_outcome_read(frame, &o), FH_ERR_OK);
	assert_int_equal(o.index, 5 + s->answers);
	if (s->answers++ == 0)
		say_second(s);
}

static void hear_core(struct scene *s)
{
	struct fh_span frame;
	fh_err e = fh_pipe_receive(&s->pipe);

	while (e == FH_ERR_OK && (e = fh_pipe_next(&s->pipe, &frame)) == FH_ERR_OK)
		core_frame(s, frame);
	s->core_closed = e == FH_ERR_CLOSED || e == FH_ERR_IO;
	assert_true(s->core_closed || e == FH_ERR_MISSING || e == FH_ERR_STATE);
}

static void must_be_json(struct scene *s, const char *p, size_t n)
{
	static uint8_t room[1 << 15];
	struct fh_builder out = FH_BUILDER_ARRAY(room);
	struct fh_trace t = { 0 };

	if (fh_json_to_cbor(fh_span_of((const uint8_t *)p, n), &s->json, &out, &t) != FH_ERR_OK)
		fail_msg("no JSON: %.*s", (int)n, p);
}

/* The length of the whole message at P, after a look at it; 0 if it is not whole.  */
static size_t message(struct scene *s, const char *p)
{
	const char *end = strstr(p, s->kind == OVER_HTTP ? "\r\n\r\n" : "\n");
	const char *length = strstr(p, "Content-Length: ");

	if (end == nullptr)
		return 0;
	if (s->kind != OVER_HTTP) {
		must_be_json(s, p, (size_t)(end - p));
		return (size_t)(end - p) + 1;
	}
	assert_memory_equal(p, "HTTP/1.1 ", 9);
	end += 4;
	size_t n = length != nullptr && length < end ? strtoul(length + 16, nullptr, 10) : 0;

	if (strlen(end) < n)
		return 0;
	if (n > 0)
		must_be_json(s, end, n);
	return (size_t)(end - p) + n;
}

static void act_on_message(struct scene *s, const char *p)
{
	if (s->kind != A_WORKER) {
		if (s->answers++ == 0)
			say_second(s);
		return;
	}
	if (strstr(p, "\"id\":6") != nullptr)
		say(s->to, "{\"jsonrpc\":\"2.0\",\"id\":6,\"result\":{\"content\":[]}}\n");
	else if (strstr(p, "\"id\":5") != nullptr)
		say(s->to, "{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":{\"protocolVersion\":"
			     "\"2025-06-18\",\"capabilities\":{},\"serverInfo\":{\"name\":\"s\","
			     "\"version\":\"1\"}}}\n");
}

static void hear_other_side(struct scene *s)
{
	size_t end = sizeof(s->text) - 1;
	ssize_t n = s->text_n < end ? read(s->from, s->text + s->text_n, end - s->text_n) : 0;

	s->closed = n <= 0;
	s->text_n += n > 0 ? (size_t)n : 0;
	s->text[s->text_n] = '\0';
	for (size_t m; (m = message(s, s->text + s->text_seen)) > 0;) {
		const char *p = s->text + s->text_seen;

		s->text_seen += m;
		act_on_message(s, p);
	}
}

/* Hears both sides until WANTED answers have come, the child is gone or it is
 * quiet.  */
static void hear(struct scene *s, size_t wanted)
{
	while (s->answers < wanted && !(s->closed && s->core_closed)) {
		struct pollfd f[] = {
			{ s->core_closed ? -1 : s->core, POLLIN, 0 },
			{ s->closed ? -1 : s->from, POLLIN, 0 },
		};

		if ((s->closed && s->kind != A_WORKER) || poll(f, 2, quiet_ms) <= 0)
			return;
		if (f[0].revents != 0)
			hear_core(s);
		if (f[1].revents != 0)
			hear_other_side(s);
	}
}

/* Ends the child as its superior would; its exit status.  */
static int stop(struct scene *s)
{
	int status = 0;

	(void)close(s->control);
	if (s->kind == A_WORKER)
		(void)shutdown(s->core, SHUT_WR);
	while (!s->core_closed)
		hear_core(s);
	while (!s->closed)
		hear_other_side(s);
	assert_int_equal(waitpid(s->child, &status, 0), s->child);
	(void)close(s->core);
	(void)close(s->from);
	if (s->to != s->from)
		(void)close(s->to);
	fh_pipe_drop(&s->pipe);
	fh_arena_drop(&s->arena);
	fh_arena_drop(&s->json);
	return status;
}

/* --- every k -------------------------------------------------------------------- */

static bool fail_one(enum scene_kind kind, size_t k, const struct fault_kind *fault)
{
	static struct scene s;
	size_t descriptors = fault_descriptors();

	start(&s, kind, k, fault);
	say_first(&s);
	hear(&s, 2);
	size_t answers = s.answers;
	int status = stop(&s);

	if (!WIFEXITED(status))
		fail_msg("k %zu, error %d: signal %d", k, fault->error, WTERMSIG(status));
	int code = WEXITSTATUS(status) & ~met_mark;
	bool met = (WEXITSTATUS(status) & met_mark) != 0;

	if (code != 0 && code != 2)
		fail_msg("k %zu, error %d: exit code %d", k, fault->error, code);
	/* A worker's end blocks: nothing to receive where poll saw something is an error.  */
	bool whole = !met || (fault->harmless && (kind != A_WORKER || fault->error != EAGAIN));

	if (whole && (answers != 2 || code != 0))
		fail_msg("k %zu, error %d: %zu answers, exit code %d", k, fault->error, answers,
			 code);
	if (!fault->cuts)
		assert_int_equal(s.text_seen, s.text_n);
	assert_int_equal(fault_descriptors(), descriptors);
	return met;
}

static void fail_every(const char *name, enum scene_kind kind)
{
	static const struct fault_kind all[] = {
		{ is_allocation, ENOMEM, false, false },
		{ is_transfer, EINTR, true, false },
		{ is_transfer, EAGAIN, true, false },
		{ is_transfer, FAULT_SHORT, true, false },
		{ is_transfer, ECONNRESET, false, true },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		size_t k = 0;

		while (fail_one(kind, k, &all[i]))
			k++;
		print_message("# %s, error %d: %zu faults\n", name, all[i].error, k);
		assert_true(k > 0);
	}
}

static void a_gate_over_http_says_whole_messages_or_closes(void **state)
{
	(void)state;
	fail_every("gate over HTTP", OVER_HTTP);
}

static void a_gate_of_a_peer_says_whole_messages_or_closes(void **state)
{
	(void)state;
	fail_every("gate of a peer", OVER_LINES);
}

static void a_worker_says_whole_frames_and_lines_or_ends(void **state)
{
	(void)state;
	fail_every("worker", A_WORKER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_gate_over_http_says_whole_messages_or_closes),
		cmocka_unit_test(a_gate_of_a_peer_says_whole_messages_or_closes),
		cmocka_unit_test(a_worker_says_whole_frames_and_lines_or_ends),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
