/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/record_source.h"

#include "journal/ended.h"
#include "os/memory.h"

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

static fh_err add_shred(void *context, const struct fh_stored *stored, const struct fh_leaf *l)
{
	struct fh_record_source *s = context;

	return l->kind == FH_ENTRY_SHRED
		       ? fh_ended_add(&s->keys, &s->shredded, l->index, stored->payload)
		       : FH_ERR_OK;
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
