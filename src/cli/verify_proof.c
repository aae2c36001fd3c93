/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verify_proof.h"

#include "base/hex.h"
#include "cli/verify_headers.h"
#include "cli/verify_print.h"
#include "cli/verify_words.h"
#include "merkle/quorum.h"
#include "os/file.h"
#include "os/memory.h"

constexpr size_t report_max = 8 << 20; /* a payload in hex, twice */

static const struct fh_option options[] = {
	{ "genesis", 0, false, "HASH", "the genesis hash of the chain that is trusted" },
	{ "bundle", 0, false, "FILE", "a bundle of the same entry, for a proof without one" },
	{ "witnesses", 0, false, "POLICY", "demand the quorum of this witness policy" },
	FH_HEADERS_OPTIONS("headers of Bitcoin blocks, for time stamps in it"),
	{ "require", 0, true, "ANSWER,...", "answers that must be yes: authentic, fresh,"
	  " enrolled, accepted (default authentic,enrolled)" },
	{ "allow-grade", 0, true, "GRADE,...", "weak grades to let pass: none, simulated,"
	  " co-located" },
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
	struct fh_quorum *quorum; /* NULL: witnesses are not asked for */
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

/* The quorum of --witnesses on the checkpoint, as an answer of the whole: no if it is not
 * reached, unchecked if that cannot be told by this policy.  */
static fh_err judge_witnesses(const struct fh_quorum *q, struct fh_proof_check *c,
			      enum fh_answer *out)
{
	struct fh_quorum_verdict v = { 0 };
	struct fh_note note;
	fh_err e = c->receipt ? FH_ERR_UNSUPPORTED : fh_note_parse(c->file.note, &note);

	if (e == FH_ERR_OK)
		e = fh_quorum_judge(q, &note, &v);
	*out = FH_ANSWER_UNCHECKED;
	if (e == FH_ERR_CRYPTO)
		return e;
	if (e != FH_ERR_OK) {
		fh_trace_what(fh_finding_say(&c->finding, "no-witnesses"),
			      "the file has no checkpoint that could be witnessed");
		return FH_ERR_OK;
	}
	if (!v.log_named) {
		fh_trace_what(fh_finding_say(&c->finding, "other-log"),
			      "the witness policy is not about this record: it names other logs");
		return FH_ERR_OK;
	}
	/* Ours is the line that counts, but a wrong one of a key that is named is a lie.  */
	*out = v.wrong > 0 ? FH_ANSWER_NO : v.quorum;
	if (v.wrong > 0)
		fh_trace_what(fh_finding_say(&c->finding, "cosignature"),
			      "%zu of the lines that the witness policy names are wrong", v.wrong);
	else if (v.quorum == FH_ANSWER_NO)
		fh_trace_what(fh_finding_say(&c->finding, "no-quorum"),
			      "%zu witnesses have cosigned it, which are not the quorum",
			      v.cosigned);
	else if (v.quorum == FH_ANSWER_UNCHECKED)
		fh_trace_what(fh_finding_say(&c->finding, "unknown-witness"),
			      "the quorum rests on keys of types that cannot be checked here");
	return FH_ERR_OK;
}

static int read_witnesses(struct proof_task *t)
{
	const char *path = fh_argument(&t->a, "witnesses");
	struct fh_trace why = { 0 };
	struct fh_span text;

	if (path == nullptr)
		return -1;
	t->quorum = fh_arena_take(&t->own, sizeof(*t->quorum));
	fh_err e = t->quorum == nullptr ? FH_ERR_NOMEM
					: fh_file_read(path, FH_QUORUM_TEXT_MAX, &t->own, &text);

	if (e == FH_ERR_OK)
		e = fh_quorum_read(text, t->quorum, &why);
	return e == FH_ERR_OK ? -1
			      : fh_cli_fail(e, path, why.what[0] != '\0' ? why.what : nullptr,
					    "give a witness policy (C2SP tlog-policy)");
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
	enum fh_answer witnessed = FH_ANSWER_YES;

	if (t->quorum != nullptr)
		e = judge_witnesses(t->quorum, c, &witnessed);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, path, nullptr, nullptr);
	enum fh_answer v = fh_answer_both(
		fh_finding_settle(&c->finding, t->required, t->allowed), witnessed);
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
		done = read_witnesses(&t);
	t.options.headers = t.headers.read;
	t.options.trust = t.headers.least;
	return done >= 0 ? done : judge(cli, &t, file);
}
