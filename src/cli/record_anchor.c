/* SPDX-License-Identifier: Apache-2.0 */
/* `record anchor`: the record's own checkpoints, stamped.  */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/record_anchored.h"
#include "cli/record_read.h"
#include "cli/stamp.h"
#include "os/memory.h"
#include "stamp/gather.h"

constexpr int go_on = -1;
constexpr mode_t note_mode = 0644;
constexpr size_t names_max = FH_ANCHORS_MAX; /* proofs that are completed at one time */
constexpr size_t name_max = 256;             /* bytes of a path, as they mostly are */

static const struct fh_option options[] = {
	{ "upgrade", 0, false, nullptr, "complete the anchors that are not, and make none" },
	{ "import", 0, false, "ANSWER.ots", "take the proof of a request into them" },
	{ "anchors", 0, false, "DIR", "where they are kept (default record/anchors)" },
	FH_STAMP_MAKE_OPTIONS,
	FH_CONFIRMATIONS_OPTION,
};
static const struct fh_usage usage = {
	.verb = "record anchor",
	.operands = "[DIR...]",
	.summary = "have a block of Bitcoin show since when a record is as it is",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.operands_max = FH_GATHER_MAX,
	.text = "Stamps the newest checkpoint of each DIR, a state directory or a copy of its\n"
		"record (default --state), all under one commitment.  Only a nonced hash leaves:\n"
		"to calendars, to the operator's Bitcoin node, or into the file of --request.\n"
		"The same verb with --upgrade completes it hours later.  It needs to read the\n"
		"record and to write the anchors; freehold may be running.",
	.examples = "freehold record anchor --calendar https://calendar.example\n"
		    "freehold record anchor --upgrade --calendar https://calendar.example\n"
		    "freehold record anchor --request carry-me-out",
};

struct anchor_task {
	const struct fh_cli *cli;
	struct fh_arguments a;
	struct fh_arena memory, stamps; /* names; a proof while it is looked at */
	char **file;                    /* to be stamped, or completed */
	size_t files;
	struct fh_builder note;
};

static void anchor_task_drop(struct anchor_task *t)
{
	fh_arena_drop(&t->memory);
	fh_arena_drop(&t->stamps);
}

static fh_err add_file(struct anchor_task *t, const char *path)
{
	struct fh_span kept;

	if (t->files == names_max)
		return FH_ERR_LIMIT;
	fh_err e = fh_arena_copy(&t->memory, fh_span_of((const uint8_t *)path, strlen(path) + 1),
				 &kept);

	if (e == FH_ERR_OK)
		t->file[t->files++] = (char *)kept.p;
	return e;
}

/* The directory of the anchors of the record at PATH.  */
static fh_err find_directory(const struct anchor_task *t, const struct fh_segments *s,
			     char out[FH_PATH_MAX])
{
	const char *given = fh_argument(&t->a, "anchors");

	if (given == nullptr)
		return fh_anchors_beside(s, out);
	if (strlen(given) >= FH_PATH_MAX)
		return FH_ERR_LIMIT;
	memcpy(out, given, strlen(given) + 1);
	return FH_ERR_OK;
}

static fh_err make_directory(const char *path)
{
	if (mkdir(path, 0755) == 0)
		return fh_directory_sync_of(path);
	return errno == EEXIST ? FH_ERR_OK : fh_errno_err(errno);
}

/* --- the list ---------------------------------------------------------------------- */

/* For those who fetch anchors and cannot see what there is.  It can be made again, and
 * nothing rests on it.  */
static fh_err write_list(struct anchor_task *t, const char *directory)
{
	FH_OWN(fh_anchors) there = { 0 };
	char path[FH_PATH_MAX];
	fh_err e = fh_anchors_list(directory, &there, /* trace: */ nullptr);

	fh_arena_reset(&t->stamps);
	struct fh_builder b = fh_builder_of(fh_arena_space(&t->stamps, FH_ANCHORS_LIST_MAX),
					    FH_ANCHORS_LIST_MAX);

	if (e == FH_ERR_OK && snprintf(path, sizeof(path), "%s/" FH_ANCHORS_LIST, directory)
				      >= (int)sizeof(path))
		e = FH_ERR_LIMIT;
	if (e != FH_ERR_OK)
		return e;
	fh_anchors_put_list(&b, &there);
	return b.n == 0 ? FH_ERR_OK : fh_file_replace(path, fh_builder_span(&b), note_mode);
}

static int write_lists(struct anchor_task *t, char *const *path, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		FH_OWN(fh_segments) s = { 0 };
		char directory[FH_PATH_MAX];
		struct fh_trace why = { 0 };
		fh_err e = fh_segments_open(path[i], &s, &why);

		if (e == FH_ERR_OK)
			e = find_directory(t, &s, directory);
		if (e == FH_ERR_OK)
			e = write_list(t, directory);
		if (e != FH_ERR_OK)
			return fh_cli_fail_trace(e, path[i], &why);
	}
	return FH_EXIT_YES;
}

/* --- making ----------------------------------------------------------------------- */

/* The note first: a crash before its proof leaves one that the next run stamps.  */
static int keep_note(struct anchor_task *t, const char *directory, uint64_t size)
{
	char note[FH_PATH_MAX], proof[FH_PATH_MAX];
	fh_err e = fh_anchor_note_path(directory, size, note);

	if (e == FH_ERR_OK)
		e = fh_anchor_proof_path(directory, size, proof);
	if (e == FH_ERR_OK && access(proof, F_OK) == 0) {
		fh_stamp_say(t->cli, proof, "kept", "the newest checkpoint has an anchor");
		return go_on;
	}
	if (e == FH_ERR_OK)
		e = fh_file_replace(note, fh_builder_span(&t->note), note_mode);
	if (e == FH_ERR_OK)
		e = add_file(t, note);
	return e == FH_ERR_OK ? go_on
			      : fh_cli_fail(e, directory, nullptr,
					    "name a directory that can be written with --anchors");
}

/* The newest checkpoint of the record at PATH becomes a file to be stamped.  */
static int begin_one(struct anchor_task *t, const char *path)
{
	FH_OWN(fh_segments) s = { 0 };
	FH_OWN(fh_anchors) there = { 0 };
	char directory[FH_PATH_MAX];
	struct fh_trace why = { 0 };
	struct fh_checkpoint newest;
	fh_err e = fh_segments_open(path, &s, &why);

	t->note.n = 0;
	if (e == FH_ERR_OK)
		e = fh_record_newest(&s, &t->note, &newest, &why);
	if (e == FH_ERR_OK)
		e = find_directory(t, &s, directory);
	if (e == FH_ERR_OK)
		e = fh_anchors_list(directory, &there, &why);
	if (e == FH_ERR_OK && there.n == FH_ANCHORS_MAX) {
		fh_trace_what(&why, "it holds %zu anchors, and may hold no more", there.n);
		fh_trace_where(&why, "%s", directory);
		fh_trace_cure(&why, "keep the older ones in another directory");
		e = FH_ERR_LIMIT;
	}
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, path, &why);
	e = make_directory(directory);
	return e == FH_ERR_OK ? keep_note(t, directory, newest.size)
			      : fh_cli_fail(e, directory, nullptr,
					    "name a directory that can be made with --anchors");
}

/* Notes that came to no proof say nothing.  */
static void take_back(const struct anchor_task *t)
{
	char proof[FH_PATH_MAX + 8];

	for (size_t i = 0; i < t->files; i++) {
		(void)snprintf(proof, sizeof(proof), "%s.ots", t->file[i]);
		if (access(proof, F_OK) != 0)
			(void)unlink(t->file[i]);
	}
}

static int make(struct anchor_task *t, char *const *path, size_t n)
{
	int done = go_on;

	for (size_t i = 0; i < n && done == go_on; i++)
		done = begin_one(t, path[i]);
	if (done == go_on && t->files == 0)
		return FH_EXIT_YES;
	if (done == go_on)
		done = fh_stamp_make_all(t->cli, &usage, &t->a, t->file, t->files);
	if (done != FH_EXIT_YES)
		take_back(t);
	return done;
}

/* --- completing ------------------------------------------------------------------- */

/* Adds the proof PATH if no block is in it yet.  One that cannot be read is left to
 * those who say why.  */
static fh_err add_open(struct anchor_task *t, const char *path)
{
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return FH_ERR_OK;
	return fh_anchored_complete(path, &t->stamps) ? FH_ERR_OK : add_file(t, path);
}

static int find_open(struct anchor_task *t, const char *path)
{
	FH_OWN(fh_segments) s = { 0 };
	FH_OWN(fh_anchors) there = { 0 };
	char directory[FH_PATH_MAX], proof[FH_PATH_MAX];
	struct fh_trace why = { 0 };
	fh_err e = fh_segments_open(path, &s, &why);

	if (e == FH_ERR_OK)
		e = find_directory(t, &s, directory);
	if (e == FH_ERR_OK)
		e = fh_anchors_list(directory, &there, &why);
	for (size_t i = 0; e == FH_ERR_OK && i < there.n; i++) {
		e = fh_anchor_proof_path(directory, there.size[i], proof);
		if (e == FH_ERR_OK)
			e = add_open(t, proof);
	}
	return e == FH_ERR_OK ? go_on : fh_cli_fail_trace(e, path, &why);
}

static int complete(struct anchor_task *t, char *const *path, size_t n)
{
	const char *answer = fh_argument(&t->a, "import");
	int done = go_on;

	for (size_t i = 0; i < n && done == go_on; i++)
		done = find_open(t, path[i]);
	if (done != go_on)
		return done;
	if (answer != nullptr)
		return fh_stamp_import_all(t->cli, answer, t->file, t->files);
	if (t->files == 0 && !t->cli->json)
		fh_cli_say(t->cli, "no anchor is open");
	return fh_stamp_upgrade_all(t->cli, &usage, &t->a, t->file, t->files);
}

static int read_task(struct fh_cli *cli, int argc, char **argv, struct anchor_task *t)
{
	int done = fh_cli_arguments(cli, &usage, argc, argv, &t->a);
	bool upgrade = done == go_on && fh_argument(&t->a, "upgrade") != nullptr;

	if (done != go_on)
		return done;
	if (upgrade + (fh_argument(&t->a, "import") != nullptr)
	    + (fh_argument(&t->a, "request") != nullptr) > 1)
		return fh_usage_error(&usage, "takes one of --upgrade, --import and --request");
	if (t->a.operands > 1 && fh_argument(&t->a, "anchors") != nullptr)
		return fh_usage_error(&usage, "--anchors is for one record");
	return go_on;
}

int fh_record_anchor(struct fh_cli *cli, int argc, char **argv)
{
	__attribute__((cleanup(anchor_task_drop))) struct anchor_task t = { .cli = cli };
	char *state[] = { cli->config.state };
	int done = read_task(cli, argc, argv, &t);

	if (done != go_on)
		return done;
	fh_err e = fh_arena_map(names_max * (sizeof(char *) + name_max) + FH_NOTE_MAX,
				&t.memory);

	if (e == FH_ERR_OK)
		e = fh_arena_map(FH_STAMP_MEMORY + FH_STAMP_FILE_MAX, &t.stamps);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, "record", nullptr, nullptr);
	t.file = fh_arena_array(&t.memory, names_max, sizeof(*t.file));
	t.note = fh_builder_of(fh_arena_take(&t.memory, FH_NOTE_MAX), FH_NOTE_MAX);
	bool completes = fh_argument(&t.a, "upgrade") != nullptr
			 || fh_argument(&t.a, "import") != nullptr;
	char *const *path = t.a.operands > 0 ? t.a.operand : state;
	size_t n = t.a.operands > 0 ? (size_t)t.a.operands : 1;

	done = completes ? complete(&t, path, n) : make(&t, path, n);
	/* What came to be is listed, whatever became of the rest.  */
	if (done == FH_EXIT_YES || done == FH_EXIT_COULD_NOT) {
		int listed = write_lists(&t, path, n);

		done = done == FH_EXIT_YES ? listed : done;
	}
	return done;
}
