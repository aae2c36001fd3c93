/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_VERIFY_STAMP_H
#define FH_CLI_VERIFY_STAMP_H

#include "cli/command.h"

/* `verify stamp FILE`, which is `verify FILE --ots ...` as well.  */
int fh_verify_stamp(struct fh_cli *cli, int argc, char **argv);

/* ARGV asks for that by --ots.  */
bool fh_verify_stamp_meant(int argc, char **argv);

#endif
