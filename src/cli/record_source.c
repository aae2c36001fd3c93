/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/record_source.h"

#include "os/memory.h"

constexpr size_t keys_max = 4 << 20; /* ended over the life of a record */

fh_err fh_record_source_open(const struct fh_cli *cli, const struct fh_arguments *a, int nth,
			     struct fh_record_source *out, struct fh_trace *t)
{
	out->path = a->operands > nth ? a->operand[nth] : cli->config.state;
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

static fh_err add_shred(void *context, const struct fh_stored *s, const struct fh_leaf *l)
{
	struct fh_shredded *out = context;

	return l->kind == FH_ENTRY_SHRED ? fh_shredded_add(out, l->index, s->payload) : FH_ERR_OK;
}

fh_err fh_record_source_shredded(struct fh_record_source *s, struct fh_trace *t)
{
	const struct fh_record_visitor v = { add_shred, nullptr, &s->shredded };
	fh_err e = fh_arena_map(keys_max * sizeof(struct fh_shredded_key) + 64, &s->keys);

	if (e == FH_ERR_OK)
		e = fh_shredded_begin(&s->keys, keys_max, &s->shredded);
	return e == FH_ERR_OK ? fh_record_read(&s->segments, &v, t) : e;
}

struct fh_record_look fh_record_source_look(const struct fh_cli *cli, const struct fh_arguments *a,
					    struct fh_record_source *s)
{
	return (struct fh_record_look){ cli->json, fh_argument(a, "fields") != nullptr,
					fh_record_source_opened(s), &s->shredded };
}
