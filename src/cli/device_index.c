/* SPDX-License-Identifier: Apache-2.0 */
/* The index of approved states in the machine's TPM, for operators that came later: it
 * takes the owner's authorisation, which the daemon does not have.  docs/spec/CHIP,
 * "Several operators".  */
#include "chain/joint.h"
#include "cli/authorisations.h"
#include "cli/device_key.h"
#include "cli/enrol.h"
#include "os/memory.h"

constexpr int go_on = -1;
constexpr size_t chip_memory = 1 << 20;

static const struct fh_option options[] = {
	{ "owner-auth", 0, false, "FILE", "the TPM's owner authorisation, if it is set" },
};

static const struct fh_usage usage = {
	.verb = "device index",
	.operands = "",
	.summary = "Makes what a release by several operators takes in this machine's TPM",
	.options = options,
	.options_n = sizeof(options) / sizeof(options[0]),
	.text = "Where approving a boot state takes several operators, an index in the TPM holds\n"
		"what they approved.  `freehold init` makes it for those of then; after a signers\n"
		"statement this makes the one for those of now, before the next boot.  FILE is\n"
		"what `freehold device authorisations` printed.  Nothing is taken away.\n",
	.examples = "  freehold device index --owner-auth box.auth\n",
};

static int say_owner(const struct fh_arguments *a, struct fh_chip *tpm)
{
	const char *owner = fh_argument(a, "owner-auth");

	return owner == nullptr ? go_on : fh_authorisations_say(tpm, owner);
}

/* What this machine's key is sealed under as soon as it is sealed anew.  */
static int find(struct fh_state *state, struct fh_release *out)
{
	struct fh_trace t = { 0 };
	struct fh_device_file f;
	fh_err e = fh_device_key_held(state, &f, &t);

	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, "keys/device", &t);
	if (!fh_chain_release(&state->chain, &f.release.device_id, f.release.epoch, out)
	    || !fh_release_joint(out))
		return fh_cli_fail(FH_ERR_UNSUPPORTED, "chain", "one operator alone approves "
				   "boot states here, which takes no index",
				   "give `reference` a threshold of two or more first, and have no "
				   "more than eight signers (freehold signers)");
	return go_on;
}

int fh_device_index(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_state) state = { 0 };
	FH_OWN(fh_arena) memory = { 0 };
	FH_OWN(fh_chip) tpm = { 0 };
	struct fh_release release;
	struct fh_trace t = { 0 };
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &usage, argc, argv, &a);

	if (done != go_on)
		return done;
	fh_err e = fh_state_open(cli, &state, &t);

	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, cli->config.state, &t);
	done = find(&state, &release);
	if (done != go_on)
		return done;
	e = fh_arena_map(chip_memory, &memory);
	if (e == FH_ERR_OK)
		e = fh_enrol_tpm(cli, &memory, &tpm, &t);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, "TPM", &t);
	done = say_owner(&a, &tpm);
	if (done != go_on)
		return done;
	e = tpm.class->joint_prepare(&tpm, &release);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, "TPM", &tpm.trace);
	fh_cli_say(cli, "the index for %zu of %zu operators is there", release.needed,
		   release.companions);
	return FH_EXIT_YES;
}
