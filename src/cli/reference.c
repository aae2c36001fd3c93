/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/reference.h"

#include "cli/approve.h"

int fh_cmd_reference(struct fh_cli *cli, int argc, char **argv)
{
	static const struct fh_subcommand subcommands[] = {
		{ "approve", fh_reference_approve, "sign that machines may boot in a state" },
		{ "diff", fh_reference_diff, "say what an update changes, by component" },
		{ "from-log", fh_reference_from_log, "tell where an event log leads" },
		{ "join", fh_reference_join, "add your approval to another operator's" },
		{ "list", fh_reference_list, "list the states that are approved" },
		{ "revoke", fh_reference_revoke, "take an approval back" },
		{ "uki", fh_reference_uki, "predict PCRs from a unified kernel image" },
	};

	return fh_cli_subcommand(cli, "reference", subcommands,
				 sizeof(subcommands) / sizeof(subcommands[0]), argc, argv);
}
