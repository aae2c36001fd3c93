/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FORMAT_NAME "freehold "
#define FORMAT_LINE FORMAT_NAME "3\n" /* FH_STORE_FORMAT */

static const char *const directories[] = { "chain", "record", "keys", "cache" };
constexpr size_t directories_n = sizeof(directories) / sizeof(directories[0]);
constexpr size_t format_file_max = 64;

void fh_store_drop(struct fh_store *s)
{
	fh_fd_drop(&s->lock);
	*s = (struct fh_store){ 0 };
}

fh_err fh_store_path(const struct fh_store *s, const char *name, char out[FH_PATH_MAX])
{
	char path[FH_PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s", s->path, name);

	if (n < 0 || (size_t)n >= sizeof(path))
		return FH_ERR_LIMIT;
	memcpy(out, path, (size_t)n + 1);
	return FH_ERR_OK;
}

static fh_err tell_errno(struct fh_trace *t, const char *what)
{
	int error = errno;

	fh_trace_what(t, "%s: %s", what, strerror(error));
	return fh_errno_err(error);
}

/* Hands PATH to the owner of the state directory, which only root can do and
 * only root needs.  */
static fh_err hand_over(const struct fh_store *s, const char *path, struct fh_trace *t)
{
	struct stat st;

	if (stat(s->path, &st) != 0)
		return tell_errno(t, "cannot look at the state directory");
	if (st.st_uid == geteuid())
		return FH_ERR_OK;
	if (lchown(path, st.st_uid, st.st_gid) != 0)
		return tell_errno(t, "cannot hand a file to the owner of the state directory");
	return FH_ERR_OK;
}

/* --- making it ---------------------------------------------------------- */

static fh_err check_empty(const char *path, struct fh_trace *t)
{
	DIR *d = opendir(path);
	const struct dirent *e;
	bool empty = true;

	if (d == nullptr)
		return tell_errno(t, "cannot be opened");
	while ((e = readdir(d)) != nullptr)
		empty = empty && (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0);
	(void)closedir(d);
	if (empty)
		return FH_ERR_OK;
	fh_trace_what(t, "there is something in this directory already");
	fh_trace_cure(t, "choose another with --state, or move it away");
	return FH_ERR_EXISTS;
}

static fh_err sync_above(const char *path, struct fh_trace *t)
{
	fh_err e = fh_directory_sync_of(path);

	if (e != FH_ERR_OK)
		fh_trace_what(t, "the directory above it cannot be synced: %s", fh_err_text(e));
	return e;
}

/* *MADE: it was not there before.  */
static fh_err make_top(const char *path, bool *made, struct fh_trace *t)
{
	fh_err e;

	*made = mkdir(path, 0700) == 0;
	if (*made)
		return sync_above(path, t);
	if (errno != EEXIST) {
		e = tell_errno(t, "cannot be made");
		fh_trace_cure(t, "make the directory above it, or choose another with --state");
		return e;
	}
	e = check_empty(path, t);
	if (e != FH_ERR_OK)
		return e;
	if (chmod(path, 0700) != 0)
		return tell_errno(t, "cannot be closed to others");
	/* Whoever made it may not have synced it, like ourselves before a crash.  */
	return sync_above(path, t);
}

static fh_err make_below(const struct fh_store *s, struct fh_trace *t)
{
	char path[FH_PATH_MAX];
	fh_err e = FH_ERR_OK;

	for (size_t i = 0; e == FH_ERR_OK && i < directories_n; i++) {
		e = fh_store_path(s, directories[i], path);
		if (e == FH_ERR_OK && mkdir(path, 0700) != 0)
			e = tell_errno(t, "cannot be filled");
		if (e == FH_ERR_OK)
			e = hand_over(s, path, t);
	}
	return e;
}

/* Takes back what was made, so that it can be tried again; they are empty.  */
static void unmake(const struct fh_store *s, bool top)
{
	char path[FH_PATH_MAX];

	if (fh_store_path(s, "format", path) == FH_ERR_OK)
		(void)unlink(path);
	for (size_t i = 0; i < directories_n; i++) {
		if (fh_store_path(s, directories[i], path) == FH_ERR_OK)
			(void)rmdir(path);
	}
	if (top)
		(void)rmdir(s->path);
}

fh_err fh_store_create(const char *path, struct fh_store *out, struct fh_trace *t)
{
	struct fh_store s = { 0 };
	bool made;
	fh_err e;

	fh_trace_where(t, "%s", path);
	if (snprintf(s.path, sizeof(s.path), "%s", path) >= (int)sizeof(s.path))
		return FH_ERR_LIMIT;
	e = make_top(path, &made, t);
	if (e != FH_ERR_OK) {
		if (made)
			(void)rmdir(path);
		return e;
	}
	e = make_below(&s, t);
	/* The format comes last: without it this is no state directory yet.  */
	if (e == FH_ERR_OK)
		e = fh_store_put(&s, "format", FH_SPAN_LIT(FORMAT_LINE), t);
	s.format = FH_STORE_FORMAT;
	if (e == FH_ERR_OK)
		*out = s;
	else
		unmake(&s, made);
	return e;
}

/* --- opening it --------------------------------------------------------- */

static fh_err check_owner(const char *path, struct fh_trace *t)
{
	struct stat st;

	if (stat(path, &st) != 0) {
		fh_err e = tell_errno(t, "no state directory");

		fh_trace_cure(t, "make one with `freehold init`, or name another with --state");
		return e;
	}
	if (!S_ISDIR(st.st_mode)) {
		fh_trace_what(t, "not a directory");
		return FH_ERR_FORMAT;
	}
	if (st.st_uid != geteuid() && geteuid() != 0) {
		fh_trace_what(t, "the state directory belongs to user %u", (unsigned)st.st_uid);
		fh_trace_cure(t, "run this as that user or as root");
		return FH_ERR_PERMISSION;
	}
	if ((st.st_mode & 077) != 0) {
		fh_trace_what(t, "group or others may enter the state directory (mode %04o)",
			      (unsigned)(st.st_mode & 07777));
		fh_trace_cure(t, "chmod 700 it, and consider who has been there");
		return FH_ERR_PERMISSION;
	}
	return FH_ERR_OK;
}

static fh_err check_version(struct fh_span text, unsigned *format, struct fh_trace *t)
{
	char digits[format_file_max] = "";
	struct fh_span rest = fh_span_skip(text, strlen(FORMAT_NAME));
	char *end;

	if (rest.n >= 2 && rest.n < sizeof(digits))
		memcpy(digits, rest.p, rest.n);

	unsigned long v = strtoul(digits, &end, 10);

	if (!fh_span_starts(text, FH_SPAN_LIT(FORMAT_NAME)) || end == digits ||
	    strcmp(end, "\n") != 0 || v == 0) {
		fh_trace_what(t, "the file `format` is not Freehold's");
		fh_trace_cure(t, "name another state directory with --state");
		return FH_ERR_FORMAT;
	}
	if (v <= FH_STORE_FORMAT) {
		*format = (unsigned)v;
		return FH_ERR_OK;
	}
	fh_trace_what(t, "the state directory has format %lu; this version knows up to %u", v,
		      FH_STORE_FORMAT);
	fh_trace_cure(t, "update Freehold; nothing was changed");
	return FH_ERR_VERSION;
}

static fh_err check_format(struct fh_store *s, struct fh_trace *t)
{
	alignas(max_align_t) uint8_t memory[2 * format_file_max];
	struct fh_arena a = fh_arena_of(memory, sizeof(memory));
	struct fh_span text;
	char path[FH_PATH_MAX];
	fh_err e = fh_store_path(s, "format", path);

	if (e == FH_ERR_OK)
		e = fh_file_read(path, format_file_max, &a, &text);
	if (e == FH_ERR_MISSING) {
		fh_trace_what(t, "this is no state directory: it has no file `format`");
		fh_trace_cure(t, "make one with `freehold init`, or name another with --state");
	} else if (e != FH_ERR_OK) {
		fh_trace_what(t, "the file `format` cannot be read: %s", fh_err_text(e));
	}
	return e != FH_ERR_OK ? e : check_version(text, &s->format, t);
}

fh_err fh_store_open(const char *path, struct fh_store *out, struct fh_trace *t)
{
	struct fh_store s = { 0 };
	fh_err e;

	fh_trace_where(t, "%s", path);
	if (snprintf(s.path, sizeof(s.path), "%s", path) >= (int)sizeof(s.path))
		return FH_ERR_LIMIT;
	e = check_owner(path, t);
	if (e == FH_ERR_OK)
		e = check_format(&s, t);
	if (e == FH_ERR_OK)
		*out = s;
	return e;
}

/* --- using it ----------------------------------------------------------- */

static void tell_holder(int fd, struct fh_trace *t)
{
	char text[32] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	unsigned long pid = n > 0 ? strtoul(text, nullptr, 10) : 0;

	if (pid > 0)
		fh_trace_what(t, "in use by process %lu", pid);
	else
		fh_trace_what(t, "in use by another process");
	fh_trace_cure(t,
			"stop that `freehold serve` first, or name another directory with --state");
}

static fh_err write_holder(int fd, struct fh_trace *t)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	fh_err e;

	if (ftruncate(fd, 0) != 0)
		return tell_errno(t, "the file `lock` cannot be written");
	e = fh_fd_pwrite(fd, fh_span_of(text, (size_t)n), 0);
	if (e != FH_ERR_OK)
		fh_trace_what(t, "the file `lock` cannot be written: %s", fh_err_text(e));
	return e;
}

fh_err fh_store_lock(struct fh_store *s, struct fh_trace *t)
{
	char path[FH_PATH_MAX];
	fh_err e = fh_store_path(s, "lock", path);

	if (e != FH_ERR_OK)
		return e;
	fh_trace_where(t, "%s", s->path);

	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	FH_OWN(fh_fd) lock = fh_fd_of(fd);

	if (fd < 0)
		return tell_errno(t, "the file `lock` cannot be opened");
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK)
			return tell_errno(t, "cannot be locked");
		tell_holder(fd, t);
		return FH_ERR_LOCKED;
	}
	e = hand_over(s, path, t);
	if (e == FH_ERR_OK)
		e = write_holder(fd, t);
	if (e != FH_ERR_OK)
		return e;
	s->lock = lock;
	lock = (struct fh_fd){ 0 };
	return FH_ERR_OK;
}

/* NAME with its last part behind a dot and with the process id, so that it is
 * no chain file and nobody else's.  */
static fh_err temporary_path(const struct fh_store *s, const char *name, char out[FH_PATH_MAX])
{
	char hidden[FH_PATH_MAX];
	const char *slash = strrchr(name, '/');
	int before = slash == nullptr ? 0 : (int)(slash - name) + 1;
	int n = snprintf(hidden, sizeof(hidden), "%.*s.%s.%ld", before, name, name + before,
			 (long)getpid());

	if (n < 0 || (size_t)n >= sizeof(hidden))
		return FH_ERR_LIMIT;
	return fh_store_path(s, hidden, out);
}

/* Gives the complete file its name, unless that is taken.  */
static fh_err give_name(const char *temporary, const char *path, struct fh_trace *t)
{
	if (renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE) == 0) {
		fh_err e = fh_directory_sync_of(path);

		/* It stays: others may have seen it.  */
		if (e != FH_ERR_OK)
			fh_trace_what(t, "%s is there, but may not survive a crash: %s", path,
				      fh_err_text(e));
		return e;
	}

	int error = errno;

	(void)unlink(temporary);
	fh_trace_what(t, "%s cannot be created: %s", path, strerror(error));
	return fh_errno_err(error);
}

fh_err fh_store_put(const struct fh_store *s, const char *name, struct fh_span bytes,
		    struct fh_trace *t)
{
	char path[FH_PATH_MAX], temporary[FH_PATH_MAX];
	fh_err e = fh_store_path(s, name, path);

	if (e == FH_ERR_OK)
		e = temporary_path(s, name, temporary);
	if (e != FH_ERR_OK)
		return e;
	(void)unlink(temporary); /* of a process with our id that was killed */
	e = fh_file_write_new(temporary, bytes, 0600);
	if (e != FH_ERR_OK) {
		fh_trace_what(t, "%s cannot be written: %s", path, fh_err_text(e));
		return e;
	}
	e = hand_over(s, temporary, t);
	if (e != FH_ERR_OK) {
		(void)unlink(temporary);
		return e;
	}
	return give_name(temporary, path, t);
}

fh_err fh_store_upgraded(struct fh_store *s, struct fh_trace *t)
{
	char path[FH_PATH_MAX], temporary[FH_PATH_MAX];
	fh_err e = fh_store_path(s, "format", path);

	if (e == FH_ERR_OK)
		e = temporary_path(s, "format", temporary);
	if (e != FH_ERR_OK)
		return e;
	(void)unlink(temporary);
	e = fh_file_write_new(temporary, FH_SPAN_LIT(FORMAT_LINE), 0600);
	if (e == FH_ERR_OK)
		e = hand_over(s, temporary, t);
	if (e == FH_ERR_OK && rename(temporary, path) != 0)
		e = fh_errno_err(errno);
	if (e == FH_ERR_OK)
		e = fh_directory_sync_of(path);
	if (e != FH_ERR_OK) {
		(void)unlink(temporary);
		fh_trace_what(t, "the file `format` cannot be written: %s", fh_err_text(e));
		return e;
	}
	s->format = FH_STORE_FORMAT;
	return FH_ERR_OK;
}
