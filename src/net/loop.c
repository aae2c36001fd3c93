/* SPDX-License-Identifier: Apache-2.0 */
#include "net/loop.h"

#include <uv.h>

struct fh_watch {
	uv_poll_t poll;  /* first: libuv's callbacks get it back */
	struct fh_loop *loop;
	struct fh_watch *next; /* in the free list */
	void (*ready)(void *context, bool readable, bool writable);
	void *context;
	int wanted;      /* UV_READABLE | UV_WRITABLE */
};

struct fh_loop {
	uv_loop_t uv;
	uv_timer_t timer;
	void (*tick)(void *context);
	void *tick_context;
	struct fh_watch *spare; /* free list */
};

fh_err fh_loop_open(size_t watches_max, struct fh_arena *arena, struct fh_loop **out)
{
	struct fh_loop *l = fh_arena_take(arena, sizeof(*l));
	struct fh_watch *w = fh_arena_array(arena, watches_max, sizeof(*w));

	if (l == nullptr || w == nullptr)
		return FH_ERR_NOMEM;
	if (uv_loop_init(&l->uv) != 0)
		return FH_ERR_IO;
	for (size_t i = 0; i < watches_max; i++) {
		w[i].next = l->spare;
		l->spare = &w[i];
	}
	*out = l;
	return FH_ERR_OK;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct fh_watch *w = (struct fh_watch *)poll;

	if (status < 0)
		w->ready(w->context, true, true);
	else
		w->ready(w->context, events & UV_READABLE, events & UV_WRITABLE);
}

fh_err fh_loop_watch(struct fh_loop *l, int fd,
		     void (*ready)(void *context, bool readable, bool writable), void *context,
		     struct fh_watch **out)
{
	struct fh_watch *w = l->spare;

	if (w == nullptr)
		return FH_ERR_LIMIT;
	if (uv_poll_init(&l->uv, &w->poll, fd) != 0)
		return FH_ERR_IO;
	l->spare = w->next;
	w->loop = l;
	w->ready = ready;
	w->context = context;
	w->wanted = 0;
	*out = w;
	return FH_ERR_OK;
}

void fh_watch_want(struct fh_watch *w, bool readable, bool writable)
{
	int wanted = (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0);

	if (wanted == w->wanted)
		return;
	w->wanted = wanted;
	if (wanted == 0)
		(void)uv_poll_stop(&w->poll);
	else
		(void)uv_poll_start(&w->poll, wanted, on_poll);
}

static void on_closed(uv_handle_t *handle)
{
	struct fh_watch *w = (struct fh_watch *)handle;

	w->next = w->loop->spare;
	w->loop->spare = w;
}

void fh_watch_close(struct fh_watch *w)
{
	(void)uv_poll_stop(&w->poll);
	uv_close((uv_handle_t *)&w->poll, on_closed);
}

static void on_timer(uv_timer_t *timer)
{
	struct fh_loop *l = timer->data;

	l->tick(l->tick_context);
}

fh_err fh_loop_every(struct fh_loop *l, uint32_t period_ms, void (*tick)(void *context),
		     void *context)
{
	l->tick = tick;
	l->tick_context = context;
	if (uv_timer_init(&l->uv, &l->timer) != 0)
		return FH_ERR_IO;
	l->timer.data = l;
	return uv_timer_start(&l->timer, on_timer, period_ms, period_ms) == 0 ? FH_ERR_OK
									      : FH_ERR_IO;
}

void fh_loop_run(struct fh_loop *l)
{
	(void)uv_run(&l->uv, UV_RUN_DEFAULT);
}

void fh_loop_stop(struct fh_loop *l)
{
	uv_stop(&l->uv);
}

uint64_t fh_loop_now_ms(const struct fh_loop *l)
{
	return uv_now(&l->uv);
}
