/* SPDX-License-Identifier: Apache-2.0 */
/* Proofs that somebody else made for what was carried out.  */
#include "cli/stamp.h"
#include "os/file.h"
#include "os/memory.h"
#include "stamp/request.h"

constexpr int go_on = -1;
constexpr int operands_max = 4096;

static const struct fh_usage usage = {
	.verb = "stamp import",
	.operands = "ANSWER.ots FILE.ots...",
	.summary = "Takes the proof of a request that was carried out into the proofs that asked",
	.operands_min = 2,
	.operands_max = operands_max,
	.text = "ANSWER.ots is what any OpenTimestamps made of the file that --request of `stamp\n"
		"make` wrote.  One that is not complete yet can be given again when it is.\n"
		"Exit status 0: a block attests it.  2: it does not yet, or nobody asked for it.\n",
	.examples = "freehold stamp import request.ots report.pdf.ots\n",
};

static fh_err read_proof(const char *path, struct fh_arena *a, struct fh_stamp_file *out,
			 struct fh_trace *t)
{
	struct fh_span bytes;
	fh_err e = fh_file_read(path, FH_STAMP_FILE_MAX, a, &bytes);

	return e == FH_ERR_OK ? fh_stamp_read(bytes, a, out, t) : e;
}

static int no_proof(fh_err e, const char *path, const struct fh_trace *t)
{
	return fh_cli_fail(e, path, t->what[0] != '\0' ? t->what : nullptr,
			   "name an OpenTimestamps proof");
}

/* FH_ERR_MISSING if PATH did not ask for ANSWER.  */
static fh_err import_one(const char *path, const struct fh_stamp_file *answer, struct fh_arena *a,
			 bool *complete)
{
	struct fh_stamp_file f;
	struct fh_trace t = { 0 };
	fh_err e = read_proof(path, a, &f, &t);

	if (e != FH_ERR_OK) {
		(void)no_proof(e, path, &t);
		return e == FH_ERR_MISSING ? FH_ERR_IO : e;
	}
	e = fh_stamp_answer(f.root, answer, a);
	if (e == FH_ERR_MISSING)
		return e;
	if (e == FH_ERR_OK)
		e = fh_stamp_write_back(path, &f, a);
	if (e != FH_ERR_OK)
		(void)fh_cli_fail(e, path, nullptr, nullptr);
	*complete = fh_stamp_anchored(f.root);
	return e;
}

static int import_all(const struct fh_cli *cli, const struct fh_stamp_file *answer,
		      char *const *proof, size_t n, struct fh_arena *a)
{
	int status = FH_EXIT_YES;
	size_t taken = 0;

	for (size_t i = 0; i < n; i++) {
		struct fh_arena room = *a; /* what is taken from the copy is given back */
		bool complete = false;
		fh_err e = import_one(proof[i], answer, &room, &complete);

		if (e == FH_ERR_MISSING)
			continue;
		taken++;
		if (e != FH_ERR_OK || !complete)
			status = FH_EXIT_COULD_NOT;
		if (e == FH_ERR_OK)
			fh_stamp_say(cli, proof[i], complete ? "complete" : "pending",
				     complete ? "complete" : "taken; no block attests it yet");
	}
	return taken > 0 ? status : -1;
}

int fh_stamp_import_all(const struct fh_cli *cli, const char *answer, char *const *proof, size_t n)
{
	FH_OWN(fh_arena) memory = { 0 };
	struct fh_stamp_file f;
	struct fh_trace t = { 0 };
	fh_err e = fh_arena_map(3 * FH_STAMP_MEMORY, &memory);

	if (e == FH_ERR_OK)
		e = read_proof(answer, &memory, &f, &t);
	if (e != FH_ERR_OK)
		return no_proof(e, answer, &t);
	int status = import_all(cli, &f, proof, n, &memory);

	return status >= 0 ? status
			   : fh_cli_fail(FH_ERR_MISSING, answer,
					 "none of the proofs asked for what it is of",
					 "name those that were made with its request");
}

int fh_stamp_import(struct fh_cli *cli, int argc, char **argv)
{
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &usage, argc, argv, &a);

	return done != go_on ? done
			     : fh_stamp_import_all(cli, a.operand[0], a.operand + 1,
						   (size_t)a.operands - 1);
}
