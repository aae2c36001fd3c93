/* SPDX-License-Identifier: Apache-2.0 */
#include "os/view.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/file.h"
#include "os/map.h"

static fh_err view_file(int fd, size_t size, struct fh_view *out)
{
	fh_err e = fh_map_open(fd, size, &out->bytes);

	if (e == FH_ERR_OK)
		out->mapped = size;
	return e;
}

static fh_err view_stream(int fd, struct fh_view *out)
{
	uint8_t *p = mmap(nullptr, FH_VIEW_STREAM_MAX, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, /* fd= */ -1, 0);
	struct fh_view v = { fh_span_of(p, 0), FH_VIEW_STREAM_MAX };
	fh_err e = FH_ERR_OK;
	ssize_t n = 1;

	if (p == MAP_FAILED)
		return FH_ERR_NOMEM;
	while (e == FH_ERR_OK && n != 0) {
		n = read(fd, p + v.bytes.n, FH_VIEW_STREAM_MAX - v.bytes.n);
		if (n > 0)
			v.bytes.n += (size_t)n;
		else if (n < 0 && errno != EINTR)
			e = fh_errno_err(errno);
		if (v.bytes.n == FH_VIEW_STREAM_MAX)
			e = FH_ERR_LIMIT;
	}
	if (e == FH_ERR_OK)
		*out = v;
	else
		fh_view_drop(&v);
	return e;
}

fh_err fh_view_open(const char *path, struct fh_view *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return fh_errno_err(errno);
	FH_OWN(fh_fd) file = fh_fd_of(fd);

	if (fstat(fd, &st) != 0)
		return fh_errno_err(errno);
	if (S_ISDIR(st.st_mode))
		return FH_ERR_UNSUPPORTED;
	if (!S_ISREG(st.st_mode) || st.st_size == 0)
		return view_stream(fd, out);
	return view_file(fd, (size_t)st.st_size, out);
}

void fh_view_drop(struct fh_view *v)
{
	struct fh_span whole = fh_span_of(v->bytes.p, v->mapped);

	fh_map_drop(&whole);
	*v = (struct fh_view){ 0 };
}
