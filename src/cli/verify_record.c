/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verify_record.h"

#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "base/hex.h"
#include "cli/opened_file.h"
#include "cli/progress.h"
#include "cli/roots_files.h"
#include "cli/segments.h"
#include "cli/unread.h"
#include "cli/verify_ahead.h"
#include "cli/verify_anchors.h"
#include "cli/verify_print.h"
#include "cli/verify_since.h"
#include "cli/verify_witnesses.h"
#include "cli/verify_words.h"
#include "os/memory.h"

constexpr size_t report_max = 8 << 20;    /* not covered places with their texts */
constexpr size_t report_anchor = 512;     /* one anchor */
constexpr size_t at_least_max = FH_SINCE_NOTE_MAX;
constexpr size_t witnesses_max = sizeof(struct fh_quorum) + FH_QUORUM_TEXT_MAX + at_least_max;

static const struct fh_option options[] = {
	{ "genesis", 0, false, "HASH", "the genesis hash of the chain that is trusted" },
	{ "require", 0, true, "ANSWER,...", "answers that must be yes: authentic, fresh,"
	  " enrolled, accepted (default authentic,enrolled)" },
	{ "allow-grade", 0, true, "GRADE,...", "weak grades to let pass: none, simulated,"
	  " co-located, weak-firmware" },
	{ "at-least", 0, false, "FILE",
	  "a checkpoint or document saved earlier, which the record must extend" },
	{ "since", 0, false, "FILE",
	  "the same, and this record was verified up to it before; or what --save wrote then,"
	  " and nothing before it is read" },
	{ "save", 0, false, "FILE", "write what --since goes on from, if the verdict is yes" },
	{ "openings", 0, false, "FILE",
	  "what an entitled reader opened of it (freehold record open)" },
	{ "roots", 0, false, "PATH",
	  "roots to trust its TPM by: a bundle, or a directory (default "
	  FH_ROOTS_DIRECTORY ")" },
	{ "at", 0, false, "TIME", "when certificates have to be valid (default now)" },
	FH_WITNESSES_OPTION,
	{ "witnessed", 0, false, "FILE",
	  "the checkpoint that they cosigned (default record/witnessed)" },
	FH_ANCHORS_OPTION,
	FH_HEADERS_OPTIONS("headers of Bitcoin blocks, for the anchors"),
	{ "anchored", 0, false, "N", "demand that a block shows N entries, or more" },
	{ "whole", 0, false, "N",
	  "they are of all of the first N entries: refuse what they lack and was not shredded" },
	{ "jobs", 'j', false, "N", "threads (default one for each processor)" },
};
static const struct fh_usage usage = {
	.verb = "verify record",
	.operands = "[DIR]",
	.summary = "check a record: every hash, signature and rule",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.operands_max = 1,
	.text = "DIR is a state directory, or a copy of its record; without it, --state.\n"
		"Exits 0 if every required answer is yes, 1 if any is no, 2 otherwise.",
	.examples = "freehold verify record --genesis 31c6... /var/lib/freehold\n"
		    "freehold verify record --genesis 31c6... --since last --save last "
		    "/var/lib/freehold",
};

/* What is asked, and what it takes.  */
struct record_task {
	struct fh_arguments a;
	unsigned required, allowed, jobs;
	struct fh_record_options options;
	uint64_t trusted; /* entries under --since */
	uint64_t anchored; /* entries that an anchor must date */
	uint64_t at_ms;
	struct fh_x509_roots roots;
	const struct fh_x509_roots *given_roots;
	struct fh_given_headers headers;
	struct fh_given_anchors anchors;
	struct fh_given_witnesses witnesses;
	struct fh_given_since since;
	struct fh_arena live, spare, scratch, own, text, witnessing, rooting;
	struct fh_opened_file openings;
};

static void record_task_drop(struct record_task *t)
{
	fh_given_headers_drop(&t->headers);
	fh_given_anchors_drop(&t->anchors);
	fh_arena_drop(&t->live);
	fh_arena_drop(&t->spare);
	fh_arena_drop(&t->scratch);
	fh_arena_drop(&t->own);
	fh_arena_drop(&t->text);
	fh_arena_drop(&t->witnessing);
	fh_given_since_drop(&t->since);
	fh_x509_roots_drop(&t->roots);
	fh_arena_drop(&t->rooting);
	fh_opened_file_drop(&t->openings);
}

/* --- options -------------------------------------------------------------------- */

static int read_jobs(struct record_task *t)
{
	const char *text = fh_argument(&t->a, "jobs");
	uint64_t n = 0;

	if (text == nullptr)
		return -1;
	if (fh_decimal_read(fh_span_str(text), &n) != FH_ERR_OK || n == 0 || n > FH_JOBS_MAX)
		return fh_usage_error(&usage, "--jobs takes a number from 1 to %u", FH_JOBS_MAX);
	t->jobs = (unsigned)n;
	return -1;
}

static int read_whole(struct record_task *t)
{
	const char *text = fh_argument(&t->a, "whole");

	if (text != nullptr && fh_argument(&t->a, "openings") == nullptr)
		return fh_usage_error(&usage, "--whole is said of --openings");
	if (text != nullptr
	    && (fh_decimal_read(fh_span_str(text), &t->options.whole) != FH_ERR_OK
		|| t->options.whole == 0))
		return fh_usage_error(&usage, "--whole takes a number of entries");
	return -1;
}

static int read_anchored(struct record_task *t)
{
	const char *text = fh_argument(&t->a, "anchored");

	if (text != nullptr && fh_decimal_read(fh_span_str(text), &t->anchored) != FH_ERR_OK)
		return fh_usage_error(&usage, "--anchored takes a number of entries");
	return fh_given_headers_options(&usage, &t->a, &t->headers);
}

static int read_task(struct fh_cli *cli, int argc, char **argv, struct record_task *t)
{
	int done = fh_cli_arguments(cli, &usage, argc, argv, &t->a);
	const char *genesis = done < 0 ? fh_argument(&t->a, "genesis") : nullptr;

	if (done < 0)
		done = fh_verify_words(&usage, &t->a, &t->required, &t->allowed);
	if (done < 0)
		done = fh_verify_at(&usage, &t->a, &t->at_ms);
	if (done < 0)
		done = read_jobs(t);
	if (done < 0)
		done = read_anchored(t);
	if (done >= 0)
		return done;
	if (t->required == 0)
		t->required = FH_AUTHENTIC | FH_ENROLLED;
	t->options.genesis_given = genesis != nullptr;
	if (genesis != nullptr
	    && fh_hex_read(fh_span_str(genesis), t->options.genesis.bytes, FH_HASH_SIZE)
		       != FH_ERR_OK)
		return fh_usage_error(&usage, "--genesis takes 64 hex digits");
	if (fh_argument(&t->a, "since") != nullptr && fh_argument(&t->a, "at-least") != nullptr)
		return fh_usage_error(&usage, "--since says what --at-least would");
	if (fh_argument(&t->a, "witnessed") != nullptr
	    && fh_argument(&t->a, "witnesses") == nullptr)
		return fh_usage_error(&usage, "--witnessed is judged by --witnesses");
	return read_whole(t);
}

/* The checkpoint that --at-least or --since names.  */
static const char *least_of(const struct record_task *t)
{
	const char *since = fh_argument(&t->a, "since");

	return since != nullptr ? since : fh_argument(&t->a, "at-least");
}

static int read_least(struct record_task *t)
{
	const bool trusted = fh_argument(&t->a, "since") != nullptr;
	struct fh_checkpoint c;
	struct fh_note note;
	int done = fh_given_since_read(least_of(t), /* whole= */ !trusted, &t->since);
	fh_err e = done < 0 && fh_argument(&t->a, "save") != nullptr
			   ? fh_given_since_save_begin(&t->since) : FH_ERR_OK;

	if (done >= 0)
		return done;
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, usage.verb, nullptr, nullptr);
	fh_given_since_get(&t->since, &t->options);
	t->options.trusted = trusted && !t->since.goes_on;
	if (t->options.trusted && fh_note_parse(t->options.at_least, &note) == FH_ERR_OK
	    && fh_checkpoint_parse(note.text, &c) == FH_ERR_OK)
		t->trusted = c.size;
	return -1;
}

static size_t report_room(const struct record_task *t)
{
	return report_max + t->anchors.n * report_anchor;
}

static fh_err take_memory(struct record_task *t, size_t own)
{
	fh_err e = fh_arena_map(FH_CHAIN_ARENA, &t->live);

	if (e == FH_ERR_OK)
		e = fh_arena_map(FH_CHAIN_ARENA, &t->spare);
	if (e == FH_ERR_OK)
		e = fh_arena_map(FH_CHAIN_SCRATCH, &t->scratch);
	if (e == FH_ERR_OK)
		e = fh_arena_map(own, &t->own);
	if (e == FH_ERR_OK)
		e = fh_arena_map(report_room(t) + sizeof(struct fh_unread) + 4096,
				 &t->text);
	return e;
}

/* --- progress ------------------------------------------------------------------- */

struct progress {
	struct fh_record_check *check;
	uint64_t before;             /* bytes of the segments that are done */
	struct fh_progress bar;
};

static void tick(void *context, uint64_t bytes)
{
	struct progress *p = context;

	fh_progress_tick(&p->bar, p->before + bytes, p->check->tree.size);
}

/* --- judging -------------------------------------------------------------------- */

/* One segment; *RIGHT is false if a signature that was left to others is wrong.  */
static fh_err feed_one(struct fh_record_check *c, struct fh_ahead *a, struct fh_span bytes,
		       const char *name, bool last, bool *right)
{
	*right = true;
	if (a == nullptr)
		return fh_record_check_segment(c, bytes, name, last);
	fh_err e = fh_ahead_segment(a, fh_span_skip(bytes, fh_record_check_passed(c, bytes)));

	if (e == FH_ERR_OK)
		e = fh_record_check_segment(c, bytes, name, last);
	fh_err settled = fh_ahead_settle(a, right);

	return e == FH_ERR_OK ? settled : e;
}

/* Feeds the segment that comes next, if it is *THERE, and shows how far it is.  */
static fh_err feed_next(const struct fh_segments *s, struct progress *p, struct fh_ahead *a,
			bool last, bool *there, bool *right, struct fh_trace *why)
{
	FH_OWN(fh_mapped) m = { 0 };
	fh_err e = fh_segments_map(s, fh_record_check_next(p->check), &m, why);

	*there = e == FH_ERR_OK;
	if (!*there)
		return e == FH_ERR_MISSING ? FH_ERR_OK : e;
	e = feed_one(p->check, a, m.bytes, m.name, last, right);
	/* The name is of the mapping, which ends here.  */
	p->check->segment = "record";
	p->before += m.bytes.n;
	tick(p, 0);
	return e;
}

/* Whether a segment goes on where the record ends so far.  */
static bool goes_on(const struct fh_segments *s, const struct fh_record_check *c)
{
	uint64_t behind;

	return c->tree.size > 0
	       && fh_segments_behind(s, c->tree.size - 1, &behind, /* trace: */ nullptr)
			  == FH_ERR_OK
	       && behind == c->tree.size;
}

/* Feeds all segments; each begins where the one before it ends.  One that was ended since they were
 * counted, to be pruned, is followed by another, which says what went from it.  With A, *RIGHT says
 * that nothing was found that a reading without it would have to name.  */
static fh_err feed(const struct fh_segments *s, struct fh_record_check *c, struct fh_ahead *a,
		   bool *right, struct fh_trace *why)
{
	struct progress p = { .check = c, .bar = fh_progress_begin(s->bytes) };
	uint64_t read = 0, first;
	bool there;
	fh_err e;

	if (a != nullptr)
		fh_ahead_watch(a, tick, &p);
	*right = true;
	do {
		first = fh_record_check_next(c);
		e = feed_next(s, &p, a, read + 1 >= s->files, &there, right, why);
		read += there;
	} while (e == FH_ERR_OK && there && !c->refused && *right
		 && fh_record_check_next(c) != first && (read < s->files || goes_on(s, c)));
	fh_progress_end(&p.bar);
	if (e != FH_ERR_OK)
		return e;
	fh_record_check_strays(c, read < s->files ? s->files - read : 0);
	*right = *right && !c->refused;
	return FH_ERR_OK;
}

static fh_err begin(struct record_task *t, const struct fh_record_aid *aid,
		    struct fh_record_check *c)
{
	struct fh_record_memory memory = { &t->live, &t->spare, &t->scratch, &t->own };

	fh_record_check_drop(c);
	fh_arena_reset(&t->own);
	t->options.aid = aid;
	return fh_record_check_begin(&t->options, &memory, c);
}

/* With all processors; and where that ends in a no, again with one, so that the answer
 * and the place it names are those of a reading from front to back.  */
static fh_err verify(struct record_task *t, const struct fh_segments *s, struct fh_record_check *c,
		     struct fh_trace *why)
{
	FH_OWN(fh_ahead_handle) ahead = { 0 };
	bool right;
	fh_err e = fh_ahead_begin(t->jobs, t->trusted, &ahead);

	if (e != FH_ERR_OK)
		return e;
	const struct fh_record_aid aid = fh_ahead_aid(ahead.p);

	e = begin(t, &aid, c);
	if (e == FH_ERR_OK)
		e = feed(s, c, ahead.p, &right, why);
	if (e != FH_ERR_OK || right)
		return e;
	e = begin(t, /* aid= */ nullptr, c);
	return e == FH_ERR_OK ? feed(s, c, /* a= */ nullptr, &right, why) : e;
}

/* What anchors add to the verdict, besides what they add to the answers.  */
static enum fh_answer judge_anchors(const struct record_task *t, struct fh_record_check *c)
{
	uint64_t to = c->dated != nullptr ? c->dated->size : 0;
	struct fh_trace *why;

	if (t->anchored > to) {
		why = fh_finding_say(&c->finding, "not-anchored");
		fh_trace_where(why, "--anchored");
		fh_trace_what(why, "blocks show %llu entries, and not %llu",
			      (unsigned long long)to, (unsigned long long)t->anchored);
		fh_trace_cure(why, "give --headers, or anchor the record and wait");
	}
	return t->anchored > to || c->anchors_unreadable ? FH_ANSWER_UNCHECKED : FH_ANSWER_YES;
}

static int judge(const struct fh_cli *cli, struct record_task *t, const struct fh_segments *s,
		 const struct fh_unread *unread)
{
	FH_OWN(fh_record_check) c = { 0 };
	struct fh_trace why = { 0 };
	fh_err e = verify(t, s, &c, &why);

	if (e == FH_ERR_CONFLICT && t->since.goes_on)
		return fh_cli_fail(e, least_of(t), "contradicts itself, so it was altered",
				   "verify the whole record, and --save it anew");
	if (e == FH_ERR_FORMAT && least_of(t) != nullptr)
		return fh_cli_fail(e, least_of(t), "is no signed checkpoint",
				   "save one from a proof, from the record itself, or the "
				   "document that "
				   "the machine publishes");
	uint8_t *room = fh_arena_take(&t->text, report_room(t));

	if (e == FH_ERR_OK && room == nullptr)
		e = FH_ERR_NOMEM;
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, s->path, &why);
	fh_record_check_end(&c);
	e = fh_record_check_device(&c, t->given_roots, t->at_ms);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, s->path, &why);
	enum fh_answer anchors = judge_anchors(t, &c);
	enum fh_answer v = fh_answer_both(
		fh_finding_settle(&c.finding, t->required, t->allowed), anchors);
	struct fh_report report = { cli, fh_builder_of(room, report_room(t)), nullptr };

	fh_given_witnesses_say(&t->witnesses, &c.finding);
	v = fh_answer_both(v, t->witnesses.answer);

	if (c.dated != nullptr && fh_finding_answer(&c.finding, FH_AUTHENTIC) == FH_ANSWER_YES)
		report.anchor = fh_report_anchor(c.dated->network);
	fh_report_finding(&report, "record", v, &c.finding);
	fh_report_record(&report, &c, unread, &t->witnesses);
	e = fh_report_end(&report);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, "stdout", "the answer could not be written", nullptr);
	if (t->options.keep == nullptr)
		return fh_exit_of(v);
	return fh_given_since_save(&t->since, &c, v, fh_exit_of(v), fh_argument(&t->a, "save"));
}

/* The checkpoint that witnesses cosigned: the one named, or that of the record S.  */
static int read_witnesses(struct record_task *t, const struct fh_segments *s)
{
	char beside[FH_PATH_MAX + 32];
	const char *path = fh_argument(&t->a, "witnessed");
	struct fh_span note = { 0 };
	int done = fh_given_witnesses_read(&t->a, &t->witnessing, &t->witnesses);

	if (done >= 0 || t->witnesses.quorum == nullptr)
		return done;
	(void)snprintf(beside, sizeof(beside), "%s/../witnessed", s->path);
	fh_err e = fh_file_read(path != nullptr ? path : beside, at_least_max, &t->witnessing,
				&note);

	if (e == FH_ERR_OK || (e == FH_ERR_MISSING && path == nullptr))
		e = fh_given_witnesses_judge(&t->witnesses, note);
	/* Nobody who is named has seen anything if none is needed.  */
	if (e == FH_ERR_OK && t->witnesses.answer == FH_ANSWER_YES && t->witnesses.v.cosigned > 0)
		t->options.witnessed = note;
	return e == FH_ERR_OK ? -1
			      : fh_cli_fail(e, path != nullptr ? path : beside, nullptr,
					    "name a checkpoint that witnesses cosigned");
}

/* The record is opened again, so that it holds all that an anchor made meanwhile is of.  */
static int read_anchors(struct record_task *t, const char *path, struct fh_segments *s)
{
	struct fh_trace why = { 0 };
	int done = fh_given_headers_read(&t->headers);

	if (done >= 0)
		return done;
	fh_err e = fh_given_anchors_read(s, &t->a, &t->headers, &t->anchors, &why);

	if (e == FH_ERR_OK) {
		fh_segments_drop(s);
		*s = (struct fh_segments){ 0 };
		e = fh_segments_open(path, s, &why);
	}
	t->options.anchor = t->anchors.anchor;
	t->options.anchors = t->anchors.n;
	return e == FH_ERR_OK ? -1 : fh_cli_fail_trace(e, path, &why);
}

static int read_roots(struct record_task *t)
{
	fh_err e = fh_arena_map(FH_ROOTS_MEMORY, &t->rooting);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, usage.verb, nullptr, nullptr);
	return fh_verify_roots(fh_argument(&t->a, "roots"), &t->rooting, &t->roots,
			       &t->given_roots);
}

int fh_verify_record(struct fh_cli *cli, int argc, char **argv)
{
	__attribute__((cleanup(record_task_drop))) struct record_task t = { 0 };
	FH_OWN(fh_segments) s = { 0 };
	struct fh_trace why = { 0 };
	int done = read_task(cli, argc, argv, &t);

	if (done >= 0)
		return done;
	const char *path = t.a.operands > 0 ? t.a.operand[0] : cli->config.state;
	fh_err e = fh_segments_open(path, &s, &why);

	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, path, &why);
	e = fh_arena_map(witnesses_max, &t.witnessing);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, path, nullptr, nullptr);
	done = read_witnesses(&t, &s);
	if (done < 0)
		done = read_roots(&t);
	if (done < 0)
		done = read_anchors(&t, path, &s);
	if (done < 0)
		done = read_least(&t);
	if (done >= 0)
		return done;
	if (t.since.goes_on)
		e = fh_segments_from(&s, t.since.saved.number[FH_SAVED_SEGMENT], &why);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, path, &why);
	e = take_memory(&t, fh_record_memory_size(s.bytes, t.since.saved.tree.size));
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, path, nullptr, nullptr);
	e = fh_opened_file_open(fh_argument(&t.a, "openings"), &t.openings, &why);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, fh_argument(&t.a, "openings"), &why);
	t.options.openings = fh_opened_file_get(&t.openings);
	struct fh_unread *unread = fh_arena_take(&t.text, sizeof(*unread));

	e = unread != nullptr ? fh_unread_find(path, &s, unread, &why) : FH_ERR_NOMEM;
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, path, &why);
	return judge(cli, &t, &s, unread);
}
