/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_VERIFY_PROOF_H
#define FH_CLI_VERIFY_PROOF_H

#include "cli/command.h"

/* `verify proof FILE`: a bundle, a C2SP tlog-proof or a COSE receipt.  */
int fh_verify_proof(struct fh_cli *cli, int argc, char **argv);

#endif
