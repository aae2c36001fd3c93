/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a command and writes down every call on files below DIRECTORY, of all its processes, in
 * the order in which they happen, with the bytes that are written:
 *
 *   file-trace DIRECTORY LOG [K[:CALL@END] eio|enospc|short|kill] -- COMMAND...
 *
 * With K, the K-th of these calls (from 0; of those that take room, with enospc; of those that
 * move bytes, with short; with CALL@END, of such calls on files whose path ends so) fails, moves
 * only half of its bytes, or is not made because every process is killed before it.  LOG is
 * JSON, a line for each call when it returns:
 * `begin` and `end` order calls that overlap, `inode` names a file through its renames.  */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

constexpr size_t TASKS_MAX = 128;
constexpr size_t DATA_MAX = 4u << 20;

/* Where a call names its file.  */
enum by { BY_FD, BY_PATH, BY_AT, BY_TWO_PATHS, BY_TWO_AT };

struct call {
	long number;
	const char *name;
	enum by by;
	bool moves; /* bytes, of which half can be moved */
	bool puts;  /* bytes of the caller's into the file */
	bool room;  /* is taken on the disk, or had been promised */
};

static const struct call calls[] = {
	{ SYS_read, "read", BY_FD, true, false, false },
	{ SYS_pread64, "pread", BY_FD, true, false, false },
	{ SYS_write, "write", BY_FD, true, true, true },
	{ SYS_pwrite64, "pwrite", BY_FD, true, true, true },
	{ SYS_writev, "writev", BY_FD, false, false, true },
	{ SYS_pwritev, "pwritev", BY_FD, false, false, true },
	{ SYS_fsync, "fsync", BY_FD, false, false, true },
	{ SYS_fdatasync, "fdatasync", BY_FD, false, false, true },
	{ SYS_ftruncate, "ftruncate", BY_FD, false, false, true },
	{ SYS_fallocate, "fallocate", BY_FD, false, false, true },
	{ SYS_fchmod, "fchmod", BY_FD, false, false, false },
	{ SYS_fchown, "fchown", BY_FD, false, false, false },
	{ SYS_fstat, "fstat", BY_FD, false, false, false },
	{ SYS_getdents64, "getdents", BY_FD, false, false, false },
	{ SYS_mmap, "mmap", BY_FD, false, false, false },
	{ SYS_close, "close", BY_FD, false, false, false },
	{ SYS_open, "open", BY_PATH, false, false, true },
	{ SYS_openat, "open", BY_AT, false, false, true },
	{ SYS_newfstatat, "stat", BY_AT, false, false, false },
	{ SYS_mkdir, "mkdir", BY_PATH, false, false, true },
	{ SYS_mkdirat, "mkdir", BY_AT, false, false, true },
	{ SYS_rmdir, "rmdir", BY_PATH, false, false, false },
	{ SYS_unlink, "unlink", BY_PATH, false, false, false },
	{ SYS_unlinkat, "unlink", BY_AT, false, false, false },
	{ SYS_rename, "rename", BY_TWO_PATHS, false, false, true },
	{ SYS_renameat, "rename", BY_TWO_AT, false, false, true },
	{ SYS_renameat2, "rename", BY_TWO_AT, false, false, true },
	{ SYS_link, "link", BY_TWO_PATHS, false, false, true },
	{ SYS_linkat, "link", BY_TWO_AT, false, false, true },
};

struct task {
	pid_t pid;
	bool inside;              /* a call */
	const struct call *call;  /* which is one of ours, or NULL */
	uint64_t argument[6];
	uint64_t begin;
	uint64_t offset;
	int failing;              /* errno that it will return, or 0 */
	char path[PATH_MAX], other[PATH_MAX];
	char role[32];
};

struct trace {
	const char *directory;
	FILE *log;
	uint64_t step;   /* orders what is written down */
	uint64_t seen;   /* calls that could have failed */
	uint64_t victim; /* the one that does; UINT64_MAX: none */
	const char *named; /* CALL@END: the only ones that are counted; NULL: all are */
	const char *harm;
	struct task task[TASKS_MAX];
	size_t tasks;
};

static void fail(const char *what)
{
	(void)fprintf(stderr, "file-trace: %s: %s\n", what, strerror(errno));
	exit(125);
}

/* --- what a process has --------------------------------------------------------- */

static void read_link(pid_t pid, const char *name, char out[PATH_MAX])
{
	char link[64];

	(void)snprintf(link, sizeof(link), "/proc/%d/%s", pid, name);
	ssize_t n = readlink(link, out, PATH_MAX - 1);

	out[n > 0 ? n : 0] = 0;
	char *gone = strstr(out, " (deleted)");

	if (gone != nullptr)
		*gone = 0;
}

static void read_fd(pid_t pid, int fd, char out[PATH_MAX])
{
	char name[32];

	(void)snprintf(name, sizeof(name), "fd/%d", fd);
	read_link(pid, name, out);
}

static size_t peek(pid_t pid, uint64_t at, void *out, size_t n)
{
	struct iovec mine = { out, n }, theirs = { (void *)(uintptr_t)at, n };
	ssize_t got = process_vm_readv(pid, &mine, 1, &theirs, 1, 0);

	return got > 0 ? (size_t)got : 0;
}

/* A path may end just before a page that is not there.  */
static void read_path(pid_t pid, int at, uint64_t address, char out[PATH_MAX])
{
	char given[PATH_MAX] = { 0 };
	size_t first = 4096 - address % 4096;

	if (peek(pid, address, given, first) == first && memchr(given, 0, first) == nullptr
	    && first < PATH_MAX)
		(void)peek(pid, address + first, given + first, PATH_MAX - first - 1);
	given[PATH_MAX - 1] = 0;
	if (given[0] == '/') {
		memcpy(out, given, PATH_MAX);
		return;
	}
	char from[PATH_MAX];

	if (at == AT_FDCWD)
		read_link(pid, "cwd", from);
	else
		read_fd(pid, at, from);
	if (given[0] == 0)
		(void)snprintf(out, PATH_MAX, "%s", from);
	else if (snprintf(out, PATH_MAX, "%s/%s", from, given) >= PATH_MAX)
		out[0] = 0;
}

/* 0 where there is none.  */
static uint64_t inode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_ino : 0;
}

static uint64_t inode_of_fd(pid_t pid, int fd)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	return inode_of(path);
}

/* Where write() writes.  */
static uint64_t position(pid_t pid, int fd)
{
	char path[64], line[64] = { 0 };

	(void)snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", pid, fd);
	FILE *f = fopen(path, "re");

	if (f == nullptr)
		return 0;
	(void)!fgets(line, sizeof(line), f);
	(void)fclose(f);
	return strtoull(line + strcspn(line, "0123456789"), nullptr, 10);
}

/* `core` of "freehold role core ...", or the first word.  */
static void read_role(struct task *t)
{
	char path[64], words[256] = { 0 };

	(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", t->pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, words, sizeof(words) - 1);

	if (fd >= 0)
		(void)close(fd);
	for (ssize_t i = 0; i < n; i++)
		words[i] = words[i] == 0 ? ' ' : words[i];
	const char *name = strstr(words, "freehold role ");

	name = name != nullptr ? name + strlen("freehold role ")
	       : strstr(words, "freehold serve") != nullptr ? "supervisor"
							     : "other";
	(void)snprintf(t->role, sizeof(t->role), "%.*s", (int)strcspn(name, " "), name);
}

/* --- calls ---------------------------------------------------------------------- */

static bool below(const char *path, const char *directory)
{
	size_t n = strlen(directory);

	return strncmp(path, directory, n) == 0 && (path[n] == '/' || path[n] == 0);
}

static void name_files(struct task *t)
{
	const uint64_t *a = t->argument;

	t->path[0] = t->other[0] = 0;
	switch (t->call->by) {
	case BY_FD:
		read_fd(t->pid, (int)a[t->call->number == SYS_mmap ? 4 : 0], t->path);
		break;
	case BY_PATH:
		read_path(t->pid, AT_FDCWD, a[0], t->path);
		break;
	case BY_AT:
		read_path(t->pid, (int)a[0], a[1], t->path);
		break;
	case BY_TWO_PATHS:
		read_path(t->pid, AT_FDCWD, a[0], t->path);
		read_path(t->pid, AT_FDCWD, a[1], t->other);
		break;
	case BY_TWO_AT:
		read_path(t->pid, (int)a[0], a[1], t->path);
		read_path(t->pid, (int)a[2], a[3], t->other);
		break;
	}
}

/* A mapping counts only if bytes can reach the file through it.  */
static bool matters(const struct trace *tr, const struct task *t)
{
	const uint64_t *a = t->argument;

	if (t->call->number == SYS_mmap
	    && ((a[2] & PROT_WRITE) == 0 || (a[3] & MAP_SHARED) == 0))
		return false;
	return below(t->path, tr->directory)
	       || (t->other[0] != 0 && below(t->other, tr->directory));
}

static const struct call *find_call(long number)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].number == number)
			return &calls[i];
	return nullptr;
}

static void kill_all(struct trace *tr, const struct task *at)
{
	(void)fprintf(tr->log, "{\"hit\":\"%s\",\"role\":\"%s\",\"path\":\"%s\"}\n", at->call->name,
		      at->role, at->path);
	(void)fclose(tr->log);
	for (size_t i = 0; i < tr->tasks; i++)
		(void)kill(tr->task[i].pid, SIGKILL);
	/* Some were only just made.  */
	for (pid_t pid; (pid = waitpid(-1, nullptr, __WALL)) > 0;)
		(void)kill(pid, SIGKILL);
	exit(137);
}

static bool only_opens(const struct task *t)
{
	return (t->call->number == SYS_open && (t->argument[1] & O_CREAT) == 0)
	       || (t->call->number == SYS_openat && (t->argument[2] & O_CREAT) == 0);
}

static bool is_named(const struct trace *tr, const struct task *t)
{
	size_t name = strcspn(tr->named, "@"), path = strlen(t->path);
	const char *end = tr->named + name + (tr->named[name] == '@');

	return strlen(t->call->name) == name && strncmp(tr->named, t->call->name, name) == 0
	       && path >= strlen(end) && strcmp(t->path + path - strlen(end), end) == 0;
}

static void harm(struct trace *tr, struct task *t, struct user_regs_struct *r)
{
	bool half = strcmp(tr->harm, "short") == 0;

	if (half && (!t->call->moves || t->argument[2] < 2))
		return;
	if (strcmp(tr->harm, "enospc") == 0 && (!t->call->room || only_opens(t)))
		return;
	if ((tr->named != nullptr && !is_named(tr, t)) || tr->seen++ != tr->victim)
		return;
	if (strcmp(tr->harm, "kill") == 0)
		kill_all(tr, t);
	(void)fprintf(tr->log, "{\"hit\":\"%s\",\"role\":\"%s\",\"path\":\"%s\"}\n", t->call->name,
		      t->role, t->path);
	if (half) {
		r->rdx /= 2;
		t->argument[2] /= 2;
	} else {
		t->failing = strcmp(tr->harm, "eio") == 0 ? EIO : ENOSPC;
		r->orig_rax = UINT64_MAX; /* no call: it returns what is put in its place */
	}
	if (ptrace(PTRACE_SETREGS, t->pid, nullptr, r) != 0)
		fail("PTRACE_SETREGS");
}

static void enter(struct trace *tr, struct task *t)
{
	struct user_regs_struct r;

	t->call = nullptr;
	t->failing = 0;
	if (ptrace(PTRACE_GETREGS, t->pid, nullptr, &r) != 0)
		return;
	const struct call *c = find_call((long)r.orig_rax);

	if (c == nullptr)
		return;
	t->call = c;
	memcpy(t->argument, (uint64_t[]){ r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9 },
	       sizeof(t->argument));
	name_files(t);
	if (!matters(tr, t)) {
		t->call = nullptr;
		return;
	}
	if (t->role[0] == 0)
		read_role(t);
	t->begin = ++tr->step;
	t->offset = c->number == SYS_pwrite64 || c->number == SYS_pread64 ? r.r10
		    : c->number == SYS_write ? position(t->pid, (int)r.rdi)
					     : 0;
	harm(tr, t, &r);
}

static void log_bytes(FILE *log, const struct task *t, size_t n)
{
	static uint8_t data[DATA_MAX];
	static const char digit[] = "0123456789abcdef";

	if (n > sizeof(data) || peek(t->pid, t->argument[1], data, n) != n) {
		errno = EFBIG;
		fail("the bytes of a write");
	}
	(void)fputs(",\"data\":\"", log);
	for (size_t i = 0; i < n; i++) {
		(void)fputc(digit[data[i] >> 4], log);
		(void)fputc(digit[data[i] & 15], log);
	}
	(void)fputc('"', log);
}

static void leave(struct trace *tr, struct task *t)
{
	struct user_regs_struct r;

	if (t->call == nullptr || ptrace(PTRACE_GETREGS, t->pid, nullptr, &r) != 0)
		return;
	if (t->failing != 0) {
		r.rax = (uint64_t)-t->failing;
		if (ptrace(PTRACE_SETREGS, t->pid, nullptr, &r) != 0)
			fail("PTRACE_SETREGS");
	}
	long result = (long)r.rax;
	bool opened = strcmp(t->call->name, "open") == 0 && result >= 0;
	uint64_t inode = t->call->by == BY_FD ? inode_of_fd(t->pid, (int)t->argument[0])
			 : opened	      ? inode_of_fd(t->pid, (int)result)
			 : t->other[0] != 0   ? inode_of(t->other)
					      : inode_of(t->path);

	(void)fprintf(tr->log,
		      "{\"begin\":%lu,\"end\":%lu,\"role\":\"%s\",\"call\":\"%s\",\"path\":\"%s\","
		      "\"inode\":%lu,\"result\":%ld",
		      t->begin, ++tr->step, t->role, t->call->name, t->path, inode, result);
	if (t->other[0] != 0)
		(void)fprintf(tr->log, ",\"to\":\"%s\"", t->other);
	if (opened)
		(void)fprintf(tr->log, ",\"flags\":%lu",
			      t->argument[t->call->by == BY_PATH ? 1 : 2]);
	if (t->call->number == SYS_ftruncate)
		(void)fprintf(tr->log, ",\"offset\":%lu", t->argument[1]);
	else
		(void)fprintf(tr->log, ",\"offset\":%lu", t->offset);
	if (t->call->puts && result > 0)
		log_bytes(tr->log, t, (size_t)result);
	(void)fputs("}\n", tr->log);
	(void)fflush(tr->log);
}

/* --- processes ------------------------------------------------------------------- */

static struct task *task_of(struct trace *tr, pid_t pid)
{
	for (size_t i = 0; i < tr->tasks; i++)
		if (tr->task[i].pid == pid)
			return &tr->task[i];
	if (tr->tasks == TASKS_MAX) {
		errno = EMFILE;
		fail("processes");
	}
	struct task *t = &tr->task[tr->tasks++];

	*t = (struct task){ .pid = pid };
	return t;
}

static void forget(struct trace *tr, pid_t pid)
{
	struct task *t = task_of(tr, pid);

	*t = tr->task[--tr->tasks];
}

/* One stop of a process; returns the signal to hand on.  */
static int stopped(struct trace *tr, struct task *t, int status)
{
	int signal = WSTOPSIG(status), event = status >> 16;

	if (signal == (SIGTRAP | 0x80)) {
		t->inside = !t->inside;
		if (t->inside)
			enter(tr, t);
		else
			leave(tr, t);
		return 0;
	}
	if (event == PTRACE_EVENT_EXEC)
		t->role[0] = 0;
	if (event != 0)
		return 0;
	return signal == SIGSTOP ? 0 : signal;
}

static int follow(struct trace *tr, pid_t first)
{
	int ended = 125;

	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			return ended;
		if (WIFEXITED(status) || WIFSIGNALED(status)) {
			forget(tr, pid);
			if (pid == first)
				ended = WIFEXITED(status) ? WEXITSTATUS(status)
							  : 128 + WTERMSIG(status);
			continue;
		}
		(void)ptrace(PTRACE_SYSCALL, pid, nullptr,
			     stopped(tr, task_of(tr, pid), status));
	}
}

static pid_t start(char **command)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	if (pid > 0)
		return pid;
	if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0)
		fail("PTRACE_TRACEME");
	(void)raise(SIGSTOP);
	(void)execv(command[0], command);
	fail(command[0]);
	return -1;
}

static pid_t *command_pid(void)
{
	static pid_t pid;

	return &pid;
}

static void hand_on(int signal)
{
	(void)kill(*command_pid(), signal);
}

int main(int argc, char **argv)
{
	static struct trace tr = { .victim = UINT64_MAX, .harm = "" };
	bool harming = argc > 5 && strcmp(argv[5], "--") == 0;
	int at = harming ? 6 : 4;

	if (argc <= at || strcmp(argv[at - 1], "--") != 0) {
		(void)fputs("usage: file-trace DIRECTORY LOG [K[:CALL@END] eio|enospc|short|kill]"
			    " -- COMMAND...\n", stderr);
		return 64;
	}
	tr.directory = argv[1];
	tr.log = fopen(argv[2], "we");
	if (tr.log == nullptr)
		fail(argv[2]);
	if (harming) {
		const char *colon = strchr(argv[3], ':');

		tr.named = colon != nullptr ? colon + 1 : nullptr;
		tr.victim = strtoull(argv[3], nullptr, 10);
		tr.harm = argv[4];
	}
	pid_t pid = start(argv + at);
	int status;

	*command_pid() = pid;
	if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status)
	    || ptrace(PTRACE_SETOPTIONS, pid, nullptr,
		      PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK
		      | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL) != 0)
		fail("following the command");
	struct sigaction handler = { .sa_handler = hand_on };

	(void)sigaction(SIGTERM, &handler, nullptr);
	(void)task_of(&tr, pid);
	(void)ptrace(PTRACE_SYSCALL, pid, nullptr, 0);
	int ended = follow(&tr, pid);

	(void)fclose(tr.log);
	return ended;
}
