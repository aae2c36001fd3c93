/* SPDX-License-Identifier: Apache-2.0 */
#include "net/queue.h"

#include "os/memory.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

fh_err fh_queue_open(size_t cap, size_t large_cap, struct fh_large *count,
		     struct fh_arena *arena, struct fh_queue *out)
{
	uint8_t *p = fh_arena_take(arena, cap);

	if (p == nullptr)
		return FH_ERR_NOMEM;
	*out = (struct fh_queue){ .p = p, .cap = cap, .small = p, .small_cap = cap,
				  .large_cap = large_cap, .count = count };
	return FH_ERR_OK;
}

struct fh_span fh_queue_span(const struct fh_queue *q)
{
	return fh_span_of(q->p + q->from, q->n - q->from);
}

void fh_queue_clear(struct fh_queue *q)
{
	q->from = 0;
	q->n = 0;
	if (q->large.p == nullptr)
		return;
	fh_arena_drop(&q->large);
	q->count->used--;
	q->p = q->small;
	q->cap = q->small_cap;
}

void fh_queue_skip(struct fh_queue *q, size_t n)
{
	q->from += n;
	if (q->from >= q->n)
		fh_queue_clear(q);
}

/* Moves what waits to the large memory.  */
static fh_err grow(struct fh_queue *q)
{
	struct fh_span waiting = fh_queue_span(q);

	if (q->count->used >= q->count->max)
		return FH_ERR_FULL;
	fh_err e = fh_arena_map(q->large_cap, &q->large);

	if (e != FH_ERR_OK)
		return FH_ERR_FULL;
	q->count->used++;
	memcpy(q->large.p, waiting.p, waiting.n);
	q->p = q->large.p;
	q->cap = q->large_cap;
	q->from = 0;
	q->n = waiting.n;
	return FH_ERR_OK;
}

fh_err fh_queue_reserve(struct fh_queue *q, size_t n)
{
	size_t waiting = q->n - q->from;

	if (n <= q->cap - q->n)
		return FH_ERR_OK;
	if (n > q->large_cap || waiting > q->large_cap - n)
		return FH_ERR_LIMIT;
	if (waiting + n > q->cap)
		return grow(q);
	memmove(q->p, q->p + q->from, waiting);
	q->from = 0;
	q->n = waiting;
	return FH_ERR_OK;
}

fh_err fh_queue_put(struct fh_queue *q, struct fh_span s)
{
	fh_err e = fh_queue_reserve(q, s.n);

	if (e != FH_ERR_OK || s.n == 0)
		return e;
	memcpy(q->p + q->n, s.p, s.n);
	q->n += s.n;
	return FH_ERR_OK;
}

/* What errno says about a socket that is not ready or no longer there.  */
static fh_err socket_error(void)
{
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
		return FH_ERR_STATE;
	return errno == EPIPE || errno == ECONNRESET ? FH_ERR_CLOSED : FH_ERR_IO;
}

fh_err fh_queue_receive(struct fh_queue *q, int fd)
{
	ssize_t n = recv(fd, q->p + q->n, q->cap - q->n, /* flags= */ 0);

	if (n < 0)
		return socket_error();
	if (n == 0)
		return FH_ERR_CLOSED;
	q->n += (size_t)n;
	return FH_ERR_OK;
}

fh_err fh_queue_send(struct fh_queue *q, int fd)
{
	while (q->n > q->from) {
		ssize_t n = send(fd, q->p + q->from, q->n - q->from, MSG_NOSIGNAL);

		if (n < 0) {
			fh_err e = socket_error();

			return e == FH_ERR_STATE ? FH_ERR_OK : e;
		}
		fh_queue_skip(q, (size_t)n);
	}
	return FH_ERR_OK;
}
