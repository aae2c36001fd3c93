/* SPDX-License-Identifier: Apache-2.0 */
#include "role/held.h"

#include "base/builder.h"
#include "base/cursor.h"

#include <string.h>

/* Before each frame stands when it may go, or `gone`, and how long it is.  */
constexpr size_t head_size = 8 + 4;
constexpr uint64_t gone = 0;

fh_err fh_held_open(size_t cap, struct fh_arena *arena, struct fh_held *out)
{
	uint8_t *p = fh_arena_space(arena, cap);

	if (p == nullptr)
		return FH_ERR_NOMEM;
	*out = (struct fh_held){ .p = p, .cap = cap, .due_ms = UINT64_MAX };
	return FH_ERR_OK;
}

fh_err fh_held_put(struct fh_held *h, struct fh_span body, uint64_t due_ms)
{
	if (h->from > 0 && h->cap - h->n < body.n + head_size) {
		memmove(h->p, h->p + h->from, h->n - h->from);
		h->n -= h->from;
		h->from = 0;
	}
	struct fh_builder b = fh_builder_of(h->p + h->n, h->cap - h->n);

	due_ms = due_ms == gone ? gone + 1 : due_ms;
	fh_builder_be64(&b, due_ms);
	fh_builder_be32(&b, (uint32_t)body.n);
	fh_builder_bytes(&b, body);
	if (b.bad)
		return FH_ERR_FULL;
	h->n += b.n;
	if (due_ms < h->due_ms)
		h->due_ms = due_ms;
	return FH_ERR_OK;
}

static void put_gone(struct fh_held *h, size_t at)
{
	struct fh_builder b = fh_builder_of(h->p + at, sizeof(gone));

	fh_builder_be64(&b, gone);
}

void fh_held_move(struct fh_held *h, uint64_t now_ms, struct fh_outbox *out)
{
	struct fh_cursor c = fh_cursor_of(fh_span_of(h->p + h->from, h->n - h->from));
	size_t at = h->from;
	bool first = true, fits = true;

	if (now_ms < h->due_ms)
		return;
	h->due_ms = UINT64_MAX;
	while (at < h->n) {
		uint64_t due_ms = fh_cursor_be64(&c);
		struct fh_span body = fh_cursor_take(&c, fh_cursor_be32(&c));

		if (due_ms != gone && due_ms <= now_ms && fits)
			fits = fh_outbox_put(out, body) == FH_ERR_OK;
		if (due_ms <= now_ms && fits) {
			put_gone(h, at);
			due_ms = gone;
		}
		first = first && due_ms == gone;
		if (due_ms != gone && due_ms < h->due_ms)
			h->due_ms = due_ms;
		at += head_size + body.n;
		if (first)
			h->from = at;
	}
	if (h->from == h->n)
		h->from = h->n = 0;
}
