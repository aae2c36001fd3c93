/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_COMMAND_H
#define FH_CLI_COMMAND_H

#include "cli/config.h"
#include "cli/options.h"

/* What every verb gets and how it ends.  A verb is one file src/cli/NAME.c with
 * its struct fh_usage and
 *
 *	int fh_cmd_NAME(struct fh_cli *cli, int argc, char **argv)
 *	{
 *		struct fh_arguments a;
 *		int done = fh_cli_arguments(cli, &usage, argc, argv, &a);
 *
 *		if (done >= 0)
 *			return done;
 *		...
 *	}
 *
 * argv[0] is the verb's name.  Its row stands in src/cli/freehold.c.  */

#define FREEHOLD_VERSION "0.1.0"

enum fh_exit {
	FH_EXIT_YES = 0,       /* done; or checked, and yes */
	FH_EXIT_NO = 1,        /* checked, and no */
	FH_EXIT_COULD_NOT = 2, /* could not */
	FH_EXIT_USAGE = 64,    /* the command line makes no sense */
};

struct fh_cli {
	struct fh_config config; /* the configuration, --state applied */
	bool json;               /* --json */
	bool quiet;              /* --quiet: say nothing that is not an answer */
};

/* fh_arguments_read() for U, then the global options into *CLI: the
 * configuration file is read here (the default one may be missing, the one
 * given by --config may not) and --state goes over it.  Returns as
 * fh_arguments_read() does; FH_EXIT_COULD_NOT for a bad configuration.  */
int fh_cli_arguments(struct fh_cli *cli, const struct fh_usage *u, int argc, char **argv,
		     struct fh_arguments *out);

/* Runs the subcommand that argv[1] names, as `actor grant` in `actor`.  */
struct fh_subcommand {
	const char *name;
	int (*run)(struct fh_cli *cli, int argc, char **argv);
	const char *summary;
};
int fh_cli_subcommand(struct fh_cli *cli, const char *verb, const struct fh_subcommand *s,
		      size_t n, int argc, char **argv);

/* Prints `freehold: WHERE: WHAT; WHAT TO DO` to stderr and returns
 * FH_EXIT_COULD_NOT.  WHAT is E's text if it is NULL; CURE may be NULL.  */
int fh_cli_fail(fh_err e, const char *where, const char *what, const char *cure);
/* The same from a trace; WHERE stands in for a trace without one.  */
int fh_cli_fail_trace(fh_err e, const char *where, const struct fh_trace *t);

/* A line for people on stdout, unless --quiet.  */
void fh_cli_say(const struct fh_cli *cli, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* stdout is a terminal that shows colours (NO_COLOR and TERM=dumb heeded).  */
bool fh_cli_colours(void);

/* Verbs.  */
int fh_cmd_actor(struct fh_cli *cli, int argc, char **argv);
int fh_cmd_chain(struct fh_cli *cli, int argc, char **argv);
int fh_cmd_connect(struct fh_cli *cli, int argc, char **argv);
int fh_cmd_device(struct fh_cli *cli, int argc, char **argv);
int fh_cmd_genesis(struct fh_cli *cli, int argc, char **argv);
int fh_cmd_hold(struct fh_cli *cli, int argc, char **argv);
int fh_cmd_headers(struct fh_cli *cli, int argc, char **argv);
int fh_cmd_init(struct fh_cli *cli, int argc, char **argv);
int fh_cmd_lease(struct fh_cli *cli, int argc, char **argv);
int fh_cmd_key(struct fh_cli *cli, int argc, char **argv);
int fh_cmd_pin(struct fh_cli *cli, int argc, char **argv);
int fh_cmd_policy(struct fh_cli *cli, int argc, char **argv);
int fh_cmd_record(struct fh_cli *cli, int argc, char **argv);
int fh_cmd_recovery(struct fh_cli *cli, int argc, char **argv);
int fh_cmd_reference(struct fh_cli *cli, int argc, char **argv);
int fh_cmd_roots(struct fh_cli *cli, int argc, char **argv);
int fh_cmd_serve(struct fh_cli *cli, int argc, char **argv);
int fh_cmd_server(struct fh_cli *cli, int argc, char **argv);
int fh_cmd_shred(struct fh_cli *cli, int argc, char **argv);
int fh_cmd_sign(struct fh_cli *cli, int argc, char **argv);
int fh_cmd_signers(struct fh_cli *cli, int argc, char **argv);
int fh_cmd_stamp(struct fh_cli *cli, int argc, char **argv);
int fh_cmd_status(struct fh_cli *cli, int argc, char **argv);
int fh_cmd_upgrade(struct fh_cli *cli, int argc, char **argv);
int fh_cmd_verify(struct fh_cli *cli, int argc, char **argv);
int fh_cmd_witness(struct fh_cli *cli, int argc, char **argv);

#endif
