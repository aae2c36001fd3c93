/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_VERIFY_STAMP_H
#define FH_CLI_VERIFY_STAMP_H

#include "cli/command.h"
#include "stamp/header.h"

/* `verify stamp FILE`, which is `verify FILE --ots ...` as well.  */
int fh_verify_stamp(struct fh_cli *cli, int argc, char **argv);

/* ARGV asks for that by --ots.  */
bool fh_verify_stamp_meant(int argc, char **argv);

/* Where `headers sync` and `headers import` keep NETWORK's headers; false if the name is too
 * long.  */
bool fh_headers_path(const struct fh_cli *cli, enum fh_network network, char out[FH_PATH_MAX]);

#endif
