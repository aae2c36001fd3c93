/* SPDX-License-Identifier: Apache-2.0 */
#include "role/launch.h"

#include "os/file.h"
#include "role/digest.h"
#include "role/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
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

/* What a tool server under our own user may reach.  */
static bool enclose(const char *program, const char *directory)
{
	const char *system[] = { "/usr", "/bin", "/sbin", "/lib", "/lib64", "/opt",
				 "/etc/ld.so.cache", "/etc/alternatives", program, nullptr };
	const char *own[] = { directory, "/dev/null", nullptr };
	struct fh_trace t = { 0 };
	int level;

	return fh_landlock_apply(own, system, &level, &t) == FH_ERR_OK && level > 0;
}

static bool become_user(const struct fh_start *s, const struct command *c)
{
	if (geteuid() == s->uid && getegid() == s->gid && geteuid() != 0)
		return enclose(c->argument[0], c->directory);
	gid_t gid = s->gid;

	/* Two servers may have one user, and neither may speak for the other.  */
	return setgroups(1, &gid) == 0 && setresgid(gid, gid, gid) == 0
	       && setresuid(s->uid, s->uid, s->uid) == 0 && fh_landlock_apart() == FH_ERR_OK;
}

/* Why the child could not become the server, told to its parent.  */
enum child_failure { CHILD_FDS = 1, CHILD_DIRECTORY, CHILD_USER, CHILD_EXEC };

static void tell(int failure, enum child_failure why)
{
	int told[2] = { why, errno };

	(void)!write(failure, told, sizeof(told));
	_exit(127);
}

static void become(struct command *c, const struct fh_start *s, int program, int in, int out,
		   int failure)
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

/* Opens the program if its digest is to be checked, so that what was checked is
 * what is executed.  */
static fh_err open_program(const struct command *c, const struct fh_start *s, struct fh_fd *program,
			   struct fh_trace *t)
{
	struct fh_hash h;

	if (s->executable.n == 0)
		return FH_ERR_OK;
	int fd = open(c->argument[0], O_RDONLY | O_CLOEXEC);

	fh_trace_where(t, "%s", c->argument[0]);
	if (fd < 0) {
		fh_trace_what(t, "cannot be opened: %s", strerror(errno));
		return fh_errno_err(errno);
	}
	*program = fh_fd_of(fd);
	fh_err e = fh_digest_of_fd(fd, &h);

	if (e == FH_ERR_OK && !fh_span_equal(fh_hash_span(&h), s->executable)) {
		fh_trace_what(t, "is not the program that the server statement names by digest");
		return FH_ERR_SIGNATURE;
	}
	return e;
}

/* Forks, and waits until the child has become the server or said why not.  */
static fh_err fork_server(struct command *c, const struct fh_start *s, int program, int in,
			  int out, pid_t *pid, struct fh_trace *t)
{
	int failure[2], told[2];

	if (pipe2(failure, O_CLOEXEC) != 0)
		return fh_errno_err(errno);
	c->parent = getpid();
	pid_t child = fork();

	if (child == 0)
		become(c, s, program, in, out, failure[1]);
	(void)close(failure[1]);
	FH_OWN(fh_fd) listen = fh_fd_of(failure[0]);

	if (child < 0)
		return fh_errno_err(errno);
	if (read(failure[0], told, sizeof(told)) == (ssize_t)sizeof(told)) {
		(void)waitpid(child, nullptr, 0);
		return explain(c, s, told, t);
	}
	*pid = child;
	return FH_ERR_OK;
}

fh_err fh_launch(const struct fh_start *s, int in, int out, pid_t *pid, struct fh_trace *t)
{
	struct command c;
	FH_OWN(fh_fd) program = { 0 };
	fh_err e = build(s, &c);

	if (e == FH_ERR_OK)
		e = open_program(&c, s, &program, t);
	if (e != FH_ERR_OK)
		return e;
	return fork_server(&c, s, fh_fd_get(program), in, out, pid, t);
}

void fh_launch_kill(pid_t pid, uint32_t uid)
{
	if (kill(-pid, SIGKILL) == 0 || errno != EPERM)
		return;
	/* Not our user: a child that becomes that user may.  */
	pid_t child = fork();

	if (child == 0) {
		if (setresuid(uid, uid, uid) == 0)
			(void)kill(-pid, SIGKILL);
		_exit(0);
	}
	if (child > 0)
		(void)waitpid(child, nullptr, 0);
}
