/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/found.h"

constexpr int go_on = -1;

static const struct fh_option options[] = {
	{ "name", 0, false, "NAME", "what you call this chain (default: home)" },
	{ "placement", 0, false, "WHERE",
	  "where the operator keys are kept: offline (default), hsm, enclave, co-located" },
	FH_AUTHORITY_OPTIONS,
	FH_SIGNING_OPTIONS,
};

static const struct fh_usage usage_new = {
	.verb = "genesis new",
	.operands = "",
	.summary = "Makes the first statement of a chain, away from the governed machine",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.text = "Every signer must sign genesis.  Its hash is the chain's id, which everyone who\n"
		"verifies should be told by another road.\n",
	.examples = "  freehold genesis new --operator-key op.key --name lab --out genesis.fhs\n"
		    "  freehold genesis new --operator-key a.key --operator-key b.key \\\n"
		    "      --threshold default=2 --threshold revoke=1 --out genesis.fhs\n",
};

/* Accepts the complete FILE in a chain of its own, so that nothing is handed
 * out that would be refused later; a file that still wants signatures is only
 * looked at.  */
static int try_out(struct fh_state *state, struct fh_span file, size_t *more)
{
	struct fh_trace t = { 0 };
	fh_err e = fh_chain_wants(&state->chain, file, &state->scratch, more, &t);

	if (e == FH_ERR_OK && *more == 0)
		e = fh_chain_accept(&state->chain, file, &state->scratch, &t);
	return e == FH_ERR_OK ? go_on : fh_cli_fail_trace(e, "genesis", &t);
}

static int make(const struct fh_cli *cli, const struct fh_arguments *a, struct fh_state *state,
		const struct fh_signing *signing, const struct fh_founding *f)
{
	const char *name = fh_argument(a, "name"), *where = fh_argument(a, "placement");
	const char *out = fh_argument(a, "out");
	enum fh_placement placement = FH_PLACEMENT_OFFLINE;
	struct fh_span file;
	size_t more;

	if (where != nullptr && fh_placement_parse(fh_span_str(where), &placement) != FH_ERR_OK)
		return fh_usage_error(&usage_new, "--placement must be offline, hsm, enclave or "
				      "co-located");

	fh_err e = fh_found_genesis(name == nullptr ? "home" : name, placement, f, signing,
				    &state->memory, &file);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, "genesis", nullptr, nullptr);

	int done = try_out(state, file, &more);

	if (done != go_on)
		return done;
	e = fh_file_write_new(out, file, 0644);
	if (e != FH_ERR_OK)
		return fh_cli_fail(e, out, nullptr, "choose a file that does not exist yet");
	if (more > 0)
		fh_cli_say(cli, "%s: %zu more signatures are wanted; `freehold sign %s` adds one",
			   out, more, out);
	else
		fh_cli_say(cli, "%s: complete; take it to the machine: `freehold init --genesis %s "
			   "--request FILE`", out, out);
	return FH_EXIT_YES;
}

static int genesis_new(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_state) state = { 0 };
	FH_OWN(fh_signing) signing = { 0 };
	struct fh_founding f = { 0 };
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &usage_new, argc, argv, &a);

	if (done != go_on)
		return done;
	if (fh_argument(&a, "out") == nullptr)
		return fh_usage_error(&usage_new, "needs --out FILE");

	fh_err e = fh_state_begin(&state);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, "genesis", nullptr, nullptr);
	done = fh_signing_open(cli, &usage_new, &a, &signing);
	if (done == go_on)
		done = fh_found_authority(&usage_new, &a, &signing, &state.memory, &f);
	return done != go_on ? done : make(cli, &a, &state, &signing, &f);
}

int fh_cmd_genesis(struct fh_cli *cli, int argc, char **argv)
{
	static const struct fh_subcommand subcommands[] = {
		{ "new", genesis_new, "make the first statement of a chain" },
	};

	return fh_cli_subcommand(cli, "genesis", subcommands, 1, argc, argv);
}
