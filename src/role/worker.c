/* SPDX-License-Identifier: Apache-2.0 */
/* Everything this process can do: write to one tool server what core has
 * decided, read what that server says, and report it as that server's word.  It
 * holds the server's two pipes and the pair with core, and nothing else.  */
#include "base/limits.h"
#include "os/clock.h"
#include "os/memory.h"
#include "role/confine.h"
#include "role/frame.h"
#include "role/log.h"
#include "role/permit.h"
#include "role/reach.h"
#include "wire/progress.h"
#include "wire/server.h"
#include "wire/tools.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

constexpr size_t calls_max = 64;
constexpr size_t line_max = FH_JSON_MAX + 4096;
constexpr size_t scratch_size = 12 * FH_JSON_MAX;
constexpr uint32_t write_ms = 10000; /* a server that does not read its input */

struct call {
	uint64_t index;       /* of the intent; the id on the wire, too */
	uint64_t deadline_ms; /* boot clock */
	bool used;
	bool list;            /* tools/list: its answer's digests are wanted */
	bool progress;        /* how far it is may be told */
	size_t told;          /* bytes of that so far */
};

struct worker {
	struct fh_arena memory;
	struct fh_arena scratch; /* of one message */
	struct fh_pipe core;
	uint8_t *line;           /* what the server has said, up to its next line feed */
	size_t line_n;
	struct call call[calls_max];
	uint64_t last_index;     /* permits only rise */
	uint64_t opening;        /* index of the initialize in progress */
	bool is_opening;
	uint64_t dropped;        /* messages nobody had asked for, since the last report */
};

/* --- to core ---------------------------------------------------------- */

static fh_err report_whole(struct worker *w, const struct fh_outcome *o)
{
	size_t cap = o->body.n + o->digests.n + 2048;
	uint8_t *p = fh_arena_space(&w->scratch, cap);
	struct fh_builder b = fh_builder_of(p, p == nullptr ? 0 : cap);

	fh_outcome_put(&b, o);
	w->dropped = 0;
	return b.bad ? FH_ERR_NOMEM
		     : fh_frame_send(w->core.fd, fh_builder_span(&b), /* pass= */ -1);
}

static fh_err report(struct worker *w, uint64_t index, enum fh_outcome_status status,
		     struct fh_span body, const char *text)
{
	struct fh_outcome o = { .index = index, .status = status, .dropped = w->dropped,
				.text = fh_span_str(text), .body = body };

	return report_whole(w, &o);
}

/* --- to the server ---------------------------------------------------- */

/* The whole line within write_ms, however little of it the server reads at one
 * time.  */
static fh_err write_line(struct fh_span s)
{
	uint64_t until = fh_clock_boot_ms() + write_ms;

	while (s.n > 0) {
		struct pollfd f = { .fd = FH_WORKER_TO, .events = POLLOUT };
		ssize_t n = write(FH_WORKER_TO, s.p, s.n);

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return FH_ERR_CLOSED;
		s = fh_span_skip(s, n > 0 ? (size_t)n : 0);
		uint64_t now = fh_clock_boot_ms();

		if (s.n > 0 && now >= until)
			return FH_ERR_TIMEOUT;
		if (n < 0)
			(void)poll(&f, 1, (int)(until - now));
	}
	return FH_ERR_OK;
}

static struct fh_builder line_builder(struct worker *w, size_t n)
{
	uint8_t *p = fh_arena_space(&w->scratch, n);

	return fh_builder_of(p, p == nullptr ? 0 : n);
}

static fh_err send_built(const struct fh_builder *b)
{
	return b->bad ? FH_ERR_LIMIT : write_line(fh_builder_span(b));
}

/* --- permits ---------------------------------------------------------- */

static struct call *call_of(struct worker *w, uint64_t index)
{
	for (size_t i = 0; i < calls_max; i++) {
		if (w->call[i].used && w->call[i].index == index)
			return &w->call[i];
	}
	return nullptr;
}

static fh_err add_call(struct worker *w, const struct fh_permit *p, uint32_t within_ms)
{
	for (size_t i = 0; i < calls_max; i++) {
		if (w->call[i].used)
			continue;
		w->call[i] = (struct call){ .index = p->index,
					    .deadline_ms = fh_clock_boot_ms() + within_ms,
					    .used = true,
					    .list = p->kind == FH_PERMIT_LIST,
					    .progress = p->progress };
		return FH_ERR_OK;
	}
	return FH_ERR_LIMIT;
}

static fh_err cancel(struct worker *w, uint64_t index)
{
	struct call *c = call_of(w, index);
	struct fh_builder b = line_builder(w, 256);

	if (c == nullptr)
		return FH_ERR_OK; /* answered already */
	c->used = false;
	fh_mcp_put_cancelled(&b, index);
	fh_err e = send_built(&b);

	if (e != FH_ERR_OK)
		return e;
	return report(w, index, FH_OUTCOME_CANCELLED, (struct fh_span){ 0 },
		      "given up by the client");
}

static fh_err on_permit(struct worker *w, const struct fh_permit *p)
{
	struct fh_builder b = line_builder(w, 6 * p->body.n + 4096);
	uint32_t within = FH_SERVER_CALL_MS;
	fh_err e = FH_ERR_OK;

	if (p->kind == FH_PERMIT_CANCEL)
		return cancel(w, p->index);
	if (p->index <= w->last_index && w->last_index != 0)
		return FH_ERR_STATE;
	w->last_index = p->index;
	switch (p->kind) {
	case FH_PERMIT_INITIALIZE:
		within = FH_SERVER_START_MS;
		w->opening = p->index;
		w->is_opening = true;
		e = fh_mcp_put_initialize(&b, p->index, p->body);
		break;
	case FH_PERMIT_LIST:
		e = fh_mcp_put_list(&b, p->index, p->body);
		break;
	case FH_PERMIT_CALL:
		e = fh_mcp_put_call(&b, p->index, p->tool, p->body, p->progress);
		break;
	case FH_PERMIT_CANCEL:
		break;
	}
	if (e != FH_ERR_OK)
		return report(w, p->index, FH_OUTCOME_FAILED, (struct fh_span){ 0 },
			      "what was asked cannot be said to a tool server");
	e = add_call(w, p, within);
	return e == FH_ERR_OK ? send_built(&b) : e;
}

static fh_err on_core(struct worker *w)
{
	struct fh_permit p;
	struct fh_span frame;
	fh_err e = fh_pipe_receive(&w->core);

	while (e == FH_ERR_OK && (e = fh_pipe_next(&w->core, &frame)) == FH_ERR_OK) {
		fh_arena_reset(&w->scratch);
		e = fh_permit_read(frame, &p);
		if (e == FH_ERR_OK)
			e = on_permit(w, &p);
	}
	return e == FH_ERR_MISSING ? FH_ERR_OK : e;
}

/* --- from the server -------------------------------------------------- */

/* The digests of what LINE defines; none if it cannot be read, and then none match.  */
static struct fh_span digests_of(struct worker *w, struct fh_span line)
{
	struct fh_mcp_tools tools;

	if (fh_mcp_tools_read(line, &w->scratch, &tools, /* trace */ nullptr) != FH_ERR_OK)
		return (struct fh_span){ 0 };
	return fh_mcp_tool_digests(&tools, &w->scratch);
}

static fh_err on_answer(struct worker *w, const struct fh_server_message *m, struct fh_span line)
{
	struct call *c = call_of(w, m->id);
	enum fh_outcome_status status = m->said == FH_SERVER_RESULT ? FH_OUTCOME_RESULT
								    : FH_OUTCOME_ERROR;

	if (c == nullptr) {
		w->dropped++;
		return FH_ERR_OK;
	}
	c->used = false;
	if (w->is_opening && m->id == w->opening) {
		struct fh_builder b = line_builder(w, 256);

		w->is_opening = false;
		fh_mcp_put_initialized_notice(&b);
		fh_err e = status == FH_OUTCOME_RESULT ? send_built(&b) : FH_ERR_OK;

		if (e != FH_ERR_OK)
			return e;
	}
	struct fh_outcome o = { .index = m->id, .status = status, .dropped = w->dropped,
				.body = m->body };

	if (c->list && status == FH_OUTCOME_RESULT)
		o.digests = digests_of(w, line);
	return report_whole(w, &o);
}

/* How far a call is, where that is wanted.  Everything else that it tells unasked is dropped and
 * counted, and so is what goes on for too long.  */
static fh_err on_notice(struct worker *w, const struct fh_server_message *m)
{
	struct fh_outcome o = { .status = FH_OUTCOME_PROGRESS };
	fh_err e = fh_span_equal(m->method, FH_SPAN_LIT("notifications/progress"))
			   ? fh_mcp_read_progress(m->params, &w->scratch, &o.index, &o.body)
			   : FH_ERR_UNSUPPORTED;
	struct call *c = e == FH_ERR_OK ? call_of(w, o.index) : nullptr;

	if (c == nullptr || !c->progress || o.body.n > FH_PROGRESS_ALL_MAX - c->told) {
		w->dropped++;
		return FH_ERR_OK;
	}
	c->told += o.body.n;
	o.dropped = w->dropped;
	return report_whole(w, &o);
}

/* A server may ask for a ping; everything else it asks is dropped and counted.  */
static fh_err on_request(struct worker *w, const struct fh_server_message *m)
{
	struct fh_builder b = line_builder(w, m->request_id.n + 512);

	if (fh_span_equal(m->method, FH_SPAN_LIT("ping"))) {
		fh_mcp_put_pong(&b, m->request_id);
		return send_built(&b);
	}
	w->dropped++;
	fh_mcp_put_no_method(&b, m->request_id);
	return send_built(&b);
}

static fh_err on_line(struct worker *w, struct fh_span line)
{
	struct fh_server_message m;
	struct fh_trace t = { 0 };

	if (line.n == 0)
		return FH_ERR_OK;
	fh_arena_reset(&w->scratch);
	if (fh_mcp_read_server(line, &w->scratch, &m, &t) != FH_ERR_OK) {
		w->dropped++;
		return FH_ERR_OK; /* nonsense answers nothing: its call runs into its deadline */
	}
	switch (m.said) {
	case FH_SERVER_RESULT:
	case FH_SERVER_ERROR:
		return on_answer(w, &m, line);
	case FH_SERVER_REQUEST:
		return on_request(w, &m);
	case FH_SERVER_NOTICE:
		return on_notice(w, &m);
	}
	return FH_ERR_OK;
}

static fh_err on_server(struct worker *w)
{
	ssize_t n = read(FH_WORKER_FROM, w->line + w->line_n, line_max - w->line_n);
	fh_err e = FH_ERR_OK;

	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		return FH_ERR_CLOSED;
	w->line_n += n > 0 ? (size_t)n : 0;
	struct fh_span rest = fh_span_of(w->line, w->line_n);

	for (size_t end; e == FH_ERR_OK && (end = fh_span_find(rest, '\n')) < rest.n;) {
		e = on_line(w, fh_span_first(rest, end));
		rest = fh_span_skip(rest, end + 1);
	}
	memmove(w->line, rest.p, rest.n);
	w->line_n = rest.n;
	if (e == FH_ERR_OK && w->line_n == line_max)
		return FH_ERR_LIMIT;
	return e;
}

/* --- time ------------------------------------------------------------- */

static fh_err time_out(struct worker *w)
{
	uint64_t now = fh_clock_boot_ms();
	fh_err e = FH_ERR_OK;

	for (size_t i = 0; i < calls_max && e == FH_ERR_OK; i++) {
		if (!w->call[i].used || w->call[i].deadline_ms > now)
			continue;
		w->call[i].used = false;
		fh_arena_reset(&w->scratch);
		e = report(w, w->call[i].index, FH_OUTCOME_TIMEOUT, (struct fh_span){ 0 },
			   "the tool server did not answer in time");
	}
	return e;
}

static int next_timeout(const struct worker *w)
{
	uint64_t now = fh_clock_boot_ms(), first = UINT64_MAX;

	for (size_t i = 0; i < calls_max; i++) {
		if (w->call[i].used && w->call[i].deadline_ms < first)
			first = w->call[i].deadline_ms;
	}
	if (first == UINT64_MAX)
		return -1;
	return first <= now ? 0 : (int)(first - now);
}

static fh_err serve(struct worker *w)
{
	struct pollfd f[] = { { .fd = FH_FD_CORE, .events = POLLIN },
			      { .fd = FH_WORKER_FROM, .events = POLLIN } };
	fh_err e = FH_ERR_OK;

	while (e == FH_ERR_OK) {
		int n = poll(f, 2, next_timeout(w));

		if (n < 0)
			continue;
		e = time_out(w);
		if (e == FH_ERR_OK && n > 0 && f[1].revents != 0)
			e = on_server(w);
		if (e == FH_ERR_OK && n > 0 && f[0].revents != 0)
			e = on_core(w);
	}
	return e;
}

static fh_err begin(struct worker *w)
{
	fh_err e = fh_arena_map(FH_FRAME_MAX + line_max + 4096, &w->memory);

	if (e == FH_ERR_OK)
		e = fh_arena_map(scratch_size, &w->scratch);
	if (e == FH_ERR_OK)
		e = fh_pipe_open(FH_FD_CORE, FH_FRAME_MAX, &w->memory, &w->core);
	if (e != FH_ERR_OK)
		return e;
	w->line = fh_arena_space(&w->memory, line_max);
	if (w->line == nullptr || fcntl(FH_WORKER_TO, F_SETFL, O_NONBLOCK) != 0)
		return FH_ERR_NOMEM;
	return FH_ERR_OK;
}

int fh_role_worker(int argc, char **argv)
{
	struct fh_confinement what = { .role = FH_ROLE_WORKER };
	struct worker w = { 0 };
	struct fh_trace t = { 0 };
	int landlock;

	(void)argc;
	(void)argv;
	fh_err e = fh_confine(&what, &landlock, &t);

	if (e == FH_ERR_OK)
		e = begin(&w);
	if (e == FH_ERR_OK)
		e = serve(&w);
	if (e != FH_ERR_CLOSED)
		fh_log_error("worker", e, &t);
	return e == FH_ERR_CLOSED ? 0 : 2;
}
