/* SPDX-License-Identifier: Apache-2.0 */
/* `record prune`: has the daemon write the record anew without what was shredded, a segment at a
 * request; or says, from the files alone, what there would be.  */
#include <stdio.h>

#include "cli/record_reader.h"
#include "cli/record_source.h"
#include "codec/cbor.h"
#include "codec/lookup.h"
#include "entry/carried.h"
#include "journal/prune.h"
#include "wire/prune_ask.h"

static const struct fh_option options[] = {
	{ "dry-run", 'n', false, nullptr, "only say what would go" },
	FH_SOCKET_OPTION,
};
static const struct fh_usage usage = {
	.verb = "record prune",
	.operands = "[DIR]",
	.summary = "have the daemon free the room of what was shredded",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.operands_max = 1,
	.text = "What was sealed with keys that have ended is taken out of the record's files.\n"
		"Leaves, checkpoints and all that is public stay, so the record verifies as\n"
		"before, and so does every proof that was made of it.  It is written in the\n"
		"record which entries those are, before anything goes.  The operator's policy\n"
		"permits it (Action::\"record.prune\") or not.  With --dry-run DIR is read, a\n"
		"state directory or a copy of its record (default: --state), and no daemon asked.\n"
		"Exit status 0: done, or nothing to do; 1: refused; 2: could not.\n",
	.examples = "freehold record prune --dry-run\n"
		    "freehold record prune --json",
};

/* What was, or would be, taken out.  */
struct sum {
	struct fh_cli *cli;
	uint64_t entries, bytes, segments;
};

/* One segment more: of ENTRIES entries BYTES go; the entry SAID says so, or no_entry.  */
constexpr uint64_t no_entry = UINT64_MAX;

static void add(struct sum *s, uint64_t first, uint64_t entries, uint64_t bytes, uint64_t said)
{
	char by[64] = "";

	s->entries += entries;
	s->bytes += bytes;
	if (s->cli->json) {
		if (said != no_entry)
			(void)snprintf(by, sizeof(by), ",\"entry\":%llu", (unsigned long long)said);
		printf("%s{\"first\":%llu,\"pruned\":%llu,\"freed\":%llu%s}",
		       s->segments == 0 ? "{\"segments\":[" : ",", (unsigned long long)first,
		       (unsigned long long)entries, (unsigned long long)bytes, by);
	} else {
		if (said != no_entry)
			(void)snprintf(by, sizeof(by), " (entry %llu)", (unsigned long long)said);
		printf("segment %020llu  %llu entries, %llu bytes%s\n", (unsigned long long)first,
		       (unsigned long long)entries, (unsigned long long)bytes, by);
	}
	(void)fflush(stdout); /* it can be long to the next */
	s->segments++;
}

static int say_all(const struct sum *s, bool dry)
{
	if (s->cli->json)
		printf("%s],\"pruned\":%llu,\"freed\":%llu,\"dry-run\":%s}\n",
		       s->segments == 0 ? "{\"segments\":[" : "", (unsigned long long)s->entries,
		       (unsigned long long)s->bytes, dry ? "true" : "false");
	else if (s->entries == 0)
		printf("nothing to prune\n");
	else
		printf("%s %llu entries: %llu bytes free\n", dry ? "would prune" : "pruned",
		       (unsigned long long)s->entries, (unsigned long long)s->bytes);
	return fflush(stdout) == 0 ? FH_EXIT_YES
				   : fh_cli_fail(FH_ERR_IO, "stdout", nullptr, nullptr);
}

/* --- by the daemon -------------------------------------------------------- */

static int ask(struct fh_reader *r, uint64_t from, struct fh_span *result)
{
	uint8_t bytes[FH_PRUNE_ASK_LINE_MAX];
	struct fh_builder line = FH_BUILDER_ARRAY(bytes);
	struct fh_span said;
	char where[64];

	(void)snprintf(where, sizeof(where), "segment %020llu", (unsigned long long)from);
	fh_prune_ask_put_line(&line, from);
	fh_builder_text(&line, "\n");
	int done = fh_reader_say(r, fh_builder_span(&line), where, "prune", &said);

	if (done == FH_EXIT_YES)
		*result = fh_cbor_map_get(said, "result");
	return done;
}

static int prune(struct sum *s, const struct fh_arguments *a)
{
	__attribute__((cleanup(fh_reader_drop))) struct fh_reader r = { 0 };
	uint64_t from = 0;
	bool ended = false;
	int done = fh_reader_open(s->cli, a, &r);

	while (done == FH_EXIT_YES && !ended) {
		struct fh_span result;

		done = ask(&r, from, &result);
		if (done != FH_EXIT_YES)
			break;
		struct fh_cursor c = fh_cursor_of(fh_cbor_map_get(result, "done"));
		uint64_t next = fh_reader_number(result, "next");
		uint64_t entries = fh_reader_number(result, "stubs");

		ended = fh_cbor_bool(&c);
		if (fh_cursor_bad(&c) || next == UINT64_MAX || entries == UINT64_MAX
		    || (!ended && next <= from))
			return fh_cli_fail(FH_ERR_FORMAT, r.path,
					   "the daemon's answer makes no sense",
					   "use the daemon's own version of this program");
		if (entries > 0)
			add(s, fh_reader_number(result, "first"), entries,
			    fh_reader_number(result, "freed"), fh_reader_number(result, "entry"));
		from = next;
	}
	if (done != FH_EXIT_YES && s->segments == 0)
		return done;
	int said = say_all(s, /* dry= */ false); /* also of what was done before it was refused */

	return done != FH_EXIT_YES ? done : said;
}

/* --- from the files ------------------------------------------------------- */

/* The last state entry that carries the fold.  */
static fh_err find_state(void *context, const struct fh_stored *s, const struct fh_leaf *l)
{
	struct fh_carried carried;
	struct fh_fields f;

	if (l->kind == FH_ENTRY_STATE && fh_payload_read(s->payload, &f) == FH_ERR_OK
	    && fh_carried_read(&f, &carried) == FH_ERR_OK)
		*(uint64_t *)context = carried.period;
	return FH_ERR_OK;
}

/* Adds what of the segment that begins with *FROM would go; *FROM is the next.  */
static fh_err look(struct sum *s, struct fh_record_source *source, uint64_t state,
		   struct fh_span room, uint64_t *from)
{
	__attribute__((cleanup(fh_pruning_drop))) struct fh_pruning p = { 0 };
	bool done = false;
	fh_err e = fh_pruning_begin(fh_fd_get(source->segments.directory), *from, state,
				    &source->shredded, room, /* write= */ false, &p);

	while (e == FH_ERR_OK && !done)
		e = fh_pruning_step(&p, FH_BATCH_MAX, &done);
	if (e != FH_ERR_OK)
		return e;
	if (p.fresh > 0)
		add(s, p.first, p.fresh, p.freed, no_entry);
	if (p.next == *from)
		return FH_ERR_MISSING; /* it is empty yet */
	*from = p.next;
	return FH_ERR_OK;
}

static fh_err look_at_all(struct sum *s, struct fh_record_source *source, struct fh_trace *t)
{
	FH_OWN(fh_arena) memory = { 0 };
	uint64_t state = FH_FOLD_PERIOD_FIRST, from = 0;
	const struct fh_record_visitor v = { find_state, nullptr, &state };
	fh_err e = fh_record_source_shredded(source, t);

	if (e == FH_ERR_OK)
		e = fh_record_read(&source->segments, &v, t);
	if (e == FH_ERR_OK)
		e = fh_arena_map(FH_BATCH_MAX + 64, &memory);
	const struct fh_span room = fh_span_of(memory.p, FH_BATCH_MAX);

	while (e == FH_ERR_OK && state > FH_FOLD_PERIOD_FIRST && from < state)
		e = look(s, source, state, room, &from);
	if (e == FH_ERR_CONFLICT) {
		fh_trace_where(t, "segment %020llu", (unsigned long long)from);
		fh_trace_what(t, "an entry is not what was recorded: it is not pruned");
		fh_trace_cure(t, "`freehold verify record` names the damage");
	}
	return e == FH_ERR_MISSING ? FH_ERR_OK : e;
}

int fh_record_prune(struct fh_cli *cli, int argc, char **argv)
{
	__attribute__((cleanup(fh_record_source_drop))) struct fh_record_source source = { 0 };
	struct sum s = { .cli = cli };
	struct fh_arguments a;
	struct fh_trace t = { 0 };
	int done = fh_cli_arguments(cli, &usage, argc, argv, &a);

	if (done >= 0)
		return done;
	if (fh_argument(&a, "dry-run") == nullptr)
		return a.operands == 0
			       ? prune(&s, &a)
			       : fh_usage_error(&usage, "DIR is looked at by --dry-run: the daemon "
						"prunes its own record");
	fh_err e = fh_record_source_open(cli, &a, 0, &source, &t);

	if (e == FH_ERR_OK)
		e = look_at_all(&s, &source, &t);
	return e == FH_ERR_OK ? say_all(&s, /* dry= */ true)
			      : fh_cli_fail_trace(e, source.path, &t);
}
