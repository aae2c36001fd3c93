/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/record_source.h"

#include "os/memory.h"

constexpr size_t keys_first = 256; /* room for so many that ended, then for twice as many, ... */

fh_err fh_record_source_open(const struct fh_cli *cli, const struct fh_arguments *a, int nth,
			     struct fh_record_source *out, struct fh_trace *t)
{
	out->path = (size_t)a->operands > nth ? a->operand[nth] : cli->config.state;
	fh_err e = fh_segments_open(out->path, &out->segments, t);

	return e == FH_ERR_OK ? fh_opened_file_open(fh_argument(a, "openings"), &out->openings, t)
			      : e;
}

void fh_record_source_drop(struct fh_record_source *s)
{
	fh_arena_drop(&s->keys);
	fh_opened_file_drop(&s->openings);
	fh_segments_drop(&s->segments);
}

/* Keys end as long as a record lives, so how many is not bounded by anything but memory.  */
static fh_err make_room(struct fh_record_source *s)
{
	size_t cap = s->shredded.cap == 0 ? keys_first : 2 * s->shredded.cap;
	FH_OWN(fh_arena) room = { 0 };
	fh_err e = fh_arena_map(cap * sizeof(struct fh_shredded_key) + 64, &room);

	if (e == FH_ERR_OK)
		e = fh_shredded_move(&room, cap, &s->shredded);
	if (e != FH_ERR_OK)
		return e;
	const struct fh_arena before = s->keys;

	s->keys = room;
	room = before;
	return FH_ERR_OK;
}

static fh_err add_shred(void *context, const struct fh_stored *stored, const struct fh_leaf *l)
{
	struct fh_record_source *s = context;
	fh_err e;

	if (l->kind != FH_ENTRY_SHRED)
		return FH_ERR_OK;
	while ((e = fh_shredded_add(&s->shredded, l->index, stored->payload)) == FH_ERR_LIMIT) {
		e = make_room(s);
		if (e != FH_ERR_OK)
			break;
	}
	return e;
}

fh_err fh_record_source_shredded(struct fh_record_source *s, struct fh_trace *t)
{
	const struct fh_record_visitor v = { add_shred, nullptr, s };

	return fh_record_read(&s->segments, &v, t);
}

struct fh_record_look fh_record_source_look(const struct fh_cli *cli, const struct fh_arguments *a,
					    struct fh_record_source *s)
{
	return (struct fh_record_look){ cli->json, fh_argument(a, "fields") != nullptr,
					fh_record_source_opened(s), &s->shredded };
}
