/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "role/role.h"

/* All verbs, in the order in which one meets them.  */
static const struct fh_subcommand verbs[] = {
	{ "key", fh_cmd_key, "make or show an operator key" },
	{ "genesis", fh_cmd_genesis, "begin a chain away from the governed machine" },
	{ "init", fh_cmd_init, "make this machine's state and its device key" },
	{ "device", fh_cmd_device, "admit a machine to the chain" },
	{ "chain", fh_cmd_chain, "show, import or export the authority chain" },
	{ "policy", fh_cmd_policy, "check, sign or show the policy" },
	{ "lease", fh_cmd_lease, "let a machine go on for a while" },
	{ "actor", fh_cmd_actor, "grant or revoke who may ask" },
	{ "server", fh_cmd_server, "add or revoke a tool server" },
	{ "pin", fh_cmd_pin, "show or sign what the tools of a server are" },
	{ "signers", fh_cmd_signers, "change who may sign" },
	{ "sign", fh_cmd_sign, "add a signature to a statement" },
	{ "reference", fh_cmd_reference, "say what a machine's PCRs should be" },
	{ "serve", fh_cmd_serve, "run the daemon" },
	{ "connect", fh_cmd_connect, "speak with a tool server through the daemon" },
	{ "status", fh_cmd_status, "say how the daemon and the chain are" },
	{ "record", fh_cmd_record, "show or prove what happened" },
	{ "recovery", fh_cmd_recovery, "open a record without its chip, or rehearse it" },
	{ "hold", fh_cmd_hold, "let nothing recorded of an actor be erased" },
	{ "shred", fh_cmd_shred, "sign that what was recorded of an actor is to be erased" },
	{ "witness", fh_cmd_witness, "say who witnesses the record, and whom this machine does" },
	{ "verify", fh_cmd_verify, "check a record, a proof, a quote or a time stamp" },
	{ "roots", fh_cmd_roots, "say whose TPMs are believed to be TPMs" },
	{ "stamp", fh_cmd_stamp, "prove by Bitcoin that a file exists" },
	{ "headers", fh_cmd_headers, "keep the headers of Bitcoin blocks" },
	{ "upgrade", fh_cmd_upgrade, "bring the state directory to this format" },
};
constexpr size_t verbs_n = sizeof(verbs) / sizeof(verbs[0]);

/* How the supervisor starts its roles: no verb, and not for people.  */
static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} roles[] = {
	{ "gate", fh_role_gate },
	{ "core", fh_role_core },
	{ "reach", fh_role_reach },
	{ "keeper", fh_role_keeper },
	{ "worker", fh_role_worker },
	{ "courier", fh_role_courier },
};

static int run_role(int argc, char **argv)
{
	for (size_t i = 0; argc >= 3 && i < sizeof(roles) / sizeof(roles[0]); i++) {
		if (strcmp(argv[2], roles[i].name) == 0)
			return roles[i].run(argc - 2, argv + 2);
	}
	return fh_cli_fail(FH_ERR_UNKNOWN, "role", "only `freehold serve` starts roles", nullptr);
}

static void print_verbs(FILE *to)
{
	fprintf(to, "usage: freehold VERB [OPTION]...\n\n");
	for (size_t i = 0; i < verbs_n; i++)
		fprintf(to, "  %-10s %s\n", verbs[i].name, verbs[i].summary);
	fprintf(to, "\n`freehold VERB --help` tells more; so does freehold(1).\n");
}

/* Whoever starts us may have closed the first three descriptors; a file that
 * took their number would get our messages.  */
static bool standard_descriptors(void)
{
	struct stat st;

	for (int fd = 0; fd <= 2; fd++) {
		if (fstat(fd, &st) != 0 && open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY) != fd)
			return false;
	}
	return true;
}

static int run(struct fh_cli *cli, int argc, char **argv)
{
	if (argc < 2) {
		print_verbs(stderr);
		return FH_EXIT_USAGE;
	}
	if (strcmp(argv[1], "role") == 0)
		return run_role(argc, argv);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		print_verbs(stdout);
		return FH_EXIT_YES;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("freehold " FREEHOLD_VERSION);
		return FH_EXIT_YES;
	}
	for (size_t i = 0; i < verbs_n; i++) {
		if (strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].run(cli, argc - 1, argv + 1);
	}
	fprintf(stderr, "freehold: there is no verb `%s`; choose one of these\n", argv[1]);
	print_verbs(stderr);
	return FH_EXIT_USAGE;
}

const char *fh_program(void)
{
	return "freehold";
}

const char *fh_program_verb(const char *verb)
{
	return verb;
}

int main(int argc, char **argv)
{
	struct fh_cli cli = { 0 };

	if (!standard_descriptors())
		return FH_EXIT_COULD_NOT;
	fh_config_defaults(&cli.config);

	int status = run(&cli, argc, argv);

	/* An answer that could not be written was not given.  */
	if (fflush(stdout) != 0 || ferror(stdout) != 0)
		return fh_cli_fail(FH_ERR_IO, "stdout", "the answer could not be written", nullptr);
	return status;
}
