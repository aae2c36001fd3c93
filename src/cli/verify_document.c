/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verify_document.h"

#include <string.h>

#include "base/hex.h"
#include "cli/roots_files.h"
#include "cli/verify_words.h"
#include "os/file.h"
#include "os/memory.h"

constexpr size_t report_max = 256 << 10;

static const struct fh_option options[] = { FH_DOCUMENT_OPTIONS };
static const struct fh_usage usage = {
	.verb = "verify document",
	.operands = "FILE",
	.summary = "check what a machine publishes of itself",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.operands_min = 1,
	.operands_max = 1,
	.text = "FILE is what the machine serves at /.well-known/freehold-operator-key.json.\n"
		"A saved document is never fresh: `freehold verify URL --nonce` asks the machine.\n"
		"Exits 0 if every required answer is yes, 1 if any is no, 2 otherwise.",
	.examples = "freehold verify document --genesis 31c6... freehold-operator-key.json",
};

bool fh_verify_url_meant(const char *word)
{
	return strncmp(word, "http://", 7) == 0 || strncmp(word, "https://", 8) == 0;
}

void fh_document_task_drop(struct fh_document_task *t)
{
	fh_x509_roots_drop(&t->roots);
	fh_arena_drop(&t->live);
	fh_arena_drop(&t->spare);
	fh_arena_drop(&t->scratch);
	fh_arena_drop(&t->own);
	fh_arena_drop(&t->text);
}

static fh_err take_memory(struct fh_document_task *t)
{
	fh_err e = fh_arena_map(FH_CHAIN_ARENA, &t->live);

	if (e == FH_ERR_OK)
		e = fh_arena_map(FH_CHAIN_ARENA, &t->spare);
	if (e == FH_ERR_OK)
		e = fh_arena_map(FH_CHAIN_SCRATCH, &t->scratch);
	if (e == FH_ERR_OK)
		e = fh_arena_map(FH_DOCUMENT_OWN, &t->own);
	if (e == FH_ERR_OK)
		e = fh_arena_map(FH_ROOTS_MEMORY + report_max + 4 * FH_DOCUMENT_MAX, &t->text);
	t->options.live = &t->live;
	t->options.spare = &t->spare;
	t->options.scratch = &t->scratch;
	t->options.own = &t->own;
	return e;
}

static int read_genesis(struct fh_document_task *t)
{
	const char *genesis = fh_argument(&t->arguments, "genesis");

	t->options.genesis_given = genesis != nullptr;
	if (genesis != nullptr
	    && fh_hex_read(fh_span_str(genesis), t->options.genesis.bytes, FH_HASH_SIZE)
		       != FH_ERR_OK)
		return fh_usage_error(t->usage, "--genesis takes 64 hex digits");
	return -1;
}

int fh_document_task_begin(struct fh_cli *cli, const struct fh_usage *u, int argc, char **argv,
			   struct fh_document_task *t)
{
	t->usage = u;
	int done = fh_cli_arguments(cli, u, argc, argv, &t->arguments);

	if (done < 0)
		done = fh_verify_words(u, &t->arguments, &t->required, &t->allowed);
	if (done < 0)
		done = read_genesis(t);
	if (done < 0)
		done = fh_verify_at(u, &t->arguments, &t->options.at_ms);
	if (done >= 0)
		return done;
	if (t->required == 0)
		t->required = FH_AUTHENTIC | FH_ENROLLED;
	fh_err e = take_memory(t);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, u->verb, nullptr, nullptr);
	return fh_verify_roots(fh_argument(&t->arguments, "roots"), &t->text, &t->roots,
			       &t->options.roots);
}

int fh_document_task_judge(const struct fh_cli *cli, struct fh_document_task *t,
			   const char *where, struct fh_span text)
{
	struct fh_document_check *c = fh_arena_take(&t->own, sizeof(*c));
	uint8_t *room = fh_arena_take(&t->text, report_max);
	fh_err e = c == nullptr || room == nullptr
			   ? FH_ERR_NOMEM
			   : fh_document_verify(text, &t->options, c);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, where, nullptr, nullptr);
	enum fh_answer v = fh_finding_settle(&c->finding, t->required, t->allowed);
	struct fh_report report = { cli, fh_builder_of(room, report_max), nullptr };

	fh_report_finding(&report, "document", v, &c->finding);
	fh_report_document(&report, c);
	e = fh_report_end(&report);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, "stdout", "the answer could not be written", nullptr);
	return fh_exit_of(v);
}

int fh_verify_document(struct fh_cli *cli, int argc, char **argv)
{
	__attribute__((cleanup(fh_document_task_drop))) struct fh_document_task t = { 0 };
	int done = fh_document_task_begin(cli, &usage, argc, argv, &t);
	struct fh_span text;

	if (done >= 0)
		return done;
	const char *path = t.arguments.operand[0];
	fh_err e = fh_file_read(path, FH_DOCUMENT_MAX, &t.text, &text);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, path, nullptr, "name a file with a machine's document");
	return fh_document_task_judge(cli, &t, path, text);
}
