/* SPDX-License-Identifier: Apache-2.0 */
#include "role/digest.h"

#include "base/limits.h"
#include "os/file.h"

#include <errno.h>
#include <unistd.h>

constexpr size_t chunk = 64 << 10;

fh_err fh_digest_of_fd(int fd, struct fh_hash *out)
{
	uint8_t bytes[chunk];
	struct fh_sha256 s;

	fh_sha256_begin(&s);
	for (uint64_t done = 0; done <= FH_EXECUTABLE_MAX;) {
		ssize_t n = pread(fd, bytes, sizeof(bytes), (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fh_errno_err(errno);
		if (n == 0) {
			*out = fh_sha256_end(&s);
			return FH_ERR_OK;
		}
		fh_sha256_add(&s, fh_span_of(bytes, (size_t)n));
		done += (uint64_t)n;
	}
	return FH_ERR_LIMIT;
}
