/* SPDX-License-Identifier: Apache-2.0 */
/* The k-th send or receive between roles is interrupted, would block, is short
 * or fails, for every k: frames arrive whole and in order or the pair is
 * closed, and descriptors that travel are not lost.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fault.h"
#include "os/memory.h"
#include "role/frame.h"
#include "role/outbox.h"

ssize_t __real_send(int fd, const void *p, size_t n, int flags);
ssize_t __real_sendmsg(int fd, const struct msghdr *m, int flags);
ssize_t __real_recvmsg(int fd, struct msghdr *m, int flags);
ssize_t __wrap_send(int fd, const void *p, size_t n, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *m, int flags);
ssize_t __wrap_recvmsg(int fd, struct msghdr *m, int flags);

ssize_t __wrap_send(int fd, const void *p, size_t n, int flags)
{
	if (!fault_fails("send"))
		return __real_send(fd, p, n, flags);
	return fault_now()->error == FAULT_SHORT ? __real_send(fd, p, n > 3 ? 3 : n, flags) : -1;
}

/* The first three bytes of M only.  */
static struct iovec shorter(const struct msghdr *m)
{
	struct iovec v = { nullptr, 0 };

	for (size_t i = 0; i < m->msg_iovlen && v.iov_len == 0; i++)
		v = m->msg_iov[i];
	v.iov_len = v.iov_len > 3 ? 3 : v.iov_len;
	return v;
}

ssize_t __wrap_sendmsg(int fd, const struct msghdr *m, int flags)
{
	if (!fault_fails("sendmsg"))
		return __real_sendmsg(fd, m, flags);
	if (fault_now()->error != FAULT_SHORT)
		return -1;
	struct iovec v = shorter(m);
	struct msghdr part = *m;

	part.msg_iov = &v;
	part.msg_iovlen = 1;
	return __real_sendmsg(fd, &part, flags);
}

ssize_t __wrap_recvmsg(int fd, struct msghdr *m, int flags)
{
	if (!fault_fails("recvmsg"))
		return __real_recvmsg(fd, m, flags);
	if (fault_now()->error != FAULT_SHORT)
		return -1;
	struct iovec v = shorter(m), *all = m->msg_iov;
	size_t n = m->msg_iovlen;

	m->msg_iov = &v;
	m->msg_iovlen = 1;
	ssize_t got = __real_recvmsg(fd, m, flags);

	m->msg_iov = all;
	m->msg_iovlen = n;
	return got;
}

/* --- two ends ------------------------------------------------------------------- */

constexpr size_t frame_max = 600;
constexpr size_t frames = 5;
constexpr size_t carrier = 2; /* the frame that carries a descriptor */

struct ends {
	int fd[2];
	struct fh_arena arena;
	struct fh_pipe in;
	struct fh_outbox out;
	size_t read;     /* frames that came */
	bool carried;    /* and the descriptor */
};

static void make_ends(struct ends *s)
{
	*s = (struct ends){ 0 };
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s->fd), 0);
	assert_int_equal(fh_arena_map(1 << 16, &s->arena), FH_ERR_OK);
	assert_int_equal(fh_pipe_open(s->fd[1], frame_max, &s->arena, &s->in), FH_ERR_OK);
	assert_int_equal(fh_outbox_open(8192, &s->arena, &s->out), FH_ERR_OK);
}

static void drop_ends(struct ends *s)
{
	fh_pipe_drop(&s->in);
	if (s->fd[0] >= 0)
		(void)close(s->fd[0]);
	(void)close(s->fd[1]);
	fh_arena_drop(&s->arena);
}

static struct fh_span frame(size_t i, uint8_t room[frame_max])
{
	memset(room, (int)i + 1, frame_max);
	return fh_span_of(room, 1 + i * 149);
}

static fh_err send_all(struct ends *s)
{
	uint8_t room[frame_max];
	fh_err e = FH_ERR_OK;

	for (size_t i = 0; i < frames && e == FH_ERR_OK; i++) {
		int fd = i == carrier ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;

		e = fh_frame_send(s->fd[0], frame(i, room), fd);
		if (fd >= 0)
			(void)close(fd);
	}
	return e;
}

/* Reads what has come until END, the end of the stream or an error.  */
static fh_err read_some(struct ends *s, size_t end)
{
	uint8_t room[frame_max];
	struct fh_span got;
	fh_err e = FH_ERR_OK;

	while (s->read < end) {
		e = fh_pipe_wait(&s->in, &got);
		if (e == FH_ERR_STATE)
			continue; /* nothing there, it was said: the caller polls */
		if (e != FH_ERR_OK)
			return e;
		assert_true(fh_span_equal(got, frame(s->read, room)));
		s->read++;
		struct fh_fd fd = fh_pipe_take_fd(&s->in);

		s->carried |= fd.plus_one > 0;
		fh_fd_drop(&fd);
	}
	return e;
}

static const int harmless[] = { EINTR, EAGAIN, FAULT_SHORT };
static const int final[] = { ECONNRESET, EPIPE };

static bool is_send(const char *call)
{
	return strncmp(call, "send", 4) == 0;
}

static bool is_receive(const char *call)
{
	return strcmp(call, "recvmsg") == 0;
}

/* --- frames --------------------------------------------------------------------- */

static bool pass_frames(size_t k, int error, bool (*chosen)(const char *call))
{
	struct ends s;
	size_t descriptors = fault_descriptors();

	make_ends(&s);
	fault_arm(k, error, chosen);
	assert_int_equal(send_all(&s), FH_ERR_OK);
	assert_int_equal(read_some(&s, frames), FH_ERR_OK);
	bool met = fault_end();

	assert_int_equal(s.read, frames);
	assert_true(s.carried);
	drop_ends(&s);
	assert_int_equal(fault_descriptors(), descriptors);
	return met;
}

static void frames_arrive_whole_and_in_order(void **state)
{
	size_t faults = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
		for (size_t k = 0; pass_frames(k, harmless[i], is_send); k++)
			faults++;
		for (size_t k = 0; pass_frames(k, harmless[i], is_receive); k++)
			faults++;
	}
	print_message("# frames: %zu harmless faults\n", faults);
	assert_true(faults >= 3 * frames);
}

static bool cut_frames(size_t k, int error, bool (*chosen)(const char *call))
{
	struct ends s;
	size_t descriptors = fault_descriptors();

	make_ends(&s);
	fault_arm(k, error, chosen);
	fh_err e = send_all(&s);

	if (chosen == is_send)
		assert_int_equal(e, fault_now()->met ? FH_ERR_CLOSED : FH_ERR_OK);
	(void)close(s.fd[0]);
	s.fd[0] = -1;
	/* What was sent whole before is read; then the stream ends.  */
	e = read_some(&s, SIZE_MAX);
	bool met = fault_end();

	assert_int_equal(e, FH_ERR_CLOSED);
	assert_true(s.read <= frames && (met || s.read == frames));
	drop_ends(&s);
	assert_int_equal(fault_descriptors(), descriptors);
	return met;
}

static void a_reset_pair_is_closed(void **state)
{
	size_t faults = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(final) / sizeof(final[0]); i++) {
		for (size_t k = 0; cut_frames(k, final[i], is_send); k++)
			faults++;
	}
	for (size_t k = 0; cut_frames(k, ECONNRESET, is_receive); k++)
		faults++;
	print_message("# frames: %zu final faults\n", faults);
	assert_true(faults > 2 * frames);
}

static void another_failure_is_an_error(void **state)
{
	struct ends s;
	uint8_t room[frame_max];
	struct fh_span got;

	(void)state;
	make_ends(&s);
	fault_arm(0, EIO, is_send);
	assert_int_equal(fh_frame_send(s.fd[0], frame(1, room), -1), FH_ERR_IO);
	assert_int_equal(fh_frame_send(s.fd[0], frame(1, room), -1), FH_ERR_OK);
	fault_arm(0, EIO, is_receive);
	assert_int_equal(fh_pipe_wait(&s.in, &got), FH_ERR_IO);
	assert_int_equal(fh_pipe_wait(&s.in, &got), FH_ERR_OK);
	(void)fault_end();
	drop_ends(&s);
}

/* --- descriptors ---------------------------------------------------------------- */

static void descriptors_nobody_takes_are_closed(void **state)
{
	size_t descriptors = fault_descriptors();
	uint8_t room[frame_max];
	struct fh_span got;
	struct ends s;

	(void)state;
	make_ends(&s);
	for (size_t i = 0; i < 10; i++) {
		int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

		assert_int_equal(fh_frame_send(s.fd[0], frame(1, room), fd), FH_ERR_OK);
		(void)close(fd);
		assert_int_equal(fh_pipe_wait(&s.in, &got), FH_ERR_OK);
	}
	drop_ends(&s);
	assert_int_equal(fault_descriptors(), descriptors);
	fh_pipe_drop(&(struct fh_pipe){ 0 });
}

/* More descriptors than a frame may carry, in one message.  */
static void too_many_descriptors_are_closed(void **state)
{
	alignas(struct cmsghdr) char control[CMSG_SPACE(10 * sizeof(int))] = { 0 };
	char bytes[] = { 0, 0, 0, 1, 7 };
	struct iovec v = { bytes, sizeof(bytes) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	size_t descriptors = fault_descriptors();
	int ten[10];
	struct fh_span got;
	struct ends s;

	(void)state;
	make_ends(&s);
	for (size_t i = 0; i < 10; i++)
		ten[i] = s.fd[0];
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	*c = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
			       .cmsg_len = CMSG_LEN(sizeof(ten)) };
	memcpy(CMSG_DATA(c), ten, sizeof(ten));
	assert_int_equal(sendmsg(s.fd[0], &m, MSG_NOSIGNAL), sizeof(bytes));
	assert_int_equal(fh_pipe_wait(&s.in, &got), FH_ERR_OK);
	assert_true(s.in.passed.plus_one > 0);
	assert_int_equal(fault_descriptors(), descriptors + 3); /* both ends and one */
	drop_ends(&s);
	assert_int_equal(fault_descriptors(), descriptors);
}

/* --- the outbox ------------------------------------------------------------------ */

static void put_frames(struct ends *s)
{
	uint8_t room[frame_max];

	for (size_t i = 0; i < frames; i++)
		assert_int_equal(fh_outbox_put(&s->out, frame(i, room)), FH_ERR_OK);
	fh_outbox_release(&s->out);
}

static bool empty_outbox(size_t k, int error)
{
	struct ends s;

	make_ends(&s);
	fault_arm(k, error, is_send);
	/* One by one and then together, so that there are several calls.  */
	put_frames(&s);
	s.out.released = 4;
	while (s.out.released < s.out.n || fh_outbox_waiting(&s.out)) {
		if (!fh_outbox_waiting(&s.out))
			s.out.released = s.out.released + 300 < s.out.n ? s.out.released + 300
									 : s.out.n;
		assert_int_equal(fh_outbox_send(&s.out, s.fd[0]), FH_ERR_OK);
	}
	bool met = fault_end();

	assert_int_equal(read_some(&s, frames), FH_ERR_OK);
	assert_int_equal(s.read, frames);
	drop_ends(&s);
	return met;
}

static void an_outbox_sends_whole_frames_in_order(void **state)
{
	size_t faults = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
		for (size_t k = 0; empty_outbox(k, harmless[i]); k++)
			faults++;
	}
	print_message("# outbox: %zu harmless faults\n", faults);
	assert_true(faults >= 9);
}

static void an_outbox_says_that_the_peer_is_gone(void **state)
{
	struct ends s;

	(void)state;
	for (size_t i = 0; i < sizeof(final) / sizeof(final[0]); i++) {
		make_ends(&s);
		put_frames(&s);
		fault_arm(0, final[i], is_send);
		assert_int_equal(fh_outbox_send(&s.out, s.fd[0]), FH_ERR_CLOSED);
		(void)fault_end();
		drop_ends(&s);
	}
}

static void an_outbox_holds_what_a_full_peer_does_not_take(void **state)
{
	static uint8_t memory[1 << 21];
	struct fh_outbox big = { .p = memory, .cap = sizeof(memory) };
	uint8_t room[frame_max];
	struct fh_span got;
	struct ends s;
	size_t put = 0, read = 0;

	(void)state;
	make_ends(&s);
	while (fh_outbox_put(&big, frame(4, room)) == FH_ERR_OK)
		put++;
	fh_outbox_release(&big);
	while (read < put) {
		/* Never blocks, however little the peer reads.  */
		assert_int_equal(fh_outbox_send(&big, s.fd[0]), FH_ERR_OK);
		assert_int_equal(fh_pipe_wait(&s.in, &got), FH_ERR_OK);
		assert_true(fh_span_equal(got, frame(4, room)));
		read++;
	}
	assert_false(fh_outbox_waiting(&big));
	drop_ends(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_arrive_whole_and_in_order),
		cmocka_unit_test(a_reset_pair_is_closed),
		cmocka_unit_test(another_failure_is_an_error),
		cmocka_unit_test(descriptors_nobody_takes_are_closed),
		cmocka_unit_test(too_many_descriptors_are_closed),
		cmocka_unit_test(an_outbox_sends_whole_frames_in_order),
		cmocka_unit_test(an_outbox_says_that_the_peer_is_gone),
		cmocka_unit_test(an_outbox_holds_what_a_full_peer_does_not_take),
	};

	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
