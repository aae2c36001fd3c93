/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "cli/enrol.h"
#include "cli/found.h"

constexpr int go_on = -1;

static const struct fh_option options[] = {
	{ "operator-key", 0, false, "FILE",
	  "make (or use) this operator key here: everyone sees that it is co-located" },
	{ "passphrase-fd", 0, false, "N", "read its passphrase from descriptor N" },
	{ "genesis", 0, false, "FILE", "join the chain of this genesis, made elsewhere" },
	{ "request", 0, false, "FILE", "with --genesis: write the request for the operator here" },
	{ "name", 0, false, "NAME", "what you call the chain (default: home)" },
	{ "device-name", 0, false, "NAME", "what you call this machine (default: its host name)" },
	{ "no-tpm", 0, false, nullptr, "keep the device key in a file: grade none" },
};

static const struct fh_usage usage = {
	.verb = "init",
	.operands = "",
	.summary = "Makes this machine's state directory and its device key",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.text = "With --operator-key the chain begins on this machine, and who becomes root here\n"
		"can take it over.  With --genesis the operator's key stays elsewhere: send the\n"
		"request there, and bring the answer of `freehold device admit` back with\n"
		"`freehold chain import`.  The request holds the device key's proof and, unless\n"
		"--no-tpm, the TPM's endorsement certificate if it has one, endorsement key and\n"
		"attestation key; the device key signs all of it, so comparing the device id that\n"
		"is shown here with the one shown there compares everything.\n",
	.examples = "  freehold init --no-tpm --operator-key ~/operator.key\n"
		    "  freehold init --genesis genesis.fhs --request box.request\n",
};

static const char *device_name(const struct fh_arguments *a, char host[FH_NAME_MAX + 1])
{
	const char *given = fh_argument(a, "device-name");

	if (given != nullptr)
		return given;
	if (gethostname(host, FH_NAME_MAX) != 0 || host[0] == '\0')
		return "device";
	host[FH_NAME_MAX] = '\0';
	return host;
}

static int enrol(const struct fh_cli *cli, const struct fh_arguments *a, struct fh_state *state,
		 struct fh_enrolled *made)
{
	char host[FH_NAME_MAX + 1] = "";
	struct fh_trace t = { 0 };
	bool no_tpm = fh_argument(a, "no-tpm") != nullptr;
	fh_err e = fh_enrol(cli, state, device_name(a, host), no_tpm, made, &t);

	if (e == FH_ERR_OK)
		return go_on;
	(void)fh_cli_fail_trace(e, "device key", &t);
	return fh_cli_fail(FH_ERR_STATE, cli->config.state, "this state directory is unfinished",
			   "remove it before the next attempt");
}

static int create(const struct fh_cli *cli, struct fh_state *state)
{
	struct fh_trace t = { 0 };
	fh_err e = fh_store_create(cli->config.state, &state->store, &t);

	return e == FH_ERR_OK ? go_on : fh_cli_fail_trace(e, cli->config.state, &t);
}

/* Genesis and the device's statement on this machine.  */
static int begin_here(const struct fh_cli *cli, const struct fh_arguments *a,
		      struct fh_state *state, struct fh_signing *signing)
{
	const char *name = fh_argument(a, "name");
	struct fh_founding f = { 0 };
	struct fh_enrolled made;
	struct fh_span genesis;
	int done = fh_found_authority(&usage, a, signing, &state->memory, &f);

	if (done != go_on)
		return done;

	fh_err e = fh_found_genesis(name == nullptr ? "home" : name, FH_PLACEMENT_CO_LOCATED, &f,
				    signing, &state->memory, &genesis);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, "genesis", nullptr, nullptr);
	done = create(cli, state);
	if (done == go_on && fh_signing_import(cli, state, genesis, "genesis") != FH_EXIT_YES)
		done = FH_EXIT_COULD_NOT;
	if (done == go_on)
		done = enrol(cli, a, state, &made);
	if (done != go_on)
		return done;
	return fh_signing_next(cli, a, state, signing, "device", made.body);
}

static int init_here(const struct fh_cli *cli, const struct fh_arguments *a,
		     struct fh_state *state)
{
	FH_OWN(fh_signing) signing = { 0 };
	int done = fh_signing_open_one(cli, &usage, a, fh_argument(a, "operator-key"),
				       /* create */ true, FH_PLACEMENT_CO_LOCATED,
				       &signing.key[0]);

	if (done != go_on)
		return done;
	signing.keys = 1;
	done = begin_here(cli, a, state, &signing);
	if (done == FH_EXIT_YES)
		fh_cli_say(cli, "%s: ready; the operator key is co-located, and every verdict "
			   "says so", cli->config.state);
	return done;
}

/* What the operator compares with what the request says there.  */
static void say_device(const struct fh_cli *cli, struct fh_span body)
{
	uint8_t hex[2 * FH_HASH_SIZE + 1] = { 0 };
	struct fh_builder b = FH_BUILDER_ARRAY(hex);
	struct fh_device_body d;

	if (fh_device_read(body, &d, /* trace */ nullptr) != FH_ERR_OK)
		return;

	struct fh_hash id = fh_key_id(d.key);

	fh_builder_hex(&b, fh_hash_span(&id));
	fh_cli_say(cli, "device %s", (const char *)hex);
}

static int write_request(const struct fh_cli *cli, const char *path,
			 const struct fh_enrolled *made)
{
	fh_err e = fh_file_write_new(path, made->request, 0644);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, path, nullptr,
				"remove the state directory, choose a file that "
				   "does not exist, and begin again");
	say_device(cli, made->body);
	fh_cli_say(cli, "%s: take this to the operator, for `freehold device admit`", path);
	return FH_EXIT_YES;
}

static int init_joining(const struct fh_cli *cli, const struct fh_arguments *a,
			struct fh_state *state)
{
	const char *path = fh_argument(a, "genesis");
	struct fh_enrolled made;
	struct fh_span genesis;
	fh_err e = fh_file_read(path, FH_ENVELOPE_MAX, &state->memory, &genesis);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, path, nullptr,
				"give the file that `freehold genesis new` wrote");
	if (access(fh_argument(a, "request"), F_OK) == 0)
		return fh_cli_fail(FH_ERR_EXISTS, fh_argument(a, "request"), nullptr,
				   "choose a file that does not exist yet");

	int done = create(cli, state);

	if (done == go_on && fh_signing_import(cli, state, genesis, path) != FH_EXIT_YES)
		return fh_cli_fail(FH_ERR_STATE, cli->config.state,
				   "this state directory is unfinished",
				   "remove it before the next attempt");
	if (done == go_on)
		done = enrol(cli, a, state, &made);
	return done != go_on ? done : write_request(cli, fh_argument(a, "request"), &made);
}

int fh_cmd_init(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_state) state = { 0 };
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &usage, argc, argv, &a);

	if (done != go_on)
		return done;

	bool here = fh_argument(&a, "operator-key") != nullptr;
	bool joining = fh_argument(&a, "genesis") != nullptr;

	if (here == joining)
		return fh_usage_error(&usage, "needs either --operator-key or --genesis");
	if (joining != (fh_argument(&a, "request") != nullptr))
		return fh_usage_error(&usage, "--genesis and --request belong together");

	fh_err e = fh_state_begin(&state);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, "init", nullptr, nullptr);
	return here ? init_here(cli, &a, &state) : init_joining(cli, &a, &state);
}
