/* SPDX-License-Identifier: Apache-2.0 */
#include "net/stream.h"

#include <poll.h>
#include <sys/socket.h>

#include "base/limits.h"

fh_err fh_stream_prepare(struct fh_stream *s, size_t in_max, size_t out_max,
			 struct fh_large *in_count, struct fh_large *out_count,
			 struct fh_arena *arena)
{
	fh_err e = fh_queue_open(FH_CLIENT_SMALL, in_max, in_count, arena, &s->in);

	if (e != FH_ERR_OK)
		return e;
	return fh_queue_open(FH_CLIENT_SMALL, out_max, out_count, arena, &s->out);
}

void fh_stream_close(struct fh_stream *s)
{
	if (s->watch == nullptr)
		return;
	fh_watch_close(s->watch);
	s->watch = nullptr;
	fh_fd_drop(&s->fd);
	fh_queue_clear(&s->in);
	fh_queue_clear(&s->out);
	s->closed(s->owner);
}

static void linger(struct fh_stream *s)
{
	if (s->ended) {
		fh_stream_close(s);
		return;
	}
	if (!s->lingering) {
		s->lingering = true;
		s->linger_ms = fh_loop_now_ms(s->loop);
		(void)shutdown(fh_fd_get(s->fd), SHUT_WR);
	}
	fh_watch_want(s->watch, /* readable= */ true, /* writable= */ false);
}

/* Takes what comes and keeps nothing.  */
static void discard(struct fh_stream *s)
{
	fh_err e;

	fh_queue_clear(&s->in);
	e = fh_queue_receive(&s->in, fh_fd_get(s->fd));
	fh_queue_clear(&s->in);
	if (e != FH_ERR_OK && e != FH_ERR_STATE)
		fh_stream_close(s);
}

bool fh_stream_expire(struct fh_stream *s, uint64_t now_ms)
{
	if (!s->lingering || now_ms - s->linger_ms < FH_CLIENT_LINGER_MS)
		return false;
	fh_stream_close(s);
	return true;
}

static bool wants_more(const struct fh_stream *s)
{
	return !s->paused && !s->ended && !s->closing && s->in.n - s->in.from < s->in.large_cap
	    && s->out.n - s->out.from < FH_CLIENT_SMALL;
}

bool fh_stream_hung_up(const struct fh_stream *s)
{
	struct pollfd f = { .fd = fh_fd_get(s->fd) };

	return poll(&f, 1, /* timeout= */ 0) > 0 && (f.revents & (POLLHUP | POLLERR)) != 0;
}

void fh_stream_update(struct fh_stream *s)
{
	size_t before = s->out.n - s->out.from;

	if (s->watch == nullptr)
		return;
	if (before > 0 && fh_queue_send(&s->out, fh_fd_get(s->fd)) != FH_ERR_OK) {
		fh_stream_close(s);
		return;
	}
	size_t after = s->out.n - s->out.from;

	if (after != before)
		s->moved_ms = fh_loop_now_ms(s->loop);
	if (s->closing && after == 0) {
		linger(s);
		return;
	}
	fh_watch_want(s->watch, wants_more(s), after > 0);
}

/* Once per call: other clients want their turn, too.  */
static void receive(struct fh_stream *s)
{
	fh_err e = fh_queue_reserve(&s->in, 1);

	if (e == FH_ERR_OK)
		e = fh_queue_receive(&s->in, fh_fd_get(s->fd));
	if (e == FH_ERR_STATE)
		return;
	if (e != FH_ERR_OK && e != FH_ERR_CLOSED) {
		fh_stream_close(s);
		return;
	}
	s->moved_ms = fh_loop_now_ms(s->loop);
	s->ended = e == FH_ERR_CLOSED;
	s->heard(s->owner);
}

static void on_ready(void *context, bool readable, bool writable)
{
	struct fh_stream *s = context;

	(void)writable; /* fh_stream_update() tries in any case */
	if (readable && s->lingering)
		discard(s);
	else if (readable && wants_more(s))
		receive(s);
	fh_stream_update(s);
}

fh_err fh_stream_open(struct fh_stream *s, struct fh_loop *l, struct fh_fd fd)
{
	s->fd = fd;
	s->loop = l;
	s->paused = false;
	s->ended = false;
	s->closing = false;
	s->lingering = false;
	fh_queue_clear(&s->in);
	fh_queue_clear(&s->out);
	s->moved_ms = fh_loop_now_ms(l);
	fh_err e = fh_loop_watch(l, fh_fd_get(fd), on_ready, s, &s->watch);

	if (e != FH_ERR_OK) {
		s->watch = nullptr;
		fh_fd_drop(&s->fd);
		return e;
	}
	fh_watch_want(s->watch, /* readable= */ true, /* writable= */ false);
	return FH_ERR_OK;
}
