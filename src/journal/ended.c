/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/ended.h"

#include "os/memory.h"

constexpr size_t keys_first = 256; /* room for so many, then for twice as many, ... */

static fh_err make_room(struct fh_arena *keys, struct fh_shredded *all)
{
	size_t cap = all->cap == 0 ? keys_first : 2 * all->cap;
	FH_OWN(fh_arena) room = { 0 };
	fh_err e = fh_arena_map(cap * sizeof(struct fh_shredded_key) + 64, &room);

	if (e == FH_ERR_OK)
		e = fh_shredded_move(&room, cap, all);
	if (e != FH_ERR_OK)
		return e;
	const struct fh_arena before = *keys;

	*keys = room;
	room = before;
	return FH_ERR_OK;
}

fh_err fh_ended_add(struct fh_arena *keys, struct fh_shredded *all, uint64_t by,
		    struct fh_span payload)
{
	fh_err e;

	while ((e = fh_shredded_add(all, by, payload)) == FH_ERR_LIMIT) {
		e = make_room(keys, all);
		if (e != FH_ERR_OK)
			break;
	}
	return e;
}
