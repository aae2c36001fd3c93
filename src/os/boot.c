/* SPDX-License-Identifier: Apache-2.0 */
#include "os/boot.h"

#include "os/file.h"

#include <fcntl.h>
#include <unistd.h>

constexpr size_t text_max = 128;

fh_err fh_boot_id(struct fh_hash *out)
{
	uint8_t text[text_max];
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return FH_ERR_IO;
	FH_OWN(fh_fd) owned = fh_fd_of(fd);
	ssize_t n = read(fd, text, sizeof(text)); /* /proc tells no size beforehand */

	if (n <= 0)
		return FH_ERR_IO;
	*out = fh_hash_of(fh_span_of(text, (size_t)n));
	return FH_ERR_OK;
}
