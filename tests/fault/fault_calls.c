/* SPDX-License-Identifier: Apache-2.0 */
/* The file calls that may fail.  With 64-bit file offsets some have 64 in their
 * names.  A write that fails leaves half of its bytes, as on a full disk.  */
#include "fault.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __real_pwrite64(int fd, const void *p, size_t n, off_t at);
ssize_t __real_pread64(int fd, void *p, size_t n, off_t at);
int __real_fsync(int fd);
int __real_fdatasync(int fd);
int __real_ftruncate64(int fd, off_t n);
int __real_open64(const char *path, int flags, ...);
int __real_rename(const char *from, const char *to);
int __real_renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags);
int __real_mkdir(const char *path, mode_t mode);
int __real_unlink(const char *path);
int __real_stat64(const char *path, struct stat *st);
int __real_fstat64(int fd, struct stat *st);
DIR *__real_opendir(const char *path);

ssize_t __wrap_write(int fd, const void *p, size_t n);
ssize_t __wrap_pwrite64(int fd, const void *p, size_t n, off_t at);
ssize_t __wrap_pread64(int fd, void *p, size_t n, off_t at);
int __wrap_fsync(int fd);
int __wrap_fdatasync(int fd);
int __wrap_ftruncate64(int fd, off_t n);
int __wrap_open64(const char *path, int flags, mode_t mode);
int __wrap_rename(const char *from, const char *to);
int __wrap_renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_unlink(const char *path);
int __wrap_stat64(const char *path, struct stat *st);
int __wrap_fstat64(int fd, struct stat *st);
DIR *__wrap_opendir(const char *path);

/* Only transfers can be short; the other calls then succeed.  */
static bool fails(const char *call)
{
	return fault_fails(call) && fault_now()->error != FAULT_SHORT;
}

/* Notes that a call succeeded; returns RESULT.  */
static int noted(char letter, int result)
{
	struct fault *f = fault_now();
	size_t n = strnlen(f->done, sizeof(f->done) - 1);

	if (result == 0 && n < sizeof(f->done) - 1)
		f->done[n] = letter;
	return result;
}

static size_t half(size_t n)
{
	return n > 1 ? n / 2 : n;
}

ssize_t __wrap_write(int fd, const void *p, size_t n)
{
	if (!fault_fails("write")) {
		(void)noted('w', 0);
		return __real_write(fd, p, n);
	}
	int error = fault_now()->error;
	ssize_t done = error == EINTR ? 0 : __real_write(fd, p, half(n));

	if (error == FAULT_SHORT)
		return done;
	errno = error;
	return -1;
}

ssize_t __wrap_pwrite64(int fd, const void *p, size_t n, off_t at)
{
	if (!fault_fails("pwrite"))
		return __real_pwrite64(fd, p, n, at);
	int error = fault_now()->error;
	ssize_t done = __real_pwrite64(fd, p, half(n), at);

	if (error == FAULT_SHORT)
		return done;
	errno = error;
	return -1;
}

ssize_t __wrap_pread64(int fd, void *p, size_t n, off_t at)
{
	if (!fault_fails("pread"))
		return __real_pread64(fd, p, n, at);
	return fault_now()->error == FAULT_SHORT ? __real_pread64(fd, p, half(n), at) : -1;
}

static int synced(int fd, int result)
{
	if (noted('s', result) != 0)
		return result;
	fault_now()->syncs++;
	if (fault_now()->synced != nullptr)
		fault_now()->synced(fd);
	return 0;
}

int __wrap_fsync(int fd)
{
	return synced(fd, fails("fsync") ? -1 : __real_fsync(fd));
}

int __wrap_fdatasync(int fd)
{
	return synced(fd, fails("fdatasync") ? -1 : __real_fdatasync(fd));
}

int __wrap_ftruncate64(int fd, off_t n)
{
	return fails("ftruncate") ? -1 : __real_ftruncate64(fd, n);
}

int __wrap_open64(const char *path, int flags, mode_t mode)
{
	return fails("open") ? -1 : __real_open64(path, flags, mode);
}

int __wrap_rename(const char *from, const char *to)
{
	return noted('r', fails("rename") ? -1 : __real_rename(from, to));
}

int __wrap_renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags)
{
	return noted('r', fails("renameat2")
			? -1 : __real_renameat2(from_at, from, to_at, to, flags));
}

int __wrap_mkdir(const char *path, mode_t mode)
{
	return noted('m', fails("mkdir") ? -1 : __real_mkdir(path, mode));
}

int __wrap_unlink(const char *path)
{
	return fails("unlink") ? -1 : __real_unlink(path);
}

int __wrap_stat64(const char *path, struct stat *st)
{
	return fails("stat") ? -1 : __real_stat64(path, st);
}

int __wrap_fstat64(int fd, struct stat *st)
{
	return fails("fstat") ? -1 : __real_fstat64(fd, st);
}

DIR *__wrap_opendir(const char *path)
{
	return fails("opendir") ? nullptr : __real_opendir(path);
}
