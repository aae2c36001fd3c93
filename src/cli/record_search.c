/* SPDX-License-Identifier: Apache-2.0 */
/* `record search`: reads the record into an index in memory, asks it, and shows what it
 * found.  */
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "cli/record_event.h"
#include "cli/record_source.h"
#include "cli/report_value.h"
#include "cli/time.h"
#include "index/index.h"
#include "os/memory.h"

constexpr uint64_t limit_default = 100;
constexpr uint64_t limit_max = 1 << 20;

static const struct fh_option options[] = {
	{ "kind", 0, false, "KIND", "session, start, chain, intent, outcome, refusal, ..." },
	{ "actor", 0, false, "NAME", "of this actor (a part of the name will do)" },
	{ "action", 0, false, "NAME", "this action (a part will do)" },
	{ "resource", 0, false, "NAME", "on this resource (a part will do)" },
	{ "server", 0, false, "NAME", "of this tool server" },
	{ "decision", 0, false, "WORD", "permitted or denied" },
	{ "status", 0, false, "WORD", "outcomes with this status" },
	{ "reason", 0, false, "CODE", "decisions and refusals for this reason" },
	{ "intent", 0, false, "N", "the intent N and its outcome" },
	{ "word", 0, false, "TEXT", "anywhere in what is recorded" },
	{ "since", 0, false, "TIME", "not before this time" },
	{ "until", 0, false, "TIME", "before this time" },
	{ "limit", 0, false, "N", "show at most the N newest (default 100)" },
	{ "fields", 0, false, nullptr, "all that is recorded of each entry" },
	FH_OPENINGS_OPTION,
};
static const struct fh_usage usage = {
	.verb = "record search",
	.operands = "[DIR]",
	.summary = "find entries of the record",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.operands_max = 1,
	.text = "Shows the entries that all options match.  An outcome is found by what its\n"
		"intent says.  The index is made in memory for each search and then gone.\n"
		"Nothing is verified: see `freehold verify record --help`.\n"
		"Exits 0 if anything was found, 1 if not, 2 if sealed entries may hold it.",
	.examples = "freehold record search --actor agent --decision denied --since 2026-11-01",
};

struct search {
	const struct fh_cli *cli;
	struct fh_record_look look;
	struct fh_events events;
	struct fh_index *index;
	struct fh_builder line;
	uint64_t *found;
	size_t n, shown;
	uint64_t sealed; /* entries that could not be looked into */
};

static void put_words(struct fh_builder *b, const struct fh_fields *f)
{
	for (size_t i = 0; i < f->n; i++) {
		fh_report_value(b, f->field[i].value);
		fh_builder_u8(b, '\n');
	}
}

static fh_err index_entry(void *context, const struct fh_stored *s, const struct fh_leaf *l)
{
	struct search *w = context;
	struct fh_event v;
	fh_err e = fh_event_read(&w->events, s, l, &v);

	if (e != FH_ERR_OK)
		return e;
	w->sealed += v.sealed;
	w->line.n = 0;
	put_words(&w->line, &v.fields);
	if (w->line.bad)
		return FH_ERR_LIMIT;
	const struct fh_index_row r = {
		.index = l->index, .time_ms = l->time.lo_ms, .kind = fh_entry_kind_text(l->kind),
		.actor = v.act.actor, .action = v.act.action, .resource = v.act.resource,
		.server = v.act.server, .reason = v.reason, .status = v.status,
		.allowed = v.decided ? v.allowed : -1, .intent = v.intent,
		.text = fh_builder_span(&w->line),
	};

	return fh_index_add(w->index, &r);
}

static fh_err show_entry(void *context, const struct fh_stored *s, const struct fh_leaf *l)
{
	struct search *w = context;

	if (w->shown == w->n)
		return FH_ERR_CLOSED;
	if (l->index != w->found[w->shown])
		return FH_ERR_OK;
	w->shown++;
	w->line.n = 0;
	fh_err e = fh_record_put_entry(&w->line, s, l, &w->look);

	if (e == FH_ERR_OK && fwrite(w->line.p, 1, w->line.n, stdout) != w->line.n)
		e = FH_ERR_CLOSED; /* which main() tells */
	return e;
}

static int read_time(const struct fh_arguments *a, const char *name, uint64_t *out)
{
	const char *text = fh_argument(a, name);

	if (text == nullptr || fh_time_read(text, out) == FH_ERR_OK)
		return -1;
	return fh_usage_error(&usage, "--%s takes a day, or a time as 2026-01-31T12:00:00Z", name);
}

static int read_decision(const struct fh_arguments *a, int *out)
{
	const char *word = fh_argument(a, "decision");

	*out = -1;
	if (word == nullptr)
		return -1;
	if (strcmp(word, "permitted") != 0 && strcmp(word, "denied") != 0)
		return fh_usage_error(&usage, "--decision takes permitted or denied");
	*out = strcmp(word, "permitted") == 0;
	return -1;
}

static int read_kind(const struct fh_arguments *a, const char **out)
{
	char all[256];
	struct fh_builder b = FH_BUILDER_ARRAY(all);

	*out = fh_argument(a, "kind");
	for (int k = 1; k < FH_ENTRY_KINDS; k++) {
		const char *text = fh_entry_kind_text((enum fh_entry_kind)k);

		if (*out == nullptr || strcmp(*out, text) == 0)
			return -1;
		fh_builder_text(&b, k > 1 ? ", " : "");
		fh_builder_text(&b, text);
	}
	return fh_usage_error(&usage, "--kind takes one of %.*s", (int)b.n, all);
}

/* Whether Q asks for what sealed entries do not tell.  */
static bool asks_for_fields(const struct fh_index_query *q)
{
	return q->actor != nullptr || q->action != nullptr || q->resource != nullptr
	       || q->server != nullptr || q->status != nullptr || q->reason != nullptr
	       || q->word != nullptr || q->allowed >= 0 || q->about != UINT64_MAX;
}

/* Found, or looked for everywhere and not found, or not looked for everywhere.  */
static int answer(const struct search *w, const struct fh_index_query *q)
{
	bool everywhere = w->sealed == 0 || !asks_for_fields(q);

	if (!everywhere && !w->cli->quiet)
		(void)fprintf(stderr, "freehold: record search: %llu sealed entries were not "
			      "looked into; give what was opened of them with --openings\n",
			      (unsigned long long)w->sealed);
	return w->n > 0 ? FH_EXIT_YES : everywhere ? FH_EXIT_NO : FH_EXIT_COULD_NOT;
}

static int read_query(const struct fh_arguments *a, struct fh_index_query *q)
{
	const char *limit = fh_argument(a, "limit");
	int done;

	*q = (struct fh_index_query){
		.actor = fh_argument(a, "actor"),
		.action = fh_argument(a, "action"), .resource = fh_argument(a, "resource"),
		.server = fh_argument(a, "server"), .status = fh_argument(a, "status"),
		.reason = fh_argument(a, "reason"), .word = fh_argument(a, "word"),
		.until_ms = UINT64_MAX, .about = UINT64_MAX, .limit = limit_default,
	};
	done = read_decision(a, &q->allowed);
	if (done < 0)
		done = read_kind(a, &q->kind);
	if (done < 0)
		done = read_time(a, "since", &q->since_ms);
	if (done < 0)
		done = read_time(a, "until", &q->until_ms);
	if (done < 0)
		done = fh_record_number(&usage, a, "intent", &q->about);
	if (done < 0 && limit != nullptr
	    && (fh_decimal_read(fh_span_str(limit), &q->limit) != FH_ERR_OK || q->limit == 0
		|| q->limit > limit_max))
		done = fh_usage_error(&usage, "--limit takes a number from 1 to %llu",
				      (unsigned long long)limit_max);
	return done;
}

static fh_err take_memory(struct search *w, const struct fh_index_query *q, struct fh_arena *arena)
{
	fh_err e = fh_arena_map(FH_RECORD_LINE_MAX + FH_EVENTS_ROOM
				+ q->limit * sizeof(*w->found), arena);

	if (e == FH_ERR_OK)
		e = fh_events_begin(arena, &w->events);
	if (e != FH_ERR_OK)
		return e;
	w->line = fh_builder_of(fh_arena_space(arena, FH_RECORD_LINE_MAX), FH_RECORD_LINE_MAX);
	w->found = fh_arena_space(arena, q->limit * sizeof(*w->found));
	return w->line.p == nullptr || w->found == nullptr ? FH_ERR_NOMEM : FH_ERR_OK;
}

static fh_err search(const struct fh_segments *s, struct search *w, const struct fh_index_query *q,
		     struct fh_trace *t)
{
	FH_OWN(fh_index_handle) index = { 0 };
	const struct fh_record_visitor add = { index_entry, nullptr, w };
	const struct fh_record_visitor show = { show_entry, nullptr, w, .prints = true };
	fh_err e = fh_index_open(&index, t);

	w->index = index.p;
	if (e == FH_ERR_OK)
		e = fh_record_read(s, &add, t);
	if (e == FH_ERR_OK)
		e = fh_index_search(w->index, q, w->found, &w->n);
	return e == FH_ERR_OK ? fh_record_read(s, &show, t) : e;
}

int fh_record_search(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_record_source) s = { 0 };
	FH_OWN(fh_arena) arena = { 0 };
	struct fh_arguments a;
	struct fh_index_query q;
	struct search w = { .cli = cli };
	struct fh_trace t = { 0 };
	int done = fh_cli_arguments(cli, &usage, argc, argv, &a);

	if (done < 0)
		done = read_query(&a, &q);
	if (done >= 0)
		return done;
	fh_err e = fh_record_source_open(cli, &a, 0, &s, &t);

	if (e == FH_ERR_OK)
		e = fh_record_source_shredded(&s, &t);
	w.look = fh_record_source_look(cli, &a, &s);
	if (e == FH_ERR_OK)
		e = take_memory(&w, &q, &arena);
	w.events.opened = w.look.opened;
	if (e == FH_ERR_OK)
		e = search(&s.segments, &w, &q, &t);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, s.path, &t);
	return answer(&w, &q);
}
