/* SPDX-License-Identifier: Apache-2.0 */
#include "role/launch.h"

#include "base/limits.h"
#include "os/file.h"
#include "role/digest.h"
#include "role/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Everything of a start as zero-terminated strings.  */
struct command {
	char *argument[FH_SERVER_ARGUMENTS_MAX + 1];
	char *environment[FH_SERVER_ENVIRONMENT_MAX + 1];
	char directory[FH_PATH_MAX];
	char bytes[256 << 10]; /* what the pointers look into */
	size_t n;
	pid_t parent; /* reach */
};

static char *keep(struct command *c, struct fh_span a, struct fh_span b)
{
	char *start = c->bytes + c->n;

	if (a.n + b.n + 2 > sizeof(c->bytes) - c->n)
		return nullptr;
	memcpy(start, a.p, a.n);
	if (b.n > 0) {
		start[a.n] = '=';
		memcpy(start + a.n + 1, b.p, b.n);
		c->n += b.n + 1;
	}
	c->n += a.n;
	c->bytes[c->n++] = '\0';
	return start;
}

static fh_err build(const struct fh_start *s, struct command *c)
{
	bool whole = s->directory.n < sizeof(c->directory);

	c->n = 0;
	for (size_t i = 0; i < s->arguments; i++) {
		c->argument[i] = keep(c, s->argument[i], (struct fh_span){ 0 });
		whole = whole && c->argument[i] != nullptr;
	}
	c->argument[s->arguments] = nullptr;
	for (size_t i = 0; i < s->environments; i++) {
		c->environment[i] = keep(c, s->environment[i][0], s->environment[i][1]);
		whole = whole && c->environment[i] != nullptr;
	}
	c->environment[s->environments] = nullptr;
	if (!whole)
		return FH_ERR_LIMIT;
	memcpy(c->directory, s->directory.p, s->directory.n);
	c->directory[s->directory.n] = '\0';
	return FH_ERR_OK;
}

/* --- in the child ----------------------------------------------------- */

/* DIRECTORY is the root of all, by whatever name.  */
static bool is_top(const char *directory)
{
	struct stat a, b;

	return stat(directory, &a) != 0 || stat("/", &b) != 0
	       || (a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

/* What a tool server under our own user may reach.  One that starts in "/", as
 * one does without a directory of its own, is not given everything for it.  */
static bool enclose(const char *program, const char *directory)
{
	const char *system[] = { "/usr", "/bin", "/sbin", "/lib", "/lib64", "/opt",
				 "/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime",
				 "/etc/ssl/openssl.cnf", "/etc/ssl/certs", program, nullptr };
	const char *own[] = { "/dev/null", is_top(directory) ? nullptr : directory, nullptr };
	struct fh_trace t = { 0 };
	int level;

	return fh_landlock_apply(own, system, /* connect= */ false, &level, &t) == FH_ERR_OK
	       && level > 0;
}

/* A server under our own user could read what the daemon keeps, whatever its
 * group: it is always enclosed.  */
static bool become_user(const struct fh_start *s, const struct command *c)
{
	bool ours = geteuid() == s->uid;
	gid_t gid = s->gid;

	if (s->uid == 0) {
		errno = EPERM;
		return false;
	}
	/* An ordinary user can give up no groups; the enclosure is what counts then.  */
	if (ours && getegid() == gid)
		return enclose(c->argument[0], c->directory);
	if (setgroups(1, &gid) != 0 || setresgid(gid, gid, gid) != 0
	    || setresuid(s->uid, s->uid, s->uid) != 0)
		return false;
	/* Two servers may have one user, and neither may speak for the other.  */
	return ours ? enclose(c->argument[0], c->directory) : fh_landlock_apart() == FH_ERR_OK;
}

/* Why the child could not become the server, told to its parent.  */
enum child_failure {
	CHILD_FDS = 1,
	CHILD_OPEN,
	CHILD_KIND,
	CHILD_OWNER,
	CHILD_DIGEST,
	CHILD_DIRECTORY,
	CHILD_USER,
	CHILD_EXEC,
};

static void tell(int failure, enum child_failure why)
{
	int told[2] = { why, errno };

	(void)!write(failure, told, sizeof(told));
	_exit(127);
}

/* Opens the program if its digest is to be checked, so that what was checked is
 * what is executed; -1 if it is not.  Who can write the file could change it
 * after that.  Done in the child, because a file system may keep us waiting.  */
static int open_program(const struct command *c, const struct fh_start *s, int failure)
{
	struct fh_hash h;
	struct stat st;

	if (s->executable.n == 0)
		return -1;
	int fd = open(c->argument[0], O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &st) != 0)
		tell(failure, CHILD_OPEN);
	if (!S_ISREG(st.st_mode))
		tell(failure, CHILD_KIND);
	if ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		tell(failure, CHILD_OWNER);
	if (fh_digest_of_fd(fd, &h) != FH_ERR_OK
	    || !fh_span_equal(fh_hash_span(&h), s->executable))
		tell(failure, CHILD_DIGEST);
	return fd;
}

static void become(struct command *c, const struct fh_start *s, int in, int out, int failure)
{
	int nowhere = open("/dev/null", O_WRONLY);
	sigset_t none;

	(void)setsid(); /* our terminal is not its, and it may not even continue us */
	/* What it prints on its standard error could be payload: not kept.  */
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || nowhere < 0 || dup2(nowhere, 2) < 0)
		tell(failure, CHILD_FDS);
	/* Nothing else is inherited, the pair with core least of all.  */
	if (close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) != 0)
		tell(failure, CHILD_FDS);
	int program = open_program(c, s, failure);

	/* As ourselves, where the operator's folder is closed to its user above, or as
	 * that user, where it is nobody else's to enter.  */
	bool there = chdir(c->directory) == 0;

	if (!become_user(s, c))
		tell(failure, CHILD_USER);
	if (!there && chdir(c->directory) != 0)
		tell(failure, CHILD_DIRECTORY);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != c->parent)
		_exit(127); /* reach died before that */
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGHUP, SIG_DFL);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)signal(SIGXFSZ, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, nullptr);
	if (program >= 0)
		(void)fexecve(program, c->argument, c->environment);
	else
		(void)execve(c->argument[0], c->argument, c->environment);
	tell(failure, CHILD_EXEC);
}

/* --- in the parent ---------------------------------------------------- */

static fh_err explain(const struct command *c, const struct fh_start *s, const int told[2],
		      struct fh_trace *t)
{
	const char *why = strerror(told[1]);

	fh_trace_where(t, "%s", c->argument[0]);
	switch ((enum child_failure)told[0]) {
	case CHILD_FDS:
		fh_trace_what(t, "its standard descriptors cannot be set up: %s", why);
		break;
	case CHILD_OPEN:
		fh_trace_what(t, "cannot be opened: %s", why);
		break;
	case CHILD_KIND:
		fh_trace_what(t, "is not a regular file");
		break;
	case CHILD_OWNER:
		fh_trace_what(t, "is pinned, but others can change it; make it root's or the"
			      " daemon's user's, and writable by its owner alone");
		break;
	case CHILD_DIGEST:
		fh_trace_what(t, "is not the program that the server statement names by digest");
		return FH_ERR_SIGNATURE;
	case CHILD_DIRECTORY:
		fh_trace_what(t, "its directory %s cannot be entered: %s", c->directory, why);
		break;
	case CHILD_USER:
		fh_trace_what(t, "it cannot be run as user %u, group %u: %s", s->uid, s->gid, why);
		break;
	case CHILD_EXEC:
		fh_trace_what(t, "it cannot be executed: %s", why);
		break;
	}
	return FH_ERR_PERMISSION;
}

/* A child that has not become the server is killed and not waited for: its file
 * system may hold it.  Reach reaps it like any other.  */
static fh_err await_server(const struct command *c, const struct fh_start *s, pid_t child,
			   int failure, struct fh_trace *t)
{
	struct pollfd f = { .fd = failure, .events = POLLIN };
	int told[2], ready;

	do
		ready = poll(&f, 1, FH_SERVER_LAUNCH_MS);
	while (ready < 0 && errno == EINTR);
	if (ready > 0 && read(failure, told, sizeof(told)) != (ssize_t)sizeof(told))
		return FH_ERR_OK; /* closed: it executes its program */
	fh_launch_kill(child, s->uid);
	if (ready > 0)
		return explain(c, s, told, t);
	fh_trace_where(t, "%s", c->argument[0]);
	fh_trace_what(t, "did not start in %d s; is it on a file system that does not answer?",
		      FH_SERVER_LAUNCH_MS / 1000);
	return FH_ERR_TIMEOUT;
}

/* Forks, and waits until the child has become the server or said why not.  */
static fh_err fork_server(struct command *c, const struct fh_start *s, int in, int out, pid_t *pid,
			  struct fh_trace *t)
{
	int failure[2];

	if (pipe2(failure, O_CLOEXEC) != 0)
		return fh_errno_err(errno);
	c->parent = getpid();
	pid_t child = fork();

	if (child == 0)
		become(c, s, in, out, failure[1]);
	(void)close(failure[1]);
	FH_OWN(fh_fd) listen = fh_fd_of(failure[0]);

	if (child < 0)
		return fh_errno_err(errno);
	fh_err e = await_server(c, s, child, failure[0], t);

	if (e == FH_ERR_OK)
		*pid = child;
	return e;
}

fh_err fh_launch(const struct fh_start *s, int in, int out, pid_t *pid, struct fh_trace *t)
{
	struct command c;
	fh_err e = build(s, &c);

	return e == FH_ERR_OK ? fork_server(&c, s, in, out, pid, t) : e;
}

/* --- killing ---------------------------------------------------------- */

static bool kill_all(const pid_t *pid, size_t n)
{
	bool allowed = true;

	for (size_t i = 0; i < n; i++)
		allowed = (kill(pid[i], SIGKILL) == 0 || errno != EPERM) && allowed;
	return allowed;
}

void fh_launch_kill_all(const pid_t *pid, size_t n, uint32_t uid)
{
	if (kill_all(pid, n) || uid == geteuid())
		return;
	/* A child may that is UID in effect and otherwise still us, so that no process
	 * of UID can stop or trace it, and the wait for it is short.  */
	pid_t child = fork();

	if (child == 0) {
		if (setresuid((uid_t)-1, uid, (uid_t)-1) == 0)
			(void)kill_all(pid, n);
		_exit(0);
	}
	if (child > 0)
		(void)waitpid(child, nullptr, 0);
}

void fh_launch_kill(pid_t pid, uint32_t uid)
{
	const pid_t all[] = { -pid, pid }; /* it may not have its own group yet */

	fh_launch_kill_all(all, 2, uid);
}
