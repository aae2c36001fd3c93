/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/file.h"

fh_err fh_digest_file(const char *path, struct fh_hash *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	FH_OWN(fh_fd) owned = fh_fd_of(fd);
	uint8_t piece[64 << 10];
	struct fh_sha256 s;
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) != 0)
		return fh_errno_err(errno);
	if (!S_ISREG(st.st_mode))
		return FH_ERR_UNSUPPORTED;
	if ((uint64_t)st.st_size > FH_EXECUTABLE_MAX)
		return FH_ERR_LIMIT;
	fh_sha256_begin(&s);
	while ((n = read(fd, piece, sizeof(piece))) > 0)
		fh_sha256_add(&s, fh_span_of(piece, (size_t)n));
	if (n < 0)
		return fh_errno_err(errno);
	*out = fh_sha256_end(&s);
	return FH_ERR_OK;
}
