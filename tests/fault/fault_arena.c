/* SPDX-License-Identifier: Apache-2.0 */
/* Arenas that refuse.  Only calls from other files are wrapped, which is what
 * everybody but base/arena.c makes.  */
#include "fault.h"

#include "base/arena.h"

void *__real_fh_arena_take(struct fh_arena *a, size_t n);
void *__real_fh_arena_space(struct fh_arena *a, size_t n);
void *__real_fh_arena_array(struct fh_arena *a, size_t count, size_t size);
fh_err __real_fh_arena_copy(struct fh_arena *a, struct fh_span s, struct fh_span *out);
fh_err __real_fh_arena_map(size_t cap, struct fh_arena *out);

void *__wrap_fh_arena_take(struct fh_arena *a, size_t n);
void *__wrap_fh_arena_space(struct fh_arena *a, size_t n);
void *__wrap_fh_arena_array(struct fh_arena *a, size_t count, size_t size);
fh_err __wrap_fh_arena_copy(struct fh_arena *a, struct fh_span s, struct fh_span *out);
fh_err __wrap_fh_arena_map(size_t cap, struct fh_arena *out);

void *__wrap_fh_arena_take(struct fh_arena *a, size_t n)
{
	return fault_fails("take") ? nullptr : __real_fh_arena_take(a, n);
}

void *__wrap_fh_arena_space(struct fh_arena *a, size_t n)
{
	return fault_fails("space") ? nullptr : __real_fh_arena_space(a, n);
}

void *__wrap_fh_arena_array(struct fh_arena *a, size_t count, size_t size)
{
	return fault_fails("array") ? nullptr : __real_fh_arena_array(a, count, size);
}

fh_err __wrap_fh_arena_copy(struct fh_arena *a, struct fh_span s, struct fh_span *out)
{
	return fault_fails("copy") ? FH_ERR_NOMEM : __real_fh_arena_copy(a, s, out);
}

fh_err __wrap_fh_arena_map(size_t cap, struct fh_arena *out)
{
	return fault_fails("map") ? FH_ERR_NOMEM : __real_fh_arena_map(cap, out);
}
