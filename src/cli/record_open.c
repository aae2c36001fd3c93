/* SPDX-License-Identifier: Apache-2.0 */
/* `record open`: entries that the running daemon opens, shown or kept as a file.  */
#include <stdio.h>
#include <string.h>

#include "cli/record_read.h"
#include "cli/record_reader.h"
#include "codec/json.h"
#include "entry/opened.h"

constexpr size_t file_max = 512 << 20; /* of openings, collected in memory */

static const struct fh_option options[] = {
	{ "field", 0, true, "NAME", "open this field alone" },
	FH_SOCKET_OPTION,
	{ "out", 'o', false, "FILE", "write a file of openings, for --openings of other verbs" },
};
static const struct fh_usage usage = {
	.verb = "record open",
	.operands = "N|N..M",
	.summary = "have the daemon open entry N, or N to M, of its record",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.operands_min = 1,
	.operands_max = 1,
	.text = "Who asks is what the kernel says about this process.  The operator's policy\n"
		"permits it (Action::\"record.open\") or not, and the record says either way, "
		"before\n"
		"anything is opened.  Of other fields than those named nothing leaves the daemon\n"
		"but their hashes.  Entries that are public are passed over: `record show` shows\n"
		"them.  Exit status 0: opened; 1: refused; 2: could not.\n",
	.examples = "freehold record open 17\n"
		    "freehold record open 17 --field decision --json\n"
		    "freehold record open 100..2000 -o openings\n"
		    "freehold record export --openings openings",
};

struct task {
	struct fh_cli *cli;
	struct fh_arguments a;
	struct fh_open_ask what;      /* the whole range, which may take several requests */
	const char *path;            /* --out, or NULL */
	struct fh_arena memory;
	struct fh_builder out;       /* the file, or one entry as text */
	uint64_t opened, erased;
	bool ended;                  /* the record did, before the range */
};

static int read_task(struct fh_cli *cli, int argc, char **argv, struct task *t)
{
	int done = fh_cli_arguments(cli, &usage, argc, argv, &t->a);

	if (done < 0)
		done = fh_record_fields(&usage, &t->a, &t->what.fields);
	if (done < 0)
		done = fh_record_range(&usage, &t->a, &t->what.from, &t->what.to);
	if (t->what.fields == 0)
		t->what.fields = FH_OPEN_ASK_FIELDS;
	t->path = fh_argument(&t->a, "out");
	return done;
}

/* --- what came ------------------------------------------------------------------- */

/* The openings BYTES, which are read whatever becomes of them.  */
static fh_err take_openings(struct task *t, struct fh_span bytes)
{
	struct fh_cursor c = fh_cursor_of(bytes);
	struct fh_opened_entry x;
	fh_err e = FH_ERR_OK;

	while (e == FH_ERR_OK && c.rest.n > 0) {
		e = fh_opened_take(&c, &x);
		if (e != FH_ERR_OK || t->path != nullptr)
			continue;
		t->out.n = 0;
		fh_record_put_opened(&t->out, &x, t->cli->json);
		if (t->out.bad)
			return FH_ERR_LIMIT;
		if (fwrite(t->out.p, 1, t->out.n, stdout) != t->out.n)
			return FH_ERR_IO;
	}
	if (e == FH_ERR_OK && t->path != nullptr)
		fh_builder_bytes(&t->out, bytes);
	return e == FH_ERR_OK && t->out.bad ? FH_ERR_LIMIT : e;
}

/* One request after the other, until the range or the record ends.  */
static int ask_all(struct task *t, struct fh_reader *r)
{
	struct fh_open_ask o = t->what;
	struct fh_reader_answer said;
	char where[64];
	int done;

	do {
		o.to = t->what.to - o.from < FH_OPEN_ASK_ENTRIES_MAX
			       ? t->what.to : o.from + FH_OPEN_ASK_ENTRIES_MAX - 1;
		done = fh_reader_ask(r, &o, &said);
		if (done != FH_EXIT_YES)
			return done;
		(void)snprintf(where, sizeof(where), "entry %llu", (unsigned long long)o.from);
		if (said.opened == 0 && t->what.from == t->what.to)
			return fh_reader_nothing(&said, where);
		fh_err e = take_openings(t, said.openings);

		if (e == FH_ERR_OK && said.next <= o.from)
			e = FH_ERR_FORMAT; /* it would be asked for ever */
		if (e != FH_ERR_OK)
			return fh_cli_fail(e, where, nullptr, e == FH_ERR_LIMIT
					   ? "open fewer entries at a time" : nullptr);
		t->opened += said.opened;
		t->erased += said.erased_n;
		t->ended = said.whole && said.next <= o.to;
		o.from = said.next;
	} while (!t->ended && o.from <= t->what.to);
	return FH_EXIT_YES;
}

static void say_file(const struct task *t)
{
	uint8_t bytes[2 * FH_PATH_MAX + 128];
	struct fh_builder b = FH_BUILDER_ARRAY(bytes);

	if (!t->cli->json) {
		fh_cli_say(t->cli, "%s: %llu entries", t->path, (unsigned long long)t->opened);
		return;
	}
	fh_builder_text(&b, "{\"file\":");
	fh_json_put_string(&b, fh_span_str(t->path));
	fh_builder_text(&b, ",\"entries\":");
	fh_builder_decimal(&b, t->opened);
	fh_builder_text(&b, ",\"erased\":");
	fh_builder_decimal(&b, t->erased);
	fh_builder_text(&b, "}\n");
	(void)!fwrite(b.p, 1, b.n, stdout);
}

/* What was opened is recorded as opened, so it is kept even if the rest was refused.  */
static int keep(const struct task *t, int done)
{
	if (t->path == nullptr || t->opened == 0)
		return done;
	fh_err e = fh_file_write_new(t->path, fh_builder_span(&t->out), 0600);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, t->path, nullptr, "give another --out");
	say_file(t);
	return done;
}

static void task_drop(struct task *t)
{
	fh_arena_drop(&t->memory);
}

int fh_record_open(struct fh_cli *cli, int argc, char **argv)
{
	__attribute__((cleanup(task_drop))) struct task t = { .cli = cli };
	__attribute__((cleanup(fh_reader_drop))) struct fh_reader r = { 0 };
	int done = read_task(cli, argc, argv, &t);

	if (done >= 0)
		return done;
	fh_err e = fh_arena_map(t.path != nullptr ? file_max : FH_RECORD_LINE_MAX, &t.memory);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, "memory", nullptr, nullptr);
	t.out = fh_builder_of(t.memory.p, t.memory.cap);
	if (t.path != nullptr)
		fh_opened_put_head(&t.out);
	done = fh_reader_open(cli, &t.a, &r);
	if (done == FH_EXIT_YES)
		done = ask_all(&t, &r);
	done = keep(&t, done);
	if (t.erased > 0 && done == FH_EXIT_YES)
		fprintf(stderr, "freehold: %llu of these entries were not opened: their keys are "
				"gone, erased or lost; `freehold record show` says of which a "
				"shred entry tells\n",
			(unsigned long long)t.erased);
	if (t.ended)
		fprintf(stderr, "freehold: the record ended before entry %llu\n",
			(unsigned long long)t.what.to);
	return done;
}
