/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/verify_document.h"

const char *fh_program(void)
{
	return "freehold-verify";
}

/* All its verbs begin with "verify", which is not typed.  */
const char *fh_program_verb(const char *verb)
{
	const char *space = strchr(verb, ' ');

	return space == nullptr ? "" : space + 1;
}

int fh_verify_machine(struct fh_cli *cli, int argc, char **argv)
{
	static const struct fh_usage u = { .verb = "verify machine", .operands = "URL",
					   .summary = "not in this program, which has no network" };

	(void)cli;
	(void)argc;
	(void)argv;
	return fh_usage_error(&u, "this program has no network: fetch"
			      " URL/.well-known/freehold-operator-key.json with curl, and check the"
			      " file: freehold-verify document FILE");
}

/* The verifier alone, in one static file: `freehold-verify record ...` is
 * `freehold verify record ...` without chip, network or daemon.  */
int main(int argc, char **argv)
{
	struct fh_cli cli = { 0 };

	fh_config_defaults(&cli.config);
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("freehold-verify " FREEHOLD_VERSION);
		return FH_EXIT_YES;
	}
	/* So that a command line may be copied from the daemon's machine.  */
	if (argc >= 2 && strcmp(argv[1], "verify") == 0) {
		argc--;
		argv++;
	}
	int status = fh_cmd_verify(&cli, argc, argv);

	if (fflush(stdout) != 0 || ferror(stdout) != 0)
		return fh_cli_fail(FH_ERR_IO, "stdout", "the answer could not be written", nullptr);
	return status;
}
