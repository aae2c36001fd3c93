/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_TESTS_GATE_FIXTURE_H
#define FH_TESTS_GATE_FIXTURE_H

/* A real gate in a process of its own; the program that includes this plays core, the supervisor
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
static inline void become_gate(int core, int control, int listening, char **words)
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

static inline int listen_somewhere(uint16_t *port)
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

static inline void start(struct stage *s, bool network)
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
static inline int stop(struct stage *s)
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
static inline struct fh_ask hear(struct stage *s)
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

static inline bool core_hears_nothing(struct stage *s)
{
	struct pollfd f = { .fd = s->core, .events = POLLIN };
	struct fh_span frame;

	return fh_pipe_next(&s->pipe, &frame) == FH_ERR_MISSING && poll(&f, 1, 100) == 0;
}

static inline void reply(struct stage *s, const struct fh_reply *r)
{
	static uint8_t memory[8192];
	struct fh_builder b = FH_BUILDER_ARRAY(memory);

	fh_reply_put(&b, r);
	assert_int_equal(fh_frame_send(s->core, fh_builder_span(&b), -1), FH_ERR_OK);
}

static inline struct fh_reply result_of(const struct fh_ask *a)
{
	static const uint8_t body[] = { 0xa1, 0x62, 'o', 'k', 0x01 };
	struct fh_reply r = { .status = FH_REPLY_RESULT, .exchange = a->exchange, .index = 5,
			      .body = FH_SPAN_ARRAY(body) };

	if (a->kind == FH_ASK_INITIALIZE)
		r.session = FH_SPAN_ARRAY(session);
	return r;
}

static inline void grant(struct stage *s, const struct fh_ask *a)
{
	struct fh_reply r = result_of(a);

	reply(s, &r);
}

static inline void refuse(struct stage *s, const struct fh_ask *a, const char *reason)
{
	struct fh_reply r = { .status = FH_REPLY_REFUSED, .exchange = a->exchange, .index = 12,
			      .reason = fh_span_str(reason), .text = FH_SPAN_LIT("no"),
			      .policy = { FH_SPAN_LIT("p1") }, .policies = 1 };

	reply(s, &r);
}

static inline int dial(const struct stage *s)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(s->port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static inline void send_text(int fd, const char *text)
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

static inline void assert_holds(const char *text, const char *part)
{
	if (strstr(text, part) == nullptr)
		print_error("wanted %s in: %s\n", part, text);
	assert_non_null(strstr(text, part));
}

/* A POST to /mcp/notes with the header lines EXTRA and the body JSON.  */
static inline void post(const struct stage *s, int fd, const char *extra, const char *json)
{
	static char text[1 << 14];

	snprintf(text, sizeof(text), "POST /mcp/notes HTTP/1.1\r\nHost: localhost:%u\r\n"
		 "Accept: application/json, text/event-stream\r\nContent-Type: application/json\r\n"
		 "%sContent-Length: %zu\r\n\r\n%s", s->port, extra, strlen(json), json);
	send_text(fd, text);
}

#endif
