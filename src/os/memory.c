/* SPDX-License-Identifier: Apache-2.0 */
#include "os/memory.h"

#include <sys/mman.h>

fh_err fh_arena_map(size_t cap, struct fh_arena *out)
{
	void *p = mmap(nullptr, cap, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       /* fd= */ -1, /* offset= */ 0);

	if (p == MAP_FAILED)
		return FH_ERR_NOMEM;
	*out = fh_arena_of(p, cap);
	return FH_ERR_OK;
}

void fh_arena_drop(struct fh_arena *a)
{
	if (a->p != nullptr)
		(void)munmap(a->p, a->cap);
	*a = (struct fh_arena){ 0 };
}
