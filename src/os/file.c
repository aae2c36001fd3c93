/* SPDX-License-Identifier: Apache-2.0 */
#include "os/file.h"

#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void fh_fd_drop(struct fh_fd *f)
{
	if (f->plus_one > 0)
		(void)close(fh_fd_get(*f));
	*f = (struct fh_fd){ 0 };
}

fh_err fh_errno_err(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return FH_ERR_MISSING;
	case EEXIST:
	case ENOTEMPTY:
		return FH_ERR_EXISTS;
	case EACCES:
	case EPERM:
	case EROFS:
		return FH_ERR_PERMISSION;
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return FH_ERR_FULL;
	case ENOMEM:
		return FH_ERR_NOMEM;
	case EWOULDBLOCK:
		return FH_ERR_LOCKED;
	default:
		return FH_ERR_IO;
	}
}

fh_err fh_fd_write(int fd, struct fh_span s)
{
	while (s.n > 0) {
		ssize_t n = write(fd, s.p, s.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fh_errno_err(errno);
		s = fh_span_skip(s, (size_t)n);
	}
	return FH_ERR_OK;
}

fh_err fh_fd_pwrite(int fd, struct fh_span s, uint64_t offset)
{
	while (s.n > 0) {
		ssize_t n = pwrite(fd, s.p, s.n, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fh_errno_err(errno);
		s = fh_span_skip(s, (size_t)n);
		offset += (uint64_t)n;
	}
	return FH_ERR_OK;
}

fh_err fh_fd_pread(int fd, uint8_t *out, size_t n, uint64_t offset)
{
	for (size_t done = 0; done < n;) {
		ssize_t got = pread(fd, out + done, n - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fh_errno_err(errno);
		if (got == 0)
			return FH_ERR_TORN;
		done += (size_t)got;
	}
	return FH_ERR_OK;
}

fh_err fh_fd_sync(int fd)
{
	return fdatasync(fd) == 0 ? FH_ERR_OK : fh_errno_err(errno);
}

/* Opens the regular file PATH to be read.  */
static fh_err open_regular(int directory, const char *path, struct fh_fd *out, uint64_t *size)
{
	/* What is no file, such as a pipe, is refused, and not waited for.  */
	int fd = openat(directory, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return fh_errno_err(errno);
	*out = fh_fd_of(fd);
	if (fstat(fd, &st) != 0)
		return fh_errno_err(errno);
	*size = (uint64_t)st.st_size;
	return S_ISREG(st.st_mode) ? FH_ERR_OK : FH_ERR_UNSUPPORTED;
}

fh_err fh_file_compare(int directory, const char *path, struct fh_span bytes, bool *same)
{
	FH_OWN(fh_fd) file = { 0 };
	uint8_t part[16384];
	uint64_t size;
	fh_err e = open_regular(directory, path, &file, &size);

	*same = false;
	if (e != FH_ERR_OK || size != bytes.n)
		return e;
	for (size_t at = 0; at < bytes.n; at += sizeof(part)) {
		size_t n = bytes.n - at < sizeof(part) ? bytes.n - at : sizeof(part);

		e = fh_fd_pread(fh_fd_get(file), part, n, at);
		if (e != FH_ERR_OK)
			return e;
		if (!fh_span_equal(fh_span_of(part, n), fh_span_first(fh_span_skip(bytes, at), n)))
			return FH_ERR_OK;
	}
	*same = true;
	return FH_ERR_OK;
}

fh_err fh_file_read(const char *path, size_t max, struct fh_arena *arena, struct fh_span *out)
{
	FH_OWN(fh_fd) file = { 0 };
	uint64_t size;
	fh_err e = open_regular(AT_FDCWD, path, &file, &size);

	if (e != FH_ERR_OK)
		return e;
	if (size > max)
		return FH_ERR_LIMIT;
	uint8_t *p = fh_arena_take(arena, (size_t)size + 1);

	if (p == nullptr)
		return FH_ERR_NOMEM;
	e = fh_fd_pread(fh_fd_get(file), p, (size_t)size, 0);
	if (e == FH_ERR_OK)
		*out = fh_span_of(p, (size_t)size);
	return e;
}

fh_err fh_directory_sync_of(const char *path)
{
	char directory[FH_PATH_MAX];
	const char *slash = strrchr(path, '/');
	int n = slash == nullptr ? 1 : (int)(slash - path);

	if (snprintf(directory, sizeof(directory), "%.*s", n == 0 ? 1 : n,
		     slash == nullptr ? "." : path) >= (int)sizeof(directory))
		return FH_ERR_LIMIT;
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return fh_errno_err(errno);
	FH_OWN(fh_fd) owned = fh_fd_of(fd);

	return fsync(fd) == 0 ? FH_ERR_OK : fh_errno_err(errno);
}

static fh_err fill(int fd, struct fh_span s)
{
	fh_err e = fh_fd_write(fd, s);

	if (e != FH_ERR_OK)
		return e;
	return fsync(fd) == 0 ? FH_ERR_OK : fh_errno_err(errno);
}

fh_err fh_file_write_new(const char *path, struct fh_span s, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);

	if (fd < 0)
		return fh_errno_err(errno);
	FH_OWN(fh_fd) file = fh_fd_of(fd);
	fh_err e = fill(fd, s);

	if (e == FH_ERR_OK)
		e = fh_directory_sync_of(path);
	if (e != FH_ERR_OK)
		(void)unlink(path);
	return e;
}

fh_err fh_file_replace(const char *path, struct fh_span s, mode_t mode)
{
	char temporary[FH_PATH_MAX];

	if (snprintf(temporary, sizeof(temporary), "%s.%ld.new", path, (long)getpid())
	    >= (int)sizeof(temporary))
		return FH_ERR_LIMIT;
	(void)unlink(temporary);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);

	if (fd < 0)
		return fh_errno_err(errno);
	FH_OWN(fh_fd) file = fh_fd_of(fd);
	fh_err e = fill(fd, s);

	if (e == FH_ERR_OK && rename(temporary, path) != 0)
		e = fh_errno_err(errno);
	if (e != FH_ERR_OK) {
		(void)unlink(temporary);
		return e;
	}
	return fh_directory_sync_of(path);
}
