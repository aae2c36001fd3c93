/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verify_proof.h"

#include "base/hex.h"
#include "cli/verify_headers.h"
#include "cli/verify_print.h"
#include "cli/verify_witnesses.h"
#include "cli/verify_words.h"
#include "os/file.h"
#include "os/memory.h"

constexpr size_t report_max = 8 << 20; /* a payload in hex, twice */

static const struct fh_option options[] = {
	{ "genesis", 0, false, "HASH", "the genesis hash of the chain that is trusted" },
	{ "bundle", 0, false, "FILE", "a bundle of the same entry, for a proof without one" },
	FH_WITNESSES_OPTION,
	FH_HEADERS_OPTIONS("headers of Bitcoin blocks, for time stamps in it"),
	{ "require", 0, true, "ANSWER,...", "answers that must be yes: authentic, fresh,"
	  " enrolled, accepted (default authentic,enrolled)" },
	{ "allow-grade", 0, true, "GRADE,...", "weak grades to let pass: none, simulated,"
	  " co-located, weak-firmware" },
};
static const struct fh_usage usage = {
	.verb = "verify proof",
	.operands = "FILE",
	.summary = "check a proof that an entry is in a record",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.operands_min = 1,
	.operands_max = 1,
	.text = "FILE is what `freehold record prove` wrote: a bundle, or a tlog-proof or a COSE\n"
		"receipt, which want --bundle to tell who signed.\n"
		"Exits 0 if every required answer is yes, 1 if any is no, 2 otherwise.",
	.examples = "freehold verify proof --genesis 31c6... entry-17.tlog-proof\n"
		    "freehold verify proof --genesis 31c6... --bundle entry-17.tlog-proof"
		    " entry-17.cose",
};

struct proof_task {
	struct fh_arguments a;
	unsigned required, allowed;
	struct fh_proof_options options;
	struct fh_given_headers headers;
	struct fh_given_witnesses witnesses;
	struct fh_arena live, spare, scratch, own, stamps, text;
};

static void proof_task_drop(struct proof_task *t)
{
	fh_given_headers_drop(&t->headers);
	fh_arena_drop(&t->live);
	fh_arena_drop(&t->spare);
	fh_arena_drop(&t->scratch);
	fh_arena_drop(&t->own);
	fh_arena_drop(&t->stamps);
	fh_arena_drop(&t->text);
}

static int read_task(struct fh_cli *cli, int argc, char **argv, struct proof_task *t)
{
	int done = fh_cli_arguments(cli, &usage, argc, argv, &t->a);
	const char *genesis = done < 0 ? fh_argument(&t->a, "genesis") : nullptr;

	if (done < 0)
		done = fh_verify_words(&usage, &t->a, &t->required, &t->allowed);
	if (done >= 0)
		return done;
	if (t->required == 0)
		t->required = FH_AUTHENTIC | FH_ENROLLED;
	t->options.genesis_given = genesis != nullptr;
	if (genesis != nullptr
	    && fh_hex_read(fh_span_str(genesis), t->options.genesis.bytes, FH_HASH_SIZE)
		       != FH_ERR_OK)
		return fh_usage_error(&usage, "--genesis takes 64 hex digits");
	return fh_given_headers_options(&usage, &t->a, &t->headers);
}

static fh_err take_memory(struct proof_task *t)
{
	fh_err e = fh_arena_map(FH_CHAIN_ARENA, &t->live);

	if (e == FH_ERR_OK)
		e = fh_arena_map(FH_CHAIN_ARENA, &t->spare);
	if (e == FH_ERR_OK)
		e = fh_arena_map(FH_CHAIN_SCRATCH, &t->scratch);
	if (e == FH_ERR_OK)
		e = fh_arena_map(4 * FH_PROOF_FILE_MAX + (2 << 20), &t->own);
	if (e == FH_ERR_OK)
		e = fh_arena_map(FH_STAMP_MEMORY, &t->stamps);
	if (e == FH_ERR_OK)
		e = fh_arena_map(report_max + 4096, &t->text);
	t->options.live = &t->live;
	t->options.spare = &t->spare;
	t->options.scratch = &t->scratch;
	t->options.own = &t->own;
	t->options.stamps = &t->stamps;
	return e;
}

static int judge(const struct fh_cli *cli, struct proof_task *t, struct fh_span file)
{
	struct fh_proof_check *c = fh_arena_take(&t->own, sizeof(*c));
	uint8_t *room = fh_arena_take(&t->text, report_max);
	const char *path = t->a.operand[0];
	fh_err e = c == nullptr || room == nullptr ? FH_ERR_NOMEM
						   : fh_proof_verify(file, &t->options, c);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, path, nullptr, nullptr);
	e = fh_given_witnesses_judge(&t->witnesses,
				     c->receipt ? (struct fh_span){ 0 } : c->file.note);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, path, nullptr, nullptr);
	fh_given_witnesses_say(&t->witnesses, &c->finding);
	enum fh_answer v = fh_answer_both(
		fh_finding_settle(&c->finding, t->required, t->allowed), t->witnesses.answer);
	struct fh_report report = { cli, fh_builder_of(room, report_max), nullptr };

	if (c->stamp.existed)
		report.anchor = fh_report_anchor(c->stamp.network);
	fh_report_finding(&report, "proof", v, &c->finding);
	fh_report_proof(&report, c);
	e = fh_report_end(&report);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, "stdout", "the answer could not be written", nullptr);
	return fh_exit_of(v);
}

int fh_verify_proof(struct fh_cli *cli, int argc, char **argv)
{
	__attribute__((cleanup(proof_task_drop))) struct proof_task t = { 0 };
	int done = read_task(cli, argc, argv, &t);
	struct fh_span file;

	if (done >= 0)
		return done;
	const char *path = t.a.operand[0], *bundle = fh_argument(&t.a, "bundle");
	fh_err e = take_memory(&t);

	if (e == FH_ERR_OK)
		e = fh_file_read(path, FH_PROOF_FILE_MAX, &t.own, &file);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, path, nullptr, "name a file that `record prove` wrote");
	if (bundle != nullptr)
		e = fh_file_read(bundle, FH_PROOF_FILE_MAX, &t.own, &t.options.bundle);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, bundle, nullptr, "name a file that `record prove` wrote");
	done = fh_given_headers_read(&t.headers);
	if (done < 0)
		done = fh_given_witnesses_read(&t.a, &t.own, &t.witnesses);
	t.options.headers = t.headers.read;
	t.options.trust = t.headers.least;
	return done >= 0 ? done : judge(cli, &t, file);
}
