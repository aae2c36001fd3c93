/* SPDX-License-Identifier: Apache-2.0 */
/* What of a record has been shredded with a record of it.  */
#include "cli/record_read.h"

#include "os/memory.h"

constexpr size_t keys_max = 4 << 20; /* ended over the life of a record */

static fh_err add_shred(void *context, const struct fh_stored *s, const struct fh_leaf *l)
{
	struct fh_shredded *out = context;

	return l->kind == FH_ENTRY_SHRED ? fh_shredded_add(out, l->index, s->payload) : FH_ERR_OK;
}

fh_err fh_record_shredded(const struct fh_segments *s, struct fh_arena *arena,
			  struct fh_shredded *out, struct fh_trace *t)
{
	const struct fh_record_visitor v = { add_shred, nullptr, out };
	fh_err e = fh_arena_map(keys_max * sizeof(struct fh_shredded_key) + 64, arena);

	if (e == FH_ERR_OK)
		e = fh_shredded_begin(arena, keys_max, out);
	return e == FH_ERR_OK ? fh_record_read(s, &v, t) : e;
}
