/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FH_CLI_VERIFY_QUOTE_H
#define FH_CLI_VERIFY_QUOTE_H

#include "cli/command.h"
#include "cli/verify_print.h"
#include "verify/quote.h"

/* `verify quote`: files that tpm2-tools wrote.  */
int fh_verify_quote(struct fh_cli *cli, int argc, char **argv);

/* What a report of it says behind the finding.  */
void fh_report_quote(struct fh_report *r, const struct fh_quote_verdict *v);

#endif
