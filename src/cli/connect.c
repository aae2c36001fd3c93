/* SPDX-License-Identifier: Apache-2.0 */
/* freehold connect NAME: standard input and output become a connection to the
 * tool server NAME of the running daemon.  It only moves bytes: which program
 * that is, as whom it runs and what is allowed is not this command's word.  */
#include "cli/command.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/connect_heard.h"
#include "cli/daemon_socket.h"

static const struct fh_option options[] = {
	FH_SOCKET_OPTION,
};

static const struct fh_usage usage = {
	.verb = "connect",
	.operands = "NAME",
	.summary = "Connects standard input and output to a tool server",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.operands_min = 1,
	.operands_max = 1,
	.text = "Speaks MCP over stdio on behalf of the running daemon.  The server, its program\n"
		"and what is allowed are the operator's statements; who asks is what the kernel\n"
		"says about this process.  Exit status 0: standard input ended, and what was\n"
		"asked is answered; 1: refused, or the session was ended by the operator's word;\n"
		"2: could not.\n",
	.examples = "  freehold connect notes\n",
};

/* One direction: what was read and not yet written.  */
struct relay {
	int from, to;
	bool ended;  /* nothing more comes */
	bool closed; /* the other side was told so */
	bool lost;   /* it ended because TO takes no more */
	struct fh_heard *heard; /* of what passes; or NULL */
	size_t at, n;
	uint8_t bytes[64 << 10];
};

/* The name of a server as the daemon takes it.  */
static bool is_name(struct fh_span s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
			 || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';

		if (!good)
			return false;
	}
	return s.n > 0 && s.n <= FH_NAME_MAX;
}

static fh_err fill(struct relay *r)
{
	ssize_t n = read(r->from, r->bytes, sizeof(r->bytes));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return FH_ERR_OK;
	if (n < 0 && errno != ECONNRESET)
		return FH_ERR_IO;
	r->ended = n <= 0;
	r->at = 0;
	r->n = n > 0 ? (size_t)n : 0;
	if (r->heard != nullptr)
		fh_heard_take(r->heard, fh_span_of(r->bytes, r->n));
	return FH_ERR_OK;
}

static fh_err drain(struct relay *r)
{
	ssize_t n = write(r->to, r->bytes + r->at, r->n - r->at);

	if (n >= 0)
		r->at += (size_t)n;
	if (n >= 0 || errno == EINTR || errno == EAGAIN)
		return FH_ERR_OK;
	if (r->to == STDOUT_FILENO)
		return fh_errno_err(errno);
	r->ended = r->lost = true; /* the daemon reads no more; what it says is still read */
	r->at = r->n;
	return FH_ERR_OK;
}

/* One of the two has something to do; each waits for its reader or its writer.  */
static fh_err step(struct relay *out, struct relay *in)
{
	struct relay *both[] = { out, in };
	struct pollfd f[2];

	for (int i = 0; i < 2; i++) {
		struct relay *r = both[i];
		bool writing = r->at < r->n;

		f[i] = (struct pollfd){ .fd = writing ? r->to : r->ended ? -1 : r->from,
					.events = writing ? POLLOUT : POLLIN };
	}
	if (poll(f, 2, /* timeout= */ -1) < 0)
		return errno == EINTR ? FH_ERR_OK : FH_ERR_IO;
	for (int i = 0; i < 2; i++) {
		if (f[i].revents == 0)
			continue;
		fh_err e = both[i]->at < both[i]->n ? drain(both[i]) : fill(both[i]);

		if (e != FH_ERR_OK)
			return e;
	}
	return FH_ERR_OK;
}

/* Until the daemon closes; the end of standard input is passed on, so that what
 * was asked is still answered.  *ENDED: it came first.  */
static fh_err relay_all(int daemon, struct fh_heard *heard, bool *ended)
{
	struct relay out = { .from = STDIN_FILENO, .to = daemon };
	struct relay in = { .from = daemon, .to = STDOUT_FILENO, .heard = heard };

	(void)signal(SIGPIPE, SIG_IGN);
	while (!in.ended || in.at < in.n) {
		fh_err e = step(&out, &in);

		if (e != FH_ERR_OK)
			return e;
		if (out.ended && out.at == out.n && !out.closed) {
			out.closed = true;
			(void)shutdown(daemon, SHUT_WR);
		}
	}
	*ended = out.ended && !out.lost;
	return FH_ERR_OK;
}

int fh_cmd_connect(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_fd) daemon = { 0 };
	struct fh_heard heard = { 0 };
	bool ended = false;
	char path[FH_DAEMON_PATH_MAX], hello[FH_NAME_MAX + 32];
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &usage, argc, argv, &a);

	if (done >= 0)
		return done;
	if (!is_name(fh_span_str(a.operand[0])))
		return fh_usage_error(&usage, "%s is not the name of a tool server", a.operand[0]);
	done = fh_daemon_connect(cli, &a, path, &daemon);
	if (done != FH_EXIT_YES)
		return done;
	(void)snprintf(hello, sizeof(hello), "freehold-connect/1 %s\n", a.operand[0]);
	fh_err e = fh_fd_write(fh_fd_get(daemon), fh_span_str(hello));

	if (e == FH_ERR_OK)
		e = relay_all(fh_fd_get(daemon), &heard, &ended);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, path, "the connection broke",
				   "see what the daemon says: freehold status");
	return fh_heard_status(&heard, a.operand[0], ended);
}
