/* SPDX-License-Identifier: Apache-2.0 */
/* What the gate adds to a permitted call, and of what parts:
 *
 *	latency DIRECTORY PORT TOKEN SERVER FOLDER [SECONDS [text|json]]
 *
 * A running daemon on 127.0.0.1:PORT knows the tool server SERVER FOLDER as
 * "notes".  One client calls it over one HTTP connection, then the same server
 * over its pipes, one call at a time.  DIRECTORY is on the record's disk.  */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/own.h"
#include "measure.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/memory.h"

constexpr size_t text_max = 64 << 10;
constexpr size_t samples_max = 1 << 20;
constexpr size_t probes_a_second = 200;
constexpr size_t batch_bytes = 4608; /* an entry and a note, as they lie in the journal */

static const char initialize[] =
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
	"\"2025-11-25\",\"capabilities\":{},\"clientInfo\":{\"name\":\"bench\",\"version\":\"1\"}}"
	"}";
static const char initialized[] = "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}";
static const char call[] = "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/"
			   "call\",\"params\":{\"name\":\"read_note\","
			   "\"arguments\":{\"path\":\"/public/welcome.txt\"}}}";

/* Somebody who answers calls: a connection to the gate, or the bare server.  */
struct peer {
	int in, out;
	uint16_t port; /* 0: not HTTP */
	const char *token;
	char session[128];   /* of HTTP, once known */
	char text[text_max]; /* what came last, a C string */
};

/* --- talking ---------------------------------------------------------- */

static fh_err say(const struct peer *p, const char *json)
{
	char text[2048];
	int n;

	if (p->port == 0)
		n = snprintf(text, sizeof(text), "%s\n", json);
	else
		n = snprintf(text, sizeof(text),
			     "POST /mcp/notes HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Type: "
			     "application/json\r\n"
			     "Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: "
			     "2025-11-25\r\n"
			     "Authorization: Bearer %s\r\n%s%s%sContent-Length: %zu\r\n\r\n%s",
			     p->port, p->token, p->session[0] != '\0' ? "Mcp-Session-Id: " : "",
			     p->session, p->session[0] != '\0' ? "\r\n" : "", strlen(json), json);
	if (n < 0 || (size_t)n >= sizeof(text))
		return FH_ERR_LIMIT;
	return write(p->out, text, (size_t)n) == n ? FH_ERR_OK : FH_ERR_CLOSED;
}

/* The whole of an answer, or NULL as long as some is missing: its body.  */
static const char *whole(const struct peer *p)
{
	if (p->port == 0)
		return strchr(p->text, '\n') != nullptr ? p->text : nullptr;
	const char *end = strstr(p->text, "\r\n\r\n");
	const char *length = end == nullptr ? nullptr : strcasestr(p->text, "\r\nContent-Length:");

	if (end == nullptr)
		return nullptr;
	size_t wanted = length == nullptr
				? 0
				: strtoul(length + strlen("\r\nContent-Length:"), nullptr, 10);

	return strlen(end + 4) >= wanted ? end + 4 : nullptr;
}

static fh_err hear(struct peer *p, const char **body)
{
	size_t n = 0;

	p->text[0] = '\0';
	while ((*body = whole(p)) == nullptr) {
		ssize_t got = read(p->in, p->text + n, text_max - 1 - n);

		if (got <= 0)
			return FH_ERR_CLOSED;
		n += (size_t)got;
		p->text[n] = '\0';
	}
	return FH_ERR_OK;
}

static fh_err open_session(struct peer *p)
{
	const char *body, *session;
	fh_err e = say(p, initialize);

	if (e == FH_ERR_OK)
		e = hear(p, &body);
	if (e != FH_ERR_OK)
		return e;
	session = strcasestr(p->text, "\r\nMcp-Session-Id:");
	if (p->port != 0) {
		if (session == nullptr)
			return FH_ERR_PERMISSION;
		session += strlen("\r\nMcp-Session-Id:");
		session += strspn(session, " ");
		(void)snprintf(p->session, sizeof(p->session), "%.*s", (int)strcspn(session, "\r"),
			       session);
	}
	e = say(p, initialized);
	return e == FH_ERR_OK && p->port != 0 ? hear(p, &body) : e;
}

static fh_err one_call(struct peer *p, struct bench_samples *s)
{
	const char *body;
	uint64_t begun = fh_clock_boot_ns();
	fh_err e = say(p, call);

	if (e == FH_ERR_OK)
		e = hear(p, &body);
	if (e != FH_ERR_OK)
		return e;
	bench_samples_add(s, fh_clock_boot_ns() - begun);
	if (strstr(body, "Welcome.") != nullptr && strstr(body, "\"isError\":true") == nullptr)
		return FH_ERR_OK;
	(void)fprintf(stderr, "freehold: latency: answered %s\n", body);
	return FH_ERR_STATE;
}

static fh_err calls(struct peer *p, double seconds, struct bench_samples *s)
{
	uint64_t end = fh_clock_boot_ns() + (uint64_t)(seconds * 1e9);
	fh_err e = open_session(p);

	for (size_t i = 0; i < 20 && e == FH_ERR_OK; i++) /* warms up */
		e = one_call(p, s);
	s->n = 0;
	while (e == FH_ERR_OK && fh_clock_boot_ns() < end)
		e = one_call(p, s);
	return e;
}

/* --- the two ways ----------------------------------------------------- */

static fh_err through_gate(struct peer *p, double seconds, struct bench_samples *s)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(p->port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	FH_OWN(fh_fd) owned = fd < 0 ? (struct fh_fd){ 0 } : fh_fd_of(fd);

	if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0
	    || connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0)
		return fh_errno_err(errno);
	p->in = p->out = fd;
	return calls(p, seconds, s);
}

static fh_err bare(char *const *argv, struct peer *p, double seconds, struct bench_samples *s)
{
	int to[2], from[2];

	if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0)
		return fh_errno_err(errno);
	pid_t child = fork();

	if (child == 0) {
		if (dup2(to[0], 0) == 0 && dup2(from[1], 1) == 1)
			(void)execv(argv[0], argv);
		_exit(127);
	}
	FH_OWN(fh_fd) out = fh_fd_of(to[1]);
	FH_OWN(fh_fd) in = fh_fd_of(from[0]);

	(void)close(to[0]);
	(void)close(from[1]);
	if (child < 0)
		return FH_ERR_NOMEM;
	p->in = from[0];
	p->out = to[1];
	fh_err e = calls(p, seconds, s);

	(void)kill(child, SIGKILL);
	(void)waitpid(child, nullptr, 0);
	return e;
}

/* --- parts ------------------------------------------------------------ */

/* Microseconds.  */
struct spread {
	double least, p50, p99;
};

static struct spread spread_of(struct bench_samples *s)
{
	struct spread t = { (double)bench_samples_at(s, 0) / 1e3,
			    (double)bench_samples_at(s, 500) / 1e3,
			    (double)bench_samples_at(s, 990) / 1e3 };

	s->n = 0;
	return t;
}

struct figures {
	struct spread gate, bare, sync, slot, sign;
};

static fh_err measure_parts(const char *directory, double seconds, struct bench_samples *s,
			    struct figures *f)
{
	size_t probes = (size_t)(seconds * probes_a_second);
	fh_err e = bench_probe_sync(directory, batch_bytes, probes, s);

	f->sync = spread_of(s);
	if (e == FH_ERR_OK)
		e = bench_probe_rewrite(directory, probes, s);
	f->slot = spread_of(s);
	if (e == FH_ERR_OK)
		e = bench_probe_sign(probes, s);
	f->sign = spread_of(s);
	return e;
}

/* What remains of a call at its p50 when no part took longer than it ever does.
 * The parts are measured on their own after the calls, on a disk that may have
 * become slower or faster, so that a difference of medians would say nothing.  */
static double rest_at_most(const struct figures *f)
{
	double rest = f->gate.p50 - f->bare.p50
		    - 2 * (f->sync.least + f->slot.least + f->sign.least);

	return rest > 0 ? rest : 0;
}

static const char *limit_of(const struct figures *f)
{
	double syncs = 2 * (f->sync.p50 + f->slot.p50), signatures = 2 * f->sign.p50;

	if (f->gate.p50 - f->bare.p50 > 2 * (syncs + signatures))
		return "hops between processes and deciding";
	return syncs > signatures ? "the four syncs, which wait for each other"
				  : "the two signatures";
}

static void print_json(const struct figures *f)
{
	(void)printf("{\"bench\":\"latency\",\"gate-p50-us\":%.1f,\"gate-p99-us\":%.1f,"
		     "\"bare-p50-us\":%.1f,\"bare-p99-us\":%.1f,",
		     f->gate.p50, f->gate.p99, f->bare.p50, f->bare.p99);
	(void)printf("\"journal-sync-p50-us\":%.1f,\"journal-sync-p99-us\":%.1f,"
		     "\"slot-sync-p50-us\":%.1f,\"slot-sync-p99-us\":%.1f,",
		     f->sync.p50, f->sync.p99, f->slot.p50, f->slot.p99);
	(void)printf("\"sign-p50-us\":%.1f,\"sign-p99-us\":%.1f,\"rest-at-most-us\":%.1f,"
		     "\"limit\":\"%s\"}\n",
		     f->sign.p50, f->sign.p99, rest_at_most(f), limit_of(f));
}

/* Twice a part, since a permitted call is recorded before and after.  */
static void print_part(const char *name, const struct spread *part)
{
	(void)printf("    2 x %-32s %7.0f          %7.0f   least %7.0f us\n", name, 2 * part->p50,
		     2 * part->p99, 2 * part->least);
}

static void print_text(const struct figures *f)
{
	(void)printf("a permitted call, one at a time      p50 %7.0f us   p99 %7.0f us\n",
		     f->gate.p50, f->gate.p99);
	(void)printf("  the same server, nobody between        %7.0f          %7.0f\n", f->bare.p50,
		     f->bare.p99);
	(void)printf("  added                                  %7.0f          %7.0f\n",
		     f->gate.p50 - f->bare.p50, f->gate.p99 - f->bare.p99);
	(void)printf("  of which, each measured alone afterwards:\n");
	print_part("sync of the journal", &f->sync);
	print_part("sync of keys/signed", &f->slot);
	print_part("signature", &f->sign);
	(void)printf("    hops, deciding and the rest: at most %.0f us at p50\n", rest_at_most(f));
	(void)printf("  limit: %s\n", limit_of(f));
}

int main(int argc, char **argv)
{
	FH_OWN(fh_arena) memory = { 0 };
	struct bench_samples s;
	struct figures f = { 0 };

	if (argc < 6) {
		(void)fprintf(stderr, "usage: latency DIRECTORY PORT TOKEN SERVER FOLDER "
				      "[SECONDS [text|json]]\n");
		return 64;
	}
	char *const command[] = { argv[4], argv[5], nullptr };
	double seconds = argc > 6 ? (double)bench_number(argv[6]) : 3;
	fh_err e =
		fh_arena_map(samples_max * sizeof(*s.ns) + 2 * sizeof(struct peer) + 4096, &memory);
	struct peer *p = e == FH_ERR_OK ? fh_arena_array(&memory, 2, sizeof(*p)) : nullptr;

	if (e == FH_ERR_OK)
		e = bench_samples_open(samples_max, &memory, &s);
	if (e != FH_ERR_OK || p == nullptr)
		return bench_failed("latency", FH_ERR_NOMEM);
	p[0].port = (uint16_t)bench_number(argv[2]);
	p[0].token = argv[3];
	e = through_gate(&p[0], seconds, &s);
	f.gate = spread_of(&s);
	if (e == FH_ERR_OK)
		e = bare(command, &p[1], seconds / 2, &s);
	f.bare = spread_of(&s);
	if (e == FH_ERR_OK)
		e = measure_parts(argv[1], seconds, &s, &f);
	if (e != FH_ERR_OK)
		return bench_failed("latency", e);
	(argc > 7 && strcmp(argv[7], "json") == 0 ? print_json : print_text)(&f);
	return 0;
}
