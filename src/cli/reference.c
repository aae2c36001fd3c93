/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/reference.h"

int fh_cmd_reference(struct fh_cli *cli, int argc, char **argv)
{
	static const struct fh_subcommand subcommands[] = {
		{ "diff", fh_reference_diff, "say what an update changes, by component" },
		{ "from-log", fh_reference_from_log, "tell where an event log leads" },
		{ "uki", fh_reference_uki, "predict PCRs from a unified kernel image" },
	};

	return fh_cli_subcommand(cli, "reference", subcommands,
				 sizeof(subcommands) / sizeof(subcommands[0]), argc, argv);
}
