/* SPDX-License-Identifier: Apache-2.0 */
/* `record prove` and `record disclose`: what is asked for, and where it goes.  */
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "cli/record_anchored.h"
#include "cli/record_proof.h"
#include "cli/record_reader.h"
#include "codec/json.h"
#include "os/file.h"
#include "os/memory.h"

static const struct fh_option options[] = {
	{ "format", 0, false, "FORM", "bundle (the default), tlog-proof or cose" },
	{ "field", 0, true, "NAME", "show this field of the entry alone" },
	{ "checkpoint", 0, false, "FILE", "prove it under this checkpoint (default: the first that"
	  " a block dates, or the newest)" },
	{ "newest", 0, false, nullptr, "prove it under the newest, whatever is dated" },
	{ "witnessed", 0, false, nullptr, "prove it under the newest that witnesses cosigned" },
	{ "anchors", 0, false, "DIR", "where dated ones are kept (default record/anchors)" },
	{ "anchor", 0, true, "FILE.ots", "put in this time stamp of that checkpoint" },
	{ "receipt", 0, false, "FILE", "the signed root for a receipt (default the record's)" },
	FH_OPENINGS_OPTION,
	{ "out", 'o', false, "FILE", "write the proof here (default entry-N.tlog-proof or .cose)" },
};
static const struct fh_usage usage = {
	.verb = "record prove",
	.operands = "N [DIR]",
	.summary = "prove to outsiders that entry N is in the record",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.operands_min = 1,
	.operands_max = 2,
	.text = "A bundle holds the entry with everything it says (or the fields named), its\n"
		"place under a checkpoint, and what it takes to check both: `freehold verify\n"
		"proof` needs nothing but the genesis hash.  Of a sealed entry it shows fields "
		"only\n"
		"with --openings; without, that the entry is there.  A tlog-proof (C2SP) and a "
		"COSE\n"
		"receipt (RFC 9942) hold the place and a signature, for those who know the key.",
	.examples = "freehold record prove 17 --out entry-17.tlog-proof\n"
		    "freehold record prove 17 --field decision --field action\n"
		    "freehold record prove 17 --format cose",
};

static const struct fh_option disclose_options[] = {
	{ "field", 0, true, "NAME", "disclose this field" },
	FH_SOCKET_OPTION,
	{ "out", 'o', false, "FILE", "write the proof here (default entry-N.tlog-proof)" },
};
static const struct fh_usage disclose_usage = {
	.verb = "record disclose",
	.operands = "N [DIR]",
	.summary = "prove to outsiders what entry N says in some of its fields",
	.options = disclose_options,
	.options_n = sizeof(disclose_options) / sizeof(disclose_options[0]),
	.operands_min = 1,
	.operands_max = 2,
	.text = "Has the running daemon open these fields of a sealed entry, which the operator's\n"
		"policy permits (Action::\"record.disclose\") or not, and the record says either\n"
		"way, and writes the proof that `record prove` would: `freehold verify proof`\n"
		"checks it with the genesis hash alone.  Of other fields it tells nothing.\n",
	.examples = "freehold record disclose 17 --field decision --field action\n",
};

enum form {
	FORM_BUNDLE,
	FORM_TLOG,
	FORM_COSE,
};

struct prove_task {
	struct fh_arguments a;
	enum form form;
	uint64_t shown;         /* bits of fields; 0: all */
	const char *path;       /* of the record */
	struct fh_arena files;  /* that options name */
	struct fh_prove prove;
	struct fh_opened_file openings;
	const struct fh_usage *usage;
	struct fh_anchored anchored; /* what it is proved under, if that is an anchor */
};

static void task_drop(struct prove_task *t)
{
	fh_arena_drop(&t->files);
	fh_prove_drop(&t->prove);
	fh_opened_file_drop(&t->openings);
}

static int read_form(struct prove_task *t)
{
	static const char *const names[] = { "bundle", "tlog-proof", "cose" };
	const char *form = fh_argument(&t->a, "format");

	for (size_t i = 0; form != nullptr && i < 3; i++) {
		if (strcmp(form, names[i]) != 0)
			continue;
		t->form = (enum form)i;
		return -1;
	}
	return form == nullptr
		       ? -1
		       : fh_usage_error(&usage, "--format takes bundle, tlog-proof or cose");
}

static int read_fields(struct prove_task *t)
{
	int done = fh_record_fields(&usage, &t->a, &t->shown);

	if (done >= 0)
		return done;
	if (t->form != FORM_BUNDLE && (t->shown != 0 || fh_argument(&t->a, "anchor") != nullptr))
		return fh_usage_error(&usage, "--field and --anchor are for a bundle");
	return -1;
}

/* The operands.  */
static int read_entry(struct fh_cli *cli, struct prove_task *t)
{
	if (fh_decimal_read(fh_span_str(t->a.operand[0]), &t->prove.index) != FH_ERR_OK)
		return fh_usage_error(t->usage, "`%s` is not the index of an entry",
				      t->a.operand[0]);
	t->path = t->a.operands > 1 ? t->a.operand[1] : cli->config.state;
	return -1;
}

static int read_task(struct fh_cli *cli, int argc, char **argv, struct prove_task *t)
{
	int done = fh_cli_arguments(cli, t->usage, argc, argv, &t->a);

	if (done < 0)
		done = read_form(t);
	if (done < 0)
		done = read_fields(t);
	return done < 0 ? read_entry(cli, t) : done;
}

/* --- what options name ------------------------------------------------------------ */

static int could_not(fh_err e, const char *where, const char *cure)
{
	return fh_cli_fail(e, where, nullptr, cure);
}

/* The signed root, from --receipt or beside the journal.  */
static int read_root(struct prove_task *t, const struct fh_segments *s, struct fh_signed_root *out)
{
	char path[FH_PATH_MAX + 32];
	const char *given = fh_argument(&t->a, "receipt");
	struct fh_span bytes;

	(void)snprintf(path, sizeof(path), "%s/../receipt", s->path);
	if (given == nullptr)
		given = path;
	fh_err e = fh_file_read(given, FH_SIGNED_ROOT_MAX, &t->files, &bytes);

	if (e == FH_ERR_MISSING)
		return fh_cli_fail(e, given, "no root is signed for receipts here",
				   "a running freehold signs one; copy record/receipt as well");
	if (e == FH_ERR_OK)
		e = fh_signed_root_read(bytes, out);
	if (e != FH_ERR_OK)
		return could_not(e, given, "copy it again");
	if (out->size < 2)
		return fh_cli_fail(FH_ERR_UNSUPPORTED, given,
				   "a tree of one entry has no receipt: RFC 9942 wants a proof of"
				   " at least one hash",
				   "wait for the second entry, or use --format tlog-proof");
	if (t->prove.index >= out->size)
		return fh_cli_fail(FH_ERR_MISSING, given,
				   "the root signed for receipts does not cover that entry yet",
				   "try again in a few seconds while freehold runs");
	return -1;
}

static int read_stamps(struct prove_task *t, struct fh_bundle *u)
{
	const char *path;

	if (t->anchored.ots.n > 0)
		u->stamp[u->stamps++] = t->anchored.ots;
	for (size_t i = 0; (path = fh_argument_nth(&t->a, "anchor", i)) != nullptr; i++) {
		if (u->stamps == FH_BUNDLE_STAMPS_MAX)
			return fh_usage_error(&usage, "a bundle takes up to %zu time stamps",
					      FH_BUNDLE_STAMPS_MAX);
		fh_err e = fh_file_read(path, FH_STAMP_FILE_MAX, &t->files, &u->stamp[u->stamps]);

		if (e != FH_ERR_OK)
			return could_not(e, path, "name a file that `freehold stamp` wrote");
		u->stamps++;
	}
	return -1;
}

/* --- writing it ------------------------------------------------------------------- */

static void print_json(const char *path, size_t bytes, bool pruned)
{
	uint8_t line[2 * FH_PATH_MAX];
	struct fh_builder b = FH_BUILDER_ARRAY(line);

	fh_builder_text(&b, "{\"file\":");
	fh_json_put_string(&b, fh_span_str(path));
	fh_builder_text(&b, ",\"bytes\":");
	fh_builder_decimal(&b, bytes);
	printf("%.*s%s}\n", (int)fh_builder_span(&b).n, (const char *)line,
	       pruned ? ",\"pruned\":true" : "");
}

static int write_out(const struct fh_cli *cli, const struct prove_task *t, struct fh_span bytes)
{
	char name[64];
	const char *path = fh_argument(&t->a, "out");

	(void)snprintf(name, sizeof(name), "entry-%llu.%s", (unsigned long long)t->prove.index,
		       t->form == FORM_COSE ? "cose" : "tlog-proof");
	if (path == nullptr)
		path = name;
	fh_err e = fh_file_write_new(path, bytes, 0600);

	if (e != FH_ERR_OK)
		return could_not(e, path, "give another --out");
	bool pruned = fh_payload_is_stub(t->prove.payload);

	if (cli->json)
		print_json(path, bytes.n, pruned);
	else
		fh_cli_say(cli, "%s%s", path,
			   pruned ? " (pruned: the record does not hold any more what it said)"
				  : "");
	return FH_EXIT_YES;
}

static int prove_receipt(const struct fh_cli *cli, struct prove_task *t,
			 const struct fh_signed_root *root)
{
	struct fh_span out;
	fh_err e = fh_prove_receipt(&t->prove, root, &out);

	if (e == FH_ERR_CONFLICT)
		return fh_cli_fail(e, t->path, "the record does not lead to the root that is signed"
				   " for receipts", "copy the record and its receipt together");
	return e == FH_ERR_OK ? write_out(cli, t, out) : could_not(e, t->path, nullptr);
}

static int prove_tlog(const struct fh_cli *cli, struct prove_task *t)
{
	struct fh_bundle u = fh_prove_leaf(&t->prove);
	struct fh_span out;
	fh_err e = FH_ERR_OK;

	if (t->prove.checkpoint.size == 0 && t->anchored.note.n > 0)
		return fh_cli_fail(FH_ERR_CONFLICT, t->path,
				   "its anchor is over a checkpoint that is not in this record",
				   "see `freehold verify record`, or prove it under the --newest");
	if (t->prove.index >= t->prove.checkpoint.size)
		return fh_cli_fail(FH_ERR_MISSING, t->path, "no checkpoint covers that entry",
				   "see `freehold record show`; a new entry is covered at once when"
				   " freehold runs");
	if (t->form == FORM_BUNDLE)
		e = fh_prove_bundle(&t->prove, t->shown, &u);
	if (e == FH_ERR_MISSING)
		return fh_cli_fail(e, t->path, "the entry has no such field",
				   "`freehold record show --fields` names those it has");
	if (e == FH_ERR_PERMISSION && fh_payload_is_stub(t->prove.payload))
		return fh_cli_fail(e, t->path, "the entry is pruned: what it said was erased",
				   "without --field it is proved that it is in the record");
	if (e == FH_ERR_PERMISSION)
		return fh_cli_fail(e, t->path, "the entry is sealed",
				   "have it opened (freehold record open), and "
				   "give "
				   "--openings FILE");
	int done = e == FH_ERR_OK ? read_stamps(t, &u) : could_not(e, t->path, nullptr);

	if (done >= 0)
		return done;
	e = fh_prove_tlog(&t->prove, &u, &out);
	return e == FH_ERR_OK ? write_out(cli, t, out) : could_not(e, t->path, nullptr);
}

/* A bundle dates its entry if it can.  */
static int find_anchored(struct prove_task *t, const struct fh_segments *s)
{
	struct fh_trace why = { 0 };
	fh_err e = t->form != FORM_BUNDLE
			   ? FH_ERR_OK
			   : fh_anchored_find(s, fh_argument(&t->a, "anchors"), t->prove.index,
					      &t->files, &t->anchored, &why);

	t->prove.wanted = t->anchored.note;
	return e == FH_ERR_OK ? -1 : fh_cli_fail_trace(e, t->path, &why);
}

static int read_checkpoint(struct prove_task *t, const struct fh_segments *s)
{
	char beside[FH_PATH_MAX + 32];
	const char *path = fh_argument(&t->a, "checkpoint");
	bool witnessed = fh_argument(&t->a, "witnessed") != nullptr;
	bool newest = fh_argument(&t->a, "newest") != nullptr;

	if ((path != nullptr) + witnessed + newest > 1)
		return fh_usage_error(&usage, "--checkpoint, --witnessed and --newest exclude each"
				      " other");
	(void)snprintf(beside, sizeof(beside), "%s/../witnessed", s->path);
	if (witnessed)
		path = beside;
	if (path == nullptr)
		return newest || fh_argument(&t->a, "anchor") != nullptr ? -1
									   : find_anchored(t, s);
	fh_err e = fh_file_read(path, FH_NOTE_MAX, &t->files, &t->prove.wanted);

	return e == FH_ERR_OK ? -1 : could_not(e, path, "name a checkpoint saved earlier");
}

int fh_record_prove(struct fh_cli *cli, int argc, char **argv)
{
	__attribute__((cleanup(task_drop))) struct prove_task t = { .usage = &usage };
	FH_OWN(fh_segments) s = { 0 };
	struct fh_signed_root root = { 0 };
	struct fh_trace why = { 0 };
	int done = read_task(cli, argc, argv, &t);

	if (done >= 0)
		return done;
	fh_err e = fh_segments_open(t.path, &s, &why);

	if (e == FH_ERR_OK)
		e = fh_arena_map((FH_BUNDLE_STAMPS_MAX + 1) * FH_STAMP_FILE_MAX + (1 << 20),
				 &t.files);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, t.path, &why);
	/* Before the record, which then holds what it is over.  */
	e = fh_opened_file_open(fh_argument(&t.a, "openings"), &t.openings, &why);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, fh_argument(&t.a, "openings"), &why);
	t.prove.opened = fh_opened_file_get(&t.openings);
	done = t.form == FORM_COSE ? read_root(&t, &s, &root) : read_checkpoint(&t, &s);
	if (done >= 0)
		return done;
	e = fh_prove_gather(&s, &t.prove, &why);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, t.path, &why);
	return t.form == FORM_COSE ? prove_receipt(cli, &t, &root) : prove_tlog(cli, &t);
}

/* --- disclosing ------------------------------------------------------------------- */

/* What the daemon opens of the entry is in T's memory then, as a file of openings.  */
static int ask_daemon(struct fh_cli *cli, struct prove_task *t, struct fh_opened *out)
{
	__attribute__((cleanup(fh_reader_drop))) struct fh_reader r = { 0 };
	const struct fh_open_ask o = { true, t->prove.index, t->prove.index, t->shown };
	char where[64];
	struct fh_reader_answer said;
	struct fh_span file = { 0 };
	int done = fh_reader_open(cli, &t->a, &r);

	if (done == FH_EXIT_YES)
		done = fh_reader_ask(&r, &o, &said);
	if (done != FH_EXIT_YES)
		return done;
	(void)snprintf(where, sizeof(where), "entry %llu", (unsigned long long)o.from);
	if (said.opened == 0 && said.public == 0)
		return fh_reader_nothing(&said, where);
	size_t n = sizeof(FH_OPENED_MAGIC) + said.openings.n;
	struct fh_builder b = fh_builder_of(fh_arena_space(&t->files, n), n);

	fh_opened_put_head(&b);
	fh_builder_bytes(&b, said.openings);
	fh_err e = b.bad ? FH_ERR_NOMEM : fh_builder_end(&b, &file);

	if (e == FH_ERR_OK)
		e = fh_opened_begin(file, out);
	return e == FH_ERR_OK ? -1 : could_not(e, r.path, nullptr);
}

int fh_record_disclose(struct fh_cli *cli, int argc, char **argv)
{
	__attribute__((cleanup(task_drop))) struct prove_task t = { .usage = &disclose_usage };
	FH_OWN(fh_segments) s = { 0 };
	struct fh_opened opened;
	struct fh_trace why = { 0 };
	int done = fh_cli_arguments(cli, &disclose_usage, argc, argv, &t.a);

	if (done < 0)
		done = fh_record_fields(&disclose_usage, &t.a, &t.shown);
	if (done < 0)
		done = read_entry(cli, &t);
	if (done < 0 && t.shown == 0)
		done = fh_usage_error(&disclose_usage, "name what to disclose: --field NAME");
	if (done >= 0)
		return done;
	/* First whether there is a record to prove it from.  */
	fh_err e = fh_segments_open(t.path, &s, &why);

	if (e == FH_ERR_OK)
		e = fh_arena_map(FH_JSON_MAX + 2 * FH_STAMP_FILE_MAX, &t.files);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, t.path, &why);
	done = ask_daemon(cli, &t, &opened);
	if (done >= 0)
		return done;
	fh_segments_drop(&s); /* it has grown */
	e = fh_segments_open(t.path, &s, &why);
	t.prove.opened = &opened;
	done = e == FH_ERR_OK ? find_anchored(&t, &s) : -1;
	if (done >= 0)
		return done;
	if (e == FH_ERR_OK)
		e = fh_prove_gather(&s, &t.prove, &why);
	return e == FH_ERR_OK ? prove_tlog(cli, &t) : fh_cli_fail_trace(e, t.path, &why);
}
