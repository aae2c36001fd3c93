/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_REFERENCE_H
#define FH_CLI_REFERENCE_H

#include "cli/command.h"

/* `freehold reference`: values that a machine's PCRs should have, from wherever they
 * can be known.  One file for each subcommand.  */

int fh_reference_diff(struct fh_cli *cli, int argc, char **argv);
int fh_reference_from_log(struct fh_cli *cli, int argc, char **argv);
int fh_reference_uki(struct fh_cli *cli, int argc, char **argv);

#endif
