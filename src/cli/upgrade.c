/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "cli/device_key.h"
#include "cli/enrol.h"
#include "os/memory.h"

constexpr size_t chip_memory = 1 << 20;

static const struct fh_usage usage = {
	.verb = "upgrade",
	.operands = "",
	.summary = "Brings the state directory to the format of this version",
	.text = "A directory of a newer format is refused and left alone.  An interrupted upgrade\n"
		"can be done again.  From format 1 the device key is sealed anew, to be released\n"
		"only in a boot state that the operator approves: afterwards `freehold reference\n"
		"approve` is needed on a machine with a TPM.  The old sealed key is overwritten\n"
		"in keys/device; a copy of that file made before, or what the disk keeps of it,\n"
		"still opens in any state on this machine until its TPM is cleared.  Where that\n"
		"matters, enrol the machine anew.  From format 2 what is recorded is sealed from\n"
		"the next start on; what was recorded before stays as it is.  With a TPM reboot\n"
		"the machine behind an upgrade: the device key is released once a boot.\n",
	.examples = "  freehold upgrade\n",
};

/* A replica of a chain has no device key.  */
static bool has_device(const struct fh_state *s)
{
	char path[FH_PATH_MAX];

	return fh_store_path(&s->store, "keys/device", path) == FH_ERR_OK
	       && access(path, F_OK) == 0;
}

static fh_err carry_over(const struct fh_cli *cli, struct fh_state *s, struct fh_trace *t)
{
	FH_OWN(fh_arena) memory = { 0 };
	FH_OWN(fh_fd) counter = { 0 };
	FH_OWN(fh_chip) chip = { 0 };
	char path[FH_PATH_MAX];
	fh_err e = fh_arena_map(chip_memory, &memory);

	if (e == FH_ERR_OK)
		e = fh_store_path(&s->store, "keys/counter", path);
	if (e != FH_ERR_OK)
		return e;
	e = access(path, F_OK) == 0 ? fh_enrol_soft(s, &memory, &counter, &chip, t)
				    : fh_enrol_tpm(cli, &memory, &chip, t);
	if (e == FH_ERR_OK && s->store.format < 2)
		e = fh_device_key_upgrade(s, &chip, t);
	return e == FH_ERR_OK ? fh_device_key_add_data(s, &chip, t) : e;
}

int fh_cmd_upgrade(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_state) state = { 0 };
	struct fh_trace t = { 0 };
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &usage, argc, argv, &a);

	if (done >= 0)
		return done;

	fh_err e = fh_state_open(cli, &state, &t);

	if (e == FH_ERR_OK)
		e = fh_store_lock(&state.store, &t);
	unsigned from = state.store.format;

	if (e == FH_ERR_OK && from < FH_STORE_FORMAT && has_device(&state))
		e = carry_over(cli, &state, &t);
	if (e == FH_ERR_OK && from < FH_STORE_FORMAT)
		e = fh_store_upgraded(&state.store, &t);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, cli->config.state, &t);
	if (from < FH_STORE_FORMAT)
		fh_cli_say(cli, "%s: from format %u to %u", state.store.path, from,
			   FH_STORE_FORMAT);
	else
		fh_cli_say(cli, "%s: format %u, up to date", state.store.path, FH_STORE_FORMAT);
	return FH_EXIT_YES;
}
