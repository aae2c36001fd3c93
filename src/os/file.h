/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_OS_FILE_H
#define FH_OS_FILE_H

#include "base/arena.h"
#include "base/own.h"

#include <sys/types.h>

/* Files, whole or by descriptor, with the durability that the callers promise
 * to others.  Errors by errno: FH_ERR_MISSING, EXISTS, PERMISSION, FULL, LOCKED,
 * otherwise FH_ERR_IO.  */

/* An owned descriptor.  Zero-initialised means none.  */
struct fh_fd {
	int plus_one; /* the descriptor + 1, or 0 */
};

static inline struct fh_fd fh_fd_of(int fd)
{
	return (struct fh_fd){ fd + 1 };
}

static inline int fh_fd_get(struct fh_fd f)
{
	return f.plus_one - 1;
}

void fh_fd_drop(struct fh_fd *f);

/* The fh_err that stands for the errno value ERROR.  */
fh_err fh_errno_err(int error);

/* All of S, at the descriptor's position or at OFFSET; short writes and EINTR
 * are continued.  */
fh_err fh_fd_write(int fd, struct fh_span s);
fh_err fh_fd_pwrite(int fd, struct fh_span s, uint64_t offset);

/* Exactly N bytes at OFFSET into OUT; FH_ERR_TORN if the file ends before.  */
fh_err fh_fd_pread(int fd, uint8_t *out, size_t n, uint64_t offset);

/* fdatasync().  A failure is never retried: the pages may be gone.  */
fh_err fh_fd_sync(int fd);

/* *SAME says whether the file PATH, below DIRECTORY or AT_FDCWD, holds exactly BYTES.
 * FH_ERR_MISSING if there is none, FH_ERR_UNSUPPORTED if it is no regular one.  */
fh_err fh_file_compare(int directory, const char *path, struct fh_span bytes, bool *same);

/* The whole file in *OUT; FH_ERR_LIMIT above MAX bytes.  */
fh_err fh_file_read(const char *path, size_t max, struct fh_arena *arena, struct fh_span *out);

/* Creates PATH, which must not exist, durably: file and directory synced.  On an
 * error nothing is there.  */
fh_err fh_file_write_new(const char *path, struct fh_span s, mode_t mode);

/* Puts S in PATH's place durably and at once: a reader sees all of the old or
 * all of the new, and after an error one of the two is there.  */
fh_err fh_file_replace(const char *path, struct fh_span s, mode_t mode);

/* fsync() of the directory that holds PATH.  */
fh_err fh_directory_sync_of(const char *path);

#endif
