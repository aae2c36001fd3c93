/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/decimal.h"
#include "cli/record_read.h"
#include "cli/time.h"
#include "cli/verify_print.h"
#include "codec/json.h"
#include "os/memory.h"

constexpr size_t line_max = 8 << 20; /* one entry in JSON: a payload in hex, and more */

struct show {
	const struct fh_cli *cli;
	uint64_t from, to;
	bool fields;
	struct fh_builder line;
};

static void put_time(struct fh_builder *b, uint64_t ms)
{
	char text[FH_TIME_TEXT];

	fh_time_text(ms, text);
	fh_builder_text(b, text);
}

static void put_fields_json(struct fh_builder *b, const struct fh_fields *f)
{
	fh_builder_text(b, ",\"fields\":{");
	for (size_t i = 0; i < f->n; i++) {
		fh_builder_text(b, i > 0 ? ",\"" : "\"");
		fh_builder_text(b, fh_field_text(f->field[i].id));
		fh_builder_text(b, "\":");
		fh_report_value(b, f->field[i].value);
	}
	fh_builder_u8(b, '}');
}

static void put_json(struct fh_builder *b, const struct fh_leaf *l, const struct fh_fields *f)
{
	fh_builder_text(b, "{\"index\":");
	fh_builder_decimal(b, l->index);
	fh_builder_text(b, ",\"kind\":\"");
	fh_builder_text(b, fh_entry_kind_text(l->kind));
	fh_builder_text(b, "\",\"not-before-ms\":");
	fh_builder_decimal(b, l->time.lo_ms);
	fh_builder_text(b, ",\"not-after-ms\":");
	fh_builder_decimal(b, l->time.hi_ms);
	fh_builder_text(b, ",\"boot\":");
	fh_builder_decimal(b, l->boot);
	fh_builder_text(b, ",\"start\":");
	fh_builder_decimal(b, l->start);
	fh_builder_text(b, ",\"class\":");
	fh_json_put_string(b, l->class);
	fh_builder_text(b, ",\"session\":\"");
	fh_builder_hex(b, fh_hash_span(&l->session));
	fh_builder_text(b, "\",\"chain-head\":\"");
	fh_builder_hex(b, fh_hash_span(&l->chain_head));
	fh_builder_u8(b, '"');
	if (f != nullptr)
		put_fields_json(b, f);
	fh_builder_text(b, "}\n");
}

/* The value of the text field ID, quoted and safe for a terminal.  */
static void put_text_field(struct fh_builder *b, const struct fh_fields *f, enum fh_field_id id)
{
	const struct fh_field *field = fh_fields_get(f, id);

	if (field == nullptr)
		return;
	fh_builder_text(b, "  ");
	fh_report_value(b, field->value);
}

static void put_fields_text(struct fh_builder *b, const struct fh_fields *f)
{
	for (size_t i = 0; i < f->n; i++) {
		fh_builder_text(b, "          ");
		fh_builder_text(b, fh_field_text(f->field[i].id));
		fh_builder_text(b, ": ");
		fh_report_value(b, f->field[i].value);
		fh_builder_u8(b, '\n');
	}
}

static void put_text(struct fh_builder *b, const struct fh_leaf *l, const struct fh_fields *f,
		     bool fields)
{
	fh_builder_decimal(b, l->index);
	fh_builder_text(b, "  ");
	put_time(b, l->time.lo_ms);
	fh_builder_text(b, "  ");
	fh_builder_text(b, fh_entry_kind_text(l->kind));
	if (fields) {
		fh_builder_u8(b, '\n');
		put_fields_text(b, f);
		return;
	}
	put_text_field(b, f, FH_FIELD_ACTOR);
	put_text_field(b, f, FH_FIELD_ACTION);
	put_text_field(b, f, FH_FIELD_RESOURCE);
	put_text_field(b, f, FH_FIELD_DECISION);
	put_text_field(b, f, FH_FIELD_INTENT);
	put_text_field(b, f, FH_FIELD_STATUS);
	put_text_field(b, f, FH_FIELD_DETAIL);
	fh_builder_u8(b, '\n');
}

static fh_err show_entry(void *context, const struct fh_stored *s, const struct fh_leaf *l)
{
	struct show *w = context;
	struct fh_fields f;

	if (l->index > w->to)
		return FH_ERR_CLOSED;
	if (l->index < w->from)
		return FH_ERR_OK;
	fh_err e = fh_payload_read(s->payload, &f);

	if (e != FH_ERR_OK)
		return e;
	w->line.n = 0;
	if (w->cli->json)
		put_json(&w->line, l, w->fields ? &f : nullptr);
	else
		put_text(&w->line, l, &f, w->fields);
	if (w->line.bad)
		return FH_ERR_LIMIT;
	return fwrite(w->line.p, 1, w->line.n, stdout) == w->line.n ? FH_ERR_OK : FH_ERR_IO;
}

static const struct fh_option show_options[] = {
	{ "from", 0, false, "N", "begin with this entry (default 0)" },
	{ "to", 0, false, "N", "end with this entry (default the last)" },
	{ "fields", 0, false, nullptr, "all that is recorded of each entry" },
};
static const struct fh_usage show_usage = {
	.verb = "record show",
	.operands = "[DIR]",
	.summary = "show entries of the record",
	.options = show_options,
	.options_n = sizeof(show_options) / sizeof(show_options[0]),
	.operands_max = 1,
	.text = "DIR is a state directory, or a copy of its record; without it, --state.  It\n"
		"may be in use.  Nothing is verified: see `freehold verify record --help`.",
	.examples = "freehold record show --from 100 --to 110 --fields",
};

int fh_record_number(const struct fh_usage *u, const struct fh_arguments *a, const char *option,
		     uint64_t *out)
{
	const char *value = fh_argument(a, option);

	if (value == nullptr || fh_decimal_read(fh_span_str(value), out) == FH_ERR_OK)
		return -1;
	return fh_usage_error(u, "--%s takes the index of an entry", option);
}

static int run_show(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_segments) s = { 0 };
	FH_OWN(fh_arena) arena = { 0 };
	struct fh_arguments a;
	struct show w = { .cli = cli, .to = UINT64_MAX };
	struct fh_record_visitor v = { show_entry, nullptr, &w };
	struct fh_trace t = { 0 };
	int done = fh_cli_arguments(cli, &show_usage, argc, argv, &a);

	if (done < 0)
		done = fh_record_number(&show_usage, &a, "from", &w.from);
	if (done < 0)
		done = fh_record_number(&show_usage, &a, "to", &w.to);
	if (done >= 0)
		return done;
	w.fields = fh_argument(&a, "fields") != nullptr;
	const char *path = a.operands > 0 ? a.operand[0] : cli->config.state;
	fh_err e = fh_segments_open(path, &s, &t);

	if (e == FH_ERR_OK)
		e = fh_arena_map(line_max, &arena);
	w.line = fh_builder_of(arena.p, arena.cap);
	if (e == FH_ERR_OK)
		e = fh_record_read(&s, &v, &t);
	return e == FH_ERR_OK ? FH_EXIT_YES : fh_cli_fail_trace(e, path, &t);
}

static const struct fh_subcommand subcommands[] = {
	{ "show", run_show, "show entries" },
	{ "prove", fh_record_prove, "prove to outsiders that an entry is in the record" },
};

int fh_cmd_record(struct fh_cli *cli, int argc, char **argv)
{
	return fh_cli_subcommand(cli, "record", subcommands,
				 sizeof(subcommands) / sizeof(subcommands[0]), argc, argv);
}
