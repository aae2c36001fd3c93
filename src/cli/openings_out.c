/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/openings_out.h"

#include <stdio.h>

#include "cli/record_read.h"
#include "codec/json.h"
#include "os/memory.h"

constexpr size_t file_max = 512 << 20; /* collected in memory */

fh_err fh_openings_out_begin(const struct fh_cli *cli, const struct fh_arguments *a,
			     struct fh_openings_out *out)
{
	out->path = fh_argument(a, "out");
	out->cli = cli;
	fh_err e = fh_arena_map(out->path != nullptr ? file_max : FH_RECORD_LINE_MAX,
				&out->memory);

	out->out = fh_builder_of(out->memory.p, out->memory.cap);
	if (e == FH_ERR_OK && out->path != nullptr)
		fh_opened_put_head(&out->out);
	return e;
}

void fh_openings_out_drop(struct fh_openings_out *o)
{
	fh_arena_drop(&o->memory);
}

static fh_err show(struct fh_openings_out *o, const struct fh_opened_entry *x)
{
	o->out.n = 0;
	fh_record_put_opened(&o->out, x, o->cli->json);
	if (o->out.bad)
		return FH_ERR_LIMIT;
	return fwrite(o->out.p, 1, o->out.n, stdout) == o->out.n ? FH_ERR_OK : FH_ERR_IO;
}

fh_err fh_openings_out_put(struct fh_openings_out *o, struct fh_span entries)
{
	struct fh_cursor c = fh_cursor_of(entries);
	struct fh_opened_entry x;
	fh_err e = FH_ERR_OK;

	while (e == FH_ERR_OK && c.rest.n > 0) {
		e = fh_opened_take(&c, &x);
		if (e == FH_ERR_OK && o->path == nullptr)
			e = show(o, &x);
	}
	if (e == FH_ERR_OK && o->path != nullptr)
		fh_builder_bytes(&o->out, entries);
	return e == FH_ERR_OK && o->out.bad ? FH_ERR_LIMIT : e;
}

static void say_file(const struct fh_openings_out *o, uint64_t opened, uint64_t erased)
{
	uint8_t bytes[2 * FH_PATH_MAX + 128];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	if (!o->cli->json) {
		fh_cli_say(o->cli, "%s: %llu entries", o->path, (unsigned long long)opened);
		return;
	}
	fh_builder_text(&b, "{\"file\":");
	fh_json_put_string(&b, fh_span_str(o->path));
	fh_builder_text(&b, ",\"entries\":");
	fh_builder_decimal(&b, opened);
	fh_builder_text(&b, ",\"erased\":");
	fh_builder_decimal(&b, erased);
	fh_builder_text(&b, "}\n");
	(void)!fwrite(b.p, 1, b.n, stdout);
}

int fh_openings_out_keep(const struct fh_openings_out *o, uint64_t opened, uint64_t erased)
{
	if (o->path == nullptr || opened == 0)
		return FH_EXIT_YES;
	fh_err e = fh_file_write_new(o->path, fh_builder_span(&o->out), 0600);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, o->path, nullptr, "give another --out");
	say_file(o, opened, erased);
	return FH_EXIT_YES;
}
