/* SPDX-License-Identifier: Apache-2.0 */
/* `record open`: entries that the running daemon opens, shown or kept as a file.  */
#include <stdio.h>

#include "cli/openings_out.h"
#include "cli/record_read.h"
#include "cli/record_reader.h"

static const struct fh_option options[] = {
	{ "field", 0, true, "NAME", "open this field alone" },
	FH_SOCKET_OPTION,
	FH_OPENINGS_OUT_OPTION,
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
		"them, and a range ends with the record.  Exit status 0: opened; 1: refused;\n"
		"2: nothing could be.\n",
	.examples = "freehold record open 17\n"
		    "freehold record open 17 --field decision --json\n"
		    "freehold record open 100..2000 -o openings\n"
		    "freehold record export --openings openings",
};

struct task {
	struct fh_cli *cli;
	struct fh_arguments a;
	struct fh_open_ask what;      /* the whole range, which may take several requests */
	struct fh_openings_out out;
	uint64_t opened, erased, without, public;
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
	return done;
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
		fh_err e = fh_openings_out_put(&t->out, said.openings);

		if (e == FH_ERR_OK && said.next <= o.from)
			e = FH_ERR_FORMAT; /* it would be asked for ever */
		if (e != FH_ERR_OK)
			return fh_cli_fail(e, where, nullptr, e == FH_ERR_LIMIT
					   ? "open fewer entries at a time" : nullptr);
		t->opened += said.opened;
		t->erased += said.erased_n;
		t->without += said.without;
		t->public += said.public;
		t->ended = said.whole && said.next <= o.to;
		o.from = said.next;
	} while (!t->ended && o.from <= t->what.to);
	return FH_EXIT_YES;
}

/* Of a whole range nothing was opened; that the record ended within it is no reason.  */
static int say_nothing(const struct task *t)
{
	char where[64], what[256];

	(void)snprintf(where, sizeof(where), "entries %llu..%llu",
		       (unsigned long long)t->what.from, (unsigned long long)t->what.to);
	(void)snprintf(what, sizeof(what),
		       "nothing was opened: of %llu the keys are gone, %llu have no such field, "
		       "%llu are not sealed", (unsigned long long)t->erased,
		       (unsigned long long)t->without, (unsigned long long)t->public);
	return fh_cli_fail(FH_ERR_MISSING, where, what,
			   "`freehold record show --fields` shows what is not sealed");
}

static void task_drop(struct task *t)
{
	fh_openings_out_drop(&t->out);
}

int fh_record_open(struct fh_cli *cli, int argc, char **argv)
{
	__attribute__((cleanup(task_drop))) struct task t = { .cli = cli };
	__attribute__((cleanup(fh_reader_drop))) struct fh_reader r = { 0 };
	int done = read_task(cli, argc, argv, &t);

	if (done >= 0)
		return done;
	fh_err e = fh_openings_out_begin(cli, &t.a, &t.out);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, "memory", nullptr, nullptr);
	done = fh_reader_open(cli, &t.a, &r);
	if (done == FH_EXIT_YES)
		done = ask_all(&t, &r);
	/* What was opened is recorded as opened, so it is kept even if the rest was refused.  */
	int kept = fh_openings_out_keep(&t.out, t.opened, t.erased);

	if (kept != FH_EXIT_YES)
		done = kept;
	if (done == FH_EXIT_YES && t.opened == 0)
		done = say_nothing(&t);
	if (t.erased > 0 && done == FH_EXIT_YES)
		fprintf(stderr, "freehold: %llu of these entries were not opened: their keys are "
				"gone, erased or lost; `freehold record show` says of which a "
				"shred entry tells\n",
			(unsigned long long)t.erased);
	if (t.ended && t.opened > 0)
		fprintf(stderr, "freehold: the record ended before entry %llu; what there is was "
				"opened\n", (unsigned long long)t.what.to);
	return done;
}
