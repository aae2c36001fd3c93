/* SPDX-License-Identifier: Apache-2.0 */
#include "role/outbox.h"

#include "base/builder.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

constexpr size_t head_size = 4;

fh_err fh_outbox_open(size_t cap, struct fh_arena *arena, struct fh_outbox *out)
{
	uint8_t *p = fh_arena_space(arena, cap);

	if (p == nullptr)
		return FH_ERR_NOMEM;
	*out = (struct fh_outbox){ .p = p, .cap = cap };
	return FH_ERR_OK;
}

/* Moves what is left to the front, when that is cheap or needed.  */
static void compact(struct fh_outbox *o)
{
	if (o->from == 0)
		return;
	memmove(o->p, o->p + o->from, o->n - o->from);
	o->n -= o->from;
	o->released -= o->from;
	o->marked = o->marked > o->from ? o->marked - o->from : 0;
	o->from = 0;
}

fh_err fh_outbox_put(struct fh_outbox *o, struct fh_span body)
{
	if (o->from == o->n || o->cap - o->n < body.n + head_size)
		compact(o);
	struct fh_builder b = fh_builder_of(o->p + o->n, o->cap - o->n);

	fh_builder_be32(&b, (uint32_t)body.n);
	fh_builder_bytes(&b, body);
	if (b.bad)
		return FH_ERR_FULL;
	o->n += b.n;
	return FH_ERR_OK;
}

fh_err fh_outbox_send(struct fh_outbox *o, int fd)
{
	while (fh_outbox_waiting(o)) {
		ssize_t n = send(fd, o->p + o->from, o->released - o->from,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return FH_ERR_OK;
		if (n < 0)
			return FH_ERR_CLOSED;
		o->from += (size_t)n;
	}
	return FH_ERR_OK;
}
