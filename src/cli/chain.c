/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/decimal.h"
#include "chain/sealed.h"
#include "cli/activate.h"
#include "cli/chain_restore.h"
#include "cli/chain_show.h"
#include "cli/lease.h"
#include "cli/signing.h"
#include "store/lease_files.h"

constexpr int go_on = -1;
constexpr size_t file_max = FH_SEALED_ANSWER_MAX; /* statement files are smaller */

static_assert(FH_ENVELOPE_MAX <= file_max);

static const struct fh_usage usage_show = {
	.verb = "chain show",
	.operands = "",
	.summary = "Shows what the chain adds up to",
	.text = "Exit status 0 if the chain is live, 1 if it is forked, stopped or empty.\n",
	.examples = "  freehold chain show --json\n",
};

static const struct fh_usage usage_import = {
	.verb = "chain import",
	.operands = "FILE...",
	.summary = "Takes statements into the chain, after checking them against it",
	.operands_min = 1,
	.operands_max = 1 << 20,
	.text = "Give statement files in the order of their numbers.  A running daemon takes them\n"
		"over by itself.  A state directory that does not exist is made when the first\n"
		"file is a genesis: a replica, to sign from.  Nothing is ever overwritten.\n"
		"An answer of `freehold device admit --answer` is opened in the machine's TPM,\n"
		"which shows that attestation key and endorsement key live in one chip; if it is\n"
		"for another machine or TPM, or altered, nothing of it is taken.\n",
	.examples = "  freehold chain import answer.fhs\n"
		    "  freehold chain import box.answer\n"
		    "  freehold chain import --state ./replica chain/*.fhs\n",
};

static const struct fh_option export_options[] = {
	{ "from", 0, false, "N", "only statements from number N on" },
};

static const struct fh_usage usage_export = {
	.verb = "chain export",
	.operands = "DIR",
	.summary = "Copies statements and leases into DIR, for another machine",
	.options = export_options,
	.options_n = sizeof(export_options) / sizeof(export_options[0]),
	.operands_min = 1,
	.operands_max = 1,
	.examples = "  freehold chain export /media/stick/chain\n",
};

static int chain_show(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_state) state = { 0 };
	struct fh_trace t = { 0 };
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &usage_show, argc, argv, &a);

	if (done != go_on)
		return done;

	fh_err e = fh_state_open(cli, &state, &t);

	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, cli->config.state, &t);
	e = cli->json ? fh_chain_show_json(&state.chain, &state.memory)
		      : fh_chain_show_text(&state.chain);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, "chain", nullptr, nullptr);
	return state.chain.state == FH_CHAIN_LIVE ? FH_EXIT_YES : FH_EXIT_NO;
}

/* Opens the state, or makes a replica for a genesis.  */
static fh_err open_or_make(const struct fh_cli *cli, struct fh_span first, struct fh_state *state,
			   struct fh_trace *t)
{
	struct fh_envelope v;
	struct stat st;

	if (stat(cli->config.state, &st) == 0 || errno != ENOENT ||
	    fh_envelope_parse(first, &v, nullptr) != FH_ERR_OK || v.statement.sequence != 0)
		return fh_state_open(cli, state, t);

	fh_err e = fh_state_begin(state);

	return e != FH_ERR_OK ? e : fh_store_create(cli->config.state, &state->store, t);
}

static int import_one(const struct fh_cli *cli, struct fh_state *state, const char *path)
{
	struct fh_span file;
	fh_err e;

	fh_arena_reset(&state->memory);
	e = fh_file_read(path, file_max, &state->memory, &file);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, path, nullptr, "give a statement file");
	if (fh_lease_file_is(file))
		return fh_lease_import(cli, state, file, path);
	return fh_sealed_answer_is(file) ? fh_activate(cli, state, file, path)
					 : fh_signing_import(cli, state, file, path);
}

static int chain_import(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_state) state = { 0 };
	FH_OWN(fh_state) reading = { 0 };
	struct fh_trace t = { 0 };
	struct fh_arguments a;
	struct fh_span first;
	int done = fh_cli_arguments(cli, &usage_import, argc, argv, &a);

	if (done != go_on)
		return done;

	fh_err e = fh_state_begin(&reading);

	if (e == FH_ERR_OK)
		e = fh_file_read(a.operand[0], file_max, &reading.memory, &first);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, a.operand[0], nullptr, "give a statement file");
	e = open_or_make(cli, first, &state, &t);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, cli->config.state, &t);

	/* A `no` does not keep the rest out: it may hold the cure, or a revocation.  */
	int worst = FH_EXIT_YES;

	for (int i = 0; i < a.operands && worst != FH_EXIT_COULD_NOT; i++) {
		done = import_one(cli, &state, a.operand[i]);
		if (done == FH_EXIT_COULD_NOT)
			worst = done;
	}
	if (worst == FH_EXIT_COULD_NOT)
		return worst;
	return state.chain.state == FH_CHAIN_LIVE ? FH_EXIT_YES : FH_EXIT_NO;
}

static int export_one(struct fh_state *state, const struct fh_chain_file *f, const char *to,
		      struct fh_arena memory)
{
	struct fh_trace t = { 0 };
	char path[FH_PATH_MAX];
	struct fh_span file;
	fh_err e = fh_chain_file_read(&state->store, f, &memory, &file, &t);

	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, f->name, &t);
	if (snprintf(path, sizeof(path), "%s/%s", to, f->name) >= (int)sizeof(path))
		return fh_cli_fail(FH_ERR_LIMIT, to, nullptr, nullptr);
	e = fh_file_write_new(path, file, 0644);
	if (e != FH_ERR_OK && e != FH_ERR_EXISTS)
		return fh_cli_fail(e, path, nullptr, "choose a directory that can be written");
	return go_on;
}

/* The leases, which stand beside it.  */
static int export_leases(struct fh_state *state, const char *to)
{
	struct fh_trace t = { 0 };
	struct fh_lease_name *f;
	char path[FH_PATH_MAX];
	size_t n = 0;
	fh_err e = fh_lease_files(&state->store, 0, &state->memory, &f, &n, &t);

	for (size_t i = 0; e == FH_ERR_OK && i < n; i++) {
		struct fh_arena memory = state->memory;
		struct fh_span file;

		e = fh_lease_file_load(&state->store, &f[i], &memory, &file, &t);
		if (e == FH_ERR_OK
		    && snprintf(path, sizeof(path), "%s/%s", to, f[i].name) >= (int)sizeof(path))
			e = FH_ERR_LIMIT;
		if (e == FH_ERR_OK)
			e = fh_file_write_new(path, file, 0644);
		if (e == FH_ERR_EXISTS)
			e = FH_ERR_OK;
	}
	return e == FH_ERR_OK ? go_on : fh_cli_fail_trace(e, to, &t);
}

static int chain_export(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_state) state = { 0 };
	struct fh_trace t = { 0 };
	struct fh_chain_file *f;
	struct fh_arguments a;
	uint64_t from = 0;
	size_t n;
	int done = fh_cli_arguments(cli, &usage_export, argc, argv, &a);

	if (done != go_on)
		return done;
	if (fh_argument(&a, "from") != nullptr &&
	    fh_decimal_read(fh_span_str(fh_argument(&a, "from")), &from) != FH_ERR_OK)
		return fh_usage_error(&usage_export, "--from needs a number");

	fh_err e = fh_state_open(cli, &state, &t);

	if (e == FH_ERR_OK)
		e = fh_chain_files(&state.store, &state.memory, &f, &n, &t);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, cli->config.state, &t);
	if (mkdir(a.operand[0], 0755) != 0 && errno != EEXIST)
		return fh_cli_fail(fh_errno_err(errno), a.operand[0], nullptr, nullptr);
	for (size_t i = 0; done == go_on && i < n; i++) {
		if (f[i].sequence >= from)
			done = export_one(&state, &f[i], a.operand[0], state.memory);
	}
	if (done == go_on)
		done = export_leases(&state, a.operand[0]);
	if (done != go_on)
		return done;
	fh_cli_say(cli, "%s: the chain up to statement %llu", a.operand[0],
		   (unsigned long long)state.chain.head.sequence);
	return FH_EXIT_YES;
}

int fh_cmd_chain(struct fh_cli *cli, int argc, char **argv)
{
	static const struct fh_subcommand subcommands[] = {
		{ "show", chain_show, "show what the chain adds up to" },
		{ "import", chain_import, "take statements into it" },
		{ "export", chain_export, "copy it for another machine" },
		{ "restore", fh_chain_restore, "write again what its files have lost" },
	};

	return fh_cli_subcommand(cli, "chain", subcommands, 4, argc, argv);
}
