/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/openings_out.h"
#include "cli/record_read.h"
#include "cli/recovery.h"
#include "entry/seal.h"
#include "os/memory.h"
#include "wire/open_ask.h"

constexpr size_t scratch_size = 2 * FH_PAYLOAD_MAX;

static const struct fh_option options[] = {
	FH_RECOVERY_OPTIONS,
	{ "field", 0, true, "NAME", "open this field alone" },
	FH_OPENINGS_OUT_OPTION,
};
static const struct fh_usage usage = {
	.verb = "recovery open",
	.operands = "N|N..M",
	.summary = "open entry N, or N to M, of a record without its chip",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.operands_min = 1,
	.operands_max = 1,
	.text = "For a machine whose TPM is gone: away from it, on a copy of its state directory\n"
		"(--state), with the private half of the key of its recovery slots.\n"
		"No policy decides this and nothing records it: whoever has copy and key opens\n"
		"all that had not ended when the copy was made.  The record itself is not\n"
		"verified: see `freehold verify record --help`.  Exit status 0: opened; 1: the\n"
		"key opens no slot of it; 2: could not.\n",
	.examples = "  freehold recovery open 17 --state /mnt/copy --key op.key\n"
		    "  freehold recovery open 0..9999 --state /mnt/copy --key op.key -o openings\n"
		    "  freehold record show --state /mnt/copy --fields --openings openings\n",
};

struct task {
	struct fh_cli *cli;
	struct fh_arguments a;
	uint64_t from, to, fields;
	struct fh_recovery recovery;
	struct fh_segments segments;
	struct fh_arena scratch;
	struct fh_openings_out out;
	uint64_t opened, erased, seen;
	struct fh_trace trace;
};

static void task_drop(struct task *t)
{
	fh_recovery_drop(&t->recovery);
	fh_segments_drop(&t->segments);
	fh_openings_out_drop(&t->out);
	fh_arena_drop(&t->scratch);
}

/* --- one entry ------------------------------------------------------------------- */

static fh_err open_part(struct task *t, const struct fh_sealed_part *p,
			const struct fh_leaf *leaf, struct fh_fields *f)
{
	FH_OWN(fh_secret) period = { 0 };
	FH_OWN(fh_secret) batch = { 0 };
	uint8_t *room = fh_arena_space(&t->scratch, p->sealed.n);
	fh_err e = room == nullptr ? FH_ERR_NOMEM
				   : fh_recovery_find(&t->recovery, p->name, &period, &t->trace);

	if (e == FH_ERR_OK)
		e = fh_seal_batch_key(&period, fh_seal_batch(leaf->index), &batch);
	return e == FH_ERR_OK ? fh_sealed_open_part(p, &batch, leaf, room, f) : e;
}

/* All fields of an entry, which lead to its leaf.  FH_ERR_MISSING: a key of it has ended, or it is
 * pruned.  */
static fh_err unseal(struct task *t, const struct fh_stored *s, const struct fh_leaf *leaf,
		     struct fh_fields *f)
{
	struct fh_sealed sealed;
	fh_err e = fh_payload_fits(leaf, s->payload) ? fh_sealed_read(s->payload, &sealed)
						     : FH_ERR_SIGNATURE;

	for (size_t i = 0; e == FH_ERR_OK && i < sealed.parts; i++) {
		if (!fh_sealed_is_whole(f, leaf))
			e = open_part(t, &sealed.part[i], leaf, f);
	}
	if (e != FH_ERR_OK)
		return e;
	return fh_sealed_is_whole(f, leaf) ? FH_ERR_OK : FH_ERR_SIGNATURE;
}

static bool has_any(const struct fh_fields *f, uint64_t bits)
{
	for (size_t i = 0; i < f->n; i++) {
		if ((bits >> f->field[i].id & 1) != 0)
			return true;
	}
	return false;
}

static fh_err put(struct task *t, uint64_t index, const struct fh_fields *f, size_t size)
{
	struct fh_builder one = fh_builder_of(fh_arena_space(&t->scratch, size), size);

	if (one.p == nullptr)
		return FH_ERR_NOMEM;
	fh_opened_put(&one, index, f, t->fields);
	if (one.bad)
		return FH_ERR_LIMIT;
	t->opened++;
	return fh_openings_out_put(&t->out, fh_builder_span(&one));
}

static fh_err open_entry(void *context, const struct fh_stored *s, const struct fh_leaf *l)
{
	struct task *t = context;
	struct fh_fields f = { 0 };

	if (l->index > t->to)
		return FH_ERR_CLOSED;
	if (l->index < t->from)
		return FH_ERR_OK;
	t->seen++;
	if (!fh_payload_is_sealed(s->payload))
		return FH_ERR_OK;
	fh_arena_reset(&t->scratch);
	fh_err e = unseal(t, s, l, &f);

	if (e == FH_ERR_MISSING) {
		t->erased++;
		return FH_ERR_OK;
	}
	if (e == FH_ERR_OK && has_any(&f, t->fields))
		e = put(t, l->index, &f, s->payload.n + 64);
	if (e != FH_ERR_OK && t->trace.what[0] == '\0') {
		fh_trace_where(&t->trace, "entry %llu", (unsigned long long)l->index);
		fh_trace_what(&t->trace, e == FH_ERR_SIGNATURE || e == FH_ERR_FORMAT
			      ? "is not what its leaf says: the record was altered" : "%s",
			      fh_err_text(e));
		fh_trace_cure(&t->trace, e == FH_ERR_LIMIT ? "open fewer entries at a time"
			      : "freehold verify record says what else is wrong");
	}
	return e;
}

/* --- all of them ------------------------------------------------------------------ */

static int read_task(struct fh_cli *cli, int argc, char **argv, struct task *t)
{
	int done = fh_cli_arguments(cli, &usage, argc, argv, &t->a);

	if (done < 0)
		done = fh_record_fields(&usage, &t->a, &t->fields);
	if (done < 0)
		done = fh_record_range(&usage, &t->a, &t->from, &t->to);
	if (t->fields == 0)
		t->fields = FH_OPEN_ASK_FIELDS;
	return done;
}

/* None of the files opens: why the one in force does not is the reason.  */
static int check_key(struct task *t)
{
	struct fh_recovery_file *f = fh_recovery_in_force(&t->recovery);

	if (t->recovery.file[0].e == FH_ERR_OK || t->recovery.file[1].e == FH_ERR_OK)
		return FH_EXIT_YES;
	int done = fh_cli_fail_trace(f->e, t->cli->config.state, &f->t);

	return f->e == FH_ERR_IO || f->e == FH_ERR_NOMEM ? done : FH_EXIT_NO;
}

static int open_all(struct task *t)
{
	const struct fh_record_visitor v = { open_entry, nullptr, t,
					     .prints = fh_argument(&t->a, "out") == nullptr };
	const char *path = t->cli->config.state;
	fh_err e = fh_segments_open(path, &t->segments, &t->trace);

	if (e == FH_ERR_OK)
		e = fh_arena_map(scratch_size, &t->scratch);
	if (e == FH_ERR_OK)
		e = fh_openings_out_begin(t->cli, &t->a, &t->out);
	if (e == FH_ERR_OK)
		e = fh_record_read(&t->segments, &v, &t->trace);
	if (e == FH_ERR_OK && t->seen == 0)
		return fh_cli_fail(FH_ERR_MISSING, path, "the record ends before these entries",
				   nullptr);
	return e == FH_ERR_OK ? FH_EXIT_YES : fh_cli_fail_trace(e, path, &t->trace);
}

static bool is_damaged(const struct fh_recovery *r)
{
	return r->file[0].keys.damaged + r->file[1].keys.damaged > 0;
}

int fh_recovery_open(struct fh_cli *cli, int argc, char **argv)
{
	__attribute__((cleanup(task_drop))) struct task t = { .cli = cli };
	int done = read_task(cli, argc, argv, &t);

	if (done >= 0)
		return done;
	done = fh_recovery_begin(cli, &usage, &t.a, &t.recovery);
	if (done == FH_EXIT_YES)
		done = check_key(&t);
	if (done == FH_EXIT_YES)
		done = open_all(&t);
	if (done == FH_EXIT_YES)
		done = fh_openings_out_keep(&t.out, t.opened, t.erased);
	if (t.erased > 0 && done == FH_EXIT_YES)
		fprintf(stderr, "freehold: %llu of these entries cannot be opened: their keys had "
				"ended when this copy was made%s\n", (unsigned long long)t.erased,
			is_damaged(&t.recovery) ? ", or are damaged in it" : "");
	if (t.opened == 0 && done == FH_EXIT_YES)
		fprintf(stderr, "freehold: nothing to open: `freehold record show --fields` shows "
				"what is public\n");
	return done;
}
