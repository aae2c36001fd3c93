/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "cli/command.h"
#include "cli/segments.h"
#include "cli/verify_document.h"
#include "cli/verify_print.h"
#include "cli/verify_proof.h"
#include "cli/verify_quote.h"
#include "cli/verify_stamp.h"
#include "cli/verify_words.h"
#include "os/clock.h"
#include "os/memory.h"

constexpr size_t report_max = 8 << 20;    /* a payload in hex, twice */
constexpr size_t at_least_max = 64 << 10; /* FH_NOTE_MAX */
constexpr uint64_t progress_after_ms = 2000;

/* What every kind of verification is asked and needs.  */
struct task {
	const struct fh_usage *usage;
	struct fh_arguments arguments;
	unsigned required, allowed;
	bool genesis_given;
	struct fh_hash genesis;
	struct fh_arena live, spare, scratch, own, text;
};

static void task_drop(struct task *t)
{
	fh_arena_drop(&t->live);
	fh_arena_drop(&t->spare);
	fh_arena_drop(&t->scratch);
	fh_arena_drop(&t->own);
	fh_arena_drop(&t->text);
}

#define COMMON_OPTIONS                                                                        \
	{ "genesis", 0, false, "HASH", "the genesis hash of the chain that is trusted" },     \
	{ "require", 0, true, "ANSWER,...", "answers that must be yes: authentic, fresh,"     \
	  " enrolled, accepted (default authentic,enrolled)" },                               \
	{ "allow-grade", 0, true, "GRADE,...", "weak grades to let pass: none, simulated,"    \
	  " co-located" }

static const struct fh_option record_options[] = {
	COMMON_OPTIONS,
	{ "at-least", 0, false, "FILE",
	  "a checkpoint saved earlier, which the record must extend" },
};
static const struct fh_usage record_usage = {
	.verb = "verify record",
	.operands = "[DIR]",
	.summary = "check a record: every hash, signature and rule",
	.options = record_options,
	.options_n = sizeof(record_options) / sizeof(record_options[0]),
	.operands_max = 1,
	.text = "DIR is a state directory, or a copy of its record; without it, --state.\n"
		"Exits 0 if every required answer is yes, 1 if any is no, 2 otherwise.",
	.examples = "freehold verify record --genesis 31c6... /var/lib/freehold",
};

/* --- options ---------------------------------------------------------------- */

static int read_task(struct fh_cli *cli, const struct fh_usage *u, int argc, char **argv,
		     struct task *t)
{
	t->usage = u;
	int done = fh_cli_arguments(cli, u, argc, argv, &t->arguments);
	const char *genesis = done < 0 ? fh_argument(&t->arguments, "genesis") : nullptr;

	if (done < 0)
		done = fh_verify_words(u, &t->arguments, &t->required, &t->allowed);
	if (done >= 0)
		return done;
	if (t->required == 0)
		t->required = FH_AUTHENTIC | FH_ENROLLED;
	t->genesis_given = genesis != nullptr;
	if (genesis != nullptr && fh_hex_read(fh_span_str(genesis), t->genesis.bytes, FH_HASH_SIZE)
				  != FH_ERR_OK)
		return fh_usage_error(u, "--genesis takes 64 hex digits");
	return -1;
}

static fh_err take_memory(struct task *t, size_t own)
{
	fh_err e = fh_arena_map(FH_CHAIN_ARENA, &t->live);

	if (e == FH_ERR_OK)
		e = fh_arena_map(FH_CHAIN_ARENA, &t->spare);
	if (e == FH_ERR_OK)
		e = fh_arena_map(FH_CHAIN_SCRATCH, &t->scratch);
	if (e == FH_ERR_OK)
		e = fh_arena_map(own, &t->own);
	if (e == FH_ERR_OK)
		e = fh_arena_map(report_max + at_least_max + sizeof(struct fh_unread) + 4096,
				 &t->text);
	return e;
}

/* --- ending ------------------------------------------------------------------- */

static fh_err begin_report(const struct fh_cli *cli, struct task *t, struct fh_report *out)
{
	uint8_t *room = fh_arena_take(&t->text, report_max);

	if (room == nullptr)
		return FH_ERR_NOMEM;
	*out = (struct fh_report){ cli, fh_builder_of(room, report_max) };
	return FH_ERR_OK;
}

static int end_report(struct fh_report *r, enum fh_answer v)
{
	fh_err e = fh_report_end(r);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, "stdout", "the answer could not be written", nullptr);
	return fh_exit_of(v);
}

/* --- record ------------------------------------------------------------------- */

static void progress(const struct fh_record_check *c, const struct fh_segments *s,
		     uint64_t begun_ms)
{
	uint64_t percent = s->bytes == 0 ? 100 : c->counts.bytes * 100 / s->bytes;

	if (fh_clock_boot_ms() - begun_ms > progress_after_ms && isatty(STDERR_FILENO) == 1)
		fprintf(stderr, "\r%3llu %% %llu entries", (unsigned long long)percent,
			(unsigned long long)c->tree.size);
}

/* Feeds all segments; each begins where the one before it ends.  */
static fh_err feed(const struct fh_segments *s, struct fh_record_check *c, struct fh_trace *why)
{
	uint64_t begun_ms = fh_clock_boot_ms(), read = 0;
	bool shown = false;
	fh_err e = FH_ERR_OK;

	while (read < s->files && !c->refused) {
		FH_OWN(fh_mapped) m = { 0 };
		uint64_t first = c->tree.size;

		e = fh_segments_map(s, first, &m, why);
		if (e != FH_ERR_OK)
			break;
		read++;
		e = fh_record_check_segment(c, m.bytes, m.name, read == s->files);
		if (e != FH_ERR_OK)
			return e;
		/* The name is of the mapping, which ends here.  */
		c->segment = "record";
		progress(c, s, begun_ms);
		shown = true;
		if (c->tree.size == first)
			break;
	}
	if (shown && fh_clock_boot_ms() - begun_ms > progress_after_ms
	    && isatty(STDERR_FILENO) == 1)
		fprintf(stderr, "\n");
	if (e != FH_ERR_OK && e != FH_ERR_MISSING)
		return e;
	fh_record_check_strays(c, s->files - read);
	return FH_ERR_OK;
}

static int judge_record(const struct fh_cli *cli, struct task *t, const struct fh_segments *s,
			const struct fh_record_options *o, const struct fh_unread *unread)
{
	FH_OWN(fh_record_check) c = { 0 };
	struct fh_record_memory memory = { &t->live, &t->spare, &t->scratch, &t->own };
	struct fh_report report;
	struct fh_trace why = { 0 };
	fh_err e = fh_record_check_begin(o, &memory, &c);

	if (e == FH_ERR_FORMAT)
		return fh_cli_fail(e, fh_argument(&t->arguments, "at-least"),
				   "is no signed checkpoint",
				   "save one from a proof, or from the record itself");
	if (e == FH_ERR_OK)
		e = feed(s, &c, &why);
	if (e == FH_ERR_OK)
		e = begin_report(cli, t, &report);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, s->path, &why);
	fh_record_check_end(&c);
	enum fh_answer v = fh_finding_settle(&c.finding, t->required, t->allowed);

	fh_report_finding(&report, "record", v, &c.finding);
	fh_report_record(&report, &c, unread);
	return end_report(&report, v);
}

static int run_record(struct fh_cli *cli, int argc, char **argv)
{
	__attribute__((cleanup(task_drop))) struct task t = { 0 };
	FH_OWN(fh_segments) s = { 0 };
	struct fh_record_options o = { 0 };
	struct fh_trace why = { 0 };
	int done = read_task(cli, &record_usage, argc, argv, &t);

	if (done >= 0)
		return done;
	const char *path = t.arguments.operands > 0 ? t.arguments.operand[0] : cli->config.state;
	const char *least = fh_argument(&t.arguments, "at-least");
	fh_err e = fh_segments_open(path, &s, &why);

	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, path, &why);
	e = take_memory(&t, fh_record_memory_size(s.bytes));
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, path, nullptr, nullptr);
	if (least != nullptr) {
		e = fh_file_read(least, at_least_max, &t.text, &o.at_least);
		if (e != FH_ERR_OK)
			return fh_cli_fail(e, least, nullptr, "name a checkpoint saved earlier");
	}
	o.genesis_given = t.genesis_given;
	o.genesis = t.genesis;
	struct fh_unread *unread = fh_arena_take(&t.text, sizeof(*unread));

	e = unread != nullptr ? fh_unread_find(path, &s, unread, &why) : FH_ERR_NOMEM;
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, path, &why);
	return judge_record(cli, &t, &s, &o, unread);
}

/* --- all kinds ------------------------------------------------------------------- */

static const struct fh_subcommand kinds[] = {
	{ "record", run_record, "a record: every hash, signature and rule" },
	{ "proof", fh_verify_proof, "a proof that an entry is in a record" },
	{ "document", fh_verify_document, "what a machine publishes of itself, as a file" },
	{ "machine", fh_verify_machine, "a machine: its document, fetched from a URL" },
	{ "quote", fh_verify_quote, "a quote of a TPM, as tpm2-tools write it" },
	{ "stamp", fh_verify_stamp, "that a file existed when a block of Bitcoin was made" },
};

int fh_cmd_verify(struct fh_cli *cli, int argc, char **argv)
{
	bool named = argc >= 2 && strcmp(argv[1], "stamp") == 0;

	/* `verify FILE --ots FILE.ots` names no kind.  */
	if (!named && fh_verify_stamp_meant(argc, argv))
		return fh_verify_stamp(cli, argc, argv);
	if (argc >= 2 && fh_verify_url_meant(argv[1]))
		return fh_verify_machine(cli, argc, argv);
	return fh_cli_subcommand(cli, "verify", kinds, sizeof(kinds) / sizeof(kinds[0]), argc,
				 argv);
}
