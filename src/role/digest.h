/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_ROLE_DIGEST_H
#define FH_ROLE_DIGEST_H

#include "base/limits.h"
#include "crypto/hash.h"
#include "freehold/error.h"

#include <sys/stat.h>

/* SHA-256 of the whole file behind FD; FH_ERR_LIMIT above FH_EXECUTABLE_MAX.  */
fh_err fh_digest_of_fd(int fd, struct fh_hash *out);

/* Digests of files, so that one that has not changed is not read again.  */
struct fh_digests {
	struct {
		struct stat st;        /* of the file when it was read */
		struct fh_hash digest;
		bool used;
	} file[FH_EXECUTABLES_MAX];
	size_t next;                   /* the place of the next one */
};

/* As fh_digest_of_fd(), from D if the file's status is what it was.  A file that
 * changed within the last seconds is not remembered: it could change again
 * without a new time.  */
fh_err fh_digests_of_fd(struct fh_digests *d, int fd, struct fh_hash *out);

#endif
