/* SPDX-License-Identifier: Apache-2.0 */
/* `record export`: entries for other programs.  */
#include <stdio.h>
#include <string.h>

#include "cli/record_event.h"
#include "cli/record_source.h"
#include "os/memory.h"

static const struct fh_option options[] = {
	{ "format", 0, false, "FORM", "jsonl (the default), ocsf or cef" },
	{ "from", 0, false, "N", "begin with this entry (default 0)" },
	{ "to", 0, false, "N", "end with this entry (default the last)" },
	FH_OPENINGS_OPTION,
	{ "payload", 0, false, nullptr, "arguments and results as well" },
};
static const struct fh_usage usage = {
	.verb = "record export",
	.operands = "[DIR]",
	.summary = "write entries as other programs read them",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.operands_max = 1,
	.text = "One line for each entry: jsonl as `record show --json`, ocsf as OCSF 1.8.0 API\n"
		"Activity (6003) with the profile ai_operation, cef as CEF 0.  Arguments and\n"
		"results are left out unless --payload asks for them; cef has no room for them.\n"
		"Nothing is verified: see `freehold verify record --help`.",
	.examples = "freehold record export --format ocsf --from 1000",
};

enum form {
	FORM_JSONL,
	FORM_OCSF,
	FORM_CEF,
};

struct export {
	enum form form;
	bool payload;
	uint64_t from, to;
	struct fh_hash device;
	struct fh_events events;
	struct fh_builder line;
};

/* Without what was sent and answered, unless it is asked for.  */
static void put_jsonl(struct export *x, const struct fh_event *v)
{
	struct fh_fields f = { 0 };

	for (size_t i = 0; i < v->fields.n; i++) {
		enum fh_field_id id = v->fields.field[i].id;

		if (x->payload || (id != FH_FIELD_ARGUMENTS && id != FH_FIELD_RESULT))
			f.field[f.n++] = v->fields.field[i];
	}
	fh_record_put_json(&x->line, v->leaf, &f, v->sealed, v->fate);
}

static fh_err write_entry(void *context, const struct fh_stored *s, const struct fh_leaf *l)
{
	struct export *x = context;
	struct fh_event v;

	if (l->index > x->to)
		return FH_ERR_CLOSED;
	/* Also of those that are left out: an outcome wants its intent.  */
	fh_err e = fh_event_read(&x->events, s, l, &v);

	if (e != FH_ERR_OK || l->index < x->from)
		return e;
	x->line.n = 0;
	if (x->form == FORM_JSONL)
		put_jsonl(x, &v);
	else if (x->form == FORM_OCSF)
		fh_event_put_ocsf(&x->line, &v, &x->device, x->payload);
	else
		fh_event_put_cef(&x->line, &v, &x->device);
	if (x->line.bad)
		return FH_ERR_LIMIT;
	if (fwrite(x->line.p, 1, x->line.n, stdout) != x->line.n)
		return FH_ERR_CLOSED; /* which main() tells */
	return FH_ERR_OK;
}

static int read_form(const struct fh_arguments *a, enum form *out)
{
	static const char *const names[] = { "jsonl", "ocsf", "cef" };
	const char *form = fh_argument(a, "format");

	for (size_t i = 0; form != nullptr && i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(form, names[i]) != 0)
			continue;
		*out = (enum form)i;
		return -1;
	}
	return form == nullptr ? -1 : fh_usage_error(&usage, "--format takes jsonl, ocsf or cef");
}

/* Whose record it is, as its first segment says.  */
static fh_err read_device(const struct fh_segments *s, struct fh_hash *out, struct fh_trace *t)
{
	FH_OWN(fh_mapped) m = { 0 };
	enum fh_segment_frame type;
	struct fh_segment_head h;
	struct fh_span body;
	fh_err e = fh_segments_map(s, 0, &m, t);
	struct fh_cursor c = fh_cursor_of(m.bytes);

	if (e == FH_ERR_OK)
		e = fh_segment_next(&c, &type, &body);
	if (e == FH_ERR_OK && type != FH_SEGMENT_HEAD)
		e = FH_ERR_FORMAT;
	if (e == FH_ERR_OK)
		e = fh_segment_head_read(body, &h);
	if (e == FH_ERR_OK)
		*out = h.device_id;
	return e;
}

int fh_record_export(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_record_source) s = { 0 };
	FH_OWN(fh_arena) arena = { 0 };
	struct fh_arguments a;
	struct export x = { .to = UINT64_MAX, .events.shredded = &s.shredded };
	const struct fh_record_visitor v = { write_entry, nullptr, &x, .prints = true };
	struct fh_trace t = { 0 };
	int done = fh_cli_arguments(cli, &usage, argc, argv, &a);

	if (done < 0)
		done = read_form(&a, &x.form);
	if (done < 0)
		done = fh_record_number(&usage, &a, "from", &x.from);
	if (done < 0)
		done = fh_record_number(&usage, &a, "to", &x.to);
	if (done >= 0)
		return done;
	x.payload = fh_argument(&a, "payload") != nullptr;
	fh_err e = fh_record_source_open(cli, &a, 0, &s, &t);

	if (e == FH_ERR_OK)
		e = fh_arena_map(FH_RECORD_LINE_MAX + FH_EVENTS_ROOM, &arena);
	if (e == FH_ERR_OK)
		e = fh_events_begin(&arena, &x.events);
	x.events.opened = fh_record_source_opened(&s);
	uint8_t *line = e == FH_ERR_OK ? fh_arena_space(&arena, FH_RECORD_LINE_MAX) : nullptr;

	x.line = fh_builder_of(line, line == nullptr ? 0 : FH_RECORD_LINE_MAX);
	if (e == FH_ERR_OK)
		e = read_device(&s.segments, &x.device, &t);
	if (e == FH_ERR_OK)
		e = fh_record_source_shredded(&s, &t);
	if (e == FH_ERR_OK)
		e = fh_record_read(&s.segments, &v, &t);
	return e == FH_ERR_OK ? FH_EXIT_YES : fh_cli_fail_trace(e, s.path, &t);
}
