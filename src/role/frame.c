/* SPDX-License-Identifier: Apache-2.0 */
#include "role/frame.h"

#include "base/cursor.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

constexpr size_t head_size = 4;

fh_err fh_pipe_open(int fd, size_t frame_max, struct fh_arena *arena, struct fh_pipe *out)
{
	uint8_t *p = fh_arena_space(arena, frame_max + head_size);

	if (p == nullptr)
		return FH_ERR_NOMEM;
	*out = (struct fh_pipe){ .fd = fd, .p = p, .cap = frame_max + head_size };
	return FH_ERR_OK;
}

/* Makes room at the end of the buffer by moving the rest to its start.  */
static void compact(struct fh_pipe *p)
{
	if (p->from == 0)
		return;
	memmove(p->p, p->p + p->from, p->n - p->from);
	p->n -= p->from;
	p->from = 0;
}

/* Keeps the one descriptor a frame may carry; any more are closed.  */
static void keep_passed(struct fh_pipe *p, struct msghdr *m)
{
	for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h != nullptr; h = CMSG_NXTHDR(m, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		size_t count = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(h) + i * sizeof(int), sizeof(fd));
			fh_fd_drop(&p->passed);
			p->passed = fh_fd_of(fd);
		}
	}
}

fh_err fh_pipe_receive(struct fh_pipe *p)
{
	alignas(struct cmsghdr) char control[CMSG_SPACE(4 * sizeof(int))];
	ssize_t n;

	compact(p);
	if (p->n == p->cap)
		return FH_ERR_LIMIT;
	struct iovec v = { p->p + p->n, p->cap - p->n };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };

	do
		n = recvmsg(p->fd, &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return FH_ERR_STATE;
	if (n < 0)
		return errno == ECONNRESET ? FH_ERR_CLOSED : FH_ERR_IO;
	keep_passed(p, &m);
	if (n == 0)
		return FH_ERR_CLOSED;
	p->n += (size_t)n;
	return FH_ERR_OK;
}

fh_err fh_pipe_next(struct fh_pipe *p, struct fh_span *out)
{
	struct fh_cursor c = fh_cursor_of(fh_span_of(p->p + p->from, p->n - p->from));

	if (c.rest.n < head_size)
		return FH_ERR_MISSING;
	uint32_t n = fh_cursor_be32(&c);

	if (n == 0)
		return FH_ERR_FORMAT;
	if (n > p->cap - head_size)
		return FH_ERR_LIMIT;
	if (n > c.rest.n)
		return FH_ERR_MISSING;
	*out = fh_cursor_take(&c, n);
	p->from += head_size + n;
	return FH_ERR_OK;
}

fh_err fh_pipe_wait(struct fh_pipe *p, struct fh_span *out)
{
	for (;;) {
		fh_err e = fh_pipe_next(p, out);

		if (e != FH_ERR_MISSING)
			return e;
		e = fh_pipe_receive(p);
		if (e != FH_ERR_OK)
			return e;
	}
}

/* Waits until FD takes bytes again, so that a non-blocking end sends whole
 * frames, too.  */
static fh_err await_writable(int fd)
{
	struct pollfd f = { .fd = fd, .events = POLLOUT };

	return poll(&f, 1, /* timeout= */ -1) < 0 && errno != EINTR ? FH_ERR_IO : FH_ERR_OK;
}

static fh_err send_some(int fd, struct msghdr *m, size_t *sent)
{
	ssize_t n = sendmsg(fd, m, MSG_NOSIGNAL);

	*sent = 0;
	if (n >= 0) {
		*sent = (size_t)n;
		return FH_ERR_OK;
	}
	if (errno == EINTR)
		return FH_ERR_OK;
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return await_writable(fd);
	return errno == EPIPE || errno == ECONNRESET ? FH_ERR_CLOSED : FH_ERR_IO;
}

fh_err fh_frame_send(int fd, struct fh_span body, int pass)
{
	uint8_t head[head_size];
	struct fh_builder b = FH_BUILDER_ARRAY(head);
	alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = { 0 };
	size_t done = 0, total = body.n + head_size;

	fh_builder_be32(&b, (uint32_t)body.n);
	while (done < total) {
		struct fh_span h = fh_span_skip(FH_SPAN_ARRAY(head), done);
		struct fh_span rest = fh_span_skip(body, done < head_size ? 0 : done - head_size);
		struct iovec v[2] = { { (void *)h.p, h.n }, { (void *)rest.p, rest.n } };
		struct msghdr m = { .msg_iov = v, .msg_iovlen = 2 };
		size_t sent;

		if (pass >= 0 && done == 0) {
			m.msg_control = control;
			m.msg_controllen = sizeof(control);
			struct cmsghdr *c = CMSG_FIRSTHDR(&m);

			*c = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
					       .cmsg_len = CMSG_LEN(sizeof(int)) };
			memcpy(CMSG_DATA(c), &pass, sizeof(pass));
		}
		fh_err e = send_some(fd, &m, &sent);

		if (e != FH_ERR_OK)
			return e;
		done += sent;
	}
	return FH_ERR_OK;
}

struct fh_fd fh_pipe_take_fd(struct fh_pipe *p)
{
	struct fh_fd taken = p->passed;

	p->passed = (struct fh_fd){ 0 };
	return taken;
}

void fh_pipe_drop(struct fh_pipe *p)
{
	fh_fd_drop(&p->passed);
	*p = (struct fh_pipe){ .fd = -1 };
}
