/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_VERIFY_RECORD_H
#define FH_CLI_VERIFY_RECORD_H

#include "cli/command.h"

/* `verify record DIR`, with all processors.  */
int fh_verify_record(struct fh_cli *cli, int argc, char **argv);

#endif
