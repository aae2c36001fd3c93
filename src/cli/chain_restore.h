/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_CHAIN_RESTORE_H
#define FH_CLI_CHAIN_RESTORE_H

#include "cli/command.h"

/* `chain restore`: writes again what is missing or damaged in chain/, from the record.  */
int fh_chain_restore(struct fh_cli *cli, int argc, char **argv);

#endif
