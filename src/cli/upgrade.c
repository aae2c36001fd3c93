/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"
#include "store/store.h"

static const struct fh_usage usage = {
	.verb = "upgrade",
	.operands = "",
	.summary = "Brings the state directory to the format of this version",
	.text = "A directory of a newer format is refused and left alone.\n",
	.examples = "  freehold upgrade\n",
};

int fh_cmd_upgrade(struct fh_cli *cli, int argc, char **argv)
{
	FH_OWN(fh_store) store = { 0 };
	struct fh_trace t = { 0 };
	struct fh_arguments a;
	int done = fh_cli_arguments(cli, &usage, argc, argv, &a);

	if (done >= 0)
		return done;

	fh_err e = fh_store_open(cli->config.state, &store, &t);

	if (e == FH_ERR_OK)
		e = fh_store_lock(&store, &t);
	if (e != FH_ERR_OK)
		return fh_cli_fail_trace(e, cli->config.state, &t);
	fh_cli_say(cli, "%s: format %u, up to date", store.path, FH_STORE_FORMAT);
	return FH_EXIT_YES;
}
