/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verify_quote.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "cli/roots_files.h"
#include "cli/verify_chain.h"
#include "cli/verify_words.h"
#include "evidence/ima.h"
#include "evidence/userspace.h"
#include "os/file.h"
#include "os/memory.h"

constexpr size_t report_max = 256 << 10;
constexpr size_t memory_max = FH_ROOTS_MEMORY + report_max + FH_IMA_LOG_MAX + (64 << 20);

static const struct fh_option options[] = {
	{ "ak", 0, false, "FILE", "the attestation key: public area, PEM or DER" },
	{ "message", 0, false, "FILE", "what the TPM signed (tpm2_quote -m)" },
	{ "signature", 0, false, "FILE", "its signature, tss or plain (tpm2_quote -s)" },
	{ "pcrs", 0, false, "FILE", "the PCRs' values, serialized or plain (tpm2_quote -o)" },
	{ "eventlog", 0, false, "FILE",
	  "the firmware's event log, which has to lead to those values" },
	{ "userspace", 0, false, "FILE",
	  "systemd's log of measurements, likewise; needs --pcrs" },
	{ "ima", 0, false, "FILE",
	  "IMA's log, of which a beginning has to lead to its PCR; needs --pcrs" },
	{ "nonce", 0, false, "HEX", "what the quote was asked for with; decides `fresh`" },
	{ "ek", 0, false, "FILE",
	  "the endorsement certificate, PEM or DER, and links to its root" },
	{ "roots", 0, false, "PATH",
	  "roots to trust: a bundle, or a directory (default " FH_ROOTS_DIRECTORY ")" },
	FH_VERIFY_CHAIN_OPTIONS,
	{ "at", 0, false, "TIME", "when certificates have to be valid (default now)" },
	{ "require", 0, true, "ANSWER,...", "answers that must be yes: authentic, fresh,"
	  " enrolled, accepted (default authentic)" },
	{ "allow-grade", 0, true, "GRADE,...", "weak grades to let pass: none, simulated,"
	  " co-located, weak-firmware" },
};
static const struct fh_usage usage = {
	.verb = "verify quote",
	.operands = "",
	.summary = "check a quote of a TPM, as tpm2-tools write it",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.text = "--ak, --message and --signature are needed; what else is not given is unchecked.\n"
		"Exits 0 if every required answer is yes, 1 if any is no, 2 otherwise.",
	.examples = "freehold verify quote --ak ak.pub --message q.msg --signature q.sig --pcrs"
		    " q.pcrs --nonce 31c6...",
};

struct task {
	struct fh_arguments arguments;
	unsigned required, allowed;
	struct fh_arena arena;
	struct fh_x509_roots roots;
	struct fh_verify_chain chain;
	uint8_t nonce[FH_TPM_EXTRA_MAX];
	struct fh_quote_given given;
};

static void task_drop(struct task *t)
{
	fh_x509_roots_drop(&t->roots);
	fh_verify_chain_drop(&t->chain);
	fh_arena_drop(&t->arena);
}

/* --- the command line ----------------------------------------------------------- */

/* The nonce; hex of at most FH_TPM_EXTRA_MAX bytes, perhaps none.  */
static int read_nonce(struct task *t)
{
	const char *hex = fh_argument(&t->arguments, "nonce");
	size_t n = hex == nullptr ? 0 : strlen(hex) / 2;

	if (hex == nullptr)
		return -1;
	/* fh_hex_read() takes at most 64 bytes.  */
	size_t first = n < 64 ? n : 64;
	struct fh_span digits = fh_span_str(hex);

	if (strlen(hex) % 2 != 0 || n > sizeof(t->nonce) ||
	    fh_hex_read(fh_span_first(digits, 2 * first), t->nonce, first) != FH_ERR_OK ||
	    fh_hex_read(fh_span_skip(digits, 2 * first), t->nonce + first, n - first) != FH_ERR_OK)
		return fh_usage_error(&usage, "--nonce takes hex digits, of at most %zu bytes",
				      sizeof(t->nonce));
	t->given.nonce_given = true;
	t->given.nonce = fh_span_of(t->nonce, n);
	return -1;
}

static int read_task(struct fh_cli *cli, int argc, char **argv, struct task *t)
{
	int done = fh_cli_arguments(cli, &usage, argc, argv, &t->arguments);

	if (done < 0)
		done = fh_verify_words(&usage, &t->arguments, &t->required, &t->allowed);
	if (done < 0)
		done = read_nonce(t);
	if (done < 0)
		done = fh_verify_at(&usage, &t->arguments, &t->given.at_ms);
	if (done >= 0)
		return done;
	if (t->required == 0)
		t->required = FH_AUTHENTIC;
	for (const char *const *needed = (const char *const[]){ "ak", "message", "signature",
								nullptr };
	     *needed != nullptr; needed++) {
		if (fh_argument(&t->arguments, *needed) == nullptr)
			return fh_usage_error(&usage, "--%s is missing", *needed);
	}
	/* How far the log had come, only the quoted value tells.  */
	if (fh_argument(&t->arguments, "pcrs") != nullptr)
		return -1;
	for (const char *const *late = (const char *const[]){ "ima", "userspace", nullptr };
	     *late != nullptr; late++) {
		if (fh_argument(&t->arguments, *late) != nullptr)
			return fh_usage_error(&usage, "--%s needs --pcrs", *late);
	}
	return -1;
}

/* --- files ------------------------------------------------------------------------ */

/* The file that OPTION names; *GIVEN tells whether it does.  -1, or the exit
 * status.  */
static int read_file(struct task *t, const char *option, size_t max, bool *given,
		     struct fh_span *out)
{
	const char *path = fh_argument(&t->arguments, option);

	*given = path != nullptr;
	if (path == nullptr)
		return -1;
	fh_err e = fh_file_read(path, max, &t->arena, out);

	return e == FH_ERR_OK ? -1 : fh_cli_fail(e, path, nullptr, nullptr);
}

static int read_files(struct task *t)
{
	struct fh_quote_given *g = &t->given;
	bool given;
	int done = read_file(t, "ak", FH_TPM_PUBLIC_MAX, &given, &g->ak);

	if (done < 0)
		done = read_file(t, "message", FH_ATTEST_MAX, &given, &g->message);
	if (done < 0)
		done = read_file(t, "signature", FH_TPM_SIGNATURE_MAX, &given, &g->signature);
	if (done < 0)
		done = read_file(t, "pcrs", FH_PCR_FILE_MAX, &g->pcrs_given, &g->pcrs);
	if (done < 0)
		done = read_file(t, "eventlog", FH_EVENT_LOG_MAX, &g->log_given, &g->log);
	if (done < 0)
		done = read_file(t, "userspace", FH_USERSPACE_LOG_MAX, &g->userspace_given,
				 &g->userspace);
	if (done < 0)
		done = read_file(t, "ima", FH_IMA_LOG_MAX, &g->ima_given, &g->ima);
	if (done < 0)
		done = read_file(t, "ek", FH_QUOTE_LINKS_FILE_MAX, &g->ek_given, &g->ek);
	return done;
}

/* The roots, which matter only beside an endorsement certificate.  */
static int read_roots(struct task *t)
{
	const char *named = fh_argument(&t->arguments, "roots");

	int done = fh_verify_chain_read(&usage, &t->arguments, &t->chain);

	if (done < 0)
		t->given.signed_roots = fh_chain_roots(&t->chain.chain);
	if (done >= 0 || (!t->given.ek_given && named == nullptr))
		return done;
	return fh_verify_roots(named, &t->arena, &t->roots, &t->given.roots);
}

static int judge(const struct fh_cli *cli, struct task *t)
{
	struct fh_quote_verdict *v = fh_arena_take(&t->arena, sizeof(*v));
	uint8_t *room = fh_arena_take(&t->arena, report_max);
	struct fh_trace why = { 0 };

	if (v == nullptr || room == nullptr)
		return fh_cli_fail(FH_ERR_NOMEM, usage.verb, nullptr, nullptr);
	fh_err e = fh_quote_verify(&t->given, &t->arena, v, &why);

	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, usage.verb, &why);
	enum fh_answer verdict = fh_finding_settle(&v->finding, t->required, t->allowed);
	struct fh_report report = { cli, fh_builder_of(room, report_max) };

	fh_report_finding(&report, "quote", verdict, &v->finding);
	fh_report_quote(&report, v);
	e = fh_report_end(&report);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, "stdout", "the answer could not be written", nullptr);
	return fh_exit_of(verdict);
}

int fh_verify_quote(struct fh_cli *cli, int argc, char **argv)
{
	__attribute__((cleanup(task_drop))) struct task t = { 0 };
	int done = read_task(cli, argc, argv, &t);

	if (done >= 0)
		return done;
	fh_err e = fh_arena_map(memory_max, &t.arena);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, usage.verb, nullptr, nullptr);
	done = read_files(&t);
	if (done < 0)
		done = read_roots(&t);
	return done >= 0 ? done : judge(cli, &t);
}
