/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <time.h>

#include "base/decimal.h"
#include "cli/record_source.h"
#include "os/memory.h"

constexpr long look_again_ns = 200 * 1000 * 1000; /* for what has been recorded since */

struct show {
	const struct fh_cli *cli;
	uint64_t from, to;
	struct fh_record_look look;
	struct fh_builder line;
};

static fh_err show_entry(void *context, const struct fh_stored *s, const struct fh_leaf *l)
{
	struct show *w = context;

	if (l->index > w->to)
		return FH_ERR_CLOSED;
	if (l->index < w->from)
		return FH_ERR_OK;
	w->line.n = 0;
	fh_err e = fh_record_put_entry(&w->line, s, l, &w->look);

	if (e == FH_ERR_OK && fwrite(w->line.p, 1, w->line.n, stdout) != w->line.n)
		e = FH_ERR_CLOSED; /* which main() tells */
	return e;
}

static const struct fh_option show_options[] = {
	{ "from", 0, false, "N", "begin with this entry (default 0)" },
	{ "to", 0, false, "N", "end with this entry (default the last)" },
	{ "fields", 0, false, nullptr, "all that is recorded of each entry" },
	FH_OPENINGS_OPTION,
	{ "follow", 'f', false, nullptr, "go on with what is recorded from now on" },
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
	.examples = "freehold record show --from 100 --to 110 --fields\n"
		    "freehold record show --follow",
};

int fh_record_number(const struct fh_usage *u, const struct fh_arguments *a, const char *option,
		     uint64_t *out)
{
	const char *value = fh_argument(a, option);

	if (value == nullptr || fh_decimal_read(fh_span_str(value), out) == FH_ERR_OK)
		return -1;
	return fh_usage_error(u, "--%s takes the index of an entry", option);
}

int fh_record_range(const struct fh_usage *u, const struct fh_arguments *a, uint64_t *from,
		    uint64_t *to)
{
	struct fh_span text = fh_span_str(a->operand[0]);
	size_t n = fh_span_find(text, '.');
	struct fh_span last = n < text.n ? fh_span_skip(text, n + 2) : text;
	bool dots = n == text.n || (n + 1 < text.n && text.p[n + 1] == '.');

	if (!dots || fh_decimal_read(fh_span_first(text, n), from) != FH_ERR_OK
	    || fh_decimal_read(last, to) != FH_ERR_OK)
		return fh_usage_error(u, "`%s` is neither an entry, 17, nor several, 17..40",
				      a->operand[0]);
	if (*to < *from)
		return fh_usage_error(u, "the last entry comes before the first");
	return -1;
}

int fh_record_fields(const struct fh_usage *u, const struct fh_arguments *a, uint64_t *out)
{
	const char *name;
	uint64_t bits = 0;

	for (size_t i = 0; (name = fh_argument_nth(a, "field", i)) != nullptr; i++) {
		enum fh_field_id id;

		if (fh_field_parse(fh_span_str(name), &id) != FH_ERR_OK)
			return fh_usage_error(u, "`%s` is not the name of a field", name);
		bits |= UINT64_C(1) << id;
	}
	*out = bits;
	return -1;
}

/* What there is; and with FOLLOW what comes, until somebody ends it, or --to is reached.  */
static fh_err show(const struct fh_segments *s, struct show *w, bool follow, struct fh_trace *t)
{
	const struct fh_record_visitor v = { show_entry, nullptr, w, .prints = true,
					     .settled = follow };
	const struct timespec pause = { 0, look_again_ns };
	struct fh_record_place at = { 0 };
	fh_err e = fh_record_read_on(s, &v, &at, t);

	while (e == FH_ERR_OK && follow && !at.enough && at.next <= w->to) {
		if (fflush(stdout) != 0)
			return FH_ERR_OK; /* which main() tells */
		(void)nanosleep(&pause, nullptr);
		e = fh_record_read_on(s, &v, &at, t);
	}
	return e;
}

static int run_show(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_record_source) s = { 0 };
	FH_OWN(fh_arena) arena = { 0 };
	struct fh_arguments a;
	struct show w = { .cli = cli, .to = UINT64_MAX };
	struct fh_trace t = { 0 };
	int done = fh_cli_arguments(cli, &show_usage, argc, argv, &a);

	if (done < 0)
		done = fh_record_number(&show_usage, &a, "from", &w.from);
	if (done < 0)
		done = fh_record_number(&show_usage, &a, "to", &w.to);
	if (done >= 0)
		return done;
	fh_err e = fh_record_source_open(cli, &a, 0, &s, &t);

	if (e == FH_ERR_OK)
		e = fh_record_source_shredded(&s, &t);
	w.look = fh_record_source_look(cli, &a, &s);
	if (e == FH_ERR_OK)
		e = fh_arena_map(FH_RECORD_LINE_MAX, &arena);
	w.line = fh_builder_of(arena.p, arena.cap);
	if (e == FH_ERR_OK)
		e = show(&s.segments, &w, fh_argument(&a, "follow") != nullptr, &t);
	return e == FH_ERR_OK ? FH_EXIT_YES : fh_cli_fail_trace(e, s.path, &t);
}

static const struct fh_subcommand subcommands[] = {
	{ "show", run_show, "show entries" },
	{ "search", fh_record_search, "find entries" },
	{ "export", fh_record_export, "write entries as other programs read them" },
	{ "tiles", fh_record_tiles, "write the record as static files, as it is served" },
	{ "open", fh_record_open, "have the daemon open what is sealed" },
	{ "disclose", fh_record_disclose, "prove to outsiders what a sealed entry says" },
	{ "anchor", fh_record_anchor, "have a block of Bitcoin show since when the record is" },
	{ "prune", fh_record_prune, "have the daemon free the room of what was shredded" },
	{ "prove", fh_record_prove, "prove to outsiders that an entry is in the record" },
};

int fh_cmd_record(struct fh_cli *cli, int argc, char **argv)
{
	return fh_cli_subcommand(cli, "record", subcommands,
				 sizeof(subcommands) / sizeof(subcommands[0]), argc, argv);
}
