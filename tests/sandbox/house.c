/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/house.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

constexpr int passphrase_fd = 3;
constexpr int ready_ms = 20000;
constexpr size_t words_max = 32;

static void must(bool so, const char *what)
{
	if (so)
		return;
	(void)fprintf(stderr, "# the test cannot be set up: %s: %s\n", what, strerror(errno));
	exit(99);
}

void fh_house_sleep(int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	(void)nanosleep(&t, nullptr);
}

/* --- programs ----------------------------------------------------------- */

void fh_house_beside(const char *name, char *out, size_t cap)
{
	char self[400];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	must(n > 0, "readlink");
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	must(snprintf(out, cap, "%s/%s", self, name) < (int)cap, name);
}

/* In the child: the passphrase behind its descriptor, what it says in the log.  */
static void become(const struct fh_house *h, const char *const *argv, int out)
{
	static const char passphrase[] = "test-passphrase\n";
	int log = open(h->log, O_WRONLY | O_CREAT | O_APPEND, 0600), pair[2];

	must(log >= 0 && pipe(pair) == 0, h->log);
	must(write(pair[1], passphrase, sizeof(passphrase) - 1) > 0, "passphrase");
	must(dup2(log, 2) == 2 && (out < 0 || dup2(out, 1) == 1), "dup2");
	int from = fcntl(pair[0], F_DUPFD, 20);

	must(dup2(from, passphrase_fd) == passphrase_fd, "dup2");
	(void)close_range(passphrase_fd + 1, ~0u, 0);
	(void)execv(argv[0], (char *const *)argv);
	_exit(127);
}

static void show_log(const struct fh_house *h)
{
	char line[512];
	FILE *f = fopen(h->log, "r");

	while (f != nullptr && fgets(line, sizeof(line), f) != nullptr)
		(void)fprintf(stderr, "# %s", line);
	if (f != nullptr)
		(void)fclose(f);
}

static void run(const struct fh_house *h, const char *const *argv, char *out, size_t cap)
{
	int pair[2], status;
	size_t n = 0;

	must(pipe2(pair, O_CLOEXEC) == 0, "pipe2");
	pid_t pid = fork();

	must(pid >= 0, "fork");
	if (pid == 0)
		become(h, argv, pair[1]);
	(void)close(pair[1]);
	for (;;) {
		char spare[4096];
		bool kept = out != nullptr && n + 1 < cap;
		ssize_t got = kept ? read(pair[0], out + n, cap - 1 - n)
				   : read(pair[0], spare, sizeof(spare));

		if (got <= 0)
			break;
		n += kept ? (size_t)got : 0;
	}
	(void)close(pair[0]);
	if (out != nullptr)
		out[n] = '\0';
	must(waitpid(pid, &status, 0) == pid, "waitpid");
	if (status == 0)
		return;
	show_log(h);
	(void)fprintf(stderr, "# %s %s ended with status %d\n", argv[0], argv[1], status);
	exit(99);
}

void fh_house_sign(const struct fh_house *h, const char *const *words, char *out, size_t cap)
{
	const char *argv[words_max] = { h->freehold };
	const char *const own[] = { "--state", h->state, "--operator-key", h->key,
				    "--passphrase-fd", "3" };
	size_t n = 1;

	/* The options come before the command of a server.  */
	for (; *words != nullptr && strcmp(*words, "--") != 0; words++)
		argv[n++] = *words;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		argv[n++] = own[i];
	for (; *words != nullptr; words++)
		argv[n++] = *words;
	run(h, argv, out, cap);
}

/* --- the state directory ------------------------------------------------- */

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	must(f != nullptr && fputs(text, f) >= 0 && fclose(f) == 0, path);
}

static void name(char out[FH_HOUSE_PATH], const char *root, const char *file)
{
	must(snprintf(out, FH_HOUSE_PATH, "%s/%s", root, file) < (int)FH_HOUSE_PATH, file);
}

bool fh_house_possible(const char *test)
{
	int status = 1;
	pid_t pid = fork();

	must(pid >= 0, "fork");
	if (pid == 0)
		_exit(setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0);
	(void)waitpid(pid, &status, 0);
	if (status != 0)
		printf("1..1\n# needs a root that can become other users\nok 1 # SKIP %s\n", test);
	return status == 0;
}

void fh_house_make(struct fh_house *h)
{
	const char *const words[] = { "init", "--no-tpm", "--device-name", "box", nullptr };
	const char *temporary = getenv("TMPDIR");

	*h = (struct fh_house){ 0 };
	(void)snprintf(h->root, sizeof(h->root), "%.60s/fh-sandbox-XXXXXX",
		       temporary == nullptr ? "/tmp" : temporary);
	must(mkdtemp(h->root) != nullptr && chmod(h->root, 0755) == 0, h->root);
	name(h->state, h->root, "state");
	name(h->key, h->root, "op.key");
	name(h->socket, h->root, "socket");
	name(h->log, h->root, "log");
	fh_house_beside("../../freehold", h->freehold, sizeof(h->freehold));
	fh_house_sign(h, words, nullptr, 0);
}

void fh_house_policy(const struct fh_house *h, const char *policy, const char *schema)
{
	char file[2][FH_HOUSE_PATH];

	name(file[0], h->root, "policy.cedar");
	name(file[1], h->root, "schema.cedarschema");
	write_file(file[0], policy);
	write_file(file[1], schema);
	const char *const words[] = { "policy", "sign", file[0], "--schema", file[1],
				      "--expires", "30d", nullptr };

	fh_house_sign(h, words, nullptr, 0);
}

void fh_house_open_record(const struct fh_house *h, char path[FH_HOUSE_PATH])
{
	char tool[512];

	name(path, h->root, "openings");
	fh_house_beside("../fixture/open-record", tool, sizeof(tool));
	const char *const argv[] = { tool, h->state, path, nullptr };

	run(h, argv, nullptr, 0);
}

void fh_house_open_file(const struct fh_house *h, const char *file, char *path, size_t cap)
{
	must(snprintf(path, cap, "%s/%s", h->root, file) < (int)cap, file);
	write_file(path, "");
	must(chmod(path, 0666) == 0, path);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *w)
{
	(void)st;
	(void)type;
	(void)w;
	return remove(path);
}

void fh_house_drop(struct fh_house *h)
{
	if (h->serve > 0)
		(void)fh_house_stop(h);
	fh_mask_drop(&h->mask);
	if (h->root[0] != '\0')
		(void)nftw(h->root, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	*h = (struct fh_house){ 0 };
}

/* --- the daemon ---------------------------------------------------------- */

/* The port in "ready; http://127.0.0.1:PORT", once it is there.  */
static uint16_t port_of_log(const struct fh_house *h)
{
	static const char ready[] = "ready; http://127.0.0.1:";
	char text[8192];
	int fd = open(h->log, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	(void)close(fd);
	text[n > 0 ? n : 0] = '\0';
	const char *found = nullptr;

	for (char *at = text; (at = strstr(at, ready)) != nullptr; at++)
		found = at;
	return found == nullptr ? 0 : (uint16_t)strtoul(found + sizeof(ready) - 1, nullptr, 10);
}

void fh_house_serve(struct fh_house *h, enum fh_mask_kind kind)
{
	const char *const argv[] = { h->freehold, "serve", "--state", h->state, "--socket",
				     h->socket, "--listen", "127.0.0.1:0", nullptr };

	(void)unlink(h->log);
	fh_mask_drop(&h->mask);
	fh_mask_prepare(&h->mask, kind);
	h->serve = fork();
	must(h->serve >= 0, "fork");
	if (h->serve == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		fh_mask_wear(&h->mask);
		become(h, argv, -1);
	}
	fh_mask_answer(&h->mask);
	for (int waited = 0; waited < ready_ms; waited += 50) {
		h->port = port_of_log(h);
		if (h->port != 0)
			return;
		fh_house_sleep(50);
	}
	show_log(h);
	must(false, "the daemon does not get ready");
}

int fh_house_stop(struct fh_house *h)
{
	int status = -1;

	(void)kill(h->serve, SIGTERM);
	must(waitpid(h->serve, &status, 0) == h->serve, "waitpid");
	h->serve = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* --- its processes ------------------------------------------------------- */

static size_t read_proc(pid_t pid, const char *file, char *out, size_t cap)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, cap - 1);

	if (fd >= 0)
		(void)close(fd);
	out[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

static pid_t parent_of(pid_t pid)
{
	char text[512];

	(void)read_proc(pid, "stat", text, sizeof(text));
	const char *end = strrchr(text, ')');

	/* ") S PARENT"  */
	return end == nullptr ? 0 : (pid_t)strtol(end + 4, nullptr, 10);
}

/* Word I of the command line, or "".  */
static const char *word_of(const char *line, size_t n, size_t i)
{
	size_t at = 0;

	for (; i > 0 && at < n; i--)
		at += strlen(line + at) + 1;
	return at < n ? line + at : "";
}

static bool is_role(const struct fh_house *h, pid_t pid, const char *role, const char *word)
{
	char line[4096] = "";
	size_t n = read_proc(pid, "cmdline", line, sizeof(line));
	pid_t parent = parent_of(pid);

	return strcmp(word_of(line, n, 1), "role") == 0 && strcmp(word_of(line, n, 2), role) == 0
	       && (word == nullptr || strcmp(word_of(line, n, 3), word) == 0)
	       && (parent == h->serve || parent_of(parent) == h->serve);
}

/* The first process for which one of the two questions is answered with yes.  */
static pid_t search(const struct fh_house *h, const char *role, const char *word, pid_t not,
		    pid_t parent, const char *program)
{
	DIR *d = opendir("/proc");
	pid_t found = 0;

	for (struct dirent *e; found == 0 && d != nullptr && (e = readdir(d)) != nullptr;) {
		pid_t pid = (pid_t)strtol(e->d_name, nullptr, 10);
		char line[4096];

		if (pid <= 0 || pid == not)
			continue;
		if (h != nullptr && is_role(h, pid, role, word))
			found = pid;
		size_t n = h == nullptr && parent_of(pid) == parent
				   ? read_proc(pid, "cmdline", line, sizeof(line))
				   : 0;

		if (n > 0 && memmem(line, n, program, strlen(program)) != nullptr)
			found = pid;
	}
	if (d != nullptr)
		(void)closedir(d);
	return found;
}

pid_t fh_house_role(const struct fh_house *h, const char *role, const char *word, pid_t not)
{
	return search(h, role, word, not, 0, "");
}

pid_t fh_house_child(pid_t parent, const char *program)
{
	return search(nullptr, "", nullptr, 0, parent, program);
}

/* --- clients --------------------------------------------------------------- */

void fh_guest_open(const struct fh_house *h, const char *server, struct fh_guest *g)
{
	const char *const argv[] = { h->freehold, "connect", "--socket", h->socket, server,
				     nullptr };
	int to[2], from[2];

	must(pipe2(to, O_CLOEXEC) == 0 && pipe2(from, O_CLOEXEC) == 0, "pipe2");
	pid_t pid = fork();

	must(pid >= 0, "fork");
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		must(dup2(to[0], 0) == 0, "dup2");
		become(h, argv, from[1]);
	}
	(void)close(to[0]);
	(void)close(from[1]);
	g->pid = pid;
	g->to = to[1];
	g->from = from[0];
	g->n = 0;
}

void fh_guest_close(struct fh_guest *g)
{
	(void)close(g->to);
	(void)close(g->from);
	(void)kill(g->pid, SIGTERM);
	(void)waitpid(g->pid, nullptr, 0);
	g->pid = 0;
}

void fh_guest_say(struct fh_guest *g, const char *line)
{
	size_t n = strlen(line);

	(void)signal(SIGPIPE, SIG_IGN);
	(void)!write(g->to, line, n);
	(void)!write(g->to, "\n", 1);
}

bool fh_guest_hear(struct fh_guest *g, int ms, char *out, size_t cap)
{
	for (;;) {
		char *end = memchr(g->line, '\n', g->n);
		struct pollfd f = { .fd = g->from, .events = POLLIN };

		if (end != nullptr) {
			size_t n = (size_t)(end - g->line);

			(void)snprintf(out, cap, "%.*s", (int)n, g->line);
			g->n -= n + 1;
			memmove(g->line, end + 1, g->n);
			return true;
		}
		if (g->n == sizeof(g->line) || poll(&f, 1, ms) <= 0)
			return false;
		ssize_t got = read(g->from, g->line + g->n, sizeof(g->line) - g->n);

		if (got <= 0)
			return false;
		g->n += (size_t)got;
	}
}

bool fh_guest_begin(struct fh_guest *g, char *out, size_t cap)
{
	fh_guest_say(g, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{"
		     "\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},"
		     "\"clientInfo\":{\"name\":\"guest\",\"version\":\"1\"}}}");
	if (!fh_guest_hear(g, 10000, out, cap) || strstr(out, "\"result\"") == nullptr)
		return false;
	fh_guest_say(g, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}");
	return true;
}

void fh_guest_call(struct fh_guest *g, int id, const char *tool, const char *arguments)
{
	char line[1024];

	(void)snprintf(line, sizeof(line),
		       "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"tools/call\",\"params\":{"
		       "\"name\":\"%s\",\"arguments\":%s}}", id, tool, arguments);
	fh_guest_say(g, line);
}

int fh_house_health(const struct fh_house *h)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(h->port),
				 .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct timeval within = { .tv_sec = 10 };
	char text[512] = "";
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), status = 0;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &within, sizeof(within));
	int n = snprintf(text, sizeof(text), "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n",
			 h->port);

	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 && write(fd, text, (size_t)n) == n
	    && read(fd, text, sizeof(text) - 1) > 0)
		status = (int)strtol(text + strlen("HTTP/1.1 "), nullptr, 10);
	(void)close(fd);
	return status;
}
