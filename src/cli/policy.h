/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_POLICY_H
#define FH_CLI_POLICY_H

#include "cli/command.h"

/* `freehold policy`: subcommands with a file of their own.  */

int fh_policy_allows(struct fh_cli *cli, int argc, char **argv);
int fh_policy_diff(struct fh_cli *cli, int argc, char **argv);
int fh_policy_examine(struct fh_cli *cli, int argc, char **argv);
int fh_policy_fmt(struct fh_cli *cli, int argc, char **argv);
int fh_policy_replay(struct fh_cli *cli, int argc, char **argv);
int fh_policy_test(struct fh_cli *cli, int argc, char **argv);
int fh_policy_why(struct fh_cli *cli, int argc, char **argv);

#endif
