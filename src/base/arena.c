/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdckdint.h>
#include <string.h>

constexpr size_t alignment = alignof(max_align_t);

void *fh_arena_space(struct fh_arena *a, size_t n)
{
	size_t rounded;

	if (ckd_add(&rounded, n, alignment - 1))
		return nullptr;
	rounded &= ~(alignment - 1);
	if (rounded > a->cap - a->n)
		return nullptr;
	uint8_t *taken = a->p + a->n;

	a->n += rounded;
	return taken;
}

void *fh_arena_take(struct fh_arena *a, size_t n)
{
	void *taken = fh_arena_space(a, n);

	return taken == nullptr ? nullptr : memset(taken, 0, n);
}

void *fh_arena_array(struct fh_arena *a, size_t count, size_t size)
{
	size_t total;

	if (ckd_mul(&total, count, size))
		return nullptr;
	return fh_arena_take(a, total);
}

fh_err fh_arena_copy(struct fh_arena *a, struct fh_span s, struct fh_span *out)
{
	uint8_t *p = fh_arena_take(a, s.n + 1);

	if (p == nullptr)
		return FH_ERR_NOMEM;
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	*out = fh_span_of(p, s.n);
	return FH_ERR_OK;
}
