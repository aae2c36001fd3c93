/* SPDX-License-Identifier: Apache-2.0 */
/* Where an operator key file may lie, and who may read it.  */
#include "vault/operator_key.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/file.h"

/* The directory PATH lies in, as far as it can be told, into OUT.  */
static void directory_of(const char *path, char out[PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	size_t n = slash == nullptr ? 0 : (size_t)(slash - path);

	if (slash == nullptr)
		memcpy(out, ".", 2);
	else if (n == 0)
		memcpy(out, "/", 2);
	else if (n < PATH_MAX) {
		memcpy(out, path, n);
		out[n] = '\0';
	}
}

static bool inside(const char *path, const char *state_directory)
{
	char directory[PATH_MAX] = "", real[PATH_MAX], state[PATH_MAX];
	size_t n;

	if (state_directory == nullptr || realpath(state_directory, state) == nullptr)
		return false; /* no such directory: nothing can be in it */
	directory_of(path, directory);
	if (realpath(directory, real) == nullptr)
		return false;
	n = strlen(state);
	return strncmp(real, state, n) == 0 && (real[n] == '\0' || real[n] == '/' || n == 1);
}

static fh_err refuse_inside(const char *path, const char *state_directory, struct fh_trace *t)
{
	if (!inside(path, state_directory))
		return FH_ERR_OK;
	fh_trace_what(t, "an operator key may not lie in the state directory %s, "
		      "which the daemon can reach", state_directory);
	fh_trace_cure(t, "keep it elsewhere, best on another machine");
	return FH_ERR_PERMISSION;
}

static fh_err check_file(int fd, struct fh_trace *t)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return fh_errno_err(errno);
	if (!S_ISREG(st.st_mode)) {
		fh_trace_what(t, "not a regular file");
		return FH_ERR_PERMISSION;
	}
	if ((st.st_mode & 077) != 0) {
		fh_trace_what(t, "group or others may read or write this key (mode %04o)",
			      (unsigned)(st.st_mode & 07777));
		fh_trace_cure(t, "chmod 600 it, and consider who has read it");
		return FH_ERR_PERMISSION;
	}
	if (st.st_uid != geteuid()) {
		fh_trace_what(t, "this key belongs to user %u, not to you", (unsigned)st.st_uid);
		fh_trace_cure(t, "run this as its owner");
		return FH_ERR_PERMISSION;
	}
	if (st.st_size > (off_t)FH_OPERATOR_KEY_FILE_MAX)
		return FH_ERR_LIMIT;
	return FH_ERR_OK;
}

fh_err fh_operator_key_read(const char *path, const char *state_directory, struct fh_arena *a,
			    struct fh_span *out, struct fh_trace *t)
{
	struct stat st;
	fh_err e;

	fh_trace_where(t, "%s", path);

	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
	FH_OWN(fh_fd) owned = fh_fd_of(fd);

	if (fd < 0) {
		e = errno == ELOOP ? FH_ERR_PERMISSION : fh_errno_err(errno);
		fh_trace_what(t, "%s", errno == ELOOP ? "is a symbolic link" : strerror(errno));
		fh_trace_cure(t, "give the operator key file itself");
		return e;
	}
	e = refuse_inside(path, state_directory, t);
	if (e == FH_ERR_OK)
		e = check_file(fd, t);
	if (e != FH_ERR_OK)
		return e;
	if (fstat(fd, &st) != 0)
		return fh_errno_err(errno);

	uint8_t *bytes = fh_arena_take(a, (size_t)st.st_size + 1);

	if (bytes == nullptr)
		return FH_ERR_NOMEM;
	e = fh_fd_pread(fd, bytes, (size_t)st.st_size, 0);
	if (e == FH_ERR_OK)
		*out = fh_span_of(bytes, (size_t)st.st_size);
	return e;
}

fh_err fh_operator_key_write(const char *path, const char *state_directory, struct fh_span file,
			     struct fh_trace *t)
{
	fh_err e;

	fh_trace_where(t, "%s", path);
	e = refuse_inside(path, state_directory, t);
	if (e != FH_ERR_OK)
		return e;
	e = fh_file_write_new(path, file, 0600);
	if (e != FH_ERR_OK)
		fh_trace_what(t, "the operator key cannot be written: %s", fh_err_text(e));
	return e;
}
