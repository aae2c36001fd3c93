/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ask_tools.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "codec/cbor.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/memory.h"
#include "role/launch.h"
#include "wire/server.h"

constexpr size_t line_max = FH_JSON_MAX + 4096;
constexpr size_t scratch_size = 12 * FH_JSON_MAX;

/* A server that was started to be asked.  */
struct asked {
	pid_t pid;
	uint32_t uid;
	struct fh_fd to, from;
	struct fh_arena *memory;
	uint8_t *line;      /* what it has said up to its next line feed */
	size_t line_n;
	uint64_t id;        /* of the last question */
	struct fh_trace *t;
};

static void end(struct asked *s)
{
	if (s->pid <= 0)
		return;
	fh_launch_kill(s->pid, s->uid);
	while (waitpid(s->pid, nullptr, 0) < 0 && errno == EINTR)
		;
}

static fh_err start(const struct fh_server_body *server, struct asked *s)
{
	struct fh_start *how = fh_arena_take(s->memory, sizeof(*how));
	int to[2], from[2];

	if (how == nullptr)
		return FH_ERR_NOMEM;
	/* As reach has it: without, the server could not be enclosed.  */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return FH_ERR_PERMISSION;
	how->arguments = fh_texts(server->command, how->argument, FH_SERVER_ARGUMENTS_MAX);
	how->environments = fh_text_pairs(server->environment, how->environment,
					  FH_SERVER_ENVIRONMENT_MAX);
	how->directory = server->directory;
	how->uid = s->uid = server->uid;
	how->gid = server->gid;
	how->executable = server->executable;
	if (pipe2(to, O_CLOEXEC) != 0)
		return fh_errno_err(errno);
	FH_OWN(fh_fd) its_in = fh_fd_of(to[0]);

	s->to = fh_fd_of(to[1]);
	if (pipe2(from, O_CLOEXEC) != 0)
		return fh_errno_err(errno);
	FH_OWN(fh_fd) its_out = fh_fd_of(from[1]);

	s->from = fh_fd_of(from[0]);
	return fh_launch(how, fh_fd_get(its_in), fh_fd_get(its_out), &s->pid, s->t);
}

static fh_err say(struct asked *s, const struct fh_builder *b)
{
	struct fh_span rest = fh_builder_span(b);

	if (b->bad)
		return FH_ERR_LIMIT;
	while (rest.n > 0) {
		ssize_t n = write(fh_fd_get(s->to), rest.p, rest.n);

		if (n < 0 && errno != EINTR)
			return FH_ERR_CLOSED;
		rest = fh_span_skip(rest, n > 0 ? (size_t)n : 0);
	}
	return FH_ERR_OK;
}

/* A copy of the line at the beginning of what it has said, if it is whole.  */
static fh_err take_line(struct asked *s, struct fh_span *line)
{
	struct fh_span said = fh_span_of(s->line, s->line_n);
	size_t end = fh_span_find(said, '\n');

	if (end == said.n)
		return s->line_n == line_max ? FH_ERR_LIMIT : FH_ERR_MISSING;
	fh_err e = fh_arena_copy(s->memory, fh_span_first(said, end), line);

	s->line_n -= end + 1;
	memmove(s->line, s->line + end + 1, s->line_n);
	return e;
}

static fh_err hear(struct asked *s, uint64_t until_ms, struct fh_span *line)
{
	fh_err e;

	while ((e = take_line(s, line)) == FH_ERR_MISSING) {
		struct pollfd f = { .fd = fh_fd_get(s->from), .events = POLLIN };
		uint64_t now = fh_clock_boot_ms();

		if (now >= until_ms || poll(&f, 1, (int)(until_ms - now)) == 0)
			return FH_ERR_TIMEOUT;
		ssize_t n = read(f.fd, s->line + s->line_n, line_max - s->line_n);

		if (n == 0 || (n < 0 && errno != EINTR))
			return FH_ERR_CLOSED;
		s->line_n += n > 0 ? (size_t)n : 0;
	}
	return e;
}

/* Says what B holds and waits for the answer to the last question; whatever else the
 * server says meanwhile is nobody's business.  */
static fh_err ask(struct asked *s, const struct fh_builder *b, uint32_t within_ms,
		  struct fh_span *answer)
{
	uint64_t until = fh_clock_boot_ms() + within_ms;
	FH_OWN(fh_arena) scratch = { 0 };
	fh_err e = fh_arena_map(scratch_size, &scratch);

	if (e == FH_ERR_OK)
		e = say(s, b);
	while (e == FH_ERR_OK) {
		struct fh_server_message m;

		e = hear(s, until, answer);
		if (e != FH_ERR_OK)
			break;
		fh_arena_reset(&scratch);
		if (fh_mcp_read_server(*answer, &scratch, &m, /* trace */ nullptr) != FH_ERR_OK)
			continue;
		if (m.said == FH_SERVER_RESULT && m.id == s->id)
			return FH_ERR_OK;
		if (m.said == FH_SERVER_ERROR && m.id == s->id) {
			fh_trace_what(s->t, "the server answered with an error");
			return FH_ERR_FORMAT;
		}
	}
	return e;
}

static fh_err greet(struct asked *s)
{
	uint8_t bytes[1024];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);
	struct fh_span answer;
	fh_err e = fh_mcp_put_initialize(&b, ++s->id, FH_SPAN_LIT("\xa0"));

	if (e == FH_ERR_OK)
		e = ask(s, &b, FH_SERVER_START_MS, &answer);
	b.n = 0;
	fh_mcp_put_initialized_notice(&b);
	return e == FH_ERR_OK ? say(s, &b) : e;
}

/* {} or {"cursor": CURSOR}, and the question with it.  */
static fh_err put_question(struct asked *s, struct fh_span cursor, struct fh_builder *b)
{
	size_t cap = cursor.n + 32;
	uint8_t *p = fh_arena_space(s->memory, cap);
	struct fh_builder params = fh_builder_of(p, p == nullptr ? 0 : cap);

	fh_cbor_put_map(&params, cursor.n > 0 ? 1 : 0);
	if (cursor.n > 0) {
		fh_cbor_put_text(&params, FH_SPAN_LIT("cursor"));
		fh_cbor_put_text(&params, cursor);
	}
	return params.bad ? FH_ERR_NOMEM : fh_mcp_put_list(b, ++s->id, fh_builder_span(&params));
}

static fh_err list(struct asked *s, struct fh_mcp_tools page[FH_ASK_PAGES_MAX], size_t *n)
{
	struct fh_span cursor = { 0 }, answer;
	fh_err e = FH_ERR_OK;

	for (*n = 0; e == FH_ERR_OK && (*n == 0 || cursor.n > 0);) {
		size_t cap = 6 * cursor.n + 256;
		uint8_t *p = fh_arena_space(s->memory, cap);
		struct fh_builder b = fh_builder_of(p, p == nullptr ? 0 : cap);

		if (*n == FH_ASK_PAGES_MAX) {
			fh_trace_what(s->t, "lists its tools on more than %zu pages",
				      FH_ASK_PAGES_MAX);
			return FH_ERR_LIMIT;
		}
		e = put_question(s, cursor, &b);
		if (e == FH_ERR_OK)
			e = ask(s, &b, FH_SERVER_CALL_MS, &answer);
		if (e == FH_ERR_OK)
			e = fh_mcp_tools_read(answer, s->memory, &page[*n], s->t);
		if (e == FH_ERR_OK)
			cursor = page[(*n)++].cursor;
	}
	return e;
}

fh_err fh_ask_tools(const struct fh_server_body *server, struct fh_arena *a,
		    struct fh_mcp_tools page[FH_ASK_PAGES_MAX], size_t *n, struct fh_trace *t)
{
	struct asked s = { .memory = a, .t = t, .line = fh_arena_space(a, line_max) };
	fh_err e = s.line == nullptr ? FH_ERR_NOMEM : start(server, &s);

	(void)signal(SIGPIPE, SIG_IGN);
	if (e == FH_ERR_OK)
		e = greet(&s);
	if (e == FH_ERR_OK)
		e = list(&s, page, n);
	end(&s);
	fh_fd_drop(&s.to);
	fh_fd_drop(&s.from);
	return e;
}
