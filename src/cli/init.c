/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chip/tpm2/tpm2.h"
#include "cli/approve.h"
#include "cli/enrol.h"
#include "cli/found.h"
#include "os/memory.h"

constexpr int go_on = -1;
constexpr size_t chip_memory = 1 << 20;

static const struct fh_option options[] = {
	{ "operator-key", 0, false, "FILE",
	  "make (or use) this operator key here: everyone sees that it is co-located" },
	{ "passphrase-fd", 0, false, "N", "read its passphrase from descriptor N" },
	{ "genesis", 0, false, "FILE", "join the chain of this genesis, made elsewhere" },
	{ "request", 0, false, "FILE", "with --genesis: write the request for the operator here" },
	{ "name", 0, false, "NAME", "what you call the chain (default: home)" },
	{ "device-name", 0, false, "NAME", "what you call this machine (default: its host name)" },
	{ "no-tpm", 0, false, nullptr, "keep the device key in a file: grade none" },
	{ "owner-auth", 0, false, "FILE", "the TPM's owner authorisation, if it is set" },
	{ "keep-authorisations", 0, false, nullptr,
	  "leave the TPM's owner and lockout authorisation as they are" },
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
		"is shown here with the one shown there compares everything.\n"
		"The authorisations of the TPM's owner and lockout hierarchy, if nobody has set\n"
		"them, become random values that only the operator can open (freehold device\n"
		"authorisations): they are in the request, and in keys/authorisations.\n",
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

/* --- before anything is made -------------------------------------------- */

static bool is_empty(const char *path)
{
	DIR *d = opendir(path);
	const struct dirent *e;
	bool empty = true;

	if (d == nullptr)
		return true; /* missing, or its making fails with the reason */
	while ((e = readdir(d)) != nullptr)
		empty = empty && (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0);
	(void)closedir(d);
	return empty;
}

/* The state directory must be missing or empty; otherwise a key would be made
 * for nothing.  One without a device key is what an earlier attempt left.  */
static int check_vacant(const struct fh_cli *cli)
{
	const char *path = cli->config.state;
	char format[FH_PATH_MAX + 16], device[FH_PATH_MAX + 16];

	if (is_empty(path))
		return go_on;
	(void)snprintf(format, sizeof(format), "%s/format", path);
	(void)snprintf(device, sizeof(device), "%s/keys/device", path);
	if (access(format, F_OK) == 0 && access(device, F_OK) != 0)
		return fh_cli_fail(FH_ERR_EXISTS, path, "this state directory is unfinished: it "
				   "has no device key", "move it away and run freehold init "
				   "again, or restore keys/ whole");
	return fh_cli_fail(FH_ERR_EXISTS, path, "there is something in this directory already",
			   "choose another with --state, or move it away");
}

/* The directory above PATH as the kernel knows it and PATH's own name, without
 * slashes at its end: also for what does not exist yet.  */
static bool whereabouts(const char *path, size_t n, char out[2 * PATH_MAX])
{
	char above[PATH_MAX], real[PATH_MAX];
	size_t name;

	while (n > 1 && path[n - 1] == '/')
		n--;
	for (name = n; name > 0 && path[name - 1] != '/'; name--)
		;
	if (name >= sizeof(above))
		return false;
	memcpy(above, path, name);
	memcpy(above + name, name == 0 ? "." : "", name == 0 ? 2 : 1);
	if (realpath(above, real) == nullptr)
		return false;
	return snprintf(out, 2 * PATH_MAX, "%s/%.*s", real, (int)(n - name), path + name) > 0;
}

/* An operator key in a state directory that will only be made: the vault, which
 * refuses every other, cannot know it yet.  */
static int check_apart(const struct fh_cli *cli, const char *key)
{
	char state[2 * PATH_MAX], above[2 * PATH_MAX];
	struct fh_trace t = { 0 };

	if (!whereabouts(cli->config.state, strlen(cli->config.state), state))
		return go_on; /* making it fails with the reason */
	for (const char *p = strchr(key, '/'); p != nullptr; p = strchr(p + 1, '/')) {
		if (p == key || !whereabouts(key, (size_t)(p - key), above)
		    || strcmp(state, above) != 0)
			continue;
		fh_trace_what(&t, "an operator key may not lie in the state directory %s, "
			      "which the daemon can reach", cli->config.state);
		fh_trace_cure(&t, "keep it elsewhere, best on another machine");
		return fh_cli_fail_trace(FH_ERR_PERMISSION, key, &t);
	}
	return go_on;
}

static int check_joining(const struct fh_arguments *a)
{
	const char *request = fh_argument(a, "request");

	if (access(request, F_OK) == 0)
		return fh_cli_fail(FH_ERR_EXISTS, request, nullptr,
				   "choose a file that does not exist yet");
	return go_on;
}

/* Opens the machine's TPM into OUT, in MEMORY.  */
static int open_tpm(const struct fh_cli *cli, struct fh_arena *memory, struct fh_chip *out)
{
	struct fh_trace t = { 0 };
	fh_err e = fh_arena_map(chip_memory, memory);

	if (e == FH_ERR_OK)
		e = fh_enrol_tpm(cli, memory, out, &t);
	if (e == FH_ERR_OK)
		return go_on;

	/* Whoever has no TPM needs to hear of --no-tpm first.  */
	char cure[FH_TRACE_TEXT_MAX];

	memcpy(cure, t.cure, sizeof(cure));
	fh_trace_cure(&t, "go without a TPM by --no-tpm (grade none), or %s", cure[0] != '\0'
		      ? cure : "name it with `tcti` in the configuration");
	return fh_cli_fail_trace(e, "TPM", &t);
}

/* --- making it ---------------------------------------------------------- */

static int enrol(const struct fh_cli *cli, const struct fh_arguments *a, struct fh_state *state,
		 struct fh_chip *tpm, bool take, struct fh_enrolled *made)
{
	char host[FH_NAME_MAX + 1] = "";
	struct fh_trace t = { 0 };
	fh_err e = fh_enrol(state, device_name(a, host), tpm, take, made, &t);

	if (e == FH_ERR_OK)
		return go_on;
	(void)fh_cli_fail_trace(e, "device key", &t);
	return fh_cli_fail(FH_ERR_STATE, cli->config.state, "this state directory is unfinished",
			   "move it away and run freehold init again");
}

/* Last of all, when what opens them again is safely kept.  */
static int give(const struct fh_cli *cli, struct fh_chip *tpm, const struct fh_enrolled *made)
{
	fh_err e = fh_chip_tpm2_take(tpm, &made->pair.owner, &made->pair.lockout);

	if (e == FH_ERR_OK)
		return FH_EXIT_YES;
	(void)fh_cli_fail_trace(e, "TPM", &tpm->trace);
	return fh_cli_fail(FH_ERR_STATE, cli->config.state,
			   "the machine is made, but the TPM's authorisations are not both set",
			   "keep keys/authorisations, which may tell the lockout's; set them with "
			   "tpm2_changeauth, or begin anew with --keep-authorisations");
}

static int create(const struct fh_cli *cli, struct fh_state *state)
{
	struct fh_trace t = { 0 };
	fh_err e = fh_store_create(cli->config.state, &state->store, &t);

	return e == FH_ERR_OK ? go_on : fh_cli_fail_trace(e, cli->config.state, &t);
}

/* The PCRs that make up the state a machine was made in: all that no command
 * resets, but for those that change with use.  */
constexpr uint32_t pcrs_here =
	FH_PCRS_STATIC & ~(1u << FH_PCR_LOCK | 1u << 8 | 1u << 10 | 1u << 15);

/* Where the operator key is on the machine, the state it is in is approved: a TPM
 * would not release the device key otherwise.  */
static int approve_here(const struct fh_cli *cli, const struct fh_arguments *a,
			struct fh_state *state, const struct fh_signing *signing,
			const struct fh_enrolled *made)
{
	const struct fh_device_epoch device = { made->device, made->epoch };
	struct fh_pcr_state now = made->state;
	struct fh_span body;

	now.selected &= pcrs_here;
	fh_err e = fh_approve(signing, &state->chain, "as enrolled", &now, &device, 1,
			      &state->memory, &body);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, "reference", nullptr, nullptr);
	return fh_signing_next(cli, a, state, signing, "reference", body);
}

/* Genesis and the device's statement on this machine.  */
static int begin_here(const struct fh_cli *cli, const struct fh_arguments *a,
		      struct fh_state *state, struct fh_chip *tpm, bool take,
		      struct fh_signing *signing)
{
	const char *name = fh_argument(a, "name");
	struct fh_founding f = { 0 };
	FH_OWN(fh_enrolled) made = { 0 };
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
		done = enrol(cli, a, state, tpm, take, &made);
	if (done != go_on)
		return done;
	done = fh_signing_next(cli, a, state, signing, "device", made.body);
	if (done == FH_EXIT_YES && tpm != nullptr)
		done = approve_here(cli, a, state, signing, &made);
	return done == FH_EXIT_YES && take ? give(cli, tpm, &made) : done;
}

static int init_here(const struct fh_cli *cli, const struct fh_arguments *a,
		     struct fh_state *state, struct fh_chip *tpm, bool take)
{
	FH_OWN(fh_signing) signing = { 0 };
	int done = fh_signing_open_one(cli, &usage, a, fh_argument(a, "operator-key"),
				       /* create */ true, FH_PLACEMENT_CO_LOCATED,
				       &signing.key[0]);

	if (done != go_on)
		return done;
	signing.keys = 1;
	done = begin_here(cli, a, state, tpm, take, &signing);
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
			struct fh_state *state, struct fh_chip *tpm, bool take)
{
	const char *path = fh_argument(a, "genesis");
	FH_OWN(fh_enrolled) made = { 0 };
	struct fh_span genesis;
	fh_err e = fh_file_read(path, FH_ENVELOPE_MAX, &state->memory, &genesis);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, path, nullptr,
				"give the file that `freehold genesis new` wrote");

	int done = create(cli, state);

	if (done == go_on && fh_signing_import(cli, state, genesis, path) != FH_EXIT_YES)
		return fh_cli_fail(FH_ERR_STATE, cli->config.state,
				   "this state directory is unfinished",
				   "move it away and run freehold init again");
	if (done == go_on)
		done = enrol(cli, a, state, tpm, take, &made);
	if (done == go_on)
		done = write_request(cli, fh_argument(a, "request"), &made);
	return done == FH_EXIT_YES && take ? give(cli, tpm, &made) : done;
}

static int init(const struct fh_cli *cli, const struct fh_arguments *a, bool joining)
{
	FH_OWN(fh_state) state = { 0 };
	FH_OWN(fh_arena) memory = { 0 };
	FH_OWN(fh_chip) chip = { 0 };
	struct fh_chip *tpm = fh_argument(a, "no-tpm") == nullptr ? &chip : nullptr;
	bool take = false;
	int done = check_vacant(cli);

	if (done == go_on)
		done = joining ? check_joining(a)
			       : check_apart(cli, fh_argument(a, "operator-key"));
	if (done == go_on && tpm != nullptr)
		done = open_tpm(cli, &memory, tpm);
	if (done == go_on && tpm != nullptr)
		done = fh_authorisations_ask(cli, a, tpm, &take);
	if (done != go_on)
		return done;

	fh_err e = fh_state_begin(&state);

	if (e != FH_ERR_OK)
		return fh_cli_fail(e, "init", nullptr, nullptr);
	return joining ? init_joining(cli, a, &state, tpm, take)
		       : init_here(cli, a, &state, tpm, take);
}

int fh_cmd_init(struct fh_cli *cli, int argc, char **argv)
{
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
	return init(cli, &a, joining);
}
